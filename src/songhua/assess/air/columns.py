"""The air quality index, column by column: the exact twin of `index`, at the speed of look-ups.

A concentration that is a whole number of its last decimal place (nearly all are) is looked up
in a table computed once by the scalar reference. The few that are not, where an edition does
not round them, are placed among the exact concentrations at which the index steps up.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from songhua.assess.air.index import (
    EXCEEDS_ABOVE,
    NO_PRIMARY_UP_TO,
    PRIMARY_ORDER,
    iaqi,
)
from songhua.model import BEIJING, BadInput, MissingReason, NoRuleInForce
from songhua.standards import (
    POLLUTANTS,
    AqiRule,
    Averaging,
    IndexScale,
    aqi_rule,
    aqi_rule_of,
    editions,
)

Floats = NDArray[np.float64]
Index = NDArray[np.uint16]
Flags = NDArray[np.bool_]
Frame = TypeVar("Frame")

NONE = 65535
_BLOCK = 65536  # rows at a time: what one step works on stays in the processor's cache
_THREADS = 4
_NANO = 10**9
_NEAR = 1e-9
_LARGEST = 9e6  # beyond, billionths do not fit; nothing real is there
_PRIMARY = pl.Series(
    [
        "+".join(key for bit, key in enumerate(PRIMARY_ORDER) if code >> bit & 1)
        for code in range(1 << len(PRIMARY_ORDER))
    ]
)
_REASONS = pl.Series(["", MissingReason.NOT_RECEIVED, MissingReason.POLLUTANT_MISSING])


def hourly_columns(frame: Frame, *, edition: str = "auto") -> Frame:
    """Return the frame with the index of every hour.

    Parameters
    ----------
    frame
        Polars, pandas or Arrow, with ``time`` (start of the hour; without a zone: Beijing) and
        any of ``so2 no2 co o3 pm10 pm2_5``; null, NaN or negative where there is no value.
        [µg/m³; mg/m³ for CO]
    edition
        ``auto``: of the day measured; ``2012`` or ``2026``: that one.

    Returns
    -------
    Same kind of frame
        With ``edition``, ``aqi`` (null where it cannot be had, `reason` says why), ``level`` 1–6
        (null), ``primary`` (keys joined by ``+``), ``iaqi_so2 iaqi_no2 iaqi_co iaqi_o3 iaqi_pm10
        iaqi_pm2_5`` (null), ``reason``. [unitless]

    Raises
    ------
    BadInput
        If there is no column of times, or the edition is unknown.
    NoRuleInForce
        If an hour lies before the first edition.

    References
    ----------
    HJ 633—2012 and 2026, as `songhua.assess.air.hourly_index`.
    """
    return _judged(frame, edition, "hourly")


def daily_columns(frame: Frame, *, edition: str = "auto") -> Frame:
    """Return the frame with the index of every day.

    Parameters
    ----------
    frame
        As for `hourly_columns`, but daily means, and ``o3_8h`` (the maximum daily 8-hour mean)
        for ozone; ``o3``, the highest hour, stands in above 800 µg/m³ where an edition has no
        8-hour index there. ``time`` may be a date.
    edition
        As for `hourly_columns`.

    Returns
    -------
    Same kind of frame
        As `hourly_columns`; ``iaqi_o3`` is the index of ``o3_8h``.

    References
    ----------
    HJ 633—2012 and 2026, as `songhua.assess.air.daily_index`.
    """
    return _judged(frame, edition, "daily")


@dataclass(frozen=True, slots=True)
class _Lookup:
    """The index of one pollutant: of whole multiples by table, of others by steps.

    Parameters
    ----------
    unit
        Multiples of one µg/m³ (mg/m³) that are looked up: 10 for CO, 1 for others.
    table
        Index of 0, 1, 2 … units; the last entry holds for all above.
    steps
        Concentrations above which the index is 1, 2, 3 …; empty where values are rounded first.
        [billionths]
    last
        The highest limit; above it `above`. [billionths]
    """

    unit: int
    table: Index
    steps: NDArray[np.int64]
    last: int
    above: int

    def of(self, values: Floats) -> Index:
        """Return the index of concentrations; `NONE` where there is none. Shape (row,)."""
        units = values * self.unit
        with np.errstate(invalid="ignore"):
            good = (units >= 0) & (units < _LARGEST)
        units = np.where(good, units, 0.0)
        whole = np.rint(units)
        away = np.abs(units - whole)
        if self.steps.size == 0:
            whole = _ties_to_even(units, whole, away)
        found = self.table[np.minimum(whole, len(self.table) - 1).astype(np.int32)]
        if self.steps.size and (odd := away > _NEAR).any():
            nano = np.rint(values[odd] * _NANO).astype(np.int64)
            stepped = np.searchsorted(self.steps, nano, side="left").astype(np.uint16)
            found[odd] = np.where(nano > self.last, self.above, stepped)
        found[~good] = NONE
        return found


def _ties_to_even(units: Floats, whole: Floats, away: Floats) -> Floats:
    """Return whole units rounded half to even, ties judged on the decimal that was sent."""
    tie = np.abs(away - 0.5) < _NEAR
    if not tie.any():
        return whole
    below = np.rint(units[tie] - 0.5)
    whole = whole.copy()
    whole[tie] = below + below % 2
    return whole


@cache
def _lookup(scale: IndexScale, places: int | None, unit_places: int) -> _Lookup:
    unit = 10**unit_places
    last = int(scale.limits[-1] * unit)
    units = [Decimal(whole) / unit for whole in range(last + 2)]
    table = [found if isinstance(found := iaqi(value, scale), int) else NONE for value in units]
    return _Lookup(
        unit=unit,
        table=np.array(table, dtype=np.uint16),
        steps=np.array([] if places is not None else _steps(scale), dtype=np.int64),
        last=int(scale.limits[-1] * _NANO),
        above=NONE if scale.above is None else scale.above,
    )


def _steps(scale: IndexScale) -> list[int]:
    """Return, for index 1, 2, 3 …, above how many billionths it is reached."""
    steps = []
    columns = list(zip(scale.limits, scale.index, strict=True))
    for (bp_lo, iaqi_lo), (bp_hi, iaqi_hi) in pairwise(columns):
        width = Fraction(bp_hi - bp_lo) / (iaqi_hi - iaqi_lo)
        steps += [
            int((Fraction(bp_lo) + step * width) * _NANO) for step in range(iaqi_hi - iaqi_lo)
        ]
    return steps


def _lookups(rule: AqiRule, report: str) -> dict[str, _Lookup]:
    feeds = rule.hourly if report == "hourly" else rule.daily
    return {key: _of(rule, key, feeds[key]) for key in POLLUTANTS}


def _of(rule: AqiRule, key: str, averaging: Averaging) -> _Lookup:
    return _lookup(rule.scale(key, averaging), rule.places.get(key), 1 if key == "co" else 0)


def _judged(frame: Frame, edition: str, report: str) -> Frame:
    table, back = _as_polars(frame)
    if "time" not in table.columns:
        raise BadInput("缺少 time 列。", "There is no column of times (time).")
    names = ["o3_8h" if key == "o3" and report == "daily" else key for key in POLLUTANTS]
    values = [_floats(table, name) for name in names]
    beyond = _floats(table, "o3") if report == "daily" else None
    count = table.height
    out = np.empty((len(POLLUTANTS), count), dtype=np.uint16)
    aqi = np.empty(count, dtype=np.uint16)
    primary, reason = np.empty(count, dtype=np.uint8), np.empty(count, dtype=np.uint8)
    pieces = _pieces(table["time"], edition, count)

    def judge(rule: AqiRule, rows: slice | NDArray[np.intp]) -> None:
        lookups = _lookups(rule, report)
        parts = [lookups[key].of(values[i][rows]) for i, key in enumerate(POLLUTANTS)]
        if beyond is not None:
            _beyond_8h(parts, values, beyond, rows, rule)
        for number, part in enumerate(parts):
            out[number, rows] = part
        aqi[rows], primary[rows], reason[rows] = _whole_index(parts, rule)

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(judge, rule, rows) for rule, rows in pieces]:
            done.result()
    return back(_with_results(table, out, aqi, primary, reason, _edition_column(pieces, count)))


def _beyond_8h(
    parts: list[Index],
    values: Sequence[Floats],
    beyond: Floats,
    rows: slice | NDArray[np.intp],
    rule: AqiRule,
) -> None:
    """Let the highest hour stand in for 8 hours above the scale, where the edition has none."""
    place = POLLUTANTS.index("o3")
    scale = rule.scale("o3", Averaging.MAX_8H)
    if scale.above is not None:
        return
    with np.errstate(invalid="ignore"):
        over = values[place][rows] > float(scale.limits[-1])
    if over.any():
        parts[place][over] = _of(rule, "o3", Averaging.HOURLY).of(beyond[rows][over])


def _whole_index(
    parts: Sequence[Index], rule: AqiRule
) -> tuple[Index, NDArray[np.uint8], NDArray[np.uint8]]:
    """Return AQI, primary code and reason code of rows."""
    highest = np.zeros_like(parts[0])
    absent = np.zeros(parts[0].shape, dtype=np.uint8)
    for part in parts:
        missing = part == NONE
        absent += missing
        np.maximum(highest, np.where(missing, 0, part), out=highest)
    primary = np.zeros(highest.shape, dtype=np.uint8)
    for bit, key in enumerate(PRIMARY_ORDER):
        primary |= (parts[POLLUTANTS.index(key)] == highest).astype(np.uint8) << bit
    primary[highest <= NO_PRIMARY_UP_TO] = 0
    reason = (absent == len(POLLUTANTS)).astype(np.uint8)
    if rule.needs_all_pollutants:
        reason[(reason == 0) & (absent > 0) & (highest <= EXCEEDS_ABOVE)] = 2
    withheld = reason > 0
    primary[withheld] = 0
    highest[withheld] = NONE
    return highest, primary, reason


def _with_results(
    table: pl.DataFrame,
    out: NDArray[np.uint16],
    aqi: Index,
    primary: NDArray[np.uint8],
    reason: NDArray[np.uint8],
    edition: pl.Series,
) -> pl.DataFrame:
    levels = np.zeros(NONE + 1, dtype=np.uint8)
    for level in aqi_rule_of(2026).levels:
        levels[level.index_lo : level.index_hi + 1] = level.number
    numbers = levels[aqi]
    return table.with_columns(
        edition.alias("edition"),
        _series(aqi, aqi == NONE).alias("aqi"),
        _series(numbers, numbers == 0).alias("level"),
        _PRIMARY.gather(primary).alias("primary"),
        *(
            _series(out[number], out[number] == NONE).alias(f"iaqi_{key}")
            for number, key in enumerate(POLLUTANTS)
        ),
        _REASONS.gather(reason).alias("reason"),
    )


def _pieces(
    time: pl.Series, edition: str, count: int
) -> list[tuple[AqiRule, slice | NDArray[np.intp]]]:
    """Return rows in blocks, each with the rule that judges them."""
    blocks = [slice(start, min(start + _BLOCK, count)) for start in range(0, count, _BLOCK)]
    if edition != "auto":
        if edition not in {str(known.year) for known in editions("air", "hj_633")}:
            raise BadInput(f"没有 {edition} 版。", f"There is no edition of {edition}.")
        return [(aqi_rule_of(int(edition)), block) for block in blocks]
    if count == 0:
        return []
    if time.has_nulls():
        raise BadInput("时间列有空值。", "The column of times has gaps.")
    days = _days(time)
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise BadInput("时间列不是时间。", "The column of times has no times.")
    if aqi_rule(on=first) is aqi_rule(on=last):
        return [(aqi_rule(on=first), block) for block in blocks]
    pieces: list[tuple[AqiRule, slice | NDArray[np.intp]]] = []
    for known in editions("air", "hj_633"):
        held = (days >= known.in_force) & (days <= (known.until or date.max))
        rows = np.flatnonzero(held.to_numpy())
        parts = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        pieces += [(aqi_rule_of(known.year), part) for part in parts]
    if sum(len(rows) for _, rows in pieces if not isinstance(rows, slice)) != count:
        raise NoRuleInForce("hj_633", first)
    return pieces


def _days(time: pl.Series) -> pl.Series:
    """Return the Beijing day of each time."""
    if isinstance(time.dtype, pl.Datetime) and time.dtype.time_zone is not None:
        first, last = time.min(), time.max()
        if isinstance(first, datetime) and isinstance(last, datetime):
            days = {first.astimezone(BEIJING).date(), last.astimezone(BEIJING).date()}
            if len({aqi_rule(on=day).year for day in days}) == 1:
                return pl.Series([min(days), max(days)])  # one edition: only the ends matter
        return time.dt.convert_time_zone("Asia/Shanghai").dt.date()
    return time.cast(pl.Date)


def _edition_column(
    pieces: Sequence[tuple[AqiRule, slice | NDArray[np.intp]]], count: int
) -> pl.Series:
    codes = list(dict.fromkeys(rule.edition for rule, _ in pieces)) or [""]
    which = np.zeros(count, dtype=np.uint8)
    if len(codes) > 1:
        for rule, rows in pieces:
            which[rows] = codes.index(rule.edition)
    return pl.Series(codes, dtype=pl.String).gather(which)


def _floats(table: pl.DataFrame, name: str) -> Floats:
    """Return a column as floats, NaN where there is none. Shape (row,)."""
    if name not in table.columns:
        return np.full(table.height, np.nan)
    found: Floats = table[name].cast(pl.Float64).to_numpy()
    return found


def _series(values: NDArray[Any], missing: Flags) -> pl.Series:
    found = pl.from_arrow(pa.array(values, mask=missing))
    if not isinstance(found, pl.Series):
        raise TypeError("an array makes a series")
    return found


def _as_polars(frame: Any) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], Any]]:
    """Return a frame as Polars, and how to give it back as it came."""
    if isinstance(frame, pl.DataFrame):
        return frame, lambda found: found
    if isinstance(frame, pa.Table):
        return pl.DataFrame(frame), lambda found: found.to_arrow()
    if type(frame).__module__.startswith("pandas"):
        index = frame.index
        return pl.from_pandas(frame), lambda found: found.to_pandas().set_index(index)
    raise BadInput(
        f"不支持的表类型 {type(frame).__name__}，请用 Polars、pandas 或 Arrow。",
        f"Cannot read a {type(frame).__name__}: use Polars, pandas or Arrow.",
    )
