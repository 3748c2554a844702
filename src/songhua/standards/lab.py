"""The laboratory's methods and the limits of its quality control, with source and confidence."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from songhua.model import NoRuleInForce, UnknownName

_FOLDER = "laboratory"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of analysis for one item.

    Parameters
    ----------
    code
        The standard, with the element where it has several: ``HJ 694-2014:As``.
    item
        Our key of the quantity.
    detection_limit
        [unit]
    smallest_r
        Least correlation of its calibration curve; None where it has none (titration).
    spike
        Lowest and highest recovery; None where it is not spiked. [%]
    """

    code: str
    name_zh: str
    name_en: str
    item: str
    item_code: str
    item_zh: str
    item_en: str
    symbol: str
    unit: str
    detection_limit: Decimal
    smallest_r: float | None
    spike: tuple[Decimal, Decimal] | None
    confidence: str

    @property
    def places(self) -> int:
        """Decimal places of a result: as many as the detection limit has."""
        return max(0, -int(self.detection_limit.as_tuple().exponent))


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of quality control.

    Parameters
    ----------
    needs_one
        Whether every batch has at least one.
    share
        Of the samples, that must have one; 0 where there is no such rule.
    every
        After so many samples one is due; 0 where there is no such rule.
    points
        Least points of a curve.
    lowest, highest
        Limits where they are numbers. [%]
    """

    name: str
    zh: str
    en: str
    source: str
    confidence: str
    needs_one: bool = False
    share: Decimal = Decimal(0)
    every: int = 0
    points: int = 0
    lowest: Decimal | None = None
    highest: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """The measures in force, and the largest deviations of parallels by order of magnitude."""

    code: str
    in_force_from: date
    documents: tuple[str, ...]
    measures: Mapping[str, Measure]
    deviations: Mapping[int, Decimal]
    """Power of ten of the concentration in g/mL → largest relative deviation. [%]"""


@cache
def methods() -> Mapping[str, Method]:
    """Return every method by its code."""
    return {row["method"]: _method(row) for row in _rows("methods.csv")}


def method(code: str) -> Method:
    """Return a method by its code.

    Raises
    ------
    UnknownName
        If there is none.

    Examples
    --------
    >>> method("HJ 535-2009").detection_limit
    Decimal('0.025')
    """
    try:
        return methods()[code]
    except KeyError:
        raise UnknownName("分析方法", "method", code[:60]) from None


def control(*, on: date) -> Control:
    """Return the rules of quality control in force on a day.

    Raises
    ------
    NoRuleInForce
        If none was.
    """
    found = [one for one in _controls() if one.in_force_from <= on]
    if not found:
        raise NoRuleInForce("laboratory control", on)
    return max(found, key=lambda one: one.in_force_from)


@cache
def _controls() -> tuple[Control, ...]:
    folder = files("songhua.standards").joinpath(_FOLDER)
    deviations = {
        Decimal(row["order_g_per_ml"]).adjusted(): Decimal(row["largest_percent"])
        for row in _rows("duplicate_deviation.csv")
    }
    texts = [
        one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name[-5:] == ".toml"
    ]
    return tuple(_control(tomllib.loads(text, parse_float=Decimal), deviations) for text in texts)


def _control(told: Mapping[str, Any], deviations: Mapping[int, Decimal]) -> Control:
    return Control(
        code=told["code"],
        in_force_from=told["in_force_from"],
        documents=tuple(told["documents"]),
        measures={
            name: _measure(name, part) for name, part in told.items() if isinstance(part, dict)
        },
        deviations=deviations,
    )


def _measure(name: str, told: Mapping[str, Any]) -> Measure:
    return Measure(
        name=name,
        zh=told["zh"],
        en=told["en"],
        source=told["source"],
        confidence=told["confidence"],
        needs_one=told.get("needs_one", False),
        share=Decimal(told.get("share", 0)),
        every=told.get("every", 0),
        points=told.get("points", 0),
        lowest=_decimal(told.get("lowest")),
        highest=_decimal(told.get("highest")),
    )


def _method(row: Mapping[str, str]) -> Method:
    low, high = row["spike_low"], row["spike_high"]
    return Method(
        code=row["method"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        item=row["item"],
        item_code=row["code"],
        item_zh=row["item_zh"],
        item_en=row["item_en"],
        symbol=row["symbol"],
        unit=row["unit"],
        detection_limit=Decimal(row["detection_limit"]),
        smallest_r=float(row["smallest_r"]) if row["smallest_r"] else None,
        spike=(Decimal(low), Decimal(high)) if low else None,
        confidence=row["confidence"],
    )


def _decimal(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _rows(name: str) -> list[dict[str, str]]:
    text = files("songhua.standards").joinpath(_FOLDER, name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
