"""How values are reviewed: what a reviewer may say, for which reasons, and until when."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files

from songhua.model import BEIJING

REVIEW_MARKS: Mapping[str, str] = {"valid": "RV", "questionable": "RQ", "invalid": "RM"}
"""What a reviewer says of a value → the mark it then carries (`station_marks`)."""
REVIEW_LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class ReviewReason:
    """Why a value is marked.

    Parameters
    ----------
    verdicts
        What may be said with it: of `REVIEW_MARKS`.
    words
        How many characters of explanation it needs.
    since, until
        First and last day on which it may be given; `until` None while it may.
    """

    key: str
    zh: str
    en: str
    verdicts: tuple[str, ...]
    words: int
    since: date
    until: date | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ReviewLevel:
    """A level of review and its deadline.

    Parameters
    ----------
    days_after, hour
        How many days after the day measured, at which hour in Beijing.
    """

    level: int
    zh: str
    en: str
    days_after: int
    hour: int
    since: date
    until: date | None
    confidence: str

    def due(self, day: date) -> datetime:
        """Return until when the level reviews a day.

        >>> review_levels(date(2026, 3, 1))[0].due(date(2026, 3, 1)).isoformat()
        '2026-03-02T10:00:00+08:00'
        """
        return datetime.combine(day + timedelta(self.days_after), time(self.hour), BEIJING)


def review_reasons(on: date) -> Mapping[str, ReviewReason]:
    """Return the reasons that may be given on a day, by key.

    >>> "falsification" in review_reasons(date(2015, 12, 31))
    False
    """
    return {one.key: one for one in every_review_reason() if _holds(one.since, one.until, on)}


def review_levels(on: date) -> tuple[ReviewLevel, ...]:
    """Return the levels of review with the deadlines that hold for a day measured."""
    return tuple(one for one in _levels() if _holds(one.since, one.until, on))


@cache
def every_review_reason() -> tuple[ReviewReason, ...]:
    """Return every reason, of whatever date."""
    return tuple(
        ReviewReason(
            key=row["key"],
            zh=row["name_zh"],
            en=row["name_en"],
            verdicts=tuple(row["verdicts"].split()),
            words=int(row["words"]),
            since=date.fromisoformat(row["since"]),
            until=_day(row["until"]),
            source=row["source"],
            confidence=row["confidence"],
        )
        for row in _rows("reasons.csv")
    )


@cache
def _levels() -> tuple[ReviewLevel, ...]:
    return tuple(
        ReviewLevel(
            level=int(row["level"]),
            zh=row["name_zh"],
            en=row["name_en"],
            days_after=int(row["days_after"]),
            hour=int(row["hour"]),
            since=date.fromisoformat(row["since"]),
            until=_day(row["until"]),
            confidence=row["confidence"],
        )
        for row in _rows("deadlines.csv")
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _holds(since: date, until: date | None, on: date) -> bool:
    return since <= on and (until is None or on <= until)


def _rows(name: str) -> list[dict[str, str]]:
    text = files("songhua.standards").joinpath("review", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
