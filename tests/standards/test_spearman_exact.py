"""The tabled critical values of the rank correlation against every ordering of few ranks."""

from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import factorial

import numpy as np
import pytest

from songhua.standards import spearman_critical


@pytest.mark.parametrize("n", [5, 6, 7, 8])
@pytest.mark.parametrize(("place", "chance"), [(0, Fraction(1, 20)), (1, Fraction(1, 100))])
def test_the_tabled_value_is_the_smallest_that_is_rare_enough(
    n: int, place: int, chance: Fraction
) -> None:
    ranks = np.arange(1, n + 1)
    orders = np.array(list(permutations(range(1, n + 1))))
    sums = ((orders - ranks) ** 2).sum(axis=1)
    # The largest sum of squares, hence the smallest coefficient, whose tail is within the chance.
    rare = max(
        int(total)
        for total in np.unique(sums)
        if Fraction(int((sums <= total).sum()), factorial(n)) <= chance
    )
    exact = 1 - Fraction(6 * rare, n**3 - n)
    tabled = spearman_critical(n)
    assert tabled is not None
    assert tabled[place] == Decimal(round(exact * 1000)).scaleb(-3)
