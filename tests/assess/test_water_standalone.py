"""A file of concentrations of surface water in, a file of classes out."""

from collections.abc import Callable
from pathlib import Path

import pytest

from songhua.assess.water import AssessedWater, assess_water_csv
from songhua.model import BadInput

HEAD = "section,time,water_body,ph,do,cod_mn,cod,nh3_n,tp,tn,hg\n"
Assess = Callable[..., tuple[AssessedWater, list[str]]]


@pytest.fixture
def assess(tmp_path: Path) -> Assess:
    """Return what assesses a text and reads back the lines that came out."""

    def run(text: str, mode: str = "realtime") -> tuple[AssessedWater, list[str]]:
        source, out = tmp_path / "in.csv", tmp_path / "out.csv"
        source.write_text(text, encoding="utf-8")
        summary = assess_water_csv(source, out, mode=mode)
        return summary, out.read_text(encoding="utf-8").splitlines()

    return run


def test_the_file_that_comes_out(assess: Assess) -> None:
    """松花江村 and 湖滨 as published on 2026-08-21; TN 3 never matters."""
    summary, lines = assess(
        HEAD
        + "松花江村,2026-08-21 19:00,river,7.06,6.93,4.57,,0.159,0.145,3,\n"
        + "湖滨,2026-08-21 20:00,lake,8.35,8.2,3.89,,,0.098,,\n"
    )
    assert lines == [
        "section,time,edition,class,wording,main_indicators",
        "松花江村,2026-08-21 19:00,GB 3838—2002,3,良好,",
        "湖滨,2026-08-21 20:00,GB 3838—2002,4,轻度污染,tp(1.0)",
    ]
    assert (summary.rows, summary.with_class, summary.counts) == (2, 2, {})


def test_only_the_five_enter_a_real_time_class_and_the_others_are_named(assess: Assess) -> None:
    text = HEAD + "A,2026-08,river,7,8,2,35,0.1,0.02,,\n"
    summary, lines = assess(text)
    assert (lines[1].split(",")[3], summary.unused) == ("1", ("cod", "hg"))
    _, lines = assess(text, "monthly")
    assert lines[1].split(",")[3:] == ["5", "中度污染", "cod(0.8)"]  # (35 − 20) / 20 = 0.75


@pytest.mark.parametrize(("nh3_n", "monthly"), [("0.503", "2"), ("0.506", "3")])
def test_a_month_is_rounded_first_and_a_reading_is_not(
    assess: Assess, nh3_n: str, monthly: str
) -> None:
    text = HEAD + f"A,2026-08-01,river,7,8,2,,{nh3_n},0.02,,\n"
    assert assess(text)[1][1].split(",")[3] == "3"
    assert assess(text, "monthly")[1][1].split(",")[3] == monthly


@pytest.mark.parametrize(
    ("row", "column", "why", "number"),
    [
        ("A,2026-08-01,river,7,8,-2,,0.1,0.02,,", "cod_mn", "negative", "1"),
        ("A,2026-08-01,river,7,8,2,,many,0.02,,", "nh3_n", "no_number", "1"),
        ("A,2026-08-01,river,7,8,2,,未检出,0.02,,", "nh3_n", "no_limit", "1"),
        ("A,2026-08-01,river,17,8,2,,0.1,0.02,,", "ph", "impossible", "1"),
        ("A,2026-08-01,river,7,8,2,,159,0.02,,", "nh3_n", "thousandfold", "6"),
        ("A,2026-08-01,pond,7,8,2,,0.1,0.02,,", "water_body", "water_body", ""),
        ("A,some day,river,7,8,2,,0.1,0.02,,", "time", "time", ""),
    ],
)
def test_what_is_wrong_is_named_and_the_row_is_kept(
    assess: Assess, row: str, column: str, why: str, number: str
) -> None:
    summary, lines = assess(f"{HEAD}{row}\n")
    (asked,) = summary.examples
    assert (asked.line, asked.column, asked.why) == (2, column, why)
    assert asked.zh
    assert asked.en
    assert lines[1].split(",")[3] == number


@pytest.mark.parametrize("nh3_n", ["<0.025", "0.025L", " < 0.5 "])
def test_below_its_detection_limit_a_result_is_class_one(assess: Assess, nh3_n: str) -> None:
    summary, lines = assess(HEAD + f"A,2026-08-01,river,,,,,{nh3_n},,,\n")
    assert (lines[1].split(",")[3], summary.counts) == ("1", {})


def test_a_day_before_the_standard_has_no_class(assess: Assess) -> None:
    _, lines = assess(HEAD + "A,2002-05-31,river,7,8,2,,0.1,0.02,,\n")
    assert lines[1] == "A,2002-05-31,,,,"


def test_columns_may_have_the_names_of_the_documents(assess: Assess) -> None:
    _, lines = assess("section,time,water_body,总磷,NH3-N\nA,2026-08-01,湖库,0.06,0.1\n")
    assert lines[1].split(",")[3] == "4"


@pytest.mark.parametrize(
    ("text", "said"), [("section,time,ph\n", "water_body"), ("section,time,water_body\n", "ph")]
)
def test_a_file_that_cannot_be_assessed_is_refused(assess: Assess, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        assess(text)
