"""Pages of stations and regions, and the page that explains a number."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.http import require_GET

from songhua.api.v1 import series
from songhua.api.v1.asked import INDEX, POLLUTANTS
from songhua.api.v1.cities.when import When
from songhua.api.v1.corrections import REASONS
from songhua.api.v1.subject import Subject
from songhua.api.v1.why import Question, explained
from songhua.model import BadInput, UnknownName
from songhua.standards import aqi_rule
from songhua.web.stations.identity import Identity, region_identity, site_identity
from songhua.web.templatetags import say
from songhua.web.templatetags.say import both

_ASKED = {"period": "hour", "scope": "site", "subject": "", "time": "", "as_of": ""}
_WHAT = {
    "hour": gettext_noop("小时 AQI"),
    "day": gettext_noop("日 AQI"),
    "month": gettext_noop("月统计"),
    "quarter": gettext_noop("季统计"),
    "year": gettext_noop("年统计"),
}
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
        return _refused(request, fault, 404)
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
            "may_correct": who.scope == "site" and _may(request, who.region, "correct"),
            "sees_verdicts": who.scope == "site" and _may(request, who.region, "see_imports"),
            "why": reverse("stations:why"),
        },
    }
    return render(request, "stations/station.html", page)


def _may(request: HttpRequest, region: str, action: str) -> bool:
    user = request.user
    return user.is_authenticated and user.may(action) and user.covers(region)


def _quantities() -> list[dict[str, Any]]:
    described = [series.described(name) for name in (INDEX, *POLLUTANTS)]
    return [{**one, "title": both((one["zh"], one["en"]))} for one in described]


def _ms(ends: tuple[datetime, datetime] | None) -> list[int] | None:
    return None if ends is None else [round(at.timestamp() * 1000) for at in ends]


@require_GET
def why(request: HttpRequest) -> HttpResponse:
    """Show how a figure came about, with every input, step and clause."""
    asked = {name: request.GET.get(name, usual) for name, usual in _ASKED.items()}
    try:
        ask = Question.read(**asked)
        found = explained(ask, request.GET.get("figure", ""))
    except UnknownName as fault:
        return _refused(request, fault, 404)
    except BadInput as fault:
        return _refused(request, fault, 400)
    named = [(name, value) for name, value in asked.items() if name != "as_of"]
    query = urlencode({name: value for name, value in asked.items() if value})
    page = {
        "title": _title(found),
        "when": _when(ask),
        "what": gettext(_WHAT[ask.period]),
        "found": found,
        "start": ask.start,
        "asked": named,
        "as_of": asked["as_of"][:10],
        "now": f"?{urlencode(named)}",
        "data": f"/api/v1/air/why?{query}",
        "back": _back(ask),
        "edition": aqi_rule(on=ask.last).edition,
    }
    return render(request, "stations/why.html", page)


def _title(found: Mapping[str, Any]) -> str:
    figure = found["figure"]
    if found["kind"] == "days":
        value = None if figure["composite"] is None else f"{figure['composite']:.2f}"
        none = gettext("为什么没有综合指数")
    else:
        value, none = figure["aqi"], gettext("为什么没有 AQI")
    return none if value is None else gettext("为什么是 %(value)s") % {"value": value}


def _when(ask: Question) -> str:
    if ask.period == "hour":
        return say.hour(ask.start)
    if ask.period == "day":
        return say.day(ask.first)
    whole = When(ask.first, ask.period)
    return both((whole.zh, whole.en))


def _back(ask: Question) -> str:
    name = "stations:station" if ask.scope == "site" else "stations:region"
    address = reverse(name, args=[ask.who.key])
    if ask.period not in {"hour", "day"}:
        return f"{address}?period=day&from={ask.first}&to={ask.last}"
    at = f"{ask.span.start:%Y-%m-%dT%H}" if ask.period == "hour" else str(ask.first)
    return f"{address}?period={ask.period}&at={at}"


def _refused(request: HttpRequest, fault: BadInput, status: int) -> HttpResponse:
    words = both((fault.zh, fault.en))
    return render(request, "stations/unknown.html", {"fault": words}, status=status)
