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
from songhua.api.v1.cities.ranking import EVER, check_choice
from songhua.api.v1.cities.routes import span_named
from songhua.api.v1.cities.when import When
from songhua.assess.air.compare import EDITIONS
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import law_diff, levels
from songhua.store import shelf

_PAGE = 100
_MOST_PRESETS = 12
_MOST_BARS = 60
"""Subjects drawn; the others are in the total, the list and the file."""
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
    try:
        check_choice("unit", unit, UNITS)
        check_choice("scope", scope, SUBJECTS)
        spans = _spans(unit, scope)
        span = _span(query.get("from", ""), query.get("to", ""), spans, unit)
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
        "bars": [_bars(side) for side in (found.total, *found.sides[:_MOST_BARS])],
        "unshown": max(0, len(found.sides) - _MOST_BARS),
        "listed": pages.get_page(query.get("page")),
        "light": sum(1 for one in found.moved if one.level_new == _LIGHT),
        "levels": levels(),
        "changed": _changed(),
        "notes": source_notes(span),
        "presets": [(one, one.first, one.last) for one in spans[:_MOST_PRESETS]],
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


def _spans(unit: str, scope: str) -> list[When]:
    """Return the years (for hours: the months) that the shelf has anything of, newest first."""
    period = "year" if unit == "day" else "month"
    rows = shelf().air_summary(period=period, scope=scope, span=EVER)
    return [When.starting(period, at) for at in rows["time"].unique().sort(descending=True)]


def _span(start: str, to: str, spans: Sequence[When], unit: str) -> Period:
    """Return the span asked for; else all years, or the newest month of hours."""
    if start or to:
        return span_named(start, to)
    if not spans:
        today = datetime.now(BEIJING).date()
        return Period.days(date(today.year, 1, 1), today)
    oldest = spans[-1] if unit == "day" else spans[0]
    return Period.days(oldest.first, spans[0].last)


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
