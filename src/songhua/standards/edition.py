"""Editions of standards: one dated data file each, and the day that chooses among them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from songhua.model import NoRuleInForce, UnknownName
from songhua.standards.wording import clause_en


@dataclass(frozen=True, slots=True, eq=False)
class Note:
    """A doubt, a practice or a remark that a reader of the law page must see."""

    clause: str
    zh: str
    en: str
    confidence: str

    @property
    def clause_en(self) -> str:
        """The clause as an English reader finds it."""
        return clause_en(self.clause)


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """One edition of a standard as its data file holds it.

    Parameters
    ----------
    family, year
        ``hj_633``, 2026.
    code, title_zh, title_en
        As printed: ``HJ 633—2026``.
    issued
        Day of issue.
    in_force, until
        First and last day measured that the platform judges by it; `until` is None while it
        is in force.
    nationwide
        From when the document itself holds everywhere, where the platform judges by it from an
        earlier day: it was phased in, or earlier days shall compare. A note says which.
    replaces
        Code of the edition before, or empty.
    confidence
        ``verified``, ``single``, ``memory`` or ``unconfirmed``.
    transcribed_zh, transcribed_en, checked_zh, checked_en
        From what, by whom, when.
    notes
        Doubts kept visible.
    clauses
        Where each rule stands in the document.
    tables
        The file's remaining tables; numbers are `Decimal` or int.
    """

    medium: str
    family: str
    year: int
    code: str
    title_zh: str
    title_en: str
    issued: date
    in_force: date
    until: date | None
    nationwide: date | None
    replaces: str
    confidence: str
    transcribed_zh: str
    transcribed_en: str
    checked_zh: str
    checked_en: str
    notes: tuple[Note, ...]
    clauses: Mapping[str, str]
    tables: Mapping[str, Any]

    @property
    def holds_from(self) -> date:
        """The day from which the document itself holds everywhere."""
        return self.nationwide or max(self.issued, self.in_force)


@cache
def read_table(medium: str, name: str) -> Mapping[str, Any]:
    """Return a data file of a medium; decimal numbers stay exact."""
    text = files("songhua.standards").joinpath(medium, name).read_text(encoding="utf-8")
    return tomllib.loads(text, parse_float=Decimal)


@cache
def editions(medium: str, family: str) -> tuple[Edition, ...]:
    """Return all editions of a family, newest first.

    Raises
    ------
    UnknownName
        If the family has no file.

    Examples
    --------
    >>> [edition.code for edition in editions("air", "hj_633")]
    ['HJ 633—2026', 'HJ 633—2012']
    """
    folder = files("songhua.standards").joinpath(medium)
    names = [
        item.name
        for item in (folder.iterdir() if folder.is_dir() else ())
        if item.name.startswith(f"{family}_") and item.name.endswith(".toml")
    ]
    found = [_edition(medium, name) for name in names]
    if not found:
        raise UnknownName("标准", "standard", family)
    return tuple(sorted(found, key=lambda edition: edition.in_force, reverse=True))


def edition_in_force(medium: str, family: str, *, on: date) -> Edition:
    """Return the edition in force on a day, the newest that had begun by then.

    Raises
    ------
    NoRuleInForce
        If none had begun.

    Examples
    --------
    >>> edition_in_force("air", "hj_633", on=date(2026, 2, 28)).code
    'HJ 633—2012'
    """
    for edition in editions(medium, family):
        if edition.in_force <= on and (edition.until is None or on <= edition.until):
            return edition
    raise NoRuleInForce(family, on)


def first_day(medium: str, *families: str) -> date:
    """Return the first day that every one of these families has an edition for.

    >>> first_day("air", "gb_3095", "hj_633").isoformat()
    '2012-02-29'
    """
    return max(editions(medium, family)[-1].in_force for family in families)


def edition_of(medium: str, family: str, year: int) -> Edition:
    """Return one edition by its year; raise `UnknownName` when there is none."""
    for edition in editions(medium, family):
        if edition.year == year:
            return edition
    raise UnknownName("标准版本", "edition", f"{family} {year}")


def _edition(medium: str, name: str) -> Edition:
    tables = dict(read_table(medium, name))
    head = tables.pop("edition")
    notes = tuple(Note(**note) for note in tables.pop("notes", ()))
    return Edition(
        medium=medium,
        family=head["family"],
        year=head["year"],
        code=head["code"],
        title_zh=head["title_zh"],
        title_en=head["title_en"],
        issued=head["issued"],
        in_force=head["in_force"],
        until=head.get("until"),
        nationwide=head.get("nationwide"),
        replaces=head["replaces"],
        confidence=head["confidence"],
        transcribed_zh=head["transcribed_zh"],
        transcribed_en=head["transcribed_en"],
        checked_zh=head["checked_zh"],
        checked_en=head["checked_en"],
        notes=notes,
        clauses=tables.pop("clauses", {}),
        tables=tables,
    )
