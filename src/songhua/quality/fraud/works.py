"""A works' own words against its instruments: declared state, dilution, settings."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.expected import logs, residuals
from songhua.quality.fraud.lead import Trace
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import edges, means, standing, standing_at
from songhua.quality.verdict import Floats

_RAMP = 3  # hours around a declared change in which a works runs down or up
_STATES = frozenset({"running", "power", "o2", "flow"})
_AIR_O2 = 20.9
_RESOLVED = 5  # steps of the instrument


def stopped(panel: Panel) -> Iterator[Trace]:
    """Yield hours in which the declared state and power, or emission, say the opposite."""
    declared = panel.values.get("running")
    if declared is None:
        return
    signs = [q for q in panel.values if q not in {"running", "o2"}]
    starts, ends = edges(panel.times.size, panel.hours(24), panel.hours(6))
    for quantity in signs:
        table = panel.values[quantity]
        for site, row in enumerate(table):
            told = declared[site]
            on, off = told > 0.5, told <= 0.5
            usual = _median(row[on])
            if not np.isfinite(usual) or usual <= 0:
                continue
            off &= ~_near_change(told, panel.hours(_RAMP))
            wrong = off & (row > 0.4 * usual)
            if quantity == "power":
                wrong |= on & (row < 0.03 * usual) & ~_near_change(told, panel.hours(_RAMP))
            stat = means(np.where(np.isfinite(row), wrong, np.nan), starts, ends) * 24
            yield Trace("stopped", site, quantity, starts, ends, stat)


def _median(values: Floats) -> float:
    held = values[np.isfinite(values)]
    return float(np.median(held)) if held.size else float("nan")


def _near_change(told: Floats, reach: int) -> np.ndarray:
    changes = np.flatnonzero(np.diff(np.nan_to_num(told, nan=-1.0)) != 0)
    near = np.zeros(told.size, bool)
    for place in changes:
        near[max(0, place - reach + 1) : place + reach + 1] = True
    return near


def dilution(panel: Panel) -> Iterator[Trace]:
    """Yield oxygen (or flow) that rose while what is measured fell as much as air would dilute it.

    The load is taken out by the reference (power or neighbours) where there is one.
    """
    starts, ends = edges(panel.times.size, panel.hours(24), panel.hours(6))
    for carrier in ("o2", "flow"):
        if carrier not in panel.values:
            continue
        rise = panel.values[carrier]
        for quantity, table in panel.values.items():
            if quantity in _STATES:
                continue
            for site, row in enumerate(table):
                left = np.log(np.clip(_AIR_O2 - rise[site], 0.3, None))
                carried = -left if carrier == "o2" else np.log(np.maximum(rise[site], 1e-6))
                more = _against(carried, panel.reference(carrier)[site], carrier, panel)
                less = _against(
                    np.log(np.maximum(row, 0) + resolution(table)),
                    panel.reference(quantity)[site],
                    quantity,
                    panel,
                )
                up = standing(means(more, starts, ends), 0.02)
                down = -standing(means(less, starts, ends), 0.02)
                yield Trace("dilution", site, quantity, starts, ends, np.minimum(up, down))


def _against(values: Floats, reference: Floats, quantity: str, panel: Panel) -> Floats:
    if not np.isfinite(reference).any():
        return values
    if quantity == "o2":
        return values + np.log(np.clip(_AIR_O2 - reference, 0.3, None))
    floor = 1e-6 if quantity == "flow" else resolution(panel.values[quantity])
    return np.asarray(values - np.log(np.maximum(reference, 0) + floor))


def setting(panel: Panel) -> Iterator[Trace]:
    """Yield how far the residual fell at a recorded change of settings, and stayed.

    Before and after are compared over half a day, two days and five, the same spans taken all
    over the record say how much such a fall is; the three are added.
    """
    changes = [event for event in panel.events if event.what == "setting"]
    reach = panel.hours(120)
    every = np.arange(reach, panel.times.size - reach, panel.hours(6), dtype=np.int64)
    for quantity, table in panel.values.items():
        if quantity in _STATES or not changes:
            continue
        left = residuals(panel, quantity)
        own = logs(table, resolution(table))
        for site in range(table.shape[0]):
            here = [e.start for e in changes if e.site == panel.sites[site]]
            at = np.searchsorted(panel.times, here).astype(np.int64)
            at = at[(at >= reach) & (at < panel.times.size - reach)]
            if not at.size:
                continue
            beside = bool(np.isfinite(left[site]).any())
            row = left[site] if beside else own[site]
            places = np.concatenate((at, every))
            told = panel.reference(quantity)[site] if beside else table[site]
            told = np.log(np.maximum(told, 0) + resolution(table))
            parts = [_fall(row, told, places, panel.hours(hours)) for hours in (12, 48, 120)]
            stat = standing(np.sum(parts, axis=0), 0.02)[: at.size]
            # at a few steps above nothing no fall is seen
            level = means(told, at - reach, at + reach)
            stat = np.where(level >= np.log(_RESOLVED * resolution(table)), stat, np.nan)
            yield Trace("setting", site, quantity, at, at + reach, stat)


def _fall(row: Floats, level: Floats, places: NDArray[np.int64], span: int) -> Floats:
    fall = means(row, places - span, places) - means(row, places, places + span)
    return standing_at(fall, means(level, places - span, places + span), 0.02)
