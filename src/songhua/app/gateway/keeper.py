"""From the journal onto the shelf: frames that may speak become values, the others are set aside.

One way for what is live, sent again, filled in late, replayed or released: it is compared with
what was delivered before, so that it may come any number of times.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import structlog

from songhua.app.gateway.batch import KIND, Received, unpack
from songhua.app.gateway.identify import WORDS, Refusal, dialect_of, mn_in, refusal, skew_of
from songhua.assess.job import Affected
from songhua.ingest.delivery import news_of
from songhua.ingest.hj212 import Damaged, Decoder, Dialect, Fault, Frame, Piece
from songhua.ingest.hj212.values import read_values
from songhua.model import BadInput, Period
from songhua.store import Entry, Journal, Shelf
from songhua.store.registry import links
from songhua.store.registry.links import KnownDevice, LinkCount

log = structlog.get_logger()

READER = "hj212"
_IN_MEMORY = 500
"""Batches that wait in memory; beyond, they are read from the journal again."""
_MOST_PIECES = 6_000
_REGISTER_EVERY = 5.0
_SETTLE_EVERY = 2.0
_PATIENCE = 5.0
_MOST_SHOWN = 500
"""Frames of one identity and reason shown an hour; all are in the journal."""
_ASSESSED = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_ROWS: dict[str, Any] = {
    "site": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "value": pl.Float64,
    "mark": pl.String,
    "revision": pl.UInt64,
    "line": pl.UInt64,
    "author": pl.String,
}

Assess = Callable[[Affected], None]
Arrived = tuple[int, int, Received, Piece]
"""Journal number, place within the entry, and what is there."""


@dataclass(slots=True)
class _Touched:
    """What must be assessed again: by day, the sites and the first and last hour."""

    sites: set[str]
    first: datetime
    last: datetime


@dataclass(slots=True)
class _Pending:
    """What is on the shelf, or set aside, and not yet written down in the registry."""

    seq: int = 0
    counts: dict[str, LinkCount] = field(default_factory=dict)
    aside: list[dict[str, Any]] = field(default_factory=list)
    days: dict[date, _Touched] = field(default_factory=dict)


class Keeper:
    """Reads what the gateway brought into the journal, in a thread of its own.

    Parameters
    ----------
    assess
        Called with what must be assessed again.
    """

    def __init__(self, journal: Journal, shelf: Shelf, assess: Assess) -> None:
        self._journal, self._shelf, self._assess = journal, shelf, assess
        self._devices: dict[str, KnownDevice] = {}
        self._read_register_at = 0.0
        # Each batch with the number of the one before, so that a gap is seen.
        self._arrived: deque[tuple[int, list[Arrived]]] = deque(maxlen=_IN_MEMORY)
        self._offered = 0
        self._ready = threading.Condition()
        self._stopping = False
        self._pending = _Pending()
        self._shown: Counter[tuple[str, str, int]] = Counter()
        self._seq = 0
        self._settled_at = 0.0
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Take up what a stop left unread, then what comes."""
        self._seq = self._pending.seq = links.read_to(READER)
        self._offered = self._journal.last_seq
        self._refresh()
        self._thread = threading.Thread(target=self._run, name="gateway-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish what came."""
        with self._ready:
            self._stopping = True
            self._ready.notify()
        if self._thread is not None:
            self._thread.join(60)

    def offer(self, entry: Entry, pieces: Sequence[tuple[Received, Piece]]) -> None:
        """Hand over a batch that is in the journal."""
        with self._ready:
            batch = [(entry.seq, n, *one) for n, one in enumerate(pieces)]
            self._arrived.append((self._offered, batch))
            self._offered = entry.seq
            self._ready.notify()

    def dialect_of(self, raw: bytes) -> Dialect:
        """Return the dialect of the device that a damaged frame names."""
        return dialect_of(self._devices.get(mn_in(Damaged(Fault.CRC, raw))))

    def wait(self, seconds: float) -> bool:
        """Wait until all that was offered is on the shelf and assessed; False when time is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if links.read_to(READER) >= self._offered:
                return True
            time.sleep(0.02)
        return False

    def release(self, seq: int, place: int) -> None:
        """Bring one frame that was set aside into the record, now that the register is mended.

        Raises
        ------
        BadInput
            If it may still not speak, or says nothing that can be kept.
        """
        self._refresh()
        received = next(one for n, one in enumerate(unpack(self._journal.read(seq))) if n == place)
        with self._lock:
            found = self._apply([(seq, place, received, self._piece(received))], again=True)
        if found.aside:
            zh, en = WORDS[found.aside[0]["reason"]]
            raise BadInput(f"仍不能放行：{zh}。", f"It cannot be released yet: {en}.")
        self._assess_days(found.days, seq)

    # In the keeper's thread

    def _run(self) -> None:
        began_at = self._offered
        for left in _portions(self._from_journal(began_at)):
            if not self._patiently(left, again=True):
                return
        self._settle()
        while (part := self._next()) is not None:
            if part and not self._patiently(part, again=False):
                break
            if not self._arrived or self._due:
                self._settle()
        self._settle()

    @property
    def _due(self) -> bool:
        return time.monotonic() - self._settled_at > _SETTLE_EVERY

    def _from_journal(self, last: int) -> Iterator[Arrived]:
        for entry in self._journal.entries(after=self._seq, kinds=(KIND,)):
            if entry.seq > last:
                return
            for place, received in enumerate(unpack(self._journal.read(entry.seq))):
                yield entry.seq, place, received, self._piece(received)

    def _next(self) -> list[Arrived] | None:
        """Return what came; None when it is time to stop."""
        with self._ready:
            if not self._arrived and not self._stopping:
                self._ready.wait(timeout=0.5)
            if not self._arrived:
                return None if self._stopping else []
            before = self._arrived[0][0]
            taken: list[Arrived] = []
            while before <= self._seq and self._arrived and len(taken) < _MOST_PIECES:
                taken += self._arrived.popleft()[1]
        if taken:
            return taken
        # More came than memory takes: the journal has what was dropped.
        missed = next(_portions(self._from_journal(before)), [])
        self._seq = before if not missed else self._seq
        return missed

    def _patiently(self, part: list[Arrived], *, again: bool) -> bool:
        """Apply; where a store is down, wait and try again. False when stopped meanwhile."""
        while True:
            try:
                with self._lock:
                    _merge(self._pending, self._apply(part, again=again))
                    self._seq = part[-1][0]
                    self._pending.seq = self._seq
            except Exception:
                log.exception("stores do not take what loggers sent; it stays in the journal")
                with self._ready:
                    if self._stopping or self._ready.wait_for(lambda: self._stopping, _PATIENCE):
                        return False
            else:
                return True

    def _apply(self, part: Sequence[Arrived], *, again: bool) -> _Pending:
        if time.monotonic() - self._read_register_at > _REGISTER_EVERY:
            self._refresh()
        rows: list[tuple[Any, ...]] = []
        found = _Pending()
        for seq, place, received, piece in part:
            device = self._devices.get(mn_in(piece))
            refused = refusal(piece, device, received.address)
            count = self._count(found, piece, received)
            if refused is not None:
                self._put_aside(found, seq, place, received, piece, refused)
                continue
            assert isinstance(piece, Frame)  # noqa: S101 - what is damaged was refused
            assert device is not None  # noqa: S101 - so was who is unknown
            try:
                self._values(found, rows, count, device, (seq, place, received, piece))
            except Exception as fault:  # one frame that we cannot read stops no other
                log.exception("a frame could not be read", seq=seq, place=place)
                unread = Refusal("unreadable", type(fault).__name__)
                self._put_aside(found, seq, place, received, piece, unread)
        self._store(found, rows, again=again)
        return found

    def _values(
        self,
        found: _Pending,
        rows: list[tuple[Any, ...]],
        count: LinkCount,
        device: KnownDevice,
        arrived: Arrived,
    ) -> None:
        seq, place, received, piece = arrived
        assert isinstance(piece, Frame)  # noqa: S101 - see `_apply`
        count.skew = skew_of(piece, received.at)
        reading = read_values(piece, now=received.at, dialect=dialect_of(device))
        if reading.rows and not device.site:
            self._put_aside(found, seq, place, received, piece, Refusal("no_site"))
            return
        for finding in reading.findings:
            shown = f"{finding.code} {finding.text}".strip()
            self._put_aside(found, seq, place, received, piece, Refusal(finding.fault.value, shown))
        for row in reading.rows:
            mark = "" if row.mark == "N" else row.mark
            rows.append(
                (
                    device.site,
                    row.quantity,
                    row.period,
                    row.time,
                    row.value,
                    mark,
                    seq,
                    place,
                    device.mn,
                )
            )
        if reading.rows:
            count.values += len(reading.rows)
            count.last_data = max(reading.rows[0].time, count.last_data or reading.rows[0].time)

    def _store(self, found: _Pending, rows: list[tuple[Any, ...]], *, again: bool) -> None:
        """Keep what is new or changed; note what must be assessed."""
        if not rows:
            return
        key = ["site", "quantity", "period", "time"]
        frame = pl.DataFrame(rows, schema=_ROWS, orient="row").unique(
            key, keep="last", maintain_order=True
        )
        now = datetime.now(UTC)
        for (period,), part in frame.group_by("period", maintain_order=True):
            name = str(period)
            touched = []
            for news in news_of(self._shelf, part, name, self._shelf.observed(name)):
                if not news.rows.is_empty():
                    self._shelf.save_observations(
                        news.rows.with_columns(reason=pl.lit(""), recorded_at=pl.lit(now))
                    )
                    touched.append(news.rows)
            if name in _ASSESSED:
                _touch(found, [part] if again else touched)

    def _put_aside(
        self,
        found: _Pending,
        seq: int,
        place: int,
        received: Received,
        piece: Piece,
        refused: Refusal,
    ) -> None:
        mn = mn_in(piece)
        if mn in found.counts:
            found.counts[mn].set_aside += 1
        hour = int(received.at.timestamp() // 3600)
        self._shown[mn, refused.reason, hour] += 1
        if self._shown[mn, refused.reason, hour] > _MOST_SHOWN:
            return
        if len(self._shown) > 10 * _MOST_SHOWN:
            self._shown.clear()
        zh, en = WORDS[refused.reason]
        found.aside.append(
            {
                "journal_seq": seq,
                "place": place,
                "mn": mn,
                "cn": piece.cn[:8] if isinstance(piece, Frame) else "",
                "address": received.address[:60],
                "reason": refused.reason,
                "detail_zh": f"{zh}：{refused.shown}" if refused.shown else zh,
                "detail_en": f"{en}: {refused.shown}" if refused.shown else en,
                "raw": _shown(piece),
                "received_at": received.at,
            }
        )

    def _count(self, found: _Pending, piece: Piece, received: Received) -> LinkCount:
        mn = mn_in(piece)
        count = found.counts.get(mn)
        if count is None:
            count = LinkCount(received.address, received.at, received.at)
            found.counts[mn] = count
        count.address, count.last_seen = received.address, received.at
        count.frames += isinstance(piece, Frame)
        return count

    def _settle(self) -> None:
        """Assess what was touched, then write down how far all is done."""
        with self._lock:
            pending, self._pending = self._pending, _Pending(seq=self._seq)
        self._settled_at = time.monotonic()
        if not (pending.counts or pending.aside or pending.days):
            return
        try:
            self._assess_days(pending.days, pending.seq)
            links.write_down(
                pending.seq,
                {mn: count for mn, count in pending.counts.items() if mn},
                pending.aside,
                reader=READER,
            )
        except Exception:
            log.exception("what loggers sent is not assessed yet; it is tried again")
            with self._lock:
                _merge(pending, self._pending)
                self._pending = pending
            time.sleep(min(1.0, _PATIENCE))

    def _assess_days(self, days: Mapping[date, _Touched], seq: int) -> None:
        for touched in _runs(days):
            self._assess(
                Affected(tuple(sorted(touched.sites)), Period(touched.first, touched.last), seq)
            )

    def _refresh(self) -> None:
        self._devices = links.known_devices()
        self._read_register_at = time.monotonic()

    def _piece(self, received: Received) -> Piece:
        """Return a piece of the journal as it was, or by the dialect learned since."""
        if received.fault and received.fault != Fault.CRC:
            return Damaged(Fault(received.fault), received.raw)
        device = self._devices.get(mn_in(Damaged(Fault.CRC, received.raw)))
        dialect = dialect_of(device)
        if not received.fault and received.crc != dialect.crc:
            dialect = Dialect(crc=received.crc)
        decoder = Decoder(dialect)
        pieces = [*decoder.feed(received.raw), *decoder.end()]
        frames = [one for one in pieces if isinstance(one, Frame)]
        return frames[0] if frames else Damaged(Fault(received.fault or "crc"), received.raw)


def _portions(arrived: Iterable[Arrived]) -> Iterator[list[Arrived]]:
    """Yield whole entries together, a bounded number at a time."""
    part: list[Arrived] = []
    for one in arrived:
        if len(part) >= _MOST_PIECES and one[0] != part[-1][0]:
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def _touch(found: _Pending, parts: Sequence[pl.DataFrame]) -> None:
    for part in parts:
        length = _ASSESSED[part["period"][0]]
        local = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.date()
        days = part.group_by(local.alias("day")).agg(
            "site", first=pl.col("time").min(), last=pl.col("time").max()
        )
        for day, sites, first, last in days.iter_rows():
            first, last = first.astimezone(UTC), last.astimezone(UTC) + length
            _widen(found.days, day, _Touched(set(sites), first, last))


def _runs(days: Mapping[date, _Touched]) -> list[_Touched]:
    """Return days in a row with the same sites as one."""
    runs: list[_Touched] = []
    former: date | None = None
    for day in sorted(days):
        touched = days[day]
        if runs and former == day - timedelta(days=1) and runs[-1].sites == touched.sites:
            runs[-1].last = touched.last
        else:
            runs.append(_Touched(set(touched.sites), touched.first, touched.last))
        former = day
    return runs


def _merge(into: _Pending, found: _Pending) -> None:
    """Add what was found later."""
    into.seq = max(into.seq, found.seq)
    into.aside += found.aside
    for mn, count in found.counts.items():
        former = into.counts.get(mn)
        if former is None:
            into.counts[mn] = count
            continue
        former.address, former.last_seen = count.address, count.last_seen
        former.frames += count.frames
        former.values += count.values
        former.set_aside += count.set_aside
        former.skew = count.skew if count.skew is not None else former.skew
        if count.last_data is not None:
            former.last_data = max(count.last_data, former.last_data or count.last_data)
    for day, touched in found.days.items():
        _widen(into.days, day, touched)


def _widen(days: dict[date, _Touched], day: date, touched: _Touched) -> None:
    known = days.setdefault(day, _Touched(set(), touched.first, touched.last))
    known.sites |= touched.sites
    known.first, known.last = min(known.first, touched.first), max(known.last, touched.last)


def _shown(piece: Piece) -> str:
    """Return the text of a frame as a page may show it: without the password."""
    text = piece.raw[:4096].decode("utf-8", "backslashreplace").replace("\x00", "\\x00").strip()
    head, found, rest = text.partition(";PW=")
    return f"{head};PW=***;{rest.partition(';')[2]}" if found else text
