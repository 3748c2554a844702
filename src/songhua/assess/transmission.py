"""How much of what a site should have delivered came (传输率)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import polars as pl

from songhua.model import BEIJING, Period

USUAL = timedelta(days=30)
GRACE = timedelta(minutes=20)
"""An hour's means come some minutes after its end."""
_HOUR = timedelta(hours=1)


class Shelf(Protocol):
    """What the rates ask of the shelf."""

    def received(self, *, period: str, span: Period, sites: Sequence[str]) -> pl.DataFrame:
        """Return site, quantity, time of every value that was ever delivered in a span."""

    def series(self, *, period: str, span: Period, sites: Sequence[str]) -> pl.DataFrame:
        """Return site, quantity of which a span has any value."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Hourly means received, of those expected, in a span.

    Parameters
    ----------
    name
        ``today``, ``week``, ``month``.
    """

    name: str
    received: int
    expected: int

    @property
    def percent(self) -> float | None:
        """Share of what was expected that came; None where nothing was."""
        return 100 * self.received / self.expected if self.expected else None


def rates(shelf: Shelf, site: str, since: datetime, *, now: datetime) -> list[Rate]:
    """Return the rate of today, of seven and of thirty days.

    What a site delivered at all within thirty days is expected of it every hour.

    Parameters
    ----------
    since
        When its logger was heard first: hours before are not expected of it.
    """
    end = (now - GRACE).astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    midnight = end.replace(hour=0)
    begun = since.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0)
    span = Period(end - USUAL, end)
    usual = shelf.series(period="hour", span=span, sites=[site]).height
    came = shelf.received(period="hour", span=span, sites=[site])
    told = []
    for name, first in (("today", midnight), ("week", end - USUAL * 7 / 30), ("month", span.start)):
        start = max(first, begun).astimezone(UTC)
        within = pl.col("time").is_between(start, end.astimezone(UTC), closed="left")
        number = came.filter(within).height
        hours = max((end - start) // _HOUR, 0)
        told.append(Rate(name, number, hours * usual))
    return told
