"""The standards: which were in force on a day, what an edition says, what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.http import HttpRequest
from ninja import Router

from songhua.model import BadInput
from songhua.standards import Edition, LawCell, LawChange, editions, law_diff, law_list, law_show

router = Router(tags=["law"])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A span of days over which an edition, or one phase of it, judges.

    Parameters
    ----------
    last
        None while it is in force without end.
    """

    edition: Edition
    first: date
    last: date | None
    phase_zh: str = ""
    phase_en: str = ""

    def holds(self, on: date) -> bool:
        """Return whether it judges a day."""
        return self.first <= on and (self.last is None or on <= self.last)


@router.get("/law")
def listed(request: HttpRequest, on: str = "") -> dict[str, Any]:
    """Return every edition with the days on which it judges; or those in force on a day."""
    day = day_named(on) if on else None
    found = [piece for piece in stretches() if day is None or piece.holds(day)]
    return {
        "on": on or None,
        "editions": [
            {
                **_head(piece.edition),
                "first": piece.first,
                "last": piece.last,
                "phase_zh": piece.phase_zh,
                "phase_en": piece.phase_en,
            }
            for piece in found
        ],
    }


@router.get("/law/diff")
def diff(request: HttpRequest, family: str, a: int, b: int) -> dict[str, Any]:
    """Return every cell that differs between two editions of a family: old, new."""
    return {
        "a": _head(law_show(family, a).edition),
        "b": _head(law_show(family, b).edition),
        "changes": [_changed(change) for change in law_diff(family, a, b)],
    }


@router.get("/law/{family}/{year}")
def show(request: HttpRequest, family: str, year: int) -> dict[str, Any]:
    """Return one edition: its dates, its doubts and every cell of its tables."""
    law = law_show(family, year)
    return {
        **_head(law.edition),
        "transcribed_zh": law.edition.transcribed_zh,
        "transcribed_en": law.edition.transcribed_en,
        "checked_zh": law.edition.checked_zh,
        "checked_en": law.edition.checked_en,
        "notes": [
            {
                "clause": note.clause,
                "clause_en": note.clause_en,
                "zh": note.zh,
                "en": note.en,
                "confidence": note.confidence,
            }
            for note in law.edition.notes
        ],
        "cells": [_cell(cell) for cell in law.cells],
    }


def day_named(text: str) -> date:
    """Return the day that a parameter names, or raise `BadInput`."""
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(
            f"日期应写作 2026-03-01：“{text[:20]}”。",
            f"Write the day as 2026-03-01: “{text[:20]}”.",
        ) from fault


def stretches() -> list[Stretch]:
    """Return the days on which each edition judges, by family, oldest first.

    An edition with phases of limits gives one stretch a phase.
    """
    found = []
    families = dict.fromkeys((edition.medium, edition.family) for edition in law_list())
    for medium, family in families:
        ordered = sorted(editions(medium, family), key=lambda one: one.in_force)
        for edition, following in pairwise([*ordered, None]):
            if edition is not None:
                found += _stretches(edition, following)
    return found


def _stretches(edition: Edition, following: Edition | None) -> list[Stretch]:
    ends = edition.until
    if ends is None and following is not None:
        ends = following.in_force - timedelta(days=1)
    phases = [phase for phase in edition.tables.get("phase", ()) if phase["kind"] == "limits"]
    if len(phases) < 2:
        return [Stretch(edition, edition.in_force, ends)]
    return [
        Stretch(
            edition,
            max(phase["from"], edition.in_force),
            phase.get("until") or ends,
            phase["name_zh"],
            phase["name_en"],
        )
        for phase in phases
    ]


def _head(edition: Edition) -> dict[str, Any]:
    return {
        "family": edition.family,
        "year": edition.year,
        "code": edition.code,
        "title_zh": edition.title_zh,
        "title_en": edition.title_en,
        "issued": edition.issued,
        "in_force": edition.in_force,
        "until": edition.until,
        "nationwide": edition.nationwide,
        "replaces": edition.replaces,
        "confidence": edition.confidence,
    }


def _cell(cell: LawCell) -> Mapping[str, str]:
    named = {name: getattr(cell, name) for name in LawCell.__dataclass_fields__}
    return {**named, "clause_en": cell.clause_en}


def _changed(change: LawChange) -> dict[str, Any]:
    return {
        "before": _cell(change.before) if change.before else None,
        "after": _cell(change.after) if change.after else None,
    }
