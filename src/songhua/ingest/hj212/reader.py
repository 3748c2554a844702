"""Entries of the journal become values; what may not speak is set aside with its reason.

One way for what is live, sent again, filled in late, replayed or released. Pure but for what it
remembers: the register it was given, and the parts of messages that are not whole yet.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from songhua.ingest.hj212.dialect import Dialect
from songhua.ingest.hj212.frame import Damaged, Decoder, Fault, Frame, Piece
from songhua.ingest.hj212.identify import WORDS, Refusal, dialect_of, mn_in, refusal, skew_of
from songhua.ingest.hj212.merge import WAIT_S, Merger, Message
from songhua.ingest.hj212.received import Received, unpack
from songhua.ingest.hj212.segment import text_of
from songhua.ingest.hj212.values import beside, read_values
from songhua.model import KnownDevice, LinkCount

MOST_SHOWN = 500
"""Frames of one identity and reason set aside an hour; all are in the journal."""

SET_BACK = timedelta(hours=2)
"""Our own clock may be set back by so much before a device's time is called impossible by it."""

_ALL = 1 << 62
_MOST_RAW = 4096
_TIME = pl.Datetime("us", "UTC")
_SCHEMA: dict[str, Any] = {
    "site": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "time": pl.Int64,
    "value": pl.Float64,
    "mark": pl.String,
    "revision": pl.UInt64,
    "line": pl.UInt64,
    "author": pl.String,
    "recorded_at": pl.Int64,
}

Entry = tuple[int, bytes]
"""Number and body of an entry of the journal."""


@dataclass(frozen=True, slots=True)
class Aside:
    """A frame, or a part of what it says, that is set aside.

    Parameters
    ----------
    seq, place
        Entry of the journal, and the place within it.
    raw
        Its text without the password.
    """

    seq: int
    place: int
    mn: str
    cn: str
    address: str
    reason: str
    detail_zh: str
    detail_en: str
    raw: str
    at: datetime


@dataclass(slots=True)
class Told:
    """What some entries of the journal say.

    Parameters
    ----------
    rows
        site, quantity, period, time (UTC start), value, mark, revision (journal number), line
        (place within the entry), author (MN), recorded_at (when it came): in the order of the
        journal, a value for each time it was said.
    counts
        What each identity did.
    held
        Lowest journal number of which a part still waits for the rest of its message; 0 for none.
    """

    rows: pl.DataFrame
    counts: dict[str, LinkCount] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)
    held: int = 0


@dataclass(frozen=True, slots=True)
class _Arrived:
    """A piece where it lies."""

    seq: int
    place: int
    received: Received
    piece: Piece


