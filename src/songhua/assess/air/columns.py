"""The air quality index, column by column: the exact twin of `index`, at the speed of look-ups."""

from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from songhua.assess.air.index import EXCEEDS_ABOVE, NO_PRIMARY_UP_TO, PRIMARY_ORDER
from songhua.assess.air.lookup import NONE, Codes, Floats, Lookup, lookup
from songhua.model import BEIJING, BadInput, MissingReason, NoRuleInForce
from songhua.standards import POLLUTANTS, AqiRule, aqi_rule_of, editions, levels

Bytes = NDArray[np.uint8]
Which = NDArray[np.intp] | int
"""Which of the editions judges: of all rows, or of each. Shape (row,)."""
Frame = TypeVar("Frame")
Columns = dict[str, pl.Series]

_BLOCK = 65536  # rows at a time: what one step works on stays in the processor's cache
_THREADS = 4
_PRIMARY = pl.Series(
    [
        "+".join(key for bit, key in enumerate(PRIMARY_ORDER) if code >> bit & 1)
        for code in range(1 << len(PRIMARY_ORDER))
    ]
)
_REASONS = pl.Series(["", MissingReason.NOT_RECEIVED, MissingReason.POLLUTANT_MISSING])
_NOT_RECEIVED, _POLLUTANT_MISSING = 1, 2
_NAMES = ("aqi", *(f"iaqi_{key}" for key in POLLUTANTS))
_TICKS = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = date(1970, 1, 1)


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
        If there is no column of times, a column is no numbers, or the edition is unknown.
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


