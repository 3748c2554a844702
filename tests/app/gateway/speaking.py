"""Saying something to a gateway, and looking at what came of it."""

import asyncio
import socket
from datetime import datetime, timedelta
from typing import Any

from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.app.simulate import Message, Report, mn_of, read_faults, run_fleet
from songhua.ingest.hj212 import Decoder, Frame
from songhua.model import BEIJING, Period

SITE, OTHER = "1121A", "1122A"
HOUR = datetime(2019, 6, 10, 9, tzinfo=BEIJING)
AIR = {"a21026": 12, "a21004": 20, "a21005": 1.0, "a05024": 80, "a34002": 60, "a34004": 35}
"""SO₂, NO₂, CO, O₃, PM₁₀, PM₂.₅ in the codes of HJ 212—2017."""


class Line:
    """A logger by hand."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._decoder = line, Decoder()
        self._frames: list[Frame] = []
        line.settimeout(5)

    def say(self, data: bytes) -> None:
        self._line.sendall(data)

    def hear(self) -> Frame:
        while not self._frames:
            found = self._decoder.feed(self._line.recv(65536))
            self._frames += [one for one in found if isinstance(one, Frame)]
        return self._frames.pop(0)

    def is_silent(self, seconds: float) -> bool:
        self._line.settimeout(seconds)
        try:
            return not self._line.recv(1000)
        except TimeoutError:
            return True
        finally:
            self._line.settimeout(5)


def said(site: str, at: datetime, **other: float) -> Message:
    groups = tuple(
        {f"{code}-Avg": f"{other.get(code, value):g}", f"{code}-Flag": "N"}
        for code, value in AIR.items()
    )
    return Message(mn_of(site), "2061", at, groups)


def send(gateway: GatewayService, messages: list[Message], faults: str = "") -> Report:
    report = asyncio.run(
        run_fleet(
            "127.0.0.1", gateway.port, messages, rate=2000, faults=read_faults(faults, seed=2)
        )
    )
    assert gateway.keeper.wait(20)
    return report


def raw(gateway: GatewayService, data: bytes, seconds: float = 1.0) -> list[Frame]:
    """Send bytes on a link of their own; return the answers."""
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(data)
        line.settimeout(seconds)
        decoder, found = Decoder(), []
        try:
            while got := line.recv(65536):
                found += decoder.feed(got)
                line.settimeout(0.2)
        except TimeoutError:
            pass
    assert gateway.keeper.wait(20)
    return [one for one in found if isinstance(one, Frame)]


def hours(platform: Songhua, site: str, first: datetime, count: int = 1) -> Any:
    span = Period(first, first + timedelta(hours=count))
    return platform.shelf.observations(period="hour", span=span, sites=[site])
