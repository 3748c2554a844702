"""Files to take away: the same numbers as on the page, with the edition and state of knowledge."""

from datetime import UTC, datetime

import polars as pl
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1 import legend, series
from songhua.api.v1.asked import INDEX, Asked, asked, series_named
from songhua.api.v1.sheet import sheet
from songhua.api.v1.subject import Subject, subject
from songhua.model import BEIJING

router = Router(tags=["air"])

_FROM = Query("", alias="from")


@router.get("/air/export")
def export(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    period: str = "hour",
    start: str = _FROM,
    to: str = "",
    quantities: str = "",
    as_of: str = "",
    format: str = "csv",
) -> HttpResponseBase:
    """Return the hours or days of a span as CSV or XLSX.

    The head of the file names the subject, the units, the editions and the state of knowledge.
    """
    who = subject(site, region)
    ask = asked(period=period, start=start, end=to, as_of=as_of)
    names = [name for name in series_named(quantities) if name != INDEX]
    rows = _rows(who, ask, names)
    name = f"{who.key}_{period}_{ask.span.start:%Y%m%d}_{ask.span.end:%Y%m%d}"
    shown = rows.drop("code")
    return sheet(format, name, _head(who, ask, names, rows), shown.columns, shown.iter_rows())


def _rows(who: Subject, ask: Asked, names: list[str]) -> pl.DataFrame:
    """Return one row an hour or day: index and level, values, and what was marked."""
    results = series.results(who, ask, names)
    wide = results.select("time", "aqi", "level", "primary", "edition", "code")
    reported = series.reported(who, ask, [name for name in names if name not in series.DERIVED])
    for name in names:
        values = series.values(who, ask, name, results=results, reported=reported)
        wide = wide.join(values.rename({"value": name}), on="time", how="full", coalesce=True)
    text = pl.col("value").cast(pl.String).fill_null("")
    marked = reported.filter(~pl.col("mark").is_in(("", "N"))).select(
        "time", marks=pl.format("{}={}({})", "quantity", text, "mark")
    )
    marks = marked.group_by("time").agg(pl.col("marks").sort().str.join(" "))
    return (
        wide.join(marks, on="time", how="left")
        .sort("time")
        .with_columns(
            pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        )
    )


def _head(who: Subject, ask: Asked, names: list[str], rows: pl.DataFrame) -> list[str]:
    units = "；".join(f"{one['symbol']} {one['unit']}" for one in map(series.described, names))
    known = ask.as_of or datetime.now(UTC)
    codes = "、".join(sorted({code for code in rows["code"].to_list() if code}))
    return [
        f"{who.zh} {who.en} {who.key}",
        f"时间 time: 北京时间，{'小时' if ask.period == 'hour' else '自然日'}的起点 "
        f"Beijing time, start of the {ask.period}",
        f"单位 units: {units or '—'}",
        f"评价依据 editions: {'、'.join(legend.edition_codes(ask.span))}",
        f"所知时刻 as known on: {known.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} 北京时间",
        f"程序版本 code: {codes or '—'}",
    ]
