"""Hours that did not come are known, asked for, closed or explained."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from songhua.app.gateway import GatewayService
from songhua.app.gateway.gaps import LOOK_BACK, WAITS, Gaps, _is_due
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of
from songhua.ingest.hj212 import Frame, executed, request_reply
from songhua.model import BEIJING, BadInput
from songhua.store.registry import exchanges
from songhua.store.registry.models import Command, Gap, LinkState
from tests.app.gateway.speaking import AIR, SITE, Line, hours, said, send

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

HOUR = timedelta(hours=1)
_years = count(2010)


@dataclass(frozen=True)
class Scene:
    """A site that delivered 60 hours but for ten in the middle, in a year of its own."""

    gateway: GatewayService
    gaps: Gaps
    first: datetime

    @property
    def now(self) -> datetime:
        """When the hour from 59 to 60 is the last that should be here."""
        return self.hour(60) + timedelta(minutes=45)

    def hour(self, number: int) -> datetime:
        return self.first + number * HOUR

    def deliver(self, *numbers: int) -> None:
        send(self.gateway, [said(SITE, self.hour(n)) for n in numbers])

    def look(self) -> tuple[int, int]:
        return self.gaps.look(now=self.now)

    @contextmanager
    def connected(self) -> Iterator[Line]:
        with socket.create_connection(("127.0.0.1", self.gateway.port), 5) as plain:
            line = Line(plain)
            line.say(said(SITE, self.hour(59)).frame("20190503110000001"))
            assert line.hear().cn == "9014"
            yield line


@pytest.fixture
def scene(platform: Songhua, gateway: GatewayService) -> Iterator[Scene]:
    first = datetime(next(_years), 5, 1, tzinfo=BEIJING)
    made = Scene(gateway, Gaps(platform.shelf, gateway.commander), first)
    made.deliver(*(n for n in range(60) if not 20 <= n < 30))
    LinkState.objects.filter(mn=mn_of(SITE)).update(first_seen=first)
    yield made
    Gap.objects.all().delete()


def of(asked: Frame) -> dict[str, str]:
    return {name: value for group in asked.groups for name, value in group.items()}


def told() -> list[tuple[str, datetime, datetime, str]]:
    return [(g.quantities, g.first, g.last, g.state) for g in Gap.objects.order_by("first")]


def eventually(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_gap_is_found_shrinks_and_is_closed(scene: Scene) -> None:
    hour = scene.hour
    assert scene.look() == (1, 0)
    assert told() == [("", hour(20), hour(29), "open")]
    assert scene.look() == (0, 0)
    scene.deliver(20, 21, 29)
    assert scene.look() == (0, 0)
    assert told() == [("", hour(22), hour(28), "open")]
    scene.deliver(*range(22, 29))
    assert scene.look() == (0, 1)
    assert told() == [("", hour(22), hour(28), "closed")]


def test_an_hour_is_missed_only_when_its_time_is_up(scene: Scene) -> None:
    hour = scene.hour
    scene.gaps.look(now=hour(61) + timedelta(minutes=29))
    assert told() == [("", hour(20), hour(29), "open")]
    scene.gaps.look(now=hour(61) + timedelta(minutes=30))
    assert told()[1:] == [("", hour(60), hour(60), "open")]


def test_a_logger_is_asked_and_what_it_says_closes_the_gap(platform: Songhua, scene: Scene) -> None:
    scene.look()
    assert scene.gaps.ask(now=scene.now) == 0  # it is not connected
    with scene.connected() as line:
        assert scene.gaps.ask(now=scene.now) == 1
        asked = line.hear()
        assert asked.cn == "2061"
        year = scene.first.year
        assert of(asked) == {"BeginTime": f"{year}0501200000", "EndTime": f"{year}0502050000"}
        assert scene.gaps.ask(now=scene.now) == 0  # one thing at a time
        line.say(request_reply(asked, 1))
        for n in range(20, 30):
            line.say(said(SITE, scene.hour(n)).frame(f"2019050311000{n:04d}"))
            assert line.hear().cn == "9014"
        line.say(executed(asked, 1))
        assert eventually(lambda: Command.objects.filter(mn=asked.mn, state="done").exists())
    assert scene.gateway.keeper.wait(20)
    assert scene.look() == (0, 1)
    assert hours(platform, SITE, scene.hour(20), 10).height == 10 * len(AIR)
    (gap,) = Gap.objects.all()
    assert (gap.state, gap.tries) == ("closed", 1)
    assert [one.cn for one in gap.commands.all()] == ["2061"]


def test_a_long_gap_is_asked_for_a_day_at_a_time_and_may_have_no_data(scene: Scene) -> None:
    Gap.objects.create(
        site_id=SITE,
        mn=mn_of(SITE),
        first=scene.hour(0),
        last=scene.hour(49),
        found_at=datetime.now(UTC),
    )
    spans = []
    with scene.connected() as line:
        assert scene.gaps.ask(now=scene.now) == 1
        for _ in range(3):
            asked = line.hear()
            spans.append((of(asked)["BeginTime"][4:], of(asked)["EndTime"][4:]))
            line.say(request_reply(asked, 1))
            line.say(executed(asked, 100))
        assert eventually(lambda: Gap.objects.get().state == "nothing")
    assert spans == [
        ("0501000000", "0501230000"),
        ("0502000000", "0502230000"),
        ("0503000000", "0503010000"),
    ]
    gap = Gap.objects.get()
    assert (gap.tries, gap.commands.count()) == (1, 3)
    # What the field has no data for is not found again.
    assert scene.look() == (0, 0)


def test_who_does_not_answer_is_asked_less_and_less(scene: Scene) -> None:
    scene.look()
    gap = Gap.objects.get()
    gap.tries, gap.asked_at = 1, scene.now
    assert not _is_due(gap, scene.now + WAITS[1] - timedelta(seconds=1))
    assert _is_due(gap, scene.now + WAITS[1])
    gap.tries = len(WAITS)
    assert not _is_due(gap, scene.now + timedelta(days=99))


def test_a_person_explains_what_will_not_come(scene: Scene) -> None:
    scene.look()
    gap = Gap.objects.get()
    with pytest.raises(BadInput, match="原因"):
        exchanges.explain_gap(gap.pk, " ", "analyst")
    exchanges.explain_gap(gap.pk, "停电检修", "analyst")
    assert scene.look() == (0, 0)
    gap.refresh_from_db()
    assert (gap.state, gap.explanation, gap.author) == ("explained", "停电检修", "analyst")
    with pytest.raises(BadInput):
        exchanges.explain_gap(gap.pk, "again", "analyst")


def test_an_open_gap_is_not_forgotten_with_time(scene: Scene) -> None:
    hour = scene.hour
    scene.look()
    later = scene.now + LOOK_BACK + timedelta(days=10)
    scene.gaps.look(now=later)
    assert ("", hour(20), hour(29), "open") in told()
    scene.deliver(*range(20, 30))
    scene.gaps.look(now=later)
    assert ("", hour(20), hour(29), "closed") in told()
