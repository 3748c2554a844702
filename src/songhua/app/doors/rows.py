"""From the journal onto the shelf: messages of observations, whatever door they came by.

The journal is the queue: two threads follow it, one stores, one assesses and writes down how far
all is done. A store that is down delays both and loses nothing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
import structlog
from django.db import connections

from songhua.app.gateway.delivered import compared
from songhua.app.gateway.touched import Touched
from songhua.assess.job import Affected
from songhua.ingest.observations import KIND, WORDS, Said, read
from songhua.model import KnownSource
from songhua.store import Entry, Journal, Shelf
from songhua.store.registry import links, sources
from songhua.store.registry.models import Cursor, Source
from songhua.store.registry.sources import Came

log = structlog.get_logger()

READER = "observations"
MOST_TOLD = 1000
"""Rows set aside that an answer names; all of them are on the page."""
_PATIENCE = 5.0
_PORTION = 100
_PORTION_BYTES = 8 * 1024 * 1024
_REMEMBERED = 100

Assess = Callable[[Affected], None]
Body = tuple[Entry, bytes]


@dataclass(slots=True)
class _Pending:
    """What is on the shelf and not yet assessed."""

    seq: int = 0
    touched: Touched = field(default_factory=Touched)


class RowKeeper:
    """Keeps what the doors brought into the journal.

    Parameters
    ----------
    assess
        Called with what must be assessed again.
    """

    def __init__(self, journal: Journal, shelf: Shelf, assess: Assess) -> None:
        self._journal, self._shelf, self._assess = journal, shelf, assess
        self._receiving = threading.Lock()  # one key has one entry
        self._ready = threading.Condition()
        self._stopping = threading.Event()
        self._stored_all = threading.Event()
        self._saving = threading.Lock()
        self._seq = self._offered = self._written = 0
        self._before = 0
        self._pending = _Pending()
        self._answers: dict[int, Mapping[str, Any]] = {}
        self._threads: list[threading.Thread] = []

    # Receiving

    def take(
        self, source: KnownSource, body: bytes, *, key: str = "", sha256: str = "", site: str = ""
    ) -> tuple[int, bool]:
        """Bring a message into the journal; when this returns it is on the disk.

        Parameters
        ----------
        key
            What its sender calls it: the same key is the same message.
        sha256
            Digest of the body, where there is a key.
        site
            The site of rows that name none.

        Returns
        -------
        tuple
            Number in the journal, and whether the key came before.

        Raises
        ------
        KeyError
            If the key came before with another body.
        BadInput
            If the journal cannot be written: nothing was taken.
        """
        meta = {
            "source": source.name,
            "door": source.kind,
            "region": source.region,
            "sites": list(source.sites),
            **({"site": site} if site else {}),
        }
        if not key:
            return self._append(body, meta), False
        with self._receiving:
            known = sources.receipt(source.id, key)
            if known is not None:
                if known.sha256 != sha256:
                    raise KeyError(key)
                return known.journal_seq, True
            seq = self._append(body, {**meta, "key": key, "key_sha256": sha256})
            # Should this fail, the keeper writes it from the journal.
            sources.keep_receipt(source.id, key, sha256=sha256, seq=seq, at=datetime.now(UTC))
            return seq, False

    def _append(self, body: bytes, meta: Mapping[str, Any]) -> int:
        seq = self._journal.append(KIND, body, meta).seq
        with self._ready:
            self._offered = max(self._offered, seq)
            self._ready.notify_all()
        return seq

    def answer(self, seq: int, *, seconds: float) -> Mapping[str, Any] | None:
        """Return what came of a message, None when that takes longer."""
        end = time.monotonic() + seconds
        with self._ready:
            while seq not in self._answers:
                left = end - time.monotonic()
                if left <= 0 or not self._threads:
                    return None
                self._ready.wait(left)
            return self._answers[seq]

    # Working

    def start(self) -> None:
        """Take up what a stop left behind, then what comes."""
        self._seq = self._written = self._pending.seq = links.read_to(READER)
        self._before = self._offered = self._journal.last_seq
        for name, run in (("rows", self._run), ("settler", self._run_settling)):
            thread = threading.Thread(target=run, name=f"doors-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish what came."""
        with self._ready:
            self._stopping.set()
            self._ready.notify_all()
        for thread in self._threads:
            thread.join(60)

    def wait(self, seconds: float) -> bool:
        """Wait until all that came is on the shelf and assessed; False when time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._written >= self._offered:
                return True
            time.sleep(0.02)
        return False

    def replay(self) -> int:
        """Read the whole journal again; return how many messages. Current values stay the same."""
        touched, count, last = Touched(), 0, 0
        for entry, body in self._journal.bodies(kinds=(KIND,)):
            with self._saving:
                came, rows = self._read(entry, body)
                self._save(came, rows)
                sources.write_down([came], again=True)
            touched.add(rows)
            count, last = count + 1, entry.seq
        self._assess_all(touched, last)
        return count

    def release(self, source: Source, who: str) -> tuple[int, int]:
        """Let the rows of a source into the record that may go in now.

        Returns
        -------
        tuple
            How many were released, and how many stay set aside.
        """
        scope = sources.known(source)
        touched, released, left, last = Touched(), 0, 0, 0
        told: list[pl.DataFrame] = []
        for seq, wanted in sources.asides_of(source.pk).items():
            entry = self._journal.entry(seq)
            with self._saving:
                said = self._said(entry, self._journal.read(seq), scope)
                rows = said.rows.filter(pl.col("row").is_in(sorted(wanted)))
                came = Came(source.pk, seq, entry.time)
                full = self._full(entry, rows, datetime.now(UTC))
                touched.add(self._save(came, full))
                told.append(full)
                sources.mark_released(seq, rows["row"].to_list(), who)
            released, left, last = released + rows.height, left + len(wanted) - rows.height, seq
        if released:
            touched.add(self._restated(pl.concat(told)))
        self._assess_all(touched, last)
        return released, left

    def _restated(self, released: pl.DataFrame) -> pl.DataFrame:
        """Let later messages speak again of what was released: the last word stays the last.

        One that said what was known then left no row of its own.
        """
        kept: list[pl.DataFrame] = [released.clear()]
        keys = released.select("site", "quantity", "period", "time").unique()
        first = int(released["revision"].to_numpy().min())
        for entry, body in self._journal.bodies(after=first, kinds=(KIND,)):
            if entry.seq > self._seq:
                break
            with self._saving:
                came, rows = self._read(entry, body)
                again = rows.join(keys, on=keys.columns, how="semi", maintain_order="left")
                kept.append(self._save(came, again))
        return pl.concat(kept)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                for portion in self._portions():
                    if not self._patiently(portion):
                        return
                self._pass()
                with self._ready:
                    if self._offered <= self._seq and not self._stopping.is_set():
                        self._ready.wait(1.0)
        finally:
            self._stored_all.set()
            connections.close_all()

    def _portions(self) -> Iterator[list[Body]]:
        part: list[Body] = []
        size, last = 0, self._offered
        for entry, body in self._journal.bodies(after=self._seq, kinds=(KIND,)):
            if entry.seq > last:
                break
            part.append((entry, body))
            size += len(body)
            if len(part) >= _PORTION or size > _PORTION_BYTES:
                yield part
                part, size = [], 0
        if part:
            yield part

    def _pass(self) -> None:
        with self._ready:
            if self._seq < self._before:
                self._seq = self._before
                self._pending.seq = max(self._pending.seq, self._seq)

    def _patiently(self, portion: Sequence[Body]) -> bool:
        """Keep; where a store is down, wait and try again. False when stopped meanwhile."""
        while True:
            try:
                self._keep(portion)
            except Exception:
                log.exception("stores do not take what the doors brought; it stays in the journal")
                if self._stopping.wait(_PATIENCE):
                    return False
            else:
                return True

    def _keep(self, portion: Sequence[Body]) -> None:
        for entry, body in portion:
            if entry.seq <= self._seq:
                continue
            again = entry.seq <= self._before
            with self._saving:
                came, rows = self._read(entry, body)
                total = rows.height + came.same + len(came.aside)
                kept = self._save(came, rows)
                came.answer = told(came, total)
                sources.write_down([came], again=again)
            with self._ready:
                # What a stop left unassessed is no news now, but still to assess.
                self._pending.touched.add(rows if again else kept)
                self._pending.seq = self._seq = entry.seq
                self._answers[entry.seq] = came.answer
                while len(self._answers) > _REMEMBERED:
                    del self._answers[next(iter(self._answers))]
                self._ready.notify_all()

    def _read(self, entry: Entry, body: bytes) -> tuple[Came, pl.DataFrame]:
        """Return what a message brings: the rows that may go in."""
        source = Source.objects.filter(name=entry.meta["source"]).first()
        number = source.pk if source is not None else 0
        said = self._said(entry, body, None)
        former = sources.rows_aside(entry.seq)  # set aside then, and not released since
        rows = said.rows.filter(~pl.col("row").is_in(sorted(former)))
        came = Came(
            number,
            entry.seq,
            entry.time,
            key=entry.meta.get("key", ""),
            sha256=entry.meta.get("key_sha256", ""),
            same=said.repeated,
            aside=[asdict(one) for one in said.aside],
        )
        return came, self._full(entry, rows, entry.time)

    def _said(self, entry: Entry, body: bytes, scope: KnownSource | None) -> Said:
        """Judge a message by the scope its source had when it came, or by another."""
        meta = entry.meta
        then = KnownSource(0, meta["source"], "", meta["region"], tuple(meta["sites"]), {})
        every, may_speak = sources.scope_of(scope or then)
        return read(
            body,
            may_speak=may_speak,
            known=every,
            now=entry.time,
            site=meta.get("site", ""),
            polled=meta["door"] == "modbus",
        )

    def _full(self, entry: Entry, rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
        return rows.select(
            "site",
            "quantity",
            "period",
            "time",
            "value",
            "mark",
            revision=pl.lit(entry.seq, dtype=pl.UInt64),
            line=pl.col("row").cast(pl.UInt64),
            author=pl.lit(f"source:{entry.meta['source']}"),
            recorded_at=pl.lit(at).cast(rows["time"].dtype),
        )

    def _save(self, came: Came, rows: pl.DataFrame) -> pl.DataFrame:
        """Put what is new or changed on the shelf, count it, and return it."""
        news = list(compared(self._shelf, rows)) if not rows.is_empty() else []
        kept = pl.concat([one.rows for one in news]) if news else rows
        if not kept.is_empty():
            self._shelf.save_observations(kept.with_columns(reason=pl.lit("")))
        changed = sum(one.changed for one in news)
        came.new, came.changed = kept.height - changed, changed
        came.same += sum(one.same for one in news)
        return kept

    # In the settler's thread

    def _run_settling(self) -> None:
        try:
            while not self._stored_all.wait(0.05):
                self._settle()
            self._settle()
        finally:
            connections.close_all()

    def _settle(self) -> None:
        with self._ready:
            pending, self._pending = self._pending, _Pending(self._pending.seq)
        if pending.seq <= self._written:
            return
        try:
            self._assess_all(pending.touched, pending.seq)
            Cursor.objects.update_or_create(name=READER, defaults={"seq": pending.seq})
            self._written = pending.seq
        except Exception:
            log.exception("what the doors brought is not assessed yet; it is tried again")
            with self._ready:
                pending.touched.merge(self._pending.touched)
                pending.seq = max(pending.seq, self._pending.seq)
                self._pending = pending
            self._stored_all.wait(1.0)

    def _assess_all(self, touched: Touched, cause: int) -> None:
        for affected in touched.affected(cause):
            self._assess(affected)


def told(came: Came, rows: int) -> dict[str, Any]:
    """Return the answer about a message: how many rows did what, and why some could not."""
    reasons: dict[str, int] = {}
    for one in came.aside:
        reasons[one["reason"]] = reasons.get(one["reason"], 0) + 1
    return {
        "journal": came.seq,
        "rows": rows,
        "new": came.new,
        "changed": came.changed,
        "same": came.same,
        "set_aside": len(came.aside),
        "reasons": [
            {"reason": name, "rows": number, "zh": WORDS[name][0], "en": WORDS[name][1]}
            for name, number in sorted(reasons.items())
        ],
        "aside": [
            {
                "row": one["row"],
                "reason": one["reason"],
                "zh": one["detail_zh"],
                "en": one["detail_en"],
            }
            for one in came.aside[:MOST_TOLD]
        ],
    }
