"""What arrived within a moment, as one journal entry: every byte with its address and instant."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from songhua.ingest.hj212.crc import CrcKind

KIND = "hj212"
_NO_FAULT = "-"


@dataclass(frozen=True, slots=True)
class Received:
    """One frame, or bytes that are none.

    Parameters
    ----------
    address
        Of the peer.
    fault
        Why it is no frame; empty where it is one.
    crc
        The check by which it is one.
    """

    raw: bytes
    address: str
    at: datetime
    fault: str = ""
    crc: CrcKind = CrcKind.STANDARD


def pack(pieces: Iterable[Received]) -> bytes:
    r"""Return the body of the journal entry.

    A line before each piece tells its length, so that the raw bytes stay as they came.

    >>> from datetime import UTC
    >>> pack([Received(b"##", "10.0.0.7", datetime(2026, 1, 1, tzinfo=UTC), "noise")])
    b'2 2026-01-01T00:00:00+00:00 10.0.0.7 noise standard\n##\n'
    """
    return b"".join(
        b"%d %b %b %b %b\n%b\n"
        % (
            len(one.raw),
            one.at.isoformat().encode(),
            one.address.encode(),
            (one.fault or _NO_FAULT).encode(),
            one.crc.value.encode(),
            one.raw,
        )
        for one in pieces
    )


def unpack(body: bytes) -> Iterator[Received]:
    """Yield the pieces of a journal entry."""
    at = 0
    while at < len(body):
        line_end = body.index(b"\n", at)
        size, instant, address, fault, crc = body[at:line_end].decode().split(" ")
        start, at = line_end + 1, line_end + 1 + int(size) + 1
        yield Received(
            body[start : at - 1],
            address,
            datetime.fromisoformat(instant),
            "" if fault == _NO_FAULT else fault,
            CrcKind(crc),
        )
