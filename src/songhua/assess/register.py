"""What the registry says that assessment needs: who belonged where and when, what is excluded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from songhua.assess.air import Exclusion
from songhua.model import BEIJING, Period

_NEVER = date(9999, 12, 31)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Register:
    """Sites with their areas in time, and the hours that leave the statistics.

    Parameters
    ----------
    stays
        ``site``, ``county``, ``city``, ``valid_from``, ``valid_until`` (last day; null while the
        site stands).
    exclusions
        Sand and dust as decided, and admitted exceptional events; of sites or regions.
    """

    stays: pl.DataFrame
    exclusions: tuple[Exclusion, ...] = ()

    def members(self, on: date) -> pl.DataFrame:
        """Return ``site``, ``county``, ``city`` of every site that stood on a day."""
        stood = (pl.col("valid_from") <= on) & (pl.col("valid_until").fill_null(_NEVER) >= on)
        return self.stays.filter(stood).select("site", "county", "city")

    def stretches(self, span: Period) -> Iterator[tuple[Period, pl.DataFrame]]:
        """Yield the parts of a span within which no site joins or leaves, with their members."""
        first = span.start.astimezone(BEIJING).date()
        last = (span.end - timedelta(microseconds=1)).astimezone(BEIJING).date()
        turns = {*self.stays["valid_from"], *(day + _DAY for day in self._ends())}
        starts = [first, *sorted(day for day in turns if first < day <= last)]
        for start, after in zip(starts, [*starts[1:], last + _DAY], strict=True):
            part = Period.days(start, after - _DAY)
            within = Period(max(part.start, span.start), min(part.end, span.end))
            yield within, self.members(start)

    def excluded(self, span: Period) -> tuple[Exclusion, ...]:
        """Return the exclusions that touch a span."""
        return tuple(
            one for one in self.exclusions if one.start < span.end and one.end > span.start
        )

    def _ends(self) -> list[date]:
        return self.stays["valid_until"].drop_nulls().to_list()


def regions_of(members: pl.DataFrame) -> pl.DataFrame:
    """Return ``site``, ``region``: every county, city and province that a site lies in."""
    province = members.select("site", region=pl.col("city").str.slice(0, 2) + "0000")
    parts = [members.select("site", region=pl.col(name)) for name in ("county", "city")]
    return pl.concat([*parts, province]).drop_nulls().unique()
