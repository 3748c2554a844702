"""One virtual logger: keeps what is not acknowledged and sends it again, as the standard asks."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from songhua.app.simulate.faults import Faults
from songhua.app.simulate.messages import Message, request_number
from songhua.ingest.hj212 import Decoder, Frame, encode, executed, request_reply
from songhua.ingest.hj212.sm4 import encrypt_frame
from songhua.model import BEIJING

WAIT = 5.0
"""Seconds for an answer (HJ 212—2017, 6.5: by default 5 s, 3 times)."""
_AGAIN = 0.5
_KEPT = 1000
_ACCEPTED, _DONE = 1, 1
_FORM = "%Y%m%d%H%M%S"
_ANSWERS = ("9014", "9013")
_SERIAL = "00000000000000000000A001"


@dataclass(slots=True)
class Tally:
    """What a fleet did, counted.

    Parameters
    ----------
    delays
        From the last byte of a frame to its answer. [s]
    """

    sent: int = 0
    sent_again: int = 0
    acknowledged: int = 0
    connects: int = 0
    refused: int = 0
    delays: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Sent:
    frame: bytes
    message: Message
    at: float


class Logger:
    """A logger that is connected while it runs.

    Parameters
    ----------
    told
        Called with request number and message when a frame was acknowledged.
    key
        Its SM4 key; empty for none until it is given one (1014).
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        edition: int = 2017,
        faults: Faults | None = None,
        tally: Tally | None = None,
        told: Callable[[str, Message], None] | None = None,
        key: bytes = b"",
    ) -> None:
        self._where = (host, port)
        self._edition = edition
        self._faults = faults or Faults()
        self.tally = tally or Tally()
        self._told = told or (lambda _qn, _message: None)
        self._open: OrderedDict[str, _Sent] = OrderedDict()
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._held: bytes | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._keys = [key] if key else []
        self._said: dict[tuple[str, datetime], tuple[Mapping[str, str], ...]] = {}

    @property
    def unanswered(self) -> int:
        """Frames sent and not acknowledged."""
        return len(self._open)

    async def start(self) -> None:
        """Connect, and stay connected until `stop`."""
        self._task = asyncio.create_task(self._stay())
        await self._ready.wait()

    async def send(self, message: Message) -> None:
        """Send an upload; it is kept until acknowledged."""
        await asyncio.sleep(self._faults.pause())
        self._number += 1
        qn = request_number(datetime.now(BEIJING), self._number)
        while qn in self._open:  # more than a thousand within a second
            self._number += 1
            qn = request_number(datetime.now(BEIJING), self._number)
            await asyncio.sleep(0)
        self._remember(message)
        frame = message.frame(qn, edition=self._edition, shift=self._faults.shift())
        frame = self._hidden(frame)
        self._open[qn] = _Sent(frame, message, asyncio.get_running_loop().time())
        self.tally.sent += 1
        await self._put(frame)

    def _remember(self, message: Message) -> None:
        """Keep what was measured, for the commands that ask for it again."""
        self._said[message.cn, message.at] = message.groups
        while len(self._said) > _KEPT:
            del self._said[next(iter(self._said))]

    async def settle(self, seconds: float) -> bool:
        """Wait until all is acknowledged, sending again what is not; False when time is up."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._open and loop.time() < end:
            await asyncio.sleep(min(WAIT, max(0.02, (end - loop.time()) / 50)))
            await self._send_again(older=WAIT)
        return not self._open

    async def drop(self) -> None:
        """Break the link; it comes back by itself."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def stop(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        if self._writer is not None:
            self._writer.close()

    async def _stay(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_connection(*self._where)
            except OSError:
                self.tally.refused += 1
                await asyncio.sleep(_AGAIN)
                continue
            self.tally.connects += 1
            self._ready.set()
            again = asyncio.create_task(self._send_again(older=0))
            await self._listen(reader)
            again.cancel()
            self._writer.close()
            self._writer = None
            await asyncio.sleep(_AGAIN)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        decoder = Decoder(keys=lambda _mn: self._keys)
        with suppress(OSError):
            while data := await reader.read(65536):
                for piece in decoder.feed(data):
                    if not isinstance(piece, Frame):
                        continue
                    if piece.cn in _ANSWERS:
                        self._answered(piece.qn)
                    else:
                        await self._obey(piece)

    def _answered(self, qn: str) -> None:
        sent = self._open.pop(qn, None)
        if sent is not None:
            self.tally.acknowledged += 1
            self.tally.delays.append(asyncio.get_running_loop().time() - sent.at)
            self._told(qn, sent.message)

    async def _obey(self, asked: Frame) -> None:
        """Answer a command: accepted, the data if it asks for some, done."""
        await self._write(request_reply(asked, _ACCEPTED))
        for groups in self._wanted(asked):
            fields = {"QN": asked.qn, "ST": asked.st, "CN": asked.cn, "PW": asked.pw}
            fields |= {"MN": asked.mn, "Flag": str((asked.flag or 0) & ~1)}
            await self._write(self._hidden(encode(fields, groups)))
        self._take_key(asked)
        await self._write(executed(asked, _DONE))

    def _take_key(self, asked: Frame) -> None:
        key = next((group["NewSK"] for group in asked.groups if "NewSK" in group), "")
        if asked.cn == "1014" and key:
            self._keys.insert(0, key.encode())

    def _hidden(self, frame: bytes) -> bytes:
        """Return a frame with its CP encrypted where the standard asks and there is a key."""
        return encrypt_frame(frame, self._keys[0]) if self._keys else frame

    def _wanted(self, asked: Frame) -> list[list[Mapping[str, str]]]:
        """Return the CP of each data packet that a command asks for."""
        if asked.cn == "1011":
            return [[{"SystemTime": f"{datetime.now(BEIJING):{_FORM}}"}]]
        if asked.cn == "3019":
            pol = next((group["PolId"] for group in asked.groups if "PolId" in group), "")
            now = f"{datetime.now(BEIJING):{_FORM}}"
            return [[{"DataTime": now}, {"PolId": pol}, {f"{pol}-SN": _SERIAL}]]
        span = {name: value for group in asked.groups for name, value in group.items()}
        first, last = span.get("BeginTime", ""), span.get("EndTime", "")
        return [
            [{"DataTime": f"{at:{_FORM}}"}, *groups]
            for (cn, at), groups in sorted(self._said.items())
            if cn == asked.cn and first <= f"{at:{_FORM}}" <= last
        ]

    async def _send_again(self, *, older: float) -> None:
        now = asyncio.get_running_loop().time()
        for qn in [qn for qn, sent in self._open.items() if now - sent.at >= older]:
            sent = self._open.get(qn)
            if sent is not None:
                sent.at = asyncio.get_running_loop().time()
                self.tally.sent_again += 1
                await self._write(sent.frame)

    async def _put(self, frame: bytes) -> None:
        """Write a frame with whatever fault strikes it."""
        if self._faults.strikes("reorder") and self._held is None:
            self._held = frame
            return
        if self._faults.strikes("cut"):
            await self._write(self._faults.cut(frame))
            await self.drop()
            return
        if self._faults.strikes("crc"):
            await self._write(self._faults.spoiled(frame))
            return
        for piece in self._faults.pieces(frame):
            await self._write(piece)
        if self._held is not None:
            held, self._held = self._held, None
            await self._write(held)

    async def _write(self, data: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            return  # it is kept, and goes when the link is back
        with suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()
