"""Months, quarters and years of daily figures, column by column: the exact twin of `statistics`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Literal, TypeVar, cast

import polars as pl

from songhua.assess.air.doors import any_frame
from songhua.assess.air.index import PRIMARY_ORDER
from songhua.assess.air.means import rules_between
from songhua.assess.air.statistics import DAY_COLUMN, FEBRUARY, Span, figure_name, quantity_of
from songhua.assess.rounding import NANO, half_even_quotient, nano, shifted
from songhua.model import BadInput, MissingReason
from songhua.standards import (
    POLLUTANTS,
    AmbientAirRule,
    Averaging,
    EvaluationRule,
    RankingRule,
    ambient_air_rule,
    evaluation_rule,
    ranking_rule,
)

MEANS = ("so2", "no2", "pm10", "pm2_5")
PERCENTILES = ("co_p95", "o3_p90", "so2_p98", "no2_p98", "pm10_p95", "pm2_5_p95")
LEVELS = tuple(f"level_{number}" for number in range(1, 7))
INDICES = tuple(f"index_{name}" for name in POLLUTANTS)

_GOOD = 2  # 优 and 良: an index of 100 or less
_LOCAL = pl.Datetime("us")
_BEIJING = timedelta(hours=8)  # no summer time since 1992
_EVERY = {Span.MONTH: "1mo", Span.QUARTER: "1q", Span.YEAR: "1y"}

Rule = TypeVar("Rule")


@any_frame
def period_statistics(
    days: pl.DataFrame,
    *,
    period: Literal["month", "quarter", "year"],
    deducted: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the statistics of each subject's months, quarters or years.

    Parameters
    ----------
    days
        One row a subject and day: ``subject`` (or ``site``, ``region``), ``time`` (Beijing
        midnight), ``so2 no2 co o3_8h pm10 pm2_5``, ``aqi``, ``level``. A day absent or without
        a value is one without data. [µg/m³; mg/m³ for CO]
    period
        ``month``, ``quarter`` or ``year``.
    deducted
        What dust or an exceptional event takes out (`events.deductions`): ``subject``, ``time``,
        ``quantity``, ``value`` (of the hours left; null: the day falls out). It changes means,
        percentiles and the composite index, never the good days, and whether a period has
        enough days is judged without it.

    Returns
    -------
    DataFrame
        By time and subject:

        - the subject column, ``time`` (start of the period), ``edition`` (of HJ 663);
        - ``so2 no2 pm10 pm2_5`` means, ``co_p95 o3_p90 so2_p98 no2_p98 pm10_p95 pm2_5_p95``;
        - ``days`` (of the calendar), ``valid_days`` (with an index), ``good_days``,
          ``exceed_days``, ``good_rate`` [%], ``level_1`` … ``level_6``;
        - ``n_…`` valid days, ``exceed_…`` days above the limit and ``exceed_rate_…`` [%] of
          each pollutant;
        - ``index_…`` single indices, ``composite``, ``largest`` (joined by ``+``);
        - ``reason``: empty where the period is valid. The figures of an incomplete period are
          given too; a page must show the reason beside them (`statistics.read_reasons`).

    Notes
    -----
    Rounding, percentiles, validity and ranking follow the editions in force on the last day of
    the period; a day's index and exceedance those of the day.

    References
    ----------
    HJ 663—2013 and 2026, tables and annex A; GB 3095, table 4; 环办监测〔2018〕19号.
    """
    span = Span(period)
    key = subject_column(days)
    table = _prepared(days, key, span)
    months = _month_counts(table)
    if deducted is not None:
        table = _without(table, deducted)
    parts = [
        _statistics(part, months, span, rules)
        for part, rules in _split(_with_excess(table), "last", _period_rules)
    ]
    return pl.concat(parts).sort("time", "subject").rename({"subject": key})


