"""How commands reach a platform that is already running: a local socket, one JSON line a message.

The embedded engine belongs to one process. A command that finds the platform running hands its
work over; otherwise it opens the stores itself. Nobody sees a lock.
"""

import hashlib
import json
import os
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from songhua.model import BadInput

Report = Callable[[Mapping[str, Any]], None]
Work = Callable[[Mapping[str, Any], Report], Mapping[str, Any]]

_LONGEST_SOCKET_PATH = 100
"""What every system takes. [bytes]"""
_MOST_BYTES = 4 * 1024 * 1024


def socket_path(home: Path) -> Path:
    """Return where the platform of this home listens."""
    path = home / "songhua.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"songhua-{os.getuid()}-{name}.sock"


class ControlServer:
    """Serve named work to commands of the same user."""

    def __init__(self, home: Path, works: Mapping[str, Work]) -> None:
        self._path = socket_path(home)
        self._path.unlink(missing_ok=True)
        server_works = works

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _answer(self.rfile.readline(_MOST_BYTES), self._send, server_works)

            def _send(self, message: Mapping[str, Any]) -> None:
                self.wfile.write(json.dumps(message, ensure_ascii=False, default=str).encode())
                self.wfile.write(b"\n")
                self.wfile.flush()

        umask = os.umask(0o177)
        try:
            self._server = socketserver.ThreadingUnixStreamServer(str(self._path), Handler)
        finally:
            os.umask(umask)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True, name="control").start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def _answer(line: bytes, send: Report, works: Mapping[str, Work]) -> None:
    def report(step: Mapping[str, Any]) -> None:
        with suppress(OSError):  # the command went away; the work goes on
            send({"progress": step})

    try:
        asked = json.loads(line)
        answer: dict[str, Any] = {"result": works[asked["work"]](asked["args"], report)}
    except BadInput as fault:
        answer = {"error": {"zh": fault.zh, "en": fault.en}}
    except Exception as fault:  # noqa: BLE001 - a door: say it to the one who asked
        answer = {"error": {"zh": f"内部错误：{fault!r}", "en": f"Internal error: {fault!r}"}}
    with suppress(OSError):
        send(answer)


def is_running(home: Path) -> bool:
    """Return whether a platform of this home answers."""
    try:
        with _connected(home):
            return True
    except OSError:
        return False


def hand_over(home: Path, work: str, args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    """Ask the running platform to do a piece of work, and return its result.

    Raises
    ------
    BadInput
        What the platform said was wrong, or that it stopped before answering.
    """
    with _connected(home) as line, line.makefile("rwb") as file:
        file.write(json.dumps({"work": work, "args": dict(args)}).encode() + b"\n")
        file.flush()
        for answer in file:
            message = json.loads(answer)
            if "result" in message:
                result: Mapping[str, Any] = message["result"]
                return result
            if "error" in message:
                raise BadInput(message["error"]["zh"], message["error"]["en"])
            report(message["progress"])
    raise BadInput(
        "平台在完成之前停止了；已入日志的内容会在下次启动时继续。",
        "The platform stopped before it finished; what is in the journal goes on at next start.",
    )


def _connected(home: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        line.connect(str(socket_path(home)))
    except OSError:
        line.close()
        raise
    return line
