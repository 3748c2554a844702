"""What a value may be: by the instrument, and by place and season."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.model import BadInput
from songhua.quality.stack import Stack
from songhua.quality.verdict import Found, Verdict

Span = tuple[float, float]
"""Lowest and highest that is allowed, both included."""

Cycle = Literal["hour", "dayofweek", "dayofyear", "weekofyear", "month", "quarter"]

_CYCLES = {
    "hour": pl.col("local").dt.hour(),
    "dayofweek": pl.col("local").dt.weekday(),
    "dayofyear": pl.col("local").dt.ordinal_day(),
    "weekofyear": pl.col("local").dt.week(),
    "month": pl.col("local").dt.month(),
    "quarter": pl.col("local").dt.quarter(),
}


def gross_range(stack: Stack, *, fail: Span, suspect: Span | None = None) -> Found:
    """Judge by what the instrument can measure, and by what is usual.

    References
    ----------
    IOOS QARTOD, test 4 (gross range).

    Raises
    ------
    BadInput
        If the usual span reaches beyond what can be measured.
    """
    if suspect is not None and not fail[0] <= suspect[0] <= suspect[1] <= fail[1]:
        raise BadInput(
            f"可疑范围 {suspect} 不在仪器范围 {fail} 之内。",
            f"The suspect span {suspect} does not lie within the fail span {fail}.",
        )
    flags = np.full(len(stack), Verdict.PASS, np.uint8)
    if suspect is not None:
        flags[_outside(stack, suspect)] = Verdict.SUSPECT
    flags[_outside(stack, fail)] = Verdict.FAIL
    flags[stack.missing] = Verdict.MISSING
    return Found(flags, stack.values)


@dataclass(frozen=True, slots=True)
class Season:
    """What is usual within a part of a cycle, or between two instants.

    Parameters
    ----------
    when
        First and last of it, both included: numbers of the cycle, or microseconds since 1970.
    usual, possible
        Beyond the first a value is suspect, beyond the second it fails.
    cycle
        What `when` counts; None for instants.
    """

    when: tuple[float, float]
    usual: Span
    possible: Span | None = None
    cycle: Cycle | None = None


def climatology(stack: Stack, seasons: Sequence[Season]) -> Found:
    """Judge by the season; of seasons that overlap the last one counts.

    Values of no season are not checked.

    References
    ----------
    IOOS QARTOD, test 5 (climatology).
    """
    flags = np.full(len(stack), Verdict.NOT_CHECKED, np.uint8)
    for season in seasons:
        within = _within(stack, season)
        flags[within] = Verdict.PASS
        flags[within & _outside(stack, season.usual)] = Verdict.SUSPECT
        if season.possible is not None:
            flags[within & _outside(stack, season.possible)] = Verdict.FAIL
    flags[stack.missing] = Verdict.MISSING
    return Found(flags, stack.values)


def _within(stack: Stack, season: Season) -> NDArray[np.bool_]:
    first, last = season.when
    if season.cycle is None:
        return (stack.times >= first) & (stack.times <= last)
    frame = stack.local().to_frame()
    number = frame.select(_CYCLES[season.cycle].alias("n")).to_series().to_numpy()
    if first <= last:
        return np.asarray((number >= first) & (number <= last))
    return np.asarray((number >= first) | (number <= last))  # over the turn of the cycle


def _outside(stack: Stack, span: Span) -> NDArray[np.bool_]:
    return np.asarray((stack.values < span[0]) | (stack.values > span[1]))
