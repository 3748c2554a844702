"""Time as the field keeps it: Beijing time, half-open spans."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Period:
    """The span from `start` up to, but not including, `end`."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a period needs a time zone at both ends")
        if self.end <= self.start:
            raise ValueError(f"a period must end after it starts: {self.start} – {self.end}")

    @classmethod
    def days(cls, first: date, last: date) -> Self:
        """Return the span of natural days (自然日), both included, in Beijing time.

        >>> Period.days(date(2026, 11, 1), date(2026, 11, 30)).end.isoformat()
        '2026-12-01T00:00:00+08:00'
        """
        start = datetime(first.year, first.month, first.day, tzinfo=BEIJING)
        end = datetime(last.year, last.month, last.day, tzinfo=BEIJING) + timedelta(days=1)
        return cls(start, end)

    @classmethod
    def day(cls, day: date) -> Self:
        """Return one natural day (自然日) in Beijing time.

        >>> Period.day(date(2026, 11, 23)).end.isoformat()
        '2026-11-24T00:00:00+08:00'
        """
        return cls.days(day, day)

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end
