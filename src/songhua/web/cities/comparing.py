"""The page that judges the same air by HJ 633—2012 and by HJ 633—2026."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from songhua.api.v1.asked import known_at
from songhua.api.v1.cities.compare import SUBJECTS, UNITS, Side, comparison
from songhua.api.v1.cities.notes import source_notes
from songhua.api.v1.cities.routes import span_named
from songhua.assess.air.compare import EDITIONS
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import law_diff, levels
from songhua.store import shelf

_PAGE = 100
_GOOD_ENDS = "IAQI 100"
_LIGHT = 3
"""Level of light pollution (轻度污染)."""


@dataclass(frozen=True, slots=True)
class Bars:
    """One subject and the two bars of its levels, in per cent of their length."""

    side: Side
    old: tuple[Mapping[str, Any], ...]
    new: tuple[Mapping[str, Any], ...]


@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Show how many good days or hours become polluted ones, where and when."""
    query = request.GET
    unit = query.get("unit") or "day"
    scope = query.get("scope") or "city"
    ends = {one: _ends(one, scope) for one in UNITS}
    try:
        span = _span(query.get("from", ""), query.get("to", ""), ends.get(unit))
        found = comparison(
            scope=scope, unit=unit, span=span, as_of=known_at(query.get("as_of", ""))
        )
    except BadInput as fault:
        return render(request, "cities/fault.html", {"fault": fault}, status=400)
    pages = Paginator(found.moved, _PAGE)
    page = {
        "ask": {"scope": scope},
        "view": "compare",
        "found": found,
        "unit": unit,
        "units": UNITS,
        "scopes": SUBJECTS,
        "first": span.start.date(),
        "last": (span.end - timedelta(seconds=1)).date(),
        "bars": [_bars(side) for side in (found.total, *found.sides)],
        "listed": pages.get_page(query.get("page")),
        "light": sum(1 for one in found.moved if one.level_new == _LIGHT),
        "levels": levels(),
        "changed": _changed(),
        "notes": source_notes(span),
        "presets": _presets(scope, unit, ends),
    }
    return render(request, "cities/compare.html", page)


def _changed() -> list[Mapping[str, str]]:
    """Return what the newer edition changed in the limits between good and polluted."""
    older, newer = (int(edition) for edition in EDITIONS)
    return [
        {
            "row_zh": change.where.row_zh,
            "row_en": change.where.row_en,
            "before": change.before.value_en,
            "after": change.after.value_en,
            "unit": change.where.unit,
        }
        for change in law_diff("hj_633", older, newer)
        if change.before and change.after and change.where.column_en == _GOOD_ENDS
    ]


def _ends(unit: str, scope: str) -> tuple[date, date] | None:
    """Return the first and last day that the shelf has results of."""
    times = shelf().times(unit, scope=scope)
    if times is None:
        return None
    return times[0].astimezone(BEIJING).date(), times[1].astimezone(BEIJING).date()


def _span(start: str, to: str, ends: tuple[date, date] | None) -> Period:
    if start or to:
        return span_named(start, to)
    first, last = ends or (_today(), _today())
    return Period.days(max(first, date(last.year - 2, 1, 1)), last)


def _today() -> date:
    return datetime.now(BEIJING).date()


def _presets(
    scope: str, unit: str, ends: Mapping[str, tuple[date, date] | None]
) -> list[Mapping[str, Any]]:
    """Return the years that the shelf has, as links."""
    have = ends.get(unit)
    if have is None:
        return []
    first, last = have
    return [
        {"year": year, "from": date(year, 1, 1), "to": date(year, 12, 31)}
        for year in range(last.year, max(first.year, last.year - 11) - 1, -1)
    ]


def _bars(side: Side) -> Bars:
    return Bars(side, _pieces(side.levels_old, side.valid), _pieces(side.levels_new, side.valid))


def _pieces(counts: Sequence[int], whole: int) -> tuple[Mapping[str, Any], ...]:
    pieces, at = [], 0.0
    for level, number in enumerate(counts, start=1):
        width = 100 * number / whole if whole else 0
        if number:
            pieces.append(
                {"level": level, "n": number, "x": f"{at:.3f}%", "width": f"{width:.3f}%"}
            )
        at += width
    return tuple(pieces)
