"""A series beside what its neighbours, its station upstream or its power let expect."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.lead import Trace
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import correlation, edges, means, standing
from songhua.quality.verdict import Floats

_PAST_DAYS = 45
_RESOLVED = 8  # steps
_LAGS = range(2, 13)


def _logs(values: Floats, step: float) -> Floats:
    """Return logarithms, soft below a few steps of the instrument."""
    found: Floats = np.log(np.maximum(values, 0) + 5 * step)
    return found


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
                yield quantity, site, _logs(row, step), _logs(told, step)


def _centred(panel: Panel) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each time the three days around it."""
    at = np.arange(panel.times.size, dtype=np.int64)
    reach = panel.hours(36)
    return np.maximum(at - reach, 0), np.minimum(at + reach + 1, panel.times.size)


def cleaner(panel: Panel) -> Iterator[Trace]:
    """Yield how far the ratio to the reference fell below that of the weeks before."""
    starts, ends = edges(panel.times.size, panel.hours(144), panel.hours(12))
    back = max(1, round(_PAST_DAYS * 2))
    for quantity, site, own, near in _series(panel):
        ratio = means(own - near, starts, ends)
        fall = ratio - _past_median(ratio, back, skip=12)
        yield Trace("cleaner", site, quantity, starts, ends, -standing(fall, 0.05))


def _past_median(values: Floats, back: int, skip: int) -> Floats:
    """Return the median of the `back` values before each, less the last `skip`."""
    found = np.full_like(values, np.nan)
    padded = np.concatenate((np.full(back + skip, np.nan), values))
    windows = np.lib.stride_tricks.sliding_window_view(padded, back)[: values.size]
    held = np.isfinite(windows).sum(axis=1)
    ordered = np.sort(windows, axis=1)
    enough = held >= back // 4
    found[enough] = ordered[np.flatnonzero(enough), held[enough] // 2]
    return found


def unfollowing(panel: Panel) -> Iterator[Trace]:
    """Yield how far the correlation with the reference, at the usual lag, fell."""
    starts, ends = edges(panel.times.size, panel.hours(7 * 24), panel.hours(24))
    for quantity, site, own, near in _series(panel):
        shifted = _shift(near, _usual_lag(own, near, panel.hours(48)))
        level = np.arctanh(0.99 * correlation(own, shifted, starts, ends))
        back = panel.hours(6)
        moves = own - _shift(own, back), shifted - _shift(shifted, back)
        follows = level + np.arctanh(0.99 * correlation(*moves, starts, ends))
        held = follows[np.isfinite(follows)]
        if held.size < 10 or np.median(held) < 0.5:
            continue
        yield Trace("unfollowing", site, quantity, starts, ends, -standing(follows, 0.2))


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
    """Yield how much better a series fits the reference when its clock is moved by hours."""
    starts, ends = edges(panel.times.size, panel.hours(7 * 24), panel.hours(24))
    hour = panel.hours(1)
    for quantity, site, own, near in _series(panel):
        now = np.full(starts.size, np.nan)
        for lag in (-hour, 0, hour):
            found = correlation(own, _shift(near, lag), starts, ends)
            now = np.fmax(now, found)
        best = np.full(starts.size, np.nan)
        for lag in _LAGS:
            for way in (-hour, hour):
                best = np.fmax(best, correlation(own, _shift(near, lag * way), starts, ends))
        gain = np.arctanh(0.99 * best) - np.arctanh(0.99 * now)
        yield Trace("clock", site, quantity, starts, ends, gain)


def attenuated(panel: Panel) -> Iterator[Trace]:
    """Yield how far hour-to-hour movement, beside that of the reference, fell."""
    starts, ends = edges(panel.times.size, panel.hours(72), panel.hours(12))
    for quantity, site, own, near in _series(panel, own_too=True):
        moves = _activity(own, starts, ends) - _activity(near, starts, ends)
        yield Trace("attenuated", site, quantity, starts, ends, -standing(moves, 0.05))


def calm(panel: Panel) -> Iterator[Trace]:
    """Yield how far movement at night, or under inspection, fell beside that of other hours."""
    starts, ends = edges(panel.times.size, panel.hours(10 * 24), panel.hours(24))
    hour = panel.hour()
    night = (hour >= 22) | (hour < 6)
    for quantity, site, own, near in _series(panel, own_too=True):
        at_night = _moves_in(own, starts, ends, night) - _moves_in(near, starts, ends, night)
        by_day = _moves_in(own, starts, ends, ~night) - _moves_in(near, starts, ends, ~night)
        yield Trace("calm", site, quantity, starts, ends, -standing(at_night - 0.5 * by_day, 0.05))
        yield from _inspected(panel, quantity, site, own, near)


def _inspected(
    panel: Panel, quantity: str, site: int, own: Floats, near: Floats
) -> Iterator[Trace]:
    spans = [e for e in panel.events if e.what == "inspection" and e.site == panel.sites[site]]
    if not spans:
        return
    starts, ends = edges(panel.times.size, panel.hours(8), panel.hours(4))
    usual = _activity(own, starts, ends) - _activity(near, starts, ends)
    begins = np.searchsorted(panel.times, [e.start for e in spans]).astype(np.int64)
    stops = np.searchsorted(panel.times, [e.end for e in spans], side="right").astype(np.int64)
    moves = _activity(own, begins, stops) - _activity(near, begins, stops)
    stat = -standing(np.concatenate((moves, usual)), 0.05)[: len(spans)]
    yield Trace("calm", site, quantity, begins, stops, stat)


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
    share = 0.5 * float(within.mean())
    return np.log(means(_moves(values, within), starts, ends, share=share) + 0.003)


def _activity(values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Floats:
    steps = np.abs(np.diff(values, prepend=np.nan))
    return np.log(means(steps, starts, ends) + 0.003)
