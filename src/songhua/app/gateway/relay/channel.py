"""One line from a node to who keeps its copies; it comes back by itself."""

import asyncio
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from songhua.app.gateway.relay import protocol
from songhua.app.gateway.relay.protocol import Batch, Broken, What
from songhua.model import BadInput

if TYPE_CHECKING:
    from songhua.app.gateway.relay.sender import Relay

log = structlog.get_logger()

_CONNECT = 5.0
_SOONEST, _LATEST = 0.1, 5.0
_STEADY = 5.0
"""A line that lasted so long is tried again at once. [s]"""
_AHEAD = 64
"""Batches on the line that are not confirmed yet."""
_LOOK = 0.25
_BEAT = 1.0
_AT_ONCE = 1000


class Channel:
    """Copies to one place.

    Parameters
    ----------
    kept
        The number confirmed there last.
    """

    def __init__(
        self, relay: "Relay", where: tuple[str, int], *, is_platform: bool, kept: int = 0
    ) -> None:
        self.kept = kept
        self.is_up = False
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._relay, self._where, self._is_platform = relay, where, is_platform
        self._ahead: set[int] = set()
        self._writer: asyncio.StreamWriter | None = None
        self._said = ""
        self._up_since = 0.0

    async def run(self) -> None:
        """Connect and send, again and again."""
        pause = _SOONEST
        while True:
            try:
                await self._converse()
            except (OSError, EOFError, TimeoutError, Broken) as fault:
                self._complain(repr(fault))
            except Exception:
                log.exception("copies stopped for now", to=self._name)
            if self._up_since and time.monotonic() - self._up_since > _STEADY:
                pause = _SOONEST
            await asyncio.sleep(pause * random.uniform(0.7, 1.3))  # noqa: S311 - no secret
            pause = min(_LATEST, pause * 2)

    def say(self, data: bytes) -> None:
        """Write where the line is up."""
        if self.is_up and self._writer is not None:
            with suppress(OSError, RuntimeError):
                self._writer.write(data)

    @property
    def _name(self) -> str:
        return f"{self._where[0]}:{self._where[1]}"

    def _complain(self, fault: str) -> None:
        """Say what is wrong once, not at every try."""
        if fault != self._said:
            log.warning("no line to who keeps copies", to=self._name, fault=fault)
            self._said = fault

    async def _converse(self) -> None:
        self._up_since = 0.0
        async with asyncio.timeout(_CONNECT):
            reader, writer = await asyncio.open_connection(*self._where, ssl=self._relay.tls)
        self._writer = writer
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._greet(reader, writer)
            self.is_up, self._up_since = True, time.monotonic()
            self._said = ""
            self._ahead.clear()
            log.info("line to who keeps copies", to=self._name)
            if self._is_platform:
                self._tell_links()
            tasks = [
                asyncio.create_task(work)
                for work in (self._send(writer), self._listen(reader), self._beat())
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                one.result()
        finally:
            self.is_up = False
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            writer.transport.abort()
            self._writer = None

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = self._relay
        challenge = await protocol.expect(reader, What.CHALLENGE)
        if challenge.get("version") != protocol.VERSION:
            raise Broken(f"version {challenge.get('version')}")
        theirs, ours = str(challenge.get("nonce")), protocol.nonce()
        named = (theirs, ours, relay.name, relay.identity)
        hello = {"node": relay.name, "journal": relay.identity, "nonce": ours}
        hello["proof"] = relay.secret.proof("node", *named)
        writer.write(protocol.words(What.HELLO, hello))
        try:
            said = await protocol.expect(reader, What.WELCOME)
        except EOFError as fault:
            raise Broken("refused: wrong secret?") from fault
        role, journal = str(said.get("role")), str(said.get("journal"))
        if not relay.secret.proves(said.get("proof"), f"holder {role}", *named, journal):
            raise Broken("it does not know the secret")
        if journal == relay.identity:
            raise Broken("this is the node itself: a copy here is none")
        if self._is_platform and role != "platform":
            raise Broken("this is no platform")

    def _tell_links(self) -> None:
        every = list(self._relay.systems.items())
        for begin in range(0, len(every), _AT_ONCE):
            self.say(protocol.words(What.LINKS, dict(every[begin : begin + _AT_ONCE])))

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        relay = self._relay
        sent = self.kept
        while True:
            if not self._is_platform:  # what the platform has needs no other copy
                sent = max(sent, relay.delivered)
            if sent >= relay.ready or not relay.is_due(self):
                await self._pause()
                continue
            last = relay.ready
            part = await relay.read(sent, last)
            if not part:
                log.error("entries cannot be read again", after=sent, to=last)
                sent = last
            for entry, body in part:
                origin = relay.origin(entry)
                if self._is_platform or origin.journal == relay.identity:
                    while len(self._ahead) >= _AHEAD:
                        await self._pause()
                    self._ahead.add(entry.seq)
                    writer.write(protocol.batch_frame(Batch(entry.seq, origin, body)))
                    await writer.drain()
                sent = entry.seq

    async def _pause(self) -> None:
        self.wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK):
                await self.wake.wait()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            what, content = await protocol.read_frame(reader)
            if what is What.KEPT:
                seq = int.from_bytes(content, "big")
                if seq not in self._ahead:
                    raise Broken(f"confirms {seq}, which was not sent")
                self._ahead = {one for one in self._ahead if one > seq}
                self.kept = max(self.kept, seq)
                self.wake.set()
                self._relay.kept_more()
            elif what is What.WRITE and self._is_platform:
                self._write(protocol.read_words(content))
            elif what is not What.BEAT:
                raise Broken(f"{what.name} from who keeps copies")

    def _write(self, said: dict[str, object]) -> None:
        try:
            mn, frame = str(said["mn"]), bytes.fromhex(str(said["frame"]))
        except (KeyError, ValueError) as fault:
            raise Broken("nothing to write") from fault
        with suppress(BadInput):
            self._relay.wrote(mn, frame)

    async def _beat(self) -> None:
        while True:
            told = {"last": self._relay.ready, "kept": self.kept}
            self.say(protocol.words(What.BEAT, told))
            await asyncio.sleep(_BEAT)
