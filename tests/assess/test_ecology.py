"""Ecology: the worked examples, the twins against each other, files."""

import csv
import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess import ecology
from songhua.assess.ecology import regions, species
from songhua.model import UnknownName
from songhua.standards.ecology_rules import ecology_rule, hydro_rule

REFERENCE = Path(__file__).parents[1] / "reference" / "ecology" / "worked-examples.csv"
DAY = date(2026, 8, 21)
EI, EQI, HYDRO = ecology_rule("ei", on=DAY), ecology_rule("eqi", on=DAY), hydro_rule(on=DAY)


def rows() -> list[dict[str, str]]:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _ei(restriction: float, **parts: float) -> dict[str, Any]:
    value = regions.index_of(parts, EI, restriction=restriction)
    return {"ei": float(value), "grade": regions.grade_of(value, EI).zh}


def _eqi(**parts: float) -> dict[str, Any]:
    value = regions.index_of(parts, EQI)
    return {"eqi": float(value), "grade": regions.grade_of(value, EQI).zh}


def _load(precip_mm: float, area_km2: float, **tonnes: float) -> dict[str, float]:
    given = {key.removesuffix("_t"): value for key, value in tonnes.items()}
    found = regions.pollution_load(given, precip_mm=precip_mm, area_km2=area_km2, rule=EI)
    return {"pl": found}


def _bmwp(families: list[str]) -> dict[str, Any]:
    found = species.bmwp(families, HYDRO)
    return {"bmwp": found.score, "aspt": found.aspt}


RULES: dict[str, Any] = {
    "ei": _ei,
    "ei_grade": lambda ei: {"grade": regions.grade_of(ei, EI).zh},
    "ei_change": lambda earlier, later: {"verdict": regions.change_of(earlier, later, EI)},
    "habitat_quality": lambda area_km2, **areas: {
        "hq": regions.habitat_quality(areas, area_km2=area_km2, rule=EI)
    },
    "water_network": lambda **said: {"wn": regions.water_network(rule=EI, **said)},
    "land_stress": lambda **said: {"ls": regions.land_stress(rule=EI, **said)},
    "pollution_load": _load,
    "water_resource_adjust": lambda this_year, mean: {
        "used": regions.water_resource_used(this_year, mean, EI)
    },
    "eqi": _eqi,
    "eqi_grade": lambda eqi, region: {"grade": regions.grade_of(eqi, EQI).zh},
    "eqi_change": lambda earlier, later: {"verdict": regions.change_of(earlier, later, EQI)},
    "shannon": lambda counts, base: {"h": species.shannon(counts, math.e if base == "e" else base)},
    "pielou": lambda counts: {"j": species.pielou(counts)},
    "margalef": lambda s, n: {"d": species.margalef(s, n)},
    "bmwp": _bmwp,
    "bi": lambda counts, tolerance: {"bi": species.biotic_index(counts, tolerance)},
    "ndvi": lambda nir, red: {"ndvi": regions.ndvi(nir, red)},
    "ndwi": lambda green, nir: {"ndwi": regions.ndwi(green, nir)},
    "fvc": lambda ndvi, soil, veg: {"fvc": regions.fvc(ndvi, soil=soil, veg=veg)},
}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_the_worked_examples(row: dict[str, str]) -> None:
    found = RULES[row["rule"]](**json.loads(row["inputs"]))
    for key, value in json.loads(row["expected"]).items():
        if row["tolerance"] and not isinstance(value, str):
            assert found[key] == pytest.approx(value, abs=float(row["tolerance"]) + 1e-9)
        else:
            assert found[key] == value


PART = st.integers(0, 10_000).map(lambda n: n / 100)


@given(st.lists(PART, min_size=5, max_size=5))
@settings(max_examples=100, deadline=None)
def test_the_columns_say_what_the_reference_says(values: list[float]) -> None:
    for rule in (EI, EQI):
        parts = dict(zip(rule.weights, values, strict=False))
        row = ecology.index_columns(pl.DataFrame([parts]), rule).row(0, named=True)
        value = ecology.index_of(parts, rule)
        assert (row["index"], row["grade"]) == (float(value), ecology.grade_of(value, rule).zh)


def test_an_index_is_explained_part_by_part() -> None:
    parts = {"pattern": 60.0, "function": 65.0, "biodiversity": 50.0, "stress": 20.0}
    found = ecology.explain_index(parts, EQI)
    assert [one.value.partition(" = ")[2] for one in found[:4]] == [
        "21.600", "22.750", "9.500", "8.000",
    ]  # fmt: skip
    assert (found[-1].value, found[-1].item_zh) == ("61.85", "EQI 二类")


def test_land_that_the_table_lacks_is_named() -> None:
    with pytest.raises(UnknownName, match="月面"):
        regions.habitat_quality({"月面": 1.0}, area_km2=10, rule=EI)


def test_grades_of_an_ibi_are_those_of_the_published_river() -> None:
    """Liuxi river: healthy above 3.24, then 2.43, 1.62, 0.81."""
    found = species.ibi_grades_from(Decimal("3.24"), HYDRO)
    assert [float(one.start) for one in found] == [3.24, 2.43, 1.62, 0.81, 0]
    assert species.ibi_grades([1, 2, 3, 4, 5], HYDRO)[0].start == 2


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_regions_of_a_file_have_changes_and_bad_cells_are_named(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.csv",
        "region,year,pattern,function,biodiversity,stress",
        "220102,2024,64,65,50,20", "220102,2023,60,65,50,20", "220103,2024,60,many,50,120",
    )  # fmt: skip
    out = tmp_path / "out.csv"
    done = ecology.assess_ecology_csv(source, out, kind="eqi")
    found = pl.read_csv(out)
    assert found["eqi"].to_list() == [63.29, 61.85, None]
    assert found["verdict"].to_list() == ["轻微变好", None, None]
    assert [(cell.line, cell.text) for cell in done.asked.examples] == [(4, "many"), (4, "120")]


def test_a_family_not_in_the_list_is_named_and_kept(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.csv",
        "sample,taxon,family,order,count,tolerance",
        "S1,a,Heptageniidae,Ephemeroptera,50,2",
        "S1,b,Chironomidae,Diptera,30,8",
        "S1,c,Nosuchidae,毛翅目,20,",
    )
    out = tmp_path / "out.csv"
    done = ecology.assess_ecology_csv(source, out, kind="species", base="e")
    row = pl.read_csv(out).row(0, named=True)
    assert (row["taxa"], row["bmwp"], row["aspt"], row["ept"]) == (3, 12, 6.0, 2)
    assert row["shannon"] == pytest.approx(1.0297, abs=5e-4)  # EC-020
    assert row["not_in_list"] == "Nosuchidae"
    assert [(cell.line, cell.text) for cell in done.asked.examples] == [(4, "Nosuchidae")]
