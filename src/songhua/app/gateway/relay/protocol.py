"""What goes over the line between a node and who keeps its copies: frames, and the first words.

A frame is four bytes of length (of what follows, big end first), one byte that says what it is,
and its content: JSON, or for a batch a number, the length of its origin as JSON, that JSON, and the
body of the journal's entry. Each side proves first that it knows the secret, without saying it.
"""

import asyncio
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple

from songhua.model import BadInput

VERSION = 1
MOST_BYTES = 64 * 1024 * 1024
"""Of one frame."""
MOST_FIRST = 4096
"""Of one frame of somebody who did not show yet that he knows the secret."""
BEAT = 5.0
"""Each side says something at least so often. [s]"""
SILENT = 20.0
"""Who says nothing for so long is gone. [s]"""
_SHORTEST_SECRET = 16
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")


class What(IntEnum):
    """What a frame is."""

    CHALLENGE = 1
    HELLO = 2
    WELCOME = 3
    BATCH = 4
    KEPT = 5
    LINKS = 6
    WRITE = 7
    BEAT = 8


class Broken(Exception):
    """The other side does not speak this protocol, or does not know the secret."""


class Origin(NamedTuple):
    """Where a batch came in first: the same wherever its copies go.

    Parameters
    ----------
    node
        Its name.
    journal
        The identity of its journal: numbers begin again in a new one.
    seq
        The number there.
    pieces
        How many pieces the batch has.
    """

    node: str
    journal: str
    seq: int
    pieces: int


@dataclass(frozen=True, slots=True)
class Batch:
    """An entry of the sender's journal.

    Parameters
    ----------
    seq
        Its number in the sender's journal, by which it is confirmed.
    """

    seq: int
    origin: Origin
    body: bytes


class Secret:
    """What all nodes and the platform know; shown to nobody."""

    def __init__(self, text: str) -> None:
        if len(text.encode()) < _SHORTEST_SECRET:
            raise BadInput(
                f"SONGHUA_NODE_SECRET 至少 {_SHORTEST_SECRET} 个字符。",
                f"SONGHUA_NODE_SECRET has at least {_SHORTEST_SECRET} characters.",
            )
        self._key = text.encode()

    def proof(self, role: str, *words: str) -> str:
        """Return what only somebody who knows it can say of these words."""
        said = "\n".join((f"songhua relay {VERSION}", role, *words)).encode()
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()

    def proves(self, proof: object, role: str, *words: str) -> bool:
        """Return whether a proof is right."""
        return isinstance(proof, str) and hmac.compare_digest(
            proof.encode(), self.proof(role, *words).encode()
        )


def read_secret(text: str, path: str) -> Secret:
    """Return the secret, given itself or in a file.

    Raises
    ------
    BadInput
        If there is none, it is too short, or the file cannot be read.
    """
    if not text and path:
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except OSError as fault:
            raise BadInput(
                f"读不到 {path}（{fault.strerror}）。", f"Cannot read {path} ({fault.strerror})."
            ) from fault
    return Secret(text)


def is_name(text: object) -> bool:
    """Return whether a node, or a journal, may be called so."""
    return isinstance(text, str) and _NAME.fullmatch(text) is not None


def frame(what: What, content: bytes = b"") -> bytes:
    r"""Return a frame.

    >>> frame(What.BEAT, b"{}")
    b'\x00\x00\x00\x03\x08{}'
    """
    if len(content) + 1 > MOST_BYTES:
        raise BadInput("一批报文太大。", "The batch is too large.")
    return (len(content) + 1).to_bytes(4, "big") + bytes([what]) + content


def words(what: What, content: Mapping[str, Any]) -> bytes:
    """Return a frame of JSON."""
    return frame(what, json.dumps(content, separators=(",", ":")).encode())


def read_words(content: bytes) -> dict[str, Any]:
    """Return the JSON of a frame; raise `Broken` where it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise Broken("no JSON") from fault
    if not isinstance(found, dict):
        raise Broken("no object")
    return found


def batch_frame(batch: Batch) -> bytes:
    """Return the frame of a batch."""
    origin = json.dumps(batch.origin).encode()
    head = batch.seq.to_bytes(8, "big") + len(origin).to_bytes(2, "big")
    return frame(What.BATCH, head + origin + batch.body)


def read_batch(content: bytes) -> Batch:
    """Return the batch of a frame; raise `Broken` where it is none."""
    begin, size = 10, int.from_bytes(content[8:10], "big")
    if len(content) < begin + size:
        raise Broken("a batch without origin")
    try:
        node, journal, seq, pieces = json.loads(content[begin : begin + size])
    except (ValueError, TypeError, RecursionError) as fault:
        raise Broken("an origin that is none") from fault
    if not (is_name(node) and is_name(journal) and _is_number(seq) and _is_number(pieces)):
        raise Broken("an origin that is none")
    origin = Origin(node, journal, seq, pieces)
    return Batch(int.from_bytes(content[:8], "big"), origin, content[begin + size :])


def kept_frame(seq: int) -> bytes:
    """Return the confirmation of a batch."""
    return frame(What.KEPT, seq.to_bytes(8, "big"))


async def read_frame(reader: asyncio.StreamReader, *, most: int = MOST_BYTES) -> tuple[What, bytes]:
    """Return the next frame.

    Raises
    ------
    Broken
        If it is too large, of no kind, or does not come in time.
    EOFError, OSError
        If the line is gone.
    """
    try:
        async with asyncio.timeout(SILENT):
            size = int.from_bytes(await reader.readexactly(4), "big")
            if not 1 <= size <= most:
                raise Broken(f"a frame of {size} bytes")
            content = await reader.readexactly(size)
    except TimeoutError as fault:
        raise Broken("silent") from fault
    try:
        return What(content[0]), content[1:]
    except ValueError as fault:
        raise Broken(f"a frame of kind {content[0]}") from fault


async def expect(reader: asyncio.StreamReader, wanted: What) -> dict[str, Any]:
    """Return the words of one of the first frames; raise `Broken` where another comes."""
    what, content = await read_frame(reader, most=MOST_FIRST)
    if what is not wanted:
        raise Broken(f"{what.name} where {wanted.name} is due")
    return read_words(content)


def nonce() -> str:
    """Return words that were never said."""
    return os.urandom(16).hex()


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**63
