"""Pages of cities and counties. Their figures are those of `/api/v1/cities`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from songhua.api.v1.asked import known_at
from songhua.api.v1.cities import calendar as calendars
from songhua.api.v1.cities.detail import Detail, Point, detail, region_named
from songhua.api.v1.cities.history import causes
from songhua.api.v1.cities.notes import source_notes
from songhua.api.v1.cities.ranking import POLLUTANTS, Ranking, Row
from songhua.api.v1.cities.ranking import ranking as ranked
from songhua.api.v1.cities.trends import FIGURES, trends
from songhua.api.v1.cities.when import PERIODS, When
from songhua.assess.air.statistics import quantity_of
from songhua.model import BadInput, NoRuleInForce, UnknownName
from songhua.standards import aqi_rule, levels, quantity
from songhua.web.cities.spark import Spark, spark
from songhua.web.templatetags.say import reasons

_GOOD = 2
"""Levels 1 and 2 (优 and 良) are good."""
_RECENT = 25
"""Periods of the small course in the panel."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    scope: str
    period: str
    at: str
    by: str
    city: str
    as_of: datetime | None

    @classmethod
    def of(cls, query: QueryDict) -> "Asked":
        """Read the address; raise `BadInput` where it cannot be used."""
        return cls(
            scope=query.get("scope") or "city",
            period=query.get("period") or "month",
            at=query.get("at", ""),
            by=query.get("by") or "composite",
            city=query.get("city", ""),
            as_of=known_at(query.get("as_of", "")),
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """The region selected, beside the list."""

    detail: Detail
    course: Spark
    first: Point
    last: Point


@require_GET
def ranking(request: HttpRequest) -> HttpResponse:
    """Show cities or counties in order, and the one selected."""
    try:
        ask = Asked.of(request.GET)
        found = _ranked(ask)
        panel = _panel(ask, found)
    except BadInput as fault:
        return _refused(request, fault)
    page = {
        **_frame(ask, found),
        "view": "ranking",
        "rows": [(row, row.before.places[ask.by]) for row in found.rows],
        "corrected": _corrected(found.rows),
        "incomplete": sum(1 for row in found.rows if row.reason),
        "top": _top(found.rows),
        "panel": panel,
        **_distribution(_sums(found.rows)),
        "pollutants": POLLUTANTS,
    }
    return render(request, "cities/ranking.html", page)


@require_GET
def calendar(request: HttpRequest) -> HttpResponse:
    """Show every day of every city or county in a period."""
    try:
        ask = Asked.of(request.GET)
        found = _ranked(ask)
        shown = calendars.calendar(scope=ask.scope, when=found.when, as_of=ask.as_of)
    except BadInput as fault:
        return _refused(request, fault)
    page = {
        **_frame(ask, found),
        "view": "calendar",
        "calendar": shown,
        "drawn": _drawn(shown),
        **_distribution([sum(line.levels[k] for line in shown.lines) for k in range(6)]),
    }
    return render(request, "cities/calendar.html", page)


@require_GET
def trend(request: HttpRequest) -> HttpResponse:
    """Show whether a figure of each city or county rises or falls."""
    try:
        ask = Asked.of(request.GET)
        period = request.GET.get("period") or "year"
        figure = request.GET.get("figure") or "composite"
        found = trends(scope=ask.scope, period=period, figure=figure, as_of=ask.as_of)
    except BadInput as fault:
        return _refused(request, fault)
    page = {
        "ask": ask,
        "view": "trend",
        "period": period,
        "figure": figure,
        "figures": FIGURES,
        "periods": PERIODS,
        "trends": found,
        "lines": [(course, spark(course.values)) for course in found.courses],
        "last": found.whens[-1] if found.whens else None,
        "enough": any(course.trend for course in found.courses),
        "as_of": request.GET.get("as_of", ""),
    }
    return render(request, "cities/trend.html", page)


@require_GET
def city(request: HttpRequest, code: str) -> HttpResponse:
    """Show one city or county in one period."""
    try:
        ask = Asked.of(request.GET)
        region = region_named(code)
        found = ranked(
            scope=region.level, period=ask.period, at=ask.at, order=ask.by, as_of=ask.as_of
        )
        own = detail(code=code, period=ask.period, at=ask.at, as_of=ask.as_of, among=found)
    except UnknownName as fault:
        return _refused(request, fault, status=404)
    except BadInput as fault:
        return _refused(request, fault)
    page = {
        **_frame(ask, found),
        "view": "city",
        "region": region,
        "detail": own,
        "top": _top([own.row]) if own else 1,
        "bad_days": [day for day in own.days.days if day and day.level > _GOOD] if own else [],
        "course": _course(own.course) if own else [],
        "findings": _findings(own) if own else [],
        "region_scope": "" if region.level == "city" else region.level,
        **_distribution(own.row.levels if own else ()),
        "drawn": _drawn(_alone(own)) if own else None,
        "pollutants": POLLUTANTS,
    }
    return render(request, "cities/city.html", page)


def _ranked(ask: Asked) -> Ranking:
    return ranked(scope=ask.scope, period=ask.period, at=ask.at, order=ask.by, as_of=ask.as_of)


def _panel(ask: Asked, found: Ranking) -> Panel | None:
    codes = [row.code for row in found.rows]
    if not codes:
        return None
    code = ask.city if ask.city in codes else codes[0]
    own = detail(code=code, period=ask.period, at=ask.at, as_of=ask.as_of, among=found)
    if own is None:
        return None
    recent = [point for point in own.course if point.when <= found.when][-_RECENT:]
    whole = [None if point.reason else point.composite for point in recent]
    course = spark(whole, width=340, height=72)
    return Panel(own, course, recent[0], recent[-1])


def _frame(ask: Asked, found: Ranking) -> Mapping[str, Any]:
    """Return what every page of a period shows around its figures."""
    when = found.when
    return {
        "ask": ask,
        "as_of": ask.as_of,
        "when": when,
        "period": ask.period,
        "periods": PERIODS,
        "known": found.known[::-1],
        "before": _nearest(found.known, when, step=-1),
        "after": _nearest(found.known, when, step=1),
        "notes": source_notes(when.span),
        "edition": _edition(when),
        "levels": levels(),
    }


def _nearest(known: Sequence[When], when: When, *, step: int) -> When | None:
    """Return the next known period before (-1) or after (1) another."""
    others = [one for one in known if (one > when if step > 0 else one < when)]
    return min(others, default=None) if step > 0 else max(others, default=None)


def _edition(when: When) -> str:
    try:
        return aqi_rule(on=when.last).edition
    except NoRuleInForce:
        return ""


def _corrected(rows: Sequence[Row]) -> set[str]:
    """Return the regions whose figures are what they are because of a correction."""
    corrections, _files = causes(row.cause for row in rows)
    return {row.code for row in rows if row.cause in corrections}


def _top(rows: Sequence[Row]) -> float:
    """Return the largest single index, the length of the longest bar."""
    return max((part.index or 0 for row in rows for part in row.parts), default=1) or 1


def _sums(rows: Sequence[Row]) -> list[int]:
    """Return the days of each level over all regions."""
    return [sum(row.levels[level] for row in rows) for level in range(6)]


def _distribution(sums: Sequence[int]) -> Mapping[str, Any]:
    """Return the days of each level, and the pieces of a bar that shows them."""
    whole = sum(sums) or 1
    pieces, at = [], 0.0
    for level, number in enumerate(sums, start=1):
        width = 100 * number / whole
        if number:
            pieces.append({"level": level, "x": f"{at:.3f}%", "width": f"{width:.3f}%"})
        at += width
    return {"sums": sums, "pieces": pieces}


def _drawn(shown: calendars.Calendar) -> Mapping[str, Any]:
    """Return the calendar as its script draws it."""
    return {
        "days": [f"{day:%Y-%m-%d}" for day in shown.days],
        "lines": [
            {
                "code": line.code,
                "zh": line.zh,
                "en": line.en,
                "days": [_cell(day) for day in line.days],
            }
            for line in shown.lines
        ],
        "scope": shown.scope,
        "levels": _words(),
        "symbols": {key: quantity(key).symbol for key in POLLUTANTS},
    }


def _findings(own: Detail) -> list[Mapping[str, Any]]:
    """Return the evaluated figures with the words of the table."""
    seen: set[str] = set()
    rows: list[Mapping[str, Any]] = []
    for finding in own.findings:
        quantity = quantity_of(finding.statistic)
        rows.append(
            {
                "quantity": quantity,
                "first": quantity not in seen,
                "statistic": finding.statistic.removeprefix(f"{quantity}_").upper()
                if finding.statistic != quantity
                else _("均值"),
                "value": finding.value,
                "moving": own.moving.get(finding.statistic),
                "limit": finding.limit,
                "multiple": finding.multiple,
            }
        )
        seen.add(quantity)
    return rows


def _alone(own: Detail) -> calendars.Calendar:
    return calendars.Calendar(own.scope, own.when, calendars.days_of(own.when), (own.days,))


def _cell(day: calendars.Day | None) -> list[Any] | None:
    return None if day is None else [day.aqi, day.level, day.primary, reasons(day.reason)]


def _words() -> list[Mapping[str, str]]:
    return [{"zh": level.category_zh, "en": level.category_en} for level in levels()]


def _course(points: Sequence[Point]) -> list[Mapping[str, Any]]:
    """Return a region's course as its chart draws it."""
    return [
        {
            "name": point.when.name,
            "zh": point.when.zh,
            "en": point.when.en,
            "composite": point.composite,
            "good": point.good_share,
            "rank": point.rank,
            "complete": not point.reason,
        }
        for point in points
    ]


def _refused(request: HttpRequest, fault: BadInput, *, status: int = 400) -> HttpResponse:
    return render(request, "cities/fault.html", {"fault": fault}, status=status)
