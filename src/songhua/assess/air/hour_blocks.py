"""Hours laid out as natural days, to be read in blocks of (day, hour)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.assess.air.means import HOURS
from songhua.model import BadInput

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

BEIJING_HOURS = 8  # no summer time since 1992
LARGEST = 1e6  # no concentration is beyond this [µg/m³]

_HOUR_US = 3_600_000_000
_CHUNK = 2048
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Days:
    """Hours laid out as days.

    Parameters
    ----------
    hours
        The rows, every site's together and in order.
    keys
        ``site`` and ``time`` of each day that has a row.
    numbers
        Day number of each day since 1970, Beijing time. Shape (day,).
    position
        Where each row stands among the hours of all days, or None: row after row.
    """

    hours: pl.DataFrame
    keys: pl.DataFrame
    numbers: Ints
    position: Ints | None


@dataclass(frozen=True)
class Block:
    """Some days' hours of one quantity; 0 where no value is present. Shapes (day, hour), (day,)."""

    values: Floats
    present: Bytes
    sums: Floats


def select_values(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return site, time (UTC) and the named quantities as numbers, null where there is none."""
    time = frame.schema["time"]
    if not isinstance(time, pl.Datetime) or time.time_zone is None:
        raise BadInput("时间列缺少时区。", "The column of times has no zone.")
    if frame["time"].has_nulls():
        raise BadInput("时间列有空值。", "The column of times has gaps.")
    return frame.select(
        "site",
        pl.col("time").dt.convert_time_zone("UTC").dt.cast_time_unit("us"),
        *(
            pl.col(name).cast(pl.Float64)
            if name in frame.columns
            else pl.lit(None, pl.Float64).alias(name)
            for name in names
        ),
    )


def arranged(hours: pl.DataFrame) -> Days:
    """Return hours (as `select_values` gives them) laid out as days; at once where they lie so."""
    hours = hours.rechunk()
    starts = hours["site"].ne_missing(hours["site"].shift())
    if (days := _whole_days(hours, starts)) is not None:
        return days
    hours = in_order(hours)
    hour = local_hours(hours["time"])
    number = hour // HOURS
    fresh = hours["site"].ne_missing(hours["site"].shift()).to_numpy().copy()
    fresh[1:] |= number[1:] != number[:-1]
    position = (np.cumsum(fresh) - 1) * HOURS + hour % HOURS
    return Days(hours, *_keys(hours["site"].filter(pl.Series(fresh)), number[fresh]), position)


def in_order(hours: pl.DataFrame) -> pl.DataFrame:
    """Return rows with every site's together and in order; refuse a time that comes twice."""
    fresh = hours["site"].ne_missing(hours["site"].shift())
    if not _later(hours, fresh).all() or hours["site"].filter(fresh).is_duplicated().any():
        hours = hours.sort("site", "time")
        later = _later(hours, hours["site"].ne_missing(hours["site"].shift()))
        if not later.all():
            site, time = hours.filter(~later).select("site", "time").row(0)
            raise BadInput(
                f"同一时间出现两次：{site} {time.isoformat()}。",
                f"A time comes twice: {site} {time.isoformat()}.",
            )
    return hours


def blocks_of(days: Days, name: str) -> Callable[[int, int], Block]:
    """Return what reads one quantity: first and last day → the block of those days."""
    column = days.hours[name]
    if days.position is None:
        return _lying_blocks(column)
    size = len(days.numbers) * HOURS
    values, present = np.zeros(size), np.zeros(size, np.uint8)
    values[days.position] = column.fill_null(0).to_numpy()
    present[days.position] = column.is_not_null().to_numpy()

    def block(first: int, last: int) -> Block:
        rows = slice(first * HOURS, last * HOURS)
        return _block(values[rows], present[rows])

    return block


def local_hours(time: pl.Series) -> Ints:
    """Return hours since 1970, Beijing time."""
    us = time.to_physical().to_numpy()
    if (us % _HOUR_US).any():
        raise BadInput("时间应为整点。", "A time must be a whole hour.")
    return us // _HOUR_US + BEIJING_HOURS


def _whole_days(hours: pl.DataFrame, starts: pl.Series) -> Days | None:
    """Return the hours as they lie, where they make whole days one after the other."""
    if hours.is_empty() or len(hours) % HOURS:
        return None
    runs = starts.arg_true().to_numpy()
    time = hours["time"].to_physical().to_numpy().reshape(-1, HOURS)
    first = time[:, 0] + BEIJING_HOURS * _HOUR_US
    steps = np.arange(HOURS) * _HOUR_US
    whole = not (runs % HOURS).any() and not (first % (HOURS * _HOUR_US)).any()
    whole = whole and all(
        np.array_equal(part - part[:, :1], np.broadcast_to(steps, part.shape))
        for part in np.array_split(time, max(1, len(time) // _CHUNK))
    )
    if not whole:
        return None
    number = first // (HOURS * _HOUR_US)
    later = np.diff(number) > 0
    later[runs[1:] // HOURS - 1] = True
    names = hours["site"].gather(runs)
    if not later.all() or names.is_duplicated().any():
        return None
    return Days(hours, *_keys(hours["site"].gather_every(HOURS), number), None)


def _keys(sites: pl.Series, numbers: Ints) -> tuple[pl.DataFrame, Ints]:
    midnight = (numbers * HOURS - BEIJING_HOURS) * _HOUR_US
    return pl.DataFrame({"site": sites, "time": pl.Series(midnight).cast(_UTC)}), numbers


def _later(hours: pl.DataFrame, fresh: pl.Series) -> pl.Series:
    return fresh | (hours["time"] > hours["time"].shift())


def _lying_blocks(column: pl.Series) -> Callable[[int, int], Block]:
    """Return blocks that read a column where it lies: its values, and the bits of what is null."""
    array = column.to_arrow()
    bits, numbers = array.buffers()
    values = np.frombuffer(numbers)[array.offset : array.offset + len(array)]
    flags = None if bits is None else np.frombuffer(bits, np.uint8)

    def block(first: int, last: int) -> Block:
        rows = slice(first * HOURS, last * HOURS)
        if flags is None:
            return _block(values[rows], np.ones(rows.stop - rows.start, np.uint8))
        start, stop = array.offset + rows.start, array.offset + rows.stop
        loose = np.unpackbits(flags[start // 8 : stop // 8 + 1], bitorder="little")
        return _block(values[rows], loose[start % 8 :][: stop - start].copy())

    return block


def _block(values: Floats, present: Bytes) -> Block:
    filled = np.where(present, values, 0).reshape(-1, HOURS)
    present = present.reshape(-1, HOURS)
    sums = filled @ np.ones(HOURS)
    if not (np.abs(sums) < LARGEST).all():
        # NaN is "no value" in a frame that came from pandas or NumPy.
        present = present & ~np.isnan(filled)
        filled = np.where(present, filled, 0)
        if (np.abs(filled) > LARGEST).any():
            raise BadInput("浓度超出可能的范围。", "A concentration is beyond all possible ones.")
        sums = filled @ np.ones(HOURS)
    return Block(filled, present, sums)
