"""Where each logger is: on a link of this gateway, or at a node."""

from collections.abc import Callable

from songhua.app.gateway.relay import Holder
from songhua.app.gateway.server import Gateway
from songhua.ingest.hj212 import Decoder, Frame
from songhua.ingest.hj212.dialect import Dialect
from songhua.ingest.hj212.received import unpack

MaySpeak = Callable[[Frame, str], bool]
Hear = Callable[[Frame], None]
_TIME_WANTED = "1013"
_TIME_WANTED_FIELD = b"CN=1013"


class Switchboard:
    """What requests need: who is where, a way to write, and what is heard back.

    Parameters
    ----------
    gateway
        The links here; its loop also keeps the time.
    may_speak
        Asked of frames that came through nodes.
    """

    def __init__(self, gateway: Gateway, may_speak: MaySpeak) -> None:
        self._gateway, self._may_speak = gateway, may_speak
        self.nodes: Holder | None = None
        self.soon, self.after = gateway.soon, gateway.after
        self.listening = gateway.listening

    @property
    def now(self) -> float:
        """The instant by the loop's clock. [s]."""
        return self._gateway.now

    def on_frames(self, heard: Hear, asked_for_time: Hear) -> None:
        """Say who hears the frames listened to, and those that ask for the time."""
        self._gateway.heard, self._gateway.asked_for_time = heard, asked_for_time

    def system_of(self, mn: str) -> str | None:
        """Return the system (ST) that an identity speaks for; None when it has no link."""
        here = self._gateway.system_of(mn)
        if here is None and self.nodes is not None:
            return self.nodes.system_of(mn)
        return here

    def write(self, mn: str, frame: bytes) -> bool:
        """Write to an identity, here or through its node; False when it has no link."""
        return self._gateway.write(mn, frame) or (
            self.nodes is not None and self.nodes.write(mn, frame)
        )

    def took(self, body: bytes) -> None:
        """Listen to what came through a node and is in the journal; called in its thread."""
        if _TIME_WANTED_FIELD not in body and not any(
            mn.encode() in body for mn in list(self.listening)
        ):
            return
        for one in unpack(body):
            if one.fault:
                continue
            for piece in Decoder(Dialect(crc=one.crc)).feed(one.raw):
                if isinstance(piece, Frame) and self._may_speak(piece, one.address):
                    self._tell(piece)

    def _tell(self, frame: Frame) -> None:
        def told() -> None:
            if frame.mn in self.listening:
                self._gateway.heard(frame)
            if frame.cn == _TIME_WANTED:
                self._gateway.asked_for_time(frame)

        self.soon(told)
