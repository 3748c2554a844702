"""Which frame goes next, and what is finished. Pure: no socket, no clock, no store.

At most one frame of a logger is under way, so that a logger's frames arrive in order whatever is
lost. The cursor stands at the first frame that is neither acknowledged nor set aside.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

Place = tuple[int, int]
"""Number of a journal entry, and place within it."""

_CUTS = 3
"""Links that broke with a frame under way, after which it is sent alone."""


class Why(Enum):
    """Why a frame is set aside for an upstream."""

    SILENT = "silent"
    CUTS = "cuts"


@dataclass(slots=True)
class Item:
    """A frame to send.

    Parameters
    ----------
    place
        Where it lies.
    key
        Whose order it keeps: the logger.
    frame
        What is sent, once it was made; the same when sent again.
    """

    place: Place
    key: str
    frame: bytes = b""
    size: int = 0
    qn: str = ""
    tries: int = 0
    deadline: float = 0.0
    sent_at: float = 0.0
    under_way: bool = False
    stuck: bool = False
    cuts: int = 0
    alone: int = 0
    _heard_before: int = 0
    _link_heard_before: int = 0


@dataclass(slots=True)
class Late:
    """What to do about frames whose time is up.

    Parameters
    ----------
    again
        To send again, in order.
    refused
        Set aside now.
    broken
        Nothing is answered any more: the link must be opened anew.
    """

    again: list[Item] = field(default_factory=list)
    refused: list[tuple[Item, Why]] = field(default_factory=list)
    broken: bool = False


class Window:
    """The frames read and not finished, in order.

    Parameters
    ----------
    size
        Frames under way, or answered and not yet noted, at most: what a crash sends again.
    span
        Frames held at most.
    tries
        How often one is sent on a link before it is given up.
    read_to
        From where on frames will be added.
    done
        Places at or after `read_to` that were finished before a stop.
    """

    def __init__(
        self,
        *,
        size: int,
        span: int,
        timeout_s: float,
        tries: int,
        read_to: Place = (1, 0),
        done: Iterable[Place] = (),
    ) -> None:
        self._size, self._span = size, max(span, size)
        self._timeout, self._tries = timeout_s, tries
        self._items: dict[Place, Item] = {}
        self._done: set[Place] = set(done)
        self._read_to = read_to
        self._busy: set[str] = set()
        self._open: dict[Place, Item] = {}  # under way, or stuck
        self._suspects = 0
        self._heard = 0
        self._link_heard = 0
        self._under_way = 0
        self._un_noted = 0

    @property
    def room(self) -> int:
        """How many frames may be added."""
        return max(0, self._span - len(self._items) - len(self._done))

    @property
    def under_way(self) -> int:
        """Frames sent and not answered."""
        return self._under_way

    @property
    def un_noted(self) -> int:
        """Frames finished and not yet noted."""
        return self._un_noted

    @property
    def waiting(self) -> int:
        """Frames not finished."""
        return len(self._items)

    @property
    def cursor(self) -> Place:
        """The first place not finished: all before it is."""
        return next(iter(self._items), self._read_to)

    @property
    def done(self) -> list[Place]:
        """Places after the cursor that are finished."""
        cursor = self.cursor
        self._done = {place for place in self._done if place >= cursor}
        return sorted(self._done)

    def add(self, item: Item) -> None:
        """Take a frame; they come in order. What was finished before is passed over."""
        self._read_to = (item.place[0], item.place[1] + 1)
        if item.place not in self._done:
            self._items[item.place] = item

    def passed(self, place: Place) -> None:
        """Note that nothing before a place is still to come."""
        self._read_to = max(self._read_to, place)

    def next(self, now: float) -> Item | None:
        """Return the frame to send now; None where there is none or the window is full."""
        if self._under_way + self._un_noted >= self._size:
            return None
        if self._suspects and any(one.cuts >= _CUTS for one in self._open.values()):
            return None  # it goes alone
        chosen = self._first_free()
        if self._suspects and (chosen is None or self._link_heard):
            suspect = self._suspect()
            if suspect is not None and (chosen is None or suspect.place < chosen.place):
                if self._under_way:
                    return None  # until what is under way is answered
                chosen = suspect
        if chosen is not None:
            self._begin(chosen, now)
        return chosen

    def acknowledged(self, place: Place) -> bool:
        """Note a receipt; False where it is none of a frame that waits for one."""
        item = self._items.get(place)
        if item is None or not (item.under_way or item.stuck):
            return False
        self._finish(item)
        self._heard += 1
        self._link_heard += 1
        return True

    def refused(self, item: Item) -> None:
        """Note that a frame will never be sent: it cannot be written."""
        self._finish(item)

    def late(self, now: float) -> Late:
        """Return what to do about frames whose time is up."""
        found = Late()
        stuck = 0
        for item in sorted(self._open.values(), key=lambda one: one.place):
            if item.under_way and item.deadline <= now:
                if item.tries < self._tries:
                    item.tries += 1
                    item.deadline = now + self._timeout
                    found.again.append(item)
                    continue
                item.under_way, item.stuck = False, True
                self._under_way -= 1
                self._busy.discard(item.key)
            if item.stuck:
                if self._heard > item._heard_before:  # noqa: SLF001 - of this module
                    found.refused.append((item, Why.SILENT))
                    self._finish(item)
                else:
                    stuck += 1
        found.broken = stuck >= max(1, min(2, len(self._items)))
        return found

    def disconnected(self) -> list[tuple[Item, Why]]:
        """Take back what was under way: it goes again, in order. Return what is set aside."""
        refused: list[tuple[Item, Why]] = []
        for item in list(self._items.values()):
            if item.under_way:
                if item.cuts >= _CUTS:
                    item.alone += 1
                # The link may break for any reason: only what breaks it again and again, alone,
                # while others were taken in between, is what the upstream does not bear.
                item.cuts += 1
            if item.alone >= _CUTS and self._heard > item._link_heard_before:  # noqa: SLF001
                refused.append((item, Why.CUTS))
                self._finish(item)
                continue
            item.under_way = item.stuck = False
            item.tries = 0
            if item.cuts == _CUTS and not item.alone:
                item._link_heard_before = self._heard  # noqa: SLF001
        self._suspects = sum(one.cuts >= _CUTS for one in self._items.values())
        self._under_way = 0
        self._busy.clear()
        self._open.clear()
        self._link_heard = 0
        return refused

    def noted(self) -> None:
        """Note that what is finished is written down."""
        self._un_noted = 0

    def _first_free(self) -> Item | None:
        """Return the first frame whose logger has none before it that is not finished."""
        blocked: set[str] = set()
        for item in self._items.values():
            if item.stuck:
                continue  # what comes after it shows whether the upstream answers anything
            if item.key not in blocked and not item.under_way and item.cuts < _CUTS:
                return item
            blocked.add(item.key)
        return None

    def _suspect(self) -> Item | None:
        seen: set[str] = set()
        for item in self._items.values():
            if item.key not in seen and item.cuts >= _CUTS and not item.under_way:
                return None if item.stuck or item.key in self._busy else item
            seen.add(item.key)
        return None

    def _begin(self, item: Item, now: float) -> None:
        item.under_way, item.sent_at = True, now
        item.tries += 1
        item.deadline = now + self._timeout
        item._heard_before = self._heard  # noqa: SLF001
        self._busy.add(item.key)
        self._open[item.place] = item
        self._under_way += 1

    def _finish(self, item: Item) -> None:
        if item.under_way:
            self._under_way -= 1
            self._busy.discard(item.key)
        item.under_way = item.stuck = False
        del self._items[item.place]
        self._open.pop(item.place, None)
        self._done.add(item.place)
        self._un_noted += 1
