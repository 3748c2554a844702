"""Why an hour that was expected has no valid value: the reasons, and what each follows from."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Loss:
    """A reason of loss.

    Parameters
    ----------
    marks
        Station marks that mean it.
    review
        Keys of review reasons that mean it.
    gaps
        Explanations of gaps that mean it.
    colour
        For charts.
    """

    key: str
    zh: str
    en: str
    marks: tuple[str, ...]
    review: tuple[str, ...]
    gaps: tuple[str, ...]
    colour: str
    confidence: str


@cache
def losses() -> Mapping[str, Loss]:
    """Return the reasons by key, in the order in which they are told."""
    text = (files("songhua.standards") / "capture" / "losses.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        row["key"]: Loss(
            row["key"],
            row["name_zh"],
            row["name_en"],
            tuple(row["marks"].split()),
            tuple(row["review"].split()),
            tuple(row["gap"].split()),
            row["colour"],
            row["confidence"],
        )
        for row in rows
    }


def of_mark(mark: str) -> str:
    """Return the loss that an invalid mark means; ``other`` for a mark that none lists.

    >>> of_mark("CZ"), of_mark("RPD")
    ('calibration', 'other')
    """
    return next((one.key for one in losses().values() if mark in one.marks), "other")


def of_review(reason: str) -> str:
    """Return the loss that a reviewer's reason means; ``reviewed`` for one that none lists."""
    return next((one.key for one in losses().values() if reason in one.review), "reviewed")


def of_gap(explanation: str) -> str:
    """Return the loss that an explanation of a gap means."""
    return next((one.key for one in losses().values() if explanation in one.gaps), "other")
