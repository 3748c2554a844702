"""Innocent explanations of a lead, each tested."""

import numpy as np

from songhua.quality.fraud.lead import Innocent, Trace
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.values import digit_counts, last_digits
from songhua.quality.verdict import Floats

_STILL = frozenset({"constant", "attenuated", "calm", "inspected"})
_LOWER = frozenset({"cleaner", "unfollowing", "setting", "dilution"})
_FEWEST_DIGITS = 100
_HIGH = frozenset({"clipped", "constant"})


def explanations(panel: Panel, trace: Trace, start: int, end: int) -> tuple[Innocent, ...]:
    """Return the explanations that are asked for this kind, with what came of each."""
    row = panel.values[trace.quantity][trace.site]
    inside = row[start:end]
    found = []
    if trace.kind in _STILL | {"digits", "repeated"}:
        found += [_coarse(row, inside), _floor(row, inside)]
    if trace.kind == "digits":
        found.append(_everywhere(panel.values[trace.quantity], trace.site, start, end))
    if trace.kind in _STILL:
        found.append(_windless(panel, trace.site, start, end))
        found.append(_neighbours_still(panel, trace, start, end))
    if trace.kind in _HIGH:
        found.append(_saturated(panel.values[trace.quantity], inside))
    if trace.kind == "repeated":
        found.append(_relayed(panel, trace, start, end))
    if trace.kind in _LOWER:
        found.append(_holiday(panel, start, end))
    return tuple(found)


def _coarse(row: Floats, inside: Floats) -> Innocent:
    """Say whether the instrument tells values in steps too wide to show movement."""
    moves = np.abs(np.diff(row))
    usual = float(np.median(moves[np.isfinite(moves)])) if np.isfinite(moves).any() else 0.0
    ratio = usual / resolution(inside if np.isfinite(inside).any() else row)
    own = usual / resolution(row)
    return Innocent(
        "coarse",
        "仪器分辨率低（通常每步变化不到一个最小刻度）",
        "the instrument tells coarse steps (usual movement below one of them)",
        own < 0.5,
        round(min(ratio, own), 3),
    )


def _floor(row: Floats, inside: Floats) -> Innocent:
    """Say whether most values lie at the lowest the instrument tells."""
    held, every = inside[np.isfinite(inside)], row[np.isfinite(row)]
    low = float(np.quantile(every, 0.02)) + resolution(row)
    share = float((held <= low).mean()) if held.size else 0.0
    return Innocent(
        "floor", "多数低于检出限", "mostly below the detection limit", share > 0.5, round(share, 3)
    )


def _everywhere(table: Floats, site: int, start: int, end: int) -> Innocent:
    """Say whether last digits were as odd at the other sites: a network that rounds otherwise."""
    units, moved = last_digits(table[:, start:end])
    told = []
    for row, here in zip(units, moved, strict=True):
        if here.sum() < _FEWEST_DIGITS:
            told.append(float("nan"))
            continue
        shown, smooth = digit_counts(row[here])
        told.append(float(((shown - smooth) ** 2 / np.maximum(smooth, 1)).sum() / here.sum()))
    others = np.array([x for n, x in enumerate(told) if n != site and np.isfinite(x)])
    ratio = float(np.median(others) / max(told[site], 1e-12)) if others.size else float("nan")
    return Innocent(
        "everywhere",
        "其他点位的尾数同时也如此（偏离之比）",
        "last digits were as odd at the other sites (ratio)",
        ratio > 0.5,
        round(ratio, 3),
    )


def _windless(panel: Panel, site: int, start: int, end: int) -> Innocent:
    """Say whether the air stood still."""
    wind = panel.values.get("wind_speed")
    held = np.array([]) if wind is None else wind[site, start:end]
    held = held[np.isfinite(held)]
    mean = float(held.mean()) if held.size else float("nan")
    return Innocent("windless", "静稳天气（风速 m/s）", "still air (wind, m/s)", mean < 0.5, mean)


def _neighbours_still(panel: Panel, trace: Trace, start: int, end: int) -> Innocent:
    """Say whether the neighbours moved as little as they rarely do."""
    near = panel.reference(trace.quantity)[trace.site]
    moves = np.abs(np.diff(near))
    usual, here = moves[np.isfinite(moves)], moves[start : max(start + 1, end - 1)]
    here = here[np.isfinite(here)]
    if not usual.size or not here.size:
        ratio = float("nan")
    else:
        ratio = float(here.mean() / max(usual.mean(), 1e-12))
    return Innocent(
        "neighbours_still",
        "周边同时也平稳（变化与其平常之比）",
        "the neighbours were as still (movement beside their usual)",
        ratio < 0.2,
        ratio,
    )


def _saturated(table: Floats, inside: Floats) -> Innocent:
    """Say whether the top is where every instrument of the kind ends."""
    held = inside[np.isfinite(inside)]
    top = float(held.max()) if held.size else float("nan")
    tops = [float(np.nanmax(row)) for row in table if np.isfinite(row).any()]
    end = max(tops)
    holds = top >= end and sum(one >= 0.995 * end for one in tops) > 1
    return Innocent("saturated", "达到仪器量程上限", "the instrument is at its end", holds, top)


def _relayed(panel: Panel, trace: Trace, start: int, end: int) -> Innocent:
    """Say whether a few values were sent again at once, as a relay does after a break."""
    other, place = trace.other
    short = end - start <= panel.hours(6) and other == trace.site
    holds = short and 0 < start - place <= panel.hours(6)
    return Innocent(
        "relay",
        "中继重发上几小时",
        "a relay sent the last hours again",
        holds,
        float(start - place),
    )


def _holiday(panel: Panel, start: int, end: int) -> Innocent:
    """Say how much of the span is the week of the National Day (October 1 … 7)."""
    local = panel.times[start:end] + int(panel.zone * 3.6e9)
    days = local.astype("datetime64[us]").astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    day = (days - months).astype(int) + 1
    october = months.astype(int) % 12 == 9
    share = float((october & (day <= 7)).mean()) if days.size else 0.0
    return Innocent(
        "holiday", "国庆假期（所占比例）", "National Day week (share)", share > 0.7, share
    )
