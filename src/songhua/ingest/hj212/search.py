"""Frames looked for in the journal, newest first, for a bounded while."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from songhua.ingest.hj212.frame import Damaged, Decoder, Fault, Frame, Piece
from songhua.ingest.hj212.identify import mn_in
from songhua.ingest.hj212.reader import shown_text
from songhua.ingest.hj212.received import KIND, Received, unpack

MOST_FOUND = 100
MOST_SECONDS = 1.0
"""How long one search may take; it says how far it came."""
_CN = re.compile(rb"CN=(\d{1,8})")
_SLACK = timedelta(seconds=5)
"""A piece comes before the entry that holds it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty is anything.

    Parameters
    ----------
    mns
        Identities that the person may see; None for all, also what names none.
    start, end
        When it came.
    text
        Within the text as it is shown: without passwords.
    damaged
        None for both.
    before
        Journal number and place that were seen last; None to begin with the newest.
    """

    mns: frozenset[str] | None = None
    mn: str = ""
    start: datetime | None = None
    end: datetime | None = None
    cn: str = ""
    text: str = ""
    address: str = ""
    damaged: bool | None = None
    before: tuple[int, int] | None = None
    most: int = MOST_FOUND


@dataclass(frozen=True, slots=True)
class Seen:
    """A piece where it lies in the journal."""

    seq: int
    place: int
    received: Received
    mn: str
    cn: str

    @property
    def text(self) -> str:
        """Its text without passwords."""
        return masked(self.received.raw)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought.

    Parameters
    ----------
    upto
        When what was looked at last came; None where the search began at nothing.
    go_on
        From where to go on; None when all was searched.
    """

    seen: tuple[Seen, ...]
    looked_at: int
    upto: datetime | None
    go_on: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Tailed:
    """What came since somebody looked last.

    Parameters
    ----------
    last
        Number of the newest, to ask on from.
    pieces
        Journal number, place and piece of each, oldest first.
    missed
        How many came and went in between.
    """

    last: int
    pieces: tuple[tuple[int, int, Received], ...]
    missed: int


class Entry(Protocol):
    """What a search asks of an entry."""

    @property
    def time(self) -> datetime:
        """When it was written."""


class Journal(Protocol):
    """What a search asks of the journal."""

    @property
    def last_seq(self) -> int:
        """Number of the last record."""

    def first_since(self, moment: datetime) -> int:
        """Return the number of the first record written at an instant or later."""

    def latest(
        self, *, before: int, after: int = 0, kinds: Iterable[str] | None = None
    ) -> Iterator[tuple[int, Entry | None, bytes]]:
        """Yield records with their bodies, newest first; now and then only how far it came."""


def search(journal: Journal, wanted: Wanted, *, seconds: float = MOST_SECONDS) -> Found:
    """Return what is found within a time, newest first."""
    until = time.monotonic() + seconds
    after = journal.first_since(wanted.start) - 1 if wanted.start else 0
    end = journal.last_seq + 1
    if wanted.end:
        end = min(end, journal.first_since(wanted.end + _SLACK))
    if wanted.before:
        end = min(end, wanted.before[0] + 1)
    needle = wanted.mn.encode()
    seen: list[Seen] = []
    looked_at, upto = 0, None
    for seq, entry, body in journal.latest(before=end, after=after, kinds=(KIND,)):
        if entry is not None:
            upto = entry.time
            if needle in body:
                for one in _of_entry(seq, body, wanted):
                    looked_at += 1
                    if one is None:
                        continue
                    seen.append(one)
                    if len(seen) >= wanted.most:
                        return Found(tuple(seen), looked_at, upto, (seq, one.place))
            else:
                looked_at += 1
        if time.monotonic() > until and seq > after + 1:
            return Found(tuple(seen), looked_at, upto, (seq, 0))
    return Found(tuple(seen), looked_at, upto, None)


def _of_entry(seq: int, body: bytes, wanted: Wanted) -> Iterator[Seen | None]:
    """Yield the pieces of an entry, the last first; None for what is not wanted."""
    for place, received in reversed(list(enumerate(unpack(body)))):
        if wanted.before is not None and (seq, place) >= wanted.before:
            continue
        yield _matched(seq, place, received, wanted)


def _matched(seq: int, place: int, received: Received, wanted: Wanted) -> Seen | None:
    if wanted.damaged is not None and wanted.damaged is not bool(received.fault):
        return None
    if wanted.start and received.at < wanted.start:
        return None
    if wanted.end and received.at >= wanted.end:
        return None
    if wanted.address and not received.address.startswith(wanted.address):
        return None
    one = seen_of(seq, place, received)
    if (wanted.mn and wanted.mn != one.mn) or (wanted.mns is not None and one.mn not in wanted.mns):
        return None
    if wanted.cn and wanted.cn != one.cn:
        return None
    if wanted.text and wanted.text.lower() not in one.text.lower():
        return None
    return one


def seen_of(seq: int, place: int, received: Received) -> Seen:
    """Return a piece with what its bytes name."""
    found = _CN.search(received.raw)
    mn = mn_in(Damaged(Fault.NOISE, received.raw))
    return Seen(seq, place, received, mn, found[1].decode() if found else "")


def masked(raw: bytes) -> str:
    """Return bytes as a page may show them."""
    return shown_text(Damaged(Fault.NOISE, raw))


def piece_of(received: Received) -> Piece:
    """Return a piece of the journal as the standard reads it, whatever its device's dialect."""
    decoder = Decoder()
    pieces = [*decoder.feed(received.raw), *decoder.end()]
    whole = (piece for piece in pieces if isinstance(piece, Frame))
    fault = Fault(received.fault) if received.fault else Fault.CRC
    return next(whole, None) or next(iter(pieces), Damaged(fault, received.raw))
