"""Administrative divisions (GB/T 2260) of the province."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Region:
    """One division.

    Parameters
    ----------
    code
        Six digits.
    level
        ``province``, ``city`` or ``county``.
    parent
        Code of the division above; empty for the province.
    lon, lat
        Seat, where known. [degrees, WGS 84]
    """

    code: str
    name_zh: str
    name_en: str
    short_zh: str
    level: str
    parent: str
    lon: float | None
    lat: float | None
    confidence: str


PROVINCE = "220000"


@cache
def regions() -> Mapping[str, Region]:
    """Return every division by its code: the province, its cities, its counties.

    >>> regions()["220184"].name_zh, regions()["220184"].parent
    ('公主岭市', '220100')
    """
    return {
        row["code"]: Region(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            short_zh=row["short_zh"],
            level=row["level"],
            parent=row["parent"],
            lon=float(row["lon"]) if row["lon"] else None,
            lat=float(row["lat"]) if row["lat"] else None,
            confidence=row["confidence"],
        )
        for row in _rows("jilin.csv")
    }


@cache
def renamed_regions() -> Mapping[str, str]:
    """Return what codes of earlier years became; from memory."""
    return {row["old"]: row["new"] for row in _rows("renamed.csv")}


def _rows(name: str) -> list[dict[str, str]]:
    text = files("songhua.standards").joinpath("regions", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
