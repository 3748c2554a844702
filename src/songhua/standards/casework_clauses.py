"""Clauses by which tampering is judged, with source and confidence: offered to who decides."""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a law, a rule or an interpretation.

    Parameters
    ----------
    about_zh, about_en
        What it says, in a few words.
    since
        In force from this day on, in the form cited.
    """

    document_zh: str
    document_en: str
    clause_zh: str
    clause_en: str
    about_zh: str
    about_en: str
    since: date
    source: str
    confidence: str

    @property
    def cited(self) -> str:
        """How a decision cites it."""
        return f"《{self.document_zh}》{self.clause_zh}"


def case_clauses(*, on: date) -> list[Clause]:
    """Return the clauses in force on a day.

    >>> from datetime import date
    >>> case_clauses(on=date(2015, 6, 1))[-1].cited
    '《中华人民共和国刑法》第二百八十六条'
    """
    return [clause for clause in _clauses() if clause.since <= on]


@cache
def _clauses() -> tuple[Clause, ...]:
    text = files("songhua.standards").joinpath("casework", "clauses.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(Clause(since=date.fromisoformat(row.pop("since")), **row) for row in rows)
