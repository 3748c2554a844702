"""The journal: raw bytes as received, append-only, fsynced, hash-chained. The evidence.

A folder of segment files (`segment` says what is in them), a lock that one process holds, and
``head``: the last record that was acknowledged. Bytes behind the head are what a crash left
unfinished and are set aside; damage before it is kept where it is and named.
"""

import fcntl
import hashlib
import io
import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from songhua.model import BadInput
from songhua.store import segment
from songhua.store.segment import Entry, Index, Record

PART = "part"
"""Kind of the pieces of a body too large for one record."""

PART_BYTES = 4 * 1024 * 1024
SEGMENT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class JournalFault:
    """Where the journal was found broken."""

    seq: int
    segment: str
    offset: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Head:
    """The last record that is on the disk for certain."""

    seq: int
    chain: bytes


class Journal:
    """An opened journal. One process writes; its threads may append at the same time."""

    def __init__(self, folder: Path, *, segment_bytes: int, hash_name: str) -> None:
        if hash_name not in segment.HASHES:
            raise BadInput(
                f"日志的散列算法只能是 {'、'.join(segment.HASHES)}：{hash_name}。",
                f"The journal's hash is one of {', '.join(segment.HASHES)}: {hash_name}.",
            )
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._hash_name = hash_name
        self._lock = threading.Lock()
        self._written = threading.Condition()
        self._syncing = False
        self._synced = 0
        self._broken = False
        self._firsts: list[int] = []
        self._segments: list[Path] = []
        self._indexes: dict[int, Index] = {}
        self._index_lock = threading.Lock()
        self.torn: tuple[Path, ...] = ()
        """Side files with bytes that a crash left unfinished at the end; never acknowledged."""
        self.faults: tuple[JournalFault, ...] = ()
        """Damage found when opening, in the last segment only; `verify` reads everything."""

    @classmethod
    def open(
        cls, folder: Path, *, segment_bytes: int = SEGMENT_BYTES, hash_name: str = "sha256"
    ) -> Self:
        """Open a journal for writing, making the folder when there is none.

        Parameters
        ----------
        hash_name
            ``sha256`` or ``sm3``: what new segments are chained with.

        Raises
        ------
        BadInput
            If another process has it open.
        """
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(folder.parent)
        journal = cls(folder, segment_bytes=segment_bytes, hash_name=hash_name)
        journal._lock_file = _take_lock(folder / "lock")
        try:
            journal._open()
        except BaseException:
            journal._lock_file.close()
            raise
        return journal

    _lock_file: BinaryIO
    _file: io.FileIO
    _head_file: io.FileIO
    _end: int
    _chain: bytes
    _file_hash: str

    def close(self) -> None:
        """Flush and let go of the journal."""
        with self._lock:
            if self._file.closed:
                return
            if not self._broken:
                self._sync(self.last_seq)
            self._broken = True
            self._file.close()
            self._head_file.close()
            self._lock_file.close()

    @property
    def last_seq(self) -> int:
        """Number of the last record; 0 when there is none."""
        return self._last.next_seq - 1

    @property
    def segments(self) -> tuple[Path, ...]:
        """The segment files, oldest first."""
        return tuple(self._segments)

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk."""
        entry = self._write(kind, body, meta, hashlib.sha256(body).hexdigest(), len(body))
        self._sync(entry.seq)
        return entry

    def append_stream(self, kind: str, pieces: Iterable[bytes], meta: Mapping[str, Any]) -> Entry:
        """Keep a body of any size, piece by piece; when this returns all of it is on the disk.

        Should the pieces stop half-way, those that came stay as parts that no entry names.
        """
        whole, size, parts = hashlib.sha256(), 0, []
        for piece in _regrouped(pieces):
            whole.update(piece)
            size += len(piece)
            digest = hashlib.sha256(piece).hexdigest()
            parts.append(self._write(PART, piece, {}, digest, len(piece)).seq)
        full = {**meta, "parts": parts}
        entry = self._write(kind, b"", full, whole.hexdigest(), size)
        self._sync(entry.seq)
        return entry

    def entries(self, *, after: int = 0, kinds: Iterable[str] | None = None) -> Iterator[Entry]:
        """Yield records in order, the parts of larger bodies left out, and what is damaged."""
        wanted = None if kinds is None else frozenset(kinds)
        last = self.last_seq
        for number in range(max(self._number(after + 1), 0), len(self._segments)):
            index = self._index(number)
            with self._segments[number].open("rb") as file:
                for seq in range(max(after + 1, index.first), min(index.next_seq, last + 1)):
                    record = _read(file, index, seq)
                    if record is None or record.entry.kind == PART:
                        continue
                    if wanted is None or record.entry.kind in wanted:
                        yield record.entry

    def entry(self, seq: int) -> Entry:
        """Return one record; raise `KeyError` when there is none of that number.

        Raises
        ------
        BadInput
            If it is damaged.
        """
        return self._record(seq)[1].entry

    def read(self, seq: int) -> bytes:
        """Return a body, all its parts together; raise `BadInput` if it was altered."""
        with self.open_body(seq) as body:
            return body.read()

    def open_body(self, seq: int) -> BinaryIO:
        """Open a body for reading, its parts one after another, without holding it in memory.

        One that is read from start to end is checked on the way: `BadInput` if it was altered.
        """
        path, record = self._record(seq)
        places = [(path, record.body_at, record.body_size)]
        if (parts := record.entry.meta.get("parts")) is not None:
            found = [self._record(part) for part in parts]
            places = [(path, part.body_at, part.body_size) for path, part in found]
        return io.BufferedReader(_Body(places, record.entry), 1024 * 1024)

    def verify(self) -> JournalFault | None:
        """Read everything again and return the first fault, or None when nothing was altered."""
        expected, chain, last = 1, segment.START, self.last_seq
        for path in self.segments:
            with path.open("rb") as file:
                line = segment.read_first_line(file)
                if line is None or line.chain != chain or path.stem != f"{expected:012d}":
                    return _fault(expected, path, 0, "分段与前一段不相接", "not the next segment")
                at, size = line.end, path.stat().st_size
                while at < size and expected <= last:
                    record = segment.read_record(file, at)
                    if record is None or not _follows(file, record, expected, chain, line):
                        return _fault(expected, path, at, "记录被改动", "the record was altered")
                    expected, at = expected + 1, record.end
                    chain = bytes.fromhex(record.entry.chain)
        if expected <= last:
            return _fault(expected, self._segments[-1], 0, "记录缺失", "the record is missing")
        return None

    # Writing

    def _write(
        self, kind: str, body: bytes, meta: Mapping[str, Any], digest: str, size: int
    ) -> Entry:
        with self._lock:
            self._check_unbroken()
            if self._end >= self._segment_bytes:
                self._next_segment()
            now = datetime.now(UTC)
            seq, name = self.last_seq + 1, self._file_hash
            header = segment.header_of(
                {
                    "seq": seq,
                    "time": now.isoformat(),
                    "kind": kind,
                    "meta": meta,
                    "size": size,
                    "sha256": digest,
                    "body": segment.hex_digest(name, body),
                }
            )
            if len(header) > segment.MOST_HEADER:
                raise BadInput("随文件的说明过长。", "What is said about the bytes is too long.")
            chain = segment.chained(name, self._chain, header)
            self._put(segment.packed(header, chain, body))
            self._chain = chain
            self._last.offsets.append(self._end - len(body) - len(header) - segment.OVERHEAD)
            return Entry(seq, now, kind, meta, size, digest, chain.hex())

    def _put(self, record: bytes) -> None:
        """Write a record at the end, or leave the end as it was."""
        left = memoryview(record)
        try:
            while left:
                left = left[self._file.write(left) or 0 :]
        except OSError as fault:
            self._take_back()
            raise _unwritable(self._folder, fault) from fault
        self._end += len(record)

    def _take_back(self) -> None:
        """Cut off what was half written; a journal that cannot is closed for writing."""
        self._broken = True
        os.ftruncate(self._file.fileno(), self._end)
        self._broken = False

    def _sync(self, seq: int) -> None:
        """Return when the record is on the disk: one thread syncs for all that wait."""
        while True:
            with self._written:
                while self._syncing and self._synced < seq:
                    self._written.wait()
                if self._synced >= seq:
                    return
                self._check_unbroken()
                self._syncing = True
            self._sync_now()

    def _sync_now(self) -> None:
        reached = self._synced
        try:
            with self._index_lock:  # a record's number and chain are read together
                file, head = self._file, self._last.next_seq - 1
                chain = self._chain
            _flush(file)
            self._write_head(_Head(head, chain))
            reached = head
        except OSError as fault:
            # After a failed fsync the system may forget what it could not write: no more promises.
            self._broken = True
            raise _unwritable(self._folder, fault) from fault
        finally:
            with self._written:
                self._synced = max(self._synced, reached)
                self._syncing = False
                self._written.notify_all()
