"""A frame's values as rows: quantity, period, time, value, mark; what cannot be is named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from math import isfinite

from songhua.ingest.files.units import unit_factor
from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.frame import Frame
from songhua.model import BEIJING
from songhua.standards import QUANTITIES, Quantity, is_valid_mark
from songhua.standards.hj212 import data_flags, factor, factor_of_legacy, systems

PERIODS = {
    "2011": "realtime",
    "2013": "realtime",
    "2052": "realtime",
    "2051": "minute",
    "2111": "minute",
    "2061": "hour",
    "2031": "day",
}
"""What a value of each uploading command covers (HJ 212—2017, 表9; 2013, 2052, 2111: 2025)."""

AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead of ours before its time is impossible."""

_EARLIEST_YEAR = 2000
_LEGACY = 2005
_HOUR = timedelta(hours=1)
_MAIN = ("avg", "rtd", "data")
_STATISTICS = {
    name.lower(): name
    for name in ("Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "ZsAvg", "ZsMin", "ZsMax")
} | {"data": "Data", "daydata": "DayData", "nightdata": "NightData"}
_STATE_PARTS = ("RS", "RT", "Info", "SN")


class ValueFault(StrEnum):
    """Why a value could not become a row."""

    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    UNKNOWN_FACTOR = "unknown_factor"
    NOT_A_NUMBER = "not_a_number"
    NO_VALUE = "no_value"
    IMPOSSIBLE_VALUE = "impossible_value"
    WRONG_UNIT = "wrong_unit"
    CONFLICT = "conflict"


WORDS = {
    ValueFault.BAD_TIME: ("时间无法识别", "time cannot be read"),
    ValueFault.FUTURE_TIME: ("时间在将来", "time lies in the future"),
    ValueFault.UNKNOWN_FACTOR: ("未知的监测因子", "unknown factor"),
    ValueFault.NOT_A_NUMBER: ("数值不是数", "value is not a number"),
    ValueFault.NO_VALUE: ("没有数值", "no value"),
    ValueFault.IMPOSSIBLE_VALUE: ("数值不可能", "value is impossible"),
    ValueFault.WRONG_UNIT: ("单位不符", "wrong unit"),
    ValueFault.CONFLICT: ("同一因子两个数值", "two values of one factor"),
}
"""What each fault is called: Chinese, English."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value of a frame.

    Parameters
    ----------
    quantity
        Key of the quantity where the system measures its medium (``pm2_5``); else the code of
        HJ 212—2017, in the unit printed there: stack gas is no ambient air.
    code
        As received.
    statistic
        ``Avg``, ``Rtd`` or ``Data`` for the value itself; ``Min``, ``Max``, ``Cou`` …
    period
        ``realtime``, ``minute``, ``hour`` or ``day``.
    time
        UTC start of the interval; the instant for real-time values.
    value
        In the quantity's unit; None where only the mark says why there is none.
    mark
        In the words of `station_marks`; empty is normal.
    """

    quantity: str
    code: str
    statistic: str
    period: str
    time: datetime
    value: float | None
    mark: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing of a frame that became no row: what, and its text."""

    fault: ValueFault
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a frame says.

    Parameters
    ----------
    period
        Empty for a frame that carries no measurements.
    rows
        One a factor: its mean, else its real-time value.
    others
        Minimum, maximum, amount, corrected values of the same factors.
    findings
        What became no row.
    """

    period: str
    rows: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(slots=True)
class _Item:
    code: str
    values: dict[str, str] = field(default_factory=dict)
    flag: str = ""
    is_torn: bool = False


def read_values(frame: Frame, *, now: datetime, dialect: Dialect = STANDARD) -> Reading:
    """Return the rows of an uploading frame (2011, 2051, 2061, 2031 and their siblings).

    Codes of HJ/T 212—2005 are read in frames of that edition, and in others by
    `Dialect.legacy_codes`; where its unit was another, `Dialect.units` must say which is sent.

    ``DataTime`` is Beijing time and the start of the interval; with `Dialect.label_end` that of an
    hour is its end. Seconds of a minute value are cut; an hour or day that does not begin on one
    is an impossible time.

    Parameters
    ----------
    now
        Beyond this and `AHEAD` a time lies in the future.

    References
    ----------
    HJ 212—2017, 表4 and 表9.
    """
    period = PERIODS.get(frame.cn, "")
    if not period or _is_query(frame):
        return Reading("")
    text = _data_time(frame.groups)
    time = _start(text, period, label_end=dialect.label_end)
    if time is None:
        return Reading(period, findings=(Finding(ValueFault.BAD_TIME, "DataTime", text),))
    if time > now + AHEAD:
        return Reading(period, findings=(Finding(ValueFault.FUTURE_TIME, "DataTime", text),))
    rows: list[Row] = []
    others: list[Row] = []
    findings: list[Finding] = []
    for item in _items(frame.groups):
        main = _main_of(item, period)
        for told in _rows_of(item, frame, period, time, dialect):
            if isinstance(told, Finding):
                findings.append(told)
            elif told.statistic != main:
                others.append(told)
            elif any(told.quantity == row.quantity for row in rows):
                findings.append(Finding(ValueFault.CONFLICT, item.code, _told(item)))
            else:
                rows.append(told)
    return Reading(period, tuple(rows), tuple(others), tuple(findings))


def _is_query(frame: Frame) -> bool:
    """Return whether a command with the number of an upload asks, as the host does."""
    return not any("DataTime" in group for group in frame.groups) and any(
        "BeginTime" in group for group in frame.groups
    )


def _data_time(groups: Sequence[Mapping[str, str]]) -> str:
    return next((group["DataTime"] for group in groups if "DataTime" in group), "")


@lru_cache(maxsize=4096)
def _start(text: str, period: str, *, label_end: bool) -> datetime | None:
    """Return the UTC start that a label names; None when it names none."""
    digits = text.strip()[:14]  # some devices add milliseconds
    if len(digits) not in (12, 14) or not (digits.isascii() and digits.isdigit()):
        return None
    later = timedelta(0)
    if label_end and digits[8:10] == "24":
        digits, later = f"{digits[:8]}00{digits[10:]}", timedelta(days=1)
    try:
        # Written as digits, fields in their own range: faster than a format and stricter.
        local = datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:] or 0),
            tzinfo=BEIJING,
        )
    except ValueError:
        return None
    local += later
    if period == "minute":
        local = local.replace(second=0)
    elif period == "hour" and label_end:
        local -= _HOUR
    begins = {"hour": (local.minute, local.second), "day": (local.hour, local.minute, local.second)}
    if any(begins.get(period, ())) or local.year < _EARLIEST_YEAR:
        return None
    return local.astimezone(UTC)


