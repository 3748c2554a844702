"""What a reader of the law is shown: every cell once; between editions what changed, no more."""

import csv
import re
from datetime import date
from pathlib import Path

import pytest

from songhua.model import UnknownName
from songhua.standards import (
    Edition,
    LawChange,
    clause_en,
    law_diff,
    law_list,
    law_remarks,
    law_show,
)

GRADES = {"verified", "single", "derived", "memory", "unconfirmed"}
CHINESE = re.compile("[一-鿿、，；：]")
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
STARTS = {"1 Mar 2026 ": "2026-03-01", "from 1 Jan ": "2031-01-01"}
"""How the titles of the two phases of GB 3095—2026 begin."""
LIMITS = Path(__file__).parents[1] / "reference" / "air" / "gb3095_limits.csv"


def shown(change: LawChange) -> tuple[str, str, str | None, str | None]:
    return (
        change.where.row_en,
        change.where.column_en,
        change.before.value_en if change.before else None,
        change.after.value_en if change.after else None,
    )


@pytest.mark.parametrize("edition", law_list(), ids=lambda edition: edition.code)
def test_every_cell_stands_once_with_both_languages_and_a_confidence(
    edition: Edition,
) -> None:
    cells = law_show(edition.family, edition.year).cells
    assert cells
    assert len({cell.place for cell in cells}) == len(cells)
    for cell in cells:
        assert cell.table_zh
        assert cell.row_zh
        assert cell.value_zh
        assert bool(cell.column_zh) == bool(cell.column_en)
        assert cell.confidence in GRADES
        english = cell.table_en + cell.row_en + cell.column_en + cell.value_en
        assert not CHINESE.search(english + cell.note_en + cell.clause_en)
    for note in edition.notes:
        assert not CHINESE.search(note.en + note.clause_en)
    assert not any(CHINESE.search(clause_en(clause)) for clause in edition.clauses.values())


@pytest.mark.parametrize("edition", law_list(), ids=lambda edition: edition.code)
def test_chinese_readers_see_days_as_chinese_writes_them(edition: Edition) -> None:
    for cell in law_show(edition.family, edition.year).cells:
        said = cell.table_zh + cell.row_zh + cell.value_zh + cell.note_zh
        assert not ISO_DAY.search(said + cell.table_en + cell.note_en)
    assert not any(ISO_DAY.search(note.zh + note.en) for note in edition.notes)


def test_the_phases_of_the_limits_say_when_they_hold() -> None:
    """GB 3095—2026, 4.4: transition to the end of 2030, full limits from 2031 on."""
    cells = law_show("gb_3095", 2026).cells
    titles = dict.fromkeys((cell.table_zh, cell.table_en) for cell in cells)
    assert next(iter(titles)) == (
        "表1 过渡阶段（2026年3月1日至2030年12月31日）",
        "table 1 transition (1 Mar 2026 – 31 Dec 2030)",
    )
    assert any(zh.endswith("（2031年1月1日起）") for zh, _ in titles)


def test_where_a_column_ends_without_an_index_the_document_says_what_is_reported() -> None:
    """HJ 633—2012, table 1, notes 2 and 3 (the reference: ``so2_1h_gt800``, ``o3_8h_gt800``)."""
    ends = {
        cell.clause: cell
        for cell in law_show("hj_633", 2012).cells
        if cell.column_en.startswith("above") and cell.value_en == "none"
    }
    assert list(ends) == ["表1 注2", "表1 注3"]
    so2, o3 = ends.values()
    assert (so2.row_en, "24-hour mean is reported" in so2.note_en) == ("SO₂", True)
    assert (o3.row_en, "1-hour mean is reported" in o3.note_en) == ("O₃", True)
    assert so2.confidence == o3.confidence == "verified"


def test_a_note_of_the_document_is_told_once_with_its_row() -> None:
    notes = law_remarks(law_show("gb_3095", 2026).cells)
    assert ("氮氧化物 NOₓ 年平均：表2 注 a：2030年12月31日前为 50") in [zh for zh, _ in notes]
    assert len({en for _, en in notes}) == len(notes) == 2


