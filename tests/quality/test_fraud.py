"""Detectors on made series whose truth is known; what must not change their word."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from songhua.model import BadInput
from songhua.quality.fraud.find import DETECTORS, SHARES, find, one_each
from songhua.quality.fraud.lead import Lead
from songhua.quality.fraud.panel import Event, Panel, resolution
from songhua.quality.fraud.standalone import fraud_file

HOUR = 3_600_000_000
SITES, HOURS = 6, 24 * 120


def made(seed: int = 3) -> Panel:
    """Return six sites that share weather and differ by noise, told in whole units."""
    chance = np.random.default_rng(seed)
    weather = np.zeros(HOURS)
    for at in range(1, HOURS):
        weather[at] = 0.97 * weather[at - 1] + chance.normal(0, 0.12)
    rows = []
    for _ in range(SITES):
        own = np.zeros(HOURS)
        for at in range(1, HOURS):
            own[at] = 0.8 * own[at - 1] + chance.normal(0, 0.06)
        rows.append(np.round(80 * np.exp(weather + own)))
    times = 1_600_000_000_000_000 // HOUR * HOUR + HOUR * np.arange(HOURS, dtype=np.int64)
    names = tuple(f"S{number}" for number in range(SITES))
    return Panel(names, times, HOUR, {"pm2_5": np.array(rows)}, limits={"pm2_5": 75.0})


def changed(panel: Panel, site: int, start: int, values: np.ndarray) -> Panel:
    table = panel.values["pm2_5"].copy()
    table[site, start : start + values.size] = np.round(values)
    return replace(panel, values={**panel.values, "pm2_5": table}, _made={})


def leads(panel: Panel, kind: str, medium: str = "air") -> list[Lead]:
    return find(panel, kinds=(kind,), medium=medium)


def points_at(found: list[Lead], panel: Panel, site: int, start: int, end: int) -> bool:
    low, high = panel.times[start], panel.times[end - 1]
    return any(
        panel.sites[site] in lead.sites and lead.start < high and lead.end > low for lead in found
    )


def inside(panel: Panel, site: int, start: int, hours: int) -> np.ndarray:
    return panel.values["pm2_5"][site, start : start + hours].copy()


def test_a_frozen_value_is_found() -> None:
    panel = made()
    cheated = changed(panel, 2, 1000, np.full(72, inside(panel, 2, 1000, 1)[0]))
    found = leads(cheated, "constant")
    assert points_at(found, cheated, 2, 1000, 1072)
    assert not leads(panel, "constant")


def test_a_copied_stretch_is_found_and_says_from_where() -> None:
    panel = made()
    cheated = changed(panel, 4, 1500, inside(panel, 1, 300, 48))
    (lead,) = leads(cheated, "repeated")
    assert lead.sites == ("S4", "S1")
    assert lead.numbers["repeats_from"] == float(panel.times[300])
    drawn = lead.evidence.filter(pl.col("reference").is_finite())
    assert drawn["value"].to_list() == drawn["reference"].to_list()


def test_exceedances_put_just_below_the_limit_are_found() -> None:
    panel = made()
    values = inside(panel, 0, 600, 720)
    over = values > 75
    values[over] = np.random.default_rng(1).integers(72, 75, int(over.sum()))
    cheated = changed(panel, 0, 600, values)
    assert points_at(leads(cheated, "hugging"), cheated, 0, 600, 1320)


def test_last_digits_of_a_human_are_found() -> None:
    panel = made()
    cheated = changed(panel, 3, 700, np.round(inside(panel, 3, 700, 720) / 5) * 5)
    assert points_at(leads(cheated, "digits"), cheated, 3, 700, 1420)


def test_a_wave_is_found() -> None:
    panel = made()
    values = inside(panel, 1, 800, 480)
    wave = values.std() * np.sin(2 * np.pi * np.arange(480) / 7)
    cheated = changed(panel, 1, 800, np.maximum(values + wave, 0))
    assert points_at(leads(cheated, "periodic"), cheated, 1, 800, 1280)


def test_a_damped_series_is_found() -> None:
    panel = made()
    values = inside(panel, 5, 900, 168)
    cheated = changed(panel, 5, 900, values.mean() + 0.05 * (values - values.mean()))
    assert points_at(leads(cheated, "attenuated"), cheated, 5, 900, 1068)


def test_a_changed_setting_is_found_where_it_is_on_record() -> None:
    panel = made()
    at = int(panel.times[1400])
    recorded = replace(panel, events=(Event("S2", "setting", at, at),), _made={})
    assert not leads(recorded, "setting")
    cheated = changed(recorded, 2, 1400, 0.4 * inside(panel, 2, 1400, 240))
    assert points_at(leads(cheated, "setting"), cheated, 2, 1400, 1520)


def test_stillness_under_inspection_is_found() -> None:
    panel = made()
    start, end = int(panel.times[1600]), int(panel.times[1624])
    visited = replace(panel, events=(Event("S3", "inspection", start, end),), _made={})
    assert not leads(visited, "inspected")
    values = inside(panel, 3, 1600, 25)
    cheated = changed(visited, 3, 1600, values.mean() + 0.05 * (values - values.mean()))
    assert points_at(leads(cheated, "inspected"), cheated, 3, 1600, 1624)


def test_odd_digits_at_every_site_are_excused() -> None:
    panel = made()
    table = panel.values["pm2_5"].copy()
    table[:, 700:1420] = np.round(table[:, 700:1420] / 5) * 5  # the network rounds for a month
    found = leads(replace(panel, values={"pm2_5": table}, _made={}), "digits")
    assert all(lead.excused for lead in found)
    reasons = [r.key for lead in found for r in lead.innocent if r.holds]
    assert not found or "everywhere" in reasons


def test_one_span_gives_one_lead_that_names_the_other_kinds() -> None:
    panel = made()
    cheated = changed(panel, 2, 1000, np.full(168, inside(panel, 2, 1000, 1)[0]))
    found = [x for x in find(cheated) if points_at([x], cheated, 2, 1000, 1168)]
    heads = [x for x in found if x.sites[0] == "S2" and x.kind in {"constant", "attenuated"}]
    assert len(heads) == 1
    assert {"constant", "attenuated"} <= {heads[0].kind, *heads[0].also}
    assert len(one_each(found)) == len(found)


def test_the_shares_of_false_leads_are_of_every_kind_and_one_whole() -> None:
    assert set(SHARES) == set(DETECTORS)
    assert sum(SHARES.values()) == pytest.approx(1, abs=0.02)


def test_a_works_that_stopped_on_paper_only_is_found() -> None:
    panel = made()
    running, power = np.ones((SITES, HOURS)), np.full((SITES, HOURS), 10.0)
    running[2, 500:560] = 0
    works = replace(panel, values={**panel.values, "running": running, "power": power}, _made={})
    found = leads(works, "stopped", "stack")
    assert {lead.sites for lead in found} == {("S2",)}
    power[2, 500:560] = 0
    table = panel.values["pm2_5"].copy()
    table[2, 500:560] = 0
    honest = replace(works, values={"pm2_5": table, "running": running, "power": power}, _made={})
    assert not leads(honest, "stopped", "stack")


@pytest.mark.parametrize("kind", ["constant", "repeated", "digits", "periodic", "attenuated"])
def test_order_of_sites_and_gaps_elsewhere_change_nothing(kind: str) -> None:
    panel = made()
    cheated = changed(panel, 2, 1000, np.full(72, inside(panel, 2, 1000, 1)[0]))
    cheated = changed(cheated, 4, 1500, inside(panel, 1, 300, 48))
    turned = replace(
        cheated,
        sites=cheated.sites[::-1],
        values={"pm2_5": cheated.values["pm2_5"][::-1].copy()},
        _made={},
    )
    one, two = (
        {(frozenset(lead.sites), lead.start) for lead in leads(p, kind)} for p in (cheated, turned)
    )
    if kind == "repeated":  # which of the two is the original, time tells; equal here
        assert {sites for sites, _ in one} == {sites for sites, _ in two}
    else:
        assert one == two


@pytest.mark.parametrize("kind", ["constant", "repeated"])
def test_a_shift_in_time_or_of_unit_changes_nothing(kind: str) -> None:
    panel = made()
    cheated = changed(panel, 4, 1500, inside(panel, 1, 300, 48))
    cheated = changed(cheated, 2, 1000, np.full(72, inside(panel, 2, 1000, 1)[0]))
    moved = replace(
        cheated,
        times=cheated.times + 24 * HOUR,
        values={"pm2_5": cheated.values["pm2_5"] * 10},
        _made={},
    )
    one, two = leads(cheated, kind), leads(moved, kind)
    assert [(x.sites, x.start + 24 * HOUR) for x in one] == [(x.sites, x.start) for x in two]
    assert [x.score for x in one] == pytest.approx([x.score for x in two])


def test_a_value_at_the_detection_limit_is_excused() -> None:
    panel = made()
    table = panel.values["pm2_5"].copy()
    table[1, 400:1900] = 1  # the lowest told, long; others move
    table[1, 1000:1060] = 1
    low = replace(panel, values={"pm2_5": table}, _made={})
    found = leads(low, "constant")
    assert found
    assert all(lead.excused for lead in found)


@pytest.mark.parametrize(
    ("values", "step"), [([1, 2, 30], 1), ([100, 300], 100), ([0.12, 3.5], 0.01)]
)
def test_resolution(values: list[float], step: float) -> None:
    assert resolution(np.array(values, float)) == step


def test_every_detector_bears_a_panel_of_gaps() -> None:
    panel = made()
    gone = np.full((SITES, 400), np.nan)
    quantities = {"pm2_5": gone, "running": gone, "power": gone, "o2": gone}
    event = Event("S1", "setting", int(panel.times[200]), int(panel.times[200]))
    empty = replace(panel, times=panel.times[:400], values=quantities, events=(event,), _made={})
    for kind in DETECTORS:
        assert leads(empty, kind) == []


def test_the_file_command_writes_leads_with_evidence(tmp_path: Path) -> None:
    panel = changed(made(), 4, 1500, inside(made(), 1, 300, 48))
    start = datetime(1970, 1, 1, tzinfo=UTC)
    stamps = [start + timedelta(microseconds=int(at)) for at in panel.times]
    rows = pl.concat(
        pl.DataFrame({"time": stamps, "value": row}).select(
            pl.lit(site).alias("site"), "time", pl.lit("pm2_5").alias("quantity"), "value"
        )
        for site, row in zip(panel.sites, panel.values["pm2_5"], strict=True)
    )
    source, out = tmp_path / "hours.parquet", tmp_path / "leads.json"
    rows.write_parquet(source)
    found = fraud_file(source, out)
    told = json.loads(out.read_text(encoding="utf-8"))
    assert len(told) == len(found)
    (lead,) = [lead for lead in told if lead["kind"] == "repeated"]
    assert lead["sites"] == ["S4", "S1"]
    assert len(lead["evidence"]["time"]) == len(lead["evidence"]["value"])
    fraud_file(source, tmp_path / "leads.csv")
    assert pl.read_csv(tmp_path / "leads.csv").height == len(found)


def test_what_is_impossible_is_refused(tmp_path: Path) -> None:
    source, limits = tmp_path / "a.csv", tmp_path / "limits.csv"
    source.write_text("site,time,pm2_5\nA,2026-01-01 00:00,1\nA,2026-01-01 01:00,2\n", "utf-8")
    limits.write_text("quantity,limit\npm2_5,-3\n", encoding="utf-8")
    out = tmp_path / "out.csv"
    with pytest.raises(BadInput, match="pm2_5"):
        fraud_file(source, out, limits=limits)
    with pytest.raises(BadInput, match="medium"):
        fraud_file(source, out, medium="soil")
    with pytest.raises(BadInput):
        fraud_file(source, out, least=2)
