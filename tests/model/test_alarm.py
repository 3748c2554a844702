"""When a link wants a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from songhua.model import Watched, judge

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=9)
CALM = Watched(
    mn="A",
    city="220100",
    last_seen=NOW - timedelta(minutes=1),
    silent=10,
    skew=2.0,
    most_skew=300,
    damaged=0,
    pieces=100,
    most_faults=20,
)


def begun(*loggers: Watched, started: datetime = LONG_AGO) -> list[tuple[str, str, float]]:
    found = judge(loggers, {}, now=NOW, started=started)
    return [(one.mn, one.kind, one.value) for one in found.begin]


def quiet(minutes: float) -> Watched:
    return replace(CALM, last_seen=NOW - timedelta(minutes=minutes))


def test_silence_is_told_once_the_limit_is_passed() -> None:
    assert begun(quiet(10)) == []
    assert begun(quiet(10.5)) == [("A", "silent", 10.5)]


def test_our_own_stop_is_no_silence_of_theirs() -> None:
    assert begun(quiet(600), started=NOW - timedelta(minutes=9)) == []
    assert begun(quiet(600), started=NOW - timedelta(minutes=11)) == [("A", "silent", 600)]


def test_a_restart_ends_no_silence_that_goes_on() -> None:
    found = judge([quiet(600)], {"A": frozenset({"silent"})}, now=NOW, started=NOW)
    assert (found.begin, found.end) == ((), frozenset())


def test_who_is_heard_again_or_gone_from_the_register_has_no_alarm() -> None:
    is_open = {"A": frozenset({"silent", "skew"}), "gone": frozenset({"silent"})}
    found = judge([replace(CALM, skew=400.0)], is_open, now=NOW, started=LONG_AGO)
    assert found.begin == ()
    assert found.end == {("A", "silent"), ("gone", "silent")}


def test_a_clock_may_be_out_either_way() -> None:
    assert begun(replace(CALM, skew=-301.0)) == [("A", "skew", -301.0)]
    assert begun(replace(CALM, skew=300.0)) == []
    assert begun(replace(CALM, skew=None)) == []


def test_a_share_of_damage_needs_enough_pieces() -> None:
    assert begun(replace(CALM, damaged=3, pieces=4)) == []
    assert begun(replace(CALM, damaged=2, pieces=8)) == [("A", "faults", 25.0)]
    assert begun(replace(CALM, damaged=0, pieces=0)) == []
