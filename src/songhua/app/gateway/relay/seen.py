"""Which batches are kept already: a copy that comes again is confirmed and not kept twice."""

from collections import OrderedDict

from songhua.app.gateway.relay.protocol import Origin
from songhua.ingest.hj212.received import KIND
from songhua.store import Entry, Journal

MOST = 200_000
"""Batches remembered, the newest of all nodes together; at one in 100 ms for over five hours."""


class Seen:
    """Remembers by origin and digest: a number that a broken disk gave twice is not the same."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[tuple[str, int, str], None] = OrderedDict()

    @classmethod
    def read(cls, journal: Journal) -> "Seen":
        """Return what the newest entries of a journal say."""
        seen = cls()
        after = max(0, journal.last_seq - MOST)
        for entry in journal.entries(after=after, kinds=(KIND,)):
            if (origin := origin_in(entry)) is not None:
                seen.add(origin, entry.sha256)
        return seen

    def __contains__(self, key: tuple[Origin, str]) -> bool:
        """Return whether a batch is kept."""
        origin, digest = key
        return (origin.journal, origin.seq, digest) in self._known

    def add(self, origin: Origin, digest: str) -> None:
        """Remember one, and forget the oldest."""
        self._known[origin.journal, origin.seq, digest] = None
        while len(self._known) > self._most:
            self._known.popitem(last=False)


def origin_in(entry: Entry) -> Origin | None:
    """Return where an entry came in first, None where it was here."""
    meta = entry.meta
    if "of" not in meta:
        return None
    return Origin(meta["node"], meta["journal"], meta["of"], meta["pieces"])


def meta_of(origin: Origin) -> dict[str, str | int]:
    """Return what the entry of a copy says beside its body."""
    return {
        "pieces": origin.pieces,
        "node": origin.node,
        "journal": origin.journal,
        "of": origin.seq,
    }
