"""Pages of the links."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
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
from songhua.store.registry import alarms, fleet
from songhua.store.registry.models import SetAside, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.links.meaning import MOST_BYTES, told, without_secrets

_PAGE = 100
_PROVINCE = "220000"


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every logger and how its link stands; those that no register holds first."""
    nodes = ports.platform().nodes()
    user, now = _user(request), timezone.now()
    state, text = request.GET.get("state", ""), request.GET.get("q", "").strip()[:60]
    counts = fleet.counts(user, now, text=text)
    if state not in fleet.STATES:
        state = ""
    rows = fleet.rows(user, now, state=state, text=text)
    every = Paginator(rows.none() if state == "unknown" else rows, _PAGE)
    shown = every.get_page(request.GET.get("page"))
    node_of = {mn: node.name for node in nodes for mn in node.loggers}
    for row in shown:
        row["node"] = node_of.get(row["mn"], "")
    begins = state in ("", "unknown") and shown.number == 1
    page = {
        "listed": shown,
        "strangers": fleet.strangers(user, text=text)[:_PAGE] if begins else [],
        "state": state,
        "states": [(name, counts.get(name, 0)) for name in fleet.STATES],
        "total": sum(counts.values()),
        "q": text,
        "nodes": len(nodes) if user.covers(_PROVINCE) else 0,
        "may_request": user.may(Action.REQUEST),
        "aside": _asides(request).filter(released_at=None).count(),
        "groups": alarms.grouped(alarms.open_alarms(user)[: alarms.MOST_SHOWN]),
        "alarm_count": alarms.open_alarms(user).count(),
        "may_acknowledge": user.may(Action.IMPORT),
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


@require_GET
@needs(Action.SEE_IMPORTS)
def nodes(request: HttpRequest) -> HttpResponse:
    """Show the gateway nodes that are connected, to people of the province."""
    if not _user(request).covers(_PROVINCE):
        raise PermissionDenied
    return render(request, "links/nodes.html", {"nodes": ports.platform().nodes()})


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


def _asides(request: HttpRequest) -> QuerySet[SetAside]:
    user, every = _user(request), SetAside.objects.all()
    if fleet.is_of_province(user):
        return every
    return every.filter(mn__in=fleet.devices_of(user).values("mn"))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
