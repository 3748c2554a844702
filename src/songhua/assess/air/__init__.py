"""Ambient air assessed by GB 3095, HJ 633 and HJ 663. Pure: no clock, no store, no network.

The library door: functions of frames take Polars, pandas or Arrow and give back the same kind.
"""

from songhua.assess.air.columns import daily_columns, hourly_columns
from songhua.assess.air.compare import both_editions, compare_editions
from songhua.assess.air.dust import dust_candidates, dust_exclusion
from songhua.assess.air.events import (
    Exclusion,
    admitted_events,
    deductions,
    without_days,
    without_hours,
)
from songhua.assess.air.explain import IndexDerivation, explain_index
from songhua.assess.air.explain_statistics import (
    explain_area_mean,
    explain_composite,
    explain_daily_mean,
    explain_max_8h,
    explain_period,
    explain_rank,
)
from songhua.assess.air.index import AirIndex, daily_index, hourly_index, iaqi
from songhua.assess.air.means_columns import area_means, daily_means, rolling_8h
from songhua.assess.air.ranking import (
    on_previous,
    rank,
    rank_by_aqi,
    rank_by_good_days,
    year_on_year,
)
from songhua.assess.air.standalone import AssessedFile, BadCell, assess_csv
from songhua.assess.air.statistics import read_reasons
from songhua.assess.air.statistics_columns import period_statistics
from songhua.assess.air.yearly import compliance, three_year_means

__all__ = [
    "AirIndex",
    "AssessedFile",
    "BadCell",
    "Exclusion",
    "IndexDerivation",
    "admitted_events",
    "area_means",
    "assess_csv",
    "both_editions",
    "compare_editions",
    "compliance",
    "daily_columns",
    "daily_index",
    "daily_means",
    "deductions",
    "dust_candidates",
    "dust_exclusion",
    "explain_area_mean",
    "explain_composite",
    "explain_daily_mean",
    "explain_index",
    "explain_max_8h",
    "explain_period",
    "explain_rank",
    "hourly_columns",
    "hourly_index",
    "iaqi",
    "on_previous",
    "period_statistics",
    "rank",
    "rank_by_aqi",
    "rank_by_good_days",
    "read_reasons",
    "rolling_8h",
    "three_year_means",
    "without_days",
    "without_hours",
    "year_on_year",
]
