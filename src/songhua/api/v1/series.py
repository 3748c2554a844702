"""The air of one site or region over time: course, calendar, profile, rose and data capture."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1 import legend, shape
from songhua.api.v1.asked import INDEX, Asked, asked, series_named
from songhua.api.v1.subject import Subject, subject
from songhua.assess.air import read_reasons
from songhua.model import BEIJING, Period
from songhua.standards import is_valid_mark, quantity, station_marks
from songhua.store import shelf
from songhua.store.registry.models import Correction, ImportFile
from songhua.store.registry.sites import sites

router = Router(tags=["air"])

DERIVED = (INDEX, "o3_8h")
"""What no instrument reports: these come from the results even where hours are asked for."""
MOST_MARKS = 500
_MOST_HISTORIES = 40
_STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
EVER = Period(datetime(2000, 1, 1, tzinfo=BEIJING), datetime(2100, 1, 1, tzinfo=BEIJING))
_FROM = Query("", alias="from")


@router.get("/air/series")
def series(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    period: str = "hour",
    start: str = _FROM,
    to: str = "",
    quantities: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return the course of the index and of concentrations, with the levels and limits behind it.

    Where a span holds more than 4,000 hours or days, each step gathers several: `value` is their
    mean, `low` and `high` their least and greatest.
    """
    who = subject(site, region)
    ask = asked(period=period, start=start, end=to, as_of=as_of)
    over = shape.grid(ask.span, period)
    names = series_named(quantities)
    assessed = results(who, ask, names)
    marked = reported(who, ask, [name for name in names if name not in DERIVED])
    return {
        "subject": {"scope": who.scope, "key": who.key, "zh": who.zh, "en": who.en},
        "period": period,
        "from": _ms(ask.span.start),
        "to": _ms(ask.span.end),
        "as_of": _ms(ask.as_of) if ask.as_of else None,
        "step": over.step // timedelta(milliseconds=1),
        "gathers": over.gathers,
        "time": over.times,
        "levels": legend.levels(),
        "editions": legend.edition_codes(ask.span),
        "series": [_one(name, who, ask, over, assessed, marked) for name in names],
    }


@router.get("/air/calendar")
def calendar(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    start: str = _FROM,
    to: str = "",
    as_of: str = "",
) -> dict[str, Any]:
    """Return the index, level and primary pollutant of every day of a span."""
    who = subject(site, region)
    ask = asked(period="day", start=start, end=to, as_of=as_of)
    days = results(who, ask).sort("time")
    return {
        "from": _ms(ask.span.start),
        "to": _ms(ask.span.end),
        "levels": legend.levels(),
        "time": _times(days),
        "aqi": days["aqi"].to_list(),
        "level": days["level"].fill_null(0).to_list(),
        "primary": days["primary"].to_list(),
        "reason": days["reason"].to_list(),
        "edition": days["edition"].to_list(),
    }


def _one(
    name: str,
    who: Subject,
    ask: Asked,
    over: shape.Grid,
    assessed: pl.DataFrame,
    marked: pl.DataFrame,
) -> dict[str, Any]:
    """Return one series with everything that is drawn with it."""
    rows = marked.filter(pl.col("quantity") == name)
    good = pl.col("mark").is_in(good_marks())
    return {
        **described(name),
        **shape.course(values(who, ask, name, results=assessed, reported=marked), over),
        "bands": legend.bands(name, ask.period, ask.span),
        "limits": legend.limits(name, ask.period, ask.span),
        "invalid": _marked(rows.filter(~good)),
        "suspect": _marked(rows.filter(good & ~pl.col("mark").is_in(("", "N")))),
        "corrected": list(_corrected(who, ask, name, rows)),
        "missing": [] if _is_reported(who, ask, name) else _missing(assessed, name),
    }


def ends(who: Subject, period: str) -> tuple[datetime, datetime] | None:
    """Return the first and last hour or day that a subject has a result for."""
    rows = shelf().air_index(
        period=period, scope=who.scope, span=EVER, subjects=[who.key], columns=["level"]
    )
    if rows.is_empty():
        return None
    times = rows["time"]
    return times[0], times[-1]


def results(who: Subject, ask: Asked, names: Sequence[str] = ()) -> pl.DataFrame:
    """Return the assessed hours or days of a subject: its index, and the named concentrations."""
    columns = dict.fromkeys((INDEX, "level", "primary", "reason", "edition", *names))
    return shelf().air_index(
        period=ask.period,
        scope=who.scope,
        span=ask.span,
        subjects=[who.key],
        as_of=ask.as_of,
        columns=list(columns),
    )


def reported(who: Subject, ask: Asked, names: Sequence[str]) -> pl.DataFrame:
    """Return what was reported for a subject, marks and all."""
    return shelf().observations(
        period=ask.period, span=ask.span, sites=[who.key], quantities=names, as_of=ask.as_of
    )


def observed(who: Subject, ask: Asked, names: Sequence[str]) -> pl.DataFrame:
    """Return the reported values that are not marked invalid."""
    rows = reported(who, ask, names)
    return rows.filter(pl.col("mark").is_in(good_marks()) & pl.col("value").is_not_null())


def values(
    who: Subject, ask: Asked, name: str, *, results: pl.DataFrame, reported: pl.DataFrame
) -> pl.DataFrame:
    """Return time and value of one series: as reported and valid, or as assessed."""
    if _is_reported(who, ask, name):
        good = (pl.col("quantity") == name) & pl.col("mark").is_in(good_marks())
        return reported.filter(good).select("time", "value").drop_nulls()
    return results.select("time", pl.col(name).alias("value")).drop_nulls()


