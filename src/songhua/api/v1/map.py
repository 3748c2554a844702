"""The air of the whole province at one time: what the map, its list, table and wall show."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import polars as pl
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router
from ninja.params.functions import Query

from songhua.api import ports
from songhua.api.v1.asked import known_at, moment
from songhua.api.v1.sheet import sheet
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import POLLUTANTS, aqi_rule, quantity, regions
from songhua.store import shelf
from songhua.store.registry import records
from songhua.store.registry.models import Correction
from songhua.store.registry.sites import sites

router = Router(tags=["air"])

PeriodName = Literal["hour", "day"]
VALUES = (*POLLUTANTS, "o3_8h")
RESULTS = (
    *VALUES,
    *(f"iaqi_{name}" for name in POLLUTANTS),
    "aqi",
    "level",
    "primary",
    "reason",
    "n",
)
MOST_CHANGES = 50
MOST_CORRECTIONS = 5
_STEP = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_REACH = {"hour": timedelta(days=400), "day": timedelta(days=3660)}
"""How far to look for a time with data."""
_TIME = Query("", description="Beijing time unless it names a zone: 2020-04-04T11")


@router.get("/air/times")
def times(request: HttpRequest) -> dict[str, Any]:
    """Return for which times there is air on the shelf, and the revision that this was true at."""
    playback = ports.playback()
    return {
        "hour": _ends("hour"),
        "day": _ends("day"),
        "revision": records.progress(),
        "now": _ms(datetime.now(UTC)),
        "playback": asdict(playback) if playback else None,
    }


@router.get("/air/map")
def air_map(
    request: HttpRequest, time: str = _TIME, period: PeriodName = "hour", as_of: str = ""
) -> dict[str, Any]:
    """Return every station's and city's air at one hour or day, column by column.

    Without `time` the last one on the shelf. Stations without data are there too, with the reason.
    """
    at = _asked_time(time, period)
    known = known_at(as_of)
    if at is None:
        return {"time": None, "period": period}
    span = span_of(at, period)
    rule = aqi_rule(on=at.astimezone(BEIJING).date())
    return {
        "time": _ms(at),
        "period": period,
        "as_of": _ms(known) if known else None,
        "edition": rule.edition,
        "sites": _columns(_sites(at), _results("site", period, span, known), "site"),
        "cities": _columns(_cities(), _results("city", period, span, known), "code"),
    }


@router.get("/air/near")
def near(request: HttpRequest, time: str, period: PeriodName = "hour") -> dict[str, int | None]:
    """Return the last time before and the first after at which a city has an index."""
    at = asked_time(time, period)
    reach = _REACH[period]
    before = _judged_times(Period(at - reach, at), period).max()
    after = _judged_times(Period(at + _STEP[period], at + reach), period).min()
    return {
        "before": _ms(before) if isinstance(before, datetime) else None,
        "after": _ms(after) if isinstance(after, datetime) else None,
    }


@router.get("/air/map/export")
def export(
    request: HttpRequest,
    time: str = _TIME,
    period: PeriodName = "hour",
    of: Literal["site", "city"] = "site",
    as_of: str = "",
    format: Literal["csv", "xlsx"] = "csv",
) -> HttpResponseBase:
    """Return the map's table as a file; its head says the time, the edition and the units."""
    at, known = asked_time(time, period), known_at(as_of)
    rule = aqi_rule(on=at.astimezone(BEIJING).date())
    register = _sites(at).filter("own").drop("own") if of == "site" else _cities()
    table = _beside(register, _results(of, period, span_of(at, period), known), register.columns[0])
    units = ", ".join(f"{name} {quantity(name).unit}" for name in VALUES)
    said = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M" if period == "hour" else "%Y-%m-%d")
    head = [f"{said} ({period}, Asia/Shanghai)", rule.edition, units]
    if known:
        head.append(f"as of {known.astimezone(BEIJING):%Y-%m-%d %H:%M}")
    name = f"air_{of}_{period}_{at.astimezone(BEIJING):%Y%m%d%H}"
    return sheet(format, name, head, table.columns, table.rows())


@router.get("/air/changes")
def changes(request: HttpRequest, time: str = _TIME, period: PeriodName = "hour") -> dict[str, Any]:
    """Return which stations changed level since the step before, and the latest corrections."""
    at = _asked_time(time, period)
    if at is None:
        return {"time": None, "levels": [], "corrections": []}
    step = _STEP[period]
    both = shelf().air_index(
        period=period,
        scope="site",
        span=Period(at - step, at + step),
        columns=("aqi", "level"),
    )
    now = _judged(both.filter(pl.col("time") == at), "to")
    before = _judged(both.filter(pl.col("time") == at - step), "from")
    moved = (
        now.join(before, on="site")
        .filter(pl.col("level_to") != pl.col("level_from"))
        .join(_sites(at).filter("own"), on="site")
        .sort((pl.col("aqi_to") - pl.col("aqi_from")).abs(), descending=True)
        .head(MOST_CHANGES)
    )
    wanted = ("site", "zh", "en", "city", "level_from", "aqi_from", "level_to", "aqi_to")
    return {
        "time": _ms(at),
        "levels": moved.select(wanted).to_dicts(),
        "corrections": _corrections(),
    }


