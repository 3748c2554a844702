"""A value in the company of others: of its neighbours, and of the other quantities of its site."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from songhua.quality.verdict import Floats, Found, judged

MOST_NEIGHBOURS = 5
_EARTH_KM = 6371.0
_AT_ONCE = 100_000
"""Values looked at together, so that they stay in the processor's cache."""
_MAD = 1.4826
"""Median absolute deviation → standard deviation of a normal distribution."""
# Batcher's network: pairs that are put in order, after which five columns are sorted.
_NETWORK = ((0, 3), (1, 4), (0, 2), (1, 3), (0, 1), (2, 4), (1, 2), (3, 4), (2, 3))


def nearest(
    longitudes: Floats, latitudes: Floats, *, within_km: float, most: int = MOST_NEIGHBOURS
) -> NDArray[np.int64]:
    """Return for each site the numbers of its nearest others, -1 where there are no more.

    Returns
    -------
    ndarray
        Sites × `most`.
    """
    lon, lat = np.radians(longitudes), np.radians(latitudes)
    half = (
        np.sin((lat[:, None] - lat) / 2) ** 2
        + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    )
    distance = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    np.fill_diagonal(distance, np.inf)
    distance[~(distance <= within_km)] = np.inf
    order = np.argsort(distance, axis=1)[:, :most]
    near = np.where(np.isfinite(np.take_along_axis(distance, order, axis=1)), order, -1)
    found = np.full((lon.size, most), -1, np.int64)
    found[:, : near.shape[1]] = near
    return found


def neighbours(
    values: Floats,
    near: NDArray[np.int64],
    *,
    suspect: float,
    fail: float | None = None,
    floor: float,
    share: float = 0.0,
    fewest: int = 3,
) -> Found:
    """Judge by the distance from the median of the neighbours, in their own spread.

    Parameters
    ----------
    values
        Times × sites; NaN where missing.
    near
        As `nearest` returns it; at most five a site.
    suspect, fail
        How many spreads. The spread is that of the neighbours (1.4826 MAD), at least `floor`
        [unit of the value] and at least `share` of their median.
    fewest
        With fewer neighbours that have a value nothing is said.

    Returns
    -------
    Found
        Of the values in order of times, then sites.

    References
    ----------
    Durre et al. 2010, J. Appl. Meteor. Climatol. 49, 1615 (spatial consistency); here with medians.
    """
    measured = np.full(values.shape, np.nan)
    portion = max(1, _AT_ONCE // max(1, values.shape[1]))
    for first in range(0, values.shape[0], portion):
        part = values[first : first + portion]
        padded = np.column_stack([part, np.full(part.shape[0], np.nan)])  # -1 is nobody
        own = [padded[:, near[:, number]] for number in range(near.shape[1])]
        count = np.sum([np.isfinite(one) for one in own], axis=0)
        middle = _median(own, count)
        spread = _MAD * _median([np.abs(one - middle) for one in own], count)
        spread = np.maximum(np.maximum(spread, floor), share * np.abs(middle))
        away = np.abs(part - middle) / spread
        measured[first : first + portion] = np.where(count >= fewest, away, np.nan)
    flat = measured.ravel()
    return judged(flat, suspect, fail, missing=~np.isfinite(values.ravel()))


def relation(
    left: Floats,
    right: Sequence[Floats],
    *,
    kind: Literal["not_above", "equal"],
    suspect: float,
    fail: float | None = None,
    share: float = 0.0,
) -> Found:
    """Judge by a law between quantities: PM2.5 is no more than PM10, NO + NO2 is NOx.

    Parameters
    ----------
    left
        The quantity that is judged.
    right
        Those whose sum it may not exceed (``not_above``) or must equal (``equal``).
    suspect, fail
        By how much it may miss. [unit of the quantities]
    share
        So much of the sum is allowed besides, for the scatter of the instruments.
    """
    total = np.sum(right, axis=0)
    away = left - total if kind == "not_above" else np.abs(left - total)
    return judged(away - share * np.abs(total), suspect, fail, missing=~np.isfinite(left))


def _median(columns: Sequence[Floats], count: NDArray[np.int64]) -> Floats:
    """Return the median across up to five columns, of those that are no NaN; `count` says how many.

    A sorting network of whole columns: many times quicker than sorting each row.
    """
    ordered = [np.where(np.isnan(one), np.inf, one) for one in columns]
    size = len(ordered)
    ordered += [np.full_like(ordered[0], np.inf)] * (MOST_NEIGHBOURS - size)
    for low, high in _NETWORK:
        ordered[low], ordered[high] = (
            np.minimum(ordered[low], ordered[high]),
            np.maximum(ordered[low], ordered[high]),
        )
    table = np.stack(ordered)
    below = np.clip((count - 1) // 2, 0, None)[None]
    above = np.clip(count // 2, 0, MOST_NEIGHBOURS - 1)[None]
    middle = np.take_along_axis(table, below, 0)[0] + np.take_along_axis(table, above, 0)[0]
    return np.where(count > 0, middle / 2, np.nan)
