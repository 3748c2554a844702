"""A small province of made-up months, so that every figure can be worked out by hand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from songhua.assess import air
from songhua.assess.air.ranking import rank
from songhua.model import Period

CLEAN = {"so2": 6.0, "no2": 20.0, "pm10": 70.0, "pm2_5": 35.0, "co": 0.8, "o3_8h": 160.0}
"""Composite index by hand, 2018 rules: 0.10 + 0.50 + 1.00 + 1.00 + 0.20 + 1.00 = 3.80."""
_UTC = pl.Datetime("us", "UTC")
_COMPUTED = datetime(2016, 1, 2, tzinfo=UTC)


def days(first: date, count: int, **other: float) -> Iterator[tuple[date, dict[str, float]]]:
    """Yield days that are all alike: `CLEAN` but for what is named."""
    for number in range(count):
        yield first + timedelta(days=number), {**CLEAN, **other}


class Months:
    """What the pages of cities ask of the shelf, made by the platform's own rules."""

    def __init__(
        self, cities: Mapping[str, Sequence[tuple[date, dict[str, float]]]], scope: str = "city"
    ) -> None:
        rows = [
            {"subject": code, "time": Period.day(day).start.astimezone(UTC), "o3": None, **values}
            for code, found in cities.items()
            for day, values in found
        ]
        frame = pl.DataFrame(rows, schema_overrides={"time": _UTC, "o3": pl.Float64})
        self.scope = scope
        self.days = self._stamped(air.daily_columns(frame), "day").with_columns(n=pl.lit(1))
        self.summaries: dict[str, pl.DataFrame] = {}
        for period in ("month", "quarter", "year"):
            made = rank(air.period_statistics(self.days, period=period))
            self.summaries[period] = self._stamped(made, period)
        self.history: list[dict[str, Any]] = []

    def _stamped(self, frame: pl.DataFrame, period: str) -> pl.DataFrame:
        return frame.with_columns(
            period=pl.lit(period),
            scope=pl.lit(self.scope),
            revision=pl.lit(1),
            cause=pl.lit(1),
            code=pl.lit("test"),
            computed_at=pl.lit(_COMPUTED),
        )

    def air_summary(
        self,
        *,
        period: str,
        scope: str,
        span: Period,
        subjects: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        found = _within(self.summaries[period], span, subjects)
        early = as_of is not None and as_of < _COMPUTED
        return found.clear() if scope != self.scope or early else found

    def air_index(
        self,
        *,
        period: str,
        scope: str,
        span: Period,
        subjects: Sequence[str] | None = None,
        as_of: datetime | None = None,
        columns: Sequence[str] = (),
    ) -> pl.DataFrame:
        found = _within(self.days, span, subjects)
        if scope != self.scope or period != "day" or (as_of and as_of < _COMPUTED):
            found = found.clear()
        return found.select("subject", "time", *columns) if columns else found

    def air_summary_history(
        self, *, period: str, scope: str, subject: str, time: datetime
    ) -> pl.DataFrame:
        return pl.DataFrame(self.history) if period == "month" else pl.DataFrame()

    def last_revision(self) -> int:
        return 1


def _within(frame: pl.DataFrame, span: Period, subjects: Sequence[str] | None) -> pl.DataFrame:
    start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
    found = frame.filter((pl.col("time") >= start) & (pl.col("time") < end))
    return found if subjects is None else found.filter(pl.col("subject").is_in(list(subjects)))
