"""Rows for the tests of the shelf, with everything that a test does not care about filled in."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from songhua.model import Period
from songhua.store import INDEX_VALUES, SUMMARY_VALUES

HOUR = timedelta(hours=1)
T0 = datetime(2020, 4, 4, 3, tzinfo=UTC)
"""11:00 in Beijing on 4 April 2020."""
KNOWN = datetime(2020, 4, 4, 5, 0, 0, 123456, tzinfo=UTC)
EVER = Period(datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

_TEXTS = {"primary", "reason", "edition", "largest"}
_UTC = pl.Datetime("us", "UTC")


def observed(
    value: float | None,
    *,
    site: str = "1121A",
    quantity: str = "pm2_5",
    time: datetime = T0,
    revision: int = 1,
    **others: Any,
) -> dict[str, Any]:
    """Return one observation; as known an hour later for each revision."""
    return {
        "site": site,
        "quantity": quantity,
        "period": "hour",
        "time": time,
        "revision": revision,
        "value": value,
        "mark": "",
        "reason": "",
        "author": "网站",
        "recorded_at": KNOWN + revision * HOUR,
        "line": revision + 1,
        **others,
    }


def observations(*rows: Mapping[str, Any]) -> pl.DataFrame:
    return _frame(rows, {"revision": pl.UInt64, "value": pl.Float64, "line": pl.UInt64})


def index(subject: str = "1121A", time: datetime = T0, **values: Any) -> dict[str, Any]:
    """Return one index row."""
    return _result(INDEX_VALUES, {"period": "hour", "scope": "site"}, subject, time, values)


def summary(subject: str = "220100", time: datetime = T0, **values: Any) -> dict[str, Any]:
    """Return one summary row."""
    return _result(SUMMARY_VALUES, {"period": "month", "scope": "city"}, subject, time, values)


def results(*rows: Mapping[str, Any]) -> pl.DataFrame:
    texts = {*_TEXTS, "period", "scope", "subject", "code"}
    return _frame(
        rows,
        {
            name: pl.Float64
            for name in rows[0]
            if name not in {*texts, "time", "computed_at", "cause"}
        },
    )


def _result(
    names: Sequence[str],
    key: Mapping[str, Any],
    subject: str,
    time: datetime,
    values: Mapping[str, Any],
) -> dict[str, Any]:
    nothing = {name: "" if name in _TEXTS else None for name in names}
    stamp = {"cause": 1, "code": "0.1", "computed_at": KNOWN}
    return {**nothing, **key, "subject": subject, "time": time, **stamp, **values}


def _frame(rows: Sequence[Mapping[str, Any]], types: Mapping[str, Any]) -> pl.DataFrame:
    times = {name: _UTC for name in ("time", "recorded_at", "computed_at") if name in rows[0]}
    return pl.DataFrame(list(rows), schema_overrides={**types, **times})
