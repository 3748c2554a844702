"""Whether the years get better or worse: Spearman's rank correlation with time (秩相关系数法)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from songhua.assess.rounding import half_even
from songhua.model import Missing
from songhua.standards import EvaluationRule, spearman_critical

FEWEST = 5


class Direction(StrEnum):
    """What the test says."""

    RISING = "rising"
    FALLING = "falling"
    NO_CHANGE = "no_change"


@dataclass(frozen=True, slots=True)
class Trend:
    """The outcome of the test.

    Parameters
    ----------
    rs
        Rank correlation coefficient, rounded. [unitless]
    periods
        How many periods had a value.
    critical, critical_strict
        Critical values at 0.05 and 0.01. [unitless]
    critical_of
        For how many periods these were tabled; see `trend`.
    direction
        Rising (上升, worse), falling (下降, better) or no significant change (无显著变化).
    strict
        Whether the direction holds at 0.01 too.
    """

    rs: Decimal
    periods: int
    critical: Decimal
    critical_strict: Decimal
    critical_of: int
    direction: Direction
    strict: bool


def trend(values: Sequence[Decimal | Missing | None], rule: EvaluationRule) -> Trend | None:
    """Return the trend of a figure over consecutive periods.

    Parameters
    ----------
    values
        The figure of each period in order of time; absent ones are left out. [any unit]
    rule
        Sets the places of the coefficient.

    Returns
    -------
    Trend or None
        None with fewer than 5 values.

    Notes
    -----
    Equal values share the mean of the ranks they take (秩均值), and the formula is used as it
    stands; the documents at hand say nothing of ties. The rounded coefficient is compared with
    the table and must be above it. Where a number of periods is not tabled, the next smaller
    one that is decides: its critical value is the larger, so nothing is called a trend too soon.

    Examples
    --------
    >>> from datetime import date
    >>> from songhua.standards import evaluation_rule
    >>> rule = evaluation_rule(on=date(2025, 12, 31))
    >>> found = trend([Decimal(n) for n in (66, 55, 46, 44, 40, 31)], rule)
    >>> found.rs, found.direction.value
    (Decimal('-1.000'), 'falling')

    References
    ----------
    HJ 663—2013, annex B: rs = 1 − 6·Σd² / (N³ − N), N ≥ 5.
    """
    known = [value for value in values if isinstance(value, Decimal)]
    if len(known) < FEWEST:
        return None
    rs = half_even(coefficient(known), rule.trend_places)
    tabled = next(n for n in range(len(known), 0, -1) if spearman_critical(n) is not None)
    critical, strict = spearman_critical(tabled) or (Decimal(1), Decimal(1))
    direction = Direction.NO_CHANGE
    if abs(rs) > critical:
        direction = Direction.RISING if rs > 0 else Direction.FALLING
    return Trend(
        rs=rs,
        periods=len(known),
        critical=critical,
        critical_strict=strict,
        critical_of=tabled,
        direction=direction,
        strict=abs(rs) > strict,
    )


def coefficient(values: Sequence[Decimal]) -> Fraction:
    """Return the rank correlation of values in order of time with time, unrounded.

    >>> coefficient([Decimal(n) for n in (1, 3, 2, 4, 5)])
    Fraction(9, 10)
    """
    n = len(values)
    d2 = sum((rank - time) ** 2 for time, rank in enumerate(mean_ranks(values), start=1))
    return 1 - Fraction(6 * d2, n**3 - n)


def mean_ranks(values: Sequence[Decimal]) -> list[Fraction]:
    """Return the rank of each value from small to large; equal ones share the mean of theirs.

    >>> [str(rank) for rank in mean_ranks([Decimal(n) for n in (7, 3, 7, 9)])]
    ['5/2', '1', '5/2', '4']
    """
    ordered = sorted(values)
    first = {value: place for place, value in reversed(list(enumerate(ordered, start=1)))}
    return [first[value] + Fraction(ordered.count(value) - 1, 2) for value in values]
