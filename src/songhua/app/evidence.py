"""A lead as it is kept: evidence to draw, innocent explanations and their outcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.quality.fraud.lead import Innocent, Lead
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.verdict import Floats
from songhua.standards import is_valid_mark

MOST_POINTS = 2_400
_PLACES = 6
_UNTESTED = {
    "windless": ("没有该时段的风速数据", "there is no wind speed of these hours"),
    "neighbours_still": ("周边没有可比的数值", "the neighbours have no values to compare"),
}
_UNKNOWN = ("缺少检验所需的数据", "the data to test it are missing")
_LOWER = frozenset({"cleaner", "attenuated", "unfollowing", "clipped"})
_MARKED = 0.2
"""Share of marked hours from which maintenance may explain a lead."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Which values were marked as no measurement: calibration, maintenance, review.

    Parameters
    ----------
    senders
        Sites whose values carry marks at all.
    times
        Of a site and quantity. [µs since 1970-01-01 UTC]
    """

    senders: frozenset[str]
    times: Mapping[tuple[str, str], NDArray[np.int64]]


def evidence(lead: Lead, panel: Panel) -> dict[str, Any]:
    """Return what shows a lead, as JSON: series and what it is laid beside, digits, limit."""
    frame = lead.evidence
    every = -(-frame.height // MOST_POINTS)
    thin = frame.gather_every(every)
    times = thin["time"].dt.epoch("s").to_list()
    told: dict[str, Any] = {
        "series": {
            "first": times[0],
            "step": int(panel.step // 1_000_000) * every,
            "values": _plain(thin["value"].to_numpy()),
            "reference": _plain(thin["reference"].to_numpy()),
        },
        "reference_is": "source" if lead.kind == "repeated" else "neighbours",
        "numbers": lead.numbers,
        "also": list(lead.also),
        "days": round(panel.times.size * panel.step / 8.64e10, 1),
        "limit": panel.limits.get(lead.quantity) if lead.kind == "hugging" else None,
    }
    if lead.kind == "digits":
        told["digits"] = _digits(lead, panel)
    return told


def innocent(lead: Lead, panel: Panel, marked: Marked) -> list[Mapping[str, Any]]:
    """Return the explanations with their outcome, those of the platform's own records too."""
    found = [_outcome(one) for one in lead.innocent]
    found.append(_maintained(lead, panel, marked))
    if lead.kind in _LOWER:
        found.append(_rained(lead, panel))
    return found


def marked_times(rows: pl.DataFrame) -> Marked:
    """Return where values were marked as no measurement, of sites that send marks.

    Parameters
    ----------
    rows
        site, quantity, time, mark.
    """
    invalid = rows.filter(~pl.col("mark").map_elements(is_valid_mark, return_dtype=pl.Boolean))
    by_series = invalid.group_by("site", "quantity").agg(pl.col("time").dt.epoch("us"))
    return Marked(
        frozenset(rows.filter(pl.col("mark") != "")["site"].unique().to_list()),
        {(site, quantity): np.array(times) for site, quantity, times in by_series.iter_rows()},
    )


def _outcome(one: Innocent) -> Mapping[str, Any]:
    known = bool(np.isfinite(one.number))
    told: dict[str, Any] = {"key": one.key, "zh": one.zh, "en": one.en, "number": None}
    if one.holds:
        return {**told, "outcome": "not_excluded", "number": _number(one.number)}
    if known:
        return {**told, "outcome": "excluded", "number": _number(one.number)}
    zh, en = _UNTESTED.get(one.key, _UNKNOWN)
    return {**told, "outcome": "not_tested", "because_zh": zh, "because_en": en}


def _maintained(lead: Lead, panel: Panel, marked: Marked) -> Mapping[str, Any]:
    """Say whether the instrument was being calibrated or mended, by the marks of its values."""
    told: dict[str, Any] = {
        "key": "maintenance",
        "zh": "仪器校准或维护（带此类标记的时次所占比例）",
        "en": "calibration or maintenance (share of times so marked)",
        "number": None,
    }
    if lead.sites[0] not in marked.senders:
        return {
            **told,
            "outcome": "not_tested",
            "because_zh": "来源不送数据标记",
            "because_en": "the source sends no marks",
        }
    times = marked.times.get((lead.sites[0], lead.quantity), np.array([], np.int64))
    inside = int(((times >= lead.start) & (times <= lead.end)).sum())
    share = inside / ((lead.end - lead.start) // panel.step + 1)
    outcome = "not_excluded" if share > _MARKED else "excluded"
    return {**told, "outcome": outcome, "number": round(share, 3)}


def _rained(lead: Lead, panel: Panel) -> Mapping[str, Any]:
    """Say whether it rained on this site alone."""
    told: dict[str, Any] = {
        "key": "rain",
        "zh": "该点位当时降水（平均，mm）",
        "en": "rain at the site (mean, mm)",
        "number": None,
    }
    rain = panel.values.get("precipitation")
    row = np.array([]) if rain is None else rain[panel.sites.index(lead.sites[0])]
    inside = row[(panel.times >= lead.start) & (panel.times <= lead.end)] if row.size else row
    held = inside[np.isfinite(inside)]
    if not held.size:
        return {
            **told,
            "outcome": "not_tested",
            "because_zh": "平台没有该点位的降水数据",
            "because_en": "the platform has no rain data of the site",
        }
    mean = float(held.mean())
    return {**told, "outcome": "not_excluded" if mean > 0 else "excluded", "number": _number(mean)}


def _digits(lead: Lead, panel: Panel) -> dict[str, list[float]]:
    """Return how often each last digit comes: inside the lead, and at all sites."""
    table = panel.values[lead.quantity]
    step = resolution(table)
    row = table[panel.sites.index(lead.sites[0])]
    inside = row[(panel.times >= lead.start) & (panel.times <= lead.end)]
    return {"here": _shares(inside, step), "all": _shares(table.ravel(), step)}


def _shares(values: Floats, step: float) -> list[float]:
    units = np.rint(values[np.isfinite(values)] / step)
    last = (units[units >= 10] % 10).astype(int)
    counts = np.bincount(last, minlength=10)
    return [round(float(one), 4) for one in counts / max(1, counts.sum())]


def _plain(values: Floats) -> list[float | None]:
    return [_number(one) if np.isfinite(one) else None for one in values.tolist()]


def _number(value: float) -> float:
    return float(f"{value:.{_PLACES}g}") + 0.0  # no -0: the registry may not keep its sign
