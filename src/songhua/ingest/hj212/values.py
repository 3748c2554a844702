"""A frame's values as rows: quantity, period, time, value, mark; what cannot be is named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.factors import WORDS, Named, ValueFault, named
from songhua.ingest.hj212.frame import Frame
from songhua.ingest.hj212.times import start_of
from songhua.standards import is_valid_mark
from songhua.standards.hj212 import data_flags

__all__ = [
    "AHEAD",
    "PERIODS",
    "WORDS",
    "Finding",
    "Reading",
    "Row",
    "ValueFault",
    "beside",
    "read_values",
]

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

_LEGACY = 2005
_MAIN = ("Avg", "Rtd", "Data")
_STATISTICS = (
    *("Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "ZsAvg", "ZsMin", "ZsMax"),
    *("Data", "DayData", "NightData"),
)
_FLAG = "Flag"
_LONG = ("hour", "day")
_OF_EVERY_PERIOD = ("Cou", "ZsRtd", "ZsAvg")
_STATES = ("RS", "RT", "Info", "SN")
# Said beside a value: times of sampling, a vendor's own flag, how it was sampled.
_SILENT = ("EFlag", "SampleTime", "CompleteTime", "SampleType")
_PARTS = {name.lower(): name for name in (*_STATISTICS, _FLAG, *_STATES, *_SILENT)}


class Row(NamedTuple):
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
    """What a frame says of one factor: statistics by name, the flag, what is no statistic."""

    code: str
    values: dict[str, str] = field(default_factory=dict)
    flag: str = ""
    rest: list[str] = field(default_factory=list)
    is_torn: bool = False
    is_state: bool = False

    @property
    def text(self) -> str:
        """What was said of it."""
        return ",".join([*(f"{name}={text}" for name, text in self.values.items()), *self.rest])


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
    time = start_of(text, period, label_end=dialect.label_end)
    if time is None:
        return Reading(period, findings=(Finding(ValueFault.BAD_TIME, "DataTime", text),))
    if time > now + AHEAD:
        return Reading(period, findings=(Finding(ValueFault.FUTURE_TIME, "DataTime", text),))
    reader = _Reader(frame, period, time, dialect)
    for item in _items(frame.groups):
        reader.add(item)
    return Reading(period, tuple(reader.rows), tuple(reader.others), tuple(reader.findings))


def beside(reading: Reading) -> tuple[Row, ...]:
    """Return what is kept beside the values: as quantities of their own, ``pm2_5-max``.

    Amounts and corrected values (折算) of every period; minima and maxima of hours and days. Those
    of a minute stay in the journal alone.
    """
    return tuple(
        row._replace(quantity=f"{row.quantity}-{row.statistic.lower()}")
        for row in reading.others
        if row.period in _LONG or row.statistic in _OF_EVERY_PERIOD
    )


class _Reader:
    """Turns what is said of each factor of one frame into rows and findings."""

    __slots__ = (
        "_dialect",
        "_edition",
        "_period",
        "_seen",
        "_st",
        "_time",
        "findings",
        "others",
        "rows",
    )

    def __init__(self, frame: Frame, period: str, time: datetime, dialect: Dialect) -> None:
        self._period = period
        self._time = time
        self._dialect = dialect
        self._edition = frame.edition
        self._st = frame.st
        self._seen: set[str] = set()
        self.rows: list[Row] = []
        self.others: list[Row] = []
        self.findings: list[Finding] = []

    def add(self, item: _Item) -> None:
        legacy = self._dialect.legacy_codes or self._edition == _LEGACY
        what = named(item.code, self._st, self._dialect, legacy=legacy)
        mark, is_valid = _mark(item.flag, self._edition)
        fault = what.fault or (ValueFault.CONFLICT if item.is_torn else None)
        if fault is None and is_valid and not item.values:
            fault = ValueFault.NO_VALUE
        if fault is not None:
            self.findings.append(Finding(fault, item.code, item.text))
            return
        main = _main_of(item, self._period)
        # A mark alone says why there is no value.
        for name, text in item.values.items() if item.values else ((main, ""),):
            number = _number(text)
            value = None if number is None else number * what.scale
            wrong = _wrong(what, name, text, value) if is_valid else None
            if wrong is not None:
                self.findings.append(Finding(wrong, item.code, f"{name}={text}"))
                continue
            row = Row(what.name, item.code, name, self._period, self._time, value, mark)
            if name == main:
                self._keep(row, item)
            else:
                self.others.append(row)

    def _keep(self, row: Row, item: _Item) -> None:
        if row.quantity in self._seen:
            self.findings.append(Finding(ValueFault.CONFLICT, item.code, item.text))
        else:
            self._seen.add(row.quantity)
            self.rows.append(row)


def _is_query(frame: Frame) -> bool:
    """Return whether a command with the number of an upload asks, as the host does."""
    return not any("DataTime" in group for group in frame.groups) and any(
        "BeginTime" in group for group in frame.groups
    )


def _data_time(groups: Sequence[Mapping[str, str]]) -> str:
    return next((group["DataTime"] for group in groups if "DataTime" in group), "")


def _items(groups: Sequence[Mapping[str, str]]) -> list[_Item]:
    """Return what is said of each factor, in order."""
    found: dict[str, _Item] = {}
    item: _Item | None = None
    for group in groups:
        for key, value in group.items():
            code, part = _split(key)
            if code is None:
                # A bare "Flag=N" is that of the factor before it.
                if part == _FLAG and item is not None:
                    item.flag = value.strip()
                continue
            item = found.get(code)
            if item is None:
                item = found[code] = _Item(code)
            _add(item, part, value.strip())
    return [one for one in found.values() if not one.is_state]


@lru_cache(maxsize=16384)
def _split(key: str) -> tuple[str | None, str]:
    """Return the factor and the part of a key, the part as the standard spells it."""
    code, dash, part = key.rpartition("-")
    part = part.strip()
    return (code.strip() if dash else None), _PARTS.get(part.lower(), part)


def _add(item: _Item, part: str, value: str) -> None:
    if part == _FLAG:
        item.flag = value
    elif part in _STATISTICS:
        if item.values.setdefault(part, value) != value:
            item.is_torn = True
            item.rest.append(f"{part}={value}")
    elif part in _STATES:
        item.is_state = True
    elif part not in _SILENT:
        item.rest.append(f"{part}={value}")


def _main_of(item: _Item, period: str) -> str:
    """Return which statistic is the value itself: the mean, else what there is."""
    for name in _MAIN:
        if name in item.values:
            return name
    return "Rtd" if period == "realtime" else "Avg"


def _wrong(what: Named, name: str, text: str, value: float | None) -> ValueFault | None:
    """Return why a value that its mark calls good cannot be one."""
    if value is None:
        return ValueFault.NOT_A_NUMBER if text else ValueFault.NO_VALUE
    # An amount over the period is in another unit.
    if what.lowest <= value <= what.highest or name == "Cou":
        return None
    return ValueFault.IMPOSSIBLE_VALUE


@lru_cache(maxsize=1024)
def _mark(flag: str, edition: int) -> tuple[str, bool]:
    """Return the mark to keep for a flag, and whether it calls the value good."""
    known = data_flags(edition).get(flag)
    mark = known.mark if known else flag
    return mark, is_valid_mark(mark)


def _number(text: str) -> float | None:
    # float() also takes "1_0", "nan" and digits of other scripts: none of them is sent.
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) and text.isascii() and "_" not in text else None
