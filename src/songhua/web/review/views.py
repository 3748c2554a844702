"""Pages of the review: who has to look at what, the bench, and how the units do."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

import numpy as np
import polars as pl
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import ports
from songhua.api.reviews import ReviewOrder, levels_of, may_review
from songhua.api.v1.review import queue
from songhua.api.v1.review.course import STEPS
from songhua.api.v1.review.routes import days_asked
from songhua.api.v1.subject import site_named
from songhua.model import BadInput, UnknownName
from songhua.quality.checks.company import nearest
from songhua.standards import POLLUTANTS, quantity
from songhua.store.registry.models import Device, User
from songhua.store.registry.rights import Action
from songhua.store.registry.sites import sites
from songhua.web.access import needs
from songhua.web.templatetags.say import both

_PAGE = 100
_WITHIN_KM = 50.0
SHOWN = ("todo", "mine", "returned", "late", "all")


@require_GET
@needs(Action.SEE_IMPORTS)
def queued(request: HttpRequest) -> HttpResponse:
    """List the site-days that wait, those that want a reviewer most first."""
    user, asked = _user(request), request.GET
    shown = asked.get("show", "todo")
    shown = shown if shown in SHOWN else "todo"
    city, fault = asked.get("city", "")[:6], None
    try:
        first, last = days_asked(asked.get("from", ""), asked.get("to", ""))
        every = queue.queue(user, first, last)
    except BadInput as found:
        fault, (first, last), every = both((found.zh, found.en)), queue.usual_days(), []
    cities = {row["city"]: both((row["city_zh"], row["city_en"])) for row in every}
    rows = [row for row in every if not city or row["city"] == city]
    parts = {name: [row for row in rows if _is_shown(row, name)] for name in SHOWN}
    page = {
        "listed": Paginator(parts[shown], _PAGE).get_page(asked.get("page")),
        "shown": shown,
        "counts": [(name, len(parts[name])) for name in SHOWN],
        "cities": sorted(cities.items()),
        "city": city,
        "first": first,
        "last": last,
        "levels": levels_of(user),
        "fault": fault,
        "said": asked.get("said", "")[:300],
    }
    return render(request, "review/queue.html", page)


@require_POST
@needs(Action.SEE_IMPORTS)
def confirm(request: HttpRequest) -> HttpResponse:
    """Confirm several site-days at once, each at the level that is next."""
    user = _user(request)
    said = []
    for level, days in sorted(_chosen(request).items()):
        if not may_review(user, level) or not all(_covers(user, site) for site, _day in days):
            said.append(_("第 %(level)s 级不在您的权限内。") % {"level": level})
            continue
        order = ReviewOrder("confirm", level, user.get_username(), days=tuple(days))
        try:
            ports.platform().review(order)
            said.append(
                _("第 %(level)s 级已确认 %(n)s 个点位日。") % {"level": level, "n": len(days)}
            )
        except BadInput as fault:
            said.append(both((fault.zh, fault.en)))
    kept = {name: request.POST.get(name, "")[:20] for name in ("from", "to", "city", "show")}
    told = " ".join(said) or _("没有选中点位日。")
    query = {**{name: value for name, value in kept.items() if value}, "said": told}
    return redirect(f"{reverse('review:queue')}?{urlencode(query)}")


@require_GET
@needs(Action.SEE_IMPORTS)
def bench(request: HttpRequest) -> HttpResponse:
    """Show the values of one site with everything a reviewer needs beside them."""
    asked = request.GET
    try:
        who = site_named(asked.get("site", "")[:40])
        first, last = days_asked(asked.get("from", ""), asked.get("to", asked.get("from", "")))
        name = quantity(asked.get("q", "pm2_5")[:30]).key
    except UnknownName as fault:
        page = {"fault": both((fault.zh, fault.en))}
        return render(request, "stations/unknown.html", page, status=404)
    except BadInput as fault:
        page = {"fault": both((fault.zh, fault.en))}
        return render(request, "stations/unknown.html", page, status=400)
    user = _user(request)
    period = asked.get("period", "hour")
    here = user.covers(who.region)
    device = Device.objects.filter(site_id=who.key, active=True).first()
    page = {
        "who": who,
        "name": both((who.zh, who.en)),
        "one_day": first == last,
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
            "period": period if period in STEPS else "hour",
            "quantities": [_described(one) for one in POLLUTANTS],
            "neighbours": _neighbours(who.key),
            "levels": levels_of(user) if here else [],
            "me": user.get_username(),
        },
    }
    return render(request, "review/bench.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def statistics(request: HttpRequest) -> HttpResponse:
    """Show by city how much was reviewed, how fast, and how much was returned."""
    fault = None
    try:
        first, last = days_asked(request.GET.get("from", ""), request.GET.get("to", ""))
        units = queue.statistics(_user(request), first, last)
    except BadInput as found:
        fault, (first, last), units = both((found.zh, found.en)), queue.usual_days(), []
    page = {"units": units, "first": first, "last": last, "fault": fault}
    return render(request, "review/statistics.html", page)


def _is_shown(row: Mapping[str, Any], name: str) -> bool:
    if name == "mine":
        return bool(row["mine"])
    if name == "todo":
        return bool(row["next"] is not None or row["changed"])
    return name == "all" or bool(row[name])


def _chosen(request: HttpRequest) -> dict[int, list[tuple[str, date]]]:
    """Return the site-days that a form names, by level: ``1121A 2020-04-03 1``."""
    found: dict[int, list[tuple[str, date]]] = {}
    for text in request.POST.getlist("day")[:1000]:
        try:
            site, day, level = text.split(" ")
            found.setdefault(int(level), []).append((site, date.fromisoformat(day)))
        except ValueError:
            continue
    return found


def _covers(user: User, site: str) -> bool:
    try:
        return user.covers(site_named(site).region)
    except UnknownName:
        return False


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
    rows = [known.row(int(one), named=True) for one in near if one >= 0]
    return [
        {"site": row["site"], "name": both((row["name_zh"], row["name_en"] or row["name_zh"]))}
        for row in rows
    ]


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
