"""Every day of every city: one row a region, one cell a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from songhua.api.v1.cities.ranking import SCOPES, check_choice, named, provincial
from songhua.api.v1.cities.when import When
from songhua.model import BEIJING, Period
from songhua.store import shelf


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a region; level 0 and no index where there is none, with the reason."""

    day: date
    aqi: int | None
    level: int
    primary: str
    reason: str

    @property
    def start(self) -> datetime:
        """Its first instant."""
        return Period.day(self.day).start


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
    rows = _rows(scope, when, as_of, subjects=provincial(scope))
    lines = [
        _line(str(code), frame, when)
        for (code,), frame in rows.sort("subject").group_by(["subject"], maintain_order=True)
    ]
    return Calendar(scope, when, days_of(when), tuple(lines))


def line_of(code: str, *, scope: str, when: When, as_of: datetime | None) -> Line:
    """Return the days of one region."""
    return _line(code, _rows(scope, when, as_of, subjects=[code]), when)


def _rows(scope: str, when: When, as_of: datetime | None, *, subjects: list[str]) -> pl.DataFrame:
    return shelf().air_index(
        period="day",
        scope=scope,
        span=when.span,
        subjects=subjects,
        as_of=as_of,
        columns=("aqi", "level", "primary", "reason"),
    )


def days_of(when: When) -> tuple[date, ...]:
    """Return the days of a period."""
    count = (when.last - when.first).days + 1
    return tuple(when.first + timedelta(days=number) for number in range(count))


def _line(code: str, frame: pl.DataFrame, when: When) -> Line:
    found = {row["time"].astimezone(BEIJING).date(): row for row in frame.to_dicts()}
    cells = [
        Day(day, row["aqi"], row["level"] or 0, row["primary"] or "", row["reason"] or "")
        if (row := found.get(day))
        else None
        for day in days_of(when)
    ]
    counts = (sum(1 for cell in cells if cell and cell.level == level) for level in range(1, 7))
    zh, en = named(code)
    return Line(code, zh, en, tuple(cells), tuple(counts))
