"""The gateway: HJ 212 over TCP, journal before reply, one way onto the shelf."""

import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from songhua.app.gateway.commander import Commander
from songhua.app.gateway.gaps import Gaps
from songhua.app.gateway.intake import Intake
from songhua.app.gateway.keeper import Assess, Keeper
from songhua.app.gateway.limits import DEFAULT, Limits
from songhua.app.gateway.proxy import Networks
from songhua.app.gateway.relay import Holder, NodeLink, Secret
from songhua.app.gateway.server import Gateway
from songhua.app.gateway.switchboard import Switchboard
from songhua.app.gateway.watch import Watch
from songhua.store import Journal, Shelf

__all__ = ["Gateway", "GatewayService", "Keeper", "Limits", "NodeLink", "tls_context"]

_SWITCH = 0.0005
"""How long a thread may keep the others waiting. [s]"""


class GatewayService:
    """The listening half and the keeping half together."""

    def __init__(
        self,
        journal: Journal,
        shelf: Shelf,
        gateway: Gateway,
        keeper: Keeper,
        intake: Intake,
        port: int,
    ) -> None:
        self.gateway, self.keeper, self.port = gateway, keeper, port
        self._journal, self._intake = journal, intake
        self._switchboard = Switchboard(gateway, keeper.may_speak)
        self._holder: Holder | None = None
        self.commander = Commander(self._switchboard, journal, changed=keeper.refresh)
        self.gaps = Gaps(shelf, self.commander)
        self.gaps.start()
        self.watch = Watch(keeper.reached)
        self.watch.start()

    @classmethod
    def open(
        cls,
        journal: Journal,
        shelf: Shelf,
        assess: Assess,
        *,
        host: str | None,
        port: int,
        limits: Limits = DEFAULT,
        tls: ssl.SSLContext | None = None,
        balancers: Networks = (),
    ) -> Self:
        """Take up what was left unread, and listen; with no host to nodes alone.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        # Answers wait for the interpreter's lock three times; by default 5 ms each.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
        keeper = Keeper(journal, shelf, assess)
        keeper.start()
        intake = Intake(journal, keeper.offer)
        gateway = Gateway(
            intake,
            _nothing_more,
            dialect_of=keeper.dialect_of,
            may_speak=keeper.may_speak,
            keys_of=keeper.keys_of,
            limits=limits,
            tls=tls,
            balancers=balancers,
        )
        try:
            return cls(journal, shelf, gateway, keeper, intake, gateway.start(host, port))
        except OSError:
            keeper.stop()
            raise

    def accept_nodes(
        self, host: str, port: int, secret: Secret, *, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen to gateway nodes too; return the port.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        took = self._switchboard.took
        holder = Holder(self._journal, self._intake, secret, role="platform", took=took, tls=tls)
        found = holder.start(host, port)
        self._holder = self._switchboard.nodes = holder
        return found

    def nodes(self) -> list[NodeLink]:
        """Return the gateway nodes that are connected."""
        return [] if self._holder is None else self._holder.nodes()

    def send(
        self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str = ""
    ) -> int:
        """Send a request to a logger, as `Commander.send`; return its number in the registry."""
        return self.commander.send(mn, cn, values, author=author, why=why)

    def close(self) -> None:
        """Answer what came, then finish it."""
        self.watch.stop()
        self.gaps.stop()
        if self._holder is not None:
            self._holder.stop()
        self.gateway.stop()
        self.commander.close()
        self.keeper.stop()


def _nothing_more(_seq: int, _body: bytes) -> None:
    """Keep quiet: `Intake` offers what is in the journal."""


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a listener with this certificate (PEM)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
