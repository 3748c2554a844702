"""The reviewer's bench: one site's values with everything that helps to judge them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from songhua.api.reviews import levels_of
from songhua.api.v1.review.course import STEPS
from songhua.api.v1.review.routes import days_asked
from songhua.api.v1.subject import site_named
from songhua.model import BEIJING, BadInput, Period, UnknownName
from songhua.quality.checks.company import nearest
from songhua.standards import POLLUTANTS, QUANTITIES, quantity, review_reasons, station_marks
from songhua.store import shelf
from songhua.store.registry.models import Device, User
from songhua.store.registry.rights import Action
from songhua.store.registry.sites import sites
from songhua.web.access import needs
from songhua.web.templatetags.say import both

_WITHIN_KM = 50.0
_NEIGHBOURS = 4
_MOST_DAYS = 31
_REFETCH = {"minute": "2051", "hour": "2061", "day": "2031"}
"""The command that brings values of a period again."""


@require_GET
@needs(Action.SEE_IMPORTS)
def bench(request: HttpRequest) -> HttpResponse:
    """Show the values of one site with everything a reviewer needs beside them."""
    asked = request.GET
    try:
        who = site_named(asked.get("site", "")[:40])
        first, last = days_asked(asked.get("from", ""), asked.get("to", asked.get("from", "")))
        period = asked.get("period", "hour")
        period = period if period in STEPS else "hour"
        name = quantity(asked["q"][:30]).key if "q" in asked else _worst(who.key, first, last)
    except UnknownName as fault:
        page = {"fault": both((fault.zh, fault.en))}
        return render(request, "stations/unknown.html", page, status=404)
    except BadInput as fault:
        page = {"fault": both((fault.zh, fault.en))}
        return render(request, "stations/unknown.html", page, status=400)
    user = _user(request)
    here = user.covers(who.region)
    device = Device.objects.filter(site_id=who.key, active=True).first()
    shown: dict[str, Any] = {
        "name": both((who.zh, who.en)),
        "refetch": _REFETCH[period],
        "first": first,
        "last": last,
        "quantities": [_described(one) for one in POLLUTANTS],
        "device": device,
        "may_request": device is not None and here and user.may(Action.REQUEST),
        "bench": {
            "site": who.key,
            "name": both((who.zh, who.en)),
            "from": first.isoformat(),
            "to": last.isoformat(),
            "quantity": name,
            "period": period,
            "quantities": [_described(one) for one in POLLUTANTS],
            "neighbours": _neighbours(who.key),
            "levels": levels_of(user) if here else [],
            "reasons": _reasons(),
            "marks": {
                key: {"zh": one.name_zh or key, "en": one.name_en}
                for key, one in station_marks().items()
            },
            "me": user.get_username(),
        },
    }
    return render(request, "review/bench.html", shown)


def _worst(site: str, first: date, last: date) -> str:
    """Return the quantity of which the checks found most."""
    if not 0 <= (last - first).days < _MOST_DAYS:
        return "pm2_5"
    judged = shelf().verdicts(period="hour", span=Period.days(first, last), sites=[site])
    found = judged.filter(pl.col("quantity").is_in(list(QUANTITIES)))["quantity"].mode().sort()
    return str(found[0]) if len(found) else "pm2_5"


def _reasons() -> Sequence[Mapping[str, Any]]:
    today = datetime.now(BEIJING).date()
    return [
        {"key": one.key, "zh": one.zh, "en": one.en, "verdicts": one.verdicts}
        for one in review_reasons(today).values()
    ]


def _described(key: str) -> dict[str, Any]:
    one = quantity(key)
    return {
        "name": key,
        "symbol": one.symbol,
        "title": both((one.name_zh, one.name_en)),
        "unit": one.unit,
        "places": one.places,
    }


def _neighbours(site: str) -> Sequence[Mapping[str, Any]]:
    """Return the nearest other sites, nearest first."""
    known = (
        sites()
        .sort("valid_from")
        .unique("site", keep="last", maintain_order=True)
        .drop_nulls(["lon", "lat"])
    )
    place = known.with_row_index("n").filter(pl.col("site") == site)
    if place.is_empty():
        return []
    near = nearest(
        np.asarray(known["lon"].to_numpy()),
        np.asarray(known["lat"].to_numpy()),
        within_km=_WITHIN_KM,
    )[place["n"][0]]
    rows = [known.row(int(one), named=True) for one in near[:_NEIGHBOURS] if one >= 0]
    return [
        {"site": row["site"], "name": both((row["name_zh"], row["name_en"] or row["name_zh"]))}
        for row in rows
    ]


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
