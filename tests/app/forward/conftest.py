"""An upstream by hand, and a platform that forwards to it soon."""

import socket
import threading
import time
from collections.abc import Callable

import pytest

from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.ingest.hj212 import Decoder, Frame, data_reply
from tests.app.gateway.conftest import gateway

__all__ = ["Platform212", "gateway", "soon"]

Answer = Callable[[Frame, int], int]
"""A frame and how often it came → how often it is answered; -1 closes the link."""


class Platform212:
    """A platform that receives HJ 212."""

    def __init__(self, answer: Answer = lambda _frame, _time: 1, port: int = 0) -> None:
        self.answer = answer
        self.frames: list[Frame] = []
        self.answers: list[Frame] = []
        self.ask = b""
        self.delay = 0.0
        self._listener = socket.create_server(("127.0.0.1", port))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = threading.Event()
        self._came: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def data(self) -> list[str]:
        """Return CP's DataTime and MN of each frame in the order of its first coming."""
        return list(dict.fromkeys(self._name(one) for one in self.frames))

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(5)
        self._listener.close()

    def wait(self, count: int, seconds: float = 15) -> bool:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if len(self.data()) >= count:
                return True
            time.sleep(0.02)
        return False

    @staticmethod
    def _name(frame: Frame) -> str:
        return f"{frame.mn} {frame.cn} {frame.groups[0].get('DataTime', '')} {frame.part or ''}"

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                line, _ = self._listener.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(0.05)
                try:
                    self._serve(line)
                except OSError:
                    continue

    def _serve(self, line: socket.socket) -> None:
        decoder = Decoder()
        if self.ask:
            line.sendall(self.ask)
        while not self._stopping.is_set():
            try:
                data = line.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            for frame in decoder.feed(data):
                assert isinstance(frame, Frame)
                if frame.cn.startswith("9"):
                    self.answers.append(frame)
                    continue
                self.frames.append(frame)
                name = self._name(frame)
                self._came[name] = self._came.get(name, 0) + 1
                times = self.answer(frame, self._came[name])
                if times < 0:
                    return
                time.sleep(self.delay)
                for _ in range(times):
                    line.sendall(data_reply(frame))


@pytest.fixture
def soon(platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing long."""
    for name, value in {
        "_LOOK_EVERY": 0.05,
        "_READ_EVERY": 0.02,
        "_NOTE_EVERY": 0.05,
        "_BACK_OFF": (0.02, 0.1),
        "_TIMEOUT_S": 0.2,
    }.items():
        monkeypatch.setattr(f"songhua.app.forward.service.{name}", value)
