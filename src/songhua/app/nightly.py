"""Each night the detectors of fraud look at what the platform holds."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import structlog

from songhua.model import BEIJING, BadInput

log = structlog.get_logger()
_JOIN_S = 10.0


def read_clock(text: str) -> time | None:
    """Return a time of day as the settings write it; None where it is empty.

    Raises
    ------
    BadInput
        If it is none.

    Examples
    --------
    >>> read_clock("02:30")
    datetime.time(2, 30)
    """
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"SONGHUA_FRAUD_AT 应写作 02:30：{text}", f"Write SONGHUA_FRAUD_AT as 02:30: {text}"
        ) from None


def seconds_until(clock: time, now: datetime) -> float:
    """Return how long it is until a time of day comes in Beijing.

    >>> from datetime import datetime, time, UTC
    >>> seconds_until(time(2, 30), datetime(2026, 11, 24, 18, 0, tzinfo=UTC))
    1800.0
    """
    here = now.astimezone(BEIJING)
    next_one = datetime.combine(here.date(), clock, BEIJING)
    if next_one <= here:
        next_one += timedelta(days=1)
    return (next_one - here).total_seconds()


class Nightly:
    """A thread that starts a piece of work at a time of day."""

    def __init__(self, clock: time, work: Callable[[], object]) -> None:
        self._clock = clock
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nightly", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; work under way is its queue's."""
        self._stopping.set()
        self._thread.join(_JOIN_S)

    def _run(self) -> None:
        while not self._stopping.wait(seconds_until(self._clock, datetime.now(UTC))):
            try:
                self._work()
            except BadInput as fault:
                log.warning("the nightly work did not start", fault=fault.en)
            except Exception:
                log.exception("the nightly work did not start")
