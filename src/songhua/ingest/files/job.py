"""A file goes in: compared with what was delivered before, only what is new or changed is kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from songhua.ingest.delivery import DeliveryShelf, News, news_of
from songhua.ingest.files.cells import Readable
from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.places import SiteTable
from songhua.ingest.files.read import Batch, read_batches


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
        Cells that said no value where none was known.
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
    shelf: DeliveryShelf,
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
    shelf: DeliveryShelf,
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
    shelf: DeliveryShelf,
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
        news = list(news_of(shelf, batch.rows, mapping.period, observed))
        for part in news:
            if not part.rows.is_empty():
                keep(part.rows)
        _add_up(summary, batch, news)
        if not batch.rejects.is_empty():
            keep_rejects(batch.rejects.to_dicts())
        step(batch, summary)
    return summary


def _add_up(summary: ImportSummary, batch: Batch, news: Sequence[News]) -> None:
    told = 0
    for part in news:
        told += part.rows.height + part.same
        summary.new += part.rows.height - part.changed
        summary.changed += part.changed
        summary.same += part.same
        if part.rows.is_empty():
            continue
        summary.sites |= set(part.rows["site"].unique())
        first, last = part.rows["time"].min(), part.rows["time"].max()
        if isinstance(first, datetime) and isinstance(last, datetime):
            summary.first = min(first, summary.first or first)
            summary.last = max(last, summary.last or last)
    summary.lines = batch.lines
    summary.missing += batch.missing + batch.rows.height - told
    summary.rejected += batch.rejects.height
    for fault, count in batch.rejects["fault"].value_counts().iter_rows():
        summary.faults[fault] = summary.faults.get(fault, 0) + count
    room = _MOST_EXAMPLES - len(summary.examples)
    summary.examples += batch.rejects.head(room).to_dicts()
