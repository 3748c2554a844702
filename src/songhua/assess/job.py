"""The thin shell of air assessment: asks the shelf, calls the pure code, puts results back.

Every job can run again for any span and gives the same answer; it takes its rules from the day
measured and its clock from the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Protocol

import polars as pl

from songhua.assess import air
from songhua.assess.register import Register, regions_of
from songhua.model import BEIJING, Period
from songhua.standards import PROVINCE, first_day, is_valid_mark, station_marks

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
_CONCENTRATIONS = (*POLLUTANTS, "o3_8h")
DEDUCTED = "day_deducted"
"""Period of a day without the hours that dust and exceptional events take out (扣除后日值)."""
_MONTHS: dict[Literal["month", "quarter", "year"], int] = {"month": 1, "quarter": 3, "year": 12}
_TIME = pl.Datetime("us", "UTC")
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

    def air_summary(
        self, *, period: str, scope: str, span: Period, subjects: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return current summary rows of one period and scope."""

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


def judged_part(affected: Affected) -> Affected | None:
    """Return the part of it that some law of air judges; None where all of it is older.

    What was measured before is kept and shown; it has no index.
    """
    first = _first_judged()
    if affected.span.end <= first:
        return None
    span = Period(max(affected.span.start, first), affected.span.end)
    return Affected(affected.sites, span, affected.cause)


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


def assess_hours(shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp) -> int:
    """Assess every affected site hour; return how many results changed."""
    del register
    span = Period(affected.span.start, affected.span.end + _WINDOW)
    hours = valid_wide(
        shelf.observations(
            period="hour",
            span=Period(max(span.start - _WINDOW, _first_judged()), span.end),
            sites=affected.sites,
        )
    )
    if hours.is_empty():
        return 0
    rows = air.rolling_8h(hours).filter(_within(span))
    return shelf.save_air_index(
        stamp.on(_judged(air.hourly_columns(rows), "site"), period="hour", scope="site")
    )


def assess_area_hours(shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp) -> int:
    """Assess the hours of the counties and cities that the affected sites lie in."""
    span = Period(affected.span.start, affected.span.end + _WINDOW)
    return _assess_areas(shelf, register, affected, stamp, period="hour", span=span)


def assess_days(shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp) -> int:
    """Assess every affected site day from its hours; return how many results changed."""
    del register
    hours = valid_wide(
        shelf.observations(period="hour", span=whole_days(affected.span), sites=affected.sites)
    )
    if hours.is_empty():
        return 0
    days = air.daily_columns(air.daily_means(hours))
    return shelf.save_air_index(stamp.on(_judged(days, "site"), period="day", scope="site"))


def assess_area_days(shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp) -> int:
    """Assess county and city days: from their sites, or as a city delivered them itself."""
    span = whole_days(affected.span)
    computed = _assess_areas(shelf, register, affected, stamp, period="day", span=span)
    delivered = valid_wide(
        shelf.observations(period="day", span=span, sites=affected.sites), period="day"
    )
    if delivered.is_empty():
        return computed
    own = _judged(air.daily_columns(delivered), "site")
    return computed + shelf.save_air_index(stamp.on(own, period="day", scope="city"))


def assess_deducted_days(
    shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp
) -> int:
    """Assess the days again without the hours of sand, dust and exceptional events.

    Kept beside the days as ``day_deducted``, only where something was ever excluded; where an
    exclusion was taken back the row is that of the whole day again.
    """
    changed = 0
    for span, members in register.stretches(whole_days(affected.span)):
        exclusions = register.excluded(span)
        days = _deducted_days(shelf, members, exclusions, affected.sites, span)
        if days.is_empty():
            continue
        where = Period(days["time"].min(), days["time"].max() + timedelta(days=1))  # type: ignore[arg-type, operator]
        hours = valid_wide(
            shelf.observations(
                period="hour", span=where, sites=days["subject"].unique().sort().to_list()
            )
        )
        left = air.without_hours(hours, exclusions, regions_of(members))
        if not left.is_empty():
            rows = _judged(air.daily_columns(air.daily_means(left)), "site")
            rows = rows.join(days, on=["subject", "time"], how="semi")
            changed += shelf.save_air_index(stamp.on(rows, period=DEDUCTED, scope="site"))
        changed += _deducted_areas(shelf, members, days, where, stamp)
        changed += _deducted_own(shelf, exclusions, days, where, stamp)
    return changed


