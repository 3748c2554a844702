"""The journal: raw bytes as received, append-only, fsynced, hash-chained. The evidence.

A segment file begins with one line that names its format and hash, and the chain so far.
Then come records::

    magic 4 | header length 4 | body length 8 | header (JSON) | chain 32 | body

The chain of a record is the hash of the chain before it, its header and its body's hash; so no
byte can be changed, removed or inserted without breaking every record after it.
"""

import fcntl
import hashlib
import io
import json
import os
import struct
import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from songhua.model import BadInput

PART = "part"
"""Kind of the pieces of a body too large for one record."""

_MAGIC = b"SJ01"
_FRAME = struct.Struct(">4sIQ")
_CHAIN = 32
_HASH = "sha256"
_FIRST_LINE = f"SONGHUA-JOURNAL 1 {_HASH} "
_SEGMENT_BYTES = 256 * 1024 * 1024
_MOST_HEADER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the journal.

    Parameters
    ----------
    seq
        Its number; the first is 1. It is the revision of every observation that it brings.
    time
        When it was written, UTC.
    kind
        ``file``, ``correction``, ``part`` …
    meta
        What is known about the bytes: name, sender, mapping.
    size
        Length of the body, all its parts together. [bytes]
    sha256
        Of the body, all its parts together.
    """

    seq: int
    time: datetime
    kind: str
    meta: Mapping[str, Any]
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class JournalFault:
    """Where the journal was found broken."""

    seq: int
    segment: str
    offset: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class _Record:
    entry: Entry
    header: bytes
    chain: bytes
    body_at: int
    body_size: int
    end: int


class Journal:
    """An opened journal. One process writes; its threads may append at the same time."""

    def __init__(self, folder: Path, *, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._written = threading.Condition()
        self._syncing = False
        self._synced = 0
        self._firsts: list[int] = []
        self._segments: list[Path] = []
        self._offsets = array("Q")
        self._chain = bytes(_CHAIN)
        self.torn: tuple[Path, ...] = ()
        """Side files with bytes that a crash left unfinished at the end; never acknowledged."""

    @classmethod
    def open(cls, folder: Path, *, segment_bytes: int = _SEGMENT_BYTES) -> Self:
        """Open a journal for writing, making the folder when there is none.

        Raises
        ------
        BadInput
            If another process has it open, or a segment is not a journal's.
        """
        folder.mkdir(parents=True, exist_ok=True)
        journal = cls(folder, segment_bytes=segment_bytes)
        journal._lock_file = _take_lock(folder / "lock")
        try:
            journal._scan()
            journal._open_last()
        except BaseException:
            journal._lock_file.close()
            raise
        return journal

    _lock_file: BinaryIO
    _file: BinaryIO

    def close(self) -> None:
        """Flush and let go of the journal."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._lock_file.close()

    @property
    def last_seq(self) -> int:
        """Number of the last record; 0 when there is none."""
        return len(self._offsets)

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
        """Keep a body of any size, piece by piece; when this returns all of it is on the disk."""
        whole, size, parts = hashlib.sha256(), 0, []
        for piece in pieces:
            whole.update(piece)
            size += len(piece)
            digest = hashlib.sha256(piece).hexdigest()
            parts.append(self._write(PART, piece, {}, digest, len(piece)).seq)
        full = {**meta, "parts": parts}
        entry = self._write(kind, b"", full, whole.hexdigest(), size)
        self._sync(entry.seq)
        return entry

    def entries(self, *, after: int = 0, kinds: Iterable[str] | None = None) -> Iterator[Entry]:
        """Yield records in order, the parts of larger bodies left out."""
        wanted = None if kinds is None else frozenset(kinds)
        for seq in range(after + 1, self.last_seq + 1):
            entry = self.entry(seq)
            if entry.kind != PART and (wanted is None or entry.kind in wanted):
                yield entry

    def entry(self, seq: int) -> Entry:
        """Return one record; raise `KeyError` when there is none of that number."""
        return self._record(seq).entry

    def read(self, seq: int) -> bytes:
        """Return a body, all its parts together."""
        with self.open_body(seq) as body:
            return body.read()

    def open_body(self, seq: int) -> BinaryIO:
        """Open a body for reading, its parts one after another, without holding it in memory."""
        entry = self.entry(seq)
        parts = entry.meta.get("parts")
        places = [self._place(part) for part in (parts if parts is not None else [seq])]
        return io.BufferedReader(_Body(places), 1024 * 1024)

    def verify(self) -> JournalFault | None:
        """Read everything again and return the first fault, or None when nothing was altered."""
        chain, expected = bytes(_CHAIN), 1
        for path in self._segments:
            with path.open("rb") as file:
                start = _read_first_line(path, file)
                if start != chain:
                    return _fault(
                        expected, path, 0, "分段与前一段不相接", "segment does not follow"
                    )
                while (record := _read_record(file)) is not None:
                    entry = record.entry
                    good = entry.seq == expected and record.chain == _chained(chain, record.header)
                    if not good or not _body_is_whole(file, record):
                        at = record.body_at
                        return _fault(expected, path, at, "记录被改动", "the record was altered")
                    chain, expected = record.chain, expected + 1
                    file.seek(record.end)
                if file.tell() != path.stat().st_size:
                    at = file.tell()
                    return _fault(expected, path, at, "记录不完整", "the record is incomplete")
        if expected != self.last_seq + 1:
            return _fault(expected, self._segments[-1], 0, "记录缺失", "records are missing")
        return None

    def _write(
        self, kind: str, body: bytes, meta: Mapping[str, Any], digest: str, size: int
    ) -> Entry:
        with self._lock:
            if self._file.tell() >= self._segment_bytes:
                self._next_segment()
            entry = Entry(self.last_seq + 1, datetime.now(UTC), kind, meta, size, digest)
            header = _header(entry, hashlib.sha256(body).hexdigest())
            chain = _chained(self._chain, header)
            offset = self._file.tell()
            self._file.write(_FRAME.pack(_MAGIC, len(header), len(body)) + header + chain)
            self._file.write(body)
            self._file.flush()
            self._chain = chain
            self._offsets.append(offset)
            return entry

    def _sync(self, seq: int) -> None:
        """Return when the record is on the disk: one thread syncs for all that wait."""
        while True:
            with self._written:
                while self._syncing and self._synced < seq:
                    self._written.wait()
                if self._synced >= seq:
                    return
                self._syncing = True
                file, reached = self._file, self.last_seq
            try:
                os.fsync(file.fileno())
            except BaseException:
                reached = 0
                raise
            finally:
                with self._written:
                    self._synced = max(self._synced, reached)
                    self._syncing = False
                    self._written.notify_all()

    def _scan(self) -> None:
        for path in sorted(self._folder.glob("*.journal")):
            self._firsts.append(self.last_seq + 1)
            self._segments.append(path)
            with path.open("rb") as file:
                self._chain = _read_first_line(path, file)
                while (record := _read_record(file)) is not None:
                    self._offsets.append(
                        record.end - record.body_size - _CHAIN - len(record.header) - _FRAME.size
                    )
                    self._chain = record.chain
                    file.seek(record.end)
                self._set_torn_aside(path, file.tell())

    def _set_torn_aside(self, path: Path, end: int) -> None:
        size = path.stat().st_size
        if size == end:
            return
        if path != sorted(self._folder.glob("*.journal"))[-1]:
            return  # in the middle of the journal this is damage: `verify` names it
        side = path.with_suffix(f".{end}.torn")
        with path.open("rb+") as file:
            file.seek(end)
            side.write_bytes(file.read())
            file.truncate(end)
            os.fsync(file.fileno())
        self.torn = (*self.torn, side)

    def _open_last(self) -> None:
        if not self._segments:
            self._begin_segment()
            return
        self._file = self._segments[-1].open("ab")
        self._synced = self.last_seq

    def _next_segment(self) -> None:
        with self._written:
            while self._syncing:
                self._written.wait()
            os.fsync(self._file.fileno())
            self._file.close()
            self._begin_segment()
            self._synced = self.last_seq

    def _begin_segment(self) -> None:
        path = self._folder / f"{self.last_seq + 1:012d}.journal"
        self._file = path.open("ab")
        self._file.write(f"{_FIRST_LINE}{self._chain.hex()}\n".encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        _sync_folder(self._folder)
        self._firsts.append(self.last_seq + 1)
        self._segments.append(path)

    def _record(self, seq: int) -> _Record:
        if not 1 <= seq <= self.last_seq:
            raise KeyError(seq)
        path = self._segments[bisect_right(self._firsts, seq) - 1]
        with path.open("rb") as file:
            file.seek(self._offsets[seq - 1])
            record = _read_record(file)
        if record is None:
            raise BadInput(f"日志第 {seq} 条已损坏。", f"Journal record {seq} is damaged.")
        return record

    def _place(self, seq: int) -> tuple[Path, int, int]:
        record = self._record(seq)
        path = self._segments[bisect_right(self._firsts, seq) - 1]
        return path, record.body_at, record.body_size


class _Body(io.RawIOBase):
    """The bodies of some records, one after another."""

    def __init__(self, places: list[tuple[Path, int, int]]) -> None:
        self._places = places
        self._now: BinaryIO | None = None
        self._left = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while self._left == 0:
            if self._now is not None:
                self._now.close()
                self._now = None
            if not self._places:
                return 0
            path, at, size = self._places.pop(0)
            self._now = path.open("rb")
            self._now.seek(at)
            self._left = size
        if self._now is None:
            return 0
        piece = self._now.read(min(len(buffer), self._left))
        buffer[: len(piece)] = piece
        self._left -= len(piece)
        return len(piece)

    def close(self) -> None:
        if self._now is not None:
            self._now.close()
        super().close()


def _take_lock(path: Path) -> BinaryIO:
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.close()
        raise BadInput(
            f"日志 {path.parent} 正被另一个进程使用。",
            f"The journal {path.parent} is in use by another process.",
        ) from fault
    return file


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _header(entry: Entry, body_digest: str) -> bytes:
    fields = {
        "seq": entry.seq,
        "time": entry.time.isoformat(),
        "kind": entry.kind,
        "meta": entry.meta,
        "size": entry.size,
        "sha256": entry.sha256,
        "body": body_digest,
    }
    return json.dumps(fields, ensure_ascii=False, sort_keys=True).encode()


def _chained(chain: bytes, header: bytes) -> bytes:
    return hashlib.sha256(chain + header).digest()  # the header names the body's hash


def _read_first_line(path: Path, file: BinaryIO) -> bytes:
    line = file.readline(200).decode("ascii", "replace")
    with suppress(ValueError):
        if line.startswith(_FIRST_LINE) and line.endswith("\n"):
            return bytes.fromhex(line.removeprefix(_FIRST_LINE))
    raise BadInput(f"{path.name} 不是日志分段。", f"{path.name} is not a journal segment.")


def _read_record(file: BinaryIO) -> _Record | None:
    """Return the record at the file's position, or None when none is whole there."""
    at = file.tell()
    frame = file.read(_FRAME.size)
    file.seek(at)
    if len(frame) < _FRAME.size:
        return None
    magic, header_size, body_size = _FRAME.unpack(frame)
    if magic != _MAGIC or header_size > _MOST_HEADER:
        return None
    file.seek(at + _FRAME.size)
    header, chain = file.read(header_size), file.read(_CHAIN)
    body_at = at + _FRAME.size + header_size + _CHAIN
    whole = os.fstat(file.fileno()).st_size >= body_at + body_size
    file.seek(at)
    try:
        fields = json.loads(header)
        entry = Entry(
            seq=fields["seq"],
            time=datetime.fromisoformat(fields["time"]),
            kind=fields["kind"],
            meta=fields["meta"],
            size=fields["size"],
            sha256=fields["sha256"],
        )
    except (ValueError, KeyError, TypeError):
        return None
    if not whole:
        return None
    return _Record(entry, header, chain, body_at, body_size, body_at + body_size)


def _body_is_whole(file: BinaryIO, record: _Record) -> bool:
    file.seek(record.body_at)
    digest, left = hashlib.sha256(), record.body_size
    while left and (piece := file.read(min(left, 1024 * 1024))):
        digest.update(piece)
        left -= len(piece)
    return digest.hexdigest() == json.loads(record.header)["body"]


def _fault(seq: int, path: Path, offset: int, zh: str, en: str) -> JournalFault:
    return JournalFault(seq, path.name, offset, f"第 {seq} 条：{zh}", f"Record {seq}: {en}")
