"""Rounding of one number as GB/T 8170 asks: half to even, once, on the exact decimal value."""

from decimal import Decimal
from fractions import Fraction


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
