"""A file goes in: compared with what was delivered before, only what is new or changed is kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import polars as pl

from songhua.ingest.files.cells import Readable
from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.places import SiteTable
from songhua.ingest.files.read import Batch, read_batches
from songhua.model import Period

_KEY = ("site", "quantity", "time")
_DELIVERED: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.String,
    "quantity": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "mark": pl.String,
}
_LENGTHS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_LARGEST_BOX = 2_000_000
"""Values of the shelf compared at once; a file in no order of time would ask for all of them."""


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
        news = list(_news(shelf, batch.rows, mapping.period, observed))
        for part in news:
            if not part.rows.is_empty():
                keep(part.rows)
        _add_up(summary, batch, news)
        if not batch.rejects.is_empty():
            keep_rejects(batch.rejects.to_dicts())
        step(batch, summary)
    return summary


@dataclass(frozen=True, slots=True)
class _News:
    """Rows that are new or changed; how many are changed, and how many say what was known."""

    rows: pl.DataFrame
    changed: int
    same: int


def _news(
    shelf: ImportShelf, rows: pl.DataFrame, period: str, observed: Period | None
) -> Iterator[_News]:
    """Compare rows with what was delivered before, a bounded box of the shelf at a time."""
    if rows.is_empty():
        return
    first, last = rows["time"].min(), rows["time"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise TypeError("observations have times")
    if observed is None or last < observed.start or first >= observed.end:
        yield _compared(rows, pl.DataFrame(schema=_DELIVERED))
        return
    sites, quantities = rows["site"].unique(), rows["quantity"].unique()
    length = _LENGTHS[period]
    intervals = (last - first) // length + 1
    if intervals > 1 and sites.len() * quantities.len() * intervals > _LARGEST_BOX:
        middle = first + intervals // 2 * length
        for half in (rows.filter(pl.col("time") < middle), rows.filter(pl.col("time") >= middle)):
            yield from _news(shelf, half, period, observed)
        return
    before = shelf.delivered(
        period=period,
        span=Period(first, last + length),
        sites=sites.to_list(),
        quantities=quantities.to_list(),
    )
    yield _compared(rows, before)


def _compared(rows: pl.DataFrame, before: pl.DataFrame) -> _News:
    known = before.select(*_KEY, was=pl.col("value"), was_mark=pl.col("mark"), there=pl.lit(1))
    joined = rows.join(known, on=_KEY, how="left", maintain_order="left")
    is_same = pl.col("value").eq_missing(pl.col("was")) & (pl.col("mark") == pl.col("was_mark"))
    # "No value" without a reason is news only where there was one.
    says_nothing = pl.col("there").is_null() & pl.col("value").is_null() & (pl.col("mark") == "")
    told = joined.filter(~says_nothing)
    news = told.filter(pl.col("there").is_null() | ~is_same)
    return _News(news.select(rows.columns), news["there"].count(), told.height - news.height)


def _add_up(summary: ImportSummary, batch: Batch, news: Sequence[_News]) -> None:
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
