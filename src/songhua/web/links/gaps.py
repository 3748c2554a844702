"""Gaps: what the loggers of a week delivered, what is missing, and what a person does about it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import ports
from songhua.api.v1.links import asking
from songhua.assess.gaps import delivered_by_day
from songhua.model import BEIJING, BadInput, Period, UnknownName
from songhua.store import shelf
from songhua.store.registry import exchanges, fleet
from songhua.store.registry.models import Device, Gap, User
from songhua.store.registry.rights import Action
from songhua.store.registry.twoway import GAP_STATES
from songhua.web.access import needs

_PAGE, _ROWS = 50, 30
_DAYS = 7
_USUAL = timedelta(days=30)
_GRACE = timedelta(minutes=30)
_HOUR = timedelta(hours=1)
_STEPS = (1.0, 0.95, 0.75, 0.5, 0.0001)
"""Shares from which a cell is drawn in each of five steps, the fullest first; below, the last."""
_REASONS = ("power", "maintenance", "instrument", "line", "other")


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show a week of deliveries as a picture, then the gaps."""
    user = _user(request)
    every = asking.gaps_of(user)
    site, state = request.GET.get("site", "")[:40], request.GET.get("state", "open")[:12]
    counts = Counter(every.order_by().values_list("state", flat=True))
    rows = every.filter(site_id=site) if site else every
    rows = rows.filter(state=state) if state != "all" else rows
    loggers = list(fleet.devices_of(user).exclude(site=None))
    names = {one.site_id: one.name for one in loggers}
    missing = Counter(every.filter(state="open").order_by().values_list("site_id", flat=True))
    ranked = sorted(loggers, key=lambda one: (-missing[one.site_id or ""], one.mn))
    since = exchanges.expected_since()
    heard = [one for one in ranked if one.site_id in since]  # others have nothing to show
    part = Paginator(heard, _ROWS).get_page(request.GET.get("rows"))
    found = Paginator(rows.prefetch_related("commands"), _PAGE).get_page(request.GET.get("page"))
    page = {
        "picture": _picture(list(part), since, now=datetime.now(UTC)),
        "part": part,
        "unheard": len(ranked) - len(heard),
        "listed": found,
        "rows": [_row(one, names) for one in found],
        "site": site,
        "state": state,
        "states": [(name, counts[name]) for name, _words in GAP_STATES],
        "total": sum(counts.values()),
        "reasons": _REASONS,
        "may_ask": user.may(Action.REQUEST),
        "said": request.GET.get("said", "")[:300],
    }
    return render(request, "links/gaps.html", page)


@require_POST
@needs(Action.REQUEST)
def explain(request: HttpRequest, number: int) -> HttpResponse:
    """Note why the data of a gap will not come."""
    gap = _gap(request, number)
    who = _user(request).get_username()
    reason, words = request.POST.get("reason", ""), request.POST.get("words", "")
    try:
        exchanges.explain_gap(gap.pk, words, who, reason=reason)
        said = _("已说明。")
    except BadInput as fault:
        said = _said(fault)
    return _back(request, said)


@require_POST
@needs(Action.REQUEST)
def ask(request: HttpRequest, number: int) -> HttpResponse:
    """Ask the logger for a gap at once."""
    gap = _gap(request, number)
    try:
        ports.platform().ask_gap(gap.pk, _user(request).get_username())
        said = _("已向数采仪补取；经过见请求。")
    except BadInput as fault:
        said = _said(fault)
    return _back(request, said)


def _picture(
    loggers: Sequence[Device], since: Mapping[str, tuple[str, datetime]], *, now: datetime
) -> Mapping[str, Any]:
    """Return days, and a row of shares for each logger."""
    end = (now - _GRACE).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    today = end.astimezone(BEIJING).date()
    days = [today - timedelta(days=back) for back in reversed(range(_DAYS))]
    start = datetime.combine(days[0], datetime.min.time(), BEIJING).astimezone(UTC)
    wanted = {
        one.site_id: since[one.site_id][1]
        for one in loggers
        if one.site_id is not None and one.site_id in since
    }
    cells: dict[tuple[str, date], tuple[int, int]] = {}
    if wanted and end > start:
        span, sites = Period(start, end), sorted(wanted)
        usual = shelf().series(period="hour", span=Period(end - _USUAL, end), sites=sites)
        came = shelf().received(period="hour", span=span, sites=sites)
        found = delivered_by_day(came, usual, wanted, span)
        cells = {(one, day): (want, got) for one, day, want, got in found.iter_rows()}
    return {"days": days, "rows": [_line(one, days, cells) for one in loggers]}


def _line(
    logger: Device, days: Sequence[date], cells: Mapping[tuple[str, date], tuple[int, int]]
) -> Mapping[str, Any]:
    told = [cells.get((logger.site_id or "", day), (0, 0)) for day in days]
    want, got = sum(one[0] for one in told), sum(one[1] for one in told)
    return {
        "logger": logger,
        "cells": [_cell(day, *one) for day, one in zip(days, told, strict=True)],
        "week": _cell(days[-1], want, got),
    }


def _cell(day: date, want: int, got: int) -> Mapping[str, Any]:
    if not want:
        return {"day": day, "step": "none", "share": None, "want": 0, "got": 0}
    share = got / want
    step = next((n for n, least in enumerate(_STEPS) if share >= least), len(_STEPS))
    # 99.9 is not all: it is rounded down.
    return {"day": day, "step": step, "share": int(100 * share), "want": want, "got": got}


def _row(gap: Gap, names: Mapping[str | None, str]) -> Mapping[str, Any]:
    return {
        "one": gap,
        "name": names.get(gap.site_id, ""),
        "end": gap.last + _HOUR,
        "hours": round((gap.last - gap.first) / _HOUR) + 1,
        "quantities": "+".join(gap.quantities.split()),
        "requests": list(gap.commands.all())[:5],
        "may_end": gap.state in ("open", "nothing"),
    }


def _gap(request: HttpRequest, number: int) -> Gap:
    try:
        return asking.gap_numbered(_user(request), number)
    except UnknownName:
        raise Http404 from None


def _said(fault: BadInput) -> str:
    return fault.en if get_language() == "en" else fault.zh


def _back(request: HttpRequest, said: str) -> HttpResponse:
    kept = {name: request.POST.get(name, "")[:40] for name in ("site", "state")}
    query = {name: value for name, value in kept.items() if value}
    return redirect(f"{reverse('links:gaps')}?{urlencode({**query, 'said': said})}")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
