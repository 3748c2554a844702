"""Rounding (数值修约) as GB/T 8170 asks: half to even, once, on the exact decimal value.

The scalar half works on `Decimal` and `Fraction`. The columnar half carries every value as an
integer number of billionths: nine decimals are more than any instrument gives, and what lies
beyond them is the noise of binary floating point.
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl
from numpy.typing import NDArray

NANO = 10**9


def half_even(value: Decimal | Fraction | int, places: int) -> Decimal:
    """Return the value rounded half to even (四舍六入五成双).

    Parameters
    ----------
    value
        The exact value. [any unit]
    places
        Decimal places to keep.

    Examples
    --------
    >>> half_even(Decimal("60.5"), 0), half_even(Fraction(7, 20), 1)
    (Decimal('60'), Decimal('0.4'))

    References
    ----------
    GB/T 8170—2008, 3.2.
    """
    return Decimal(round(Fraction(value) * 10**places)).scaleb(-places)


def exact(value: float) -> Decimal:
    """Return the shortest decimal that names a float: the value that was sent.

    >>> exact(1.757)
    Decimal('1.757')
    """
    return Decimal(repr(float(value)))


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