def _items(groups: Sequence[Mapping[str, str]]) -> list[_Item]:
    """Return what is said of each factor, in order."""
    found: dict[str, _Item] = {}
    last: _Item | None = None
    for group in groups:
        for key, value in group.items():
            code, dash, part = key.rpartition("-")
            if not dash:
                # A bare "Flag=N" is that of the factor before it.
                if key.lower() == "flag" and last is not None:
                    last.flag = value.strip()
                continue
            last = found.get(code)
            if last is None:
                last = found[code] = _Item(code)
            _add(last, part, value.strip())
    return [one for one in found.values() if not set(_STATE_PARTS) & one.values.keys()]


def _add(item: _Item, part: str, value: str) -> None:
    name = part.lower()
    if name == "flag":
        item.flag = value
    elif name in _STATISTICS:
        item.is_torn |= item.values.get(name, value) != value
        item.values[name] = value
    elif part in _STATE_PARTS or name not in _SILENT:
        item.values.setdefault(part, value)


# Said beside a value, not a value: times of sampling, a vendor's own flag, what a check found.
_SILENT = {"eflag", "sampletime", "completetime", "sampletype"}


def _main_of(item: _Item, period: str) -> str:
    """Return which statistic is the value itself: the mean, else what there is."""
    usual = "Rtd" if period == "realtime" else "Avg"
    return next((_STATISTICS[name] for name in _MAIN if name in item.values), usual)


