"""When a link wants a person: silence, a clock that is out, too many damaged frames. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LEAST_PIECES = 5
"""Fewer tell nothing about a share."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A logger as the watch sees it.

    Parameters
    ----------
    last_seen
        When it was heard last.
    silent
        After how long silence is an alarm. [min]
    skew, most_skew
        By how much its clock is ahead, and how much it may be out. [s]
    damaged, pieces
        Of the last hours: how many pieces were no frame, and of how many.
    most_faults
        Share of them that is an alarm. [%]
    """

    mn: str
    city: str
    last_seen: datetime
    silent: int
    skew: float | None
    most_skew: int
    damaged: int
    pieces: int
    most_faults: int


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm to raise: of which logger, since when, what was measured and what is allowed."""

    mn: str
    kind: str
    city: str
    since: datetime
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What changes: alarms that begin, and those (MN, kind) that end."""

    begin: tuple[Raised, ...]
    end: frozenset[tuple[str, str]]


def judge(
    loggers: Iterable[Watched],
    is_open: Mapping[str, frozenset[str]],
    *,
    now: datetime,
    started: datetime,
) -> Verdict:
    """Return which alarms begin and which end.

    Parameters
    ----------
    is_open
        MN → kinds of its alarms that are open.
    started
        When we began to listen: silence before was ours, and counts for nothing.
    """
    begin: list[Raised] = []
    stays: set[tuple[str, str]] = set()
    for one in loggers:
        open_now = is_open.get(one.mn, frozenset())
        for found in _of(one, open_now, now, started):
            if found.kind in open_now:
                stays.add((one.mn, found.kind))
            else:
                begin.append(found)
    every = {(mn, kind) for mn, kinds in is_open.items() for kind in kinds}
    return Verdict(tuple(begin), frozenset(every - stays))


def _of(
    one: Watched, open_now: frozenset[str], now: datetime, started: datetime
) -> Iterable[Raised]:
    quiet = now - (one.last_seen if "silent" in open_now else max(one.last_seen, started))
    minutes = (now - one.last_seen).total_seconds() / 60
    is_silent = quiet > timedelta(minutes=one.silent)
    if is_silent:
        yield Raised(one.mn, "silent", one.city, one.last_seen, minutes, one.silent)
    if one.skew is not None and abs(one.skew) > one.most_skew:
        yield Raised(one.mn, "skew", one.city, now, one.skew, one.most_skew)
    share = 100 * one.damaged / one.pieces if one.pieces else 0.0
    few = one.pieces < LEAST_PIECES and "faults" not in open_now
    if not few and share > one.most_faults:
        yield Raised(one.mn, "faults", one.city, now, share, one.most_faults)
