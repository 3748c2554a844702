"""One source at work in a thread of its own: a fault in it stops no other."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from django.db import connections

from songhua.api.ports import ImportOrder
from songhua.app.doors.frames import Frames
from songhua.app.doors.rows import RowKeeper
from songhua.model import BadInput, KnownSource
from songhua.store.registry import sources

log = structlog.get_logger()

_LONGEST = 300.0
"""A source that fails is tried again after a while, longer each time, at most this. [s]"""


class Refused(BadInput):
    """A file that cannot be used, whatever is tried: it is set aside with this reason."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What the platform hands to its doors.

    Parameters
    ----------
    rows
        Takes messages of observations.
    take_file
        Brings a file in, as `Songhua.take_file`.
    frames
        Takes frames of HJ 212.
    home
        Folder for what is half fetched.
    """

    rows: RowKeeper
    take_file: Callable[[ImportOrder], Mapping[str, Any]]
    frames: Frames
    home: Path


class Worker:
    """A source at work. Subclasses say what one round does."""

    every = 5.0

    def __init__(self, source: KnownSource, kit: Kit) -> None:
        self.source, self.settings, self.kit = source, source.settings, kit
        self.every = float(source.settings.get("every", self.every))
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"door-{source.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to stop; `join` waits."""
        self.stopping.set()

    def join(self) -> None:
        """Wait until it has stopped."""
        self._thread.join(30)

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._thread.is_alive()

    def once(self) -> None:
        """Do one round; raise what is wrong."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is held."""

    def _run(self) -> None:
        failed = 0
        try:
            while not self.stopping.is_set():
                try:
                    self.once()
                except Exception as fault:  # noqa: BLE001 - of this source only; shown and tried again
                    failed += 1
                    self._tell(fault)
                else:
                    failed = 0
                pause = (
                    self.every if not failed else min(self.every * 2 ** min(failed, 12), _LONGEST)
                )
                self.stopping.wait(max(pause, 0.05))
        finally:
            self._quietly(self.close)
            self._quietly(lambda: sources.note_state(self.source.id, "stopped"))
            connections.close_all()

    def _tell(self, fault: Exception) -> None:
        zh, en = said(fault)
        log.warning("a source failed", source=self.source.name, fault=en)
        self._quietly(lambda: sources.note_error(self.source.id, zh, en))

    def _quietly(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            log.exception("the registry does not take how a source stands")


def said(fault: Exception) -> tuple[str, str]:
    """Return a fault in words: Chinese, English."""
    if isinstance(fault, BadInput):
        return fault.zh, fault.en
    if isinstance(fault, TimeoutError):
        return "超时。", "Timed out."
    words = f"{type(fault).__name__}: {fault}"[:300]
    return words, words
