"""The thin shell of air assessment: asks the shelf, calls the pure code, puts results back.

Every job can run again for any span and gives the same answer; it takes its rules from the day
measured and its clock from the caller.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Protocol

import polars as pl

from songhua.assess import air
from songhua.model import BEIJING, Period
from songhua.standards import PROVINCE, is_valid_mark, station_marks

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
_CONCENTRATIONS = (*POLLUTANTS, "o3_8h")
_WINDOW = timedelta(hours=7)  # an hour's ozone enters the 8-h means of this many later hours


class AirShelf(Protocol):
    """What these jobs need from the shelf, and nothing more."""

    def observations(
        self,
        *,
        period: str,
        span: Period,
        sites: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return current values: site, quantity, time (UTC start), value, mark, revision."""

    def air_index(
        self, *, period: str, scope: str, span: Period, subjects: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return current index rows of one period and scope."""

    def save_air_index(self, frame: pl.DataFrame) -> int:
        """Keep index rows that differ from the current ones; return how many."""

    def save_air_summary(self, frame: pl.DataFrame) -> int:
        """Keep summary rows that differ from the current ones; return how many."""


@dataclass(frozen=True, slots=True)
class Affected:
    """What must be assessed again.

    Parameters
    ----------
    sites
        Keys of the sites, or region codes for values that arrive as a city's own.
    span
        Hours or days whose values came or changed.
    cause
        Journal sequence of the entry that brought the change.
    """

    sites: tuple[str, ...]
    span: Period
    cause: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What every result carries: the journal entry behind it, and the code that computed it."""

    cause: int
    code: str

    def on(self, frame: pl.DataFrame, *, period: str, scope: str) -> pl.DataFrame:
        """Return the frame with the provenance columns of the shelf."""
        return frame.with_columns(
            pl.lit(period).alias("period"),
            pl.lit(scope).alias("scope"),
            pl.lit(self.cause, dtype=pl.UInt64).alias("cause"),
            pl.lit(self.code).alias("code"),
        )


Members = Callable[[date], pl.DataFrame]
"""Given a day: site → county, city (columns ``site``, ``county``, ``city``)."""


def assess_hours(shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp) -> int:
    """Assess every affected site hour; return how many results changed."""
    del members
    span = Period(affected.span.start, affected.span.end + _WINDOW)
    hours = valid_wide(
        shelf.observations(
            period="hour", span=Period(span.start - _WINDOW, span.end), sites=affected.sites
        )
    )
    if hours.is_empty():
        return 0
    rows = air.rolling_8h(hours).filter(_within(span))
    return shelf.save_air_index(
        stamp.on(_judged(air.hourly_columns(rows), "site"), period="hour", scope="site")
    )


def assess_area_hours(shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp) -> int:
    """Assess the hours of the counties and cities that the affected sites lie in."""
    span = Period(affected.span.start, affected.span.end + _WINDOW)
    return _assess_areas(shelf, members, affected, stamp, period="hour", span=span)


def assess_days(shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp) -> int:
    """Assess every affected site day from its hours; return how many results changed."""
    del members
    hours = valid_wide(
        shelf.observations(period="hour", span=whole_days(affected.span), sites=affected.sites)
    )
    if hours.is_empty():
        return 0
    days = air.daily_columns(air.daily_means(hours))
    return shelf.save_air_index(stamp.on(_judged(days, "site"), period="day", scope="site"))


def assess_area_days(shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp) -> int:
    """Assess county and city days: from their sites, or as a city delivered them itself."""
    span = whole_days(affected.span)
    computed = _assess_areas(shelf, members, affected, stamp, period="day", span=span)
    delivered = valid_wide(
        shelf.observations(period="day", span=span, sites=affected.sites), period="day"
    )
    if delivered.is_empty():
        return computed
    own = _judged(air.daily_columns(delivered), "site")
    return computed + shelf.save_air_index(stamp.on(own, period="day", scope="city"))


def assess_periods(shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp) -> int:
    """Assess the months, quarters and years of what was affected, and rank the areas."""
    span = whole_days(affected.span)
    years = Period.days(
        date(span.start.year, 1, 1), date((span.end - timedelta(days=1)).year, 12, 31)
    )
    changed = 0
    for scope in ("site", "county", "city"):
        subjects = affected.sites if scope == "site" else None
        days = shelf.air_index(period="day", scope=scope, span=years, subjects=subjects)
        if days.is_empty():
            continue
        for period in ("month", "quarter", "year"):
            summary = air.period_statistics(days, period=period)
            summary = summary.with_columns(rank=None) if scope == "site" else _ranked(summary)
            changed += shelf.save_air_summary(stamp.on(summary, period=period, scope=scope))
    del members
    return changed


def valid_wide(observations: pl.DataFrame, *, period: str = "hour") -> pl.DataFrame:
    """Return one row a site and time, a column a pollutant; null where absent or marked invalid.

    Parameters
    ----------
    observations
        site, quantity, time, value, mark: one row a value.
    period
        ``hour`` or ``day``: a day brings its own 8-hour maximum.
    """
    wanted = POLLUTANTS if period == "hour" else _CONCENTRATIONS
    good = [mark for mark in station_marks() if is_valid_mark(mark)]
    rows = observations.filter(pl.col("quantity").is_in(wanted)).with_columns(
        value=pl.when(pl.col("mark").is_in(good)).then("value")
    )
    wide = rows.pivot(on="quantity", on_columns=wanted, index=["site", "time"], values="value")
    return wide.sort("site", "time")


def whole_days(span: Period) -> Period:
    """Return the span widened to whole natural days (自然日) in Beijing time."""
    last = (span.end - timedelta(microseconds=1)).astimezone(BEIJING).date()
    return Period.days(span.start.astimezone(BEIJING).date(), last)


def _assess_areas(
    shelf: AirShelf,
    members: Members,
    affected: Affected,
    stamp: Stamp,
    *,
    period: Literal["hour", "day"],
    span: Period,
) -> int:
    register = members(span.start.astimezone(BEIJING).date())
    touched = register.filter(pl.col("site").is_in(affected.sites))
    columns = air.hourly_columns if period == "hour" else air.daily_columns
    changed = 0
    for scope in ("county", "city"):
        areas = touched[scope].drop_nulls().unique()
        of_area = register.filter(pl.col(scope).is_in(areas.to_list()))
        rows = shelf.air_index(
            period=period, scope="site", span=span, subjects=of_area["site"].to_list()
        )
        if rows.is_empty():
            continue
        sites = rows.select(pl.col("subject").alias("site"), "time", *_CONCENTRATIONS)
        means = air.area_means(
            sites, of_area.select("site", pl.col(scope).alias("region")), period=period
        )
        judged = _judged(columns(means), "region")
        changed += shelf.save_air_index(stamp.on(judged, period=period, scope=scope))
    return changed


def _ranked(summary: pl.DataFrame) -> pl.DataFrame:
    """Return areas with their rank; a neighbour of the province has none."""
    own = pl.col("subject").str.starts_with(PROVINCE[:2])
    neighbours = summary.filter(~own).with_columns(rank=pl.lit(None, pl.UInt16))
    return pl.concat([air.rank(summary.filter(own)), neighbours])


def _judged(frame: pl.DataFrame, subject: str) -> pl.DataFrame:
    """Return index rows as the shelf keeps them: subject, how many inputs, reasons in one text."""
    parts = [pl.when(pl.col("reason") != "").then(pl.lit("aqi ") + pl.col("reason"))]
    parts += [
        pl.when(pl.col(f"reason_{name}").is_not_null()).then(
            pl.lit(f"{name} ") + pl.col(f"reason_{name}").cast(pl.String)
        )
        for name in _CONCENTRATIONS
        if f"reason_{name}" in frame.columns
    ]
    counted = "n" if "n" in frame.columns else pl.lit(1, dtype=pl.UInt16).alias("n")
    return frame.with_columns(
        counted, reason=pl.concat_str(parts, separator="; ", ignore_nulls=True)
    ).rename({subject: "subject"})


def _within(span: Period) -> pl.Expr:
    return (pl.col("time") >= span.start) & (pl.col("time") < span.end)
