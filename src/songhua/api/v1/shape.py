"""Rows turned into what a chart draws. Pure: no clock, no store, no request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from songhua.model import Period

MOST_POINTS = 4000
"""More points than this are gathered into buckets of mean, least and greatest."""
SECTORS = 16
CALM = 0.5
"""Wind below this has no direction. [m/s]"""
_BUCKETS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168, 336, 672)
_STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Grid:
    """The evenly spaced times of a chart: `count` steps from `start`."""

    start: datetime
    step: timedelta
    count: int
    gathers: int

    @property
    def times(self) -> list[int]:
        """The start of every step, in ms since 1970."""
        first, step = int(self.start.timestamp() * 1000), int(self.step / timedelta(milliseconds=1))
        return [first + i * step for i in range(self.count)]


def grid(span: Period, period: str) -> Grid:
    """Return the grid of a span: every hour or day, or buckets of them where there are too many.

    Examples
    --------
    >>> from datetime import date
    >>> ten_years = Period.days(date(2014, 1, 1), date(2023, 12, 31))
    >>> grid(ten_years, "hour").gathers
    24
    """
    step = _STEP[period]
    count = -(-(span.end - span.start) // step)
    gathers = next((n for n in _BUCKETS if count <= n * MOST_POINTS), _BUCKETS[-1])
    return Grid(span.start, step * gathers, -(-count // gathers), gathers)


def course(values: pl.DataFrame, over: Grid) -> dict[str, list[float | None]]:
    """Return values on a grid; gaps stay gaps.

    Parameters
    ----------
    values
        Columns time, value; one row an hour or day; null where there is none.
    over
        The grid they lie on.

    Returns
    -------
    dict
        ``value``, and where several hours or days share a step ``low`` and ``high``.
    """
    known = values.select("time", pl.col("value").cast(pl.Float64)).drop_nulls()
    step_us = int(over.step / timedelta(microseconds=1))
    start_us = int(over.start.timestamp() * 1_000_000)
    place = (pl.col("time").dt.epoch("us") - start_us) // step_us
    placed = known.with_columns(place.alias("place")).filter(
        pl.col("place").is_between(0, over.count - 1)
    )
    if over.gathers == 1:
        return {"value": _laid(placed, "value", over.count)}
    gathered = placed.group_by("place").agg(
        pl.col("value").mean(),
        pl.col("value").min().alias("low"),
        pl.col("value").max().alias("high"),
    )
    return {name: _laid(gathered, name, over.count) for name in ("value", "low", "high")}


def _laid(frame: pl.DataFrame, column: str, count: int) -> list[float | None]:
    laid = np.full(count, np.nan)
    laid[frame["place"].to_numpy()] = frame[column].to_numpy()
    return pl.Series(laid.round(3), nan_to_null=True).to_list()


def profile(values: pl.DataFrame, by: pl.Expr, slots: Sequence[int]) -> list[dict[str, Any]]:
    """Return mean and quartiles of the values that fall into each slot (hour of day, weekday)."""
    rows = (
        values.drop_nulls("value")
        .group_by(by.cast(pl.Int64).alias("slot"))
        .agg(
            pl.col("value").mean().round(3).alias("mean"),
            *(
                pl.col("value").quantile(q, "linear").round(3).alias(f"q{int(q * 100)}")
                for q in _QUARTERS
            ),
            pl.len().alias("n"),
        )
    )
    every = pl.DataFrame({"slot": list(slots)}, schema={"slot": pl.Int64})
    return every.join(rows, on="slot", how="left").sort("slot").to_dicts()


def rose(hours: pl.DataFrame, edges: Sequence[float]) -> dict[str, Any]:
    """Return how often the wind came from each sector, and how dirty it was.

    Parameters
    ----------
    hours
        Columns value, direction [degrees from which it blows], speed [m/s].
    edges
        Upper bounds of the classes of value but the last, rising; a value on a bound is below it.

    Returns
    -------
    dict
        ``sectors``: for each of 16 directions from north clockwise its count, mean and counts by
        class; ``calm``: the same for hours without direction; ``hours``: how many in all.
    """
    known = hours.drop_nulls(["value", "direction", "speed"])
    width = 360 / SECTORS
    sector = ((pl.col("direction") + width / 2) % 360 / width).floor().cast(pl.Int64)
    classed = known.with_columns(
        pl.when(pl.col("speed") < CALM).then(pl.lit(-1)).otherwise(sector).alias("sector"),
        pl.sum_horizontal(
            pl.lit(0), *(pl.col("value").gt(edge).cast(pl.Int64) for edge in edges)
        ).alias("class"),
    )
    sectors = [_petal(classed, number, len(edges) + 1) for number in range(-1, SECTORS)]
    return {"sectors": sectors[1:], "calm": sectors[0], "hours": known.height}


def capture(
    values: pl.DataFrame, due: Period, names: Sequence[str]
) -> tuple[list[str], list[int], dict[str, list[int]]]:
    """Count valid hours by month.

    Returns
    -------
    tuple
        The months (``2020-04``), the hours due in each, and for each quantity the hours with a
        valid value.
    """
    month = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")
    hours = pl.DataFrame(
        {"time": pl.datetime_range(due.start, due.end, "1h", closed="left", eager=True)}
    )
    expected = hours.group_by(month.alias("month"), maintain_order=True).len()
    months = expected["month"].to_list()
    counted = values.group_by(month.alias("month"), "quantity").agg(
        pl.col("time").n_unique().alias("n")
    )
    found = {(key, name): n for key, name, n in counted.select("month", "quantity", "n").rows()}
    by_name = {name: [found.get((key, name), 0) for key in months] for name in names}
    return months, expected["len"].to_list(), by_name


def _petal(classed: pl.DataFrame, number: int, classes: int) -> dict[str, Any]:
    rows = classed.filter(pl.col("sector") == number)
    mean = rows["value"].mean()
    return {
        "n": rows.height,
        "mean": round(mean, 2) if isinstance(mean, float) else None,
        "classes": np.bincount(rows["class"].to_numpy(), minlength=classes).tolist(),
    }
