"""From the journal onto the shelf: frames that may speak become values, the others are set aside.

Two threads: one reads and stores, one assesses and writes down how far all is done. A store that
is down stops neither the links nor their answers: the journal is the queue, and memory only its
newest end.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

import structlog
from django.db import connections

from songhua.app.gateway.delivered import Delivered
from songhua.app.gateway.touched import Touched
from songhua.app.reading import ReaderApart, ReaderStopped
from songhua.assess.job import Affected
from songhua.ingest.hj212 import Damaged, Dialect, Fault, Frame
from songhua.ingest.hj212.identify import WORDS, dialect_of, mn_in, refusal
from songhua.ingest.hj212.reader import Aside, Told
from songhua.ingest.hj212.reader import Entry as Body
from songhua.ingest.hj212.received import KIND, Received, unpack
from songhua.model import BadInput, KnownDevice, LinkCount
from songhua.store import Journal, Shelf
from songhua.store.registry import links

log = structlog.get_logger()

READER = "hj212"
_IN_MEMORY = 32 * 1024 * 1024
"""Bytes that wait in memory; beyond, they are read from the journal again."""
_PORTION = 2 * 1024 * 1024
"""Bytes read and stored at once."""
_GATHER = 0.25
"""The shelf takes many rows at once better than few often. [s]"""
_REGISTER_EVERY = 5.0
_SETTLE_EVERY = 2.0
_PATIENCE = 5.0
_BEAT = 0.05
_AT_ONCE = 2_000

Assess = Callable[[Affected], None]


class FrameReader(Protocol):
    """What reads frames: here, or in a process of its own."""

    def know(self, devices: dict[str, KnownDevice]) -> None:
        """Take the register as it stands now."""

    def read(self, entries: Iterable[Body], *, now: datetime | None = None) -> Told:
        """Return what entries of the journal say."""

    def read_again(self, pieces: Sequence[tuple[int, int, Received]]) -> Told:
        """Return what pieces say that were set aside."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(slots=True)
class _Pending:
    """What is on the shelf, or set aside, and not yet assessed and written down."""

    seq: int = 0
    counts: dict[str, LinkCount] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)
    touched: Touched = field(default_factory=Touched)

    def merge(self, later: "_Pending") -> None:
        """Add what came later."""
        self.seq = max(self.seq, later.seq)
        self.aside += later.aside
        self.touched.merge(later.touched)
        for mn, count in later.counts.items():
            if mn in self.counts:
                self.counts[mn].add(count)
            else:
                self.counts[mn] = count