def assess_periods(shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp) -> int:
    """Assess the months, quarters and years of what was affected, and rank the areas."""
    span = whole_days(affected.span)
    years = Period.days(
        date(span.start.year, 1, 1), date((span.end - timedelta(days=1)).year, 12, 31)
    )
    changed = 0
    for scope, subjects in _touched(register, affected, span).items():
        days = shelf.air_index(period="day", scope=scope, span=years, subjects=subjects)
        if days.is_empty():
            continue
        left = shelf.air_index(period=DEDUCTED, scope=scope, span=years, subjects=subjects)
        deducted = None if left.is_empty() else air.deductions(days, left)
        for period, months in _MONTHS.items():
            within = Period(_first_of(months, span).astimezone(UTC), span.end.astimezone(UTC))
            summary = air.period_statistics(days, period=period, deducted=deducted)
            summary = summary.filter(_within(within))
            if scope == "site":
                summary = summary.with_columns(rank=None)
            else:
                summary = _ranked(summary, shelf, period, scope, within)
            changed += shelf.save_air_summary(stamp.on(summary, period=period, scope=scope))
    return changed


JOBS = (
    assess_hours,
    assess_area_hours,
    assess_days,
    assess_area_days,
    assess_deducted_days,
    assess_periods,
)
"""All of them, in the order in which one reads what another wrote."""


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
    register: Register,
    affected: Affected,
    stamp: Stamp,
    *,
    period: Literal["hour", "day"],
    span: Period,
) -> int:
    columns = air.hourly_columns if period == "hour" else air.daily_columns
    changed = 0
    for part, members in register.stretches(span):
        touched = members.filter(pl.col("site").is_in(affected.sites))
        for scope in ("county", "city"):
            areas = touched[scope].drop_nulls().unique()
            of_area = members.filter(pl.col(scope).is_in(areas.to_list()))
            rows = shelf.air_index(
                period=period, scope="site", span=part, subjects=of_area["site"].to_list()
            )
            if rows.is_empty():
                continue
            judged = _judged(columns(_area_means(rows, of_area, scope, period)), "region")
            changed += shelf.save_air_index(stamp.on(judged, period=period, scope=scope))
    return changed


def _area_means(
    rows: pl.DataFrame, members: pl.DataFrame, scope: str, period: Literal["hour", "day"]
) -> pl.DataFrame:
    sites = rows.select(pl.col("subject").alias("site"), "time", *_CONCENTRATIONS)
    return air.area_means(
        sites, members.select("site", pl.col(scope).alias("region")), period=period
    )


def _deducted_days(
    shelf: AirShelf,
    members: pl.DataFrame,
    exclusions: Sequence[air.Exclusion],
    sites: Sequence[str],
    span: Period,
) -> pl.DataFrame:
    """Return subject and time of the days that an exclusion touches, or once touched."""
    regions = regions_of(members)
    wanted = pl.Series("subject", list(sites), dtype=pl.String)
    parts = []
    for one in exclusions:
        inside = regions.filter(pl.col("region") == one.subject)["site"]
        subjects = wanted.filter(wanted.is_in([one.subject, *inside]))
        touched = whole_days(Period(max(one.start, span.start), min(one.end, span.end)))
        days = pl.datetime_range(
            touched.start, touched.end, "1d", closed="left", eager=True, time_zone="Asia/Shanghai"
        ).dt.convert_time_zone("UTC")
        parts.append(
            subjects.to_frame().join(days.cast(_TIME).alias("time").to_frame(), how="cross")
        )
    for scope in ("site", "city"):
        known = shelf.air_index(period=DEDUCTED, scope=scope, span=span, subjects=sites)
        parts.append(known.select("subject", pl.col("time").cast(_TIME)))
    return pl.concat(parts).unique(maintain_order=True)


