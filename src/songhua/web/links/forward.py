"""Where what arrives goes on to: how each upstream stands, and pausing it."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from songhua.store.registry import forwarding
from songhua.store.registry.models import Unsent, Upstream, UpstreamState, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_PROVINCE = "220000"
_MOST_UNSENT = 20


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every upstream that the person's region covers, and how it stands."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - `needs` let nobody else in
    shown = [one for one in Upstream.objects.all() if user.covers(one.region or _PROVINCE)]
    states = {one.pk: one for one in UpstreamState.objects.filter(upstream__in=shown)}
    page = {
        "rows": [_row(one, states.get(one.pk)) for one in shown],
        "unsent": Unsent.objects.filter(upstream__in=shown).select_related("upstream")[
            :_MOST_UNSENT
        ],
        "manages": user.may(Action.MANAGE),
    }
    return render(request, "links/forward.html", page)


@require_POST
@needs(Action.MANAGE)
def switch(request: HttpRequest, upstream_id: int) -> HttpResponse:
    """Pause an upstream, or let it go on."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - `needs` let nobody else in
    one = get_object_or_404(Upstream, pk=upstream_id)
    if user.covers(one.region or _PROVINCE):
        forwarding.set_active(one.pk, active=request.POST.get("active") == "1")
    return redirect("links:forward")


def _row(one: Upstream, state: UpstreamState | None) -> dict[str, Any]:
    shown = state.state if state is not None and one.active else "off"
    receipts = list(reversed(state.receipts))[:3] if state is not None else []
    return {
        "upstream": one,
        "shown": shown,
        "state": state,
        "receipts": [{**each, "at": datetime.fromisoformat(each["at"])} for each in receipts],
        "waits": timezone.now() - state.oldest if state is not None and state.oldest else None,
    }