def _is_reported(who: Subject, ask: Asked, name: str) -> bool:
    """Return whether a series is what instruments reported, not what was worked out from it."""
    return who.scope == "site" and ask.period == "hour" and name not in DERIVED


def course(who: Subject, ask: Asked, name: str) -> pl.DataFrame:
    """Return time and value of one series where there is one."""
    if _is_reported(who, ask, name):
        return observed(who, ask, [name]).select("time", "value")
    return results(who, ask, [name]).select("time", pl.col(name).alias("value")).drop_nulls()


def _corrected(who: Subject, ask: Asked, name: str, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield what was changed after it had been shown, with the value it had before."""
    if _is_reported(who, ask, name):
        for row in corrections(who, ask).filter(quantity=name).order_by("journal_seq")[:MOST_MARKS]:
            yield _mark(row.time, row.value, row.former, row)
        yield from _redelivered(who, ask, rows)
    else:
        yield from _recomputed(who, ask, name)


def _recomputed(who: Subject, ask: Asked, name: str) -> Iterator[dict[str, Any]]:
    """Yield results that a correction of an hour or day changed."""
    step = _STEP[ask.period]
    rows = corrections_of(_sites_of(who), ask.span, ask.as_of)
    causes = {row.journal_seq: row for row in rows}
    times = {ask.span.start + (row.time - ask.span.start) // step * step for row in causes.values()}
    for time in sorted(times)[:_MOST_HISTORIES]:
        past = shelf().air_index_history(
            period=ask.period, scope=who.scope, subject=who.key, time=time.astimezone(UTC)
        )
        for before, after in pairwise(past.select(name, "cause").rows()):
            if before[0] != after[0] and after[1] in causes:
                yield _mark(time, after[0], before[0], causes[after[1]])


def _sites_of(who: Subject) -> list[str]:
    """Return whose values a subject's results are made of."""
    if who.scope == "site":
        return [who.key]
    own = sites().filter((pl.col("city") == who.key) | (pl.col("county") == who.key))
    return [who.key, *own["site"].unique()]


def _mark(
    time: datetime, value: float | None, former: float | None, cause: Correction
) -> dict[str, Any]:
    return {
        "time": _ms(time),
        "value": value,
        "former": former,
        "words": cause.reason,
        "author": cause.author,
        "at": _ms(cause.at),
        "kind": "correction",
    }


def _redelivered(who: Subject, ask: Asked, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield values that a later file changed: no person's correction, but no longer the first."""
    if rows.is_empty():
        return
    corrected = {at for (at,) in corrections(who, ask).values_list("time")}
    changed = rows.filter("changed").head(_MOST_HISTORIES)
    for row in changed.iter_rows(named=True):
        if row["time"] in corrected:
            continue
        past = shelf().observation_history(
            site=who.key, quantity=row["quantity"], period=ask.period, time=row["time"]
        )
        former = past.filter(pl.col("revision") < row["revision"])
        file = ImportFile.objects.filter(journal_seq=row["revision"]).first()
        yield {
            "time": _ms(row["time"]),
            "value": row["value"],
            "former": None if former.is_empty() else former["value"][-1],
            "words": file.name if file else row["reason"],
            "author": row["author"],
            "at": _ms(row["recorded_at"]),
            "kind": "file",
        }


def corrections(who: Subject, ask: Asked) -> QuerySet[Correction]:
    """Return what people corrected of a subject's own values, as far as it was known."""
    return corrections_of([who.key], ask.span, ask.as_of).filter(period=ask.period)


def corrections_of(
    keys: Sequence[str], span: Period, as_of: datetime | None
) -> QuerySet[Correction]:
    """Return what people corrected of several subjects in a span, as far as it was known."""
    rows = Correction.objects.filter(site__in=keys, time__gte=span.start, time__lt=span.end)
    return rows if as_of is None else rows.filter(at__lte=as_of)


def _marked(rows: pl.DataFrame) -> list[dict[str, Any]]:
    words = station_marks()
    return [
        {
            "time": _ms(time),
            "value": value,
            "mark": mark,
            "zh": words[mark].name_zh or mark if mark in words else mark,
            "en": words[mark].name_en if mark in words else mark,
        }
        for time, value, mark in rows.head(MOST_MARKS).select("time", "value", "mark").rows()
    ]


def _missing(results: pl.DataFrame, name: str) -> list[dict[str, Any]]:
    """Return why there is no value, for the steps that have a result without one."""
    none = results.filter(pl.col(name).is_null() & (pl.col("reason") != "")).head(MOST_MARKS)
    return [
        {"time": _ms(time), "why": _reason(text, name)}
        for time, text in none.select("time", "reason").rows()
    ]


def _reason(text: str, name: str) -> str:
    reasons = read_reasons(text)
    why = reasons.get(name) or next(iter(reasons.values()), None)
    return "" if why is None else f"{why.reason.value}: {why.detail}".removesuffix(": ")


def described(name: str) -> dict[str, Any]:
    """Return the names, unit and decimals of a series."""
    if name == INDEX:
        return {
            "name": name,
            "symbol": "AQI",
            "zh": "空气质量指数",
            "en": "Air quality index",
            "unit": "",
            "places": 0,
        }
    one = quantity(name)
    return {
        "name": name,
        "symbol": one.symbol,
        "zh": one.name_zh,
        "en": one.name_en,
        "unit": one.unit,
        "places": one.places,
    }


def good_marks() -> list[str]:
    """Return the marks whose values count."""
    return [mark for mark in station_marks() if is_valid_mark(mark)]


def _times(rows: pl.DataFrame) -> list[int]:
    return rows["time"].dt.epoch("ms").to_list()


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
