"""The gateway: TCP links of loggers. A reply leaves only after its frame is in the journal."""

import asyncio
import socket
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from songhua.app.gateway.limits import DEFAULT, Limits
from songhua.app.gateway.proxy import MOST_BYTES as MOST_PROXY_BYTES
from songhua.app.gateway.proxy import Networks, NoProxyHeader, is_within, read_header
from songhua.app.gateway.tail import Tail
from songhua.ingest.hj212 import STANDARD, Damaged, Decoder, Dialect, Fault, Frame, Piece, reply_to
from songhua.ingest.hj212.frame import Keys
from songhua.ingest.hj212.received import KIND, Received, pack
from songhua.model import BadInput
from songhua.store import Entry

log = structlog.get_logger()

_MOST_IN_BATCH = 4_000
_TIDY_EVERY = 5.0
_DRAIN = 10.0
_GATHER = 0.008
"""Entries of the journal begin at least so far apart: what comes between shares one. [s]"""
_TIME_WANTED = "1013"
_ANSWERS = frozenset({"9011", "9012", "9013", "9014"})
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""A peer whose machine is gone is found within two minutes. [s, s, times]"""


class JournalDoor(Protocol):
    """What the gateway needs from the journal, and nothing more."""

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk."""


Kept = Callable[[int, bytes], None]
"""Called with number and body of each entry that is in the journal now, in order; never waits."""
MaySpeak = Callable[[Frame, str], bool]
"""Given a frame and the address it came from: whether it speaks for a registered logger."""
FindDialect = Callable[[bytes], Dialect]
"""Given the bytes of a frame whose check differs: the dialect of the device it names."""


