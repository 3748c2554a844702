"""What a logger's frames propose as its dialect, for a person to confirm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from songhua.api import ports
from songhua.ingest.hj212 import Damaged, Decoder, Dialect, Frame
from songhua.ingest.hj212.dialect import read_dialect, written_dialect
from songhua.ingest.hj212.learn import WORDS, learn
from songhua.ingest.hj212.received import Received
from songhua.ingest.hj212.search import Wanted, piece_of
from songhua.store.registry.models import SetAside
from songhua.web.links.meaning import Told, told

MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal with what it would change.

    Parameters
    ----------
    settings
        The dialect as it would be kept: what is kept already, and what is new.
    evidence
        What is done otherwise (Chinese, English), seen in how many, of how many.
    readable, of
        How many damaged frames become readable, of how many that were looked at.
    before, after
        The same frame as it is read now, and as it would be.
    """

    settings: dict[str, Any]
    is_new: bool
    evidence: tuple[tuple[tuple[str, str], int, int], ...]
    readable: int
    of: int
    looked_at: int
    before: Told | None
    after: Told | None


def proposal(mn: str, kept: Mapping[str, Any]) -> Shown:
    """Return what the newest frames of a logger propose."""
    received = _newest(mn)
    learned = learn(piece_of(one) for one in received)
    settings = {**kept, **written_dialect(learned.dialect)}
    dialect = read_dialect(settings)
    damaged = [one for one in received if isinstance(piece_of(one), Damaged)]
    mended = [one for one in damaged if _is_readable(one, dialect)]
    example = mended[0] if mended else (received[0] if learned.evidence else None)
    before = after = None
    if example is not None:
        before = _first(told(example.raw, now=example.at))
        after = _first(told(example.raw, dialect, now=example.at))
    return Shown(
        settings=settings,
        is_new=settings != dict(kept),
        evidence=tuple((WORDS[one.departure], one.seen, one.of) for one in learned.evidence),
        readable=len(mended),
        of=len(damaged),
        looked_at=len(received),
        before=before,
        after=after,
    )


def _newest(mn: str) -> list[Received]:
    """Return the newest frames of the journal; those set aside where it holds none lately."""
    found = ports.platform().frames(Wanted(mn=mn, most=MOST_LOOKED_AT))
    if found.seen:
        return [one.received for one in found.seen]
    rows = SetAside.objects.filter(mn=mn).values_list("journal_seq", "place").distinct()
    pieces = (ports.platform().piece(seq, place) for seq, place in rows[:MOST_LOOKED_AT])
    return [one for one in pieces if one is not None]


def _is_readable(one: Received, dialect: Dialect) -> bool:
    decoder = Decoder(dialect)
    pieces = [*decoder.feed(one.raw), *decoder.end()]
    return any(isinstance(piece, Frame) for piece in pieces)


def _first(lines: Sequence[Told]) -> Told | None:
    return next(iter(lines), None)
