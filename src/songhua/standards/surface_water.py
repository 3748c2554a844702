"""The rules of surface water: limits (GB 3838), sections (环办〔2011〕22号), decimal places."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files

from songhua.standards.edition import Edition, edition_in_force, edition_of

MEDIUM = "surface_water"


class WaterBody(StrEnum):
    """What a section lies on; lakes and reservoirs have limits of their own."""

    RIVER = "river"
    LAKE = "lake"


@dataclass(frozen=True, slots=True)
class ItemLimits:
    """Limits of classes I to V of one item.

    Parameters
    ----------
    kind
        ``max``: a value at or below the limit meets it; ``min``: at or above; ``range``: within
        `limits` and `upper`, ends included.
    limits, upper
        One for each class; `upper` is empty unless the kind is ``range``. [unit of the quantity]
    confidence
        As the row of the table has it.
    """

    quantity: str
    kind: str
    limits: tuple[Decimal, ...]
    upper: tuple[Decimal, ...]
    confidence: str


@dataclass(frozen=True, slots=True)
class WaterGrade:
    """One class of a section: its words and colours."""

    number: int
    name: str
    wording_zh: str
    wording_en: str
    colour_zh: str
    colour: str


@dataclass(frozen=True, slots=True)
class BasinGrade:
    """One grade of a river or basin by its shares of sections; lower bounds belong; in per cent."""

    wording_zh: str
    wording_en: str
    good_from: int
    good_below: int
    inferior_from: int
    inferior_below: int


@dataclass(frozen=True, slots=True, eq=False)
class SurfaceWaterRule:
    """What holds for surface water on a day.

    Parameters
    ----------
    edition
        ``GB 3838—2002``.
    limits
        Item and water body → limits.
    assessed, automatic
        The 21 items of a section's class, and the five of the automatic stations.
    first, no_multiple
        Items named first when they exceed; items without an excess multiple.
    named, multiple_places
        How many main indicators are named; decimals of their multiples.
    exceeds_class
        Worse than this class is exceeding.
    grades, basin_grades
        In order of the document.
    places
        Decimal places before a month's or a longer result is classified.
    """

    edition: str
    limits: Mapping[tuple[str, WaterBody], ItemLimits]
    assessed: tuple[str, ...]
    automatic: tuple[str, ...]
    first: frozenset[str]
    no_multiple: frozenset[str]
    named: int
    multiple_places: int
    exceeds_class: int
    grades: tuple[WaterGrade, ...]
    basin_grades: tuple[BasinGrade, ...]
    places: Mapping[str, int]


def surface_water_rule(*, on: date) -> SurfaceWaterRule:
    """Return the rules in force on the day the water was measured.

    Raises
    ------
    NoRuleInForce
        Before 2002-06-01.

    Examples
    --------
    >>> rule = surface_water_rule(on=date(2026, 8, 21))
    >>> rule.edition, [str(n) for n in rule.limits["tp", WaterBody.LAKE].limits]
    ('GB 3838—2002', ['0.01', '0.025', '0.05', '0.1', '0.2'])
    """
    found = (
        edition_in_force(MEDIUM, family, on=on)
        for family in ("gb_3838", "water_evaluation", "water_statistics")
    )
    return _rule(*found)


@cache
def water_table(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV table of surface water."""
    text = files("songhua.standards").joinpath(MEDIUM, name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def ask_above() -> Mapping[str, Decimal]:
    """Return above what a concentration may be µg/L taken for mg/L; ours, in mg/L."""
    return {row["quantity"]: Decimal(row["ask_above"]) for row in water_table("thousandfold.csv")}


def surface_water_rule_of(year: int) -> SurfaceWaterRule:
    """Return the rules with the limits of one edition: 2002; raise `UnknownName` otherwise."""
    return surface_water_rule(on=edition_of(MEDIUM, "gb_3838", year).in_force)


@cache
def _rule(limits: Edition, sections: Edition, statistics: Edition) -> SurfaceWaterRule:
    tables = sections.tables
    main = tables["main"]
    return SurfaceWaterRule(
        edition=limits.code,
        limits=_limits(limits),
        assessed=tuple(tables["items"]["assessed"]),
        automatic=tuple(tables["automatic"]["automatic"]),
        first=frozenset(main["first"]),
        no_multiple=frozenset(main["no_multiple"]),
        named=main["named"],
        multiple_places=main["multiple_places"],
        exceeds_class=main["exceeds_class"],
        grades=tuple(WaterGrade(*row[:-1]) for row in tables["classes"]["rows"]),
        basin_grades=tuple(BasinGrade(*row[:-1]) for row in tables["basin"]["rows"]),
        places={
            row["quantity"]: int(row["assess"])
            for row in water_table(f"water_statistics_{statistics.year}_places.csv")
        },
    )


def _limits(edition: Edition) -> Mapping[tuple[str, WaterBody], ItemLimits]:
    found: dict[tuple[str, WaterBody], ItemLimits] = {}
    for row in water_table(f"gb_3838_{edition.year}_table1.csv"):
        if row["kind"] == "change":
            continue
        ends = [row[f"class_{number}"].split("-") for number in range(1, 6)]
        item = ItemLimits(
            row["quantity"],
            row["kind"],
            tuple(Decimal(end[0]) for end in ends),
            tuple(Decimal(end[1]) for end in ends if len(end) > 1),
            row["confidence"],
        )
        bodies = list(WaterBody) if row["waterbody"] == "all" else [WaterBody(row["waterbody"])]
        found |= {(item.quantity, body): item for body in bodies}
    return found
