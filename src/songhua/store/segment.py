"""The format of the journal's segment files, and reading one that a crash or a hand has damaged.

A segment begins with one line: the format, the hash, and the chain so far. Then come records::

    magic 4 | header length 4 | body length 8 | header (JSON) | chain 32 | body

The chain of a record is the hash of the chain before it and its header, and the header names the
hash and the length of the body: no byte can be changed, removed or put in without breaking the
chain.
"""

import hashlib
import json
import os
import struct
from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from songhua.model import BadInput

HASHES = ("sha256", "sm3")
"""Hashes a chain may be made of; both of 32 bytes."""

START = bytes(32)
"""The chain before the first record."""

MAGIC = b"SJ01"
FRAME = struct.Struct(">4sIQ")
_FORMAT = "SONGHUA-JOURNAL 1"
MOST_HEADER = 1024 * 1024
_PIECE = 1024 * 1024


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
    chain
        Hash of this record and of everything before it.
    """

    seq: int
    time: datetime
    kind: str
    meta: Mapping[str, Any]
    size: int
    sha256: str
    chain: str


@dataclass(frozen=True, slots=True)
class Record:
    """A record where it lies in its segment."""

    entry: Entry
    header: bytes
    body_digest: str
    body_at: int
    body_size: int

    @property
    def end(self) -> int:
        """Where the next record begins."""
        return self.body_at + self.body_size


@dataclass(frozen=True, slots=True)
class FirstLine:
    """What a segment says of itself: its hash, and the chain before its first record."""

    hash_name: str
    chain: bytes
    end: int


@dataclass(slots=True)
class Index:
    """Where the records of a segment lie, and of which kind each is.

    Parameters
    ----------
    offsets
        Of the record numbered `first` plus the place in the array; 0 where it is damaged.
    chain
        After the last record.
    end
        Of the last record; behind it lie only bytes that never became one.
    kinds
        Place in `names` of the kind of each record.
    """

    first: int
    offsets: "array[int]"
    chain: bytes
    end: int
    kinds: bytearray = field(default_factory=bytearray)
    names: list[str] = field(default_factory=list)

    @property
    def next_seq(self) -> int:
        """Number of the record after the last."""
        return self.first + len(self.offsets)

    @property
    def damaged(self) -> list[int]:
        """Numbers of the records that cannot be read."""
        return [self.first + place for place, offset in enumerate(self.offsets) if not offset]

    def add(self, offset: int, kind: str) -> None:
        """Note the next record."""
        if kind not in self.names and len(self.names) < _MOST_KINDS:
            self.names.append(kind)
        self.kinds.append(self.names.index(kind) if kind in self.names else _SOME_KIND)
        self.offsets.append(offset)

    def skip_to(self, seq: int) -> None:
        """Note that the records before this number are damaged or gone."""
        missing = seq - self.next_seq
        self.offsets.extend([0] * missing)
        self.kinds.extend(bytes([_SOME_KIND]) * missing)

    def numbers(self, begin: int, end: int, kinds: Collection[str] | None) -> Iterator[int]:
        """Yield the numbers from one up to another of records that may be of these kinds."""
        begin, end = max(begin, self.first), min(end, self.next_seq)
        if kinds is None:
            yield from range(begin, end)
            return
        wanted = bytes([_SOME_KIND, *(n for n, name in enumerate(self.names) if name in kinds)])
        unwanted = bytes(code for code in range(256) if code not in wanted)
        if not self.kinds.translate(None, unwanted):
            return  # a segment of frames alone, as most are
        for seq in range(begin, end):
            if self.kinds[seq - self.first] in wanted:
                yield seq


_MOST_KINDS = 250
_SOME_KIND = 255
_INDEX_FORMAT = "SONGHUA-INDEX 1"


def save_index(path: Path, index: Index) -> None:
    """Keep the index of a segment that is full beside it: finding a record need not read it all."""
    body = index.offsets.tobytes() + bytes(index.kinds)
    told = {
        "format": _INDEX_FORMAT,
        "first": index.first,
        "count": len(index.offsets),
        "chain": index.chain.hex(),
        "end": index.end,
        "size": path.stat().st_size,
        "names": index.names,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    new = _index_path(path).with_suffix(".index.new")
    new.write_bytes(json.dumps(told).encode() + b"\n" + body)
    new.rename(_index_path(path))


def load_index(path: Path, first: int) -> Index | None:
    """Return the index kept beside a segment; None when there is none that fits it."""
    try:
        line, _, body = _index_path(path).read_bytes().partition(b"\n")
        told = json.loads(line)
        fits = (
            told["format"] == _INDEX_FORMAT
            and told["first"] == first
            and told["size"] == path.stat().st_size
            and told["sha256"] == hashlib.sha256(body).hexdigest()
        )
        if not fits:
            return None
        offsets = array("Q")
        split = told["count"] * offsets.itemsize
        offsets.frombytes(body[:split])
        kinds, names = bytearray(body[split:]), list(told["names"])
        index = Index(first, offsets, bytes.fromhex(told["chain"]), told["end"], kinds, names)
        return index if _ends_with(path, index) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _ends_with(path: Path, index: Index) -> bool:
    """Return whether the last record of a segment lies where an index says, on the same chain."""
    if not index.offsets or not index.offsets[-1]:
        return False
    with path.open("rb") as file:
        record = read_record(file, index.offsets[-1])
    return record is not None and bytes.fromhex(record.entry.chain) == index.chain


def _index_path(path: Path) -> Path:
    return path.with_suffix(".index")


def first_line(hash_name: str, chain: bytes) -> bytes:
    """Return the first line of a segment."""
    return f"{_FORMAT} {hash_name} {chain.hex()}\n".encode()


def read_first_line(file: BinaryIO) -> FirstLine | None:
    """Return what a segment says of itself, or None when that cannot be read."""
    file.seek(0)
    line = file.readline(200)
    words = line.decode("ascii", "replace").removesuffix("\n").rsplit(" ", 2)
    if len(words) != 3 or words[0] != _FORMAT or words[1] not in HASHES:
        return None
    try:
        chain = bytes.fromhex(words[2])
    except ValueError:
        return None
    return FirstLine(words[1], chain, len(line)) if line.endswith(b"\n") else None


def chained(hash_name: str, chain: bytes, header: bytes) -> bytes:
    """Return the chain after a record."""
    return hashlib.new(hash_name, chain + header, usedforsecurity=True).digest()


def packed(header: bytes, chain: bytes, body: bytes) -> bytes:
    """Return the bytes of a record."""
    return b"".join((FRAME.pack(MAGIC, len(header), len(body)), header, chain, body))


def header_of(entry: Entry, hash_name: str, body: bytes) -> bytes:
    """Return a header as it is written.

    Raises
    ------
    BadInput
        If what is said about the bytes is too long.
    """
    fields = {
        "seq": entry.seq,
        "time": entry.time.isoformat(),
        "kind": entry.kind,
        "meta": entry.meta,
        "size": entry.size,
        "sha256": entry.sha256,
        "body": hashlib.new(hash_name, body, usedforsecurity=True).hexdigest(),
        "length": len(body),
    }
    header = json.dumps(fields, ensure_ascii=False, sort_keys=True).encode()
    if len(header) > MOST_HEADER:
        raise BadInput("随数据的说明过长。", "What is said about the bytes is too long.")
    return header


def read_record(file: BinaryIO, at: int) -> Record | None:
    """Return the record whose header lies at an offset, or None; its body may be cut short."""
    file.seek(at)
    frame = file.read(FRAME.size)
    if len(frame) < FRAME.size:
        return None
    magic, header_size, body_size = FRAME.unpack(frame)
    if magic != MAGIC or header_size > MOST_HEADER:
        return None
    header, chain = file.read(header_size), file.read(len(START))
    body_at = at + FRAME.size + header_size + len(START)
    try:
        fields = json.loads(header)
        length = fields["length"]
        entry = Entry(
            seq=fields["seq"],
            time=datetime.fromisoformat(fields["time"]),
            kind=fields["kind"],
            meta=fields["meta"],
            size=fields["size"],
            sha256=fields["sha256"],
            chain=chain.hex(),
        )
        record = Record(entry, header, fields["body"], body_at, body_size)
    except (ValueError, KeyError, TypeError):
        return None
    return record if length == body_size else None


def body_is_whole(file: BinaryIO, record: Record, hash_name: str) -> bool:
    """Return whether a body is what its header says."""
    file.seek(record.body_at)
    digest, left = hashlib.new(hash_name, usedforsecurity=True), record.body_size
    while left and (piece := file.read(min(left, _PIECE))):
        digest.update(piece)
        left -= len(piece)
    return bool(digest.hexdigest() == record.body_digest)


def follows(file: BinaryIO, record: Record, seq: int, chain: bytes, segment: FirstLine) -> bool:
    """Return whether a record is the next of a chain, its body what its header says."""
    name = segment.hash_name
    return (
        record.entry.seq == seq
        and record.entry.chain == chained(name, chain, record.header).hex()
        and body_is_whole(file, record, name)
    )


def read_index(path: Path, first: int, *, check: bool) -> Index:
    """Find the records of a segment, and go on behind damage where whole ones follow.

    Parameters
    ----------
    check
        True to hash every body too.
    """
    with path.open("rb") as file:
        line = read_first_line(file) or FirstLine(HASHES[0], START, 0)
        index = Index(first, array("Q"), line.chain, line.end)
        size = os.fstat(file.fileno()).st_size
        begin = line.end
        while (at := _next(file, begin, index, line.hash_name)) is not None:
            record = read_record(file, at)
            if record is None or record.end > size:
                break
            index.skip_to(record.entry.seq)
            good = not check or body_is_whole(file, record, line.hash_name)
            index.add(at if good else 0, record.entry.kind)
            index.chain, index.end = bytes.fromhex(record.entry.chain), record.end
            begin = record.end
    return index


def _next(file: BinaryIO, at: int, index: Index, hash_name: str) -> int | None:
    """Return where the next record begins, at an offset or behind damage; None when none does.

    A header that follows on the chain is believed, and so is the length it gives: what looks like
    a record inside another's body is never taken for one.
    """
    record = read_record(file, at)
    if record is not None and (
        record.entry.seq == index.next_seq
        and record.entry.chain == chained(hash_name, index.chain, record.header).hex()
    ):
        return at
    found = _find_magic(file, at + 1)
    while found is not None:
        record = read_record(file, found)
        if record is not None and record.entry.seq >= index.next_seq:
            return found
        found = _find_magic(file, found + 1)
    return None


def _find_magic(file: BinaryIO, at: int) -> int | None:
    """Return where the next magic lies, or None."""
    file.seek(at)
    kept = b""
    while piece := file.read(_PIECE):
        place = (kept + piece).find(MAGIC)
        if place >= 0:
            return at - len(kept) + place
        at += len(piece)
        kept = (kept + piece)[1 - len(MAGIC) :]
    return None