class Reader:
    """Give it the register, then entries of the journal in their order."""

    def __init__(self, *, most_shown: int = MOST_SHOWN) -> None:
        self._devices: Mapping[str, KnownDevice] = {}
        self._merger = Merger()
        self._parts: dict[int, _Arrived] = {}
        self._shown: Counter[tuple[str, str, int]] = Counter()
        self._most_shown = most_shown
        self._latest: datetime | None = None

    def know(self, devices: Mapping[str, KnownDevice]) -> None:
        """Take the register as it stands now."""
        self._devices = devices

    def read(self, entries: Iterable[Entry], *, now: datetime | None = None) -> Told:
        """Return what entries say.

        Parameters
        ----------
        now
            The instant, when nothing comes: messages that wait too long are given up.
        """
        found = _Found()
        for seq, body in entries:
            for place, received in enumerate(unpack(body)):
                self._add(found, _Arrived(seq, place, received, self._piece(received)))
        if now is not None:
            self._give(found, self._merger.expire(now=self._clock(now).timestamp()))
        return found.told(self._held())

    def read_again(self, pieces: Sequence[tuple[int, int, Received]]) -> Told:
        """Return what pieces say that were set aside; messages are whole only among them."""
        apart = Reader(most_shown=_ALL)
        apart.know(self._devices)
        found = _Found()
        for seq, place, received in pieces:
            apart._add(found, _Arrived(seq, place, received, self._piece(received)))
        apart._give(found, apart._merger.end())
        return found.told(0)

    def _piece(self, received: Received) -> Piece:
        """Return a piece of the journal as it was, or by the dialect learned since."""
        if received.fault and received.fault != Fault.CRC:
            return Damaged(Fault(received.fault), received.raw)
        device = self._devices.get(mn_in(Damaged(Fault.CRC, received.raw)))
        dialect = dialect_of(device)
        if not received.fault and received.crc != dialect.crc:
            dialect = Dialect(crc=received.crc)
        keys = device.keys if device is not None else ()
        decoder = Decoder(dialect, lambda _mn: keys) if keys else Decoder(dialect)
        pieces = decoder.feed(received.raw)
        if decoder.pending:
            pieces += decoder.end()
        for piece in pieces:
            if isinstance(piece, Frame):
                return piece
        return Damaged(Fault(received.fault or Fault.CRC), received.raw)

    def _add(self, found: "_Found", arrived: _Arrived) -> None:
        piece, received = arrived.piece, arrived.received
        mn = mn_in(piece)
        device = self._devices.get(mn)
        count = found.count(mn, received)
        hour = count.hour(received.at)
        if isinstance(piece, Frame):
            count.frames += 1
            hour.frames += 1
        else:
            hour.damaged += 1
        refused = refusal(piece, device, received.address)
        if refused is not None:
            self._put_aside(found, arrived, refused)
            return
        assert isinstance(piece, Frame)  # noqa: S101 - what is damaged was refused
        skew = skew_of(piece, received.at)
        if skew is not None:
            count.skew = skew
            hour.note_skew(skew, skew)
        if piece.part is None:
            self._values(found, arrived, piece)
            return
        self._parts[id(piece)] = arrived
        self._give(found, self._merger.add(piece, now=self._clock(received.at).timestamp()))

    def _give(self, found: "_Found", messages: Sequence[Message]) -> None:
        """Read messages that became whole, or can wait no longer."""
        for message in messages:
            parts = [self._parts.pop(id(part)) for part in message.parts if id(part) in self._parts]
            if not parts:
                continue
            last = max(parts, key=lambda part: (part.seq, part.place))
            if message.missing:
                missing = ",".join(map(str, message.missing))
                self._put_aside(found, last, Refusal("incomplete", f"PNO {missing}"))
            self._values(found, last, message.frame)

    def _values(self, found: "_Found", arrived: _Arrived, frame: Frame) -> None:
        try:
            self._read(found, arrived, frame)
        except Exception as fault:  # noqa: BLE001 - one frame that we cannot read stops no other
            self._put_aside(found, arrived, Refusal("unreadable", repr(fault)[:200]))

    def _read(self, found: "_Found", arrived: _Arrived, frame: Frame) -> None:
        device = self._devices[frame.mn]
        at = arrived.received.at
        reading = read_values(frame, now=self._clock(at), dialect=dialect_of(device))
        for finding in reading.findings:
            shown = f"{finding.code} {finding.text}".strip()
            self._put_aside(found, arrived, Refusal(finding.fault.value, shown))
        said = reading.rows + beside(reading)
        if not said:
            return
        if not device.site:
            self._put_aside(found, arrived, Refusal("no_site"))
            return
        found.keep(device, arrived, said)

    def _clock(self, at: datetime) -> datetime:
        """Return an instant that does not run back when our clock is set back a little."""
        if self._latest is None or not self._latest - SET_BACK <= at < self._latest:
            self._latest = at
        return self._latest

    def _held(self) -> int:
        """Return the lowest entry with a part that waits."""
        if not self._parts:
            return 0
        # A part that came twice waits for nothing.
        times = [part.received.at for part in self._parts.values()]
        oldest = max(*times, self._latest or times[0]) - timedelta(seconds=2 * WAIT_S)
        for key in [key for key, part in self._parts.items() if part.received.at < oldest]:
            del self._parts[key]
        return min((part.seq for part in self._parts.values()), default=0)

    def _put_aside(self, found: "_Found", arrived: _Arrived, refused: Refusal) -> None:
        received, piece = arrived.received, arrived.piece
        mn = mn_in(piece)
        count = found.count(mn, received)
        count.set_aside += 1
        faults = count.hour(received.at).faults
        faults[refused.reason] = faults.get(refused.reason, 0) + 1
        key = mn, refused.reason, int(received.at.timestamp() // 3600)
        if len(self._shown) > 10 * MOST_SHOWN:
            self._shown.clear()
        self._shown[key] += 1
        if self._shown[key] > self._most_shown:
            return
        zh, en = WORDS[refused.reason]
        found.aside.append(
            Aside(
                seq=arrived.seq,
                place=arrived.place,
                mn=mn,
                cn=piece.cn[:8] if isinstance(piece, Frame) else "",
                address=received.address[:60],
                reason=refused.reason,
                detail_zh=f"{zh}：{refused.shown}" if refused.shown else zh,
                detail_en=f"{en}: {refused.shown}" if refused.shown else en,
                raw=shown_text(piece),
                at=received.at,
            )
        )


class _Found:
    """What is found, column by column."""

    def __init__(self) -> None:
        self.counts: dict[str, LinkCount] = {}
        self.aside: list[Aside] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in _SCHEMA}

    def count(self, mn: str, received: Received) -> LinkCount:
        """Return what an identity did, and note that it was heard."""
        count = self.counts.get(mn)
        if count is None:
            count = self.counts[mn] = LinkCount(received.address, received.at, received.at)
        count.address, count.last_seen = received.address, received.at
        return count

    def keep(self, device: KnownDevice, arrived: _Arrived, rows: Sequence[Any]) -> None:
        """Keep the rows of one frame; they share its time."""
        number, first = len(rows), rows[0]
        columns = self._columns
        columns["site"] += [device.site] * number
        columns["quantity"] += [row.quantity for row in rows]
        columns["period"] += [first.period] * number
        columns["time"] += [_microseconds(first.time)] * number
        columns["value"] += [row.value for row in rows]
        columns["mark"] += ["" if row.mark == "N" else row.mark for row in rows]
        columns["revision"] += [arrived.seq] * number
        columns["line"] += [arrived.place] * number
        columns["author"] += [device.mn] * number
        columns["recorded_at"] += [_microseconds(arrived.received.at)] * number
        count = self.count(device.mn, arrived.received)
        count.values += number
        count.hour(arrived.received.at).values += number
        count.last_data = max(first.time, count.last_data or first.time)

    def told(self, held: int) -> Told:
        """Return it."""
        rows = pl.DataFrame(self._columns, schema=_SCHEMA)
        instants = pl.col("time", "recorded_at").cast(_TIME)
        return Told(rows.with_columns(instants), self.counts, self.aside, held)


def _microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


def shown_text(piece: Piece) -> str:
    """Return the text of a frame as a page may show it: without the password."""
    text = text_of(piece.raw[:_MOST_RAW]).replace("\x00", "\\x00").strip()
    text = text.encode("utf-8", "backslashreplace").decode()
    return _PASSWORD.sub(r"\1=***", text)


_PASSWORD = re.compile(r"(PW|NewSK)=[^;,&\r\n]*")
"""Of the head, and the new one of a request to change it; wherever in the noise it stands."""
