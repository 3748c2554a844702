"""How ambient air is evaluated, ranked, cleared of dust and tested for trend."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from songhua.standards.aqi import Averaging
from songhua.standards.edition import Edition, edition_in_force


@dataclass(frozen=True, slots=True)
class Statistic:
    """One evaluated figure: an item's mean or percentile and what it is compared with.

    Parameters
    ----------
    percentile
        None for a mean.
    averaging
        The limit it is compared with.
    """

    quantity: str
    percentile: int | None
    averaging: Averaging


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationRule:
    """What one edition of HJ 663 says.

    Parameters
    ----------
    edition, year
        ``HJ 663—2013``, 2013.
    places
        Decimal places of a published concentration, by quantity.
    exceed_multiple_places, rate_places, trend_places
        Decimal places of an exceedance multiple, of a rate [%], of a trend coefficient.
    min_windows
        8-hour means that a day's maximum needs, unless it exceeds the limit.
    min_days_year, min_days_month, min_days_february
        Valid days of a year and of a month.
    share, few_sites, few_share
        An area needs this share of its sites; with fewer than `few_sites` sites the other.
    yearly
        The figures of a yearly evaluation.
    moving_mean_years
        Years of the moving mean; None where the edition has none.
    excludes_events
        Whether exceptional events (例外事件) may be excluded.
    clauses
        Where each rule stands.
    """

    edition: str
    year: int
    places: Mapping[str, int]
    exceed_multiple_places: int
    rate_places: int
    trend_places: int
    min_windows: int
    min_days_year: int
    min_days_month: int
    min_days_february: int
    share: Decimal
    few_sites: int
    few_share: Decimal
    yearly: tuple[Statistic, ...]
    moving_mean_years: int | None
    excludes_events: bool
    clauses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RankingItem:
    """One item of the composite index: its statistic and standard value S, in the item's unit."""

    quantity: str
    percentile: int | None
    standard: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class RankingRule:
    """How cities are ranked: the composite index (环境空气质量综合指数).

    Parameters
    ----------
    places
        Decimal places of each concentration before the division.
    index_places
        Decimal places of each single index, half to even, before the sum.
    """

    edition: str
    items: tuple[RankingItem, ...]
    places: Mapping[str, int]
    index_places: int
    clauses: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class DustRule:
    """What is deducted under sand and dust (沙尘), and what proposes a period.

    Parameters
    ----------
    quantities
        Whose affected hours leave the means and the composite index.
    keeps_good_days
        Whether dust days stay in the ratio of good days.
    hours_before, rise, floor, ratio, back_within
        The criteria; from memory, and ours to change. `floor` in µg/m³.
    """

    edition: str
    quantities: tuple[str, ...]
    keeps_good_days: bool
    hours_before: int
    rise: Decimal
    floor: Decimal
    ratio: Decimal
    back_within: Decimal
    clauses: Mapping[str, str]


def evaluation_rule(*, on: date) -> EvaluationRule:
    """Return the rule of evaluation in force on a day.

    >>> evaluation_rule(on=date(2026, 3, 1)).edition
    'HJ 663—2026'
    """
    return _evaluation(edition_in_force("air", "hj_663", on=on))


def ranking_rule(*, on: date) -> RankingRule:
    """Return the rule by which cities are ranked for a period that ends on a day."""
    return _ranking(edition_in_force("air", "city_ranking", on=on))


def dust_rule(*, on: date) -> DustRule:
    """Return the rule of sand and dust in force on a day."""
    return _dust(edition_in_force("air", "sand_dust", on=on))


def spearman_critical(n: int) -> tuple[Decimal, Decimal] | None:
    """Return the critical values of the rank correlation at 0.05 and 0.01; None where not tabled.

    References
    ----------
    HJ 663—2013, annex B; confidence: memory.
    """
    return _spearman().get(n)


@cache
def _evaluation(edition: Edition) -> EvaluationRule:
    tables = edition.tables
    quorum, validity, rounding = tables["quorum"], tables["validity"], tables["rounding"]
    return EvaluationRule(
        edition=edition.code,
        year=edition.year,
        places=tables["places"],
        exceed_multiple_places=rounding["exceed_multiple"],
        rate_places=rounding["rate"],
        trend_places=rounding["trend"],
        min_windows=validity["windows_day"],
        min_days_year=validity["days_year"],
        min_days_month=validity["days_month"],
        min_days_february=validity["days_february"],
        share=quorum["share"],
        few_sites=quorum["few_sites"],
        few_share=quorum["few_share"],
        yearly=tuple(
            Statistic(quantity, percentile or None, Averaging(averaging))
            for quantity, _, percentile, averaging in tables["table_1"]["year"]
        ),
        moving_mean_years=tables.get("moving_mean", {}).get("years"),
        excludes_events="exceptional_events" in tables,
        clauses=edition.clauses,
    )


@cache
def _ranking(edition: Edition) -> RankingRule:
    return RankingRule(
        edition=edition.code,
        items=tuple(
            RankingItem(quantity, percentile or None, Decimal(standard))
            for quantity, _, percentile, standard in edition.tables["table_1"]["items"]
        ),
        places=edition.tables["places"],
        index_places=edition.tables["rounding"]["index"],
        clauses=edition.clauses,
    )


@cache
def _dust(edition: Edition) -> DustRule:
    rules, criteria = edition.tables["rules"], edition.tables["criteria"]
    return DustRule(
        edition=edition.code,
        quantities=tuple(rules["quantities"]),
        keeps_good_days=rules["keeps_good_days"],
        hours_before=criteria["hours_before"],
        rise=criteria["rise"],
        floor=Decimal(criteria["floor"]),
        ratio=criteria["ratio"],
        back_within=criteria["back_within"],
        clauses=edition.clauses,
    )


@cache
def _spearman() -> Mapping[int, tuple[Decimal, Decimal]]:
    text = files("songhua.standards").joinpath("air", "spearman.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(row["n"]): (Decimal(row["wp_0_05"]), Decimal(row["wp_0_01"])) for row in rows}
