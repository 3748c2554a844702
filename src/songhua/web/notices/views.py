"""Published figures that changed since, by cause, as people read and print it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from songhua.api.v1 import notices
from songhua.api.v1.changes import span_of
from songhua.model import BEIJING, BadInput
from songhua.store import shelf
from songhua.store.registry.models import Region, User
from songhua.store.registry.rights import Action

_MOST_SHOWN = 12
"""Figures of a notice in sight; the others unfold."""
_MOST_NOTICES = 200
_MOST_FIGURES = 400


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Show the notices of a span and region, newest first."""
    asked = {name: request.GET.get(name, "")[:20] for name in ("from", "to", "region")}
    regions = list(Region.objects.filter(level__in=("province", "city")).order_by("code"))
    fault = None
    try:
        since, until = span_of(asked["from"], asked["to"])
    except BadInput as wrong:
        fault, (since, until) = wrong, span_of("", "")
    known = {one.code for one in regions}
    region = asked["region"] if asked["region"] in known else ""
    found, whole = notices.notices(shelf(), since=since, until=until, region=region)
    user = request.user
    page = {
        "fault": fault,
        "asked": asked,
        "regions": regions,
        "region": region,
        "since": since.astimezone(BEIJING),
        "until": until.astimezone(BEIJING),
        "count": len(found),
        "whole": whole and len(found) <= _MOST_NOTICES,
        "figures": sum(len(one.lines) for one in found),
        "with_author": isinstance(user, User) and user.may(Action.SEE_IMPORTS),
        "notices": [
            {
                "one": one,
                "shown": one.lines[:_MOST_SHOWN],
                "more": one.lines[_MOST_SHOWN:_MOST_FIGURES],
                "left_out": max(0, len(one.lines) - _MOST_FIGURES),
            }
            for one in found[:_MOST_NOTICES]
        ],
    }
    return render(request, "notices/listed.html", page)
