"""Sliding windows over series with gaps."""

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
