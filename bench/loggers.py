"""Lean loggers for load: frames made by filling in a form, one protocol object a connection.

``python -m bench.loggers PORT --loggers 500 --rate 3000 --seconds 60`` runs in a process of its
own, so that what it costs is not counted as the gateway's, and prints one JSON object. Values are
made up; nothing of it is ever shown as observed.
"""

import argparse
import asyncio
import gc
import json
import time
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from songhua.app.simulate import mn_of
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212 import crc16
from songhua.model import BEIJING

CODES = (
    *("a21026", "a21004", "a21003", "a21002", "a21005"),
    *("a05024", "a34002", "a34004", "a34001", "a01002"),
)
"""Ten factors a frame; with their minima it is about 550 bytes long."""
START = datetime(2020, 1, 1, tzinfo=BEIJING)
_FORM = "%Y%m%d%H%M%S"
_TICK = 0.005
_STARTING = 200
_KINDS = 97
_ANSWER = b"CN=9014"
_SOURCES = 20
"""Addresses of this machine that connections come from: 127.0.0.1 … 127.0.0.20."""


class Logger(asyncio.Protocol):
    """One connection: remembers when each frame went, in order."""

    __slots__ = ("delays", "is_open", "mn", "open", "part", "transport")

    def __init__(self, mn: str, delays: list[float]) -> None:
        self.mn, self.delays = mn, delays
        self.open: deque[float] = deque()
        self.part = b""
        self.is_open = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be connected."""
        self.transport = transport  # type: ignore[assignment]  # a stream's is a Transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Count answers; they come in the order of the frames."""
        lines = (self.part + data).split(b"\n")
        self.part = lines.pop()
        now = time.perf_counter()
        for line in lines:
            if _ANSWER in line:
                self.delays.append(now - self.open.popleft())

    def connection_lost(self, exc: Exception | None) -> None:
        """Be cut off."""
        self.is_open = False

    def send(self, frame: bytes) -> None:
        """Send a frame and wait for its answer."""
        assert self.transport is not None
        self.open.append(time.perf_counter())
        self.transport.write(frame)


def frames(loggers: list[Logger]) -> Iterator[tuple[Logger, bytes]]:
    """Yield a logger and its next minute, round and round."""
    values = [
        ";".join(
            f"{code}-Min=50,{code}-Avg={50 + (kind * 7 + n) % 40}.{kind % 10},{code}-Flag=N"
            for n, code in enumerate(CODES)
        )
        for kind in range(_KINDS)
    ]
    turn = 0
    while True:
        at = (START + timedelta(minutes=turn)).strftime(_FORM)
        head = f"QN={at}{turn % 1000:03d};ST=22;CN=2051;PW={PASSWORD};MN="
        for number, logger in enumerate(loggers):
            said = values[(number + turn) % _KINDS]
            segment = f"{head}{logger.mn};Flag=5;CP=&&DataTime={at};{said}&&".encode()
            yield logger, b"##%04d%b%04X\r\n" % (len(segment), segment, crc16(segment))
        turn += 1


async def connect(port: int, loggers: list[Logger], *, within: float = 0.0) -> float:
    """Connect all, spread over so many seconds; return how long it took."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(_STARTING)
    began = time.monotonic()

    async def one(number: int, logger: Logger) -> None:
        await asyncio.sleep(within * number / len(loggers))
        async with gate:
            while not logger.is_open:
                try:
                    source = (f"127.0.0.{1 + number % _SOURCES}", 0)
                    await loop.create_connection(
                        lambda: logger, "127.0.0.1", port, local_addr=source
                    )
                except OSError:
                    await asyncio.sleep(0.2)

    await asyncio.gather(*(one(number, logger) for number, logger in enumerate(loggers)))
    return time.monotonic() - began


async def run(
    port: int, count: int, rate: float, seconds: float, *, storm: bool
) -> dict[str, float]:
    """Connect, speak, and return what came of it."""
    delays: list[float] = []
    loggers = [Logger(mn_of(f"L{number:05d}"), delays) for number in range(count)]
    connected = await connect(port, loggers)
    if storm:
        for logger in loggers:
            assert logger.transport is not None
            logger.transport.abort()
        await asyncio.sleep(0.5)
        connected = await connect(port, loggers, within=10.0)
    gc.freeze()
    print(json.dumps({"connected": connected}), flush=True)
    source = frames(loggers)
    if storm or not rate:  # each says one thing: is everyone served?
        for _ in loggers:
            logger, frame = next(source)
            logger.send(frame)
    began, sent = time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        for _ in range(int(spent * rate) - sent):
            logger, frame = next(source)
            logger.send(frame)
            sent += 1
        await asyncio.sleep(_TICK)
    spoken = time.monotonic() - began
    while any(logger.open for logger in loggers) and time.monotonic() - began < seconds + 90:
        await asyncio.sleep(0.05)
    served = time.monotonic() - began
    delays.sort()
    return {
        "loggers": count,
        "connected": connected,
        "lost": sum(not logger.is_open for logger in loggers),
        "unanswered": sum(len(logger.open) for logger in loggers),
        "answered": len(delays),
        "rate": sent / spoken,
        "served": served,
        "p50": delays[len(delays) // 2] if delays else 0.0,
        "p99": delays[int(len(delays) * 0.99)] if delays else 0.0,
        "longest": delays[-1] if delays else 0.0,
    }


def main() -> None:
    """Speak to a gateway on this machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--loggers", type=int, default=500)
    parser.add_argument("--rate", type=float, default=3_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--storm", action="store_true")
    asked = parser.parse_args()
    came = asyncio.run(run(asked.port, asked.loggers, asked.rate, asked.seconds, storm=asked.storm))
    print(json.dumps(came), flush=True)


if __name__ == "__main__":
    main()
