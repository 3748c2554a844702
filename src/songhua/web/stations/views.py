"""Pages of stations and regions, and the page that explains a number."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from songhua.api.v1 import series
from songhua.api.v1.asked import INDEX, POLLUTANTS
from songhua.api.v1.corrections import REASONS
from songhua.api.v1.subject import Subject
from songhua.model import UnknownName
from songhua.web.stations.identity import Identity, region_identity, site_identity
from songhua.web.templatetags.say import both

_TABS = ("calendar", "profile", "rose", "capture", "history")


@require_GET
def stations(request: HttpRequest) -> HttpResponse:
    """List every station with its air at the last hour on the shelf."""
    return render(request, "stations/list.html", {"pollutants": _quantities()[1:]})


@require_GET
def station(request: HttpRequest, key: str) -> HttpResponse:
    """Show one station: its course, days, profiles, what came in, what was corrected."""
    return _shown(request, key, site_identity)


@require_GET
def region(request: HttpRequest, key: str) -> HttpResponse:
    """Show a city or county the same way, from its own hours and days."""
    return _shown(request, key, region_identity)


def _shown(request: HttpRequest, key: str, find: Callable[[str], Identity]) -> HttpResponse:
    try:
        who = find(key)
    except UnknownName as fault:
        words = both((fault.zh, fault.en))
        return render(request, "stations/unknown.html", {"fault": words}, status=404)
    names = who.names
    ends = {
        period: series.ends(Subject(who.scope, who.key, who.zh, who.en, who.region), period)
        for period in ("hour", "day")
    }
    page = {
        "names": (names[0], names[1] if names[1] != names[0] else ""),
        "line": who.line,
        "identity": who.rows,
        "quantities": _quantities(),
        "has_hours": ends["hour"] is not None,
        "tabs": _TABS,
        "station": {
            "subject": {"site" if who.scope == "site" else "region": who.key},
            "scope": who.scope,
            "key": who.key,
            "names": names,
            "ends": {period: _ms(pair) for period, pair in ends.items()},
            "quantities": _quantities(),
            "reasons": [(kind, both(words)) for kind, words in REASONS.items() if kind != "undo"],
            "may_correct": who.scope == "site" and _may_correct(request, who.region),
            "why": reverse("stations:why"),
        },
    }
    return render(request, "stations/station.html", page)


def _may_correct(request: HttpRequest, region: str) -> bool:
    user = request.user
    return user.is_authenticated and user.may("correct") and user.covers(region)


def _quantities() -> list[dict[str, Any]]:
    described = [series.described(name) for name in (INDEX, *POLLUTANTS)]
    return [{**one, "title": both((one["zh"], one["en"]))} for one in described]


def _ms(ends: tuple[datetime, datetime] | None) -> list[int] | None:
    return None if ends is None else [round(at.timestamp() * 1000) for at in ends]


@require_GET
def why(request: HttpRequest) -> HttpResponse:
    """Show how a number came about."""
    return render(request, "stations/why.html", {"title": _("为什么是这个数")})