def asked_time(text: str, period: PeriodName) -> datetime:
    """Return the start of the hour or day that a text names.

    Raises
    ------
    BadInput
        If it names none.
    """
    if not text:
        raise BadInput("请给出时间 time。", "Give a time.")
    at = moment(text, name="time")
    whole = at.replace(minute=0, second=0, microsecond=0)
    return (whole if period == "hour" else whole.replace(hour=0)).astimezone(UTC)


def span_of(at: datetime, period: PeriodName) -> Period:
    """Return the hour or day that starts at an instant."""
    return Period(at, at + _STEP[period])


def _asked_time(text: str, period: PeriodName) -> datetime | None:
    if text:
        return asked_time(text, period)
    ends = _first_and_last(period)
    return None if ends is None else ends[1]


def _sites(at: datetime) -> pl.DataFrame:
    register = sites(on=at.astimezone(BEIJING).date())
    return register.select(
        "site",
        pl.col("name_zh").alias("zh"),
        pl.col("name_en").alias("en"),
        "city",
        pl.col("city_short").alias("city_zh"),
        "city_en",
        pl.col("county_name").alias("county_zh"),
        "own",
        pl.col("level").alias("kind"),
        "lon",
        "lat",
    )


def _cities() -> pl.DataFrame:
    rows = [
        (one.code, one.name_zh, one.short_zh, one.name_en, one.lon, one.lat)
        for one in regions().values()
        if one.level == "city"
    ]
    return pl.DataFrame(rows, schema=["code", "zh", "short", "en", "lon", "lat"], orient="row")


def _results(scope: str, period: str, span: Period, known: datetime | None) -> pl.DataFrame:
    rows = shelf().air_index(period=period, scope=scope, span=span, as_of=known, columns=RESULTS)
    return rows.select("subject", *RESULTS)


def _columns(register: pl.DataFrame, results: pl.DataFrame, key: str) -> dict[str, list[Any]]:
    """Return what is registered with its results beside it, as columns."""
    joined = _beside(register, results, key)
    return {name: joined[name].to_list() for name in joined.columns}


def _beside(register: pl.DataFrame, results: pl.DataFrame, key: str) -> pl.DataFrame:
    return register.join(
        results, left_on=key, right_on="subject", how="left", maintain_order="left"
    ).with_columns(
        pl.col("level").fill_null(0),
        pl.col("primary").fill_null(""),
        pl.when(pl.col("level").is_null())
        .then(pl.lit("not_received"))
        .otherwise("reason")
        .alias("reason"),
    )


def _judged_times(span: Period, period: PeriodName) -> pl.Series:
    rows = shelf().air_index(period=period, scope="city", span=span, columns=("level",))
    return rows.filter(pl.col("level") > 0)["time"]


def _judged(rows: pl.DataFrame, when: str) -> pl.DataFrame:
    return rows.filter(pl.col("level") > 0).select(
        pl.col("subject").alias("site"),
        pl.col("level").alias(f"level_{when}"),
        pl.col("aqi").cast(pl.Int32).alias(f"aqi_{when}"),
    )


def _corrections() -> list[dict[str, Any]]:
    names = dict(sites().select("site", pl.struct("name_zh", "name_en")).iter_rows())
    rows = Correction.objects.order_by("-journal_seq")[:MOST_CORRECTIONS]
    return [
        {
            "site": row.site,
            "zh": names.get(row.site, {}).get("name_zh", row.site),
            "en": names.get(row.site, {}).get("name_en", row.site),
            "quantity": row.quantity,
            "period": row.period,
            "time": _ms(row.time),
            "former": row.former,
            "value": row.value,
            "at": _ms(row.at),
        }
        for row in rows
    ]


def _ends(period: str) -> list[int] | None:
    found = _first_and_last(period)
    return None if found is None else [_ms(found[0]), _ms(found[1])]


def _first_and_last(period: str) -> tuple[datetime, datetime] | None:
    both = [ends for scope in ("site", "city") if (ends := shelf().times(period, scope=scope))]
    if not both:
        return None
    return min(first for first, _ in both), max(last for _, last in both)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
