"""The journal: raw bytes as received, append-only, fsynced, hash-chained. The evidence.

A folder of segment files (`segment` says what is in them), a lock that one process holds, and
``head``: the last record that is on the disk for certain. Bytes behind the head are what a crash
left unfinished and are set aside; damage before it is kept where it is and named.
"""

import fcntl
import hashlib
import io
import os
import threading
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from songhua.model import BadInput, acting
from songhua.store import segment
from songhua.store.body import Body, Place
from songhua.store.segment import Entry, Index, Record

__all__ = ["PART", "PART_BYTES", "SEGMENT_BYTES", "Entry", "Journal", "JournalFault"]

PART = "part"
"""Kind of the pieces of a body too large for one record."""

PART_BYTES = 4 * 1024 * 1024
SEGMENT_BYTES = 256 * 1024 * 1024
_MOST_FAULTS = 100
_MOST_INDEXES = 8
_BACK = 2000
"""Records looked at in one go when reading backwards."""


@dataclass(frozen=True, slots=True)
class JournalFault:
    """Where the journal was found broken."""

    seq: int
    segment: str
    offset: int
    zh: str
    en: str


class _Tail(NamedTuple):
    """How far the journal is written."""

    file: io.FileIO
    end: int
    seq: int
    chain: bytes


class Journal:
    """An opened journal. One process writes; its threads may append at the same time."""

    _lock_file: BinaryIO
    _head_file: io.FileIO
    _tail: _Tail
    _last: Index

    def __init__(self, folder: Path, *, segment_bytes: int, hash_name: str) -> None:
        if hash_name not in segment.HASHES:
            raise BadInput(
                f"日志的散列算法只能是 {'、'.join(segment.HASHES)}：{hash_name}。",
                f"The journal's hash is one of {', '.join(segment.HASHES)}: {hash_name}.",
            )
        if hash_name not in hashlib.algorithms_available:
            raise BadInput(
                f"本机的 OpenSSL 没有 {hash_name}。", f"OpenSSL of this machine has no {hash_name}."
            )
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._hash_name = self._file_hash = hash_name
        self._lock = threading.Lock()  # one thread writes
        self._written = threading.Condition()  # one thread syncs for all that wait
        self._syncing = False
        self._synced = 0
        self._broken = False
        self._torn_at: tuple[Path, int] | None = None
        self._firsts: list[int] = []
        self._segments: list[Path] = []
        self._indexes: dict[int, Index] = {}
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

    def close(self) -> None:
        """Flush and let go of the journal."""
        with self._lock:
            if self._lock_file.closed:
                return
            if not self._broken:
                self._sync(self.last_seq)
            self._broken = True
            self._tail.file.close()
            self._head_file.close()
            self._lock_file.close()

    @property
    def last_seq(self) -> int:
        """Number of the last record; 0 when there is none."""
        return self._tail.seq

    @property
    def segments(self) -> tuple[Path, ...]:
        """The segment files, oldest first."""
        return tuple(self._segments)

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk.

        Raises
        ------
        BadInput
            If the disk is full or fails: nothing was kept.
        """
        entry = self.write(kind, body, meta)
        self.sync(entry.seq)
        return entry

    def write(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Give a body its number and place; nothing may be promised before `sync`."""
        return self._write(kind, body, meta, hashlib.sha256(body).hexdigest(), len(body))

    def sync(self, seq: int) -> None:
        """Return when this record and all before it are on the disk."""
        self._sync(seq)

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
        """Yield records in order; parts of larger bodies and damaged records are left out."""
        for _file, record in self._records(after, kinds):
            yield record.entry

    def bodies(
        self, *, after: int = 0, kinds: Iterable[str] | None = None
    ) -> Iterator[tuple[Entry, bytes]]:
        """Yield records with their bodies, quicker than one by one; altered ones are left out."""
        for file, record in self._records(after, kinds):
            entry = record.entry
            if "parts" in entry.meta:
                yield entry, self.read(entry.seq)
                continue
            file.seek(record.body_at)
            body = file.read(record.body_size)
            if hashlib.sha256(body).hexdigest() == entry.sha256:
                yield entry, body

    def latest(
        self, *, before: int, after: int = 0, kinds: Iterable[str] | None = None
    ) -> Iterator[tuple[int, Entry | None, bytes]]:
        """Yield records with their bodies, newest first, from below one number to above another.

        Now and then only a number comes, with None and no bytes, where nothing of these kinds lies
        down to it: who looks for something rare can stop in time.
        """
        wanted = None if kinds is None else frozenset(kinds)
        end = min(before, self.last_seq + 1)
        while end > after + 1:
            number = self._number(end - 1)
            if number < 0:
                return
            index = self._index(number)
            begin = max(after + 1, index.first, end - _BACK)
            with self._segments[number].open("rb") as file:
                for seq in reversed(list(index.numbers(begin, end, wanted))):
                    record = _read(file, index, seq)
                    if record is None or (wanted and record.entry.kind not in wanted):
                        continue
                    if "parts" in record.entry.meta:
                        yield seq, record.entry, self.read(seq)
                        continue
                    file.seek(record.body_at)
                    body = file.read(record.body_size)
                    if hashlib.sha256(body).hexdigest() == record.entry.sha256:
                        yield seq, record.entry, body
            yield begin, None, b""
            end = begin

    def first_since(self, moment: datetime) -> int:
        """Return the number of the first record written at an instant or later.

        One after the last where there is none. Records are in the order of time, as far as the
        clock was never set back.
        """
        low, high = 1, self.last_seq + 1
        while low < high:
            middle = (low + high) // 2
            seq, written = middle, None
            while seq < high and (written := self._written_at(seq)) is None:
                seq += 1  # damaged: the next that is not tells as much
            if written is None or written >= moment:
                high = middle
            else:
                low = seq + 1
        return low

    def _written_at(self, seq: int) -> datetime | None:
        try:
            return self.entry(seq).time
        except BadInput:
            return None

    def _records(
        self, after: int, kinds: Iterable[str] | None
    ) -> Iterator[tuple[BinaryIO, Record]]:
        wanted = None if kinds is None else frozenset(kinds)
        last = self.last_seq
        for number in range(max(self._number(after + 1), 0), len(self._segments)):
            index = self._index(number)
            with self._segments[number].open("rb") as file:
                for seq in index.numbers(after + 1, last + 1, wanted):
                    record = _read(file, index, seq)
                    if record is None or record.entry.kind == PART:
                        continue
                    if wanted is None or record.entry.kind in wanted:
                        yield file, record

    def headers(self, *, after: int) -> Iterator[bytes]:
        """Yield the header of every record as it lies there, those of parts too.

        Raises
        ------
        BadInput
            At one that is damaged.
        """
        for seq in range(after + 1, self.last_seq + 1):
            yield self._record(seq)[1].header

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
        found = self._record(seq)
        entry = found[1].entry
        parts = entry.meta.get("parts")
        records = [found] if parts is None else [self._record(part) for part in parts]
        places = [Place(path, record.body_at, record.body_size) for path, record in records]
        return io.BufferedReader(Body(places, entry), 1024 * 1024)

    def verify(self) -> JournalFault | None:
        """Read everything again and return the first fault, or None when nothing was altered."""
        expected, chain, last = 1, segment.START, self.last_seq
        for path in self.segments:
            if expected > last:  # written since this began
                break
            with path.open("rb") as file:
                line = segment.read_first_line(file)
                if line is None or line.chain != chain or path.name != _file_name(expected):
                    return _fault(expected, path, 0, "分段与前一段不相接", "not the next segment")
                at, size = line.end, path.stat().st_size
                while at < size and expected <= last:
                    record = segment.read_record(file, at)
                    if record is None or not segment.follows(file, record, expected, chain, line):
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
            self._clear_end()
            if self._tail.end >= self._segment_bytes:
                self._next_segment()
            file, at, before, chain = self._tail
            entry = Entry(before + 1, datetime.now(UTC), kind, meta, size, digest, "")
            header = segment.header_of(entry, self._file_hash, body)
            chain = segment.chained(self._file_hash, chain, header)
            record = segment.packed(header, chain, body)
            self._put(record)
            self._last.add(at, kind)
            self._last.chain, self._last.end = chain, at + len(record)
            self._tail = _Tail(file, at + len(record), entry.seq, chain)
            if kind != PART:
                acting.note(entry.seq)
            return Entry(entry.seq, entry.time, kind, meta, size, digest, chain.hex())

    def _next_segment(self) -> None:
        self._sync(self.last_seq)
        former = self._tail.file
        try:
            self._begin_segment(self.last_seq + 1, self._tail.chain)
        except OSError as fault:
            raise _unwritable(self._folder, fault) from fault
        former.close()
        self._save_index(len(self._segments) - 2)

    def _clear_end(self) -> None:
        """Set aside what a start on a full disk had to leave behind the last record."""
        if self._torn_at is None:
            return
        try:
            self._set_torn_aside(*self._torn_at)
        except OSError as fault:
            raise _unwritable(self._folder, fault) from fault
        self._torn_at = None

    def _put(self, record: bytes) -> None:
        """Write a record at the end, or leave the end as it was."""
        left = memoryview(record)
        try:
            while left:
                left = left[self._tail.file.write(left) :]
        except OSError as fault:
            self._broken = True  # unless what was half written can be taken back
            os.ftruncate(self._tail.file.fileno(), self._tail.end)
            self._broken = False
            raise _unwritable(self._folder, fault) from fault

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
        tail, reached = self._tail, 0
        try:
            _flush(tail.file.fileno())
            os.pwrite(self._head_file.fileno(), _head(tail.seq, tail.chain), 0)
            reached = tail.seq
        except OSError as fault:
            # After a failed fsync the system may forget what it could not write: promise no more.
            self._broken = True
            raise _unwritable(self._folder, fault) from fault
        finally:
            with self._written:
                self._synced = max(self._synced, reached)
                self._syncing = False
                self._written.notify_all()

    def _check_unbroken(self) -> None:
        if self._broken:
            raise BadInput(
                "日志已停止写入：磁盘出错或平台正在关闭。请检查磁盘后重新启动。",
                "The journal takes no more: the disk failed or the platform is closing. "
                "Check the disk and start again.",
            )

    def _begin_segment(self, first: int, chain: bytes) -> None:
        path = self._folder / _file_name(first)
        line = segment.first_line(self._hash_name, chain)
        new = path.with_suffix(".new")
        with new.open("wb") as file:
            file.write(line)
            file.flush()
            _flush(file.fileno())
        new.rename(path)
        _sync_folder(self._folder)
        tail = _Tail(io.FileIO(path, "ab"), len(line), first - 1, chain)
        self._file_hash = self._hash_name
        self._last = Index(first, array("Q"), chain, len(line))
        self._indexes[len(self._segments)] = self._last
        self._firsts.append(first)
        self._segments.append(path)
        self._tail = tail

    # Opening

    def _open(self) -> None:
        self._head_file = io.FileIO(os.open(self._folder / "head", os.O_RDWR | os.O_CREAT, 0o644))
        seq, chain = _read_head(self._head_file)
        for path in sorted(self._folder.glob("*.journal")):
            self._firsts.append(int(path.stem))
            self._segments.append(path)
        if self._segments:
            self._open_last(seq, chain)
        else:
            self._begin_segment(seq + 1, chain)
        self._synced = self._tail.seq

    def _open_last(self, seq: int, chain: bytes) -> None:
        """Continue the last segment, or begin another where it cannot be continued."""
        path, number = self._segments[-1], len(self._segments) - 1
        index = self._indexes[number] = segment.read_index(path, self._firsts[-1], check=True)
        if index.next_seq <= seq:  # acknowledged records are not there: nothing is moved
            index.skip_to(seq + 1)
            index.chain = chain
            self._begin_segment(seq + 1, chain)
        else:
            try:
                self._set_torn_aside(path, index.end)
            except OSError:  # no room on the disk: tried again before anything is written
                self._torn_at = path, index.end
            self._continue(path, index)
        self.faults = tuple(
            _fault(lost, path, 0, "记录损坏或缺失", "the record is damaged or missing")
            for lost in index.damaged[:_MOST_FAULTS]
        )

    def _continue(self, path: Path, index: Index) -> None:
        with path.open("rb") as file:
            line = segment.read_first_line(file)
        if line is None and not index.offsets:  # all of it was set aside
            path.unlink()
            self._segments.pop()
            self._firsts.pop()
        if line is None or (index.offsets and line.hash_name != self._hash_name):
            self._begin_segment(index.next_seq, index.chain)
            return
        self._file_hash = line.hash_name
        self._last = index
        self._tail = _Tail(io.FileIO(path, "ab"), index.end, index.next_seq - 1, index.chain)

    def _set_torn_aside(self, path: Path, end: int) -> None:
        """Move what a crash left unfinished behind the last record to a side file."""
        if path.stat().st_size == end:
            return
        side = path.with_suffix(f".{end}.torn")
        with path.open("rb+") as file, side.open("wb") as kept:
            file.seek(end)
            while piece := file.read(PART_BYTES):
                kept.write(piece)
            kept.flush()
            _flush(kept.fileno())
            file.truncate(end)
            _flush(file.fileno())
        _sync_folder(self._folder)
        self.torn = (*self.torn, side)

    # Reading

    def _number(self, seq: int) -> int:
        return bisect_right(self._firsts, seq) - 1

    def _index(self, number: int) -> Index:
        index = self._indexes.get(number)
        if index is None:
            path, first = self._segments[number], self._firsts[number]
            found = segment.load_index(path, first)
            index = found or segment.read_index(path, first, check=False)
            self._keep_index(number, index)
            if found is None:
                self._save_index(number)
        return index

    def _keep_index(self, number: int, index: Index) -> None:
        """Remember an index; of full segments only those asked for last."""
        with self._written:
            self._indexes[number] = index
            full = [one for one in self._indexes if one < len(self._segments) - 1]
            for old in full[:-_MOST_INDEXES]:
                del self._indexes[old]

    def _save_index(self, number: int) -> None:
        index = self._indexes.get(number)
        if index is not None and number < len(self._segments) - 1:
            with suppress(OSError):  # it is only a shorter way
                segment.save_index(self._segments[number], index)

    def _record(self, seq: int) -> tuple[Path, Record]:
        if not 1 <= seq <= self.last_seq:
            raise KeyError(seq)
        number = self._number(seq)
        if number >= 0:
            path = self._segments[number]
            with path.open("rb") as file:
                record = _read(file, self._index(number), seq)
            if record is not None:
                return path, record
        raise BadInput(f"日志第 {seq} 条已损坏。", f"Journal record {seq} is damaged.")


