"""Pages of the verdicts: what waits for a look, each with its evidence and a picture."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from songhua.api.v1.review import queue
from songhua.api.v1.review.evidence import in_words, rules_by_name
from songhua.api.v1.review.routes import days_asked
from songhua.api.v1.verdicts.beside import around
from songhua.api.v1.verdicts.listing import (
    PERIODS,
    VERDICTS,
    Wanted,
    by_check,
    by_verdict,
    usual_days,
)
from songhua.api.v1.verdicts.listing import (
    listed as verdicts_of,
)
from songhua.model import BEIJING, BadInput
from songhua.quality.verdict import WORDS, Verdict
from songhua.standards import POLLUTANTS, QUANTITIES, quantity
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.templatetags.say import both
from songhua.web.verdicts.pictures import small

PAGE = 30
_STRIP = 14
_NAMES = {verdict: name for name, verdict in VERDICTS.items()}
_MOST_NAMED = 5


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """List the verdicts of the person's region that no reviewer decided on yet, or all."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - `needs` let nobody else in
    wanted, fault = _wanted(request)
    try:
        rows = verdicts_of(user, wanted)
    except BadInput as wrong:
        fault, rows = fault or both((wrong.zh, wrong.en)), None
    paginator = Paginator(range(0 if rows is None else rows.height), PAGE)
    shown = paginator.get_page(request.GET.get("page"))
    part = [] if rows is None else rows.slice(max(0, shown.start_index() - 1), PAGE).to_dicts()
    known = queue.sites_of(user)
    names = {row["site"]: row for row in known.to_dicts()}
    checks = [] if rows is None else by_check(rows)
    most = max((n for _name, n in checks), default=1)
    page = {
        "wanted": wanted,
        "listed": shown,
        "rows": _rows(part, names, wanted.period),
        "checks": [(name, n, 100 * n / most) for name, n in checks[:_STRIP]],
        "left_out": max(0, len(checks) - _STRIP),
        "verdicts": [
            (name, WORDS[verdict], n)
            for (name, verdict), n in zip(
                VERDICTS.items(),
                [0] * len(VERDICTS) if rows is None else by_verdict(rows).values(),
                strict=True,
            )
        ],
        "regions": _regions(known.select("city", "city_short", "city_en").unique().rows()),
        "quantities": [(key, quantity(key).symbol) for key in POLLUTANTS if key in QUANTITIES],
        "periods": PERIODS,
        "fault": fault,
    }
    return render(request, "verdicts/list.html", page)


def _wanted(request: HttpRequest) -> tuple[Wanted, str]:
    """Return what the address asks for, and what is wrong with its days."""
    asked, fault = request.GET, ""
    try:
        first, last = days_asked(asked.get("from", ""), asked.get("to", ""))
    except BadInput as wrong:
        fault, (first, last) = both((wrong.zh, wrong.en)), usual_days()
    wanted = Wanted(
        first,
        last,
        site=asked.get("site", "").strip()[:20],
        region=asked.get("region", "")[:6],
        quantity=asked.get("quantity", "")[:40],
        check=asked.get("check", "").strip()[:80],
        verdict=asked.get("verdict", "")[:20],
        period=asked.get("period", "hour")[:10],
        waits=asked.get("show", "") != "all",
    )
    return wanted, fault


def _regions(rows: list[tuple[str, str, str]]) -> list[tuple[str, str]]:
    return sorted((code, both((zh, en))) for code, zh, en in rows)


def _rows(
    part: list[dict[str, Any]], names: Mapping[str, Mapping[str, Any]], period: str
) -> list[dict[str, Any]]:
    """Return verdicts as a page shows them."""
    rules = rules_by_name()
    found = []
    for row, beside in zip(part, around(part, period), strict=True):
        at = row["time"].replace(tzinfo=row["time"].tzinfo or UTC).astimezone(BEIJING)
        name, one = names[row["site"]], quantity(row["quantity"])
        verdict = Verdict(row["verdict"])
        found.append(
            {
                **row,
                "name": (name["name_zh"], name["name_en"] or name["name_zh"]),
                "city": (name["city_short"], name["city_en"]),
                "at": at,
                "symbol": one.symbol,
                "unit": one.unit,
                "places": one.places,
                "key": _NAMES[verdict],
                "words": WORDS[verdict],
                "said": in_words(row["evidence"], rules),
                "near": [
                    (both(called), value)
                    for called, value, _values in beside.near[:_MOST_NAMED]
                    if value is not None
                ],
                "picture": small(beside),
                "bench": f"{reverse('review:bench')}?site={row['site']}"
                f"&from={at - timedelta(days=1):%Y-%m-%d}&to={at + timedelta(days=1):%Y-%m-%d}"
                f"&q={row['quantity']}",
                "station": f"{reverse('stations:station', args=[row['site']])}"
                f"?period={period}&q={row['quantity']}&from={at - timedelta(days=3):%Y-%m-%d}"
                f"&to={at + timedelta(days=3):%Y-%m-%d}"
                f"&at={at:%Y-%m-%dT%H}",
            }
        )
    return found
