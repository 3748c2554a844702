"""From the journal to the frames that an upstream shall have, a portion at a time."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from songhua.app.forward.window import Place
from songhua.ingest.hj212.dialect import Dialect
from songhua.ingest.hj212.frame import Decoder, Frame
from songhua.ingest.hj212.identify import refusal
from songhua.ingest.hj212.passing import Passing, read_passing
from songhua.ingest.hj212.received import KIND, Received, unpack
from songhua.model import BadInput, KnownDevice
from songhua.store import Journal
from songhua.store.registry import forwarding, links
from songhua.store.registry.upstreams import Upstream

RELEASED = "released"
"""Kind of the journal entries that name what was let into the record later."""

_READER = "hj212"
_PORTION = 2 * 1024 * 1024
_REGISTER_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """A frame to pass on, and where it lies; `passing` None: only how far was read.

    Parameters
    ----------
    at
        When it arrived.
    """

    place: Place
    at: datetime
    passing: Passing | None = None


class Source:
    """What an upstream shall have, in the order of the journal.

    Only what the record has taken, or set aside, is read: what is still under way there waits.
    """

    def __init__(self, journal: Journal, upstream: Upstream) -> None:
        self._journal, self._upstream = journal, upstream
        self._commands = frozenset(upstream.commands.split())
        self._loggers: frozenset[str] = frozenset()
        self._devices: dict[str, KnownDevice] = {}
        self._read_register_at = -_REGISTER_EVERY
        self._refused: dict[str, frozenset[str]] = {}

    def read(self, place: Place) -> Iterator[Found]:
        """Yield frames from a place on, a portion of the journal at most.

        After each entry the place behind it is told.
        """
        self._refresh_if_due()
        taken = links.read_to(_READER)
        entries: list[tuple[int, datetime, str, bytes]] = []
        size = 0
        for entry, body in self._journal.bodies(after=place[0] - 1, kinds=(KIND, RELEASED)):
            if entry.kind == KIND and entry.seq > taken:
                break
            entries.append((entry.seq, entry.time, entry.kind, body))
            size += len(body)
            if size > _PORTION:
                break
        if not entries:
            return
        aside = forwarding.places_not_taken(entries[0][0], entries[-1][0])
        for seq, at, kind, body in entries:
            pieces = self._released(body) if kind == RELEASED else self._arrived(seq, body, aside)
            for number, piece in pieces:
                if (seq, number) >= place:
                    passing = self._wanted(piece)
                    if passing is not None:
                        yield Found((seq, number), piece.at, passing)
            yield Found((seq + 1, 0), at)

    def begin_at(self, start: datetime | None) -> int:
        """Return from which entry on an upstream receives that never did."""
        if start is None:
            return self._journal.last_seq + 1
        for entry in self._journal.entries(kinds=(KIND,)):
            if entry.time >= start:
                return entry.seq
        return self._journal.last_seq + 1

    def _arrived(
        self, seq: int, body: bytes, aside: frozenset[Place]
    ) -> Iterator[tuple[int, Received]]:
        for number, piece in enumerate(unpack(body)):
            if piece.fault or (seq, number) in aside or self._is_refused(piece):
                continue
            yield number, piece

    def _released(self, body: bytes) -> Iterator[tuple[int, Received]]:
        held: tuple[int, list[Received]] = (0, [])
        for number, (seq, place) in enumerate(json.loads(body)["of"]):
            if held[0] != seq:
                try:
                    held = seq, list(unpack(self._journal.read(seq)))
                except (BadInput, KeyError):
                    held = seq, []  # damaged: the doctor names it
            if place < len(held[1]):
                yield number, held[1][place]

    def _wanted(self, piece: Received) -> Passing | None:
        passing = read_passing(piece.raw)
        if passing is None or passing.mn not in self._loggers:
            return None
        return passing if passing.cn in self._commands else None

    def _is_refused(self, piece: Received) -> bool:
        """Return whether a frame is one of those that were set aside without a row of its own.

        Of many alike only some have one; the reason is then known for the identity.
        """
        passing = read_passing(piece.raw)
        if passing is None or passing.mn not in self._loggers:
            return False  # it is not wanted anyway
        if passing.mn not in self._refused:
            self._refused[passing.mn] = forwarding.refused_reasons(passing.mn)
        reasons = self._refused[passing.mn]
        if not reasons:
            return False
        found = Decoder(Dialect(crc=piece.crc)).feed(piece.raw)
        frame = next((one for one in found if isinstance(one, Frame)), None)
        if frame is None:
            return False
        why = refusal(frame, self._devices.get(frame.mn), piece.address)
        return why is not None and why.reason in reasons

    def _refresh_if_due(self) -> None:
        if time.monotonic() - self._read_register_at < _REGISTER_EVERY:
            return
        self._loggers = forwarding.chosen_loggers(self._upstream)
        self._devices = links.known_devices()
        self._refused.clear()
        self._read_register_at = time.monotonic()
