"""Quantities, marks of stations and divisions against their reference tables."""

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from songhua.model import UnknownName
from songhua.standards import (
    POLLUTANTS,
    PROVINCE,
    QUANTITIES,
    is_valid_mark,
    quantity,
    regions,
    renamed_regions,
    station_marks,
)

REFERENCE = Path(__file__).parents[1] / "reference"
UNITS = {"ug/m3": "µg/m³", "mg/m3": "mg/m³", "degC": "°C", "degree": "°"}
LEVELS = {"province": "province", "prefecture": "city", "county": "county"}


def rows(name: str) -> list[dict[str, str]]:
    lines = (REFERENCE / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


AIR_CODES = [row for row in rows("hj212/air_station_codes.csv") if row["code"].startswith("a")]
DIVISIONS = [row for row in rows("regions/jilin_divisions.csv") if row["in_gbt2260"] == "yes"]
EXAMPLES = rows("regions/worked-examples.csv")


@pytest.mark.parametrize("row", AIR_CODES, ids=lambda row: row["code"])
def test_codes_and_units_of_hj_212(row: dict[str, str]) -> None:
    (found,) = [item for item in QUANTITIES.values() if row["code"] in item.codes]
    known = {found.key, found.key.replace("_", " "), *found.aliases}
    assert row["parameter"] in known | {name.lower() for name in known}
    unit = row["practice_unit"].split(" or ")[0]
    assert found.unit == UNITS.get(unit, unit)


def test_no_name_stands_for_two_quantities() -> None:
    names = Counter(
        name
        for item in QUANTITIES.values()
        for name in set(map(str.lower, (item.key, item.symbol, item.name_zh, *item.aliases)))
    )
    codes = Counter(code for item in QUANTITIES.values() for code in item.codes)
    assert [name for name, times in (names + codes).items() if times > 1] == []


def test_a_quantity_can_be_asked_for_by_key() -> None:
    assert set(POLLUTANTS) < set(QUANTITIES)
    assert [quantity(key).symbol for key in POLLUTANTS] == [
        "SO₂", "NO₂", "CO", "O₃", "PM₁₀", "PM₂.₅",
    ]  # fmt: skip
    assert [quantity(key).places for key in POLLUTANTS] == [0, 0, 1, 0, 0, 0]
    assert all(item.lowest < item.highest for item in QUANTITIES.values())
    with pytest.raises(UnknownName, match="PM25"):
        quantity("PM25")


@pytest.mark.parametrize("row", rows("air/autostation_flags.csv"), ids=lambda row: row["flag"])
def test_marks_of_stations(row: dict[str, str]) -> None:
    mark = station_marks()[row["flag"]]
    assert (mark.name_zh, mark.name_en) == (row["meaning_zh"], row["meaning_en"])
    assert mark.confidence == row["confidence"]
    assert is_valid_mark(row["flag"]) == (row["counts_as_valid"] == "yes")


def test_an_unknown_mark_is_not_valid() -> None:
    sent = {row["flag"] for row in rows("air/autostation_flags.csv")}
    ours = set(station_marks()) - sent
    assert ours == {"RV", "RQ"}  # a reviewer's, beside RM
    assert sent <= set(station_marks())
    assert not is_valid_mark("QQ")


@pytest.mark.parametrize("row", DIVISIONS, ids=lambda row: row["code"])
def test_divisions_of_the_province(row: dict[str, str]) -> None:
    region = regions()[row["code"]]
    assert region.name_zh == row["name_zh"]
    assert region.level == LEVELS[row["level"]]
    assert region.parent == row["parent_code"]
    assert region.confidence == row["confidence"]


def test_one_province_nine_cities_sixty_counties() -> None:
    found = regions()
    assert Counter(region.level for region in found.values()) == {
        "province": 1, "city": 9, "county": 60,
    }  # fmt: skip
    assert len(found) == len(DIVISIONS)
    assert len({region.name_en for region in found.values()}) == len(found)
    assert found[PROVINCE].name_zh == "吉林省"


@pytest.mark.parametrize("row", rows("regions/jilin_cities.csv"), ids=lambda row: row["code"])
def test_seats_of_cities(row: dict[str, str]) -> None:
    city = regions()[row["code"]]
    assert (city.name_zh, city.short_zh) == (row["name_zh"], row["short_zh"])
    assert (str(city.lon), str(city.lat)) == (row["seat_lon"], row["seat_lat"])


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["id"])
def test_worked_examples_of_divisions(row: dict[str, str]) -> None:
    given, expected = json.loads(row["inputs"]), json.loads(row["expected"])
    found = regions()
    match row["rule"]:
        case "code_parent":
            region = found[given["code"]]
            assert (region.name_zh, region.parent) == (expected["name"], expected["parent"])
        case "code_legal":
            assert (given["code"] in found) is expected["in_gbt2260"]
        case "code_map_old":
            assert renamed_regions()[given["code"]] == expected["new"]
        case "county_count":
            (city,) = [code for code, one in found.items() if one.name_zh == given["city"]]
            assert sum(one.parent == city for one in found.values()) == expected["counties"]
        case rule:
            assert rule == "point_in_county"  # outlines of counties are layers of the map


def test_old_codes_lead_to_divisions_of_today() -> None:
    head = (REFERENCE / "regions" / "jilin_divisions.csv").read_text(encoding="utf-8")
    assert renamed_regions() == dict(re.findall(r"(\d{6})->(\d{6})", head))
    for old, new in renamed_regions().items():
        assert old not in regions()
        assert regions()[new].level == "county"
