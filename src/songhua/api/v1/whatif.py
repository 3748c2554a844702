"""A shelf on which one value is another, so that the jobs can show what a correction would do.

The same jobs run on it as on the real one, so the preview and the result cannot differ.
Nothing is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from songhua.assess import job
from songhua.assess.job import Affected, AirShelf, Stamp
from songhua.assess.register import Register
from songhua.model import Period


@dataclass(frozen=True, slots=True)
class Change:
    """One hourly value made another; None takes it away."""

    site: str
    quantity: str
    time: datetime
    value: float | None


class WhatIf:
    """The shelf as it would be after a change."""

    def __init__(self, shelf: AirShelf, change: Change) -> None:
        self._shelf = shelf
        self._change = change
        self.index: list[pl.DataFrame] = []
        self.summary: list[pl.DataFrame] = []

    def observations(
        self,
        *,
        period: str,
        span: Period,
        sites: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return the values with the change made."""
        rows = self._shelf.observations(
            period=period, span=span, sites=sites, quantities=quantities
        )
        change = self._change
        if period != "hour" or change.time not in span or change.site not in (sites or ()):
            return rows
        if quantities is not None and change.quantity not in quantities:
            return rows
        here = (
            (pl.col("site") == change.site)
            & (pl.col("quantity") == change.quantity)
            & (pl.col("time") == change.time)
        )
        return pl.concat([rows.filter(~here), self._changed(rows)], how="diagonal_relaxed")

    def air_index(
        self, *, period: str, scope: str, span: Period, subjects: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the results with those worked out so far in place of the kept ones."""
        rows = self._shelf.air_index(period=period, scope=scope, span=span, subjects=subjects)
        start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
        for saved in self.index:
            part = saved.filter(
                (pl.col("period") == period)
                & (pl.col("scope") == scope)
                & pl.col("time").is_between(start, end, closed="left")
            )
            if subjects is not None:
                part = part.filter(pl.col("subject").is_in(list(subjects)))
            kept = rows.join(part, on=["subject", "time"], how="anti")
            known = [name for name in rows.columns if name in part.columns]
            rows = pl.concat([kept, part.select(known)], how="diagonal_relaxed")
        return rows

    def air_summary(
        self, *, period: str, scope: str, span: Period, subjects: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return the statistics as they are kept: the jobs put their own in their place."""
        return self._shelf.air_summary(period=period, scope=scope, span=span, subjects=subjects)

    def save_air_index(self, frame: pl.DataFrame) -> int:
        """Keep results for the later jobs of this preview only."""
        self.index.append(frame)
        return frame.height

    def save_air_summary(self, frame: pl.DataFrame) -> int:
        """Keep statistics for this preview only."""
        self.summary.append(frame)
        return frame.height

    def _changed(self, like: pl.DataFrame) -> pl.DataFrame:
        row: dict[str, Any] = {
            "site": self._change.site,
            "quantity": self._change.quantity,
            "time": self._change.time,
            "value": self._change.value,
            "mark": "",
        }
        return pl.DataFrame([row], schema={name: like.schema[name] for name in row})


def after(shelf: AirShelf, register: Register, change: Change) -> WhatIf:
    """Run the jobs that a correction would run, and return what they found."""
    trial = WhatIf(shelf, change)
    span = Period(change.time, change.time + timedelta(hours=1))
    affected = Affected((change.site,), span, cause=0)
    stamp = Stamp(cause=0, code="")
    for step in job.JOBS:
        step(trial, register, affected, stamp)
    return trial
