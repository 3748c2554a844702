"""The rules of ecology: EI (HJ 192), EQI (环监测〔2021〕99号), life in rivers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from songhua.standards.edition import Edition, edition_in_force
from songhua.standards.sheets import number, table_rows

MEDIUM = "ecology"
PARTS = {
    "ei": ("br", "vc", "wn", "ls", "pl"),
    "eqi": ("pattern", "function", "biodiversity", "stress"),
}
BURDENS = frozenset({"ls", "pl", "stress"})
"""Parts that enter as 100 less their value."""
_FAMILIES = {"ei": "hj_192", "eqi": "eqi"}


@dataclass(frozen=True, slots=True)
class Step:
    """A grade or a grade of change: from which value, its words."""

    start: Decimal
    zh: str
    en: str


@dataclass(frozen=True, slots=True, eq=False)
class EcologyRule:
    """How an index of a region is put together and graded.

    Parameters
    ----------
    weights
        Part → weight, in the order of the document.
    grades
        Best first; the lower bound belongs.
    changes
        By amount, rising.
    numbers
        The single numbers of the edition by key.
    habitat
        Kind of land → weight of its type times its own.
    """

    index: str
    edition: str
    weights: Mapping[str, Decimal]
    places: int
    grades: tuple[Step, ...]
    changes: tuple[Step, ...]
    numbers: Mapping[str, Decimal]
    habitat: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True, eq=False)
class HydroRule:
    """Scores and bands of life in rivers.

    Parameters
    ----------
    scores
        Family → BMWP score.
    bands
        Index and set (``shannon``, ``a``) → bands, rising.
    """

    edition: str
    scores: Mapping[str, int]
    bands: Mapping[tuple[str, str], tuple[Step, ...]]
    ibi_percentile: int
    ibi_parts: int


def ecology_rule(index: str, *, on: date) -> EcologyRule:
    """Return the rule of ``ei`` or ``eqi`` on a day.

    >>> rule = ecology_rule("eqi", on=date(2026, 1, 1))
    >>> rule.edition, str(rule.weights["pattern"]), rule.grades[1].zh
    ('环监测〔2021〕99号', '0.36', '二类')
    """
    return _rule(index, edition_in_force(MEDIUM, _FAMILIES[index], on=on))


def hydro_rule(*, on: date) -> HydroRule:
    """Return scores and bands of life in rivers on a day."""
    return _hydro(edition_in_force(MEDIUM, "hydro_ecology", on=on))


@cache
def _rule(index: str, edition: Edition) -> EcologyRule:
    grades = table_rows(MEDIUM, f"{index}_{edition.year}_grades.csv")
    changes = table_rows(MEDIUM, f"{index}_{edition.year}_changes.csv")
    habitat = table_rows(MEDIUM, f"ei_habitat_{edition.year}.csv") if index == "ei" else ()
    return EcologyRule(
        index=index,
        edition=edition.code,
        weights={key: number(edition, f"weight_{key}") for key in PARTS[index]},
        places=int(number(edition, "places")),
        grades=tuple(Step(Decimal(r["from"]), r["name"], r["name_en"]) for r in grades),
        changes=tuple(Step(Decimal(r["from"]), r["zh"], r["en"]) for r in changes),
        numbers={one["key"]: Decimal(one["value"]) for one in edition.tables["number"]},
        habitat={r["subtype"]: Decimal(r["type_weight"]) * Decimal(r["weight"]) for r in habitat},
    )


@cache
def _hydro(edition: Edition) -> HydroRule:
    bands: dict[tuple[str, str], list[Step]] = {}
    for r in table_rows(MEDIUM, f"hydro_bands_{edition.year}.csv"):
        step = Step(Decimal(r["from"]), r["word_zh"], r["word_en"])
        bands.setdefault((r["index"], r["set"]), []).append(step)
    scores = table_rows(MEDIUM, "bmwp_1979_families.csv")
    return HydroRule(
        edition=edition.code,
        scores={r["family"].casefold(): int(r["score"]) for r in scores},
        bands={key: tuple(steps) for key, steps in bands.items()},
        ibi_percentile=int(number(edition, "ibi_percentile")),
        ibi_parts=int(number(edition, "ibi_parts")),
    )
