"""What is measured: keys, names, units, protocol codes; and the marks that stations send."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from songhua.model import UnknownName


@dataclass(frozen=True, slots=True)
class Quantity:
    """One measured quantity.

    Parameters
    ----------
    key
        Our name: ``pm2_5``.
    symbol
        With real subscripts: ``PM₂.₅``.
    unit
        The one unit inside the system.
    places
        Decimal places of an hourly value as published.
    codes
        Codes of HJ 212.
    aliases
        Headers that files use for it.
    lowest, highest
        Beyond these a value cannot be real. [unit of the quantity]
    """

    key: str
    symbol: str
    name_zh: str
    name_en: str
    unit: str
    places: int
    codes: tuple[str, ...]
    aliases: tuple[str, ...]
    lowest: float
    highest: float
    medium: str


@dataclass(frozen=True, slots=True)
class StationMark:
    """A mark (数据标识) that a station sends with a value."""

    mark: str
    name_zh: str
    name_en: str
    valid: bool
    confidence: str


@cache
def quantities() -> Mapping[str, Quantity]:
    """Return every quantity by its key."""
    return {
        row["key"]: Quantity(
            key=row["key"],
            symbol=row["symbol"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            unit=row["unit"],
            places=int(row["places"]),
            codes=tuple(filter(None, row["codes"].split("|"))),
            aliases=tuple(row["aliases"].split("|")),
            lowest=float(row["lowest"]),
            highest=float(row["highest"]),
            medium=row["medium"],
        )
        for name in ("quantities.csv", "quantities_surface_water.csv")
        for row in _rows("protocol", name)
    }


def quantity(key: str) -> Quantity:
    """Return a quantity by its key.

    Raises
    ------
    UnknownName
        If no quantity has the key.

    Examples
    --------
    >>> quantity("pm2_5").symbol
    'PM₂.₅'
    """
    try:
        return QUANTITIES[key]
    except KeyError:
        raise UnknownName("指标", "quantity", key) from None


@cache
def station_marks() -> Mapping[str, StationMark]:
    """Return the marks of automatic stations by what they send; the empty mark is normal."""
    return {
        row["mark"]: StationMark(
            row["mark"], row["name_zh"], row["name_en"], row["valid"] == "yes", row["confidence"]
        )
        for row in _rows("protocol", "station_marks.csv")
    }


def is_valid_mark(mark: str) -> bool:
    """Return whether a value with this mark enters statistics; an unknown mark does not.

    >>> is_valid_mark(""), is_valid_mark("B")
    (True, False)
    """
    known = station_marks().get(mark)
    return known is not None and known.valid


def _rows(medium: str, name: str) -> list[dict[str, str]]:
    text = files("songhua.standards").joinpath(medium, name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


QUANTITIES = quantities()
