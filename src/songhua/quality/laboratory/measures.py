"""The numbers of quality control, as the manuals define them."""

import math
import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from songhua.model import BadInput
from songhua.model.determined import Determined
from songhua.model.rounding import half_even

_ONE_MILLIGRAM = Decimal("1e-6")
"""A milligram a litre in grams a millilitre."""

_T99 = {
    7: "3.143", 8: "2.998", 9: "2.896", 10: "2.821", 11: "2.764", 12: "2.718", 13: "2.681",
    14: "2.650", 15: "2.624", 16: "2.602", 17: "2.583", 18: "2.567", 19: "2.552", 20: "2.539",
}  # fmt: skip
"""Student's t, 99 %, one-sided, n - 1 degrees of freedom, by n (HJ 168—2020, annex A)."""


def relative_deviation(a: Decimal, b: Decimal) -> Decimal:
    """Return how far parallels lie apart: |a - b| / (a + b), in percent.

    >>> relative_deviation(Decimal("0.52"), Decimal("0.48"))
    Decimal('4.00')
    """
    if a < 0 or b < 0 or a + b == 0:
        raise BadInput("平行样不能都为零或为负。", "Parallels are not negative, nor both zero.")
    return abs(a - b) / (a + b) * 100


def largest_deviation(mean: Decimal, deviations: Mapping[int, Decimal]) -> Decimal:
    """Return how far parallels of a concentration may lie apart, in percent.

    Parameters
    ----------
    mean
        Of both. [mg/L]
    deviations
        By power of ten in g/mL; beyond the table its ends hold.
    """
    if mean <= 0:
        return max(deviations.values())
    order = (mean * _ONE_MILLIGRAM).adjusted()
    return deviations[min(max(order, min(deviations)), max(deviations))]


def recovery(spiked: Decimal, sample: Decimal, added: Decimal) -> Decimal:
    """Return how much of what was added is found again, in percent.

    >>> recovery(Decimal("0.95"), Decimal("0.45"), Decimal("0.5"))
    Decimal('100.0')
    """
    if added <= 0:
        raise BadInput("加标量必须大于零。", "What was added must be above zero.")
    return (spiked - sample) / added * 100


def relative_error(found: Decimal, nominal: Decimal) -> Decimal:
    """Return how far a check lies from what it should be, with its sign, in percent."""
    if nominal <= 0:
        raise BadInput("核查点的标称值必须大于零。", "The nominal value must be above zero.")
    return (found - nominal) / nominal * 100


def detection_limit(values: Sequence[float]) -> float:
    """Return the detection limit from repeated determinations: t(n-1, 0.99) · S.

    References
    ----------
    HJ 168—2020, annex A. The limit of determination is four times as much.
    """
    if len(values) not in _T99:
        raise BadInput(
            f"检出限须由 7 至 20 次平行测定得出，现有 {len(values)} 次。",
            f"A detection limit comes of 7 to 20 determinations; there are {len(values)}.",
        )
    if not all(math.isfinite(one) for one in values):
        raise BadInput("测定值必须有限。", "The determinations must be finite.")
    return float(_T99[len(values)]) * statistics.stdev(values)


def mean(values: Sequence[Determined]) -> Fraction:
    """Return the mean; what was not detected enters as half its detection limit."""
    if not values:
        raise BadInput("没有可平均的数值。", "There is nothing to average.")
    return sum((Fraction(one.for_means) for one in values), Fraction(0)) / len(values)


def total(values: Sequence[Determined]) -> Decimal:
    """Return the sum for a load; what was not detected enters as zero (HJ 91.1—2019)."""
    return sum((one.for_totals for one in values), Decimal(0))


def complies(found: Determined, limit: Decimal) -> bool | None:
    """Return whether a result keeps to a limit, by its full value; None where that is unknown.

    What was not detected keeps to a limit only if the detection limit does.
    """
    if found.value is not None:
        return found.value <= limit
    return True if found.detection_limit <= limit else None


def reported(value: Decimal | Fraction, *, places: int, significant: int = 3) -> Decimal:
    """Return a result with the digits it is reported with, rounded once (GB/T 8170—2008).

    At most so many significant digits, and no more decimals than the detection limit has.

    >>> reported(Decimal("12.3456"), places=3), reported(Decimal("0.0246"), places=3)
    (Decimal('12.3'), Decimal('0.025'))
    """
    if value == 0:
        return half_even(value, places)
    order = _order(abs(Fraction(value)))
    kept = min(places, significant - 1 - order)
    rounded = half_even(value, kept)
    return rounded if kept >= 0 else Decimal(int(rounded))


def half_unit(value: Decimal) -> Decimal:
    """Round to halves: twice the value to the unit, and back (GB/T 8170—2008, 3.3.1)."""
    return half_even(value * 2, 0) / 2


def fifth_unit(value: Decimal, places: int) -> Decimal:
    """Round to fifths of a place: five times the value, and back (GB/T 8170—2008, 3.3.2)."""
    return half_even(value * 5, places) / 5


def _order(value: Fraction) -> int:
    """Return the power of ten of the first digit."""
    order = len(str(value.numerator)) - len(str(value.denominator))
    return order if value >= Fraction(10) ** order else order - 1