@dataclass(slots=True)
class Counts:
    """What the gateway did since it started."""

    accepted: int = 0
    refused: int = 0
    frames: int = 0
    damaged: int = 0
    replies: int = 0
    batches: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A piece on its way into the journal, and the answer that is due once it is there.

    Parameters
    ----------
    frame
        None where it speaks for no logger.
    done
        Called once it is in the journal; None where nobody asked.
    """

    link: "_Link | None"
    received: Received
    frame: Frame | None
    reply: bytes | None
    done: Callable[[], None] | None = None


class Gateway:
    """Listens in a thread of its own, until it is stopped.

    Parameters
    ----------
    journal
        Where every byte goes before it is acknowledged.
    kept
        Told of each batch once it is there.
    dialect_of
        Asked when a check differs.
    may_speak
        Asked of every frame: requests, which hold the password, go only where this was so.
    balancers
        Who begins a connection by saying, in a PROXY header, whose it is.
    keys_of
        The SM4 keys of a device by its MN.
    """

    def __init__(
        self,
        journal: JournalDoor,
        kept: Kept,
        *,
        dialect_of: FindDialect = lambda _raw: STANDARD,
        may_speak: MaySpeak = lambda _frame, _address: False,
        keys_of: Keys = lambda _mn: (),
        limits: Limits = DEFAULT,
        tls: ssl.SSLContext | None = None,
        balancers: Networks = (),
    ) -> None:
        self.limits = limits
        self.balancers = balancers
        self.keys_of = keys_of
        self.counts = Counts()
        self.tail = Tail()
        self.links: set[_Link] = set()
        self.listening: set[str] = set()
        """Identities of which `heard` wants every frame, once it is in the journal."""
        self.heard: Callable[[Frame], None] = _nothing
        self.asked_for_time: Callable[[Frame], None] = _nothing
        self.moved: Callable[[str, str | None], None] = _nobody
        """Told identity and system (ST) of who came, identity and None of who left."""
        self._server: asyncio.Server | None = None
        self._by_mn: dict[str, _Link] = {}
        self._journal, self._kept, self._tls = journal, kept, tls
        self._dialect_of, self._may_speak = dialect_of, may_speak
        self._waiting: list[_Waiting] = []
        self._addresses: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._came = asyncio.Event()
        self._stopping = False
        self._is_full = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="gateway-journal")
        self._thread: threading.Thread | None = None

    def start(self, host: str | None, port: int) -> int:
        """Listen, unless there is no host; return the port.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        ready: deque[int | OSError] = deque()
        up = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self._loop)
            self._loop.run_until_complete(self._serve(host, port, ready, up))
            self._loop.close()

        self._thread = threading.Thread(target=run, name="gateway", daemon=True)
        self._thread.start()
        up.wait()
        found = ready.pop()
        if isinstance(found, OSError):
            raise found
        return found

    def stop(self) -> None:
        """Take no more, bring what came into the journal, answer it, and close."""
        if self._thread is None or not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._begin_stop)
        self._thread.join(_DRAIN + 5)
        self._writer.shutdown(wait=True)

    @property
    def now(self) -> float:
        """The instant by the loop's clock. [s]."""
        return self._loop.time()

    def soon(self, work: Callable[[], None]) -> None:
        """Have something done in the loop's thread."""
        self._loop.call_soon_threadsafe(work)

    def system_of(self, mn: str) -> str | None:
        """Return the system (ST) that an identity speaks for; None when it has no link."""
        link = self._by_mn.get(mn)
        return None if link is None else link.identities.get(mn)

    # In the loop's thread

    def write(self, mn: str, frame: bytes) -> bool:
        """Write to the link that an identity spoke on last; False when it has none."""
        link = self._by_mn.get(mn)
        if link is None:
            return False
        link.write(frame)
        return True

    def after(self, seconds: float, work: Callable[[], None]) -> asyncio.TimerHandle:
        """Have something done in the loop's thread after a while."""
        return self._loop.call_later(seconds, work)

    def admit(self, link: "_Link") -> bool:
        """Return whether a new link may stay."""
        if (
            self._stopping
            or len(self.links) >= self.limits.connections
            or self._addresses[link.address] >= self.limits.connections_per_address
        ):
            self.counts.refused += 1
            return False
        self.counts.accepted += 1
        self._addresses[link.address] += 1
        self.links.add(link)
        if self._is_full:
            link.pause()
        return True

    def leave(self, link: "_Link") -> None:
        """Forget a link that closed."""
        if link in self.links:
            self.links.discard(link)
            for mn in link.identities:
                if self._by_mn.get(mn) is link:
                    del self._by_mn[mn]
                    self.moved(mn, None)
            self._forget_address(link)

    def take(self, link: "_Link", pieces: Sequence[Piece]) -> None:
        """Queue pieces for the journal."""
        now = datetime.now(UTC)
        crc = link.dialect.crc
        for piece in pieces:
            if isinstance(piece, Damaged):
                received = Received(piece.raw, link.address, now, piece.fault.value, crc)
                self._waiting.append(_Waiting(link, received, None, None))
                continue
            speaks = self._may_speak(piece, link.address)
            if speaks and link in self.links:
                self._note_identity(link, piece)
            received = Received(piece.raw, link.address, now, "", crc)
            reply = _reply(piece, link.dialect)
            self._waiting.append(_Waiting(link, received, piece if speaks else None, reply))
        if pieces:
            self._came.set()
        if len(self._waiting) >= self.limits.waiting and not self._is_full:
            self._is_full = True
            for other in self.links:
                other.pause()

    def bring(self, pieces: Sequence[Received], done: Callable[[], None]) -> None:
        """Queue what came by another way than a link; `done` is called once it is kept."""
        last = len(pieces) - 1
        self._waiting += [
            _Waiting(None, one, None, None, done if number == last else None)
            for number, one in enumerate(pieces)
        ]
        self._came.set()

    def _note_identity(self, link: "_Link", frame: Frame) -> None:
        is_new = self._by_mn.get(frame.mn) is not link
        self._by_mn[frame.mn] = link
        if frame.cn in _ANSWERS:  # whose system is that of interaction
            return
        if is_new or link.identities.get(frame.mn) != frame.st:
            link.identities[frame.mn] = frame.st
            self.moved(frame.mn, frame.st)

    def readdress(self, link: "_Link", address: str) -> bool:
        """Take a link for that of another address, as its balancer says; False for no room."""
        self._forget_address(link)
        link.address = address
        self._addresses[address] += 1
        return self._addresses[address] <= self.limits.connections_per_address

    def _forget_address(self, link: "_Link") -> None:
        self._addresses[link.address] -= 1
        if not self._addresses[link.address]:
            del self._addresses[link.address]

    def dialect_of(self, raw: bytes) -> Dialect:
        """Return the dialect of the device that a damaged frame names."""
        return self._dialect_of(raw)

    async def _serve(
        self, host: str | None, port: int, ready: deque[int | OSError], up: threading.Event
    ) -> None:
        if host is not None:
            try:
                self._server = await self._loop.create_server(
                    lambda: _Link(self), host, port, ssl=self._tls, backlog=4096, reuse_address=True
                )
            except OSError as fault:
                ready.append(fault)
                up.set()
                return
            port = self._server.sockets[0].getsockname()[1]
        ready.append(port)
        tidy = self._loop.create_task(self._tidy())
        up.set()
        await self._write()
        tidy.cancel()
        for link in list(self.links):
            link.close()
        await asyncio.sleep(0.05)
        for link in list(self.links):  # a TLS peer that does not say goodbye
            link.abort()
        await asyncio.sleep(0.05)

    def _begin_stop(self) -> None:
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for link in self.links:
            link.pause()
            link.give_up()
        self._came.set()

    async def _write(self) -> None:
        """Bring what waits into the journal, a batch at a time; answer; tell."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                began = self._loop.time()
                batch = self._waiting[:_MOST_IN_BATCH]
                del self._waiting[: len(batch)]
                if not await self._keep(batch):
                    self._waiting[:0] = batch
                    if self._stopping:
                        return
                    await asyncio.sleep(1.0)  # nothing is acknowledged; it is tried again
                    continue
                if not self._stopping:
                    self._read_on()
                    await asyncio.sleep(_GATHER - (self._loop.time() - began))
            if self._stopping:
                return

    def _read_on(self) -> None:
        """Read from everybody again once there is room."""
        if self._is_full and len(self._waiting) < self.limits.waiting // 2:
            self._is_full = False
            for link in self.links:
                link.resume()

    async def _keep(self, batch: Sequence[_Waiting]) -> bool:
        body = pack(one.received for one in batch)
        try:
            entry = await self._loop.run_in_executor(
                self._writer, self._journal.append, KIND, body, {"pieces": len(batch)}
            )
        except Exception:
            log.exception("journal refused what loggers sent")
            return False
        self._kept(entry.seq, body)
        self.tail.add(entry.seq, (one.received for one in batch))
        self._answer(batch)
        return True

    def _answer(self, batch: Sequence[_Waiting]) -> None:
        counts, replies = self.counts, dict[_Link, bytes]()
        counts.batches += 1
        for one in batch:
            if one.done is not None:
                one.done()
            if one.received.fault:
                counts.damaged += 1
                continue
            counts.frames += 1
            if one.frame is not None:
                self._tell(one.frame)
            if one.reply is not None and one.link is not None:
                counts.replies += 1
                replies[one.link] = replies.get(one.link, b"") + one.reply
        for link, data in replies.items():
            link.write(data)

    def _tell(self, frame: Frame) -> None:
        if frame.mn in self.listening:
            self.heard(frame)
        if frame.cn == _TIME_WANTED:
            self.asked_for_time(frame)

    async def _tidy(self) -> None:
        """Close what is silent, and give up what stays half."""
        while True:
            await asyncio.sleep(min(_TIDY_EVERY, self.limits.half_frame / 2))
            now = time.monotonic()
            for link in list(self.links):
                link.tidy(now)


class _Link(asyncio.Protocol):
    """One connection."""

    def __init__(self, gateway: Gateway) -> None:
        self.address = ""
        self.dialect = STANDARD
        self.identities: dict[str, str] = {}
        self.last = time.monotonic()
        self._gateway = gateway
        self._decoder = Decoder(keys=gateway.keys_of)
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._half_since = 0.0
        self._spent = 0.0
        self._since = self.last
        self._header: bytearray | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or be refused."""
        peer = transport.get_extra_info("peername") or ("",)
        self.address = str(peer[0])
        self._transport = transport  # type: ignore[assignment]  # a stream's is a Transport
        if not self._gateway.admit(self):
            transport.close()
            return
        if is_within(self.address, self._gateway.balancers):
            self._header, self._half_since = bytearray(), time.monotonic()
        _keep_alive(transport)

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames and faults."""
        self.last = time.monotonic()
        if self._header is not None:
            self._header += data
            if (left := self._without_header(self._header)) is None:
                return
            data = left
        pieces = self._decoder.feed(data)
        if any(isinstance(piece, Damaged) for piece in pieces):
            pieces = self._by_dialect(pieces)
        if pieces:
            self._gateway.take(self, pieces)
        if not self._decoder.pending:
            self._half_since = 0.0
        elif pieces or not self._half_since:
            self._half_since = self.last
        self._slow_down(len(data))

    def _without_header(self, begun: bytearray) -> bytes | None:
        """Take what the balancer says first; return what follows, None where it is not there."""
        try:
            found = read_header(bytes(begun))
            if found is None and len(begun) <= MOST_PROXY_BYTES:
                return None
        except NoProxyHeader:
            found = None
        if found is None or (found.address and not self._gateway.readdress(self, found.address)):
            self.abort()
            return None
        self._header, self._half_since = None, 0.0
        return bytes(begun[found.size :])

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep what was left half."""
        del exc
        self._gateway.leave(self)
        self.give_up()

    def give_up(self) -> None:
        """Keep what is left half."""
        if self._decoder.pending:
            self._gateway.take(self, self._decoder.end())

    def _by_dialect(self, pieces: list[Piece]) -> list[Piece]:
        """Read on in the dialect of the device where a check differs, and what follows too."""
        while (number := self._first_foreign(pieces)) is not None:
            self._gateway.take(self, pieces[:number])
            rest = [*pieces[number:], *self._decoder.end()]
            self.dialect = self._gateway.dialect_of(rest[0].raw)
            self._decoder = Decoder(self.dialect, self._gateway.keys_of)
            pieces = self._decoder.feed(b"".join(one.raw for one in rest))
        return pieces

    def _first_foreign(self, pieces: Sequence[Piece]) -> int | None:
        """Return the place of the first damaged frame that is whole in its device's dialect."""
        for number, piece in enumerate(pieces):
            if not isinstance(piece, Damaged) or piece.fault is not Fault.CRC:
                continue
            dialect = self._gateway.dialect_of(piece.raw)
            if dialect.crc == self.dialect.crc:
                continue
            decoder = Decoder(dialect, self._gateway.keys_of)
            if any(isinstance(one, Frame) for one in decoder.feed(piece.raw)):
                return number
        return None

    def write(self, data: bytes) -> None:
        """Send; a peer that does not read its answers is closed."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(data)
        if transport.get_write_buffer_size() > _MOST_UNREAD:
            transport.abort()

    def pause(self) -> None:
        """Read nothing for a while."""
        if not self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Close, what is written first."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def tidy(self, now: float) -> None:
        """Close a peer that is silent, or does not end its frame however slowly it goes on."""
        limits = self._gateway.limits
        is_half = self._half_since > 0 and now - self._half_since > limits.half_frame
        if is_half or now - self.last > limits.idle:
            self.give_up()
            self.close()

    def _slow_down(self, size: int) -> None:
        """Read no faster than allowed."""
        rate = self._gateway.limits.bytes_per_second
        self._spent = max(0.0, self._spent - (self.last - self._since) * rate) + size
        self._since = self.last
        if self._spent > rate * _BURST and not self._paused:
            self.pause()
            asyncio.get_running_loop().call_later(self._spent / rate - _BURST, self.resume)


_MOST_UNREAD = 256 * 1024
_BURST = 10.0


def _reply(piece: Piece, dialect: Dialect) -> bytes | None:
    if not isinstance(piece, Frame):
        return None
    try:
        return reply_to(piece, dialect)
    except BadInput:
        return None  # its own number or identity cannot be written back


def _nothing(_frame: Frame) -> None:
    """Nobody listens."""


def _nobody(_mn: str, _system: str | None) -> None:
    """Nobody wants to know."""


def _keep_alive(transport: asyncio.BaseTransport) -> None:
    line = transport.get_extra_info("socket")
    if line is None:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # macOS calls one of them otherwise
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
