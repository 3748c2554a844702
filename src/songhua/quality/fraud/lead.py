"""A lead: where, when, what kind, how strong, what shows it, and what might excuse it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.quality.verdict import Floats

KINDS = {
    "constant": ("恒值", "constant"),
    "repeated": ("重复片段", "repeated segment"),
    "hugging": ("贴限", "hugging a limit"),
    "clipped": ("削峰", "clipped peaks"),
    "digits": ("尾数异常", "odd last digits"),
    "periodic": ("周期波", "periodic wave"),
    "attenuated": ("波动衰减", "attenuated"),
    "calm": ("夜间突然平稳", "calm at night"),
    "inspected": ("检查时突然平稳", "calm under inspection"),
    "cleaner": ("低于周边", "cleaner than its surroundings"),
    "unfollowing": ("不随上游或周边", "no longer follows upstream or neighbours"),
    "clock": ("时钟被调", "clock moved"),
    "stopped": ("标停未停或标运未运", "declared state against power or emission"),
    "dilution": ("稀释", "dilution"),
    "setting": ("改参数后下降", "falls after a setting was changed"),
}
"""Kinds of leads: Chinese, English."""


@dataclass(frozen=True, slots=True)
class Trace:
    """How much each window of a series looks tampered with, before any threshold.

    Parameters
    ----------
    site
        Its place in the panel.
    starts, ends
        Of each window, places in time; the end is not in it.
    stat
        The detector's own number, more is worse; NaN where nothing can be said.
    other
        The site it was copied from, and the place in time; -1 where none.
    """

    kind: str
    site: int
    quantity: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    stat: Floats
    other: tuple[int, int] = (-1, -1)


def joined(
    kind: str,
    site: int,
    quantity: str,
    parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64], Floats]],
) -> Trace:
    """Return one trace of windows of several lengths."""
    starts, ends, stat = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Trace(kind, site, quantity, starts, ends, stat)


@dataclass(frozen=True, slots=True)
class Innocent:
    """An innocent explanation, and whether it holds.

    Parameters
    ----------
    number
        What was measured to tell.
    """

    key: str
    zh: str
    en: str
    holds: bool
    number: float


@dataclass(frozen=True, slots=True)
class Lead:
    """What somebody should look at.

    Parameters
    ----------
    sites
        The site, then the one it was copied from, if any.
    start, end
        First and last time. [µs since 1970-01-01 UTC]
    score
        0 … 1; ``1 / (1 + false leads a site-year on clean data)``, of all kinds together when each
        has its share of them.
    numbers
        What shows it.
    evidence
        ``time value reference`` to draw: the span and as much before and after.
    also
        Other kinds that point at the same span.
    """

    kind: str
    sites: tuple[str, ...]
    quantity: str
    start: int
    end: int
    score: float
    numbers: dict[str, float]
    evidence: pl.DataFrame
    innocent: tuple[Innocent, ...]
    also: tuple[str, ...] = ()

    @property
    def excused(self) -> bool:
        """Whether an innocent explanation holds."""
        return any(reason.holds for reason in self.innocent)