def _read(file: BinaryIO, index: Index, seq: int) -> Record | None:
    """Return a record of a segment, or None when it is damaged."""
    place = seq - index.first
    if place >= len(index.offsets) or not index.offsets[place]:
        return None
    record = segment.read_record(file, index.offsets[place])
    return record if record is not None and record.entry.seq == seq else None


def _regrouped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in parts of one size."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        while len(kept) >= PART_BYTES:
            yield bytes(kept[:PART_BYTES])
            del kept[:PART_BYTES]
    if kept:
        yield bytes(kept)


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


def _flush(handle: int) -> None:
    """Bring a file to the disk itself; on macOS `fsync` alone stops at the drive's cache."""
    if hasattr(fcntl, "F_FULLFSYNC"):
        fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
    else:
        os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _head(seq: int, chain: bytes) -> bytes:
    return f"{seq:020d} {chain.hex()}\n".encode()


def _read_head(file: io.FileIO) -> tuple[int, bytes]:
    """Return number and chain of the last record known to be on the disk; 0 when unknown."""
    words = file.read(200).decode("ascii", "replace").split()
    try:
        seq, chain = int(words[0]), bytes.fromhex(words[1])
    except (ValueError, IndexError):
        return 0, segment.START
    return (seq, chain) if len(chain) == len(segment.START) else (0, segment.START)


def _file_name(first: int) -> str:
    return f"{first:012d}.journal"


def _unwritable(folder: Path, fault: OSError) -> BadInput:
    return BadInput(
        f"日志 {folder} 写不进去：{fault.strerror}。数据没有收下，请检查磁盘。",
        f"The journal {folder} cannot be written: {fault.strerror}. "
        "Nothing was taken in; check the disk.",
    )


def _fault(seq: int, path: Path, offset: int, zh: str, en: str) -> JournalFault:
    return JournalFault(seq, path.name, offset, f"第 {seq} 条：{zh}", f"Record {seq}: {en}")
