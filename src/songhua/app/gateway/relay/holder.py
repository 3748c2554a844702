"""The end of the line that keeps: the platform, or another node.

A batch is confirmed once it is in the journal here. The platform also learns which loggers are at
which node, and writes to them through it.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from songhua.app.gateway.relay import protocol
from songhua.app.gateway.relay.loop import LoopThread
from songhua.app.gateway.relay.protocol import Batch, Broken, Secret, What
from songhua.app.gateway.relay.seen import Seen, meta_of
from songhua.ingest.hj212.received import KIND
from songhua.store import Entry, Journal

log = structlog.get_logger()

PLATFORM, NODE = "platform", "node"
_MOST_LINES = 200
_MOST_UNREAD = 4 * 1024 * 1024
_WRITERS = 4
_STRANGERS = 20
"""Connections that have not shown yet that they know the secret."""


class JournalDoor(Protocol):
    """What the holder needs from the journal."""

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk."""


@dataclass(eq=False, slots=True)
class NodeLink:
    """A node that is connected.

    Parameters
    ----------
    last
        The number of its newest entry, as it said last.
    kept
        The number confirmed to it last.
    systems
        The system (ST) of each logger that has a link there.
    """

    name: str
    journal: str
    address: str
    since: datetime
    writer: asyncio.StreamWriter
    last: int = 0
    kept: int = 0
    systems: dict[str, str] = field(default_factory=dict)


