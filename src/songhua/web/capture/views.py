"""League tables with the reasons of loss, and the lost hours of one site as a picture."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import polars as pl
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from songhua.api.v1 import capture
from songhua.api.v1.subject import site_named
from songhua.assess.capture import VALID
from songhua.model import BEIJING, BadInput, UnknownName
from songhua.standards import PROVINCE, quantity
from songhua.standards.capture_losses import losses
from songhua.store.registry.models import Region

_TABS = ("city", "site", "operator", "quantity", "month")
_WIDTH = 240.0
"""Of a bar of 100 %. [px]"""


@require_GET
def ranked(request: HttpRequest) -> HttpResponse:
    """Show the league of a span of months."""
    asked = {name: request.GET.get(name, "")[:20] for name in ("month", "to", "by", "region")}
    by = asked["by"] if asked["by"] in capture.BY else "city"
    regions = list(Region.objects.filter(level__in=("province", "city"), own=True).order_by("code"))
    region = asked["region"] if asked["region"] in {one.code for one in regions} else PROVINCE
    fault = None
    try:
        which = capture.months(asked["month"], asked["to"])
    except BadInput as wrong:
        fault, which = wrong, capture.months("")
    found = capture.rated(which, by=by, region=region)
    former = {} if by == "month" else _former(which, by, region)
    rows = [_row(row, by, former) for row in found.to_dicts()]
    page = {
        "fault": fault,
        "which": which,
        "by": by,
        "tabs": _TABS,
        "regions": regions,
        "region": region,
        "rows": rows,
        "total": _row(_sum(found), "", {}) if rows else None,
        "legend": _legend(found),
        "span": _days(which),
    }
    return render(request, "capture/league.html", page)


@require_GET
def site(request: HttpRequest, key: str) -> HttpResponse:
    """Show what became of every hour of a site in a month."""
    try:
        named = site_named(key)
    except UnknownName as fault:
        raise Http404(str(fault)) from fault
    fault = None
    try:
        which = capture.months(request.GET.get("month", "")[:20])
    except BadInput as wrong:
        fault, which = wrong, capture.months("")
    states = capture.course(key, which)
    found = capture.rated(which, by="quantity", site=key)
    rates = {row["quantity"]: _row(row, "quantity", {}) for row in found.to_dicts()}
    page = {
        "fault": fault,
        "named": named,
        "which": which,
        "legend": _legend(found),
        "span": _days(which),
        "pictures": [
            {
                "quantity": quantity(name),
                "rate": rates[name],
                "days": (days := list(_picture(hours))),
                "height": 22 + 12 * len(days),
            }
            for name, hours in states.items()
            if name in rates
        ],
        "hours": [(hour, 44 + hour * 16) for hour in range(0, 24, 3)],
    }
    return render(request, "capture/site.html", page)


def _row(row: Mapping[str, Any], by: str, former: Mapping[Any, float]) -> dict[str, Any]:
    """Return a line of the league: its name, its rates, its bar of losses."""
    key = row[capture.BY[by][0]] if by else ""
    lost = row["expected"] - row["valid"]
    pieces, at = [], 0.0
    for one in losses().values():
        if row[one.key]:
            width = _WIDTH * row[one.key] / row["expected"]
            pieces.append({"loss": one, "hours": row[one.key], "x": at, "width": width})
            at += width
    before = former.get(key)
    return {
        **{name: row[name] for name in ("rank", "expected", "came", "valid")},
        **{name: row[name] for name in ("transmission", "validity", "capture")},
        "key": key,
        "zh": _name(row, by, "zh"),
        "en": _name(row, by, "en"),
        "city": (row.get("city_short") or "", row.get("city_en") or ""),
        "lost": lost,
        "pieces": pieces,
        "change": None if before is None or row["capture"] is None else row["capture"] - before,
    }


def _name(row: Mapping[str, Any], by: str, language: str) -> str:
    if by == "quantity":
        return quantity(row["quantity"]).symbol
    if by == "operator":
        return row["operator"] or ("未登记" if language == "zh" else "not registered")
    if by == "month":
        return str(row["month"])
    return str(row.get(f"name_{language}") or row.get("name_zh") or "")


def _former(which: capture.Months, by: str, region: str) -> dict[Any, float]:
    """Return the capture rates of the month before, where the platform held any hours then."""
    before = which.before()
    if before is None:
        return {}
    found = capture.rated(before, by=by, region=region)
    told = found.filter(pl.col("came") > 0).select(capture.BY[by][0], "capture")
    return dict(told.iter_rows())


def _sum(found: pl.DataFrame) -> dict[str, Any]:
    counts = ("expected", "came", VALID, *losses())
    row: dict[str, Any] = found.select(pl.col(name).sum() for name in counts).to_dicts()[0]
    share = {"transmission": ("came", "expected"), "validity": (VALID, "came")}
    share["capture"] = (VALID, "expected")
    for name, (part, whole) in share.items():
        row[name] = 100 * row[part] / row[whole] if row[whole] else None
    return {**row, "rank": None}


def _legend(found: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the reasons that occur, with their hours."""
    sums = found.select(pl.col(key).sum() for key in losses()).to_dicts()[0]
    return [
        {"loss": one, "hours": sums[key]} for key, one in losses().items() if (sums[key] or 0) > 0
    ]


def _picture(hours: Mapping[datetime, str]) -> Iterator[dict[str, Any]]:
    """Yield a line a day: its runs of hours of one state, as places in a picture."""
    days = groupby(sorted(hours.items()), key=lambda one: one[0].astimezone(BEIJING).date())
    for number, (day, told) in enumerate(days):
        runs = []
        for state, run in groupby(told, key=lambda one: one[1]):
            times = [time.astimezone(BEIJING).hour for time, _ in run]
            loss = losses().get(state)
            runs.append(
                {
                    "x": 44 + times[0] * 16,
                    "width": len(times) * 16 - 1,
                    "loss": loss,
                    "first": times[0],
                    "last": times[-1] + 1,
                }
            )
        yield {"day": day, "y": 18 + number * 12, "runs": runs}


def _days(which: capture.Months) -> tuple[datetime, datetime]:
    span = which.span
    return span.start.astimezone(BEIJING), (span.end - timedelta(seconds=1)).astimezone(BEIJING)
