"""A file goes in: compared with what was delivered before, only what is new or changed is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.read import Batch, SiteTable, read_batches
from songhua.ingest.files.source import Readable
from songhua.model import Period

_KEY = ("site", "quantity", "time")


class ImportShelf(Protocol):
    """What an import needs from the shelf, and nothing more."""

    def observed(self, period: str) -> Period | None:
        """Return the span that has observations, or None when there are none."""

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        """Return what sources last delivered: site, quantity, time, value, mark."""

    def save_observations(self, frame: pl.DataFrame) -> None:
        """Add observations."""


@dataclass(slots=True)
class ImportSummary:
    """What came of a file, or would.

    Parameters
    ----------
    lines
        Rows of the file.
    new, changed, same
        Values that were not there; that differ from what was delivered before; that do not.
    missing
        Cells that said: no value.
    rejected
        Rows and cells that could not go in.
    faults
        How many of each kind.
    examples
        The first rejects.
    sites
        Sites with new or changed values.
    first, last
        Times of them; None when there are none.
    """

    lines: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    missing: int = 0
    rejected: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    sites: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def rows(self) -> int:
        """Values read."""
        return self.new + self.changed + self.same


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a file come from.

    Parameters
    ----------
    revision
        Journal sequence of the file.
    author
        Who brought it.
    at
        When it was received.
    """

    revision: int
    author: str
    at: datetime


Step = Callable[[Batch, ImportSummary], None]
KeepRejects = Callable[[Sequence[Mapping[str, Any]]], None]

_MOST_EXAMPLES = 50


def import_file(
    shelf: ImportShelf,
    source: Readable,
    mapping: FileMapping,
    *,
    sites: SiteTable,
    origin: Origin,
    keep_rejects: KeepRejects,
    step: Step,
) -> ImportSummary:
    """Keep what a file brings that is new or changed; return what came of it."""

    def keep(rows: pl.DataFrame) -> None:
        shelf.save_observations(
            rows.with_columns(
                revision=pl.lit(origin.revision, dtype=pl.UInt64),
                reason=pl.lit(""),
                author=pl.lit(origin.author),
                recorded_at=pl.lit(origin.at),
            )
        )

    return _run(shelf, source, mapping, sites, origin.at, keep, keep_rejects, step)


def dry_run(
    shelf: ImportShelf,
    source: Readable,
    mapping: FileMapping,
    *,
    sites: SiteTable,
    now: datetime,
    step: Step,
) -> ImportSummary:
    """Return what an import would do; keep nothing."""
    return _run(shelf, source, mapping, sites, now, _forget, _forget, step)


def _forget(_rows: object) -> None:
    """Keep nothing."""


def _run(
    shelf: ImportShelf,
    source: Readable,
    mapping: FileMapping,
    sites: SiteTable,
    now: datetime,
    keep: Callable[[pl.DataFrame], None],
    keep_rejects: KeepRejects,
    step: Step,
) -> ImportSummary:
    summary = ImportSummary()
    # What this file brings itself need not be asked for: it has no value twice.
    observed = shelf.observed(mapping.period)
    for batch in read_batches(source, mapping, sites=sites, now=now):
        news, changed = _news(shelf, batch.rows, mapping.period, observed)
        if not news.is_empty():
            keep(news)
        _add_up(summary, batch, news, changed)
        if not batch.rejects.is_empty():
            keep_rejects(batch.rejects.to_dicts())
        step(batch, summary)
    return summary


def _news(
    shelf: ImportShelf, rows: pl.DataFrame, period: str, observed: Period | None
) -> tuple[pl.DataFrame, int]:
    """Return the rows that are new or changed, and how many are changed."""
    if rows.is_empty():
        return rows, 0
    first, last = rows["time"].min(), rows["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise TypeError("observations have times")
    if observed is None or last < observed.start or first >= observed.end:
        return rows, 0
    before = shelf.delivered(
        period=period,
        span=Period(first, last + timedelta(seconds=1)),
        sites=rows["site"].unique().to_list(),
        quantities=rows["quantity"].unique().to_list(),
    )
    if before.is_empty():
        return rows, 0
    known = before.select(*_KEY, was=pl.col("value"), was_mark=pl.col("mark"), there=pl.lit(1))
    joined = rows.join(known, on=_KEY, how="left", maintain_order="left")
    same = pl.col("value").eq_missing(pl.col("was")) & (pl.col("mark") == pl.col("was_mark"))
    news = joined.filter(pl.col("there").is_null() | ~same)
    return news.select(rows.columns), news["there"].count()


def _add_up(summary: ImportSummary, batch: Batch, news: pl.DataFrame, changed: int) -> None:
    summary.lines = batch.lines
    summary.new += news.height - changed
    summary.changed += changed
    summary.same += batch.rows.height - news.height
    summary.missing += batch.missing
    summary.rejected += batch.rejects.height
    for fault, count in batch.rejects["fault"].value_counts().iter_rows():
        summary.faults[fault] = summary.faults.get(fault, 0) + count
    room = _MOST_EXAMPLES - len(summary.examples)
    summary.examples += batch.rejects.head(room).to_dicts()
    if news.is_empty():
        return
    summary.sites |= set(news["site"].unique())
    first, last = news["time"].min(), news["time"].max()
    if isinstance(first, datetime) and isinstance(last, datetime):
        summary.first = min(first, summary.first or first)
        summary.last = max(last, summary.last or last)