class Holder:
    """Listens to nodes in a thread of its own, until it is stopped.

    Parameters
    ----------
    door
        Where batches are appended.
    role
        `PLATFORM`, or `NODE` for one that keeps copies of others.
    own
        Identity of the journal here: what came in here needs no copy here.
    took
        Told of each new batch once it is in the journal, in the holder's thread.
    """

    def __init__(
        self,
        journal: Journal,
        door: JournalDoor,
        secret: Secret,
        *,
        role: str,
        own: str = "",
        took: Callable[[bytes], None] = lambda _body: None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._door, self._secret, self._role, self._own = door, secret, role, own
        self._took, self._tls = took, tls
        self._seen = Seen.read(journal)
        self._busy: dict[str, asyncio.Lock] = {}
        self._at: dict[str, NodeLink] = {}
        self._links: set[NodeLink] = set()
        self._strangers = 0
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="relay-journal")
        self._thread: LoopThread | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    def start(self, host: str, port: int) -> int:
        """Listen; return the port.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        self._thread = LoopThread("relay-holder")
        try:
            self._server = self._thread.call(
                asyncio.start_server(self._met, host, port, ssl=self._tls)
            )
        except OSError:
            self._thread.stop()
            raise
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    def stop(self) -> None:
        """Close; what is not confirmed comes again."""
        if self._thread is None or self._server is None:
            return
        self._thread.soon(self._server.close)
        self._thread.stop()
        self._writers.shutdown(wait=True)

    def nodes(self) -> list[NodeLink]:
        """Return the nodes that are connected."""
        return sorted(self._links.copy(), key=lambda link: link.name)

    def system_of(self, mn: str) -> str | None:
        """Return the system (ST) a logger speaks for at a node; None when it is at none."""
        link = self._at.get(mn)
        return None if link is None else link.systems.get(mn)

    def write(self, mn: str, frame: bytes) -> bool:
        """Have a node write to a logger; False when it is at none."""
        link = self._at.get(mn)
        if link is None or self._thread is None:
            return False
        told = protocol.words(What.WRITE, {"mn": mn, "frame": frame.hex()})
        self._thread.soon(lambda: _say(link.writer, told))
        return True

    # In the holder's thread

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        link: NodeLink | None = None
        try:
            if self._strangers >= _STRANGERS or len(self._links) >= _MOST_LINES:
                return
            self._strangers += 1
            try:
                link = await self._welcome(reader, writer, address)
            finally:
                self._strangers -= 1
            self._links.add(link)
            log.info("node connected", node=link.name, address=address)
            await self._listen(link, reader)
        except Broken as fault:
            log.warning("node refused or lost", address=address, fault=str(fault))
        except (EOFError, OSError):
            log.info("node gone", address=address, node=link.name if link else "")
        except asyncio.CancelledError:
            pass  # it is being stopped; the line closes below
        except Exception:
            log.exception("nothing more is taken from a node for now", address=address)
        finally:
            if link is not None:
                self._forget(link)
            writer.transport.abort()

    async def _welcome(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
    ) -> NodeLink:
        ours = protocol.nonce()
        writer.write(protocol.words(What.CHALLENGE, {"version": protocol.VERSION, "nonce": ours}))
        said = await protocol.expect(reader, What.HELLO)
        node, journal, theirs = said.get("node"), said.get("journal"), said.get("nonce")
        if not (protocol.is_name(node) and protocol.is_name(journal) and protocol.is_name(theirs)):
            raise Broken("no name")
        named = (ours, str(theirs), str(node), str(journal))
        if not self._secret.proves(said.get("proof"), "node", *named):
            raise Broken("wrong secret")
        proof = self._secret.proof(f"holder {self._role}", *named, self._own)
        told = {"role": self._role, "journal": self._own, "proof": proof}
        writer.write(protocol.words(What.WELCOME, told))
        return NodeLink(str(node), str(journal), address, datetime.now(UTC), writer)

    async def _listen(self, link: NodeLink, reader: asyncio.StreamReader) -> None:
        beat = asyncio.create_task(_beat(link.writer))
        try:
            while True:
                what, content = await protocol.read_frame(reader)
                if what is What.BATCH:
                    batch = protocol.read_batch(content)
                    await self._keep(batch)
                    link.kept = batch.seq
                    link.last = max(link.last, batch.seq)
                    _say(link.writer, protocol.kept_frame(batch.seq))
                elif what is What.LINKS:
                    self._note_links(link, protocol.read_words(content))
                elif what is What.BEAT:
                    said = protocol.read_words(content)
                    link.last = max(link.last, _number(said.get("last")))
                    link.kept = max(link.kept, _number(said.get("kept")))
                else:
                    raise Broken(f"{what.name} from a node")
        finally:
            beat.cancel()

    async def _keep(self, batch: Batch) -> None:
        """Keep a batch unless it is kept already; one of the same origin at a time."""
        origin = batch.origin
        if origin.journal == self._own:
            return
        digest = hashlib.sha256(batch.body).hexdigest()
        async with self._busy.setdefault(origin.journal, asyncio.Lock()):
            if (origin, digest) in self._seen:
                return
            await asyncio.get_running_loop().run_in_executor(
                self._writers, self._door.append, KIND, batch.body, meta_of(origin)
            )
            self._seen.add(origin, digest)
        self._took(batch.body)

    def _note_links(self, link: NodeLink, said: Mapping[str, Any]) -> None:
        for mn, system in said.items():
            if system is not None:
                link.systems[mn] = str(system)
                self._at[mn] = link
            else:
                link.systems.pop(mn, None)
                if self._at.get(mn) is link:
                    del self._at[mn]

    def _forget(self, link: NodeLink) -> None:
        self._links.discard(link)
        for mn in link.systems:
            if self._at.get(mn) is link:
                del self._at[mn]


def _number(found: object) -> int:
    return found if isinstance(found, int) else 0


async def _beat(writer: asyncio.StreamWriter) -> None:
    while True:
        await asyncio.sleep(protocol.BEAT)
        _say(writer, protocol.words(What.BEAT, {}))


def _say(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write; who does not read is dropped."""
    with suppress(OSError, RuntimeError):
        if writer.transport.is_closing():
            return
        writer.write(data)
        if writer.transport.get_write_buffer_size() > _MOST_UNREAD:
            writer.transport.abort()