def subject_column(frame: pl.DataFrame) -> str:
    """Return what the column that names whose figures these are is called."""
    for name in ("subject", "site", "region"):
        if name in frame.columns:
            return name
    raise BadInput(
        "缺少 subject（或 site、region）列。", "There is no column subject (or site, region)."
    )


@dataclass(frozen=True)
class _PeriodRules:
    evaluation: EvaluationRule
    ranking: RankingRule


@dataclass(frozen=True)
class _DayLimits:
    """Class 2 limits of daily figures and the places they are compared at, by pollutant."""

    limits: Mapping[str, Decimal]
    places: Mapping[str, int]


def _period_rules(last: date) -> _PeriodRules:
    return _pair(evaluation_rule(on=last), ranking_rule(on=last))


@cache
def _pair(evaluation: EvaluationRule, ranking: RankingRule) -> _PeriodRules:
    return _PeriodRules(evaluation, ranking)


def _day_limits(on: date) -> _DayLimits:
    return _limits(ambient_air_rule(on=on), evaluation_rule(on=on))


@cache
def _limits(ambient: AmbientAirRule, evaluation: EvaluationRule) -> _DayLimits:
    limits = {
        name: ambient.limit(name, Averaging.MAX_8H if name == "o3" else Averaging.DAILY)
        for name in POLLUTANTS
    }
    return _DayLimits(limits, {name: evaluation.places[DAY_COLUMN[name]] for name in POLLUTANTS})


def _prepared(days: pl.DataFrame, key: str, span: Span) -> pl.DataFrame:
    """Return the days with their period and month, figures in billionths under pollutant names."""
    for name in ("aqi", "level"):
        if name not in days.columns:
            raise BadInput(
                f"缺少 {name} 列：先用 daily_columns 评价各日。",
                f"There is no column {name}: assess the days with daily_columns first.",
            )
    first = pl.col("day").dt.truncate(_EVERY[span])
    figures = (
        nano(pl.col(column).cast(pl.Float64).fill_nan(None)).alias(name)
        if column in days.columns
        else pl.lit(None, pl.Int64).alias(name)
        for name, column in DAY_COLUMN.items()
    )
    table = days.select(
        pl.col(key).alias("subject"),
        (pl.col("time").dt.convert_time_zone("UTC") + _BEIJING).dt.date().alias("day"),
        *figures,
        pl.col("aqi").is_not_null().alias("indexed"),
        pl.col("level").cast(pl.Int64),
    ).with_columns(
        first=first,
        last=first.dt.offset_by(_EVERY[span]).dt.offset_by("-1d"),
        month=pl.col("day").dt.truncate("1mo"),
    )
    if (twice := table.select("subject", "day").is_duplicated()).any():
        subject, day = table.filter(twice).select("subject", "day").row(0)
        raise BadInput(f"同一天出现两次：{subject} {day}。", f"A day comes twice: {subject} {day}.")
    return table


def _split(
    frame: pl.DataFrame, column: str, rule_of: Callable[[date], Rule]
) -> list[tuple[pl.DataFrame, Rule]]:
    """Return the rows each rule holds for, by the day in a column; one empty part for none."""
    if frame.is_empty():
        return [(frame, rule_of(date.max))]
    first, last = (cast("date", end) for end in (frame[column].min(), frame[column].max()))
    rules = rules_between(first, last, rule_of)
    ends = [since for since, _ in rules[1:]] + [date.max]
    return [
        (frame.filter(pl.col(column).is_between(since, end, closed="left")), rule)
        for (since, rule), end in zip(rules, ends, strict=True)
    ]


def _with_excess(table: pl.DataFrame) -> pl.DataFrame:
    """Return the days with ``over_…``: whether each published figure is above the day's limit."""
    return pl.concat(
        part.with_columns(
            (_rounded(pl.col(name), NANO, rule.places[name]) > _whole(rule, name)).alias(
                f"over_{name}"
            )
            for name in POLLUTANTS
        )
        for part, rule in _split(table, "day", _day_limits)
    )


def _whole(rule: _DayLimits, name: str) -> int:
    return int(rule.limits[name] * 10 ** rule.places[name])


