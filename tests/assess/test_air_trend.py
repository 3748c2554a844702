"""Spearman's rank correlation with time: the formula, the table and ties."""

from collections import Counter
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.air.trend import Direction, Trend, coefficient, mean_ranks, trend
from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import evaluation_rule, spearman_critical

RULE = evaluation_rule(on=date(2026, 12, 31))


def found(*values: object) -> Trend:
    outcome = trend([Decimal(str(value)) for value in values], RULE)
    assert outcome is not None
    return outcome


def test_the_formula_by_hand() -> None:
    # values 5 3 4 2 1 6 → d = 4, 1, 1, −2, −4, 0 → Σd² = 38; rs = 1 − 6·38/(216 − 6) = −0.0857…
    assert coefficient([Decimal(n) for n in (5, 3, 4, 2, 1, 6)]) == 1 - Fraction(6 * 38, 210)
    assert found(5, 3, 4, 2, 1, 6).rs == Decimal("-0.086")


def test_steady_years_rise_or_fall() -> None:
    assert found(31, 40, 44, 46, 55, 66).direction is Direction.RISING
    falling = found(66, 55, 46, 44, 40, 31)
    assert (falling.rs, falling.direction, falling.strict) == (-1, Direction.FALLING, True)
    assert (falling.critical, falling.critical_strict) == (Decimal("0.829"), Decimal("0.943"))


def test_a_coefficient_on_the_critical_value_is_no_trend() -> None:
    # N = 5: 1 3 2 4 5 gives 0.9, which is the critical value and not above it.
    assert found(1, 3, 2, 4, 5).direction is Direction.NO_CHANGE
    # N = 7: the critical value 0.714 is 5/7 printed with three places.
    assert found(3, 2, 1, 4, 7, 6, 5).rs == Decimal("0.714")
    assert found(3, 2, 1, 4, 7, 6, 5).direction is Direction.NO_CHANGE


def test_fewer_than_five_values_say_nothing() -> None:
    assert trend([Decimal(n) for n in range(4)], RULE) is None
    gone = Missing(MissingReason.TOO_FEW_DAYS)
    assert trend([Decimal(1), gone, Decimal(2), None, Decimal(3), Decimal(4)], RULE) is None
    assert trend([Decimal(n) for n in range(5)], RULE) is not None


def test_equal_values_share_the_mean_rank() -> None:
    assert mean_ranks([Decimal(n) for n in (7, 3, 7, 7, 9)]) == [3, 1, 3, 3, 5]
    assert found(8, 8, 8, 8, 8).direction is Direction.NO_CHANGE


@pytest.mark.parametrize(("periods", "tabled"), [(10, 10), (11, 10), (13, 12), (31, 30), (60, 30)])
def test_between_the_rows_of_the_table_the_stricter_one_decides(periods: int, tabled: int) -> None:
    outcome = found(*range(periods))
    assert (outcome.periods, outcome.critical_of) == (periods, tabled)
    assert (outcome.critical, outcome.critical_strict) == spearman_critical(tabled)


@pytest.mark.parametrize("n", [5, 6, 7, 8])
def test_the_table_agrees_with_counting_all_orders(n: int) -> None:
    # The smallest coefficient that at most 5 % (1 %) of all orders reach.
    orders = permutations(range(n))
    d2 = Counter(sum((rank - time) ** 2 for time, rank in enumerate(order)) for order in orders)
    for critical, share in zip(spearman_critical(n) or (), (20, 100), strict=True):
        allowed = factorial(n) // share
        reached = [d for d in d2 if sum(c for other, c in d2.items() if other <= d) <= allowed]
        rs = 1 - Fraction(6 * max(reached), n**3 - n)
        assert half_even(rs, 3) == critical


@given(st.lists(st.decimals(0, 200, places=0), min_size=5, max_size=30))
def test_the_coefficient_is_bounded_and_turns_with_time(values: list[Decimal]) -> None:
    rs = coefficient(values)
    assert -1 <= rs <= 1
    if len(set(values)) == len(values):
        assert coefficient(values[::-1]) == -rs
