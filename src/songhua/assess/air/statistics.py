"""Months, quarters and years of daily figures: the readable reference, on exact fractions.

Which edition: means, percentiles, rounding and validity follow the edition in force on the last
day of the period; a day's index and its exceedance follow the edition of that day. So the year
2026 is evaluated by HJ 663—2026, while its January days are good or not by HJ 633—2012.
The columnar twin is `statistics_columns`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from songhua.assess.air.index import PRIMARY_ORDER
from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import POLLUTANTS, EvaluationRule, RankingRule

DAY_COLUMN = {name: "o3_8h" if name == "o3" else name for name in POLLUTANTS}
"""Pollutant → the daily figure that statistics are made of."""

FEBRUARY = 2


class Span(StrEnum):
    """A period made of days."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months it has."""
        return {"month": 1, "quarter": 3, "year": 12}[self.value]


@dataclass(frozen=True, slots=True)
class CompositeIndex:
    """The composite index (环境空气质量综合指数) and what it is made of.

    Parameters
    ----------
    concentrations
        As they entered: rounded. [µg/m³; mg/m³ for CO]
    singles
        Single indices, rounded. [unitless]
    total
        Their sum. [unitless]
    largest
        The pollutants of the largest single index; several when equal.
    """

    concentrations: Mapping[str, Decimal]
    singles: Mapping[str, Decimal]
    total: Decimal
    largest: tuple[str, ...]


def figure_name(quantity: str, percentile: int | None) -> str:
    """Return the column of a statistic: ``so2`` for a mean, ``so2_p98`` for a percentile."""
    return quantity if percentile is None else f"{quantity}_p{percentile}"


def quantity_of(figure: str) -> str:
    """Return whose statistic a column is.

    >>> quantity_of("pm2_5_p95"), quantity_of("pm2_5")
    ('pm2_5', 'pm2_5')
    """
    return figure.rsplit("_p", 1)[0]