def _without(table: pl.DataFrame, deducted: pl.DataFrame) -> pl.DataFrame:
    """Return the days with the figures that remain after a deduction."""
    for name, column in DAY_COLUMN.items():
        changed = deducted.filter(pl.col("quantity") == column).select(
            pl.col(subject_column(deducted)).alias("subject"),
            (pl.col("time").dt.convert_time_zone("UTC") + _BEIJING).dt.date().alias("day"),
            nano(pl.col("value")).alias("left"),
            pl.lit(value=True).alias("touched"),
        )
        table = table.join(changed, on=["subject", "day"], how="left", maintain_order="left")
        table = table.with_columns(
            pl.when("touched").then("left").otherwise(name).alias(name)
        ).drop("left", "touched")
    return table


def _statistics(
    table: pl.DataFrame, months: pl.DataFrame, span: Span, rules: _PeriodRules
) -> pl.DataFrame:
    items = {(item.quantity, item.percentile) for item in rules.evaluation.yearly}
    items |= {(item.quantity, item.percentile) for item in rules.ranking.items}
    figures = table.group_by("subject", "first", "last").agg(
        *(figure for quantity, p in sorted(items, key=str) for figure in _figure(quantity, p)),
        *(pl.col(name).count().cast(pl.UInt16).alias(f"n_{name}") for name in POLLUTANTS),
        *(
            pl.col(f"over_{name}").sum().cast(pl.UInt16).alias(f"exceed_{name}")
            for name in POLLUTANTS
        ),
        pl.col("indexed").sum().cast(pl.UInt16).alias("valid_days"),
        pl.col("level").is_between(1, _GOOD).sum().cast(pl.UInt16).alias("good_days"),
        *(
            (pl.col("level") == number).sum().cast(pl.UInt16).alias(f"level_{number}")
            for number in range(1, 7)
        ),
    )
    evaluation = rules.evaluation
    return (
        figures.join(_reasons(months, span, evaluation), on=["subject", "first"], how="left")
        .with_columns(_single_indices(rules.ranking))
        .select(
            "subject",
            (pl.col("first").cast(_LOCAL) - _BEIJING).dt.replace_time_zone("UTC").alias("time"),
            pl.lit(evaluation.edition).alias("edition"),
            *(_published(name, evaluation) for name in (*MEANS, *PERCENTILES)),
            ((pl.col("last") - pl.col("first")).dt.total_days() + 1).cast(pl.UInt16).alias("days"),
            "valid_days",
            "good_days",
            (pl.col("valid_days") - pl.col("good_days")).alias("exceed_days"),
            _rate("good_days", "valid_days", evaluation).alias("good_rate"),
            *LEVELS,
            *(f"n_{name}" for name in POLLUTANTS),
            *(f"exceed_{name}" for name in POLLUTANTS),
            *(
                _rate(f"exceed_{name}", f"n_{name}", evaluation).alias(f"exceed_rate_{name}")
                for name in POLLUTANTS
            ),
            *(shifted(pl.col(name), rules.ranking.index_places).alias(name) for name in INDICES),
            _composite(rules.ranking).alias("composite"),
            _largest().alias("largest"),
            "reason",
        )
    )


