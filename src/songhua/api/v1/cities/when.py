"""Months, quarters and years by name: what a request asks for, and what it is compared with."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from songhua.model import BEIJING, BadInput, Period

PERIODS = ("month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_NAMES = {
    "month": re.compile(r"(20\d\d)-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"(20\d\d)-Q([1-4])"),
    "year": re.compile(r"(20\d\d)()"),
}
_ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True, order=True)
class When:
    """One month, quarter or year.

    Parameters
    ----------
    first
        Its first day.
    period
        ``month``, ``quarter`` or ``year``.

    Examples
    --------
    >>> when = When.named("quarter", "2015-Q1")
    >>> when.name, when.zh, when.before().name, when.year_ago().name
    ('2015-Q1', '2015年1季度', '2014-Q4', '2014-Q1')
    """

    first: date
    period: str

    @classmethod
    def named(cls, period: str, name: str) -> Self:
        """Return the one that a request names.

        Raises
        ------
        BadInput
            If the kind of period is unknown or the name does not fit it.
        """
        if period not in PERIODS:
            raise BadInput(
                f"period 只能是 month、quarter 或 year，不能是“{period[:20]}”。",
                f"period must be month, quarter or year, not “{period[:20]}”.",
            )
        found = _NAMES[period].fullmatch(name)
        if found is None:
            raise BadInput(
                f"时段名不对：“{name[:20]}”。请写成 2015-03、2015-Q1 或 2015。",
                f"Not a {period}: “{name[:20]}”. Write 2015-03, 2015-Q1 or 2015.",
            )
        year, number = int(found[1]), int(found[2] or 1)
        return cls(date(year, (number - 1) * _MONTHS[period] + 1, 1), period)

    @classmethod
    def starting(cls, period: str, at: datetime) -> Self:
        """Return the one that a row of the shelf stands for: `at` is its first instant."""
        return cls(at.astimezone(BEIJING).date(), period)

    @classmethod
    def holding(cls, period: str, day: date) -> Self:
        """Return the one that a day lies in."""
        months = _MONTHS[period]
        return cls(date(day.year, (day.month - 1) // months * months + 1, 1), period)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.after().first - timedelta(days=1)

    @property
    def span(self) -> Period:
        """Its days."""
        return Period.days(self.first, self.last)

    @property
    def start(self) -> datetime:
        """Its first instant, as the shelf keeps it."""
        return self.span.start.astimezone(UTC)

    @property
    def name(self) -> str:
        """Its name in addresses: 2015-03, 2015-Q1, 2015."""
        if self.period == "month":
            return f"{self.first:%Y-%m}"
        return (
            f"{self.first.year}-Q{self._quarter}"
            if self.period == "quarter"
            else f"{self.first.year}"
        )

    @property
    def zh(self) -> str:
        """Its name as people say it."""
        year = f"{self.first.year}年"
        if self.period == "month":
            return f"{year}{self.first.month}月"
        return f"{year}{self._quarter}季度" if self.period == "quarter" else year

    @property
    def en(self) -> str:
        """Its name in English."""
        if self.period == "month":
            return f"{_ENGLISH[self.first.month - 1]} {self.first.year}"
        return (
            f"Q{self._quarter} {self.first.year}"
            if self.period == "quarter"
            else str(self.first.year)
        )

    def before(self) -> Self:
        """Return the one before (环比)."""
        return self._moved(-_MONTHS[self.period])

    def after(self) -> Self:
        """Return the one after."""
        return self._moved(_MONTHS[self.period])

    def year_ago(self) -> Self:
        """Return the same one of the year before (同比)."""
        return self._moved(-12)

    @property
    def _quarter(self) -> int:
        return (self.first.month + 2) // 3

    def _moved(self, months: int) -> Self:
        at = self.first.year * 12 + self.first.month - 1 + months
        return type(self)(date(at // 12, at % 12 + 1, 1), self.period)
