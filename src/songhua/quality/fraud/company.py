"""A series beside what its neighbours, its station upstream or its power let expect."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.expected import beside, box, logs, residuals
from songhua.quality.fraud.lead import Trace, joined
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import (
    correlation,
    edges,
    means,
    standing,
    standing_at,
)
from songhua.quality.verdict import Floats

_RESOLVED = 8  # steps
_LAGS = range(2, 13)


def _series(panel: Panel, *, own_too: bool = False) -> Iterator[tuple[str, int, Floats, Floats]]:
    """Yield logarithms of every series and of its reference, where it has one.

    Both are left out where the reference (or, when asked, the site itself) is so low that the
    instrument's steps hide movement.
    """
    for quantity, table in panel.values.items():
        if quantity in {"power", "running"}:
            continue
        step = resolution(table)
        near = panel.reference(quantity)
        for site, row in enumerate(table):
            told = near[site]
            if not np.isfinite(told).any():
                continue
            # where little is expected, what an instrument tells in steps says nothing
            expected = means(told, *_centred(panel))
            told = np.where(expected >= _RESOLVED * step, told, np.nan)
            if own_too:
                level = means(row, *_centred(panel))
                told = np.where(level >= _RESOLVED * step, told, np.nan)
            if np.isfinite(told).any():
                yield quantity, site, logs(row, step), logs(told, step)


def _centred(panel: Panel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each time the three days around it."""
    at = np.arange(panel.times.size, dtype=np.int64)
    reach = panel.hours(36)
    return np.maximum(at - reach, 0), np.minimum(at + reach + 1, panel.times.size)


def cleaner(panel: Panel) -> Iterator[Trace]:
    """Yield how far the residual lies below that of the days before and after."""
    for quantity, site, left, level in _residuals(panel):
        parts = []
        for days in (5, 10):
            starts, ends = edges(panel.times.size, panel.hours(24 * days), panel.hours(12))
            inside, before, after = beside(left, starts, ends, panel.hours(24 * 7))
            fall = box(inside, before, after)
            stat = standing_at(fall, means(level, starts, ends), 0.05)
            parts.append((starts, ends, stat))
        yield joined("cleaner", site, quantity, parts)


def _residuals(panel: Panel) -> Iterator[tuple[str, int, Floats, Floats]]:
    """Yield what neighbours do not explain, left out where they are too low, and their level."""
    for quantity, table in panel.values.items():
        if quantity in {"power", "running"}:
            continue
        step = resolution(table)
        near, left = panel.reference(quantity), residuals(panel, quantity)
        for site in range(table.shape[0]):
            expected = means(near[site], *_centred(panel))
            row = np.where(expected >= _RESOLVED * step, left[site], np.nan)
            if np.isfinite(row).any():
                yield quantity, site, row, logs(expected, step)


def unfollowing(panel: Panel) -> Iterator[Trace]:
    """Yield how far the correlation with the reference fell, at the usual lag.

    Levels and movements within 3, 6 and 24 hours together, beside what they were in the weeks
    around and usually are when the reference moves as much.
    """
    for quantity, site, own, near in _series(panel):
        shifted = _shift(near, _usual_lag(own, near, panel.hours(48)))
        pairs = [(own, shifted)]
        for hours in (3, 6, 24):
            back = panel.hours(hours)
            pairs.append((own - _shift(own, back), shifted - _shift(shifted, back)))
        every = []
        for days in (7, 12):
            starts, ends = edges(panel.times.size, panel.hours(days * 24), panel.hours(12))
            parts = [np.arctanh(0.98 * correlation(x, y, starts, ends)) for x, y in pairs]
            follows: Floats = np.sum(parts, axis=0)
            held = follows[np.isfinite(follows)]
            if held.size < 10 or np.median(held) < 1:
                continue
            moved = means(np.abs(pairs[2][1]), starts, ends)
            follows = follows - _explained(follows, np.log(moved + 0.003))
            stat = standing_at(follows, means(near, starts, ends), 0.3, reverse=True)
            every.append((starts, ends, stat))
        if every:
            yield joined("unfollowing", site, quantity, every)


def _explained(values: Floats, by: Floats) -> Floats:
    """Return what a straight line over another number lets expect, and a course of months."""
    both = np.isfinite(values) & np.isfinite(by)
    if both.sum() < 10:
        return np.zeros_like(values)
    year = np.linspace(0, 1, values.size)
    given = np.column_stack([np.ones(values.size), by, year, year**2, year**3])
    weights, *_ = np.linalg.lstsq(given[both], values[both], rcond=None)
    off = np.abs(values - given @ weights)
    both &= off < 2.5 * 1.4826 * np.median(off[both]) + 1e-9
    weights, *_ = np.linalg.lstsq(given[both], values[both], rcond=None)
    found: Floats = given @ weights
    return found


