"""Many virtual loggers at once, at a given pace."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

from songhua.app.simulate.faults import Faults
from songhua.app.simulate.logger import Logger, Tally
from songhua.app.simulate.messages import Message

_TICK = 0.02
_STARTING = 200
"""Connections opened at once."""
_SETTLE = 60.0


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a run.

    Parameters
    ----------
    p50, p99
        Delay from a frame to its answer. [s]
    unanswered
        Frames never acknowledged.
    """

    loggers: int
    seconds: float
    sent: int
    sent_again: int
    acknowledged: int
    unanswered: int
    connects: int
    rate: float
    p50: float
    p99: float


async def run_fleet(
    host: str,
    port: int,
    messages: Iterable[Message],
    *,
    rate: float,
    seconds: float | None = None,
    stations: Iterable[str] = (),
    edition: int = 2017,
    faults: Faults | None = None,
    step: Callable[[Tally], None] = lambda _tally: None,
    told: Callable[[str, Message], None] = lambda _qn, _message: None,
) -> Report:
    """Send messages from as many loggers as there are identities.

    Parameters
    ----------
    messages
        In the order in which they go; without end where `seconds` is given.
    rate
        Frames a second of all loggers together.
    stations
        Identities that are connected from the start, also if they never speak.
    step
        Called now and then with the counts.
    told
        Called with each frame acknowledged.
    """
    faults, tally = faults or Faults(), Tally()
    loggers: dict[str, Logger] = {}

    async def logger_of(mn: str) -> Logger:
        if mn not in loggers:
            loggers[mn] = Logger(host, port, edition=edition, faults=faults, tally=tally, told=told)
            await loggers[mn].start()
        return loggers[mn]

    waiting = iter(stations)
    while batch := list(islice(waiting, _STARTING)):
        await asyncio.gather(*map(logger_of, batch))

    began = time.monotonic()
    source, sent = iter(messages), 0
    over = False
    while not over and (seconds is None or time.monotonic() - began < seconds):
        due = int((time.monotonic() - began) * rate) - sent
        for message in _some(source, due):
            if message is None:
                over = True
                break
            await (await logger_of(message.mn)).send(message)
            sent += 1
        if faults.strikes("storm"):
            await asyncio.gather(*(logger.drop() for logger in loggers.values()))
        step(tally)
        await asyncio.sleep(_TICK)
    spent = time.monotonic() - began
    await asyncio.gather(*(logger.settle(_SETTLE) for logger in loggers.values()))
    unanswered = sum(logger.unanswered for logger in loggers.values())
    await asyncio.gather(*(logger.stop() for logger in loggers.values()))
    delays = sorted(tally.delays) or [0.0]
    return Report(
        loggers=len(loggers),
        seconds=spent,
        sent=tally.sent,
        sent_again=tally.sent_again,
        acknowledged=tally.acknowledged,
        unanswered=unanswered,
        connects=tally.connects,
        rate=tally.acknowledged / spent if spent else 0.0,
        p50=delays[len(delays) // 2],
        p99=delays[int(len(delays) * 0.99)],
    )


async def play_back(
    host: str,
    port: int,
    messages: Iterable[Message],
    *,
    every: float,
    step: Callable[[datetime], None] = lambda _at: None,
) -> int:
    """Send the messages of each hour together, one hour after another; return how many went.

    Parameters
    ----------
    messages
        By time.
    every
        How long an hour takes. [s]
    step
        Called with each hour once it is acknowledged.
    """
    loggers: dict[str, Logger] = {}
    count = 0
    try:
        for at, hour in groupby(messages, key=lambda message: message.at):
            due = time.monotonic() + every
            for message in hour:
                if message.mn not in loggers:
                    loggers[message.mn] = Logger(host, port)
                    await loggers[message.mn].start()
                await loggers[message.mn].send(message)
                count += 1
            await asyncio.gather(*(logger.settle(_SETTLE) for logger in loggers.values()))
            step(at)
            await asyncio.sleep(due - time.monotonic())
    finally:
        await asyncio.gather(*(logger.stop() for logger in loggers.values()))
    return count


def _some(source: Iterator[Message], count: int) -> Iterator[Message | None]:
    """Yield so many messages, and None where there are no more."""
    for _ in range(count):
        message = next(source, None)
        yield message
        if message is None:
            return