def span_of(day: date, span: Span) -> tuple[date, date]:
    """Return the first and the last day of the month, quarter or year that a day lies in.

    >>> span_of(date(2026, 2, 10), Span.QUARTER)
    (datetime.date(2026, 1, 1), datetime.date(2026, 3, 31))
    """
    first = date(day.year, (day.month - 1) // span.months * span.months + 1, 1)
    ahead = first.month - 1 + span.months
    return first, date(first.year + ahead // 12, ahead % 12 + 1, 1) - timedelta(days=1)


def mean(values: Sequence[Decimal]) -> Fraction:
    """Return the arithmetic mean of daily figures, unrounded, in their unit."""
    if not values:
        raise ValueError("nothing has no mean")
    return sum(map(Fraction, values), Fraction()) / len(values)


def percentile(values: Sequence[Decimal], p: int) -> Fraction:
    """Return the p-th percentile (百分位数) of daily figures, unrounded.

    Parameters
    ----------
    values
        Daily figures in any order. [µg/m³; mg/m³ for CO]
    p
        0 to 100. [%]

    Examples
    --------
    >>> percentile([Decimal(n) for n in (10, 20, 30, 40, 50)], 90)
    Fraction(46, 1)

    References
    ----------
    HJ 663—2013, annex A: k = 1 + (n − 1)·p/100, linear between the two values around k.
    """
    if not values:
        raise ValueError("nothing has no percentile")
    ordered = sorted(map(Fraction, values))
    k = 1 + Fraction((len(ordered) - 1) * p, 100)
    s = int(k)
    if s == len(ordered):
        return ordered[-1]
    return ordered[s - 1] + (ordered[s] - ordered[s - 1]) * (k - s)


def statistic(values: Sequence[Decimal], percentile_of: int | None) -> Fraction:
    """Return the mean, or the percentile where one is asked for."""
    return mean(values) if percentile_of is None else percentile(values, percentile_of)


def exceed_multiple(value: Decimal, limit: Decimal, *, places: int) -> Decimal | None:
    """Return by how many times a value exceeds its limit (超标倍数); None when it does not.

    >>> exceed_multiple(Decimal(48), Decimal(35), places=2)
    Decimal('0.37')
    """
    if value <= limit:
        return None
    return half_even((Fraction(value) - Fraction(limit)) / Fraction(limit), places)


def rate(part: int, whole: int, *, places: int) -> Decimal | Missing:
    """Return the share of days (天数比例): exceeding or good days among the valid ones, in %.

    >>> rate(23, 31, places=1)
    Decimal('74.2')
    """
    if not whole:
        return Missing(MissingReason.NOT_RECEIVED)
    return half_even(Fraction(100 * part, whole), places)


def composite_index(
    figures: Mapping[tuple[str, int | None], Fraction | Decimal], rule: RankingRule
) -> CompositeIndex | Missing:
    """Return the composite index of a period (综合指数).

    Each concentration is rounded, divided by its standard value, rounded half to even, and only
    then added.

    Parameters
    ----------
    figures
        (pollutant, percentile or None for the mean) → unrounded figure of the period; absent
        where there is none. [µg/m³; mg/m³ for CO]

    References
    ----------
    环办监测〔2018〕19号; the order of rounding reproduces 27 of 27 published bulletins.
    """
    lacking = [
        item.quantity for item in rule.items if (item.quantity, item.percentile) not in figures
    ]
    if lacking:
        return Missing(MissingReason.POLLUTANT_MISSING, "+".join(lacking))
    concentrations = {
        item.quantity: half_even(
            Fraction(figures[item.quantity, item.percentile]), rule.places[item.quantity]
        )
        for item in rule.items
    }
    singles = {
        item.quantity: half_even(
            Fraction(concentrations[item.quantity]) / Fraction(item.standard), rule.index_places
        )
        for item in rule.items
    }
    top = max(singles.values())
    return CompositeIndex(
        concentrations=concentrations,
        singles=singles,
        total=sum(singles.values(), Decimal()),
        largest=tuple(name for name in PRIMARY_ORDER if singles[name] == top),
    )


def too_few_days(
    days_in_month: Mapping[int, int], span: Span, first: date, rule: EvaluationRule
) -> Missing | None:
    """Return why a pollutant's figures of a period do not hold, or None when they do.

    Parameters
    ----------
    days_in_month
        Valid days of each month of the period, by its number; absent is none.
    first
        First day of the period.

    Notes
    -----
    A quarter is held to what its months are held to; the documents at hand do not name it.

    References
    ----------
    GB 3095—2012 and 2026, table 4; for months, CO and O3: HJ 663, from memory.
    """
    total = sum(days_in_month.values())
    if not total:
        return Missing(MissingReason.NOT_RECEIVED)
    needs = {
        month: min_days(month, rule) for month in range(first.month, first.month + span.months)
    }
    if span is Span.MONTH:
        short, need = total < needs[first.month], needs[first.month]
    else:
        short, need = span is Span.YEAR and total < rule.min_days_year, rule.min_days_year
    if short:
        return Missing(MissingReason.TOO_FEW_DAYS, f"{total}/{need}")
    good = sum(days_in_month.get(month, 0) >= need for month, need in needs.items())
    if good < span.months:
        return Missing(MissingReason.TOO_FEW_DAYS_IN_MONTH, f"{good}/{span.months}")
    return None


def min_days(month: int, rule: EvaluationRule) -> int:
    """Return how many valid days a month needs."""
    return rule.min_days_february if month == FEBRUARY else rule.min_days_month


def reason_text(reasons: Mapping[str, Missing | None]) -> str:
    """Return the reasons of several pollutants as the text kept with a figure.

    >>> reason_text({"pm2_5": Missing(MissingReason.TOO_FEW_DAYS, "26/27"), "co": None})
    'pm2_5 too_few_days 26/27'
    """
    return "; ".join(
        f"{name} {why.reason.value} {why.detail}".rstrip() for name, why in reasons.items() if why
    )


def read_reasons(text: str) -> dict[str, Missing]:
    """Return what `reason_text` wrote, by pollutant.

    >>> read_reasons("pm2_5 too_few_days 26/27; o3 not_received")["pm2_5"].detail
    '26/27'
    """
    found = {}
    for part in filter(None, text.split("; ")):
        name, reason, *detail = part.split(" ", 2)
        found[name] = Missing(MissingReason(reason), *detail)
    return found


def ranks(values: Sequence[Decimal | None]) -> list[int | None]:
    """Return places from the smallest value on; equals share one and the next is skipped.

    >>> ranks([Decimal("2.7"), Decimal("1.7"), None, Decimal("2.7"), Decimal("4")])
    [2, 1, None, 2, 4]
    """
    known = [value for value in values if value is not None]
    return [
        None if value is None else 1 + sum(other < value for other in known) for value in values
    ]
