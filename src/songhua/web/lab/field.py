"""The field sheet: a page that works without a network, and labels to stick on bottles."""

import secrets
from datetime import datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from songhua.model import BEIJING
from songhua.standards.lab import methods
from songhua.store.registry import samples
from songhua.store.registry.models import SitePeriod, User
from songhua.store.registry.rights import Action, stem
from songhua.web.access import needs
from songhua.web.lab import code128
from songhua.web.lab.asked import user_of

_MOST_LABELS = 100
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O, U: nobody takes one for another."""


@require_GET
@needs(Action.SAMPLE)
@never_cache
@ensure_csrf_cookie
def sheet(request: HttpRequest) -> HttpResponse:
    """Show the field sheet; its script keeps it for when there is no network."""
    answer = render(request, "lab/field.html")
    answer["Permissions-Policy"] = "geolocation=(self), camera=(), microphone=()"
    return answer


@require_GET
@needs(Action.SAMPLE)
@never_cache
def data(request: HttpRequest) -> HttpResponse:
    """Return what the sheet offers: the sites of the person's region, the methods, the token."""
    user = user_of(request)
    told = {
        "who": user.get_username(),
        "name": str(user),
        "csrf": get_token(request),
        "sites": _sites(user),
        "methods": [
            {"code": one.code, "zh": f"{one.item_zh} {one.code}", "en": f"{one.item_en} {one.code}"}
            for one in methods().values()
        ],
    }
    return JsonResponse(told)


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """Return the worker that answers for the server while there is none."""
    answer = render(request, "lab/worker.js", content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_GET
@needs(Action.SAMPLE)
@never_cache
def labels(request: HttpRequest) -> HttpResponse:
    """Show labels with barcodes that no sample has."""
    try:
        number = min(_MOST_LABELS, max(1, int(request.GET.get("n", "24"))))
    except ValueError:
        number = 24
    codes = request.GET.getlist("code")[:_MOST_LABELS]
    known = list(
        samples.samples_of(user_of(request))
        .filter(barcode__in=codes)
        .values_list("barcode", flat=True)
    )
    shown = known or _fresh(number, timezone.now().astimezone(BEIJING))
    rows = []
    for code in shown:
        bars, width = code128.bars(code)
        rows.append({"code": code, "bars": bars, "width": width})
    return render(request, "lab/labels.html", {"rows": rows, "n": number})


def _fresh(number: int, now: datetime) -> list[str]:
    """Return barcodes by chance: two of a day's thousand alike are rarer than a slip of the pen."""
    return [
        f"{now:%y%m%d}-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"
        for _ in range(number)
    ]


def _sites(user: User) -> list[dict[str, str]]:
    periods = SitePeriod.objects.filter(valid_until=None).order_by("site_id")
    if not user.is_superuser:
        if user.region_id is None:
            return []
        periods = periods.filter(city__code__startswith=stem(user.region_id))
    rows = periods.values_list("site_id", "name_zh", "name_en", "city__short_zh")
    return [{"key": key, "zh": f"{city} {zh}", "en": en or zh} for key, zh, en, city in rows]
