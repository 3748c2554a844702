"""What the values of one series show: still, capped, just below a limit, odd last digits."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.lead import Trace
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import edges, sums
from songhua.quality.verdict import Floats

_LONGEST_USUAL = 24  # of a run of equal values, in what is taken as usual
_FEWEST_RUN = 4
_BANDS = 4
_ASKED = 20  # values in a window below which nothing is said


def constant(panel: Panel) -> Iterator[Trace]:
    """Yield runs of equal values: how improbable (log10) at this level, by all sites' own past.

    What an instrument often repeats (low values told in whole numbers) is no wonder.
    """
    for quantity, table in panel.values.items():
        if quantity == "running":
            continue
        runs = [_runs(row) for row in table]
        level = np.concatenate([level for _, _, _, level in runs])
        length = np.concatenate([length for _, _, length, _ in runs])
        if level.size < _ASKED:
            continue
        cuts = np.unique(np.quantile(level, np.linspace(0, 1, 21)[1:-1]))
        usual = np.minimum(length, _LONGEST_USUAL)
        bins = np.searchsorted(cuts, level, side="right")
        again = np.bincount(bins, usual - 1, cuts.size + 1)
        every = np.bincount(bins, usual, cuts.size + 1)
        chance: Floats = (again + 1.0) / (every + 2.0)
        for site, (start, end, count, at) in enumerate(runs):
            keep = count >= _FEWEST_RUN
            odds = chance[np.searchsorted(cuts, at[keep], side="right")]
            stat: Floats = -np.log10(odds) * (count[keep] - 1)
            yield Trace("constant", site, quantity, start[keep], end[keep], stat)


def _runs(
    row: Floats,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return first place, place after the last, count and value of each run; gaps passed over."""
    places = np.flatnonzero(np.isfinite(row))
    values = row[places]
    begins = np.flatnonzero(np.append(True, values[1:] != values[:-1])[: values.size])
    counts = np.diff(np.append(begins, values.size))
    last = places[begins + counts - 1] + 1 if begins.size else places
    return places[begins], last, counts, values[begins]


def digits(panel: Panel) -> Iterator[Trace]:
    """Yield how far last digits are from those all sites have: chi-square, of moved values."""
    for quantity, table in panel.values.items():
        step = resolution(table)
        units = np.rint(table / step)
        moved = np.isfinite(units) & (units >= 10)
        moved[:, 1:] &= units[:, 1:] != units[:, :-1]
        last = np.where(moved, units % 10, -1)
        usual = np.array([(last == digit).sum() for digit in range(10)]) + 1.0
        usual /= usual.sum()
        starts, ends = edges(panel.times.size, panel.hours(15 * 24), panel.hours(48))
        for site in range(len(panel.sites)):
            counts = np.array([sums(last[site] == d, starts, ends) for d in range(10)])
            held = counts.sum(axis=0)
            expected = usual[:, None] * np.maximum(held, 1)
            chi = ((counts - expected) ** 2 / expected).sum(axis=0)
            stat = np.where(held >= 5 * _ASKED, (chi - 9) / np.sqrt(18), np.nan)
            yield Trace("digits", site, quantity, starts, ends, stat)


def hugging(panel: Panel) -> Iterator[Trace]:
    """Yield the excess of values just below a limit over what lies on both sides of it."""
    for quantity, limit in panel.limits.items():
        if quantity not in panel.values or limit <= 0:
            continue
        width = limit * 0.05
        starts, ends = edges(panel.times.size, panel.hours(15 * 24), panel.hours(24))
        for site, row in enumerate(panel.values[quantity]):
            near = sums((row >= limit - width) & (row <= limit), starts, ends)
            below = sums((row >= limit - 3 * width) & (row < limit - width), starts, ends) / 2
            above = sums((row > limit) & (row <= limit + 2 * width), starts, ends) / 2
            expected = (below + above) / 2
            stat = (near - expected) / np.sqrt(expected + 1) - above / np.sqrt(expected + 1)
            held = sums(np.isfinite(row).astype(float), starts, ends)
            yield Trace(
                "hugging", site, quantity, starts, ends, np.where(held >= _ASKED, stat, np.nan)
            )


def clipped(panel: Panel) -> Iterator[Trace]:
    """Yield how many values crowd at the top of a window, over what lies in the bands below."""
    for quantity, table in panel.values.items():
        if quantity in {"running", "power"}:
            continue
        step = resolution(table)
        starts, ends = edges(panel.times.size, panel.hours(10 * 24), panel.hours(24))
        for site, row in enumerate(table):
            stat = np.array([_crowd(row[a:b], step) for a, b in zip(starts, ends, strict=True)])
            yield Trace("clipped", site, quantity, starts, ends, stat)


def _crowd(values: Floats, step: float) -> float:
    held = values[np.isfinite(values)]
    if held.size < _ASKED:
        return float("nan")
    top = held.max()
    band = max(2 * step, 0.015 * top)
    if top < 8 * band:
        return float("nan")
    crowd = int((held > top - band).sum())
    moved = np.unique(np.flatnonzero(held > top - band) // 3).size  # one long peak counts little
    next_bands = (held > top - band * (1 + _BANDS)).sum() - crowd
    expected = next_bands / _BANDS
    return float((min(crowd, 2 * moved) - expected) / np.sqrt(expected + 1))
