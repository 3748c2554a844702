"""What a delivery brings that is new or changed; the same way for files, links and other doors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from songhua.model import Period

_KEY = ("site", "quantity", "time")
DELIVERED: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.String,
    "quantity": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "mark": pl.String,
}
_LENGTHS = {
    "realtime": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_LARGEST_BOX = 2_000_000
"""Values of the shelf compared at once; one in no order of time asks for them all."""


class DeliveryShelf(Protocol):
    """What a delivery needs from the shelf, and nothing more."""

    def observed(self, period: str) -> Period | None:
        """Return the span that has observations, or None when there are none."""

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        """Return what sources last delivered: site, quantity, time, value, mark."""

    def save_observations(self, frame: pl.DataFrame) -> None:
        """Add observations."""


@dataclass(frozen=True, slots=True)
class News:
    """Rows that are new or changed; how many are changed, and how many say what was known."""

    rows: pl.DataFrame
    changed: int
    same: int


def news_of(
    shelf: DeliveryShelf, rows: pl.DataFrame, period: str, observed: Period | None
) -> Iterator[News]:
    """Compare rows with what was delivered before, a bounded box of the shelf at a time.

    Parameters
    ----------
    rows
        site, quantity, time, value, mark; no value twice.
    period
        ``hour``, ``day``, ``minute`` …
    observed
        The span that has observations, or None when there are none.
    """
    if rows.is_empty():
        return
    first, last = rows["time"].min(), rows["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise TypeError("observations have times")
    if observed is None or last < observed.start or first >= observed.end:
        yield _compared(rows, pl.DataFrame(schema=DELIVERED))
        return
    sites, quantities = rows["site"].unique(), rows["quantity"].unique()
    length = _LENGTHS[period]
    intervals = (last - first) // length + 1
    if intervals > 1 and sites.len() * quantities.len() * intervals > _LARGEST_BOX:
        middle = first + intervals // 2 * length
        for half in (rows.filter(pl.col("time") < middle), rows.filter(pl.col("time") >= middle)):
            yield from news_of(shelf, half, period, observed)
        return
    before = shelf.delivered(
        period=period,
        span=Period(first, last + length),
        sites=sites.to_list(),
        quantities=quantities.to_list(),
    )
    yield _compared(rows, before)


def _compared(rows: pl.DataFrame, before: pl.DataFrame) -> News:
    known = before.select(*_KEY, was=pl.col("value"), was_mark=pl.col("mark"), there=pl.lit(1))
    joined = rows.join(known, on=_KEY, how="left", maintain_order="left")
    is_same = pl.col("value").eq_missing(pl.col("was")) & (pl.col("mark") == pl.col("was_mark"))
    # "No value" without a reason is news only where there was one.
    says_nothing = pl.col("there").is_null() & pl.col("value").is_null() & (pl.col("mark") == "")
    told = joined.filter(~says_nothing)
    news = told.filter(pl.col("there").is_null() | ~is_same)
    return News(news.select(rows.columns), news["there"].count(), told.height - news.height)
