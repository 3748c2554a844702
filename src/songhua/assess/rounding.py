"""Rounding (数值修约) as GB/T 8170 asks: half to even, once, on the exact decimal value.

The scalar half (`songhua.model.rounding`) works on `Decimal` and `Fraction`. The columnar half
carries every value as an integer number of billionths: nine decimals are more than any instrument
gives, and what lies beyond them is the noise of binary floating point.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.model.rounding import exact, half_even

__all__ = [
    "NANO",
    "exact",
    "half_even",
    "half_even_divide",
    "half_even_quotient",
    "nano",
    "shifted",
]

NANO = 10**9


def nano(values: pl.Expr) -> pl.Expr:
    """Return values as whole billionths."""
    return (values * NANO).round().cast(pl.Int64)


def half_even_quotient(numerator: pl.Expr, denominator: pl.Expr | int) -> pl.Expr:
    """Return the quotient of two integer columns rounded half to even; the divisor is positive."""
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    up = (twice > denominator) | ((twice == denominator) & (whole % 2 == 1))
    return whole + up.cast(pl.Int64)


def shifted(whole: pl.Expr, places: int) -> pl.Expr:
    """Return whole last places as the nearest float: 126 with one place is 12.6.

    Polars divides a column by a single number as it multiplies by the inverse, which misses the
    nearest float one time in three (12.600000000000001); by a column it divides.
    """
    quotient: pl.Expr = whole / (whole * 0 + 10**places)
    return quotient


def half_even_divide(
    numerator: NDArray[np.int64], denominator: NDArray[np.int64] | int
) -> NDArray[np.int64]:
    """Return the quotient of two integer arrays rounded half to even; the divisor is positive."""
    whole = numerator // denominator
    twice = 2 * (numerator - whole * denominator)
    up = (twice > denominator) | ((twice == denominator) & (whole % 2 == 1))
    rounded: NDArray[np.int64] = whole + up
    return rounded
