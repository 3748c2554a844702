"""Looks at the links every half minute: raises and closes alarms, keeps the hourly table tidy."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from django.db import connections

from songhua.model import judge
from songhua.store.registry import alarms, hours

log = structlog.get_logger()

_EVERY = 30.0
_TIDY_EVERY = 600.0


class Watch:
    """A thread that raises and closes alarms.

    Parameters
    ----------
    reached
        Last entry of the journal that was offered to the keeper, and up to where all is done.
    """

    def __init__(self, reached: Callable[[], tuple[int, int]]) -> None:
        self._reached = reached
        self._started = datetime.now(UTC)
        self._wanted = 0
        self._tidied_at: float | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="gateway-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; alarms stay as they are."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(10)

    def look(self, now: datetime) -> None:
        """Judge every logger once; not where the register knows less than was heard.

        While a store is down what loggers send waits in the journal: they are not silent.
        """
        offered, done = self._reached()
        behind, self._wanted = done < self._wanted, offered
        if behind:
            return
        verdict = judge(alarms.watched(now), alarms.open_kinds(), now=now, started=self._started)
        if verdict.begin or verdict.end:
            alarms.keep(verdict, now)
            log.info("link alarms", begin=len(verdict.begin), end=len(verdict.end))

    def _run(self) -> None:
        try:
            while not self._stopping.wait(_EVERY):
                try:
                    self._tidy()
                    self.look(datetime.now(UTC))
                except Exception:
                    log.exception("the links could not be looked at; it is tried again")
        finally:
            connections.close_all()

    def _tidy(self) -> None:
        if self._tidied_at is None or time.monotonic() - self._tidied_at > _TIDY_EVERY:
            now = datetime.now(UTC)
            hours.note_paces(now)
            hours.forget_hours(now)
            self._tidied_at = time.monotonic()
