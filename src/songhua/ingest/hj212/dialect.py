"""How one device departs from the standard (方言): kept with the device, confirmed by a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from songhua.ingest.hj212.crc import CrcKind
from songhua.model import BadInput

LARGEST_SEGMENT = 4096
"""Most bytes a data segment may declare; the standard says 1024, 1623 was seen. [byte]"""

LARGEST_DECLARED = 9999
"""Four digits say no more. [byte]"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One device's departures from the standard.

    What every decoder forgives (no line end, lower-case check, spaces, commas for semicolons)
    needs no dialect to be read; it stands here for what is sent to the device.

    Parameters
    ----------
    crc
        The check it computes, and that it expects in what it is sent.
    largest_segment
        A frame that declares more is damaged. [byte]
    lower_case_crc
        Write the check in lower case.
    line_end
        Write CR LF after the check.
    label_end
        ``DataTime`` of an interval is its end, not its start (HJ 212—2017, 表4: its start).
    legacy_codes
        It sends codes of HJ/T 212—2005 under a later edition; one of 2005 may without this.
    codes
        Factor codes of its own, to those of HJ 212—2017: ``{"112": "a24088"}``.
    units
        Units of its own, by factor code: ``{"a01006": "hPa"}``.
    """

    crc: CrcKind = CrcKind.STANDARD
    largest_segment: int = LARGEST_SEGMENT
    lower_case_crc: bool = False
    line_end: bool = True
    label_end: bool = False
    legacy_codes: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


STANDARD = Dialect()
"""No departure."""


def written_dialect(dialect: Dialect) -> dict[str, Any]:
    """Return the departures alone, as JSON can hold them.

    >>> written_dialect(Dialect(crc=CrcKind.MODBUS_LOW_FIRST))
    {'crc': 'modbus_low_first'}
    """
    told: dict[str, Any] = {}
    for one in fields(Dialect):
        value = getattr(dialect, one.name)
        if value != getattr(STANDARD, one.name):
            told[one.name] = dict(value) if isinstance(value, Mapping) else _plain(value)
    return told


def read_dialect(settings: Mapping[str, Any]) -> Dialect:
    """Return the dialect that `written_dialect` wrote.

    Raises
    ------
    BadInput
        If a name is unknown or a value is of another kind.
    """
    for name, value in settings.items():
        if name not in _FITS or not _FITS[name](value):
            raise BadInput(
                f"方言设置无法识别：{name} = {value!r}。",
                f"Unknown setting of a dialect: {name} = {value!r}.",
            )
    told = dict(settings)
    return Dialect(**told | ({"crc": CrcKind(told["crc"])} if "crc" in told else {}))


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 < value <= LARGEST_DECLARED


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(v, str) for kv in value.items() for v in kv)


_FITS: dict[str, Callable[[Any], bool]] = {
    "crc": lambda value: value in list(CrcKind),
    "largest_segment": _is_size,
    "lower_case_crc": _is_flag,
    "line_end": _is_flag,
    "label_end": _is_flag,
    "legacy_codes": _is_flag,
    "codes": _is_map,
    "units": _is_map,
}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, CrcKind) else value
