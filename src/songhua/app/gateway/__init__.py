"""The gateway: HJ 212 over TCP, journal before reply, one way onto the shelf."""

import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from songhua.app.gateway.commander import Commander
from songhua.app.gateway.gaps import Gaps
from songhua.app.gateway.keeper import Assess, Keeper
from songhua.app.gateway.limits import DEFAULT, Limits
from songhua.app.gateway.server import Gateway
from songhua.store import Journal, Shelf

__all__ = ["Gateway", "GatewayService", "Keeper", "Limits", "tls_context"]

_SWITCH = 0.0005
"""How long a thread may keep the others waiting. [s]"""


class GatewayService:
    """The listening half and the keeping half together."""

    def __init__(
        self, journal: Journal, shelf: Shelf, gateway: Gateway, keeper: Keeper, port: int
    ) -> None:
        self.gateway, self.keeper, self.port = gateway, keeper, port
        self.commander = Commander(gateway, journal, changed=keeper.refresh)
        self.gaps = Gaps(shelf, self.commander)
        self.gaps.start()

    @classmethod
    def open(
        cls,
        journal: Journal,
        shelf: Shelf,
        assess: Assess,
        *,
        host: str,
        port: int,
        limits: Limits = DEFAULT,
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Take up what was left unread, and listen.

        Raises
        ------
        OSError
            If the address cannot be listened on.
        """
        # Answers wait for the interpreter's lock three times; by default 5 ms each.
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
        keeper = Keeper(journal, shelf, assess)
        keeper.start()
        gateway = Gateway(
            journal,
            keeper.offer,
            dialect_of=keeper.dialect_of,
            may_speak=keeper.may_speak,
            keys_of=keeper.keys_of,
            limits=limits,
            tls=tls,
        )
        try:
            return cls(journal, shelf, gateway, keeper, gateway.start(host, port))
        except OSError:
            keeper.stop()
            raise

    def send(
        self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str = ""
    ) -> int:
        """Send a request to a logger, as `Commander.send`; return its number in the registry."""
        return self.commander.send(mn, cn, values, author=author, why=why)

    def close(self) -> None:
        """Answer what came, then finish it."""
        self.gaps.stop()
        self.gateway.stop()
        self.commander.close()
        self.keeper.stop()


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a listener with this certificate (PEM)."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context