def _shift(values: Floats, lag: int) -> Floats:
    """Return what was `lag` steps before."""
    if lag == 0:
        return values
    found = np.full_like(values, np.nan)
    if lag > 0:
        found[lag:] = values[:-lag]
    else:
        found[:lag] = values[-lag:]
    return found


def _usual_lag(own: Floats, near: Floats, most: int) -> int:
    """Return by how many steps a series usually comes after its reference."""
    whole = np.array([0]), np.array([own.size])
    lags = sorted({round(x) for x in np.linspace(0, most, min(most, 24) + 1)})
    told = [correlation(own, _shift(near, lag), *whole)[0] for lag in lags]
    best = int(np.argmax(np.nan_to_num(np.array(told), nan=-1.0)))
    return lags[best] if told[best] > told[0] + 0.02 else 0


def clock(panel: Panel) -> Iterator[Trace]:
    """Yield how much better a series fits the reference when its clock is moved by hours.

    Levels and movements within six hours must both gain by the same shift.
    """
    hour = panel.hours(1)
    for quantity, site, own, near in _series(panel):
        back = panel.hours(6)
        pairs = (own, near), (own - _shift(own, back), near - _shift(near, back))
        starts, ends = edges(panel.times.size, panel.hours(7 * 24), panel.hours(24))
        now, best = np.full(starts.size, np.nan), np.full(starts.size, np.nan)
        for lag in range(-_LAGS[-1], _LAGS[-1] + 1):
            fits: Floats = np.sum(
                [
                    np.arctanh(0.98 * correlation(x, _shift(y, lag * hour), starts, ends))
                    for x, y in pairs
                ],
                axis=0,
            )
            if abs(lag) < _LAGS[0]:
                now = np.fmax(now, fits)
            else:
                best = np.fmax(best, fits)
        yield Trace("clock", site, quantity, starts, ends, best - now)


def attenuated(panel: Panel) -> Iterator[Trace]:
    """Yield how far hour-to-hour movement, beside that of the reference, fell."""
    starts, ends = edges(panel.times.size, panel.hours(72), panel.hours(12))
    for quantity, site, own, near in _series(panel, own_too=True):
        moves = _activity(own, starts, ends) - _activity(near, starts, ends)
        yield Trace("attenuated", site, quantity, starts, ends, -standing(moves, 0.05))


def calm(panel: Panel) -> Iterator[Trace]:
    """Yield how far movement at night fell beside that of other hours, of neighbours, of weeks."""
    hour = panel.hour()
    night = (hour >= 22) | (hour < 6)
    for quantity, site, own, near in _series(panel, own_too=True):
        held = night & (near >= np.log((_RESOLVED + 5) * resolution(panel.values[quantity])))
        parts = []
        for days in (7, 12):
            starts, ends = edges(panel.times.size, panel.hours(days * 24), panel.hours(24))
            at_night = _moves_in(own, starts, ends, held) - _moves_in(near, starts, ends, held)
            by_day = _moves_in(own, starts, ends, ~night) - _moves_in(near, starts, ends, ~night)
            moves = at_night - 0.7 * by_day
            moves = moves - _explained(moves, _moves_in(near, starts, ends, held))
            parts.append((starts, ends, -standing(moves, 0.05)))
        yield joined("calm", site, quantity, parts)


def inspected(panel: Panel) -> Iterator[Trace]:
    """Yield how far movement fell under inspection, beside as long a span at any other time."""
    for quantity, site, own, near in _series(panel, own_too=True):
        spans = [e for e in panel.events if e.what == "inspection" and e.site == panel.sites[site]]
        if not spans:
            continue
        begins = np.searchsorted(panel.times, [e.start for e in spans]).astype(np.int64)
        stops = np.searchsorted(panel.times, [e.end for e in spans], side="right").astype(np.int64)
        size = int(np.median(stops - begins))
        if size < panel.hours(4):
            continue
        starts, ends = edges(panel.times.size, size, panel.hours(6))
        starts, ends = np.concatenate((begins, starts)), np.concatenate((stops, ends))
        told = _activity(near, starts, ends)
        moves = _activity(own, starts, ends) - told
        moves = moves - _explained(moves, told)
        stat = standing_at(moves, means(near, starts, ends), 0.05, reverse=True)[: len(spans)]
        yield Trace("inspected", site, quantity, begins, stops, stat)


def _moves(values: Floats, within: NDArray[np.bool_]) -> Floats:
    steps = np.abs(np.diff(values, prepend=np.nan))
    return np.where(within, steps, np.nan)


def _moves_in(
    values: Floats,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    within: NDArray[np.bool_],
) -> Floats:
    """Return the logarithm of mean movement in chosen hours of each window."""
    share = 0.15
    return np.log(means(_moves(values, within), starts, ends, share=share) + 0.003)


def _activity(values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
    steps = np.abs(np.diff(values, prepend=np.nan))
    return np.log(means(steps, starts, ends) + 0.003)
