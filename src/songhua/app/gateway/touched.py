"""What must be assessed again: by day, sites and hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

from songhua.assess.job import POLLUTANTS, Affected
from songhua.model import Period

_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
"""Means that are assessed, and how long each is."""
_JUDGED = (*POLLUTANTS, "o3_8h")
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Part:
    sites: set[str]
    first: datetime
    last: datetime

    def widen(self, other: "_Part") -> None:
        self.sites |= other.sites
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)


class Touched:
    """Days, each with the sites whose values changed and the first and last hour."""

    def __init__(self) -> None:
        self._days: dict[date, _Part] = {}

    def __bool__(self) -> bool:
        return bool(self._days)

    def add(self, rows: pl.DataFrame) -> None:
        """Note rows: site, quantity, period, time; what is not assessed touches nothing."""
        for period, length in _LENGTHS.items():
            part = rows.filter((pl.col("period") == period) & pl.col("quantity").is_in(_JUDGED))
            local = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.date()
            days = part.group_by(local.alias("day")).agg(
                pl.col("site").unique(), first=pl.col("time").min(), last=pl.col("time").max()
            )
            for day, sites, first, last in days.iter_rows():
                self._widen(
                    day, _Part(set(sites), first.astimezone(UTC), last.astimezone(UTC) + length)
                )

    def merge(self, other: "Touched") -> None:
        """Note what another noted."""
        for day, part in other._days.items():  # noqa: SLF001 - of its own kind
            self._widen(day, _Part(set(part.sites), part.first, part.last))

    def affected(self, cause: int) -> Iterator[Affected]:
        """Yield what must be assessed; days in a row with the same sites go together."""
        run: _Part | None = None
        former: date | None = None
        for day in sorted(self._days):
            part = self._days[day]
            if run is not None and former == day - _DAY and run.sites == part.sites:
                run.widen(part)
            else:
                if run is not None:
                    yield _affected(run, cause)
                run = _Part(set(part.sites), part.first, part.last)
            former = day
        if run is not None:
            yield _affected(run, cause)

    def _widen(self, day: date, part: _Part) -> None:
        known = self._days.setdefault(day, part)
        if known is not part:
            known.widen(part)


def _affected(part: _Part, cause: int) -> Affected:
    return Affected(tuple(sorted(part.sites)), Period(part.first, part.last), cause)
