"""What a reviewer sees beside the values of a site: marks of the station, and its log."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
from django.db.models import Q

from songhua.api.v1.review.course import CALIBRATIONS, STEPS
from songhua.api.v1.review.evidence import in_words, rules_by_name
from songhua.model import Period
from songhua.standards import QUANTITIES, quantity, station_marks
from songhua.store import shelf
from songhua.store.registry.models import Device
from songhua.store.registry.twoway import Command, Gap

WEATHER = ("temperature", "humidity", "pressure", "wind_speed", "wind_direction", "precipitation")
_SHOWN = ("T", "RM", "RQ", "RV", "", "N")
"""Marks that are no event of the station."""
MOST_DAYS = 100
"""Beyond, only the log is told: marks and findings of years are the chart's."""
_MOST = 200
_GAPS_EN: Mapping[str, str] = {
    "open": "missing",
    "closed": "came later",
    "nothing": "the site has none",
}


def beside(site: str, period: str, span: Period, *, with_log: bool) -> dict[str, Any]:
    """Return events, findings, weather and log of a site.

    Returns
    -------
    dict
        measured: which quantities have values, and whether they are weather; events: runs of a
        station's mark; findings: verdicts with evidence, a line a run; log: requests, gaps and
        photos, newest first; whole: whether marks and findings are told.
    """
    whole = span.end - span.start <= timedelta(days=MOST_DAYS)
    found: dict[str, Any] = {"whole": whole, "events": [], "findings": [], "measured": []}
    if whole:
        rows = shelf().observations(period=period, span=span, sites=[site])
        measured = [key for key in QUANTITIES if key in set(rows["quantity"].unique())]
        verdicts = shelf().verdicts(period=period, span=span, sites=[site])
        found |= {
            "measured": [_described(key) for key in measured],
            "events": _events(rows, period),
            "findings": _findings(verdicts, rows, period),
        }
    found["log"] = _log(site, span) if with_log else []
    return found


def _events(rows: pl.DataFrame, period: str) -> list[dict[str, Any]]:
    """Return runs of steps with the same mark: calibration, fault, wait."""
    marked = rows.filter(~pl.col("mark").is_in(_SHOWN))
    known = station_marks()
    return [
        {
            **{name: run[name] for name in ("quantity", "mark", "from", "to", "n")},
            "kind": "calibration" if run["mark"] in CALIBRATIONS else "state",
            "zh": (known[run["mark"]].name_zh if run["mark"] in known else "") or run["mark"],
            "en": known[run["mark"]].name_en if run["mark"] in known else run["mark"],
        }
        for run in _runs(marked, "mark", period)[:_MOST]
    ]


def _findings(verdicts: pl.DataFrame, rows: pl.DataFrame, period: str) -> list[dict[str, Any]]:
    """Return verdicts of neighbouring steps with the same checks as one line, the worst first."""
    checks = pl.col("evidence").str.extract_all(r"(\S+?)=").list.sort().list.join(" ")
    told = verdicts.with_columns(checks.alias("mark"))
    known = rules_by_name()
    evidence = {(row["quantity"], row["time"]): row for row in told.iter_rows(named=True)}
    reviewed = {
        (row["quantity"], row["time"])
        for row in rows.filter(pl.col("mark").is_in(["RM", "RQ", "RV", "T"]))
        .select("quantity", "time")
        .iter_rows(named=True)
    }
    found = []
    for run in _runs(told, "mark", period)[: _MOST * 2]:
        first = evidence[run["quantity"], run["at"]]
        found.append(
            {
                **{name: run[name] for name in ("quantity", "from", "to", "n")},
                "verdict": run["worst"],
                "evidence": in_words(first["evidence"], known),
                "reviewed": (run["quantity"], run["at"]) in reviewed,
            }
        )
    found.sort(key=lambda one: (one["reviewed"], -one["verdict"], one["from"]))
    return found


def _runs(rows: pl.DataFrame, by: str, period: str) -> list[dict[str, Any]]:
    """Return runs of neighbouring steps with the same word: quantity, from, to [ms], n."""
    if rows.is_empty():
        return []
    step = STEPS[period]
    worst = "verdict" if "verdict" in rows.columns else None
    parts = rows.sort("quantity", "time").with_columns(
        (
            (pl.col("time").diff() != step)
            | (pl.col(by) != pl.col(by).shift())
            | (pl.col("quantity") != pl.col("quantity").shift())
        )
        .fill_null(value=True)
        .cum_sum()
        .alias("run")
    )
    runs = parts.group_by("run", maintain_order=True).agg(
        pl.col("quantity").first(),
        pl.col(by).first().alias("mark"),
        pl.col("time").first().alias("at"),
        pl.col("time").last().alias("last"),
        pl.len().alias("n"),
        (pl.col(worst).max() if worst else pl.lit(0)).alias("worst"),
    )
    return [
        {
            **{name: row[name] for name in ("quantity", "mark", "at", "n", "worst")},
            "from": _ms(row["at"]),
            "to": _ms(row["last"] + step),
        }
        for row in runs.sort("at").iter_rows(named=True)
    ]


def _log(site: str, span: Period) -> list[dict[str, Any]]:
    """Return what was asked of the site's logger and what did not come, newest first."""
    mns = list(Device.objects.filter(site_id=site).values_list("mn", flat=True))
    around = Q(asked_at__gte=span.start, asked_at__lt=span.end)
    asked = Command.objects.filter(around | Q(gaps__first__lt=span.end, gaps__last__gte=span.start))
    commands = asked.filter(mn__in=mns).distinct().order_by("-asked_at")[:_MOST]
    gaps = Gap.objects.filter(site_id=site, first__lt=span.end, last__gte=span.start)
    lines: list[dict[str, Any]] = [_command(one) for one in commands]
    lines += [_gap(one) for one in gaps.order_by("-first")[:_MOST]]
    return sorted(lines, key=lambda one: -one["time"])


def _command(one: Command) -> dict[str, Any]:
    photo = one.cn == "photo" and any("seq" in step for step in one.steps)
    return {
        "kind": "photo" if one.cn == "photo" else "request",
        "number": one.pk,
        "time": _ms(one.asked_at),
        "zh": f"{one.cn} {one.get_state_display()}",
        "en": f"{one.cn} {one.state.replace('_', ' ')}",
        "why": one.why[:200],
        "author": one.author,
        "photo": photo,
    }


def _gap(one: Gap) -> dict[str, Any]:
    end = one.last + timedelta(hours=1)
    names: Sequence[str] = [_symbol(key) for key in one.quantities.split()]
    return {
        "kind": "gap",
        "number": one.pk,
        "time": _ms(one.first),
        "to": _ms(end),
        "zh": f"{one.get_state_display()} {'、'.join(names)}".strip(),
        "en": f"{_GAPS_EN.get(one.state, one.state)} {', '.join(names)}".strip(),
        "why": one.explanation[:200],
        "author": one.author,
        "photo": False,
    }


def _described(key: str) -> dict[str, Any]:
    one = quantity(key)
    return {
        "name": key,
        "symbol": one.symbol,
        "zh": one.name_zh,
        "en": one.name_en,
        "unit": one.unit,
        "places": one.places,
        "weather": key in WEATHER,
    }


def _symbol(key: str) -> str:
    return quantity(key).symbol if key in QUANTITIES else key


def _ms(at: Any) -> int:
    milliseconds: int = round(at.timestamp() * 1000)
    return milliseconds