class _Results:
    """The index of each row, filled block by block."""

    def __init__(self, count: int) -> None:
        self.numbers = {name: np.empty(count, np.uint16) for name in _NAMES}
        self.known = {name: np.empty((count + 7) // 8, np.uint8) for name in _NAMES}
        self.level, self.primary, self.reason, self.edition = (
            np.empty(count, np.uint8) for _ in range(4)
        )

    def put(self, name: str, rows: slice, codes: Codes) -> None:
        """Keep the indices of a block; it starts at a multiple of eight rows."""
        np.subtract(codes, 1, out=self.numbers[name][rows])
        bits = np.packbits(codes != NONE, bitorder="little")
        self.known[name][rows.start // 8 : rows.start // 8 + len(bits)] = bits

    def columns(self, rules: Sequence[AqiRule]) -> Columns:
        """Return the columns that are added to the frame."""
        words = [
            (pl.Series([rule.edition for rule in rules]), self.edition),
            (_PRIMARY, self.primary),
            (_REASONS, self.reason),
        ]
        texts = iter(_each(lambda word: word[0].gather(pl.Series(word[1])), words, len(self.level)))
        found = {name: _nullable(self.numbers[name], self.known[name]) for name in _NAMES}
        return {
            "edition": next(texts),
            "aqi": found.pop("aqi"),
            "level": _nullable(self.level, self.known["aqi"]),
            "primary": next(texts),
            **found,
            "reason": next(texts),
        }


def _judged(frame: Frame, edition: str, report: str) -> Frame:
    table, give_back = _opened(frame)
    if "time" not in table.columns:
        raise BadInput("缺少 time 列。", "There is no column of times (time).")
    rules, edition_of = _judges(table["time"], edition)
    value_of = {key: _reader(table, key) for key in POLLUTANTS}
    best_8h_of = _reader(table, "o3_8h") if report == "daily" else None
    lookups = {key: _lookup(rules, key, report) for key in POLLUTANTS}
    needs_all = np.array([rule.needs_all_pollutants for rule in rules])
    results = _Results(table.height)

    def judge(start: int) -> None:
        rows = slice(start, min(start + _BLOCK, table.height))
        which = edition_of(rows)
        values = {key: value_of[key](rows) for key in POLLUTANTS}
        hour = values["o3"]
        if best_8h_of is not None:
            values["o3"] = best_8h_of(rows)
        codes = {key: lookups[key].of(values[key], which) for key in POLLUTANTS}
        if best_8h_of is not None:
            _beyond_8h(codes["o3"], values["o3"], hour, _lookup(rules, "o3", "hourly"), which)
        for key in POLLUTANTS:
            results.put(f"iaqi_{key}", rows, codes[key])
        aqi, results.primary[rows], results.reason[rows] = _whole(codes, needs_all[which])
        results.put("aqi", rows, aqi)
        results.level[rows] = _LEVELS.take(aqi)
        results.edition[rows] = which

    _each(judge, range(0, table.height, _BLOCK), table.height)
    found: Frame = give_back(results.columns(rules))
    return found


def _each(work: Callable[[Any], Any], items: Sequence[Any], rows: int) -> list[Any]:
    """Return what work makes of each item; several at a time where there are many rows."""
    if rows <= _BLOCK:
        return [work(item) for item in items]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, items))


def _beyond_8h(codes: Codes, best_8h: Floats, hour: Floats, of_hour: Lookup, which: Which) -> None:
    """Let the highest hour stand in where the table has no index for a best 8 hours."""
    over = (codes == NONE) & (best_8h >= 0) & np.isfinite(best_8h)
    if over.any():
        judge = which if isinstance(which, int) else which[over]
        codes[over] = of_hour.of(hour[over], judge)


def _lookup(rules: Sequence[AqiRule], key: str, report: str) -> Lookup:
    feeds = [(rule.hourly if report == "hourly" else rule.daily)[key] for rule in rules]
    return lookup(
        *(
            (rule.scale(key, averaging), rule.places.get(key))
            for rule, averaging in zip(rules, feeds, strict=True)
        )
    )


def _whole(
    codes: Mapping[str, Codes], needs_all: NDArray[np.bool_] | np.bool_
) -> tuple[Codes, Bytes, Bytes]:
    """Return the code of AQI, of the primary pollutants and of the reason. Shapes (row,)."""
    first, *others = codes.values()
    highest, lowest = first.copy(), first.copy()
    for other in others:
        np.maximum(highest, other, out=highest)
        np.minimum(lowest, other, out=lowest)
    withheld = (lowest == NONE) & (highest <= EXCEEDS_ABOVE + 1) & (highest != NONE) & needs_all
    reason = (highest == NONE).view(np.uint8) * _NOT_RECEIVED
    reason += withheld.view(np.uint8) * _POLLUTANT_MISSING
    highest *= ~withheld
    primary = np.zeros(highest.shape, np.uint8)
    for bit, key in enumerate(PRIMARY_ORDER):
        primary |= (codes[key] == highest).view(np.uint8) << bit
    primary *= highest > NO_PRIMARY_UP_TO + 1
    return highest, primary, reason


def _level_codes() -> Bytes:
    """Return the level of each code, 0 without an index."""
    found = np.zeros(levels()[-1].index_hi + 2, np.uint8)
    for level in levels():
        found[level.index_lo + 1 : level.index_hi + 2] = level.number
    return found


_LEVELS = _level_codes()


def _judges(time: pl.Series, edition: str) -> tuple[tuple[AqiRule, ...], Callable[[slice], Which]]:
    """Return the editions, and what says which of them judges a block of rows."""
    known = sorted(editions("air", "hj_633"), key=lambda one: one.in_force)
    if edition != "auto":
        if edition not in {str(one.year) for one in known}:
            raise BadInput(f"没有 {edition} 版。", f"There is no edition of {edition}.")
        return (aqi_rule_of(int(edition)),), lambda _: 0
    if time.has_nulls():
        raise BadInput("时间列有空值。", "The column of times has gaps.")
    starts = [_ticks(one.in_force, time.dtype) for one in known if len(time)]
    ticks = time.to_physical().to_numpy()
    if len(ticks) and ticks.min() < starts[0]:
        raise NoRuleInForce("hj_633", _day(time.min()))

    def which(rows: slice) -> Which:
        block = ticks[rows]
        first, last = (bisect(starts, int(tick)) - 1 for tick in (block.min(), block.max()))
        return first if first == last else np.searchsorted(starts, block, side="right") - 1

    return tuple(aqi_rule_of(one.year) for one in known), which


def _ticks(day: date, dtype: pl.DataType) -> int:
    """Return the Beijing midnight that begins a day, as a column of times counts."""
    days = (day - _EPOCH).days
    if dtype == pl.Date:
        return days
    if not isinstance(dtype, pl.Datetime):
        raise BadInput(
            f"time 列应为日期或时间，现在是 {dtype}。",
            f"The column time must hold dates or times, not {dtype}.",
        )
    seconds = timedelta(days=days).total_seconds()
    if dtype.time_zone is not None:
        seconds = datetime(day.year, day.month, day.day, tzinfo=BEIJING).timestamp()
    return int(seconds) * _TICKS[dtype.time_unit]


def _day(moment: Any) -> date:
    found: date = moment
    if isinstance(moment, datetime):
        found = (moment if moment.tzinfo is None else moment.astimezone(BEIJING)).date()
    return found


def _reader(table: pl.DataFrame, name: str) -> Callable[[slice], Floats]:
    """Return what reads a block of a column as floats, NaN where there is none."""
    if name not in table.columns:
        return lambda rows: np.full(rows.stop - rows.start, np.nan)
    column = table[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise BadInput(f"{name} 列不是数。", f"The column {name} does not hold numbers.")
    if column.dtype == pl.Float32:
        column = column.cast(pl.String)  # its shortest decimal is what was meant
    column = column.cast(pl.Float64)
    return lambda rows: column[rows].fill_null(np.nan).to_numpy()


def _nullable(values: NDArray[Any], known: Bytes) -> pl.Series:
    buffers = [pa.py_buffer(known), pa.py_buffer(values)]
    kind = pa.from_numpy_dtype(values.dtype)
    found = pl.from_arrow(pa.Array.from_buffers(kind, len(values), buffers))
    if not isinstance(found, pl.Series):
        raise TypeError("an array makes a series")
    return found


def _opened(frame: Any) -> tuple[pl.DataFrame, Callable[[Columns], Any]]:
    """Return what is needed of a frame, as Polars; and how to give the frame back with more."""
    package = type(frame).__module__.split(".")[0]
    if isinstance(frame, pl.DataFrame):
        return frame, lambda found: frame.with_columns(**found)
    if isinstance(frame, pa.Table):
        table = pl.DataFrame(frame.select(_needed(frame.column_names)))
        return table, lambda found: _on_arrow(frame, pl.DataFrame(found))
    if package == "pandas":
        try:
            table = pl.from_pandas(frame[_needed(list(frame.columns))])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as fault:
            raise BadInput(
                f"有的列既有数又有文字：{fault}。", f"A column mixes numbers and text: {fault}."
            ) from fault
        return table, lambda found: _on_pandas(frame, pl.DataFrame(found))
    raise BadInput(
        f"不支持的表类型 {type(frame).__name__}，请用 Polars、pandas 或 Arrow。",
        f"Cannot read a {type(frame).__name__}: use Polars, pandas or Arrow.",
    )


def _needed(names: Sequence[str]) -> list[str]:
    return [name for name in names if name in {"time", *POLLUTANTS, "o3_8h"}]


def _on_arrow(frame: pa.Table, found: pl.DataFrame) -> pa.Table:
    names = [name for name in found.columns if name in frame.column_names]
    frame = frame.drop_columns(names)
    for name, column in zip(found.columns, found.to_arrow().columns, strict=True):
        frame = frame.append_column(name, column)
    return frame


def _on_pandas(frame: Any, found: pl.DataFrame) -> Any:
    columns = found.to_pandas().set_index(frame.index)
    whole = {name: str(dtype) for name, dtype in found.schema.items() if dtype.is_integer()}
    return frame.assign(**columns.astype(whole))
