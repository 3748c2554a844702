"""Ambient air assessed by GB 3095, HJ 633 and HJ 663. Pure: no clock, no store, no network.

The library door: every function takes Polars frames (the index also pandas and Arrow).
"""

from songhua.assess.air.columns import daily_columns, hourly_columns
from songhua.assess.air.index import AirIndex, daily_index, hourly_index, iaqi
from songhua.assess.air.means_columns import area_means, daily_means, rolling_8h
from songhua.assess.air.standalone import AssessedFile, BadCell, assess_csv
from songhua.assess.air.statistics import read_reasons
from songhua.assess.air.statistics_columns import period_statistics

__all__ = [
    "AirIndex",
    "AssessedFile",
    "BadCell",
    "area_means",
    "assess_csv",
    "daily_columns",
    "daily_index",
    "daily_means",
    "hourly_columns",
    "hourly_index",
    "iaqi",
    "period_statistics",
    "read_reasons",
    "rolling_8h",
]
