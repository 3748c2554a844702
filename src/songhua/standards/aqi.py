"""The rule of the air quality index: HJ 633, by the day measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache

from songhua.standards.edition import Edition, edition_in_force, edition_of, read_table

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
"""The six, in the order of the standard's table."""


class Averaging(StrEnum):
    """Over what time a concentration is a mean."""

    HOURLY = "hourly"
    DAILY = "daily"
    MAX_8H = "max_8h"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    GROWING_SEASON = "growing_season"
    ANNUAL = "annual"


@dataclass(frozen=True, slots=True)
class IndexScale:
    """One column of the IAQI table: limits against index values, both rising.

    Parameters
    ----------
    limits
        Concentrations. [µg/m³; mg/m³ for CO]
    index
        Index at each limit. [unitless]
    above
        Index above the last limit; None where the edition gives none there.
    """

    limits: tuple[Decimal, ...]
    index: tuple[int, ...]
    above: int | None


@dataclass(frozen=True, slots=True)
class Level:
    """One level (级别) of the index, its words and colours.

    Parameters
    ----------
    number
        1 to 6.
    index_lo, index_hi
        First and last index of the level.
    colour
        The standard's colour, ``#rrggbb``.
    colour_safe
        Ours, for every kind of colour vision.
    """

    number: int
    index_lo: int
    index_hi: int
    grade_zh: str
    category_zh: str
    category_en: str
    colour: str
    colour_zh: str
    colour_safe: str
    advice_zh: str
    advice_en: str


@dataclass(frozen=True, slots=True)
class SensitiveGroup:
    """People whom a pollutant harms first (敏感人群)."""

    key: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True, eq=False)
class AqiRule:
    """What one edition of HJ 633 says.

    Parameters
    ----------
    edition, year
        ``HJ 633—2026``, 2026.
    places
        Decimal places of a concentration before the formula; empty where it does not round.
    hourly, daily
        Which column of the table feeds each pollutant's index in the two reports.
    levels
        From 1 to 6.
    names_exceeding
        Whether pollutants above 100 are named as exceeding (超标污染物).
    needs_all_pollutants
        Whether, with a pollutant missing, an index of 100 or less is withheld.
    sensitive_groups
        Groups to name when a pollutant's index exceeds 100; empty where the edition has none.
    clauses
        Where each rule stands.
    """

    edition: str
    year: int
    places: Mapping[str, int]
    hourly: Mapping[str, Averaging]
    daily: Mapping[str, Averaging]
    levels: tuple[Level, ...]
    names_exceeding: bool
    needs_all_pollutants: bool
    sensitive_groups: Mapping[str, tuple[SensitiveGroup, ...]]
    clauses: Mapping[str, str]
    scales: Mapping[tuple[str, Averaging], IndexScale]

    def scale(self, quantity: str, averaging: Averaging) -> IndexScale:
        """Return one column of the IAQI table.

        Raises
        ------
        KeyError
            If the edition has no such column.
        """
        return self.scales[quantity, averaging]

    def clause(self, name: str) -> str:
        """Return where a rule stands in the document, or nothing."""
        return self.clauses.get(name, "")

    def level(self, index: int) -> Level:
        """Return the level of an index."""
        return next(level for level in self.levels if index <= level.index_hi)


def aqi_rule(*, on: date) -> AqiRule:
    """Return the rule of the index in force on the day the air was measured.

    Raises
    ------
    NoRuleInForce
        Before 2012-02-29.

    Examples
    --------
    >>> aqi_rule(on=date(2026, 2, 28)).edition, aqi_rule(on=date(2026, 3, 1)).edition
    ('HJ 633—2012', 'HJ 633—2026')
    """
    return _rule(edition_in_force("air", "hj_633", on=on))


def aqi_rule_of(year: int) -> AqiRule:
    """Return the rule of one edition: 2012 or 2026; raise `UnknownName` otherwise."""
    return _rule(edition_of("air", "hj_633", year))


@cache
def levels() -> tuple[Level, ...]:
    """Return the six levels; both editions have the same."""
    return tuple(Level(**row) for row in read_table("air", "aqi_levels.toml")["level"])


@cache
def _rule(edition: Edition) -> AqiRule:
    tables = edition.tables
    names = read_table("air", "aqi_levels.toml")["groups"]
    return AqiRule(
        edition=edition.code,
        year=edition.year,
        places=tables["rules"]["places"],
        hourly={key: Averaging(value) for key, value in tables["report"]["hourly"].items()},
        daily={key: Averaging(value) for key, value in tables["report"]["daily"].items()},
        levels=levels(),
        names_exceeding=tables["rules"]["names_exceeding"],
        needs_all_pollutants=tables["rules"]["needs_all_pollutants"],
        sensitive_groups={
            quantity: tuple(SensitiveGroup(key, **names[key]) for key in keys)
            for quantity, keys in tables.get("sensitive_groups", {}).items()
        },
        clauses=edition.clauses,
        scales=dict(_scales(edition)),
    )


def _scales(edition: Edition) -> list[tuple[tuple[str, Averaging], IndexScale]]:
    table, above = edition.tables["table_1"], edition.tables["above"]
    found = []
    for averaging in (Averaging.HOURLY, Averaging.DAILY, Averaging.MAX_8H):
        for quantity, limits in table[averaging.value].items():
            scale = IndexScale(
                limits=tuple(Decimal(limit) for limit in limits),
                index=tuple(table["iaqi"][: len(limits)]),
                above=above[averaging.value].get(quantity),
            )
            found.append(((quantity, averaging), scale))
    return found
