"""Pages of the law."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from songhua.api.v1.law import Stretch, day_named, stretches
from songhua.model import BEIJING, BadInput, UnknownName
from songhua.standards import Edition, editions, law_diff, law_list, law_show
from songhua.web.law.tables import changes_by_table, confidences, sheets

_AHEAD = 4
"""How long the timeline goes on after the last change. [years]"""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch on the timeline, in per cent of its length."""

    piece: Stretch
    left: float
    width: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Track:
    """The editions of one family on the timeline."""

    family: str
    newest: Edition
    bars: tuple[Bar, ...]


def listed(request: HttpRequest) -> HttpResponse:
    """Show every edition on a timeline, and which were in force on a chosen day."""
    fault = None
    try:
        on = day_named(request.GET["on"]) if request.GET.get("on") else _today()
    except BadInput as bad:
        on, fault = _today(), bad
    pieces = stretches()
    first = min(piece.first for piece in pieces)
    last = max(piece.first for piece in pieces)
    span = (date(first.year, 1, 1), date(last.year + _AHEAD, 1, 1))
    page = {
        "on": on,
        "today": _today(),
        "fault": fault,
        "tracks": [_track(list(own), on, span) for _, own in groupby(pieces, _family)],
        "in_force": [piece for piece in pieces if piece.holds(on)],
        "editions": sorted(law_list(), key=lambda one: one.in_force, reverse=True),
        "years": [
            (year, _place(date(year, 1, 1), span)) for year in range(span[0].year, span[1].year, 2)
        ],
        "day_at": _place(on, span) if span[0] <= on <= span[1] else None,
        "span": span,
        "pairs": _pairs(),
    }
    return render(request, "law/list.html", page)


def show(request: HttpRequest, family: str, year: int) -> HttpResponse:
    """Show the tables of one edition as the document has them."""
    try:
        law = law_show(family, year)
    except UnknownName as fault:
        return render(request, "law/unknown.html", {"fault": fault}, status=404)
    own = [piece for piece in stretches() if piece.edition is law.edition]
    page = {
        "law": law.edition,
        "pieces": own,
        "last": own[-1].last,
        "sheets": sheets(law.cells),
        "confidences": confidences(law.cells),
        "others": [one for one in editions(law.edition.medium, family) if one is not law.edition],
    }
    return render(request, "law/show.html", page)


def diff(request: HttpRequest) -> HttpResponse:
    """Show what changed between two editions of a family."""
    pairs = _pairs()
    asked = request.GET
    family = asked.get("family") or pairs[0][1].family
    try:
        year_a, year_b = _years(family, asked.get("a", ""), asked.get("b", ""))
        a, b = law_show(family, year_a), law_show(family, year_b)
    except (BadInput, UnknownName) as fault:
        return render(request, "law/unknown.html", {"fault": fault}, status=404)
    changes = law_diff(family, year_a, year_b)
    page = {
        "family": family,
        "a": a.edition,
        "b": b.edition,
        "tables": changes_by_table(changes),
        "count": len(changes),
        "cells": len(b.cells),
        "pairs": pairs,
    }
    return render(request, "law/diff.html", page)


def _family(piece: Stretch) -> str:
    return piece.edition.family


def _track(pieces: list[Stretch], on: date, span: tuple[date, date]) -> Track:
    bars = []
    for piece in pieces:
        left = _place(piece.first, span)
        right = _place(piece.last, span) if piece.last else 100.0
        bars.append(Bar(piece, left, round(right - left, 3), piece.holds(on)))
    return Track(pieces[0].edition.family, pieces[-1].edition, tuple(bars))


def _place(day: date, span: tuple[date, date]) -> float:
    """Return where a day lies on the timeline, in per cent of its length."""
    return round(100 * (day - span[0]).days / (span[1] - span[0]).days, 3)


def _pairs() -> list[tuple[Edition, Edition]]:
    """Return each edition beside the one it replaced."""
    found = []
    for _, own in groupby(law_list(), lambda one: one.family):
        newest_first = list(own)
        found += list(zip(newest_first[1:], newest_first, strict=False))
    return found


def _years(family: str, a: str, b: str) -> tuple[int, int]:
    medium = next((law.medium for law in law_list() if law.family == family), "air")
    known = [edition.year for edition in editions(medium, family)]
    if not a and not b and len(known) > 1:
        return known[1], known[0]
    if a.isdecimal() and b.isdecimal():
        return int(a), int(b)
    raise BadInput(
        "请给出两个版本的年份，例如 a=2012 与 b=2026。",
        "Give the years of two editions, such as a=2012 and b=2026.",
    )


def _today() -> date:
    return datetime.now(BEIJING).date()
