"""Months, quarters and years of daily figures, column by column: the exact twin of `statistics`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl

from songhua.assess.air.means import rules_between
from songhua.assess.air.statistics import DAY_COLUMN, FEBRUARY, ORDER, Span
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
_UTC = pl.Datetime("us", "UTC")
_BEIJING = timedelta(hours=8)  # no summer time since 1992
_EVERY = {Span.MONTH: "1mo", Span.QUARTER: "1q", Span.YEAR: "1y"}


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
    counts = _month_counts(table, span)
    if deducted is not None:
        table = _without(table, deducted)
    parts = [
        _statistics(part, counts, span, rules) for part, rules in _by_rules(table, span)
    ]
    if not parts:
        parts = [_statistics(table, counts, span, _rules(date.today(), date.today())[0][1])]
    return pl.concat(parts).sort("time", "subject").rename({"subject": key})
