"""A series that moves too little: stuck, or damped."""

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.quality.stack import Stack
from songhua.quality.verdict import Floats, Found, Verdict

_SECOND = 1_000_000
_FEWEST = 3

Places = NDArray[np.intp]


def flat_line(
    stack: Stack, *, suspect_s: float, fail_s: float | None = None, tolerance: float = 0.0
) -> Found:
    """Judge by how long a value has stayed the same.

    A value is flagged when it and all before it, over so long, lie within less than `tolerance`;
    with a tolerance of 0 when they are equal. Missing values between are passed over. Series of
    fewer than three values pass.

    Parameters
    ----------
    suspect_s, fail_s
        How long. [s] Counted in usual steps of the series, so that a gap is no stillness.
    tolerance
        [unit of the value]

    Returns
    -------
    Found
        `measured`: for how many steps no single one reached the tolerance; of those judged.

    References
    ----------
    IOOS QARTOD, test 8 (flat line).
    """
    flags = np.full(len(stack), Verdict.PASS, np.uint8)
    places, moved_at = _last_moves(stack, tolerance)
    measured = np.full(len(stack), np.nan)
    longest = np.zeros(places.size, np.int64)
    for seconds, verdict in ((suspect_s, Verdict.SUSPECT), (fail_s, Verdict.FAIL)):
        if seconds is None:
            continue
        counts = _counts(stack, seconds)[stack.series[places]]
        calm = (counts > 0) & (stack.place[places] >= counts) & (moved_at < places - counts)
        if tolerance > 0:  # small steps may add up
            calm[calm] = _is_narrow(stack, places[calm], counts[calm], tolerance)
        flags[places[calm]] = verdict
        longest = np.maximum(longest, counts)
    measured[places] = np.minimum(places - moved_at, longest)
    flags[stack.missing] = Verdict.MISSING
    return Found(flags, measured)


def attenuated(
    stack: Stack,
    *,
    suspect: float,
    fail: float,
    window_s: float | None = None,
    fewest: int = 1,
    by: Literal["std", "range"] = "std",
) -> Found:
    """Judge by how much a series moved over a time that ends at the value.

    Parameters
    ----------
    suspect, fail
        Less than this is too little. [unit of the value]
    window_s
        How long; None for the whole series. [s]
    fewest
        With fewer values in the window nothing is said.
    by
        Standard deviation (of the population), or highest less lowest.

    References
    ----------
    IOOS QARTOD, test 9 (attenuated signal).
    """
    moved = _moved(stack, by) if window_s is None else _moved_within(stack, by, window_s, fewest)
    flags = np.full(len(stack), Verdict.NOT_CHECKED, np.uint8)
    flags[moved >= suspect] = Verdict.PASS
    flags[moved < suspect] = Verdict.SUSPECT
    flags[moved < fail] = Verdict.FAIL
    flags[stack.missing] = Verdict.MISSING
    return Found(flags, moved)


def _counts(stack: Stack, seconds: float) -> NDArray[np.int64]:
    """Return how many usual steps of each series a time holds; 0 where the check cannot be made."""
    lengths = np.diff(np.append(stack.starts, len(stack)))
    with np.errstate(invalid="ignore", divide="ignore"):
        counts = np.nan_to_num(int(seconds) / stack.intervals, posinf=0.0).astype(np.int64)
    counts[lengths < _FEWEST] = 0
    return counts


def _last_moves(stack: Stack, tolerance: float) -> tuple[Places, Places]:
    """Return where values are, and for each the place of the last one before a step that moved.

    -1 where none before it did.
    """
    places = np.flatnonzero(~stack.missing)
    values = stack.values[places]
    steps = np.abs(np.diff(values))
    moved = np.ones(places.size, bool)
    moved[1:] = (steps >= tolerance) if tolerance > 0 else (steps > 0)
    series = stack.series[places]
    moved[1:] |= series[1:] != series[:-1]
    begun = np.maximum.accumulate(np.where(moved, np.arange(places.size), 0))
    before = np.full(places.size, -1)
    before[begun > 0] = places[begun[begun > 0] - 1]
    return places, before


def _is_narrow(stack: Stack, places: Places, counts: Places, tolerance: float) -> NDArray[np.bool_]:
    """Return whether each value and the `counts` before it lie within less than the tolerance.

    Only what lies in these windows is looked at: most series move, and are passed over.
    """
    narrow = np.zeros(places.size, bool)
    for count in np.unique(counts):
        here = counts == count
        ends = places[here]
        edges = np.zeros(len(stack) + 1, np.int64)
        np.add.at(edges, ends - count, 1)
        np.add.at(edges, ends + 1, -1)
        within = np.cumsum(edges)[:-1] > 0
        column = pl.Series(stack.values[within]).fill_nan(None)
        spread = column.rolling_max(count + 1, min_samples=1) - column.rolling_min(
            count + 1, min_samples=1
        )
        at = (np.cumsum(within) - 1)[ends]
        narrow[here] = spread.to_numpy()[at] < tolerance
    return narrow


def _moved(stack: Stack, by: str) -> Floats:
    """Return how much each whole series moved, beside each of its values."""
    series = pl.DataFrame({"n": stack.series, "value": stack.values}).with_columns(
        pl.col("value").fill_nan(None)
    )
    value = pl.col("value")
    moved = value.std(ddof=0) if by == "std" else value.max() - value.min()
    return series.select(moved.over("n").fill_null(np.nan)).to_series().to_numpy()


def _moved_within(stack: Stack, by: str, window_s: float, fewest: int) -> Floats:
    window = int(window_s * _SECOND)
    frame = pl.DataFrame({"at": stack.apart(window), "value": stack.values}).with_columns(
        pl.col("at").cast(pl.Datetime("us")), pl.col("value").fill_nan(None)
    )
    value, size, least = pl.col("value"), f"{window}us", max(1, fewest)
    if by == "std":
        moved = value.rolling_std_by("at", size, min_samples=least, closed="right", ddof=0)
    else:
        high = value.rolling_max_by("at", size, min_samples=least, closed="right")
        moved = high - value.rolling_min_by("at", size, min_samples=least, closed="right")
    return frame.select(moved.fill_null(np.nan)).to_series().to_numpy()
