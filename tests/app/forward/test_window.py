"""The window alone: whatever happens, each frame arrives, in order, and the cursor tells no lie."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.app.forward.window import Item, Place, Why, Window

_LOGGERS = "ABC"


@dataclass
class _World:
    """An upstream that takes every frame that reaches it; answers and links get lost."""

    keys: list[str]
    size: int
    window: Window = field(init=False)
    now: float = 0.0
    taken: list[Place] = field(default_factory=list)
    open: list[Place] = field(default_factory=list)
    receipts: set[Place] = field(default_factory=set)
    added: int = 0
    noted: tuple[Place, list[Place]] = ((1, 0), [])
    un_noted: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        cursor, done = self.noted
        self.window = Window(
            size=self.size, span=6, timeout_s=10, tries=2, read_to=cursor, done=done
        )
        self.added = cursor[1]
        self.open = []
        self.un_noted = []

    def fill(self) -> None:
        while self.window.room and self.added < len(self.keys):
            self.window.add(Item((1, self.added), self.keys[self.added]))
            self.added += 1

    def take(self, item: Item, *, answered: bool) -> None:
        self.taken.append(item.place)
        if answered:
            self.open.append(item.place)

    def step(self, what: str) -> None:  # noqa: C901, PLR0912 - all that can happen
        self.fill()
        if what in ("send", "send_lost"):
            item = self.window.next(self.now)
            if item is not None:
                self.take(item, answered=what == "send")
        elif what == "answer" and self.open:
            self.confirm(self.open.pop(0))
        elif what == "answer_twice" and self.open:
            place = self.open.pop(0)
            self.confirm(place)
            assert not self.window.acknowledged(place)
        elif what == "time":
            self.now += 10
            late = self.window.late(self.now)
            for item in late.again:
                self.take(item, answered=True)
            for item, _why in late.refused:
                self.receipts.add(
                    item.place
                )  # taken, but never confirmed: set aside with its reason
            if late.broken:
                self.step("cut")
        elif what == "cut":
            self.open = []
            for item, _why in self.window.disconnected():
                self.receipts.add(item.place)
        elif what == "note":
            self.noted = self.window.cursor, self.window.done
            self.window.noted()
            self.un_noted = []
        elif what == "crash":
            self.begin()
        self.check()

    def confirm(self, place: Place) -> None:
        if self.window.acknowledged(place):
            self.receipts.add(place)
            self.un_noted.append(place)

    def check(self) -> None:
        # One more where a frame had no answer in time and another tries whether the link lives.
        assert self.window.under_way + len(self.un_noted) <= self.size + 1
        before = {(1, number) for number in range(self.window.cursor[1])}
        assert before <= self.receipts
        assert set(self.window.done) <= self.receipts


_STEPS = st.sampled_from(
    [
        "send",
        "send",
        "send_lost",
        "answer",
        "answer",
        "answer_twice",
        "time",
        "cut",
        "note",
        "crash",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(_LOGGERS), min_size=1, max_size=25),
    st.integers(1, 5),
    st.lists(_STEPS, max_size=120),
)
def test_whatever_happens_all_arrives_in_order_and_the_cursor_is_true(
    keys: list[str], size: int, steps: list[str]
) -> None:
    world = _World(keys, size)
    for what in steps:
        world.step(what)
    for _ in range(40 * len(keys)):  # then the upstream is well
        for what in ("send", "answer", "note"):
            world.step(what)
        if not world.open and world.window.waiting:
            world.step("time")
    assert world.window.cursor == (1, len(keys))
    assert set(world.taken) == {(1, number) for number in range(len(keys))}
    for logger in _LOGGERS:
        firsts = list(dict.fromkeys(p for p in world.taken if keys[p[1]] == logger))
        assert firsts == sorted(firsts)


def _filled(count: int, *, size: int = 10, key: str = "") -> Window:
    window = Window(size=size, span=100, timeout_s=10, tries=2)
    for number in range(count):
        window.add(Item((1, number), key or f"L{number}"))
    return window


def test_one_frame_of_a_logger_at_a_time() -> None:
    window = _filled(3, key="A")
    first = window.next(0)
    assert first is not None
    assert window.next(0) is None
    assert window.acknowledged(first.place)
    second = window.next(0)
    assert second is not None
    assert second.place == (1, 1)


def test_what_is_never_answered_is_set_aside_when_others_are() -> None:
    window = _filled(3)
    sent = [window.next(0) for _ in range(3)]
    assert all(sent)
    assert window.acknowledged((1, 1))
    assert window.acknowledged((1, 2))
    assert [one.place for one in window.late(10).again] == [(1, 0)]
    late = window.late(20)
    assert [(one.place, why) for one, why in late.refused] == [((1, 0), Why.SILENT)]
    assert not late.broken
    assert window.cursor == (1, 2) or window.cursor > (1, 2) or not window.waiting


def test_an_upstream_that_answers_nothing_loses_nothing() -> None:
    window = _filled(5)
    for _ in range(20):
        while window.next(0):
            pass
        window.late(10)
        late = window.late(20)
        assert late.broken
        assert not late.refused
        assert not window.disconnected()
    assert window.waiting == 5
    assert window.cursor == (1, 0)


def test_what_breaks_the_link_each_time_is_found_and_set_aside() -> None:
    window = _filled(8, size=4)
    found: list[Place] = []
    for _ in range(60):
        while (item := window.next(0)) is not None:
            if item.place == (1, 2):
                break
            window.acknowledged(item.place)
            window.noted()
        found += [one.place for one, _why in window.disconnected()]
        # others come later
        if window.waiting <= 1 and window.room and not found:
            window.add(Item((2 + len(found) + _, 0), "Z"))
    assert found == [(1, 2)]


def test_an_upstream_that_closes_at_once_loses_nothing() -> None:
    window = _filled(8, size=4)
    for _ in range(50):
        while window.next(0):
            pass
        assert not window.disconnected()
    assert window.waiting == 8
