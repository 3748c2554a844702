"""Checkpoints: what the record was at an instant, signed, and small enough to hand to a witness.

A checkpoint holds the root of the Merkle tree over all journal records (RFC 6962, a header each)
and digests of what came onto the shelf since the one before. The registry needs none of its own:
every row of its protected tables follows from changes that lie in the journal.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from songhua.app.audit.keys import folder, is_signed, public_of, signing_key
from songhua.model import BadInput
from songhua.model.merkle import Frontier, leaf_hash
from songhua.store import Journal, Shelf
from songhua.store.sealed import NOTHING, Cut

FORMAT = "songhua-checkpoint 1"
LEAF = 32


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed checkpoint as it was read.

    Parameters
    ----------
    told
        What it says.
    signed
        The bytes that were signed.
    signature
        Of these bytes. [hex]
    """

    told: Mapping[str, Any]
    signed: bytes
    signature: str

    @property
    def number(self) -> int:
        """Its number; the first is 1."""
        return int(self.told["number"])

    @property
    def size(self) -> int:
        """How many journal records it covers."""
        return int(self.told["journal"]["size"])

    @property
    def root(self) -> bytes:
        """The root of the tree over them."""
        return bytes.fromhex(self.told["journal"]["root"])

    @property
    def tree_hash(self) -> str:
        """What the tree is made with."""
        return str(self.told["journal"]["hash"])

    @property
    def cut(self) -> Cut:
        """How much of the shelf it covers."""
        cut = self.told["shelf"]["until"]
        return Cut(int(cut["revision"]), datetime.fromisoformat(cut["at"]))

    @property
    def is_whole(self) -> bool:
        """Whether its digests are over the whole shelf, not since the one before."""
        return bool(self.told["shelf"]["whole"])

    def is_genuine(self, public: str) -> bool:
        """Return whether it bears the signature of a key."""
        return is_signed(public, self.signature, self.signed)

    def written(self) -> bytes:
        """Return it as a file."""
        told = {"checkpoint": self.signed.decode(), "signature": self.signature}
        return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def read_checkpoint(raw: bytes) -> Checkpoint:
    """Return the checkpoint of a file.

    Raises
    ------
    BadInput
        If it is none.
    """
    try:
        told = json.loads(raw)
        signed = str(told["checkpoint"]).encode()
        inner = json.loads(signed)
        found = Checkpoint(inner, signed, str(told["signature"]))
        known = inner["format"] == FORMAT
        _ = found.number, found.size, found.root, found.tree_hash, found.cut, found.is_whole
        exact = found.written() == raw
    except (ValueError, KeyError, TypeError) as fault:
        raise BadInput("这不是检查点文件。", "This is no checkpoint.") from fault
    if not known or not exact:
        raise BadInput("这不是检查点文件。", "This is no checkpoint.")
    return found


def path_of(home: Path, number: int) -> Path:
    """Return where a checkpoint is kept."""
    return folder(home) / f"checkpoint-{number:06d}.json"


def checkpoints(home: Path) -> list[Path]:
    """Return the files of all checkpoints, oldest first."""
    return sorted(folder(home).glob("checkpoint-*.json"))


def make(
    home: Path, journal: Journal, shelf: Shelf, *, hash_name: str, reached: int, whole: bool = False
) -> Checkpoint:
    """Sign what the journal and the shelf are now; called by who holds the work.

    Parameters
    ----------
    reached
        Journal number up to which everything is on the shelf.
    whole
        True to tell the whole shelf anew, as after a replay.
    """
    key, now = signing_key(home), datetime.now(UTC)
    before = checkpoints(home)
    last = read_checkpoint(before[-1].read_bytes()) if before else None
    whole = whole or last is None
    since = NOTHING if last is None or whole else last.cut
    until = Cut(max(reached, since.revision), now)
    journal.sync(journal.last_seq)
    walked = _tree(home, journal, hash_name, last)
    told = {
        "format": FORMAT,
        "number": 1 if last is None else last.number + 1,
        "time": now.isoformat(),
        "journal": walked,
        "shelf": {
            "since": _told(since),
            "until": _told(until),
            "whole": whole,
            "groups": [asdict(one) for one in shelf.groups(since, until)],
        },
        "former": "" if last is None else last.signature,
        "key": public_of(key),
    }
    signed = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    made = Checkpoint(told, signed, key.sign(signed).hex())
    path = path_of(home, made.number)
    new = path.with_suffix(".new")
    new.write_bytes(made.written())
    new.rename(path)
    journal.append("checkpoint", made.written(), {"number": made.number})
    return made


def _tree(home: Path, journal: Journal, name: str, last: Checkpoint | None) -> Mapping[str, Any]:
    """Return size and root of the tree; records of earlier checkpoints are not read again."""
    path, size, known = leaves_of(home, name), journal.last_seq, b""
    if last is not None and last.tree_hash == name and path.is_file():
        with path.open("rb") as file:
            known = file.read(last.size * LEAF)
    edge = Frontier(name)
    edge.extend(split(known))
    if last is not None and edge.root() != last.root:
        known, edge = _read_again(journal, last, name)
    new = b"".join(leaf_hash(header, name) for header in journal.headers(after=edge.size))
    edge.extend(split(new))
    path.write_bytes(known + new)
    return {
        "size": edge.size,
        "root": edge.root().hex(),
        "hash": name,
        "chain": journal.entry(edge.size).chain if size else "",
    }


def _read_again(journal: Journal, last: Checkpoint, name: str) -> tuple[bytes, Frontier]:
    """Return leaves and tree of what a checkpoint covers, from the journal itself."""
    headers = list(islice(journal.headers(after=0), last.size))
    former, edge = Frontier(last.tree_hash), Frontier(name)
    former.extend(leaf_hash(header, last.tree_hash) for header in headers)
    if former.root() != last.root:
        raise BadInput(
            "日志与上一个检查点不符，不再签发；请先核验：songhua audit verify。",
            "The journal is not that of the last checkpoint: nothing is signed. "
            "Run: songhua audit verify.",
        )
    known = b"".join(leaf_hash(header, name) for header in headers)
    edge.extend(split(known))
    return known, edge


def leaves_of(home: Path, name: str) -> Path:
    """Return where the leaves of the tree are kept: they say which record is the first bad one."""
    return folder(home) / f"leaves.{name}"


def split(leaves: bytes) -> Iterator[bytes]:
    """Yield leaves one by one."""
    return (leaves[at : at + LEAF] for at in range(0, len(leaves), LEAF))


def _told(cut: Cut) -> Mapping[str, Any]:
    return {"revision": cut.revision, "at": cut.at.isoformat()}
