"""The rules of noise: zones (GB 3096), boundaries (GB 12348, 22337, 12523), grades (HJ 640)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from songhua.model import UnknownName
from songhua.standards.edition import Edition, edition_in_force
from songhua.standards.sheets import number, table_rows

MEDIUM = "noise"
BOUNDARIES = ("gb_12348", "gb_22337", "gb_12523")


@dataclass(frozen=True, slots=True)
class NoiseLimit:
    """Limits of a zone by day and by night; a level at a limit meets it, in dB(A)."""

    day: Decimal
    night: Decimal
    confidence: str

    def of(self, period: str) -> Decimal:
        """Return the limit of ``day`` or ``night``."""
        return self.day if period == "day" else self.night


@dataclass(frozen=True, slots=True)
class NoiseGrade:
    """One grade of a city's mean: above < mean <= to; None: no bound, in dB(A)."""

    number: int
    level: str
    word_zh: str
    word_en: str
    above: Decimal | None
    to: Decimal | None


@dataclass(frozen=True, slots=True, eq=False)
class NoiseRule:
    """What holds for noise around us on a day.

    Parameters
    ----------
    edition, grades_edition
        ``GB 3096—2008``, ``HJ 640—2012``.
    limits
        Zone → limits.
    day_from, night_from
        Hours at which day and night begin.
    places
        Decimals of a level before it is compared or graded.
    night_lmax_over
        By how much a sudden noise at night may pass the limit. [dB]
    ldn_penalty
        What the night weighs more. [dB]
    grades
        ``region`` or ``road``, ``day`` or ``night`` → grades, best first.
    road_exceeds
        Stretches of road above this exceed. [dB(A)]
    hour_share
        Share of an hour's samples that makes it valid.
    hours_day, hours_night
        Valid hours that make a day or a night valid.
    lowest, highest
        Beyond these no level is real. [dB(A)]
    """

    edition: str
    grades_edition: str
    limits: Mapping[str, NoiseLimit]
    day_from: int
    night_from: int
    places: int
    night_lmax_over: Decimal
    ldn_penalty: int
    grades: Mapping[tuple[str, str], tuple[NoiseGrade, ...]]
    road_exceeds: Decimal
    hour_share: float
    hours_day: int
    hours_night: int
    lowest: int
    highest: int

    def period_of(self, hour: int) -> str:
        """Return ``day`` or ``night``."""
        return "day" if self.day_from <= hour < self.night_from else "night"


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryRule:
    """What holds at the boundary of a works, a place of community life or a building site.

    Parameters
    ----------
    lmax_over
        Kind of event at night (``frequent``, ``occasional``, or ``any``) → how much its highest
        level may pass the limit; empty where the standard says nothing. [dB]
    indoor_less
        What is taken off the limit when it had to be measured indoors; None: no such rule. [dB]
    corrections
        Difference from (measured less background, whole dB) → correction, rising; empty where
        the standard has no table.
    """

    edition: str
    family: str
    limits: Mapping[str, NoiseLimit]
    places: int
    lmax_over: Mapping[str, Decimal]
    indoor_less: Decimal | None
    corrections: tuple[tuple[int, int], ...]
    structural: Mapping[tuple[str, str], NoiseLimit]


def noise_rule(*, on: date) -> NoiseRule:
    """Return the rules of zones and cities in force on a day.

    Raises
    ------
    NoRuleInForce
        Before 2008-10-01.

    Examples
    --------
    >>> rule = noise_rule(on=date(2026, 8, 21))
    >>> rule.edition, str(rule.limits["2"].night), rule.period_of(22)
    ('GB 3096—2008', '50', 'night')
    """
    found = (edition_in_force(MEDIUM, name, on=on) for name in ("gb_3096", "hj_640", "hj_906"))
    return _noise_rule(*found)


def boundary_rule(family: str, *, on: date) -> BoundaryRule:
    """Return the rules at a boundary on a day: gb_12348, gb_22337 or gb_12523.

    >>> rule = boundary_rule("gb_12523", on=date(2026, 1, 1))
    >>> rule.edition, str(rule.limits["all"].night)
    ('GB 12523—2025', '55')
    """
    if family not in BOUNDARIES:
        raise UnknownName("边界噪声标准", "boundary standard", family)
    return _boundary_rule(edition_in_force(MEDIUM, family, on=on))


@cache
def _noise_rule(zones: Edition, cities: Edition, automatic: Edition) -> NoiseRule:
    grades: dict[tuple[str, str], list[NoiseGrade]] = {}
    for row in table_rows(MEDIUM, f"hj_640_{cities.year}_grades.csv"):
        grade = NoiseGrade(
            int(row["level"]),
            row["level_zh"],
            row["word_zh"],
            row["word_en"],
            Decimal(row["above"]) if row["above"] else None,
            Decimal(row["to"]) if row["to"] else None,
        )
        grades.setdefault((row["kind"], row["period"]), []).append(grade)
    return NoiseRule(
        edition=zones.code,
        grades_edition=cities.code,
        limits=_limits(zones),
        day_from=int(number(zones, "day_from")),
        night_from=int(number(zones, "night_from")),
        places=int(number(zones, "places")),
        night_lmax_over=number(zones, "night_lmax_over"),
        ldn_penalty=int(number(zones, "ldn_penalty")),
        grades=MappingProxyType({key: tuple(found) for key, found in grades.items()}),
        road_exceeds=number(cities, "road_exceeds"),
        hour_share=float(number(automatic, "minutes_hour")) / 60,
        hours_day=int(number(automatic, "hours_day")),
        hours_night=int(number(automatic, "hours_night")),
        lowest=int(number(automatic, "lowest")),
        highest=int(number(automatic, "highest")),
    )


@cache
def _boundary_rule(edition: Edition) -> BoundaryRule:
    keys = {one["key"] for one in edition.tables["number"]}
    names = {"frequent": "lmax_frequent", "occasional": "lmax_occasional", "any": "lmax_over"}
    tables = {sheet["file"] for sheet in edition.tables["sheet"]}
    corrected, structural = "background_correction.csv", "structural_limits.csv"
    return BoundaryRule(
        edition=edition.code,
        family=edition.family,
        limits=_limits(edition),
        places=int(number(edition, "places")),
        lmax_over={kind: number(edition, key) for kind, key in names.items() if key in keys},
        indoor_less=number(edition, "indoor_less") if "indoor_less" in keys else None,
        corrections=tuple(
            (int(row["from"]), int(row["correction"])) for row in table_rows(MEDIUM, corrected)
        )
        if corrected in tables
        else (),
        structural={
            (row["zone"], row["room"]): _limit(row) for row in table_rows(MEDIUM, structural)
        }
        if structural in tables
        else {},
    )


def _limits(edition: Edition) -> Mapping[str, NoiseLimit]:
    name = f"{edition.family}_{edition.year}_limits.csv"
    return MappingProxyType({row["zone"]: _limit(row) for row in table_rows(MEDIUM, name)})


def _limit(row: Mapping[str, str]) -> NoiseLimit:
    return NoiseLimit(Decimal(row["day"]), Decimal(row["night"]), row["confidence"])
