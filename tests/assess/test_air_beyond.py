"""Air beyond the six: worked by hand, columns against the reference, files."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess import air_beyond
from songhua.assess.air_beyond import rules
from songhua.assess.air_beyond.standalone import rain_columns
from songhua.standards.air_beyond import (
    closure_factors,
    dust_classes,
    ion_charges,
    rain_rule,
    voc_species,
)

DAY = date(2026, 8, 21)
RAIN = rain_rule(on=DAY)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@given(
    st.lists(
        st.tuples(st.floats(3, 8, width=32), st.floats(0.125, 100, width=32)),
        min_size=1, max_size=20,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_ph_of_columns_is_that_of_the_reference(samples: list[tuple[float, float]]) -> None:
    frame = pl.DataFrame(samples, schema=["ph", "volume"], orient="row")
    frame = frame.with_columns(site=pl.lit("A"), span=pl.lit("2026"))
    row = rain_columns(frame, RAIN).row(0, named=True)
    ph, volume = zip(*samples, strict=True)
    assert row["ph"] == pytest.approx(rules.mean_ph(ph, volume), abs=1e-9)
    assert row["acid_samples"] == sum(one < 5.6 for one in ph)


@pytest.mark.parametrize(
    ("ph", "grade"),
    [(5.6, "非酸雨"), (5.59, "酸雨"), (5.0, "酸雨"), (4.99, "较重酸雨"), (4.49, "重酸雨")],
)
def test_grades_of_acid_rain(ph: float, grade: str) -> None:
    assert rules.rain_grade(ph, RAIN) == grade


def test_rain_of_a_file(tmp_path: Path) -> None:
    """Two samples of equal volume, pH 4 and 5: lg of (1e-4 + 1e-5)/2 is −4.26."""
    source = write(
        tmp_path / "in.csv",
        "site,time,ph,volume,so4,nh4",
        "A,2026-05-01,4.0,10,48.03,18.04", "A,2026-05-09,5.0,10,48.03,18.04",
        "A,2026-05-10,6.5,,,", "A,2026-05-11,15,3,,",
    )  # fmt: skip
    out = tmp_path / "out.csv"
    done = air_beyond.assess_rain_csv(source, out)
    row = pl.read_csv(out).row(0, named=True)
    assert (row["ph"], row["samples"], row["frequency"], row["grade"]) == (4.26, 3, 66.7, "重酸雨")
    assert row["cation_anion"] == 1.0
    assert [(cell.line, cell.text) for cell in done.asked.examples] == [(5, "15")]


def test_ozone_potential_of_a_file(tmp_path: Path) -> None:
    """Toluene 10 µg/m³ × 4 = 40; ethylene 2 × 9 = 18; xenon is no compound of the list."""
    source = write(tmp_path / "in.csv", "site,time,toluene,乙烯,xenon", "A,2026-05-01,10,2,7")
    out = tmp_path / "out.csv"
    done = air_beyond.assess_voc_csv(source, out)
    row = pl.read_csv(out).row(0, named=True)
    assert (row["ofp"], row["total"], row["largest"]) == (58.0, 12.0, "toluene+ethylene")
    assert (row["share_aromatic"], row["share_alkene"]) == (69.0, 31.0)
    assert done.unknown == ("xenon",)
    known = voc_species(on=DAY)
    assert rules.ozone_potential({"toluene": 10, "乙烯": 2}, known) == 58
    assert rules.explain_potential({"toluene": 10}, known, "MIR 2010")[0].value == "10 × 4.0 = 40"
    air_beyond.assess_voc_csv(source, out, ppb=True)
    ppb = pl.read_csv(out).row(0, named=True)
    assert ppb["total"] == pytest.approx((10 * 92.14 + 2 * 28.05) / 24.465, abs=1e-3)


def test_mass_closure_of_a_file(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.csv",
        "site,time,pm2_5,oc,ec,so4,nh4,si",
        "A,2026-05-01,40,10,2,9.606,3.608,-1",
    )
    out = tmp_path / "out.csv"
    done = air_beyond.assess_particles_csv(source, out)
    row = pl.read_csv(out).row(0, named=True)
    parts = rules.reconstructed(
        {"oc": 10, "ec": 2, "so4": 9.606, "nh4": 3.608}, closure_factors(on=DAY)
    )
    assert row["reconstructed"] == pytest.approx(sum(parts.values()), abs=1e-3)
    assert row["organic"] == 16
    cations, anions = rules.ion_sums({"so4": 9.606, "nh4": 3.608}, ion_charges())
    assert row["cation_anion"] == pytest.approx(cations / anions, abs=1e-3) == 1.0
    assert [cell.text for cell in done.asked.examples] == ["-1"]


def test_classes_of_dust_weather() -> None:
    classes = dust_classes(on=DAY)
    found = [rules.dust_class(km, windy=True, classes=classes) for km in (10, 9, 0.9, 0.4, 0.01)]
    assert found == [None, "扬沙", "沙尘暴", "强沙尘暴", "特强沙尘暴"]
    assert rules.dust_class(5, windy=False, classes=classes) == "浮尘"


def test_a_survey_becomes_coloured_segments_and_a_gap_breaks_it(tmp_path: Path) -> None:
    source = write(
        tmp_path / "in.csv",
        "lon,lat,time,value",
        "125.300,43.880,2026-05-01 08:00:00,10", "125.301,43.880,2026-05-01 08:00:10,30",
        "125.302,43.880,2026-05-01 08:00:20,90", "125.303,43.880,2026-05-01 08:05:00,90",
        "925,43.880,2026-05-01 08:05:10,90",
    )  # fmt: skip
    out = tmp_path / "out.geojson"
    found = air_beyond.write_track(source, out, breaks=[20, 40])
    features = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert [one["properties"]["value"] for one in features] == [20, 60]
    assert [one["properties"]["colour"] for one in features] == ["#00b050", "#ffff00"]
    assert found.km == pytest.approx(0.1603, abs=0.001)  # 0.002° at 43.88° N
    assert [cell.text for cell in found.asked.examples] == ["925"]
