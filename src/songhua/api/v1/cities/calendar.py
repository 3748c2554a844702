"""Every day of every city: one row a region, one cell a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from songhua.api.v1.cities.ranking import SCOPES, check_choice, named
from songhua.api.v1.cities.when import When
from songhua.model import BEIJING
from songhua.store import shelf


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a region; level 0 and no index where there is none, with the reason."""

    day: date
    aqi: int | None
    level: int
    primary: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """The days of one region, in order; None where the shelf holds nothing."""

    code: str
    zh: str
    en: str
    days: tuple[Day | None, ...]
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a period, a line a region."""

    scope: str
    when: When
    days: tuple[date, ...]
    lines: tuple[Line, ...]


def calendar(*, scope: str, when: When, as_of: datetime | None) -> Calendar:
    """Return the index of every day of a period for every region of a scope.

    Raises
    ------
    BadInput
        If the scope is unknown.
    """
    check_choice("scope", scope, SCOPES)
    rows = shelf().air_index(period="day", scope=scope, span=when.span, as_of=as_of)
    count = (when.last - when.first).days + 1
    days = tuple(when.first + timedelta(days=number) for number in range(count))
    lines = [
        _line(str(code), frame, days)
        for (code,), frame in rows.sort("subject").group_by(["subject"], maintain_order=True)
    ]
    return Calendar(scope, when, days, tuple(lines))


def _line(code: str, frame: pl.DataFrame, days: tuple[date, ...]) -> Line:
    found = {
        row["time"].astimezone(BEIJING).date(): row
        for row in frame.select("time", "aqi", "level", "primary", "reason").iter_rows(named=True)
    }
    cells = [
        Day(day, row["aqi"], row["level"] or 0, row["primary"] or "", row["reason"] or "")
        if (row := found.get(day))
        else None
        for day in days
    ]
    counts = tuple(sum(1 for cell in cells if cell and cell.level == level) for level in range(1, 7))
    zh, en = named(code)
    return Line(code, zh, en, tuple(cells), counts)
