"""What a factor code of a device is to us: a quantity or a standard code, and in what unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from math import inf

from songhua.ingest.files.units import unit_factor
from songhua.ingest.hj212.dialect import Dialect
from songhua.standards import QUANTITIES, Quantity
from songhua.standards.hj212 import factor, factor_of_legacy, systems


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
class Named:
    """What a code is to us.

    Parameters
    ----------
    name
        Key of the quantity, else the code of HJ 212—2017; as received with a fault.
    scale
        What its values are multiplied by.
    lowest, highest
        Beyond these a value cannot be real. [unit of the quantity]
    """

    name: str
    scale: float = 1.0
    fault: ValueFault | None = None
    lowest: float = -inf
    highest: float = inf


def named(code: str, st: str, dialect: Dialect, *, legacy: bool) -> Named:
    """Return what a code at a system is to us, by the device's dialect.

    Parameters
    ----------
    legacy
        Codes of HJ/T 212—2005 count.
    """
    if code in dialect.codes or code in dialect.units:
        return _named(dialect.codes.get(code, code), st, dialect.units.get(code, ""), legacy=legacy)
    return _named(code, st, "", legacy=legacy)


@lru_cache(maxsize=4096)
def _named(code: str, st: str, unit: str, *, legacy: bool) -> Named:
    known = factor(code)
    if known is None and legacy:
        known = factor_of_legacy(code, st=st)
        if known is not None and known.legacy_unit and not unit:
            # A thousandfold error would look like a value: a person says the unit first.
            return Named(code, fault=ValueFault.WRONG_UNIT)
    quantity = _quantity_at(known.code if known else code, st)
    if quantity is not None:
        scale = unit_factor(quantity.key, unit)
        return _scaled(quantity.key, scale, quantity.lowest, quantity.highest)
    if known is None:
        return Named(code, fault=ValueFault.UNKNOWN_FACTOR)
    # A code with device numbers stays as it is: e10102 is another than e10101.
    name = code if known.code.endswith("x") else known.code
    return _scaled(name, _ratio(unit, known.unit))


def _scaled(name: str, scale: float | None, lowest: float = -inf, highest: float = inf) -> Named:
    if scale is None:
        return Named(name, fault=ValueFault.WRONG_UNIT)
    return Named(name, scale, None, lowest, highest)


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


def _quantity_at(code: str, st: str) -> Quantity | None:
    """Return the quantity of a code where the system measures the quantity's medium."""
    system, quantity = systems().get(st), _coded().get(code)
    if system is None or quantity is None or quantity.medium != system.medium:
        return None
    return quantity


@cache
def _coded() -> Mapping[str, Quantity]:
    return {code: one for one in QUANTITIES.values() for code in one.codes}
