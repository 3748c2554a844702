"""The data files: every one names its source, scales rise, editions leave no gap in time."""

from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest

from songhua.model import NoRuleInForce, UnknownName
from songhua.standards import (
    Edition,
    ambient_air_rule,
    aqi_rule,
    aqi_rule_of,
    dust_rule,
    edition_in_force,
    edition_of,
    editions,
    evaluation_rule,
    law_list,
    ranking_rule,
    reference_state,
)

GRADES = {"verified", "single", "derived", "memory", "unconfirmed"}
FAMILIES = sorted({(edition.medium, edition.family) for edition in law_list()})
FIRST_DAY = date(2012, 2, 29)
FIRST_DAYS = {
    "air": FIRST_DAY,
    "surface_water": date(2002, 6, 1),
    "noise": date(2008, 10, 1),
    "ecology": date(2000, 1, 1),
}
FOLDER = files("songhua.standards")


def code(edition: Edition) -> str:
    return edition.code


@pytest.mark.parametrize("edition", law_list(), ids=code)
def test_every_edition_names_its_source_and_its_checker(edition: Edition) -> None:
    assert edition.transcribed_zh
    assert edition.transcribed_en
    assert edition.checked_zh
    assert edition.checked_en
    assert edition.title_zh
    assert edition.title_en
    assert edition.confidence in GRADES
    assert all(note.zh and note.en and note.clause for note in edition.notes)
    assert {note.confidence for note in edition.notes} <= GRADES


@pytest.mark.parametrize("edition", law_list(), ids=code)
def test_judging_before_the_document_held_everywhere_is_said_to_the_reader(
    edition: Edition,
) -> None:
    begins = edition.nationwide or edition.in_force
    if edition.in_force < max(begins, edition.issued):
        assert any(note.clause == "实施日期" for note in edition.notes)


def test_days_that_the_documents_themselves_name() -> None:
    days = {(edition.family, edition.year): edition.nationwide for edition in law_list()}
    assert days["gb_3095", 2012] == days["hj_633", 2012] == date(2016, 1, 1)
    assert days["sand_dust", 2016] == date(2017, 1, 1)
    issued = {(edition.family, edition.year): edition.issued for edition in law_list()}
    assert issued["gb_3095", 2012] == issued["hj_633", 2012] == FIRST_DAY
    assert issued["gb_3095", 2026] == date(2026, 2, 13)
    assert issued["hj_633", 2026] == date(2026, 2, 14)


@pytest.mark.parametrize("edition", law_list(), ids=code)
def test_marks_name_rows_that_exist_and_statements_are_complete(edition: Edition) -> None:
    tables = edition.tables
    for name, grade in tables.get("marks", {}).items():
        section, _, row = name.partition(".")
        assert section in tables
        assert not row or row in tables[section]
        assert grade in GRADES
    for said in tables.get("statement", ()):
        assert said["confidence"] in GRADES
        assert all(said[part] for part in ("row_zh", "row_en", "zh", "en"))


@pytest.mark.parametrize(("medium", "family"), FAMILIES)
def test_editions_leave_no_gap_and_do_not_overlap(medium: str, family: str) -> None:
    oldest_first = editions(medium, family)[::-1]
    assert oldest_first[0].in_force == FIRST_DAYS[medium]
    assert oldest_first[-1].until is None
    for older, newer in pairwise(oldest_first):
        assert older.until is not None
        assert older.until + timedelta(days=1) == newer.in_force
        assert newer.replaces == older.code


@pytest.mark.parametrize("edition", editions("air", "gb_3095"), ids=code)
@pytest.mark.parametrize("key", ["phase", "reference_state"])
def test_phases_cover_their_edition_without_gap(edition: Edition, key: str) -> None:
    parts: list[dict[str, Any]] = [
        part for part in edition.tables[key] if part.get("kind", "limits") == "limits"
    ]
    assert parts[0]["from"] == edition.in_force
    assert parts[-1].get("until") == edition.until
    for older, newer in pairwise(parts):
        assert older["until"] + timedelta(days=1) == newer["from"]


@pytest.mark.parametrize("year", [2012, 2026])
def test_scales_rise_from_nought(year: int) -> None:
    for scale in aqi_rule_of(year).scales.values():
        assert scale.limits[0] == scale.index[0] == 0
        assert len(scale.limits) == len(scale.index)
        assert all(low < high for low, high in pairwise(scale.limits))
        assert all(low < high for low, high in pairwise(scale.index))
        assert scale.above is None or scale.above >= scale.index[-1]


@pytest.mark.parametrize("day", [date(2013, 1, 12), date(2015, 7, 31), date(2016, 1, 1)])
def test_days_of_the_phase_in_are_judged_by_the_editions_of_2012(day: date) -> None:
    assert aqi_rule(on=day).edition == "HJ 633—2012"
    assert ambient_air_rule(on=day).edition == "GB 3095—2012"


def test_the_day_measured_chooses_the_edition() -> None:
    before, after = date(2026, 2, 28), date(2026, 3, 1)
    assert aqi_rule(on=before).edition == "HJ 633—2012"
    assert aqi_rule(on=after).edition == "HJ 633—2026"
    assert ambient_air_rule(on=before).edition == "GB 3095—2012"
    assert ambient_air_rule(on=after).edition == "GB 3095—2026"
    assert evaluation_rule(on=before).edition == "HJ 663—2013"
    assert evaluation_rule(on=after).edition == "HJ 663—2026"
    # Whether these two were replaced with the others is not known: they stay, and say so.
    assert ranking_rule(on=before).edition == ranking_rule(on=after).edition
    assert dust_rule(on=before).edition == dust_rule(on=after).edition


def test_the_day_measured_chooses_the_phase() -> None:
    assert ambient_air_rule(on=date(2030, 12, 31)).phase_en == "transition"
    assert ambient_air_rule(on=date(2031, 1, 1)).phase_en == "from 2031"


def test_the_amendment_of_2018_changes_the_state_and_no_limit() -> None:
    before, after = date(2018, 8, 31), date(2018, 9, 1)
    assert not reference_state(on=before).particles_ambient
    assert reference_state(on=after).particles_ambient
    assert ambient_air_rule(on=before).limits == ambient_air_rule(on=after).limits


@pytest.mark.parametrize(("medium", "family"), FAMILIES)
def test_a_day_before_every_edition_has_no_rule(medium: str, family: str) -> None:
    edition_in_force(medium, family, on=FIRST_DAYS[medium])
    with pytest.raises(NoRuleInForce, match=family):
        edition_in_force(medium, family, on=FIRST_DAYS[medium] - timedelta(days=1))


def test_an_unknown_family_medium_or_year_is_named() -> None:
    for medium, family in (("air", "hj_999"), ("fire", "hj_633")):
        with pytest.raises(UnknownName, match=family):
            editions(medium, family)
    with pytest.raises(UnknownName, match="hj_633 2019"):
        edition_of("air", "hj_633", 2019)


@pytest.mark.parametrize(
    "folder", ["air", "ecology", "noise", "surface_water", "protocol", "regions"]
)
def test_every_table_says_how_sure_it_is(folder: str) -> None:
    for item in FOLDER.joinpath(folder).iterdir():
        if item.name.endswith(".csv"):
            lines = item.read_text(encoding="utf-8").splitlines()
            head = "".join(line for line in lines if line.startswith("#"))
            assert any(word in head.lower() for word in ("confidence", "verified"))
