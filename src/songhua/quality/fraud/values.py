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
_WIDE = 15  # steps between the deciles, below which a last digit tells the level
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
    """Yield how far last digits are from a smooth course of values: chi-square, of moved values.

    Few steps above nothing the last digit tells the level: 7, 8, 9, 10 are no dice. So what is
    expected of each digit comes from the numbers of values up to five steps on both sides, times
    what the instruments of the kind are usually above or below that.
    """
    for quantity, table in panel.values.items():
        units, moved = last_digits(table)
        starts, ends = edges(panel.times.size, panel.hours(15 * 24), panel.hours(48))
        counts = np.full((len(panel.sites), starts.size, 10), np.nan)
        smooth = counts.copy()
        for site in range(len(panel.sites)):
            for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
                held = units[site, start:end][moved[site, start:end]]
                if held.size >= 5 * _ASKED and np.ptp(np.quantile(held, (0.1, 0.9))) >= _WIDE:
                    counts[site, number], smooth[site, number] = digit_counts(held)
        told = np.nansum(smooth, axis=(0, 1))
        usual = (np.nansum(counts, axis=(0, 1)) + 10) / (told + 10)
        expected = smooth * usual
        expected *= (counts.sum(axis=2) / expected.sum(axis=2))[:, :, None]
        chi = ((counts - expected) ** 2 / np.maximum(expected, 1)).sum(axis=2)
        for site in range(len(panel.sites)):
            yield Trace("digits", site, quantity, starts, ends, (chi[site] - 9) / np.sqrt(18))


def last_digits(table: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return values in steps of the instrument, and which of them moved and have two digits."""
    units = np.rint(table / resolution(table))
    moved = np.isfinite(units) & (units >= 10)
    moved[..., 1:] &= units[..., 1:] != units[..., :-1]
    return units, moved


def digit_counts(held: Floats) -> tuple[Floats, Floats]:
    """Return how often each last digit is there, and how often smooth numbers would have it."""
    whole = held.astype(np.int64)
    shown = np.bincount(whole % 10, minlength=10).astype(float)
    low = int(whole.min()) - 5
    every = np.bincount(np.minimum(whole - low, 5_000)).astype(float)
    around = np.convolve(every, np.array([0.5, *[1.0] * 9, 0.5]) / 10)
    smooth: Floats = np.bincount((low - 5 + np.arange(around.size)) % 10, around, 10).astype(float)
    return shown, smooth


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
