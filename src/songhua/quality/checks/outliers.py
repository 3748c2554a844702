"""Values that stand out: from those around, from the hour of the day, from other quantities."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from songhua.quality.stack import Stack
from songhua.quality.verdict import Floats, Found, judged

_SECOND = 1_000_000
_DAY_US = 86_400 * _SECOND
_MAD = 1.4826

Side = Literal["both", "above", "below"]


def outlier(
    stack: Stack,
    *,
    window: int,
    suspect: float,
    fail: float | None = None,
    floor: float,
    side: Side = "both",
) -> Found:
    """Judge by the distance from the median of the values around, in their own spread.

    Parameters
    ----------
    window
        How many values, half of them before and half after.
    suspect, fail
        How many spreads. The spread is 1.4826 MAD, at least `floor`. [unit of the value]
    side
        Whether only what lies above, or below, is looked at.

    References
    ----------
    Davies and Gather 1993, J. Am. Stat. Assoc. 88, 782 (Hampel's identifier).
    """
    middle = _median(stack, stack.values, window)
    away = stack.values - middle
    spread = np.maximum(_MAD * _median(stack, np.abs(away), window), floor)
    return judged(_sided(away, side) / spread, suspect, fail, missing=stack.missing)


def restless(
    stack: Stack, *, window_s: float, suspect: float, fail: float | None = None, fewest: int = 3
) -> Found:
    """Judge by the standard deviation over a time that ends at the value: too much of it.

    Parameters
    ----------
    suspect, fail
        More than this is too much. [unit of the value]
    fewest
        With fewer values in the window nothing is said.
    """
    window = int(window_s * _SECOND)
    frame = pl.DataFrame({"at": stack.apart(window), "value": stack.values}).with_columns(
        pl.col("at").cast(pl.Datetime("us")), pl.col("value").fill_nan(None)
    )
    moved = pl.col("value").rolling_std_by(
        "at", f"{window}us", min_samples=fewest, closed="right", ddof=0
    )
    measured = frame.select(moved.fill_null(np.nan)).to_series().to_numpy()
    return judged(measured, suspect, fail, missing=stack.missing)


def course(
    stack: Stack,
    *,
    days: int,
    suspect: float,
    fail: float | None = None,
    side: Side = "both",
) -> Found:
    """Judge by the distance from the median of the same time of day on the days before.

    Parameters
    ----------
    days
        How many days that have a value; with fewer than half of them nothing is said.
    suspect, fail
        [unit of the value]
    """
    frame = pl.DataFrame(
        {"n": stack.series, "clock": stack.times % _DAY_US, "value": stack.values}
    ).with_columns(pl.col("value").fill_nan(None))
    usual = (
        pl.col("value")
        .rolling_median(days, min_samples=max(2, days // 2))
        .shift(1)
        .over("n", "clock")
    )
    away = stack.values - frame.select(usual.fill_null(np.nan)).to_series().to_numpy()
    return judged(_sided(away, side), suspect, fail, missing=stack.missing)


def residual(
    values: Floats,
    others: Sequence[Floats],
    *,
    weights: Sequence[float],
    offset: float,
    suspect: float,
    fail: float | None = None,
) -> Found:
    """Judge by the distance from what the other quantities of the site let expect.

    Parameters
    ----------
    others
        Quantities at the same times; NaN where missing: the value is not checked then.
    weights, offset
        What is expected: `offset` and each other quantity times its weight.
    suspect, fail
        [unit of the value]
    """
    expected = np.full(values.size, offset)
    for weight, other in zip(weights, others, strict=True):
        expected = expected + weight * other
    return judged(np.abs(values - expected), suspect, fail, missing=~np.isfinite(values))


def _sided(away: Floats, side: Side) -> Floats:
    if side == "both":
        return np.abs(away)
    return away if side == "above" else -away


def _median(stack: Stack, values: Floats, window: int) -> Floats:
    """Return the median of the values around each, of the same series."""
    frame = pl.DataFrame({"n": stack.series, "value": values}).with_columns(
        pl.col("value").fill_nan(None)
    )
    middle = pl.col("value").rolling_median(window, min_samples=max(2, window // 2), center=True)
    return frame.select(middle.over("n").fill_null(np.nan)).to_series().to_numpy()