# Read off the two documents: what HJ 633—2026 changed, and nothing else.
HJ_633 = [
    ("PM₁₀", "IAQI 100", "150", "120"),
    ("PM₂.₅", "IAQI 100", "75", "60"),
    ("SO₂", "above 800", "none", "200"),
    ("O₃", "above 800", "none", "300"),
    (
        "concentrations rounded first (decimals)", "",
        "no", "SO₂ 0, NO₂ 0, CO 1, O₃ 0, PM₁₀ 0, PM₂.₅ 0",
    ),
    ("an item missing and the rest ≤ 100: AQI withheld", "", "no", "yes"),
    ("exceeding pollutants named", "", "yes", "no"),
    ("SO₂", "", None, "respiratory, children, older people"),
    ("NO₂", "", None, "respiratory, children, older people"),
    ("CO", "", None, "cardiovascular"),
    ("O₃", "", None, "respiratory, children, older people, active outdoors"),
    (
        "PM₁₀", "", None,
        "respiratory, cardiovascular, children, older people, active outdoors",
    ),
    (
        "PM₂.₅", "", None,
        "respiratory, cardiovascular, children, older people, active outdoors",
    ),
]  # fmt: skip
HJ_633_IN_WORDS = {
    "range of the AQI",
    "ozone in the daily report",
    "particles in the hourly report, by the text",
    "items outside the monitoring plan",
    "what an AQI is given for",
    "when it is published",
}


def test_what_changed_in_the_index_and_nothing_else() -> None:
    changes = law_diff("hj_633", 2012, 2026)
    told = [change for change in changes if change.where.table_en == "in words"]
    assert [shown(change) for change in changes if change not in told] == HJ_633
    assert {change.where.row_en for change in told} == HJ_633_IN_WORDS
    assert len(told) == len(HJ_633_IN_WORDS)


def test_a_diff_turned_round_exchanges_before_and_after() -> None:
    forth = {shown(change) for change in law_diff("hj_633", 2012, 2026)}
    back = {shown(change) for change in law_diff("hj_633", 2026, 2012)}
    assert {(row, column, old, new) for row, column, new, old in back} == forth


@pytest.mark.parametrize("edition", law_list(), ids=lambda edition: edition.code)
def test_an_edition_does_not_differ_from_itself(
    edition: Edition,
) -> None:
    assert law_diff(edition.family, edition.year, edition.year) == ()


def test_what_changed_in_the_limits_agrees_with_the_reference_table() -> None:
    lines = LIMITS.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    old = {
        (row["pollutant"], row["averaging"]): row
        for row in rows
        if row["standard"] == "GB 3095-2012" and row["stage"] == "full"
    }
    expected = [
        (row["valid_from"], before[column], row[column])
        for row in rows
        for column in ("class1", "class2")
        if row["standard"] == "GB 3095-2026" and row["stage"] != "reference"
        for before in [old[row["pollutant"], row["averaging"]]]
        if before[column] != row[column]
    ]
    changes = law_diff("gb_3095", 2012, 2026)
    limits = [change for change in changes if change.where.clause in {"表1", "表2"}]
    found = [
        (STARTS[change.where.table_en.split("(")[1][:11]], *shown(change)[2:])
        for change in limits
        if change.where.table_en != "in words"
    ]
    assert expected
    assert sorted(found) == sorted(expected)


def test_only_what_2026_adds_differs_in_evaluation_and_it_is_marked() -> None:
    changes = law_diff("hj_663", 2013, 2026)
    assert [shown(change) for change in changes] == [
        ("years of the moving mean", "", None, "3"),
        ("exceptional events excluded from", "", None, "statistics"),
    ]
    assert {change.where.confidence for change in changes} == {"unconfirmed"}


def test_a_doubtful_number_shows_its_mark() -> None:
    marks = {cell.row_en: cell.confidence for cell in law_show("hj_663", 2026).cells}
    assert marks["8-hour means of a day"] == "verified"
    assert marks["days of a month"] == "memory"
    assert marks["share of sites"] == "memory"
    assert marks["years of the moving mean"] == "unconfirmed"
    dust = {cell.row_en: cell.confidence for cell in law_show("sand_dust", 2016).cells}
    assert (dust["rise of PM₁₀"], dust["items deducted"]) == ("memory", "verified")


def test_the_law_of_a_day_is_one_edition_of_each_family() -> None:
    before, after = law_list(on=date(2026, 2, 28)), law_list(on=date(2026, 3, 1))
    assert [edition.family for edition in before] == [edition.family for edition in after]
    assert [edition.year for edition in before] == [
        2012,
        2012,
        2013,
        2018,
        2016,
        2002,
        2011,
        2020,
        *(2008, 2008, 2008, 2025, 2012, 2017, 2015, 2021, 2023, 2004, 2010, 2017, 2015),
    ]
    assert [edition.year for edition in after] == [
        2026,
        2026,
        2026,
        2018,
        2016,
        2002,
        2011,
        2020,
        *(2008, 2008, 2008, 2025, 2012, 2017, 2015, 2021, 2023, 2004, 2010, 2017, 2015),
    ]


def test_an_unknown_edition_is_named() -> None:
    with pytest.raises(UnknownName, match="hj_633 1999"):
        law_show("hj_633", 1999)
    with pytest.raises(UnknownName, match="hj_1"):
        law_diff("hj_1", 2012, 2026)
