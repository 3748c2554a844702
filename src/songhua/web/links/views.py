"""Pages of the links."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.api.v1.links import asking
from songhua.model import BadInput, UnknownName
from songhua.store.registry.models import Device, LinkState, SetAside, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.links.meaning import MOST_BYTES, told, without_secrets

ONLINE, LATE = timedelta(minutes=10), timedelta(minutes=70)
"""Silent for less is online, for more is late, for longer is silent: an hour and its grace."""
_PAGE = 100
_PROVINCE = "220000"


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every logger and how its link stands; those that no register holds first."""
    rows = [*_strangers(request), *_known(request)]
    counts = {state: sum(row["state"] == state for row in rows) for state in _STATES}
    state = request.GET.get("state", "")
    shown = [row for row in rows if not state or row["state"] == state]
    page = {
        "listed": Paginator(shown, _PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": [(name, counts[name]) for name in _STATES],
        "total": len(rows),
        "may_request": _user(request).may(Action.REQUEST),
        "aside": _asides(request).filter(released_at=None).count(),
    }
    return render(request, "links/list.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def aside(request: HttpRequest) -> HttpResponse:
    """Show the frames set aside, newest first, with their reason."""
    every = _asides(request)
    reason, mn = request.GET.get("reason", ""), request.GET.get("mn", "")
    open_only = request.GET.get("all") != "1"
    if open_only:
        every = every.filter(released_at=None)
    if mn:
        every = every.filter(mn=mn)
    reasons = list(
        every.order_by().values_list("reason").annotate(number=Count("pk")).order_by("-number")
    )
    shown = every.filter(reason=reason) if reason else every
    page = {
        "listed": Paginator(shown, _PAGE).get_page(request.GET.get("page")),
        "reason": reason,
        "reasons": reasons,
        "mn": mn,
        "open_only": open_only,
        "may_release": _user(request).may(Action.MANAGE),
        "said": request.GET.get("said", ""),
    }
    return render(request, "links/aside.html", page)


@require_POST
@needs(Action.MANAGE)
def release(request: HttpRequest, aside_id: int) -> HttpResponse:
    """Let a frame into the record."""
    fault: BadInput | None = None
    if not SetAside.objects.filter(pk=aside_id).exists():
        raise Http404
    try:
        ports.platform().release(aside_id, _user(request).get_username())
    except BadInput as found:
        fault = found
    row = SetAside.objects.get(pk=aside_id)
    if request.headers.get("HX-Request"):
        page = {"row": row, "fault": fault, "may_release": True}
        return render(request, "links/aside_row.html", page)
    return redirect("links:aside")


@require_POST
@needs(Action.MANAGE)
def release_all(request: HttpRequest) -> HttpResponse:
    """Let all frames of an identity into the record that may speak now."""
    mn = request.POST.get("mn", "")
    try:
        released, left = ports.platform().release_all(mn, _user(request).get_username())
        said = _("已放行 %(released)d 条，仍隔离 %(left)d 条。") % {
            "released": released,
            "left": left,
        }
    except BadInput as fault:
        said = fault.zh if get_language() != "en" else fault.en
    return redirect(f"{reverse('links:aside')}?{urlencode({'mn': mn, 'said': said})}")


@require_http_methods(["GET", "POST"])
@needs(Action.SEE_IMPORTS)
def console(request: HttpRequest) -> HttpResponse:
    """Say what a frame means: pasted, or one that was set aside."""
    text = request.POST.get("text", "")[:MOST_BYTES]
    data = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    if (number := request.GET.get("request", "")).isdigit():
        try:
            sent = asking.request_numbered(_user(request), int(number))
        except UnknownName:
            raise Http404 from None
        data = ports.platform().sent(sent.journal_seq)
        text = without_secrets(data.decode("utf-8", "backslashreplace"))
    if aside_id := request.GET.get("aside", ""):
        row = _asides(request).filter(pk=int(aside_id) if aside_id.isdigit() else 0).first()
        data = (ports.platform().frame(row.pk) if row else None) or b""
        text = row.raw if row else ""
    return render(request, "links/console.html", {"text": text, "told": told(data)})


_STATES = ("unknown", "silent", "late", "online", "never")


def _strangers(request: HttpRequest) -> list[Mapping[str, Any]]:
    """Return identities that speak and that no register holds: for people of the province."""
    if not _user(request).covers(_PROVINCE):
        return []
    known = Device.objects.values_list("mn", flat=True)
    return [
        {"mn": one.mn, "name": "", "site": None, "link": one, "state": "unknown"}
        for one in LinkState.objects.exclude(mn__in=known).order_by("-last_seen")[:_PAGE]
    ]


def _known(request: HttpRequest) -> list[Mapping[str, Any]]:
    links = {one.mn: one for one in LinkState.objects.all()}
    now = timezone.now()
    rows = [
        {
            "mn": device.mn,
            "name": device.name,
            "site": device.site_id,
            "edition": device.edition,
            "link": links.get(device.mn),
            "state": _state(links.get(device.mn), now),
        }
        for device in _devices(request)
    ]
    return sorted(rows, key=lambda row: (_STATES.index(row["state"]), row["mn"]))


def _state(link: LinkState | None, now: datetime) -> str:
    if link is None:
        return "never"
    silent = now - link.last_seen
    if silent <= ONLINE:
        return "online"
    return "late" if silent <= LATE else "silent"


def _devices(request: HttpRequest) -> list[Device]:
    """Return the loggers of the person's region."""
    return asking.loggers_of(_user(request))


def _asides(request: HttpRequest) -> QuerySet[SetAside]:
    every = SetAside.objects.all()
    if _user(request).covers(_PROVINCE):
        return every
    return every.filter(Q(mn__in=[device.mn for device in _devices(request)]))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
