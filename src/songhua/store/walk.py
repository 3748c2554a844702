"""Every byte of a journal read again, quickly, without opening it: the platform may be running.

`Journal.verify` asks record by record; this reads whole segments, takes of a header only what it
must, and hashes what lies there. Beside faults it gives the leaf of each record for a tree.
"""

import hashlib
import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from songhua.store import segment

_BODY_AT = len('{"body": "')
_BODY_END = _BODY_AT + 64
_KIND = b'", "kind": "'
_KIND_AT = _BODY_END + len(_KIND)
_FRAME = 16

Seen = Callable[[int, bytes, bytes], None]
"""What is done with a record of a wanted kind: its number, header and body."""


@dataclass(slots=True)
class Walked:
    """What was read: how many records, the leaf of each, and what is wrong first.

    Parameters
    ----------
    leaves
        Hashes of the leaves (RFC 6962, a header each), 32 bytes each, in order.
    """

    count: int = 0
    size: int = 0
    chain: bytes = segment.START
    leaves: bytearray = field(default_factory=bytearray)
    fault: tuple[int, str, int, str, str] | None = None
    """Number of the first bad record, segment, offset, and words."""
    left: int = 0
    """Bytes behind the last record that never became one."""


class _Bad(Exception):
    """A record is not what it should be."""

    def __init__(self, at: int, zh: str, en: str) -> None:
        super().__init__(en)
        self.at, self.zh, self.en = at, zh, en


def walk(
    folder: Path, *, tree_hash: str = "sha256", seen: Mapping[bytes, Seen] | None = None
) -> Walked:
    """Read a journal from its first byte to its last.

    Parameters
    ----------
    tree_hash
        What the leaves are hashed with.
    seen
        By kind, what is done with a record and its body.
    """
    found = Walked()
    for path in sorted(folder.glob("*.journal")):
        try:
            _segment(path, found, tree_hash, seen or {})
        except _Bad as bad:
            found.fault = (found.count + 1, path.name, bad.at, bad.zh, bad.en)
            return found
    _check_head(folder, found)
    return found


def _segment(path: Path, found: Walked, tree_hash: str, seen: Mapping[bytes, Seen]) -> None:
    if found.left:
        raise _Bad(0, "前一段末尾有多余字节", "bytes lie behind the former segment's last record")
    with path.open("rb") as file:
        line = segment.read_first_line(file)
        if line is None or line.chain != found.chain or path.name != _name(found.count + 1):
            raise _Bad(0, "分段与前一段不相接", "not the next segment")
        exact = segment.first_line(line.hash_name, line.chain)
        file.seek(0)
        if file.read(line.end) != exact:
            raise _Bad(0, "分段首行被改动", "the first line was altered")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _records(data, line, found, tree_hash, seen)


def _records(  # noqa: C901, PLR0915 - one loop over millions: a call a step would double its time
    data: mmap.mmap,
    line: segment.FirstLine,
    found: Walked,
    tree_hash: str,
    seen: Mapping[bytes, Seen],
) -> None:
    hashed, leaf_of = _hasher(line.hash_name), _hasher(tree_hash)
    unpack, magic = segment.FRAME.unpack_from, segment.MAGIC
    at, size, chain, count = line.end, len(data), found.chain, found.count
    leaves: list[bytes] = []
    try:
        while at + _FRAME <= size:
            mark, header_size, body_size = unpack(data, at)
            body_at = at + _FRAME + header_size + 32
            end = body_at + body_size
            if mark != magic or header_size > segment.MOST_HEADER or end > size:
                break
            header = data[at + _FRAME : body_at - 32]
            chain = hashed(chain + header)
            if chain != data[body_at - 32 : body_at]:
                raise _Bad(at, "记录被改动", "the record was altered")  # noqa: TRY301
            body = data[body_at:end]
            if hashed(body).hex().encode() != header[_BODY_AT:_BODY_END]:
                raise _Bad(at, "正文被改动", "its body was altered")  # noqa: TRY301
            count += 1
            kind_end = header.index(b'"', _KIND_AT)
            told = b'", "length": %d, "meta": ' % body_size
            numbered = b', "seq": %d, "sha256": "' % count
            if header[_BODY_END:_KIND_AT] != _KIND or not header.startswith(told, kind_end):
                raise _Bad(at, "记录头不合规定", "its header is none of a record")  # noqa: TRY301
            if header.rfind(numbered, kind_end) < 0:
                raise _Bad(at, "序号不相接", "its number is not the next")  # noqa: TRY301
            leaves.append(leaf_of(b"\0" + header))
            wanted = seen.get(header[_KIND_AT:kind_end])
            if wanted is not None:
                wanted(count, header, body)
            at = end
    except _Bad:
        found.count = len(found.leaves) // 32 + len(leaves)
        raise
    except ValueError:
        found.count = len(found.leaves) // 32 + len(leaves)
        raise _Bad(at, "记录头不合规定", "its header is none of a record") from None
    found.leaves += b"".join(leaves)
    found.count, found.chain, found.left = count, chain, size - at
    found.size += at
    if found.left and _goes_on(data, at):
        raise _Bad(at, "记录被改动", "the record was altered")


def _goes_on(data: mmap.mmap, at: int) -> bool:
    """Return whether whole records follow behind what is none: it is damage, and no torn end."""
    return data.find(segment.MAGIC, at + 1) >= 0


def _check_head(folder: Path, found: Walked) -> None:
    """Look at the journal's own note of its last record: what it promised must be there."""
    try:
        words = (folder / "head").read_bytes()
        seq, chain = int(words[:20]), bytes.fromhex(words[21:85].decode())
        whole = words == f"{seq:020d} {chain.hex()}\n".encode() and len(chain) == 32
    except (OSError, ValueError, UnicodeDecodeError):
        seq, chain, whole = 0, b"", found.count == 0
    if not whole:
        found.fault = (found.count, "head", 0, "末条记录的凭记被改动", "the head was altered")
    elif seq > found.count:
        found.fault = (found.count + 1, "head", 0, "记录缺失", "the record is missing")
    elif seq == found.count and seq and chain != found.chain:
        found.fault = (seq, "head", 0, "末条记录的凭记被改动", "the head was altered")


def _hasher(name: str) -> Callable[[bytes], bytes]:
    if name == "sha256":
        plain = hashlib.sha256
        return lambda data: plain(data).digest()
    return lambda data: hashlib.new(name, data).digest()


def _name(first: int) -> str:
    return f"{first:012d}.journal"
