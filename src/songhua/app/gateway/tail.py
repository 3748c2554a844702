"""The newest frames, for those who watch; while nobody does, nothing is kept."""

import time
from collections import deque
from collections.abc import Iterable

from songhua.ingest.hj212.received import Received
from songhua.ingest.hj212.search import Tailed

MOST_KEPT = 2_000
MOST_BYTES = 4 * 1024 * 1024
WATCHED_FOR = 15.0
"""Who asked watches for so long. [s]"""


class Tail:
    """A ring of what was brought into the journal last. Written by the gateway's thread alone."""

    def __init__(self) -> None:
        self._ring: deque[tuple[int, int, int, Received]] = deque(maxlen=MOST_KEPT)
        self._size = 0
        self._number = 0
        self._until = 0.0

    def add(self, seq: int, pieces: Iterable[Received]) -> None:
        """Keep pieces of an entry if somebody watches."""
        if time.monotonic() > self._until:
            if self._ring:
                self._ring.clear()
                self._size = 0
            return
        for place, one in enumerate(pieces):
            self._number += 1
            if len(self._ring) == MOST_KEPT:
                self._size -= len(self._ring[0][3].raw)
            self._ring.append((self._number, seq, place, one))
            self._size += len(one.raw)
        while self._size > MOST_BYTES:
            self._size -= len(self._ring.popleft()[3].raw)

    def watch(self, after: int, most: int) -> Tailed:
        """Return what came after a number, the newest of it; from now on somebody watches.

        Parameters
        ----------
        after
            -1 to begin.
        """
        self._until = time.monotonic() + WATCHED_FOR
        there = list(self._ring)
        last = there[-1][0] if there else self._number
        if after < 0 or after > last:
            return Tailed(last, (), 0)
        new = [one for one in there if one[0] > after]
        return Tailed(last, tuple(one[1:] for one in new[-most:]), last - after - len(new))
