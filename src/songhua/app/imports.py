"""Files and corrections on their way in: journal first, then the shelf, then the register."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

import polars as pl

from songhua.api.ports import ImportOrder
from songhua.assess.job import Affected
from songhua.ingest.files import (
    Batch,
    FileMapping,
    ImportSummary,
    OnDisk,
    Origin,
    SiteTable,
    detect,
    dry_run,
    import_file,
    read_mapping,
    write_mapping,
)
from songhua.model import BEIJING, BadInput, Period
from songhua.store import Entry, Journal, Shelf
from songhua.store.registry import records, sources
from songhua.store.registry.models import ImportFile, User
from songhua.store.registry.rights import covers
from songhua.store.registry.sites import region_names, sites, spellings

Report = Callable[[Mapping[str, Any]], None]

_PIECE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a journal entry.

    Parameters
    ----------
    told
        What to say about it.
    affected
        What must be assessed again; None when nothing.
    fault
        Why it stopped half-way; what had come by then is on the shelf.
    """

    told: Mapping[str, Any]
    affected: Affected | None
    fault: BadInput | None = None


@dataclass(frozen=True, slots=True)
class InJournal:
    """The body of a journal entry, as a file."""

    journal: Journal
    entry: Entry

    def open(self) -> BinaryIO:
        """Open it."""
        return self.journal.open_body(self.entry.seq)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.entry.size


def site_table(author: str) -> SiteTable:
    """Return every site key, region code and spelling that a file of this person may use.

    A person brings data of their own region, a source those of its scope; a command of this
    machine those of all.
    """
    known, regions, names = sites(), region_names(), spellings()
    source = sources.by_author(author)
    if source is not None:
        own_sites = sources.scoped(source.region, source.sites)
        within = [code for code in regions["code"] if covers(source.region, code)]
        names = names.filter(pl.col("site").is_in(list(own_sites)))
        return SiteTable(frozenset({*own_sites, *within}), names)
    person = User.objects.filter(username=author).first()
    if person is not None:
        known = known.filter(known["city"].map_elements(person.covers, return_dtype=pl.Boolean))
        own = regions["code"].map_elements(person.covers, return_dtype=pl.Boolean)
        regions = regions.filter(own)
        names = names.filter(pl.col("site").is_in(known["site"].to_list()))
    return SiteTable(frozenset({*known["site"], *regions["code"]}), names)


def try_file(shelf: Shelf, order: ImportOrder, report: Report) -> Mapping[str, Any]:
    """Return what an import would do; keep nothing."""
    mapping, notes = _mapping(order)
    summary = dry_run(
        shelf,
        OnDisk(order.path),
        mapping,
        sites=site_table(order.author),
        now=datetime.now(UTC),
        step=_Steps(report),
    )
    return {**_told(summary), "dry_run": True, "mapping": write_mapping(mapping), **notes}


def recognised(order: ImportOrder) -> tuple[str, str]:
    """Return the mapping of a file and its digest; raise `BadInput` when none can be found."""
    return write_mapping(_mapping(order)[0]), _digest(order)


def received_as(digest: str, mapping: str, author: str) -> int | None:
    """Return the journal number of a file that came before from the same author, if any."""
    rows = ImportFile.objects.filter(
        sha256=digest, mapping_sha256=records.text_digest(mapping), author=author
    )
    return rows.values_list("journal_seq", flat=True).first()


def fault_of(seq: int) -> tuple[str, str] | None:
    """Return why a file that is in the journal could not be used; None where it could."""
    found = ImportFile.objects.filter(journal_seq=seq, state="failed").first()
    if found is None:
        return None
    zh, _, en = found.fault.partition("\n")
    return zh, en or zh


def receive(journal: Journal, order: ImportOrder, report: Report) -> Entry | Mapping[str, Any]:
    """Keep a file's bytes in the journal; or say when the same file came by the same mapping."""
    mapping, notes = _mapping(order)
    text = write_mapping(mapping)
    digest = _digest(order)
    same = records.find_same(digest, text)
    if same is not None:
        return {"already": f"{same.received_at.astimezone(BEIJING):%Y-%m-%d %H:%M}", "id": same.pk}
    meta = {"name": order.name, "author": order.author, "mapping": text, **notes}
    return journal.append_stream("file", _pieces(order, report), meta)