def _rows_of(
    item: _Item, frame: Frame, period: str, time: datetime, dialect: Dialect
) -> Iterator[Row | Finding]:
    quantity, scale, fault = _named(item.code, frame, dialect)
    if item.is_torn:
        fault = fault or ValueFault.CONFLICT
    mark = _mark(item.flag, frame.edition)
    values = {name: text for name, text in item.values.items() if name in _STATISTICS}
    if not values and is_valid_mark(mark):
        fault = fault or ValueFault.NO_VALUE
    if fault is not None:
        yield Finding(fault, item.code, _told(item))
        return
    if not values:  # the mark alone says why there is no value
        yield Row(quantity, item.code, _main_of(item, period), period, time, None, mark)
    for name, text in values.items():
        number = _number(text)
        value = None if number is None else number * scale
        wrong = _wrong(quantity, name, text, value) if is_valid_mark(mark) else None
        if wrong is not None:
            yield Finding(wrong, item.code, f"{_STATISTICS[name]}={text}")
        else:
            yield Row(quantity, item.code, _STATISTICS[name], period, time, value, mark)


def _wrong(quantity: str, name: str, text: str, value: float | None) -> ValueFault | None:
    """Return why a value that its mark calls good cannot be one."""
    if value is None:
        return ValueFault.NOT_A_NUMBER if text else ValueFault.NO_VALUE
    known = QUANTITIES.get(quantity)
    # An amount over the period is in another unit.
    if known is None or name == "cou" or known.lowest <= value <= known.highest:
        return None
    return ValueFault.IMPOSSIBLE_VALUE


def _told(item: _Item) -> str:
    return ",".join(f"{name}={text}" for name, text in item.values.items())


def _named(code: str, frame: Frame, dialect: Dialect) -> tuple[str, float, ValueFault | None]:
    """Return what a code is kept as, what its values are multiplied by, or why neither."""
    ours, unit = dialect.codes.get(code, code), dialect.units.get(code, "")
    known = factor(ours)
    if known is None and (dialect.legacy_codes or frame.edition == _LEGACY):
        known = factor_of_legacy(ours, st=frame.st)
        if known is not None and known.legacy_unit and not unit:
            # A thousandfold error would look like a value: a person says the unit first.
            return code, 1.0, ValueFault.WRONG_UNIT
    quantity = _quantity_at(known.code if known else ours, frame.st)
    if quantity is not None:
        scale = unit_factor(quantity.key, unit)
        return (quantity.key, *_scaled(scale))
    if known is None:
        return code, 1.0, ValueFault.UNKNOWN_FACTOR
    # A code with device numbers stays as it is: e10102 is another than e10101.
    name = ours if known.code.endswith("x") else known.code
    return (name, *_scaled(_ratio(unit, known.unit)))


def _scaled(scale: float | None) -> tuple[float, ValueFault | None]:
    return (1.0, ValueFault.WRONG_UNIT) if scale is None else (scale, None)


def _ratio(unit: str, printed: str) -> float | None:
    """Return what a value in a unit is multiplied by to be in the printed one; None: cannot be."""
    if unit in {"", printed}:
        return 1.0
    (power, per), (wanted, wanted_per) = _POWERS.get(unit, (0, "")), _POWERS.get(printed, (0, ""))
    return 10.0 ** (power - wanted) if per and per == wanted_per else None


_POWERS = {
    f"{mass}/{volume}": (power, volumes[0])
    for volumes in (("L", "升"), ("m³", "m3", "立方米"))
    for volume in volumes
    for masses, power in (
        (("ng", "纳克"), -9),
        (("µg", "ug", "μg", "微克"), -6),
        (("mg", "毫克"), -3),
        (("g", "克"), 0),
    )
    for mass in masses
}
"""Units of mass in a volume: the power of ten of their gram, and the volume."""


@lru_cache(maxsize=4096)
def _quantity_at(code: str, st: str) -> Quantity | None:
    """Return the quantity of a code where the system measures the quantity's medium."""
    system, quantity = systems().get(st), _coded().get(code)
    if system is None or quantity is None or quantity.medium != system.medium:
        return None
    return quantity


@cache
def _coded() -> Mapping[str, Quantity]:
    return {code: one for one in QUANTITIES.values() for code in one.codes}


def _mark(flag: str, edition: int) -> str:
    known = data_flags(edition).get(flag)
    return known.mark if known else flag


def _number(text: str) -> float | None:
    # float() also takes "1_0", "nan" and digits of other scripts: none of them is sent.
    if not text.isascii() or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
