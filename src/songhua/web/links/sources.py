"""Pages of the doors: how each source stands, and the rows that were set aside."""

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import ports
from songhua.api.v1.observations import seen_by
from songhua.model import BadInput
from songhua.store.registry import sources
from songhua.store.registry.models import RowAside, Source, SourceState, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_PAGE = 100


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every source of the person's region and how it stands."""
    user = _user(request)
    waiting = sources.open_asides()
    rows = [
        {"source": one, "state": _state(one), "aside": waiting.get(one.pk, 0)}
        for one in Source.objects.select_related("state", "region")
        if seen_by(user, one)
    ]
    return render(request, "links/sources.html", {"rows": rows, "manages": _manages(user)})


@require_GET
@needs(Action.SEE_IMPORTS)
def asides(request: HttpRequest, source_id: int) -> HttpResponse:
    """Show the rows of a source that were set aside, newest first, with their reason."""
    source = _source(request, source_id)
    every = RowAside.objects.filter(source=source)
    open_only = request.GET.get("all") != "1"
    if open_only:
        every = every.filter(released_at=None)
    reason = request.GET.get("reason", "")
    counted = every.order_by().values_list("reason").annotate(number=Count("pk"))
    shown = every.filter(reason=reason) if reason else every
    page = {
        "source": source,
        "state": _state(source),
        "listed": Paginator(shown, _PAGE).get_page(request.GET.get("page")),
        "reason": reason,
        "reasons": list(counted.order_by("-number")),
        "open_only": open_only,
        "manages": _manages(_user(request)),
        "said": request.GET.get("said", ""),
    }
    return render(request, "links/source.html", page)


@require_POST
@needs(Action.MANAGE)
def release(request: HttpRequest, source_id: int) -> HttpResponse:
    """Let the rows of a source into the record that may go in now."""
    source = _source(request, source_id)
    try:
        released, left = ports.platform().release_rows(source.pk, _user(request).get_username())
        said = _("已放行 %(released)d 行，仍隔离 %(left)d 行。") % {
            "released": released,
            "left": left,
        }
    except BadInput as fault:
        said = fault.en if get_language() == "en" else fault.zh
    return redirect(f"{reverse('links:source', args=[source.pk])}?{urlencode({'said': said})}")


def _source(request: HttpRequest, source_id: int) -> Source:
    found = Source.objects.select_related("state", "region").filter(pk=source_id).first()
    if found is None or not seen_by(_user(request), found):
        raise Http404
    return found


def _state(source: Source) -> SourceState:
    """Return how a source stands; one that never began has nothing to say."""
    return getattr(source, "state", None) or SourceState()


def _manages(user: User) -> bool:
    return user.may(Action.MANAGE)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
