"""The rules of air beyond the six: acid rain, VOC reactivity, dust weather, mass closure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from songhua.standards.edition import edition_in_force
from songhua.standards.sheets import number, table_rows

MEDIUM = "air"


@dataclass(frozen=True, slots=True)
class Species:
    """A volatile organic compound: its group, molar mass in g/mol, and g O₃ per g."""

    name: str
    zh: str
    group: str
    mw: float
    mir: float


@dataclass(frozen=True, slots=True)
class DustClass:
    """A class of dust weather by visibility in km: from is inside, below is not."""

    zh: str
    en: str
    start: float
    below: float


@dataclass(frozen=True, slots=True, eq=False)
class RainRule:
    """What acid rain is.

    Parameters
    ----------
    grades
        Below which pH, in Chinese and English; heaviest first; the last has no bound.
    ions
        Ion → equivalent mass in g/mol and the sign of its charge.
    """

    edition: str
    acid_below: float
    places: int
    grades: tuple[tuple[float | None, str, str], ...]
    ions: Mapping[str, tuple[float, int]]


@cache
def rain_rule(*, on: date) -> RainRule:
    """Return the rule of acid rain on a day.

    >>> rain_rule(on=date(2026, 1, 1)).acid_below
    5.6
    """
    edition = edition_in_force(MEDIUM, "hj_165", on=on)
    rows = table_rows(MEDIUM, f"hj_165_{edition.year}_grades.csv")
    return RainRule(
        edition=edition.code,
        acid_below=float(number(edition, "acid_below")),
        places=int(number(edition, "places")),
        grades=tuple(
            (float(r["below"]) if r["below"] else None, r["word_zh"], r["word_en"]) for r in rows
        ),
        ions=ion_charges(),
    )


def ion_charges() -> Mapping[str, tuple[float, int]]:
    """Return ion → equivalent mass in g/mol and the sign of its charge."""
    rows = table_rows(MEDIUM, "ions.csv")
    return {r["ion"]: (float(r["equivalent"]), int(r["sign"])) for r in rows}


@cache
def voc_species(*, on: date) -> Mapping[str, Species]:
    """Return the 57 compounds by name, Chinese name and CAS number, in small letters."""
    edition = edition_in_force(MEDIUM, "voc_mir", on=on)
    found: dict[str, Species] = {}
    for r in table_rows(MEDIUM, f"voc_mir_{edition.year}_species.csv"):
        one = Species(r["name_en"], r["name_zh"], r["group"], float(r["mw"]), float(r["mir"]))
        found |= {name.casefold(): one for name in (r["name_en"], r["name_zh"], r["cas"])}
    return found


def molar_volume(*, on: date) -> float:
    """Return the molar volume that turns ppb into µg/m³, in L/mol."""
    return float(number(edition_in_force(MEDIUM, "voc_mir", on=on), "molar_volume"))


@cache
def dust_classes(*, on: date) -> tuple[DustClass, ...]:
    """Return the classes of dust weather, lightest first."""
    edition = edition_in_force(MEDIUM, "gb_20480", on=on)
    rows = table_rows(MEDIUM, f"gb_20480_{edition.year}_classes.csv")
    return tuple(
        DustClass(r["class_zh"], r["class_en"], float(r["from_km"] or 0), float(r["below_km"]))
        for r in rows
    )


@cache
def closure_factors(*, on: date) -> Mapping[str, tuple[str, float]]:
    """Return component → part of the mass, and what it is multiplied by."""
    edition = edition_in_force(MEDIUM, "mass_closure", on=on)
    rows = table_rows(MEDIUM, f"mass_closure_{edition.year}_factors.csv")
    return {r["component"]: (r["part"], float(r["factor"])) for r in rows}
