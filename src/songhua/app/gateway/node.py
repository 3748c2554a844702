"""A gateway beside others: a journal of its own, no shelf; what comes goes to the platform."""

import ssl
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import structlog
from django.db import connections

from songhua.app.gateway.intake import Intake
from songhua.app.gateway.limits import DEFAULT, Limits
from songhua.app.gateway.proxy import Networks
from songhua.app.gateway.relay import CopiedJournal, Holder, Relay, Secret
from songhua.app.gateway.relay.cursor import Cursor, identity_of
from songhua.app.gateway.relay.protocol import is_name
from songhua.app.gateway.server import Gateway
from songhua.ingest.hj212 import Damaged, Dialect, Fault, Frame
from songhua.ingest.hj212.identify import dialect_of, mn_in, refusal
from songhua.model import BadInput, KnownDevice
from songhua.store import Journal
from songhua.store.registry import links

log = structlog.get_logger()

Address = tuple[str, int]

_REGISTER_EVERY = 5.0
_FIRST_READING = 5.0
_SWITCH = 0.0005
_DRAIN = 8.0


@dataclass(frozen=True, slots=True)
class NodeOrder:
    """How a node is to run.

    Parameters
    ----------
    name
        By which people know it; its journal has an identity besides.
    listen
        Where loggers connect.
    platform, mates
        Where the platform, and other nodes, take copies.
    nodes
        Where it takes copies of other nodes; None for nowhere.
    alone
        Whether to acknowledge also where nobody takes copies.
    balancers
        Whose PROXY headers are believed.
    tls, node_tls, relay_tls
        Of what loggers, other nodes, and copies connect to.
    """

    name: str
    listen: Address
    platform: Address
    secret: Secret
    mates: tuple[Address, ...] = ()
    nodes: Address | None = None
    alone: bool = False
    balancers: Networks = ()
    limits: Limits = DEFAULT
    tls: ssl.SSLContext | None = None
    node_tls: ssl.SSLContext | None = None
    relay_tls: ssl.SSLContext | None = None


class Node:
    """A gateway whose answers wait for a copy elsewhere."""

    def __init__(self, journal: Journal, folder: Path, order: NodeOrder) -> None:
        identity = identity_of(folder)
        self._journal, self._register = journal, Register()
        self.relay = Relay(
            journal,
            Cursor(folder),
            order.secret,
            name=order.name,
            identity=identity,
            platform=order.platform,
            mates=order.mates,
            alone=order.alone,
            wrote=self._write,
            tls=order.relay_tls,
        )
        intake = Intake(journal, self.relay.offer)
        self.holder = Holder(
            journal, intake, order.secret, role="node", own=identity, tls=order.node_tls
        )
        self.gateway = Gateway(
            CopiedJournal(intake, self.relay),
            _nothing_more,
            dialect_of=self._register.dialect_of,
            may_speak=self._register.may_speak,
            limits=order.limits,
            tls=order.tls,
            balancers=order.balancers,
        )
        self.gateway.moved = self.relay.moved
        self.port = self.nodes_port = 0

    @classmethod
    def open(cls, folder: Path, order: NodeOrder) -> Self:
        """Open the journal, go on delivering, and listen.

        Raises
        ------
        BadInput
            If the name is none, another process has the journal, or an address cannot be used.
        """
        if not is_name(order.name):
            raise BadInput(
                f"节点名只能用字母、数字和 . _ -：{order.name}。",
                f"A node's name has letters, digits and . _ - only: {order.name}.",
            )
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
        journal = Journal.open(folder)
        node = cls(journal, folder, order)
        try:
            node.start(order)
        except OSError as fault:
            node.close()
            raise BadInput(
                f"节点无法监听（{fault.strerror}）。", f"The node cannot listen ({fault.strerror})."
            ) from fault
        return node

    def start(self, order: NodeOrder) -> None:
        """Deliver what a stop left, then listen; raise `OSError` where an address is in use."""
        self._register.start()
        self.relay.start()
        if order.nodes is not None:
            self.nodes_port = self.holder.start(*order.nodes)
        self.port = self.gateway.start(*order.listen)

    def close(self) -> None:
        """Take no more, answer what has copies, deliver the rest, and close."""
        too_long = threading.Timer(_DRAIN, self.relay.give_up)
        too_long.daemon = True
        too_long.start()
        self.gateway.stop()
        too_long.cancel()
        self.holder.stop()
        self.relay.stop(seconds=_DRAIN)
        self._register.stop()
        self._journal.close()

    def _write(self, mn: str, frame: bytes) -> None:
        with suppress(RuntimeError):  # the links are closed already
            self.gateway.soon(lambda: self._write_now(mn, frame))

    def _write_now(self, mn: str, frame: bytes) -> None:
        self.gateway.write(mn, frame)


class Register:
    """The loggers as the registry knew them last: it may be away."""

    def __init__(self) -> None:
        self._devices: dict[str, KnownDevice] = {}
        self._stopping, self._read = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="node-register", daemon=True)

    def start(self) -> None:
        """Read it, and go on reading; where it is away nobody waits long."""
        self._thread.start()
        self._read.wait(_FIRST_READING)

    def stop(self) -> None:
        """Read no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def dialect_of(self, raw: bytes) -> Dialect:
        """Return the dialect of the device that a damaged frame names."""
        return dialect_of(self._devices.get(mn_in(Damaged(Fault.CRC, raw))))

    def may_speak(self, frame: Frame, address: str) -> bool:
        """Return whether a frame speaks for a registered logger."""
        return refusal(frame, self._devices.get(frame.mn), address) is None

    def _run(self) -> None:
        is_away = False
        try:
            while not self._stopping.is_set():
                try:
                    self._devices = links.known_devices()
                    is_away = False
                except Exception:
                    if not is_away:
                        log.exception("the registry is away; loggers are as they were known last")
                    is_away = True
                    connections.close_all()
                self._read.set()
                self._stopping.wait(_REGISTER_EVERY)
        finally:
            connections.close_all()


def _nothing_more(_seq: int, _body: bytes) -> None:
    """Keep quiet: the relay was told by `Intake`."""
