"""Sliding windows over series with gaps."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from songhua.quality.verdict import Floats

_SIGMA = 1.4826


def edges(length: int, size: int, hop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where windows begin and end; the last ends with the series."""
    size = min(size, length)
    starts = np.unique(np.append(np.arange(0, length - size + 1, hop), length - size))
    return starts.astype(np.int64), (starts + size).astype(np.int64)


def sums(values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
    """Return the sum over each window; NaN counts as nothing."""
    total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(values))))
    found: Floats = total[ends] - total[starts]
    return found


def means(
    values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64], *, share: float = 0.5
) -> Floats:
    """Return the mean over each window; NaN where less than a share of it has values."""
    held = sums(np.isfinite(values).astype(float), starts, ends)
    enough = held >= np.maximum(share * (ends - starts), 2)
    found = np.full(starts.size, np.nan)
    np.divide(sums(values, starts, ends), held, out=found, where=enough)
    return found


def standing(values: Floats, floor: float = 1e-9) -> Floats:
    """Return how many robust deviations each is from the middle of all."""
    held = values[np.isfinite(values)]
    if held.size < 10:
        return np.full_like(values, np.nan)
    middle = np.median(held)
    spread = max(_SIGMA * float(np.median(np.abs(held - middle))), floor)
    found: Floats = (values - middle) / spread
    return found


def standing_at(values: Floats, level: Floats, floor: float, *, reverse: bool = False) -> Floats:
    """Return how many robust deviations each is from the middle of those at about its level.

    The spread is that between the deciles in each quarter of levels, drawn through by lines: low
    levels told in steps scatter more, and so must show more. With `reverse` the sign is turned.
    """
    both = np.isfinite(values) & np.isfinite(level)
    if both.sum() < 40:
        found = standing(values, floor)
        return -found if reverse else found
    cuts = np.quantile(level[both], (0, 0.25, 0.5, 0.75, 1))
    middles, spreads, at = [], [], []
    for low, high in pairwise(cuts):
        here = values[both & (level >= low) & (level <= high)]
        below, middle, above = np.quantile(here, (0.1, 0.5, 0.9))
        middles.append(middle)
        spreads.append(max((above - below) / 2.563, floor))
        at.append(float(np.median(level[both & (level >= low) & (level <= high)])))
    shown: Floats = (values - np.interp(level, at, middles)) / np.interp(level, at, spreads)
    return -shown if reverse else shown


def correlation(
    one: Floats, two: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> Floats:
    """Return Pearson's correlation over each window; NaN where half of it is missing or still."""
    both = np.isfinite(one) & np.isfinite(two)
    x, y = np.where(both, one, np.nan), np.where(both, two, np.nan)
    mx, my = means(x, starts, ends), means(y, starts, ends)
    vx = means(x * x, starts, ends) - mx * mx
    vy = means(y * y, starts, ends) - my * my
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = (means(x * y, starts, ends) - mx * my) / np.sqrt(vx * vy)
    found[~((vx > 1e-12) & (vy > 1e-12))] = np.nan
    return np.clip(found, -1, 1)
