"""A series that stops, or goes on at another level."""

import numpy as np
import polars as pl

from songhua.quality.stack import Stack
from songhua.quality.verdict import Floats, Found, judged

_MAD = 1.4826


def gap(stack: Stack, *, suspect_s: float, fail_s: float | None = None) -> Found:
    """Judge by how long nothing came before a value. [s].

    Missing values count as nothing. The first value of a series is not checked.

    References
    ----------
    IOOS QARTOD, test 1 (gap).
    """
    places = np.flatnonzero(~stack.missing)
    since = np.full(len(stack), np.nan)
    same = np.diff(stack.series[places]) == 0
    since[places[1:][same]] = (np.diff(stack.times[places]) / 1e6)[same]
    return judged(since, suspect_s, fail_s, missing=stack.missing)


def level_shift(
    stack: Stack, *, window: int, suspect: float, fail: float | None = None, floor: float
) -> Found:
    """Judge by how far the level moved between the values before and those from here on.

    A value is judged by what came `window` values later: the newest are not checked yet.

    Parameters
    ----------
    window
        How many values make a level (their median).
    suspect, fail
        How many spreads; the spread is 1.4826 MAD of the values before, at least `floor`.
        [unit of the value]

    References
    ----------
    A windowed form of the test for a change of level; medians, so that spikes are none.
    """
    before, spread = _levels(stack, window)
    after = np.full(len(stack), np.nan)
    if window < len(stack):
        after[: -window + 1 or None] = before[window - 1 :]
    within = np.append(stack.starts[1:], len(stack))[stack.series] - np.arange(len(stack))
    after[within < window] = np.nan
    earlier = np.full(len(stack), np.nan)
    earlier[1:] = before[:-1]
    scale = np.full(len(stack), np.nan)
    scale[1:] = spread[:-1]
    enough = stack.place >= window
    moved = np.abs(after - earlier) / np.maximum(scale, floor)
    moved[~enough] = np.nan
    return judged(moved, suspect, fail, missing=stack.missing)


def _levels(stack: Stack, window: int) -> tuple[Floats, Floats]:
    """Return median and spread of each value and those before it; of half a window at least."""
    column = pl.Series(stack.values).fill_nan(None)
    least = max(2, window // 2)
    level = column.rolling_median(window, min_samples=least)
    away = (column - level).abs()
    spread = away.rolling_median(window, min_samples=least) * _MAD
    return level.fill_null(np.nan).to_numpy(), spread.fill_null(np.nan).to_numpy()
