"""The node's end of the line: nothing is acknowledged to a logger before a copy lies elsewhere.

The platform gets every entry of the node's journal in order: that is the delivery. Mates get what
waits for the platform, but only while the platform does not answer.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog

from songhua.app.gateway.relay.channel import Channel
from songhua.app.gateway.relay.cursor import Cursor
from songhua.app.gateway.relay.loop import LoopThread
from songhua.app.gateway.relay.protocol import Origin, Secret, What, words
from songhua.app.gateway.relay.seen import origin_in
from songhua.ingest.hj212.received import KIND
from songhua.model import BadInput
from songhua.store import Entry, Journal

log = structlog.get_logger()

Address = tuple[str, int]
Wrote = Callable[[str, bytes], None]
"""Called with identity and frame where the platform writes to a logger here."""

_PATIENCE = 0.5
"""The platform has so long before a mate is asked too. [s]"""
_ALONE_AFTER = 2.0
_NOTE_EVERY = 0.5
_PORTION = 4 * 1024 * 1024


class Relay:
    """Sends copies in a thread of its own.

    Parameters
    ----------
    identity
        Of this node's journal.
    alone
        Whether to go on where nobody keeps copies; then a lost disk loses what was acknowledged.
    """

    def __init__(
        self,
        journal: Journal,
        cursor: Cursor,
        secret: Secret,
        *,
        name: str,
        identity: str,
        platform: Address,
        mates: Sequence[Address] = (),
        alone: bool = False,
        wrote: Wrote = lambda _mn, _frame: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.name, self.identity, self.secret, self.tls = name, identity, secret, tls
        self._journal, self._cursor, self._alone = journal, cursor, alone
        self.wrote = wrote
        self.ready = journal.last_seq
        """The number of the newest entry that is on the disk."""
        self.systems: dict[str, str] = {}
        self._waiting_since: float | None = None
        self._changed = threading.Condition()
        self._gave_up = threading.Event()
        self._noted = min(cursor.read(), self.ready)
        self._platform = Channel(self, platform, is_platform=True, kept=self._noted)
        self._mates = [Channel(self, mate, is_platform=False) for mate in mates]
        self._thread: LoopThread | None = None

    def start(self) -> None:
        """Connect, and stay connected."""
        self._thread = LoopThread("relay-sender")
        loop = self._thread.loop
        self._thread.soon(lambda: self._begin(loop))

    def give_up(self) -> None:
        """Let nobody wait for copies any longer: what has none is not acknowledged."""
        self._gave_up.set()
        with self._changed:
            self._changed.notify_all()

    def stop(self, *, seconds: float = 10.0) -> None:
        """Deliver what is left, for a while, and close; the rest goes after the next start."""
        if self._thread is None:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._platform.kept >= self.ready, timeout=seconds)
        self._thread.stop()
        self._cursor.write(self._platform.kept)
        if self._platform.kept < self.ready:
            log.warning("not delivered yet", entries=self.ready - self._platform.kept)

    def offer(self, seq: int, _body: bytes = b"") -> None:
        """Take note of an entry that is on the disk; never waits."""
        self.ready = seq
        self._wake()

    def wait(self, seq: int) -> None:
        """Return when an entry is also elsewhere.

        Raises
        ------
        BadInput
            If the node stops meanwhile.
        """
        began = self._waiting_since = time.monotonic()
        self._wake()
        try:
            with self._changed:
                while self.confirmed < seq:
                    if self._gave_up.is_set():
                        raise BadInput("没有副本，不作应答。", "No copy elsewhere: no answer.")
                    if self._alone and time.monotonic() - began > _ALONE_AFTER:
                        return
                    self._changed.wait(0.25)
        finally:
            self._waiting_since = None

    def moved(self, mn: str, system: str | None) -> None:
        """Take note of where a logger's link is: the system it speaks for, None when gone."""
        if self._thread is not None:
            self._thread.soon(lambda: self._note_link(mn, system))

    @property
    def confirmed(self) -> int:
        """Up to where all is elsewhere too."""
        return max(self._platform.kept, *(mate.kept for mate in self._mates), 0)

    @property
    def delivered(self) -> int:
        """Up to where the platform has it."""
        return self._platform.kept

    # In the relay's thread

    def is_due(self, channel: Channel) -> bool:
        """Return whether a mate is to get copies: the platform does not confirm."""
        if channel is self._platform:
            return True
        since = self._waiting_since
        if since is None:
            return False
        return not self._platform.is_up or time.monotonic() - since > _PATIENCE

    def kept_more(self) -> None:
        """Tell those who wait that more was confirmed."""
        with self._changed:
            self._changed.notify_all()

    async def read(self, after: int, last: int) -> list[tuple[Entry, bytes]]:
        """Return the next entries up to one, a bounded number of bytes of them."""
        return await asyncio.to_thread(self._read, after, last)

    def origin(self, entry: Entry) -> Origin:
        """Return where an entry came in first."""
        here = Origin(self.name, self.identity, entry.seq, int(entry.meta.get("pieces", 0)))
        return origin_in(entry) or here

    def _read(self, after: int, last: int) -> list[tuple[Entry, bytes]]:
        found, size = [], 0
        for entry, body in self._journal.bodies(after=after, kinds=(KIND,)):
            if entry.seq > last or size > _PORTION:
                break
            found.append((entry, body))
            size += len(body)
        return found

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        for channel in (self._platform, *self._mates):
            channel.task = loop.create_task(channel.run())
        self._noting = loop.create_task(self._note())

    def _wake(self) -> None:
        if self._thread is not None:
            self._thread.soon(self._wake_all)

    def _wake_all(self) -> None:
        for channel in (self._platform, *self._mates):
            channel.wake.set()

    def _note_link(self, mn: str, system: str | None) -> None:
        if system is None:
            self.systems.pop(mn, None)
        else:
            self.systems[mn] = system
        self._platform.say(words(What.LINKS, {mn: system}))

    async def _note(self) -> None:
        """Write down now and then how far all is delivered."""
        while True:
            await asyncio.sleep(_NOTE_EVERY)
            if self._platform.kept > self._noted:
                reached = self._platform.kept
                with suppress(OSError):  # it is only a shorter way
                    await asyncio.to_thread(self._cursor.write, reached)
                    self._noted = reached


class CopiedJournal:
    """The journal as a node's gateway sees it: what it says is kept lies elsewhere too."""

    def __init__(self, door: Any, relay: Relay) -> None:
        self._door, self._relay = door, relay

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk here and at one other place."""
        entry: Entry = self._door.append(kind, body, meta)
        self._relay.wait(entry.seq)
        return entry
