"""The columns of the shelf's tables, and their types in a frame."""

from collections.abc import Sequence
from typing import Any

import polars as pl

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
UTC = pl.Datetime("us", "UTC")

OBSERVATION_KEY = ("site", "quantity", "period", "time", "revision")
OBSERVATION_VALUES = ("value", "mark", "reason", "author", "line", "recorded_at")

RESULT_KEY = ("period", "scope", "subject", "time")
INDEX_VALUES = (
    *POLLUTANTS,
    "o3_8h",
    *(f"iaqi_{key}" for key in POLLUTANTS),
    *("aqi", "level", "primary", "reason", "edition", "n"),
)
SUMMARY_VALUES = (
    *("so2", "no2", "pm2_5", "pm10", "co_p95", "o3_p90", "so2_p98", "no2_p98"),
    *("pm10_p95", "pm2_5_p95", "days", "valid_days", "good_days", "exceed_days"),
    *(f"level_{number}" for number in range(1, 7)),
    *(f"index_{key}" for key in POLLUTANTS),
    *("composite", "largest", "rank", "reason", "edition"),
)
VERDICT_VALUES = ("verdict", "evidence")
PROVENANCE = ("revision", "cause", "code", "computed_at")
"""Where a result comes from.

`revision` counts the results of one key from 1; `cause` is the journal entry that brought the
change; `code` the version that computed; `computed_at` when it became known.
"""

TABLES = ("observations", "air_index", "air_summary", "verdicts")

_COUNTS = ("n", "days", "valid_days", "good_days", "exceed_days")
_TEXTS = (
    *("site", "quantity", "period", "scope", "subject", "mark", "author", "code"),
    *("primary", "reason", "edition", "largest", "evidence"),
)


def shaped(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return the columns in the types of the tables; a value that is NaN is none."""
    return frame.select(_shaped(name) for name in columns)


def _shaped(name: str) -> pl.Expr:
    dtype = _type(name)
    column = pl.col(name).cast(dtype)
    if dtype == pl.Float64:
        return column.fill_nan(None)
    nothing = _nothing(name)
    return column if nothing is None else column.fill_null(nothing)


def _type(name: str) -> Any:
    if name in {"time", "computed_at", "recorded_at"}:
        return UTC
    if name in {"revision", "cause", "line"}:
        return pl.UInt64
    if name in {"level", "verdict"}:
        return pl.UInt8
    if name in {"aqi", "rank", *_COUNTS} or name.startswith(("iaqi_", "level_")):
        return pl.UInt16
    return pl.String if name in _TEXTS else pl.Float64


def _nothing(name: str) -> Any:
    """Return what stands for none where the table has no nulls."""
    if name in {"level", "line", *_COUNTS} or name.startswith("level_"):
        return 0
    return "" if name in _TEXTS else None
