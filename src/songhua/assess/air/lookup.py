"""One column of the index table as a look-up: exact for every float, at one comparison a value.

The index rises in steps, each at an exact concentration. Concentrations are cut into buckets so
narrow that no bucket holds two steps: the bucket says between which two indices, and one
comparison with the step in it says which. Bucket widths are powers of two, so that finding the
bucket is exact; a step is kept as the largest float whose shortest decimal does not pass it, so
that comparing is exact too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from songhua.assess.air.index import iaqi
from songhua.assess.rounding import exact
from songhua.standards import IndexScale

Floats = NDArray[np.float64]
Codes = NDArray[np.uint16]
Step = tuple[float, int]
"""Above which float, which code."""

NONE = 0
"""The code of a concentration without an index; every other is the index and one."""

_NARROWEST = 1 << 16


@dataclass(frozen=True)
class Lookup:
    """The index of one pollutant by one or several editions.

    Parameters
    ----------
    width
        Buckets in one µg/m³ (mg/m³ for CO).
    buckets
        Buckets of one edition; the last holds all that lies above the table, and what is no
        number.
    steps
        In each bucket the concentration at which the index steps up; infinite without one.
        Shape (edition × bucket,). [µg/m³; mg/m³ for CO]
    codes
        Codes above and up to the step of each bucket. Shape (edition × bucket × 2,).
    """

    width: int
    buckets: int
    steps: Floats
    codes: Codes

    def of(self, values: Floats, edition: NDArray[np.intp] | int) -> Codes:
        """Return the code of each concentration. Shape (row,).

        Parameters
        ----------
        values
            NaN where there is none. Shape (row,). [µg/m³; mg/m³ for CO]
        edition
            Which edition judges: of all rows, or of each. Shape (row,).
        """
        with np.errstate(invalid="ignore", over="ignore"):
            found = values * self.width
            np.fmin(found, self.buckets - 1, out=found)  # what is no number goes there too
            bucket = found.astype(np.intp)
        bucket += edition * self.buckets
        up_to = values <= self.steps.take(bucket, mode="clip")
        bucket += bucket
        bucket += up_to
        codes: Codes = self.codes.take(bucket, mode="clip")
        if (negative := values < 0).any():
            codes[negative] = NONE
        return codes


@cache
def lookup(*columns: tuple[IndexScale, int | None]) -> Lookup:
    """Return the look-up of one column of the table, by one or several editions.

    Parameters
    ----------
    columns
        By edition: the column, and to how many places it rounds concentrations; None: not.
    """
    steps = [
        _steps(scale) if places is None else _rounded_steps(scale, places)
        for scale, places in columns
    ]
    width = _width(steps)
    buckets = (int(max(scale.limits[-1] for scale, _ in columns)) + 1) * width + 2
    parts = [_filled(found, width, buckets) for found in steps]
    return Lookup(
        width=width,
        buckets=buckets,
        steps=np.concatenate([step for step, _ in parts]),
        codes=np.concatenate([codes for _, codes in parts]),
    )


def _steps(scale: IndexScale) -> list[Step]:
    """Return where the index steps up when concentrations enter the formula as they are."""
    steps = []
    columns = list(zip(scale.limits, scale.index, strict=True))
    for (bp_lo, iaqi_lo), (bp_hi, iaqi_hi) in pairwise(columns):
        rise = iaqi_hi - iaqi_lo
        for up in range(rise):
            at = Fraction(bp_lo) + up * Fraction(bp_hi - bp_lo) / rise
            steps.append((_last_float(at), iaqi_lo + up + 2))
    return [*steps, (float(scale.limits[-1]), _above(scale))]


def _rounded_steps(scale: IndexScale, places: int) -> list[Step]:
    """Return where the index steps up when concentrations are rounded half to even before."""
    steps, unit = [], 10**places
    before = 1
    for whole in range(1, int(scale.limits[-1]) * unit + 2):
        found = iaqi(Decimal(whole) / unit, scale)
        code = found + 1 if isinstance(found, int) else NONE
        if code != before:
            tie = _last_float(Fraction(2 * whole - 1, 2 * unit))
            steps.append((tie if whole % 2 else float(np.nextafter(tie, 0)), code))
        before = code
    return steps


def _last_float(bound: Fraction) -> float:
    """Return the largest float whose shortest decimal is not above a bound."""
    value = float(bound)
    while Fraction(exact(value)) > bound:
        value = float(np.nextafter(value, -np.inf))
    return value


def _above(scale: IndexScale) -> int:
    return NONE if scale.above is None else scale.above + 1


def _width(editions: Sequence[Sequence[Step]]) -> int:
    """Return how many buckets a unit needs for no bucket to hold two steps."""
    width = 1
    while any(
        int(one * width) == int(next_ * width)
        for steps in editions
        for (one, _), (next_, _) in pairwise(steps)
    ):
        width *= 2
        if width > _NARROWEST:
            raise ValueError("two steps of the index lie on one concentration")
    return width


def _filled(steps: Sequence[Step], width: int, buckets: int) -> tuple[Floats, Codes]:
    """Return the step in each bucket, and the two codes around it."""
    bounds = np.array([step for step, _ in steps])
    codes = np.array([1, *(code for _, code in steps)], dtype=np.uint16)
    passed = np.searchsorted(bounds, np.arange(buckets) / width, side="left")
    inside = np.append(passed[1:], passed[-1]) > passed
    step = np.where(inside, np.append(bounds, np.inf)[passed], np.inf)
    pair = np.stack([codes[passed + inside], codes[passed]], axis=1)
    step[-1], pair[-1, 0] = np.finfo(np.float64).max, NONE  # infinite, or no number
    return step, pair.ravel()
