"""The doors of the cities' figures: JSON, CSV, XLSX."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1.asked import known_at, moment
from songhua.api.v1.cities import calendar as calendars
from songhua.api.v1.cities import compare as comparisons
from songhua.api.v1.cities import detail as details
from songhua.api.v1.cities import ranking as rankings
from songhua.api.v1.cities import trends as trend_tests
from songhua.api.v1.cities.notes import source_notes
from songhua.api.v1.cities.when import When
from songhua.api.v1.sheet import sheet
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import Region, quantity

router = Router(tags=["cities"])
_UNSAID = ("summaries",)
"""What a figure was made from, which no answer repeats."""
_FROM: Any = Query("", alias="from")


@router.get("/cities/ranking")
def ranking(
    request: HttpRequest,
    scope: str = "city",
    period: str = "month",
    at: str = "",
    by: str = "composite",
    as_of: str = "",
) -> dict[str, Any]:
    """Return cities or counties from the best on, beside the year before and the period before."""
    found = rankings.ranking(scope=scope, period=period, at=at, order=by, as_of=known_at(as_of))
    return {**plain(found), "notes": source_notes(found.when.span)}


@router.get("/cities/ranking/export")
def export(
    request: HttpRequest,
    scope: str = "city",
    period: str = "month",
    at: str = "",
    by: str = "composite",
    as_of: str = "",
    format: str = "csv",
) -> HttpResponseBase:
    """Return a ranking as CSV or XLSX."""
    known = known_at(as_of)
    found = rankings.ranking(scope=scope, period=period, at=at, order=by, as_of=known)
    notes = source_notes(found.when.span)
    name = f"ranking_{scope}_{found.when.name}_{by}"
    return sheet(format, name, _head(found, known, notes), _columns(), map(_cells, found.rows))


@router.get("/cities/calendar")
def calendar(
    request: HttpRequest, scope: str = "city", period: str = "month", at: str = "", as_of: str = ""
) -> dict[str, Any]:
    """Return the index of every day of a period, a line a region."""
    if not at:
        raise BadInput("请给出时段 at，例如 2015-03。", "Name the period: at=2015-03.")
    when = When.named(period, at)
    found = calendars.calendar(scope=scope, when=when, as_of=known_at(as_of))
    return {**plain(found), "notes": source_notes(when.span)}


@router.get("/cities/trend")
def trend(
    request: HttpRequest,
    scope: str = "city",
    period: str = "year",
    figure: str = "composite",
    as_of: str = "",
) -> dict[str, Any]:
    """Return whether a figure of each region rises or falls (Spearman; five periods or more)."""
    found = trend_tests.trends(scope=scope, period=period, figure=figure, as_of=known_at(as_of))
    return dict(plain(found))


@router.get("/cities/{code}")
def city(
    request: HttpRequest, code: str, period: str = "month", at: str = "", as_of: str = ""
) -> dict[str, Any]:
    """Return one city or county in one period."""
    found = details.detail(code=code, period=period, at=at, as_of=known_at(as_of))
    if found is None:
        return {"code": details.region_named(code).code, "row": None}
    return dict(plain(found))


@router.get("/compare")
def compare(
    request: HttpRequest,
    scope: str = "city",
    unit: str = "day",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return the same air judged by HJ 633—2012 and by HJ 633—2026."""
    found = comparisons.comparison(
        scope=scope, unit=unit, span=span_named(start, to), as_of=known_at(as_of)
    )
    return {**plain(found), "notes": source_notes(found.span)}


@router.get("/compare/export")
def compare_export(
    request: HttpRequest,
    scope: str = "city",
    unit: str = "day",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
    format: str = "csv",
) -> HttpResponseBase:
    """Return every day or hour that is good by the older edition and polluted by the newer."""
    span = span_named(start, to)
    found = comparisons.comparison(scope=scope, unit=unit, span=span, as_of=known_at(as_of))
    columns = (
        *("code", "name", "time (Beijing)", "pm2_5 µg/m³", "pm10 µg/m³"),
        *("aqi HJ 633—2012", "aqi HJ 633—2026", "primary"),
    )
    rows = (
        (
            *(one.code, one.zh, f"{one.time.astimezone(BEIJING):%Y-%m-%d %H:%M}"),
            *(one.pm2_5, one.pm10, one.aqi_old, one.aqi_new, one.primary),
        )
        for one in found.moved
    )
    head = [
        "HJ 633—2012 与 HJ 633—2026 HJ 633—2012 beside HJ 633—2026",
        *_lines(source_notes(span)),
    ]
    return sheet(format, f"editions_{scope}_{unit}", head, columns, rows)


def span_named(start: str, to: str) -> Period:
    """Return whole days from one to another, both included."""
    if not start or not to:
        raise BadInput("请给出起止日期 from 和 to。", "Give the first and last day: from and to.")
    first, last = moment(start, name="from"), moment(to, name="to", closes=True)
    if last <= first:
        raise BadInput("终止日期不能早于起始日期。", "The last day must not come before the first.")
    return Period(first, last)


def plain(thing: Any) -> Any:
    """Return a figure's parts as JSON has them."""
    match thing:
        case When():
            return {"name": thing.name, "period": thing.period, "zh": thing.zh, "en": thing.en}
        case Region():
            return {"code": thing.code, "zh": thing.name_zh, "en": thing.name_en}
        case Period():
            return {"from": thing.start, "to": thing.end}
        case Decimal():
            return float(thing)
        case datetime() | date() | str() | int() | float() | None:
            return thing
        case dict():
            return {key: plain(value) for key, value in thing.items()}
        case _ if is_dataclass(thing):
            named = ((field.name, getattr(thing, field.name)) for field in fields(thing))
            return {name: plain(part) for name, part in named if name not in _UNSAID}
        case Sequence():
            return [plain(one) for one in thing]
        case _:
            return str(thing)


def _head(
    found: rankings.Ranking, known: datetime | None, notes: list[tuple[str, str]]
) -> list[str]:
    at = known or datetime.now(UTC)
    editions = "、".join(sorted({row.edition for row in found.rows if row.edition}))
    return [
        f"{found.when.zh} {found.when.en}",
        f"评价依据 editions: {editions or '—'}",
        f"所知时刻（北京时间）as known on: {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        *_lines(notes),
    ]


def _lines(notes: list[tuple[str, str]]) -> list[str]:
    return [f"{zh} {en}".rstrip() for zh, en in notes]


def _columns() -> list[str]:
    values = [
        f"{rankings.STATISTIC.get(key, key)} {quantity(key).unit}" for key in rankings.POLLUTANTS
    ]
    indices = [f"index_{key}" for key in rankings.POLLUTANTS]
    return [
        *("rank", "code", "name", "name_en", "composite", "largest"),
        *("composite_change_year_%", "composite_change_before_%", "places_year", "places_before"),
        *values,
        *indices,
        *("days", "valid_days", "good_days", "good_share_%", *(f"level_{n}" for n in range(1, 7))),
        *("reason", "edition", "revision"),
    ]


def _cells(row: rankings.Row) -> list[Any]:
    return [
        *(row.rank, row.code, row.zh, row.en, row.composite, row.largest),
        *(row.year.rise, row.before.rise),
        *(row.year.places["composite"], row.before.places["composite"]),
        *(part.value for part in row.parts),
        *(part.index for part in row.parts),
        *(row.days, row.valid_days, row.good_days, row.good_share, *row.levels),
        *(row.reason, row.edition, row.revision),
    ]
