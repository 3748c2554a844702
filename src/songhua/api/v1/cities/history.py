"""What a published figure was before, since when it is what it is, and because of what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from songhua.api.v1.cities.when import When
from songhua.store import shelf
from songhua.store.registry import records
from songhua.store.registry.models import Correction, ImportFile

FIGURES = ("composite", "rank", "good_days", "valid_days")


@dataclass(frozen=True, slots=True)
class Turn:
    """One time a region's figures changed.

    Parameters
    ----------
    at
        When the new figures were worked out.
    changed
        Figure → what it was, what it became.
    correction, file
        What brought the change; both None where the platform itself computed anew.
    """

    at: datetime
    changed: dict[str, tuple[Any, Any]]
    correction: Correction | None
    file: ImportFile | None


def turns(*, scope: str, code: str, when: When, as_of: datetime | None) -> list[Turn]:
    """Return every change of a region's figures in a period, newest first."""
    rows = shelf().air_summary_history(
        period=when.period, scope=scope, subject=code, time=when.start
    )
    kept = [row for row in rows.to_dicts() if as_of is None or row["computed_at"] <= as_of]
    corrections, files = causes(row["cause"] for row in kept)
    found = []
    for before, after in pairwise(kept):
        changed = {
            name: (before[name], after[name]) for name in FIGURES if before[name] != after[name]
        }
        if changed:
            cause = after["cause"]
            turn = Turn(after["computed_at"], changed, corrections.get(cause), files.get(cause))
            found.append(turn)
    return found[::-1]


def causes(seqs: Iterable[int]) -> tuple[dict[int, Correction], dict[int, ImportFile]]:
    """Return the corrections and the files among some entries of the journal."""
    asked = set(seqs)
    return records.corrections_by_seq(asked), records.files_by_seq(asked)
