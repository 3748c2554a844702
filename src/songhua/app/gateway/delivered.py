"""Rows onto the shelf: what is new or changed, and the shelf asked only where it must be."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from songhua.ingest.delivery import DeliveryShelf, News, news_of
from songhua.model import Period

_KEY = ("site", "quantity", "period", "time")
_EVER = Period(datetime(1970, 1, 1, tzinfo=UTC), datetime(2105, 1, 1, tzinfo=UTC))
"""To ask what the shelf spans would read all of it."""
_NEWEST: dict[str, Any] = {
    "site": pl.String,
    "period": pl.String,
    "newest": pl.Datetime("us", "UTC"),
}


class Delivered:
    """The shelf as links see it; it remembers the newest time of each site.

    What is newer than anything that a site has sent since the start is new without a question:
    nearly all that is live. The first delivery of a site is compared.
    """

    def __init__(self, shelf: DeliveryShelf) -> None:
        self._shelf = shelf
        self._newest = pl.DataFrame(schema=_NEWEST)

    def save(self, rows: pl.DataFrame, *, recorded_at: datetime | None = None) -> pl.DataFrame:
        """Keep the rows that are new or changed and return them.

        Parameters
        ----------
        rows
            site, quantity, period, time, value, mark, revision, line, author, recorded_at: in the
            order in which they were said. Of what was said twice the last counts.
        recorded_at
            When they became known, where that is not when they came.
        """
        if rows.is_empty():
            return rows
        last = rows.unique(_KEY, keep="last", maintain_order=True)
        known = last.join(self._newest, on=["site", "period"], how="left", maintain_order="left")
        is_newer = (known["time"] > known["newest"]).fill_null(value=False)
        older = last.filter(~is_newer)
        news = [last.filter(is_newer), *(one.rows for one in compared(self._shelf, older))]
        kept = pl.concat(news)
        if recorded_at is not None:
            kept = kept.with_columns(recorded_at=pl.lit(recorded_at).cast(rows["time"].dtype))
        if not kept.is_empty():
            self._shelf.save_observations(kept.with_columns(reason=pl.lit("")))
        self._remember(last)
        return kept

    def _remember(self, rows: pl.DataFrame) -> None:
        came = rows.group_by("site", "period").agg(newest=pl.col("time").max())
        both = pl.concat([self._newest, came.select(list(_NEWEST))])
        self._newest = both.group_by("site", "period").agg(pl.col("newest").max())


def compared(shelf: DeliveryShelf, rows: pl.DataFrame) -> Iterator[News]:
    """Yield what rows bring that the shelf has not; no value twice among them."""
    for part in rows.partition_by("period", maintain_order=True):
        period = part["period"][0]
        for box in _boxes(part):
            yield from news_of(shelf, box, period, _EVER)


def _boxes(rows: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """Return rows in boxes of sites that speak of about the same time: no box is mostly empty."""
    day = pl.col("time").dt.truncate("1d")
    boxed = rows.with_columns(
        _first=day.min().over("site"), _last=day.max().over("site")
    ).partition_by("_first", "_last", maintain_order=True)
    return [box.drop("_first", "_last") for box in boxed]
