"""Many series in one column, one after another: what the checks work on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.quality.verdict import Floats

_SECOND = 1_000_000


@dataclass(frozen=True)
class Stack:
    """Series, each sorted by time.

    Parameters
    ----------
    values
        One after another; NaN where missing.
    times
        Of each value. [µs since 1970-01-01 UTC]
    starts
        Where each series begins; the first is 0.
    zone
        How far the clocks of the place are ahead of UTC, for checks that ask for the hour or the
        month. [h]
    """

    values: Floats
    times: NDArray[np.int64]
    starts: NDArray[np.int64]
    zone: float = 8.0

    @classmethod
    def of(cls, values: Floats, times: NDArray[np.int64], *, zone: float = 8.0) -> Self:
        """Return the stack of one series."""
        return cls(values, times, np.zeros(min(1, values.size), np.int64), zone)

    @classmethod
    def of_frame(cls, frame: pl.DataFrame, *keys: str) -> tuple[Self, pl.DataFrame]:
        """Return the stack of a frame, and the frame in its order.

        Parameters
        ----------
        frame
            `keys` that name a series (quickest as categories), ``time`` (with a zone) and
            ``value`` (null where missing).
        """
        if not _is_ordered(frame, keys):
            frame = frame.sort(*keys, "time")
        starts = np.flatnonzero(_begins(frame, keys)).astype(np.int64)
        values = frame["value"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        times = frame["time"].dt.epoch("us").to_numpy()
        return cls(values, times, starts), frame

    def __len__(self) -> int:
        return int(self.values.size)

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Where there is no value."""
        return ~np.isfinite(self.values)

    @cached_property
    def first(self) -> NDArray[np.bool_]:
        """Where a series begins."""
        found = np.zeros(self.values.size, bool)
        found[self.starts] = True
        return found

    @cached_property
    def last(self) -> NDArray[np.bool_]:
        """Where a series ends."""
        return np.append(self.first[1:], True)[: self.values.size]

    @cached_property
    def series(self) -> NDArray[np.int64]:
        """The number of the series of each value."""
        return np.cumsum(self.first) - 1

    @cached_property
    def place(self) -> NDArray[np.int64]:
        """The place of each value within its series."""
        return np.arange(self.values.size) - self.starts[self.series]

    @cached_property
    def steps(self) -> Floats:
        """Seconds since the value before; NaN for the first of a series."""
        found = np.full(self.values.size, np.nan)
        found[1:] = np.diff(self.times) / _SECOND
        found[self.first] = np.nan
        return found

    @cached_property
    def intervals(self) -> Floats:
        """The usual (median) step of each series in seconds; NaN for one of a single value."""
        ends = np.append(self.starts[1:], self.values.size)[: self.starts.size]
        found = np.full(self.starts.size, np.nan)
        for number, (start, end) in enumerate(zip(self.starts, ends, strict=True)):
            if end - start > 1:
                found[number] = np.median(self.steps[start + 1 : end])
        return found

    def before(self) -> Floats:
        """Return the value before each, of the same series; NaN where there is none."""
        found = np.empty_like(self.values)
        found[:1] = np.nan
        found[1:] = self.values[:-1]
        found[self.first] = np.nan
        return found

    def after(self) -> Floats:
        """Return the value after each, of the same series; NaN where there is none."""
        found = np.empty_like(self.values)
        found[-1:] = np.nan
        found[:-1] = self.values[1:]
        found[self.last] = np.nan
        return found

    def local(self) -> pl.Series:
        """Return the times as the clocks of the place show them."""
        shift = int(self.zone * 3600 * _SECOND)
        return pl.Series("local", self.times + shift).cast(pl.Datetime("us"))

    def apart(self, gap: int) -> NDArray[np.int64]:
        """Return the times with series so far apart that no window of `gap` µs spans two."""
        if self.values.size == 0:
            return self.times
        reach = int(self.times.max() - self.times.min()) + gap + _SECOND
        return np.asarray(self.times - self.times.min() + self.series * reach, np.int64)


def _begins(frame: pl.DataFrame, keys: Sequence[str]) -> NDArray[np.bool_]:
    """Return where the keys differ from those of the row before."""
    begins = np.zeros(frame.height, bool)
    begins[:1] = True
    for key in keys:
        differs = frame.select(pl.col(key).ne_missing(pl.col(key).shift())).to_series()
        begins |= differs.to_numpy()
    return begins


def _is_ordered(frame: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Return whether series lie one after another, each by time."""
    begins = _begins(frame, keys)
    times = frame["time"].dt.epoch("us").to_numpy()
    back = np.diff(times, prepend=times[:1]) < 0
    if (back & ~begins).any():
        return False
    heads = frame.filter(pl.Series(begins)).select(keys)
    return not keys or heads.n_unique() == heads.height