class Keeper:
    """Keeps what the gateway brought into the journal.

    Parameters
    ----------
    assess
        Called with what must be assessed again.
    reader
        Makes what reads frames.
    """

    def __init__(
        self,
        journal: Journal,
        shelf: Shelf,
        assess: Assess,
        *,
        reader: Callable[[], FrameReader] = ReaderApart,
    ) -> None:
        self._journal, self._assess, self._make_reader = journal, assess, reader
        self._bare, self._shelf = shelf, Delivered(shelf)
        self._reader = reader()
        self._devices: dict[str, KnownDevice] = {}
        self._read_register_at = 0.0
        # Each body with the number of the one before, so that a gap is seen.
        self._arrived: deque[tuple[int, int, bytes]] = deque()
        self._in_memory = 0
        self._offered = 0
        self._ready = threading.Condition()
        self._stopping = threading.Event()
        self._kept_all = threading.Event()
        self._pending = _Pending()
        self._seq = 0
        self._held = 0
        self._written = 0
        self._is_gone = False
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Take up what a stop left unread, then what comes."""
        self._seq = self._pending.seq = self._written = links.read_to(READER)
        self._offered = self._journal.last_seq
        self.refresh()
        self._tell_time()
        for name, run in (("keeper", self._run), ("settler", self._run_settling)):
            thread = threading.Thread(target=run, name=f"gateway-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Finish what came."""
        with self._ready:
            self._stopping.set()
            self._ready.notify()
        for thread in self._threads:
            thread.join(60)
        self._reader.close()

    def offer(self, seq: int, body: bytes) -> None:
        """Hand over an entry that is in the journal; never waits."""
        with self._ready:
            self._arrived.append((self._offered, seq, body))
            self._offered = seq
            self._in_memory += len(body)
            while self._in_memory > _IN_MEMORY:
                self._in_memory -= len(self._arrived.popleft()[2])
            self._ready.notify()

    def dialect_of(self, raw: bytes) -> Dialect:
        """Return the dialect of the device that a damaged frame names."""
        return dialect_of(self._devices.get(mn_in(Damaged(Fault.CRC, raw))))

    def may_speak(self, frame: Frame, address: str) -> bool:
        """Return whether a frame speaks for a registered logger."""
        return refusal(frame, self._devices.get(frame.mn), address) is None

    def keys_of(self, mn: str) -> tuple[bytes, ...]:
        """Return the SM4 keys of a device, the one it has now first."""
        device = self._devices.get(mn)
        return () if device is None else device.keys

    def wait(self, seconds: float) -> bool:
        """Wait until all that was offered is on the shelf and assessed; False when time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if links.read_to(READER) >= self._offered:
                return True
            time.sleep(0.02)
        return False

    def reached(self) -> tuple[int, int]:
        """Return the last entry that was offered, and up to where all is done."""
        return self._offered, self._written

    def refresh(self) -> None:
        """Take the register as it stands now."""
        devices = links.known_devices()
        with self._lock:
            if devices != self._devices:
                self._reader.know(devices)
                self._devices = devices
        self._read_register_at = time.monotonic()

    def release(self, places: Sequence[tuple[int, int]]) -> None:
        """Bring frames that were set aside into the record, now that the register is mended.

        Parameters
        ----------
        places
            Entry of the journal and place within it, of one frame or the parts of one message.

        Raises
        ------
        BadInput
            If they may still not speak, or say nothing that can be kept.
        """
        self.refresh()
        pieces = list(self._received(sorted(places)))
        with self._lock:
            told = self._reader.read_again(pieces)
            if told.aside:
                zh, en = WORDS[told.aside[0].reason]
                raise BadInput(f"仍不能放行：{zh}。", f"It cannot be released yet: {en}.")
            touched = self._save_released(told)
        self._assess_all(touched, pieces[-1][0])

    def release_all(self, places: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Bring those frames into the record that may speak now; return where they lie."""
        self.refresh()
        released: list[tuple[int, int]] = []
        touched = Touched()
        ordered = sorted(places)
        for begin in range(0, len(ordered), _AT_ONCE):
            part = ordered[begin : begin + _AT_ONCE]
            pieces = list(self._received(part))
            with self._lock:
                told = self._reader.read_again(pieces)
                touched.merge(self._save_released(told))
            still = {(one.seq, one.place) for one in told.aside}
            released += [place for place in part if place not in still]
        self._assess_all(touched, ordered[-1][0])
        return released

    def _save_released(self, told: Told) -> Touched:
        touched = Touched()
        touched.add(self._shelf.save(told.rows, recorded_at=datetime.now(UTC)))
        return touched

    def _assess_all(self, touched: Touched, cause: int) -> None:
        for affected in touched.affected(cause):
            self._assess(affected)

    def replay(self) -> int:
        """Read the whole journal again; return how many entries. Current values stay the same."""
        reader = self._make_reader()
        shelf, touched, count, last = Delivered(self._bare), Touched(), 0, 0
        try:
            reader.know(links.known_devices())
            for part in _portions(self._bodies(after=0, last=self._journal.last_seq)):
                told = reader.read(part)
                shelf.save(told.rows)
                touched.add(told.rows)
                count, last = count + len(part), part[-1][0]
        finally:
            reader.close()
        self._assess_all(touched, last)
        return count

    def _received(self, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, Received]]:
        for seq, group in groupby(places, key=itemgetter(0)):
            there = list(unpack(self._journal.read(seq)))
            for _, place in group:
                yield seq, place, there[place]

    # In the keeper's thread

    def _run(self) -> None:
        try:
            while not self._followed():
                self._stopping.wait(1.0)
        finally:
            self._kept_all.set()
            connections.close_all()

    def _followed(self) -> bool:
        """Read until it is time to stop; False when the reader is gone."""
        try:
            if self._is_gone:
                self._begin_again()
            self._follow()
        except ReaderStopped:
            self._is_gone = True
            log.exception("the reading process stopped; it is started again")
            return False
        return True

    def _follow(self) -> None:
        """Read on until it is time to stop."""
        last = self._offered
        for left in _portions(self._bodies(after=self._seq, last=last)):
            if not self._patiently(left, again=True):
                return
        self._pass(last)
        while (part := self._next()) is not None:
            if not self._patiently(part, again=False):
                return

    def _begin_again(self) -> None:
        """Go back to what was written down: the parts that the reader held are read again."""
        self._reader.close()
        with self._lock:
            self._reader = self._make_reader()
            self._devices = {}
            self._is_gone = False
            self._pending = _Pending()
            self._seq = self._pending.seq = links.read_to(READER)
            self._held = 0
        self.refresh()
        self._tell_time()

    def _tell_time(self) -> None:
        """Tell the reader when the journal was written last: our clock may be set back since."""
        with suppress(KeyError, BadInput):
            written = self._journal.entry(self._journal.last_seq).time
            with self._lock:
                self._reader.read([], now=written)

    def _bodies(self, *, after: int, last: int) -> Iterator[Body]:
        for entry, body in self._journal.bodies(after=after, kinds=(KIND,)):
            if entry.seq > last:
                return
            yield entry.seq, body

    def _next(self) -> list[Body] | None:
        """Return what came, nothing after a while; None when it is time to stop."""
        self._stopping.wait(_GATHER)
        with self._ready:
            if not self._arrived and not self._stopping.is_set():
                self._ready.wait(timeout=0.5)
            if not self._arrived:
                return None if self._stopping.is_set() else []
            before = self._arrived[0][0]
            if before <= self._seq:
                return self._from_memory()
        # More came than memory takes: the journal has what was dropped.
        missed = next(_portions(self._bodies(after=self._seq, last=before)), None)
        if missed is None:
            self._pass(before)
        return missed or []

    def _pass(self, seq: int) -> None:
        """Note that nothing of ours lies between."""
        with self._lock:
            self._seq = max(self._seq, seq)
            if not self._held:
                self._pending.seq = max(self._pending.seq, seq)

    def _from_memory(self) -> list[Body]:
        taken: list[Body] = []
        size = 0
        while self._arrived and size < _PORTION:
            _before, seq, body = self._arrived.popleft()
            size += len(body)
            if seq > self._seq:  # else it was read from the journal meanwhile
                taken.append((seq, body))
        self._in_memory -= size
        return taken

    def _patiently(self, part: list[Body], *, again: bool) -> bool:
        """Keep; where a store is down, wait and try again. False when stopped meanwhile.

        Raises
        ------
        ReaderStopped
            If the reader is gone.
        """
        told: Told | None = None
        while True:
            try:
                self._refresh_if_due()
                with self._lock:
                    if told is None and (part or self._held):
                        told = self._reader.read(part, now=None if part else datetime.now(UTC))
                    if told is not None:
                        self._keep(told, part[-1][0] if part else self._seq, again=again)
            except ReaderStopped:
                raise
            except Exception:
                log.exception("stores do not take what loggers sent; it stays in the journal")
                if self._stopping.wait(_PATIENCE):
                    return False
            else:
                return True

    def _keep(self, told: Told, seq: int, *, again: bool) -> None:
        kept = self._shelf.save(told.rows)
        touched = Touched()
        # What a stop left unassessed is no news now, but still to assess.
        touched.add(told.rows if again else kept)
        self._seq, self._held = seq, told.held
        done = min(seq, told.held - 1) if told.held else seq
        self._pending.merge(_Pending(done, told.counts, told.aside, touched))

    def _refresh_if_due(self) -> None:
        if time.monotonic() - self._read_register_at > _REGISTER_EVERY:
            self.refresh()

    # In the settler's thread

    def _run_settling(self) -> None:
        settled_at = 0.0
        try:
            while not self._kept_all.wait(_BEAT):
                if time.monotonic() - settled_at > _SETTLE_EVERY and self._settle():
                    settled_at = time.monotonic()
            self._settle()
        finally:
            connections.close_all()

    def _settle(self) -> bool:
        """Assess what was touched, then write down how far all is done; False for nothing."""
        with self._lock:
            pending, self._pending = self._pending, _Pending(seq=self._pending.seq)
        if pending.seq <= self._written:
            return False
        try:
            self._assess_all(pending.touched, pending.seq)
            links.write_down(
                pending.seq,
                {mn: count for mn, count in pending.counts.items() if mn},
                [_aside(one) for one in pending.aside],
                reader=READER,
            )
            self._written = pending.seq
        except Exception:
            log.exception("what loggers sent is not assessed yet; it is tried again")
            with self._lock:
                pending.merge(self._pending)
                self._pending = pending
            self._kept_all.wait(min(1.0, _PATIENCE))
        return True


def _portions(bodies: Iterable[Body]) -> Iterator[list[Body]]:
    """Yield entries a bounded number of bytes at a time."""
    part: list[Body] = []
    size = 0
    for body in bodies:
        part.append(body)
        size += len(body[1])
        if size > _PORTION:
            yield part
            part, size = [], 0
    if part:
        yield part


def _aside(one: Aside) -> dict[str, Any]:
    """Return the columns of the register."""
    return {
        "journal_seq": one.seq,
        "place": one.place,
        "mn": one.mn,
        "cn": one.cn,
        "address": one.address,
        "reason": one.reason,
        "detail_zh": one.detail_zh,
        "detail_en": one.detail_en,
        "raw": one.raw,
        "received_at": one.at,
    }
