"""The one way in for what loggers said, where several bring it at the same time."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from songhua.store import Entry, Journal

Offer = Callable[[int, bytes], None]


class Intake:
    """Appends to the journal and offers what is on the disk, in the order of its numbers.

    Who waits for the disk waits together: nobody holds the lock meanwhile.

    Parameters
    ----------
    offer
        Told number and body of each entry; never waits.
    """

    def __init__(self, journal: Journal, offer: Offer) -> None:
        self._journal, self._offer = journal, offer
        self._lock = threading.Lock()
        self._written: deque[tuple[int, bytes]] = deque()

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk and was offered."""
        with self._lock:
            entry = self._journal.write(kind, body, meta)
            self._written.append((entry.seq, body))
        self._journal.sync(entry.seq)  # should it fail, the journal takes no more at all
        with self._lock:
            while self._written and self._written[0][0] <= entry.seq:
                self._offer(*self._written.popleft())
        return entry
