"""The habits of one station or region: by hour and weekday, by wind, what came in, what changed."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db.models import Q
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1 import legend, series, shape
from songhua.api.v1.asked import Asked, asked, series_named
from songhua.api.v1.subject import Subject, subject
from songhua.model import BadInput, Period
from songhua.store import shelf
from songhua.store.registry.models import Correction, Reject

router = Router(tags=["air"])

WIND = ("wind_direction", "wind_speed")
MOST_ROWS = 500
_HOUR = timedelta(hours=1)
_FROM = Query("", alias="from")


@router.get("/air/profile")
def profile(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    quantity: str = "pm2_5",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return mean and quartiles by hour of day and by day of week.

    Weekdays are taken from hours where there are hours, else from days.
    """
    who = subject(site, region)
    name = _single(quantity)
    hours = series.course(who, asked(period="hour", start=start, end=to, as_of=as_of), name)
    local = pl.col("time").dt.convert_time_zone("Asia/Shanghai")
    base, by = hours, "hour"
    if hours.is_empty():
        base, by = (
            series.course(who, asked(period="day", start=start, end=to, as_of=as_of), name),
            "day",
        )
    return {
        "quantity": series.described(name),
        "base": by,
        "n": base.height,
        "hours": shape.profile(hours, local.dt.hour(), range(24)),
        "weekdays": shape.profile(base, local.dt.weekday(), range(1, 8)),
    }


@router.get("/air/rose")
def rose(
    request: HttpRequest,
    site: str,
    quantity: str = "pm2_5",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return how often the wind came from each side and how dirty it was, if wind is measured."""
    who = subject(site, "")
    ask = asked(period="hour", start=start, end=to, as_of=as_of)
    name = _single(quantity)
    wind = series.observed(who, ask, WIND)
    if wind.is_empty():
        return {"quantity": series.described(name), "wind": False, "hours": 0, "classes": []}
    wide = wind.pivot(on="quantity", on_columns=WIND, index="time", values="value")
    joined = wide.rename({"wind_direction": "direction", "wind_speed": "speed"}).join(
        series.course(who, ask, name), on="time"
    )
    classes = legend.bands(name, "hour", ask.span)[-1]["levels"]
    edges = [band["hi"] for band in classes if band["hi"] is not None]
    return {
        "quantity": series.described(name),
        "wind": True,
        "classes": classes,
        "levels": legend.levels(),
        **shape.rose(joined, edges),
    }


@router.get("/air/capture")
def capture(
    request: HttpRequest, site: str, start: str = _FROM, to: str = "", as_of: str = ""
) -> dict[str, Any]:
    """Return how much of what was due came in, by month and pollutant.

    Due is every hour of the span up to the last one on the shelf.
    """
    who = subject(site, "")
    ask = asked(period="hour", start=start, end=to, as_of=as_of)
    ends = shelf().times("hour")
    if ends is None or ends[1] < ask.span.start:
        return {"months": [], "expected": [], "quantities": []}
    due = Period(max(ask.span.start, ends[0]), min(ask.span.end, ends[1] + _HOUR))
    measured = list(legend.MEASURED)
    rows = series.observed(who, Asked("hour", due, ask.as_of), measured)
    months, expected, counts = shape.capture(rows, due, measured)
    return {
        "months": months,
        "expected": expected,
        "quantities": [{**series.described(name), "valid": counts[name]} for name in measured],
    }


@router.get("/air/history")
def history(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return what people corrected in a span, newest first, and the rows that files had refused.

    `rejects` is null for a reader who may not see imports.
    """
    who = subject(site, region)
    ask = asked(period="hour", start=start, end=to, as_of=as_of)
    rows = Correction.objects.filter(
        site=who.key, time__gte=ask.span.start, time__lt=ask.span.end
    ).order_by("-journal_seq")
    if ask.as_of is not None:
        rows = rows.filter(at__lte=ask.as_of)
    sees = request.user.is_authenticated and request.user.may("see_imports")
    return {
        "corrections": [_corrected(row) for row in rows[:MOST_ROWS]],
        "rejects": _rejects(who) if sees else None,
    }


def _corrected(row: Correction) -> dict[str, Any]:
    one = series.described(row.quantity)
    return {
        "time": _ms(row.time),
        "period": row.period,
        "quantity": row.quantity,
        "symbol": one["symbol"],
        "places": one["places"],
        "former": row.former,
        "value": row.value,
        "reason": row.reason,
        "author": row.author,
        "at": _ms(row.at),
        "revision": row.journal_seq,
    }


def _rejects(who: Subject) -> list[dict[str, Any]]:
    """Return the refused rows that name the subject, newest file first."""
    named = Q(raw__contains=who.key) | Q(raw__contains=who.zh)
    rows = Reject.objects.filter(named).select_related("file").order_by("-file_id", "line")
    return [
        {
            "file": row.file.name,
            "line": row.line,
            "raw": row.raw,
            "fault": row.fault,
            "zh": row.detail_zh,
            "en": row.detail_en,
        }
        for row in rows[:MOST_ROWS]
    ]


def _single(name: str) -> str:
    names = series_named(name)
    if len(names) != 1:
        raise BadInput("一次只看一个指标。", "Ask for one quantity at a time.")
    return names[0]


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