def _figure(quantity: str, percentile: int | None) -> tuple[pl.Expr, pl.Expr]:
    """Return a statistic as a fraction: numerator (null where no day is valid) and denominator."""
    name = figure_name(quantity, percentile)
    column = pl.col(quantity)
    count = column.count().cast(pl.Int64)
    above: pl.Expr
    if percentile is None:
        above, below = pl.when(count > 0).then(column.sum()), count * NANO
    else:
        # k = 1 + (n − 1)·p/100; counted from zero and in hundredths.
        place = (count - 1) * percentile
        ordered = column.drop_nulls().sort()
        low = ordered.get(place // 100, null_on_oob=True)
        high = ordered.get(pl.min_horizontal(place // 100 + 1, count - 1), null_on_oob=True)
        above, below = 100 * low + (place % 100) * (high - low), pl.lit(100 * NANO, pl.Int64)
    return above.alias(f"{name} above"), below.alias(f"{name} below")


def _rounded(above: pl.Expr, below: pl.Expr | int, places: int) -> pl.Expr:
    return half_even_quotient(above * 10**places, below)


def _figure_at(name: str, places: int) -> pl.Expr:
    return _rounded(pl.col(f"{name} above"), pl.col(f"{name} below"), places)


def _published(name: str, rule: EvaluationRule) -> pl.Expr:
    places = rule.places[quantity_of(name)]
    return shifted(_figure_at(name, places), places).alias(name)


def _rate(part: str, whole: str, rule: EvaluationRule) -> pl.Expr:
    share = half_even_quotient(
        pl.col(part).cast(pl.Int64) * 100 * 10**rule.rate_places, pl.col(whole).cast(pl.Int64)
    )
    return pl.when(pl.col(whole) > 0).then(shifted(share, rule.rate_places))


def _single_indices(rule: RankingRule) -> list[pl.Expr]:
    """Return ``index_…`` in whole last places."""
    found = []
    for item in rule.items:
        places = rule.places[item.quantity]
        over, under = item.standard.as_integer_ratio()
        concentration = _figure_at(figure_name(item.quantity, item.percentile), places)
        single = half_even_quotient(
            concentration * (10**rule.index_places * under), over * 10**places
        )
        found.append(single.alias(f"index_{item.quantity}"))
    return found


def _composite(rule: RankingRule) -> pl.Expr:
    whole = pl.sum_horizontal(INDICES, ignore_nulls=False)
    return shifted(whole, rule.index_places)


def _largest() -> pl.Expr:
    top = pl.max_horizontal(INDICES)
    complete = pl.all_horizontal(pl.col(INDICES).is_not_null())
    names = pl.concat_str(
        [pl.when(pl.col(f"index_{name}") == top).then(pl.lit(name)) for name in PRIMARY_ORDER],
        separator="+",
        ignore_nulls=True,
    )
    return pl.when(complete).then(names).otherwise(pl.lit(""))


def _month_counts(table: pl.DataFrame) -> pl.DataFrame:
    return table.group_by("subject", "first", "month").agg(
        pl.col(*POLLUTANTS).count().cast(pl.Int64)
    )


def _reasons(months: pl.DataFrame, span: Span, rule: EvaluationRule) -> pl.DataFrame:
    february = pl.col("month").dt.month() == FEBRUARY
    need = pl.when(february).then(rule.min_days_february).otherwise(rule.min_days_month)
    return (
        months.with_columns(need=need)
        .group_by("subject", "first")
        .agg(
            pl.col(*POLLUTANTS).sum(),
            *((pl.col(name) >= pl.col("need")).sum().alias(f"good_{name}") for name in POLLUTANTS),
            pl.col("need").first(),
        )
        .select(
            "subject",
            "first",
            reason=pl.concat_str(
                [_reason(name, span, rule) for name in POLLUTANTS],
                separator="; ",
                ignore_nulls=True,
            ),
        )
    )


def _reason(name: str, span: Span, rule: EvaluationRule) -> pl.Expr:
    total, good = pl.col(name), pl.col(f"good_{name}")
    need = pl.lit(rule.min_days_year) if span is Span.YEAR else pl.col("need")
    short = total < need if span is not Span.QUARTER else pl.lit(value=False)
    return (
        pl.when(total == 0)
        .then(pl.lit(f"{name} {MissingReason.NOT_RECEIVED}"))
        .when(short)
        .then(pl.format(f"{name} {MissingReason.TOO_FEW_DAYS} {{}}/{{}}", total, need))
        .when(good < span.months)
        .then(pl.format(f"{name} {MissingReason.TOO_FEW_DAYS_IN_MONTH} {{}}/{span.months}", good))
    )
