"""Sound levels, as the standards write them: the readable reference of the stream.

A level enters in hundredths of a decibel (`hundredths`): instruments give tenths or hundredths.
"""

import math
from collections.abc import Sequence
from decimal import Decimal

from songhua.assess.rounding import exact, half_even


def leq(levels: Sequence[float], seconds: Sequence[float] | None = None) -> float:
    """Return the equivalent level, weighted by time where seconds are given, in dB.

    >>> round(leq([60, 60, 60, 70]), 2)
    65.12
    """
    spans = seconds if seconds is not None else [1.0] * len(levels)
    energy = math.fsum(t * 10 ** (0.1 * level) for level, t in zip(levels, spans, strict=True))
    return 10 * math.log10(energy / math.fsum(spans))


def exceeded(levels: Sequence[float], percent: int) -> float:
    """Return the level exceeded so many per cent of the time: of n from loud, the ⌈n·p/100⌉-th.

    >>> exceeded(range(1, 101), 10)
    91
    """
    loud = sorted(levels, reverse=True)
    return loud[max(1, -(-len(loud) * percent // 100)) - 1]


def deviation(levels: Sequence[float]) -> float:
    """Return the standard deviation of levels, n − 1 below the line; 0 of a single one, in dB."""
    if len(levels) == 1:
        return 0.0
    mean = math.fsum(levels) / len(levels)
    return math.sqrt(math.fsum((one - mean) ** 2 for one in levels) / (len(levels) - 1))


def ldn(day: float, night: float, *, hours_day: int = 16, penalty: int = 10) -> float:
    """Return the day-night level: the night weighs `penalty` more, in dB.

    >>> round(ldn(65, 58), 2)
    66.24
    """
    return leq([day, night + penalty], [hours_day, 24 - hours_day])


def mean(levels: Sequence[float], km: Sequence[float] | None = None) -> Decimal:
    """Return the mean of a city: arithmetic of a region, weighted by length of roads, in dB.

    >>> mean([66.0, 70.0, 72.0], [2.0, 1.0, 1.0])
    Decimal('68.5')
    """
    weights = [exact(one) for one in km] if km is not None else [Decimal(1)] * len(levels)
    total = sum((exact(a) * b for a, b in zip(levels, weights, strict=True)), Decimal(0))
    return total / sum(weights, Decimal(0))


def rounded(level: float | Decimal, places: int) -> Decimal:
    """Return a level at so many decimals, half to even."""
    return half_even(level if isinstance(level, Decimal) else exact(level), places)
