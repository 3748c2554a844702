"""All detectors over a panel, thresholds from clean data, leads with their evidence."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import polars as pl

from songhua.model import BadInput
from songhua.quality.fraud import company, copies, values, waves, works
from songhua.quality.fraud.innocent import explanations
from songhua.quality.fraud.lead import Lead, Trace
from songhua.quality.fraud.panel import Panel
from songhua.quality.verdict import Floats

Detector = Callable[[Panel], Iterator[Trace]]
Curve = Sequence[tuple[float, float]]
"""Of a kind: numbers of the detector, and how many leads a site-year of clean data reach each."""
Found = tuple[int, int, float]
"""First place, place after the last, highest number."""

DETECTORS: Mapping[str, Detector] = {
    "constant": values.constant,
    "repeated": copies.repeated,
    "hugging": values.hugging,
    "clipped": values.clipped,
    "digits": values.digits,
    "periodic": waves.periodic,
    "attenuated": company.attenuated,
    "calm": company.calm,
    "inspected": company.inspected,
    "cleaner": company.cleaner,
    "unfollowing": company.unfollowing,
    "clock": company.clock,
    "stopped": works.stopped,
    "dilution": works.dilution,
    "setting": works.setting,
}
SHARES: Mapping[str, float] = {
    "unfollowing": 0.23,
    "calm": 0.17,
    "setting": 0.17,
    "cleaner": 0.08,
    "attenuated": 0.06,
    "inspected": 0.06,
    "clipped": 0.04,
    "clock": 0.04,
    "periodic": 0.04,
    "constant": 0.02,
    "digits": 0.02,
    "dilution": 0.02,
    "hugging": 0.02,
    "repeated": 0.02,
    "stopped": 0.02,
}
"""Of each kind, of all false leads: more where one more false lead finds most."""
USUAL_SCORE = 0.5  # one false lead a site-year, of all kinds together
_MOST_POINTS = 2_000


@cache
def calibration(medium: str) -> Mapping[str, Curve]:
    """Return the curves that are delivered with the code, from clean series of a medium.

    Raises
    ------
    BadInput
        If there are none of this medium.
    """
    text = (files("songhua.quality.fraud") / "calibration.json").read_text(encoding="utf-8")
    every = json.loads(text)
    if medium not in every:
        told = "、".join(every)
        raise BadInput(
            f"介质须为 {told}：{medium}。", f"The medium must be one of {told}: {medium}."
        )
    return {kind: [(a, b) for a, b in curve] for kind, curve in every[medium].items()}


def traces(panel: Panel, kinds: Iterable[str] = tuple(DETECTORS)) -> list[Trace]:
    """Return what every detector says, before any threshold."""
    return [trace for kind in kinds for trace in DETECTORS[kind](panel)]


def merged(trace: Trace, threshold: float) -> list[Found]:
    """Return spans of windows that reach a threshold; those that touch are one."""
    found: list[Found] = []
    over = np.flatnonzero(trace.stat >= threshold)
    for number in over[np.argsort(trace.starts[over], kind="stable")]:
        start, end = int(trace.starts[number]), int(trace.ends[number])
        stat = float(trace.stat[number])
        if found and start <= found[-1][1]:
            first, last, most = found[-1]
            found[-1] = (first, max(last, end), max(most, stat))
        else:
            found.append((start, end, stat))
    return found


def calibrate(all_traces: Iterable[Trace], years: float) -> dict[str, list[tuple[float, float]]]:
    """Return the curves of clean series: for each kind, leads a site-year at each number."""
    by_kind: dict[str, list[Trace]] = {}
    for trace in all_traces:
        by_kind.setdefault(trace.kind, []).append(trace)
    curves = {}
    for kind, group in by_kind.items():
        held = np.concatenate([t.stat[np.isfinite(t.stat)] for t in group])
        if not held.size:
            continue
        top = np.sort(held)[-_MOST_POINTS:]
        at = np.unique(np.quantile(top, 1 - np.geomspace(1 / top.size, 1, 40)))
        at = np.unique(np.append(at, top[-1]))
        rates = np.array([sum(len(merged(t, x)) for t in group) / years for x in at])
        rates = np.maximum.accumulate(rates[::-1])[::-1]  # low thresholds melt leads into one
        keep = np.append(rates[1:] != rates[:-1], True)  # the highest number of each rate
        curves[kind] = [
            (round(float(number), 4), round(float(rate), 5))
            for number, rate in zip(at[keep], rates[keep], strict=True)
        ]
    return curves


def rate_at(curve: Curve, stat: Floats) -> Floats:
    """Return leads a site-year of clean data at each number.

    Beyond what clean data showed the logarithm goes on falling as it did over the last half of
    the curve, at the least by half for each tenth of the number.
    """
    at = np.array([number for number, _ in curve])
    rates = np.log(np.array([rate for _, rate in curve]))
    found = np.interp(stat, at, rates)
    beyond = stat > at[-1]
    slope = np.log(2) / max(0.1 * abs(at[-1]), 1e-9)
    found = np.where(beyond, rates[-1] - slope * (stat - at[-1]), found)
    return np.asarray(np.exp(found), np.float64)


def find(
    panel: Panel,
    *,
    medium: str = "air",
    kinds: Iterable[str] = tuple(DETECTORS),
    least: float = USUAL_SCORE,
    curves: Mapping[str, Curve] | None = None,
) -> list[Lead]:
    """Return leads of a score of at least `least`, the strongest first."""
    curves = calibration(medium) if curves is None else curves
    found = []
    for trace in traces(panel, kinds):
        curve = curves.get(trace.kind)
        if not curve:
            continue
        share = SHARES[trace.kind]
        for start, end, stat in merged(trace, threshold(curve, least, share)):
            score = 1 / (1 + float(rate_at(curve, np.array([stat]))[0]) / share)
            found.append(_lead(panel, trace, (start, end, stat), score))
    return one_each(found)


def one_each(leads: Iterable[Lead]) -> list[Lead]:
    """Return the strongest lead of each span: others of the series at the same time join it.

    Two belong together where they share half of the shorter. A lead that is excused joins one
    that is not, never the reverse.
    """
    found: list[Lead] = []
    ordered = sorted(leads, key=lambda x: (x.excused, -x.score, x.sites, x.quantity, x.start))
    for lead in ordered:
        for number, head in enumerate(found):
            shared = min(lead.end, head.end) - max(lead.start, head.start)
            shorter = min(lead.end - lead.start, head.end - head.start)
            same = lead.quantity == head.quantity and lead.sites[0] == head.sites[0]
            if same and shared >= 0.5 * shorter:
                if lead.kind != head.kind and lead.kind not in head.also:
                    found[number] = replace(head, also=(*head.also, lead.kind))
                break
        else:
            found.append(lead)
    return sorted(found, key=lambda lead: (-lead.score, lead.sites, lead.quantity, lead.start))


def threshold(curve: Curve, least: float, share: float = 1) -> float:
    """Return the number that a lead of so high a score must reach."""
    allowed = share * (1 / least - 1)
    top = curve[-1][0] + 3 * abs(curve[-1][0]) + 1
    at = np.linspace(curve[0][0], top, 4000)
    fits = np.flatnonzero(rate_at(curve, at) <= allowed)
    return float(at[fits[0]]) if fits.size else float(top)


def _lead(panel: Panel, trace: Trace, span: Found, score: float) -> Lead:
    start, end, stat = span
    end = min(end, panel.times.size)
    row = panel.values[trace.quantity][trace.site]
    near = panel.reference(trace.quantity)[trace.site]
    length = end - start
    low, high = max(0, start - length), min(panel.times.size, end + length)
    other, place = trace.other
    if other >= 0:  # what it repeats, laid beside it
        near = np.full_like(row, np.nan)
        source = panel.values[trace.quantity][other][place : place + length]
        near[start : start + source.size] = source
    evidence = pl.DataFrame(
        {"time": panel.times[low:high], "value": row[low:high], "reference": near[low:high]}
    ).with_columns(pl.from_epoch("time", "us").dt.replace_time_zone("UTC"))
    inside, outside = row[start:end], np.delete(row[low:high], np.s_[start - low : end - low])
    numbers = {
        "stat": stat,
        "median": _middle(inside),
        "median_around": _middle(outside),
        "median_reference": _middle(near[start:end]),
        "movement": _middle(np.abs(np.diff(inside))),
        "movement_around": _middle(np.abs(np.diff(outside))),
    }
    if other >= 0:
        numbers["repeats_from"] = float(panel.times[place])
    sites: tuple[str, ...] = (panel.sites[trace.site],)
    if other >= 0 and other != trace.site:
        sites += (panel.sites[other],)
    return Lead(
        trace.kind,
        sites,
        trace.quantity,
        int(panel.times[start]),
        int(panel.times[end - 1]),
        score,
        {key: round(number, 6) for key, number in numbers.items() if np.isfinite(number)},
        evidence,
        explanations(panel, trace, start, end),
    )


def _middle(given: Floats) -> float:
    held = given[np.isfinite(given)]
    return float(np.median(held)) if held.size else float("nan")
