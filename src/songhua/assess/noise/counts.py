"""How often each level was heard: all figures of a span come from it, and spans add up."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HUNDREDTHS = 100
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LevelCounts:
    """Samples by level in hundredths of a decibel.

    Percentiles and extremes are exact, the equivalent level is exact to the noise of floats, and
    counts of two spans add up to those of both.

    Parameters
    ----------
    lowest
        The level of the first count. [0.01 dB]
    counts
        Shape (level,).
    """

    lowest: int
    counts: Counts

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return int(self.counts.sum())

    def __add__(self, other: "LevelCounts") -> "LevelCounts":
        """Return the counts of both spans."""
        if not other.counts.size or not self.counts.size:
            return self if self.counts.size else other
        low = min(self.lowest, other.lowest)
        high = max(self.lowest + self.counts.size, other.lowest + other.counts.size)
        both = np.zeros(high - low, dtype=np.int64)
        for one in (self, other):
            at = one.lowest - low
            both[at : at + one.counts.size] += one.counts
        return LevelCounts(low, both)

    def leq(self) -> float:
        """Return the equivalent level, in dB."""
        energy = float(self.counts @ energies(self.lowest, self.counts.size))
        return 10 * math.log10(energy / self.samples)

    def exceeded(self, *percents: int) -> tuple[float, ...]:
        """Return the levels exceeded so many per cent of the time, in dB."""
        louder = np.cumsum(self.counts[::-1])
        n = int(louder[-1])
        ranks = [max(1, -(-n * percent // 100)) for percent in percents]
        top = self.lowest + self.counts.size - 1
        return tuple((top - int(at)) / HUNDREDTHS for at in np.searchsorted(louder, ranks))

    def extremes(self) -> tuple[float, float]:
        """Return the lowest and the highest level, in dB."""
        heard = np.flatnonzero(self.counts)
        return (
            (self.lowest + int(heard[0])) / HUNDREDTHS,
            (self.lowest + int(heard[-1])) / HUNDREDTHS,
        )

    def deviation(self) -> float:
        """Return the standard deviation of the levels, n − 1 below the line, in dB."""
        n = self.samples
        if n == 1:
            return 0.0
        at = np.arange(self.counts.size, dtype=np.int64)
        first, second = int(self.counts @ at), int(self.counts @ (at * at))
        return math.sqrt((second - first * first / n) / (n - 1)) / HUNDREDTHS


EMPTY = LevelCounts(0, np.zeros(0, dtype=np.int64))


def energies(lowest: int, size: int) -> NDArray[np.float64]:
    """Return the energy of each level, relative. Shape (level,)."""
    levels = np.arange(lowest, lowest + size) / HUNDREDTHS
    found: NDArray[np.float64] = 10 ** (0.1 * levels)
    return found


def hundredths(levels: NDArray[np.floating]) -> NDArray[np.int32]:
    """Return levels as whole hundredths; the lowest number there is where there is no level.

    >>> hundredths(np.array([47.36, 60.0])).tolist()
    [4736, 6000]
    """
    scaled = np.multiply(levels, HUNDREDTHS, dtype=levels.dtype)
    np.rint(scaled, out=scaled)
    with np.errstate(invalid="ignore"):
        codes: NDArray[np.int32] = scaled.astype(np.int32)
    return codes


def counted(codes: NDArray[np.int32]) -> LevelCounts:
    """Return the counts of levels given in hundredths."""
    if not codes.size:
        return EMPTY
    low = int(codes.min())
    return LevelCounts(low, np.bincount(codes - low).astype(np.int64, copy=False))
