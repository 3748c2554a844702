"""A shelf on which some values are others, so that the jobs can show what would follow.

The same jobs run on it as on the real one, so the preview and the result cannot differ.
Nothing is kept.
"""

from collections.abc import Sequence
from datetime import UTC, timedelta

import polars as pl

from songhua.assess import job
from songhua.assess.job import Affected, AirShelf, Stamp
from songhua.assess.register import Register
from songhua.model import Period

_KEY = ["site", "quantity", "time"]
_NEW = (*_KEY, "value", "mark")


class WhatIf:
    """The shelf as it would be after changes.

    Parameters
    ----------
    changes
        site, quantity, time, value (null: there is none), mark, of hours.
    """

    def __init__(self, shelf: AirShelf, changes: pl.DataFrame) -> None:
        self._shelf = shelf
        self._changes = changes.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
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
        """Return the values with the changes made."""
        rows = self._shelf.observations(
            period=period, span=span, sites=sites, quantities=quantities
        )
        if period != "hour":
            return rows
        start, end = span.start.astimezone(UTC), span.end.astimezone(UTC)
        within = pl.col("time").is_between(start, end, closed="left")
        here = self._changes.filter(within & pl.col("site").is_in(list(sites or ())))
        if quantities is not None:
            here = here.filter(pl.col("quantity").is_in(list(quantities)))
        kept = rows.join(
            here.with_columns(pl.col("time").cast(rows.schema["time"])), on=_KEY, how="anti"
        )
        changed = here.select(pl.col(name).cast(rows.schema[name]) for name in _NEW)
        return pl.concat([kept, changed], how="diagonal_relaxed")

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


def after(shelf: AirShelf, register: Register, changes: pl.DataFrame) -> WhatIf:
    """Run the jobs that changes would run, and return what they found."""
    trial = WhatIf(shelf, changes)
    first, last = changes.select(pl.col("time").min(), pl.col("time").max().alias("last")).row(0)
    span = Period(first, last + timedelta(hours=1))
    affected = Affected(tuple(changes["site"].unique().sort()), span, cause=0)
    stamp = Stamp(cause=0, code="")
    for step in job.JOBS:
        step(trial, register, affected, stamp)
    return trial