def apply_file(journal: Journal, shelf: Shelf, entry: Entry, report: Report) -> Applied:
    """Bring a journalled file onto the shelf; safe to repeat."""
    former = ImportFile.objects.filter(journal_seq=entry.seq).first()
    file_id = records.begin_file(
        entry.seq, entry.meta, sha256=entry.sha256, size=entry.size, at=entry.time
    )
    mapping = read_mapping(entry.meta["mapping"])
    steps, rejects = _Steps(report), records.RejectKeeper(file_id)
    try:
        summary = import_file(
            shelf,
            InJournal(journal, entry),
            mapping,
            sites=site_table(entry.meta["author"]),
            origin=Origin(entry.seq, entry.meta["author"], entry.time),
            keep_rejects=rejects.keep,
            step=steps,
        )
    except BadInput as fault:
        words = f"{fault.zh}\n{fault.en}"
        records.finish_file(file_id, state="failed", fault=words, **_counts(steps.summary))
        return Applied({}, steps.affected(mapping, entry.seq), fault)
    except Exception as fault:
        records.finish_file(file_id, state="failed", fault=f"内部错误 Internal error: {fault!r}")
        raise
    # Its rows count as new once only: when applied again, what they were is in the register.
    counts = {} if former is not None and former.state == "done" else _counts(summary)
    records.finish_file(file_id, state="done", note=mapping.note_zh, **counts)
    told = {**_told(summary), "id": file_id, "revision": entry.seq, "seconds": steps.seconds}
    if former is not None:  # rows that a stop left unassessed are no news now, but still to assess
        return Applied(told, steps.affected(mapping, entry.seq))
    return Applied(told, _affected(summary.sites, summary.first, summary.last, mapping, entry.seq))


def apply_correction(journal: Journal, shelf: Shelf, entry: Entry, report: Report) -> Applied:
    """Bring a journalled correction onto the shelf; safe to repeat."""
    del report
    order = json.loads(journal.read(entry.seq))
    at = datetime.fromisoformat(order["time"])
    row = {
        "site": order["site"],
        "quantity": order["quantity"],
        "period": order["period"],
        "time": at,
        "revision": entry.seq,
        "value": order["value"],
        "mark": "",
        "reason": order["reason"],
        "author": order["author"],
        "recorded_at": entry.time,
    }
    frame = pl.DataFrame([row]).with_columns(
        pl.col("time").cast(pl.Datetime("us", "UTC")), pl.col("value").cast(pl.Float64)
    )
    shelf.save_observations(frame)
    records.add_correction(entry.seq, {**order, "time": at}, at=entry.time)
    length = timedelta(hours=1) if order["period"] == "hour" else timedelta(days=1)
    affected = Affected((order["site"],), Period(at, at + length), entry.seq)
    told = {"former": order["former"], "value": order["value"], "revision": entry.seq}
    return Applied(told, affected)


class _Steps:
    """Tell how far a file is, with rows a second; remember all that it says, new or not."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began = time.monotonic()
        self._sites: set[str] = set()
        self._times: list[Any] = []
        self.summary = ImportSummary()

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._began

    def affected(self, mapping: FileMapping, cause: int) -> Affected | None:
        """Return the extent of what was read."""
        first, last = min(self._times, default=None), max(self._times, default=None)
        return _affected(self._sites, first, last, mapping, cause)

    def __call__(self, batch: Batch, summary: ImportSummary) -> None:
        """Report one batch."""
        self.summary = summary
        if not batch.rows.is_empty():
            self._sites |= set(batch.rows["site"].unique())
            self._times += [batch.rows["time"].min(), batch.rows["time"].max()]
        self._report(
            {
                "phase": "read",
                "done": batch.done,
                "total": batch.total,
                "rows": summary.rows,
                "seconds": self.seconds,
            }
        )


def _mapping(order: ImportOrder) -> tuple[FileMapping, dict[str, Any]]:
    """Return the mapping of an order and what is doubtful about a guessed one."""
    if order.mapping:
        return read_mapping(order.mapping), {}
    found = detect(OnDisk(order.path))
    return found.mapping, {"notes_zh": list(found.notes_zh), "notes_en": list(found.notes_en)}


def _digest(order: ImportOrder) -> str:
    with order.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pieces(order: ImportOrder, report: Report) -> Iterator[bytes]:
    total, done = order.path.stat().st_size, 0
    with order.path.open("rb") as file:
        while piece := file.read(_PIECE):
            done += len(piece)
            report({"phase": "journal", "done": done, "total": total})
            yield piece


def _told(summary: ImportSummary) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "rows": summary.rows,
        "new": summary.new,
        "changed": summary.changed,
        "same": summary.same,
        "missing": summary.missing,
        "rejected": summary.rejected,
        "faults": dict(sorted(summary.faults.items(), key=lambda item: -item[1])),
        "examples": summary.examples,
        "sites": len(summary.sites),
        "first": summary.first.isoformat() if summary.first else None,
        "last": summary.last.isoformat() if summary.last else None,
    }


def _counts(summary: ImportSummary) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "rows_new": summary.new,
        "rows_changed": summary.changed,
        "rows_same": summary.same,
        "rows_rejected": summary.rejected,
        "first_time": summary.first,
        "last_time": summary.last,
    }


def _affected(
    sites: Iterable[str],
    first: datetime | None,
    last: datetime | None,
    mapping: FileMapping,
    cause: int,
) -> Affected | None:
    if first is None or last is None:
        return None
    length = timedelta(hours=1) if mapping.period == "hour" else timedelta(days=1)
    return Affected(tuple(sorted(sites)), Period(first, last + length), cause)
