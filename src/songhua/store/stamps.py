"""Instants for what is being stored, so that a follower of the shelf misses nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

_LEAST = timedelta(microseconds=1)


class Stamps:
    """Gives each insert an instant later than every one given before, and knows which still run.

    Parameters
    ----------
    newest
        Tells the latest instant that the store holds already; asked once, when first needed.
    lag
        How long to hold back, where other processes store too.
    """

    def __init__(self, newest: Callable[[], datetime], lag: timedelta = timedelta()) -> None:
        self._newest: Callable[[], datetime] | None = newest
        self._lag = lag
        self._lock = Lock()
        self._last = datetime(1970, 1, 1, tzinfo=UTC)
        self._running: list[datetime] = []

    @contextmanager
    def stamp(self) -> Iterator[datetime]:
        """Yield the instant of an insert that runs within."""
        with self._lock:
            at = self._next()
            self._running.append(at)
        try:
            yield at
        finally:
            with self._lock:
                self._running.remove(at)

    def horizon(self) -> datetime:
        """Return the instant up to which everything that will ever be stamped is stored."""
        with self._lock:
            now = self._next()  # later inserts get a later one, even if the clock is set back
            return min([now, *self._running]) - _LEAST - self._lag

    def _next(self) -> datetime:
        if self._newest is not None:
            self._last, self._newest = max(self._last, self._newest()), None
        self._last = max(datetime.now(UTC), self._last + _LEAST)
        return self._last
