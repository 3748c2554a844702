"""Frames of HJ 212 that did not come on a link go the same way as those that did."""

import threading
from datetime import UTC, datetime

from songhua.app.gateway import GatewayService, Keeper
from songhua.app.gateway.keeper import Assess
from songhua.ingest.hj212 import Damaged, Decoder
from songhua.ingest.hj212.received import KIND, Received, pack
from songhua.model import BadInput
from songhua.store import Journal, Shelf

_PATIENCE = 30.0


class Frames:
    """Takes frames: by the gateway where one runs, else by a keeper of its own."""

    def __init__(
        self, journal: Journal, shelf: Shelf, assess: Assess, gateway: GatewayService | None
    ) -> None:
        self._journal, self._shelf, self._assess = journal, shelf, assess
        self._gateway = gateway
        self._keeper: Keeper | None = None
        self._lock = threading.Lock()  # entries are offered in the order of their numbers

    @property
    def keeper(self) -> Keeper:
        """What brings them onto the shelf."""
        if self._gateway is not None:
            return self._gateway.keeper
        if self._keeper is None:
            self._keeper = Keeper(self._journal, self._shelf, self._assess)
            self._keeper.start()
        return self._keeper

    def take(self, raw: bytes, address: str) -> None:
        """Bring bytes into the journal; when this returns they are on the disk.

        Raises
        ------
        BadInput
            If they cannot be kept now: try again.
        """
        decoder, now = Decoder(), datetime.now(UTC)
        pieces = [
            Received(one.raw, address, now, one.fault.value if isinstance(one, Damaged) else "")
            for one in [*decoder.feed(raw), *decoder.end()]
        ]
        if self._gateway is None:
            with self._lock:
                keeper, body = self.keeper, pack(pieces)
                entry = self._journal.append(KIND, body, {"pieces": len(pieces)})
                keeper.offer(entry.seq, body)
            return
        kept = threading.Event()
        gateway = self._gateway.gateway
        gateway.soon(lambda: gateway.bring(pieces, kept.set))
        if not kept.wait(_PATIENCE):
            raise BadInput("日志没有收下报文。", "The journal did not take the message.")

    def close(self) -> None:
        """Finish what came."""
        if self._keeper is not None:
            self._keeper.stop()