def _deducted_areas(
    shelf: AirShelf, members: pl.DataFrame, days: pl.DataFrame, where: Period, stamp: Stamp
) -> int:
    touched = members.filter(pl.col("site").is_in(days["subject"].unique().to_list()))
    dates = days["time"].unique().to_list()
    changed = 0
    for scope in ("county", "city"):
        areas = touched[scope].drop_nulls().unique().to_list()
        of_area = members.filter(pl.col(scope).is_in(areas))
        subjects = of_area["site"].to_list()
        whole = shelf.air_index(period="day", scope="site", span=where, subjects=subjects)
        left = shelf.air_index(period=DEDUCTED, scope="site", span=where, subjects=subjects)
        rows = pl.concat([whole.join(left, on=["subject", "time"], how="anti"), left])
        rows = rows.filter(pl.col("time").is_in(dates))
        if rows.is_empty():
            continue
        judged = _judged(air.daily_columns(_area_means(rows, of_area, scope, "day")), "region")
        changed += shelf.save_air_index(stamp.on(judged, period=DEDUCTED, scope=scope))
    return changed


def _deducted_own(
    shelf: AirShelf,
    exclusions: Sequence[air.Exclusion],
    days: pl.DataFrame,
    where: Period,
    stamp: Stamp,
) -> int:
    """Assess the days that areas delivered themselves: without hours a day falls out whole."""
    subjects = days["subject"].unique().sort().to_list()
    delivered = valid_wide(
        shelf.observations(period="day", span=where, sites=subjects), period="day"
    ).join(days.rename({"subject": "site"}), on=["site", "time"], how="semi")
    if delivered.is_empty():
        return 0
    rows = _judged(air.daily_columns(air.without_days(delivered, exclusions)), "site")
    return shelf.save_air_index(stamp.on(rows, period=DEDUCTED, scope="city"))


def _touched(register: Register, affected: Affected, span: Period) -> dict[str, Sequence[str]]:
    """Return the subjects of each scope whose periods may have changed."""
    areas: dict[str, set[str]] = {"county": set(), "city": set(affected.sites)}
    for _, members in register.stretches(span):
        rows = members.filter(pl.col("site").is_in(affected.sites))
        for scope, codes in areas.items():
            codes.update(rows[scope].drop_nulls())
    return {
        "site": affected.sites,
        "county": sorted(areas["county"]),
        "city": sorted(areas["city"]),
    }


def _ranked(
    summary: pl.DataFrame, shelf: AirShelf, period: str, scope: str, within: Period
) -> pl.DataFrame:
    """Return areas with their rank among all; a neighbour of the province has none."""
    kept = shelf.air_summary(period=period, scope=scope, span=within)
    others = kept.join(summary, on=["subject", "time"], how="anti")
    names = [name for name in summary.columns if name in others.columns]
    both = pl.concat([summary, others.select(names)], how="diagonal_relaxed")
    own = pl.col("subject").str.starts_with(PROVINCE[:2])
    neighbours = both.filter(~own).with_columns(rank=pl.lit(None, pl.UInt16))
    return pl.concat([air.rank(both.filter(own)), neighbours])


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


def _first_of(months: int, span: Period) -> datetime:
    """Return when the month, quarter or year that a span begins in begins."""
    start = span.start.astimezone(BEIJING)
    return datetime(start.year, (start.month - 1) // months * months + 1, 1, tzinfo=BEIJING)


def _first_judged() -> datetime:
    return Period.day(first_day("air", "gb_3095", "hj_633", "hj_663")).start.astimezone(UTC)


def _within(span: Period) -> pl.Expr:
    return (pl.col("time") >= span.start) & (pl.col("time") < span.end)
