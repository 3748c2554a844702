"""While the platform runs: changes carried into the journal, a checkpoint signed now and then."""

import threading
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError

from songhua.app.audit.acts import Record
from songhua.model import BadInput

log = structlog.get_logger()

CARRY_S = 30.0
"""Seconds after which a change that no act brought is in the journal too."""


class Keeping:
    """A thread that keeps the record."""

    def __init__(self, record: Record, sign: Callable[[], object], *, hours: float) -> None:
        self._record = record
        self._sign = sign
        self._every = hours * 3600
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="record")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the step under way."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        signed = time.monotonic()
        while not self._stopped.wait(CARRY_S):
            try:
                self._record.carry()
                if self._every and time.monotonic() - signed >= self._every:
                    signed = time.monotonic()
                    self._sign()
            except (BadInput, DatabaseError, OSError) as fault:
                log.warning("record not kept", fault=str(fault))
