"""How a value departs from the ones beside it in time."""

from typing import Literal

import numpy as np

from songhua.quality.stack import Stack
from songhua.quality.verdict import Found, Verdict, judged


def rate_of_change(stack: Stack, *, suspect: float, fail: float | None = None) -> Found:
    """Judge by the change since the value before, in units a second.

    The first value of a series, and one after a missing one, passes.

    References
    ----------
    IOOS QARTOD, test 7 (rate of change).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.abs(stack.values - stack.before()) / stack.steps
    found = judged(rate, suspect, fail, missing=stack.missing)
    found.flags[np.isnan(rate) & ~stack.missing] = Verdict.PASS
    return found


def spike(
    stack: Stack,
    *,
    suspect: float | None = None,
    fail: float | None = None,
    method: Literal["average", "differential"] = "average",
    within_s: float | None = None,
) -> Found:
    """Judge by how far a value stands out from the ones before and after.

    Parameters
    ----------
    suspect, fail
        Distance from the middle of both (``average``), or the smaller of the changes up and down
        again (``differential``). [unit of the value]
    within_s
        Values further away in time are none beside it. [s]

    References
    ----------
    IOOS QARTOD, test 6 (spike).
    """
    before, after = stack.before(), stack.after()
    if within_s is not None:
        before[stack.steps > within_s] = np.nan
        after[:-1][stack.steps[1:] > within_s] = np.nan
    if method == "average":
        distance = np.abs(stack.values - (before + after) / 2)
    else:
        up, down = stack.values - before, after - stack.values
        distance = np.minimum(np.abs(up), np.abs(down))
        distance[up * down >= 0] = 0.0
    return judged(distance, suspect, fail, missing=stack.missing)
