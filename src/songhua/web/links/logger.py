"""One logger: how its link stands and stood, what is wrong with it, and its dialect."""

import json
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.assess.transmission import rates
from songhua.ingest.hj212.dialect import read_dialect
from songhua.model import BadInput
from songhua.store import shelf
from songhua.store.registry import alarms, fleet, hours, limits
from songhua.store.registry.models import Device, SetAside, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.links.charts import HOURS, charts
from songhua.web.links.dialects import proposal

_ALARMS = 20


@require_GET
@needs(Action.SEE_IMPORTS)
def shown(request: HttpRequest, mn: str) -> HttpResponse:
    """Show one logger."""
    return _page(request, mn)


@require_POST
@needs(Action.MANAGE)
def limit(request: HttpRequest, mn: str) -> HttpResponse:
    """Keep when it is late, silent or wrong."""
    device = _device(request, mn)
    wanted = {name: request.POST.get(name, "") for name in limits.NAMES}
    try:
        limits.keep(device, wanted, _user(request).get_username())
    except BadInput as fault:
        return _page(request, mn, fault=fault, wanted=wanted)
    return redirect("links:logger", mn)


@require_GET
@needs(Action.SEE_IMPORTS)
def rate(request: HttpRequest, mn: str) -> HttpResponse:
    """Show how much of what it should have delivered came."""
    row = fleet.one(_user(request), mn, timezone.now())
    found = []
    if row is not None and row["site_id"] and row["first_seen"]:
        found = rates(shelf(), row["site_id"], row["first_seen"], now=timezone.now())
    return render(request, "links/rate.html", {"rates": found})


@require_http_methods(["GET", "POST"])
@needs(Action.SEE_IMPORTS)
def dialect(request: HttpRequest, mn: str) -> HttpResponse:
    """Show what its frames propose; a person who manages the register may adopt it."""
    device = _device(request, mn)
    user = _user(request)
    page: dict[str, Any] = {
        "device": device,
        "may_manage": user.may(Action.MANAGE),
    }
    if request.method == "POST":
        if not user.may(Action.MANAGE):
            return render(request, "imports/refused.html", {"action": Action.MANAGE}, status=403)
        try:
            settings = _settings(request.POST.get("dialect", ""))
            ports.platform().adopt(mn, settings, user.get_username())
        except BadInput as fault:
            page["fault"] = fault
        else:
            return redirect(f"{reverse('links:logger', args=[mn])}?{urlencode({'adopted': 1})}")
    page["proposal"] = proposal(mn, device.dialect)
    page["written"] = json.dumps(page["proposal"].settings, ensure_ascii=False, sort_keys=True)
    return render(request, "links/dialect.html", page, status=400 if "fault" in page else 200)


def _page(
    request: HttpRequest,
    mn: str,
    *,
    fault: BadInput | None = None,
    wanted: dict[str, str] | None = None,
) -> HttpResponse:
    user, now = _user(request), timezone.now()
    row = fleet.one(user, mn, now)
    if row is None:
        raise Http404
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    asides = SetAside.objects.filter(mn=mn, released_at=None).order_by()
    device = Device.objects.filter(pk=mn).first()
    page = {
        "row": row,
        "device": device,
        "charts": charts(hours.history(mn, end - timedelta(hours=HOURS)), end),
        "reasons": list(asides.values_list("reason").annotate(n=Count("pk")).order_by("-n")),
        "alarms": list(alarms.of_user(user).filter(mn=mn)[:_ALARMS]),
        "dialect": json.dumps(device.dialect, ensure_ascii=False) if device else "",
        "limits": limits.fields(device, row, wanted) if device else [],
        "may_manage": user.may(Action.MANAGE),
        "may_look": user.may(Action.REQUEST),
        "adopted": request.GET.get("adopted") == "1",
        "fault": fault,
    }
    return render(request, "links/logger.html", page, status=400 if fault else 200)


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = json.loads(text[:4000])
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        raise BadInput("方言须是 JSON 对象。", "A dialect is a JSON object.")
    read_dialect(settings)
    return settings


def _device(request: HttpRequest, mn: str) -> Device:
    device = fleet.devices_of(_user(request)).filter(pk=mn).first()
    if device is None:
        raise Http404
    return device


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
