"""Alarms of links: all of them, and that a person has seen some."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from songhua.model import BadInput
from songhua.store.registry import alarms
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_PAGE = 100


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the alarms, newest first, with how long each lasted."""
    return render(request, "links/alarm_list.html", _page(request))


@require_POST
@needs(Action.IMPORT)
def acknowledge(request: HttpRequest) -> HttpResponse:
    """Note that a person has seen alarms."""
    ids = [int(one) for one in request.POST.getlist("alarm") if one.isascii() and one.isdigit()]
    try:
        alarms.acknowledge(_user(request), ids, " ".join(request.POST.get("note", "").split()))
    except BadInput as fault:
        page = {**_page(request), "fault": fault}
        return render(request, "links/alarm_list.html", page, status=400)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()})
    return redirect(back if is_ours and back.startswith("/links/") else "links:alarms")


def _page(request: HttpRequest) -> dict[str, object]:
    every = alarms.of_user(_user(request))
    kind, open_only = request.GET.get("kind", ""), request.GET.get("all") != "1"
    if open_only:
        every = every.filter(until=None)
    if kind in _KINDS:
        every = every.filter(kind=kind)
    return {
        "listed": Paginator(every, _PAGE).get_page(request.GET.get("page")),
        "kinds": _KINDS,
        "kind": kind,
        "open_only": open_only,
        "may_acknowledge": _user(request).may(Action.IMPORT),
    }


_KINDS = ("silent", "skew", "faults")


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
