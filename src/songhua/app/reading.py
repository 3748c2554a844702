"""Frames are read in a process of their own: answers to loggers never wait for it.

One interpreter runs one thread at a time: what reads ten values of each of thousands of frames a
second would keep the thread that answers waiting. This module is both ends: `ReaderApart` here,
and `main`, the process, which ends when this one does, however that happens.
"""

import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from songhua.ingest.hj212.reader import Entry, Reader, Told
from songhua.ingest.hj212.received import Received
from songhua.model import KnownDevice

_SIZE = struct.Struct(">Q")


class ReaderStopped(Exception):
    """The reading process is gone, and with it the parts of messages that it held."""


class ReaderApart:
    """A `Reader` in another process. One thread at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "songhua.app.reading"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def know(self, devices: Mapping[str, KnownDevice]) -> None:
        """Take the register as it stands now."""
        self._ask("know", dict(devices))

    def read(self, entries: Iterable[Entry], *, now: datetime | None = None) -> Told:
        """Return what entries say, as `Reader.read`."""
        return self._told("read", list(entries), now)

    def read_again(self, pieces: Sequence[tuple[int, int, Received]]) -> Told:
        """Return what pieces say that were set aside, as `Reader.read_again`."""
        return self._told("read_again", list(pieces))

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe(self._process.stdin).close()
        with contextlib.suppress(OSError):
            self._pipe(self._process.stdout).close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _told(self, what: str, *args: Any) -> Told:
        told = self._ask(what, *args)
        if not isinstance(told, Told):
            raise TypeError(f"the reader said {told!r}")
        return told

    def _ask(self, what: str, *args: Any) -> Any:
        try:
            _write(self._pipe(self._process.stdin), (what, args))
            answer = _read(self._pipe(self._process.stdout))
        except (OSError, EOFError, ValueError) as fault:
            raise ReaderStopped(str(fault)) from fault
        if isinstance(answer, Exception):
            raise answer
        return answer

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise ReaderStopped
        return pipe


def main() -> None:
    """Read what is asked for, until the asking process is gone."""
    for one in (signal.SIGINT, signal.SIGTERM):  # they are for the process that asks
        signal.signal(one, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints, prints elsewhere
    reader = Reader()
    while True:
        try:
            what, args = _read(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = _done(reader, what, args)
        except Exception as fault:  # noqa: BLE001 - it is raised where it was asked
            answer = RuntimeError(repr(fault))
        try:
            _write(answers, answer)
        except BrokenPipeError:
            os._exit(0)


def _done(reader: Reader, what: str, args: tuple[Any, ...]) -> Any:
    if what == "know":
        return reader.know(*args)
    if what == "read_again":
        return reader.read_again(*args)
    entries, now = args
    return reader.read(entries, now=now)


def _write(pipe: IO[bytes], what: Any) -> None:
    data = pickle.dumps(what, protocol=5)
    pipe.write(_SIZE.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> Any:
    head = pipe.read(_SIZE.size)
    if len(head) < _SIZE.size:
        raise EOFError
    size = _SIZE.unpack(head)[0]
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - from our own process, by a pipe that nobody else has


if __name__ == "__main__":
    main()
