"""What a check says of a value. It stands beside the value and never changes it."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.uint8]
Floats = NDArray[np.float64]


class Verdict(IntEnum):
    """What a check says of a value; the numbers are those of QARTOD (IOOS, 2020, table 1).

    ``NOT_CHECKED``: the check needs what is not there, or it failed itself.
    """

    PASS = 1
    NOT_CHECKED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


WORDS = {
    Verdict.PASS: ("通过", "pass"),
    Verdict.NOT_CHECKED: ("未检查", "not checked"),
    Verdict.SUSPECT: ("可疑", "suspect"),
    Verdict.FAIL: ("不通过", "fail"),
    Verdict.MISSING: ("缺测", "missing"),
}
"""What each is called: Chinese, English."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found.

    Parameters
    ----------
    flags
        A `Verdict` for each value.
    measured
        The number that was judged: the value, its rate, its distance from the neighbours …;
        NaN where there is none.
    """

    flags: Flags
    measured: Floats


def judged(
    measured: Floats, suspect: float | None, fail: float | None, *, missing: NDArray[np.bool_]
) -> Found:
    """Return what is above `suspect` or `fail`; not checked where there is no number.

    Parameters
    ----------
    missing
        Where the value itself is missing.
    """
    flags = np.full(measured.size, Verdict.PASS, np.uint8)
    if suspect is not None:
        flags[measured > suspect] = Verdict.SUSPECT
    if fail is not None:
        flags[measured > fail] = Verdict.FAIL
    flags[np.isnan(measured)] = Verdict.NOT_CHECKED
    flags[missing] = Verdict.MISSING
    return Found(flags, measured)
