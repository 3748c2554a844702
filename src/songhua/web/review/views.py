"""Pages of the review: who has to look at what, the bench, and how the units do."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import ports
from songhua.api.reviews import ReviewOrder, levels_of, may_review
from songhua.api.v1.review import queue
from songhua.api.v1.review.routes import days_asked
from songhua.api.v1.subject import site_named
from songhua.model import BadInput, UnknownName
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action
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
    levels = levels_of(user)
    cities = {row["city"]: both((row["city_zh"], row["city_en"])) for row in every}
    rows = [
        {**row, **_may(row, levels), "city_words": cities[row["city"]]}
        for row in every
        if not city or row["city"] == city
    ]
    parts = {name: [row for row in rows if _is_shown(row, name)] for name in SHOWN}
    page = {
        "listed": Paginator(parts[shown], _PAGE).get_page(asked.get("page")),
        "shown": shown,
        "counts": [(name, len(parts[name])) for name in SHOWN],
        "cities": sorted(cities.items()),
        "city": city,
        "first": first,
        "last": last,
        "levels": levels,
        "returns": range(1, max(levels, default=1)),
        "may_return": any(row["may_return"] for row in parts[shown]),
        "fault": fault,
        "said": asked.get("said", "")[:300],
    }
    return render(request, "review/queue.html", page)


@require_POST
@needs(Action.SEE_IMPORTS)
def decide(request: HttpRequest) -> HttpResponse:
    """Confirm several site-days at once, each at the level that is next, or return them."""
    orders = _returned(request) if "return" in request.POST else _confirmed(request)
    user, said = _user(request), []
    for order in orders:
        where = all(_covers(user, site) for site, _day in order.days)
        if not may_review(user, order.level) or not where:
            said.append(_("第 %(level)s 级不在您的权限内。") % {"level": order.level})
            continue
        try:
            ports.platform().review(order)
        except BadInput as fault:
            said.append(both((fault.zh, fault.en)))
            continue
        done = {"level": order.level, "n": len(order.days), "to": order.to}
        if order.act == "return":
            said.append(_("已把 %(n)s 个点位日退回第 %(to)s 级。") % done)
        else:
            said.append(_("第 %(level)s 级已确认 %(n)s 个点位日。") % done)
    kept = {name: request.POST.get(name, "")[:20] for name in ("from", "to", "city", "show")}
    told = " ".join(said) or _("没有选中点位日。")
    query = {**{name: value for name, value in kept.items() if value}, "said": told}
    return redirect(f"{reverse('review:queue')}?{urlencode(query)}")


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


def _may(row: Mapping[str, Any], levels: Sequence[int]) -> Mapping[str, bool]:
    """Return whether a reader may confirm a site-day from the list, or return it."""
    top = max(levels, default=0)
    return {
        "may_confirm": row["mine"] and not row["open"],
        "may_return": 0 < row["level"] <= top and top > 1,
    }


def _chosen(request: HttpRequest) -> list[tuple[str, date, int]]:
    """Return the site-days that a form names, each with its next level: ``1121A 2020-04-03 1``."""
    found = []
    for text in request.POST.getlist("day")[:1000]:
        try:
            site, day, level = text.split(" ")
            found.append((site, date.fromisoformat(day), int(level)))
        except ValueError:
            continue
    return found


def _confirmed(request: HttpRequest) -> list[ReviewOrder]:
    """Return what confirms the chosen days, an order a level."""
    by_level: dict[int, list[tuple[str, date]]] = {}
    for site, day, level in _chosen(request):
        by_level.setdefault(level, []).append((site, day))
    who = _user(request).get_username()
    return [
        ReviewOrder("confirm", level, who, days=tuple(days))
        for level, days in sorted(by_level.items())
    ]


def _returned(request: HttpRequest) -> list[ReviewOrder]:
    """Return what gives the chosen days back to a level, with an opinion."""
    days = tuple((site, day) for site, day, _level in _chosen(request))
    if not days:
        return []
    user, back = _user(request), request.POST.get("back", "1")
    to = int(back) if back in ("1", "2") else 1
    level = max(levels_of(user), default=1)
    words = request.POST.get("opinion", "")[:501]
    return [ReviewOrder("return", level, user.get_username(), words=words, days=days, to=to)]


def _covers(user: User, site: str) -> bool:
    try:
        return user.covers(site_named(site).region)
    except UnknownName:
        return False


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
