"""Every row of the reference tables of air against the law files."""

import csv
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from songhua.standards import (
    POLLUTANTS,
    Averaging,
    ambient_air_rule,
    aqi_rule,
    aqi_rule_of,
    dust_rule,
    edition_of,
    evaluation_rule,
    law_show,
    levels,
    ranking_rule,
    reference_state,
    spearman_critical,
)

FOLDER = Path(__file__).parents[1] / "reference" / "air"
KEYS = {"PM25": "pm2_5", "PM2.5": "pm2_5", "CrVI": "cr6", "F": "fluoride"}
AVERAGING = {
    "1h": Averaging.HOURLY,
    "8h": Averaging.MAX_8H,
    "MDA8": Averaging.MAX_8H,
    "month": Averaging.MONTHLY,
    "quarter": Averaging.QUARTERLY,
}
UNITS = {"ug/m3": "µg/m³", "mg/m3": "mg/m³", "ug/(dm2.d)": "µg/(dm²·d)"}
INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
OPEN_END = date(2040, 1, 1)
DAYS = (date(2013, 7, 1), date(2026, 2, 28), date(2026, 3, 1), date(2031, 1, 1))


def rows(name: str) -> list[dict[str, str]]:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def label(row: dict[str, str]) -> str:
    return "-".join(list(row.values())[:9])


def key(name: str) -> str:
    return KEYS.get(name, name.lower())


def averaging(name: str) -> Averaging:
    return AVERAGING.get(name) or Averaging(name)


def year(standard: str) -> int:
    return int(standard[-4:])


def span(row: dict[str, str]) -> tuple[date, date]:
    """Return the first and the last day of a row; an open end gives a late day."""
    last = row["valid_to"]
    return date.fromisoformat(row["valid_from"]), date.fromisoformat(last) if last else OPEN_END


# --- HJ 633 -----------------------------------------------------------------

BREAKPOINTS = rows("iaqi_breakpoints.csv")


@pytest.mark.parametrize("row", BREAKPOINTS, ids=label)
def test_breakpoints(row: dict[str, str]) -> None:
    printed = [(row[f"bp{index}"], index) for index in INDEX if row[f"bp{index}"]]
    for day in span(row):
        rule = aqi_rule(on=day)
        scale = rule.scale(key(row["pollutant"]), averaging(row["averaging"]))
        assert rule.year == year(row["standard"])
        assert scale.limits == tuple(Decimal(limit) for limit, _ in printed)
        assert scale.index == tuple(index for _, index in printed)
        if len(printed) == len(INDEX):
            assert scale.above == 500  # aqi_special_rules.csv: above_top


@pytest.mark.parametrize("edition", [2012, 2026])
def test_no_column_is_missing_or_too_many(edition: int) -> None:
    printed = {
        (key(row["pollutant"]), averaging(row["averaging"]))
        for row in BREAKPOINTS
        if year(row["standard"]) == edition
    }
    assert set(aqi_rule_of(edition).scales) == printed


# rule_id, standard → what the rule of that edition must say
SPECIAL: dict[tuple[str, str], Callable[[], bool]] = {
    ("so2_1h_gt800", "HJ 633-2012"): lambda: _above(2012, "so2", Averaging.HOURLY) is None,
    ("so2_1h_gt800", "HJ 633-2026"): lambda: _above(2026, "so2", Averaging.HOURLY) == 200,
    ("o3_8h_gt800", "HJ 633-2012"): lambda: _above(2012, "o3", Averaging.MAX_8H) is None,
    ("o3_8h_gt800", "HJ 633-2026"): lambda: _above(2026, "o3", Averaging.MAX_8H) == 300,
    ("round_conc", "HJ 633-2026"): lambda: (
        aqi_rule_of(2026).places == {**dict.fromkeys(POLLUTANTS, 0), "co": 1}
        and not aqi_rule_of(2012).places
    ),
    ("exceeding", "HJ 633-2012"): lambda: aqi_rule_of(2012).names_exceeding,
    ("exceeding", "HJ 633-2026"): lambda: not aqi_rule_of(2026).names_exceeding,
    ("missing", "HJ 633-2012"): lambda: not aqi_rule_of(2012).needs_all_pollutants,
    ("missing", "HJ 633-2026"): lambda: aqi_rule_of(2026).needs_all_pollutants,
    ("not_monitored", "HJ 633-2026"): lambda: _states("hj_633", 2026, "5.3.2"),
    ("aqi_range", "HJ 633-2026"): lambda: _states("hj_633", 2026, "4.1.1"),
    ("timeliness", "HJ 633-2026"): lambda: _states("hj_633", 2026, "4.2.5、5.2"),
    ("scopes", "HJ 633-2026"): lambda: _states("hj_633", 2026, "4.2.1"),
}
# How an index is computed, named, marked and corrected is tested where it is computed.
COMPUTED = {
    "formula", "round_index", "above_top", "1h_only_realtime", "primary", "na_marks",
    "daily_period", "revision", "city_from_rounded",
}  # fmt: skip


@pytest.mark.parametrize("row", rows("aqi_special_rules.csv"), ids=label)
def test_special_rules_of_the_index(row: dict[str, str]) -> None:
    if row["rule_id"] not in COMPUTED:
        assert SPECIAL[row["rule_id"], row["standard"]]()


@pytest.mark.parametrize(("rule_id", "name"), [("round_index", "round_up"), ("primary", "primary")])
def test_clauses_of_rules_that_both_editions_have(rule_id: str, name: str) -> None:
    (row,) = [row for row in rows("aqi_special_rules.csv") if row["rule_id"] == rule_id]
    for part in row["clause"].split(" / "):
        edition, clause = part.split(" ", 1)
        assert aqi_rule_of(int(edition)).clause(name) == clause


@pytest.mark.parametrize(
    ("standard", "rule_id", "name"),
    [
        ("HJ 633-2012", "so2_1h_gt800", "above_so2"),
        ("HJ 633-2012", "o3_8h_gt800", "above_o3"),
        ("HJ 633-2012", "exceeding", "exceeding"),
        ("HJ 633-2026", "so2_1h_gt800", "above_so2"),
        ("HJ 633-2026", "o3_8h_gt800", "above_o3"),
        ("HJ 633-2026", "missing", "missing"),
        ("HJ 633-2026", "round_conc", "round_value"),
    ],
)
def test_clauses_of_rules_that_one_edition_has(standard: str, rule_id: str, name: str) -> None:
    (clause,) = [
        row["clause"].replace("note ", "注").replace(" ", "")
        for row in rows("aqi_special_rules.csv")
        if (row["standard"], row["rule_id"]) == (standard, rule_id)
    ]
    assert clause in aqi_rule_of(year(standard)).clause(name).replace(" ", "")


def _above(edition: int, quantity: str, column: Averaging) -> int | None:
    return aqi_rule_of(edition).scale(quantity, column).above


def _states(family: str, edition: int, clause: str) -> bool:
    said = edition_of("air", family, edition).tables["statement"]
    return any(statement["clause"] == clause for statement in said)


@pytest.mark.parametrize("row", rows("aqi_averaging_periods.csv"), ids=label)
def test_which_column_feeds_which_report(row: dict[str, str]) -> None:
    rule = aqi_rule_of(year(row["standard"]))
    if row["report"] == "forecast":
        return  # as daily or hourly
    feeds = rule.daily if row["report"] == "daily" else rule.hourly
    column = averaging(row["breakpoint_column"])
    gives = "yes" in row["gives_iaqi"].split() or "practice" in row["gives_iaqi"]
    if rule.year == 2012 and row["statistic"] == "daily max 1-h":
        gives = False  # in the text; national practice and HJ 663 use the 8-hour maximum alone
    assert (feeds[key(row["pollutant"])] == column) is gives


@pytest.mark.parametrize("row", rows("aqi_categories.csv"), ids=label)
def test_levels_words_and_official_colours(row: dict[str, str]) -> None:
    level = levels()[int(row["level"]) - 1]
    assert level.number == int(row["level"])
    assert (level.index_lo, level.index_hi) == (int(row["aqi_min"]), int(row["aqi_max"]))
    assert level.grade_zh == row["level_zh"]
    assert level.category_zh == row["category_zh"]
    assert level.category_en.lower() == row["category_en"]
    assert level.colour_zh == row["colour_zh"]
    assert level.colour == f"#{row['hex']}".lower()
    assert bytes.fromhex(row["hex"]) == bytes(int(row[part]) for part in "rgb")
    assert level.advice_zh
    assert level.advice_en


def test_every_index_has_one_level() -> None:
    for edition in (2012, 2026):
        found = [aqi_rule_of(edition).level(index).number for index in range(501)]
        assert found == sorted(found)
        ends = [max(i for i, number in enumerate(found) if number == n) for n in range(1, 7)]
        assert ends == [50, 100, 150, 200, 300, 500]


@pytest.mark.parametrize("row", rows("aqi_sensitive_groups_2026.csv"), ids=label)
def test_sensitive_groups(row: dict[str, str]) -> None:
    columns = {
        "respiratory": "respiratory_or_asthma",
        "cardiovascular": "cardiovascular",
        "children": "children_teens",
        "elderly": "elderly",
        "outdoor": "outdoor_active",
    }
    found = {group.key for group in aqi_rule_of(2026).sensitive_groups[key(row["pollutant"])]}
    assert found == {group for group, column in columns.items() if row[column] == "1"}
    assert aqi_rule_of(2012).sensitive_groups == {}


# --- GB 3095 ----------------------------------------------------------------

LIMITS = rows("gb3095_limits.csv")


@pytest.mark.parametrize("row", [r for r in LIMITS if r["stage"] != "reference"], ids=label)
def test_limits_on_the_first_and_the_last_day(row: dict[str, str]) -> None:
    place = key(row["pollutant"]), averaging(row["averaging"])
    for day in span(row):
        rule = ambient_air_rule(on=day)
        assert rule.year == year(row["standard"])
        assert rule.limits[place] == (Decimal(row["class1"]), Decimal(row["class2"]))
        assert rule.limit(*place) == Decimal(row["class2"])


@pytest.mark.parametrize("day", DAYS)
def test_no_limit_is_missing_or_too_many(day: date) -> None:
    rule = ambient_air_rule(on=day)
    printed = {
        (key(row["pollutant"]), averaging(row["averaging"]))
        for row in LIMITS
        if row["stage"] != "reference" and year(row["standard"]) == rule.year
    }
    assert set(rule.limits) == printed


@pytest.mark.parametrize("row", LIMITS, ids=label)
def test_the_printed_law_carries_number_unit_and_confidence(row: dict[str, str]) -> None:
    cells = law_show("gb_3095", year(row["standard"])).cells
    values = [row["class1"]] if row["stage"] == "reference" else [row["class1"], row["class2"]]
    first = row["valid_from"] if year(row["standard"]) == 2026 else "2012-02-29"
    begins = "（{}年{}月{}日".format(*map(int, first.split("-")))
    for value in values:
        assert any(
            Decimal(cell.value_en) == Decimal(value)
            and cell.unit == UNITS[row["unit"]]
            and cell.confidence == row["confidence"]
            and cell.clause == row["table"]
            and begins in cell.table_zh
            and cell.row_zh.startswith(row["pollutant_zh"].split("(")[0])
            and row["averaging_zh"].split("/")[-1] in cell.row_zh
            for cell in cells
            if cell.clause in {"表1", "表2", "表A.1"} and cell.unit
        )


@pytest.mark.parametrize("row", rows("gb3095_reference_state.csv"), ids=label)
def test_reference_states(row: dict[str, str]) -> None:
    if row["item"] != "state":
        return  # conversions of instruments, no rule of the standard
    for day in span(row):
        state = reference_state(on=day)
        if row["temperature_K"] == "ambient":
            assert state.particles_ambient
        else:
            assert state.gases_k == Decimal(row["temperature_K"])
            assert state.gases_hpa == Decimal(row["pressure_hPa"])
        if row["applies_to"] == "all pollutants":
            assert not state.particles_ambient


# quantity and pollutants of a row of the reference table → where the law files hold it
TABLE_4 = {
    ("minutes", "all6+NOx"): "minutes_hour",
    ("hours", "SO2 NO2 CO PM10 PM2.5 NOx"): "hours_day",
    ("hours", "O3"): "hours_8h",
    ("days", "SO2 NO2 PM10 PM2.5 NOx"): "days_year",
    ("days_per_month", "SO2 NO2 PM10 PM2.5 NOx"): "days_month",
    ("days_february", "SO2 NO2 PM10 PM2.5 NOx"): "days_february",
    ("days", "TSP BaP Pb"): "days_year_tsp",
    ("days_per_month", "TSP BaP Pb"): "days_month_tsp",
    ("days", "Pb"): "days_quarter_pb",
    ("days_per_month", "Pb"): "days_month_pb",
    ("hours", "TSP BaP Pb"): "hours_day_tsp",
}
HJ_663 = {
    ("windows", "O3"): ("validity", "windows_day"),
    ("days", "CO O3"): ("validity", "days_year"),
    ("days", "SO2 NO2 PM10 PM2.5 CO O3"): ("validity", "days_month"),
    ("stations_share", "all"): ("quorum", "share"),
}
# Rules of computing, tested where it is computed.
COMPUTED_VALIDITY = {"window_end", "aggregation", ""}


@pytest.mark.parametrize("row", rows("gb3095_data_validity.csv"), ids=label)
def test_fewest_data(row: dict[str, str]) -> None:
    place = row["quantity"], row["pollutants"]
    if place in TABLE_4:
        for edition in (2012, 2026):
            table = edition_of("air", "gb_3095", edition).tables["table_4"]
            assert table[TABLE_4[place]] == int(row["minimum"])
    elif place in HJ_663:
        for edition in (2013, 2026):
            section, name = HJ_663[place]
            tables = edition_of("air", "hj_663", edition).tables
            assert tables[section][name] == Decimal(row["minimum"])
            marks = tables["marks"]
            assert marks.get(f"{section}.{name}", marks[section]) == row["confidence"]
    else:
        assert row["quantity"] in COMPUTED_VALIDITY


@pytest.mark.parametrize("day", DAYS)
def test_the_readers_hand_out_what_the_files_hold(day: date) -> None:
    validity, evaluation = ambient_air_rule(on=day).validity, evaluation_rule(on=day)
    assert (validity.min_hours_day, validity.min_hours_8h) == (20, 6)
    assert (validity.min_days_year, validity.min_days_month, validity.min_days_february) == (
        324, 27, 25,
    )  # fmt: skip
    assert evaluation.min_windows == 14
    assert (evaluation.min_days_year, evaluation.min_days_month) == (324, 27)
    assert evaluation.min_days_february == 25
    assert (evaluation.share, evaluation.few_sites) == (Decimal("0.75"), 4)
    assert evaluation.few_share == Decimal("0.50")


# --- HJ 663 -----------------------------------------------------------------


def test_figures_of_a_yearly_evaluation() -> None:
    against = {
        "annual limit": Averaging.ANNUAL,
        "daily limit": Averaging.DAILY,
        "MDA8 limit": Averaging.MAX_8H,
    }
    expected = {
        (key(r["pollutant"]), int(r["percentile"] or 0) or None, against[r["compare_with"]])
        for r in rows("hj663_statistics.csv")
        if r["period"] == "annual"
    }
    for day in DAYS:
        yearly = evaluation_rule(on=day).yearly
        assert len(yearly) == len(expected)
        assert {(s.quantity, s.percentile, s.averaging) for s in yearly} == expected


@pytest.mark.parametrize("row", rows("hj663_statistics.csv"), ids=label)
def test_places_of_evaluated_figures(row: dict[str, str]) -> None:
    for day in DAYS:
        rule = evaluation_rule(on=day)
        if row["pollutant"] != "any":
            assert rule.places[key(row["pollutant"])] == int(row["decimals"])
        elif row["unit"] == "%":
            assert rule.rate_places == int(row["decimals"])
        else:
            assert rule.exceed_multiple_places == int(row["decimals"])


@pytest.mark.parametrize("row", rows("rounding_rules.csv"), ids=label)
def test_places_to_which_results_are_rounded(row: dict[str, str]) -> None:
    places, name = int(row["decimals"]), row["quantity"]
    evaluation, ranking = evaluation_rule(on=DAYS[2]), ranking_rule(on=DAYS[2])
    match name:
        case "IAQI, AQI":
            assert all(aqi_rule_of(edition).clause("round_up") for edition in (2012, 2026))
        case "exceed multiple":
            assert evaluation.exceed_multiple_places == places
        case "rates (exceed rate, good-day ratio)":
            assert evaluation.rate_places == places
        case "single index I_i and composite index":
            assert ranking.index_places == places
        case "trend coefficient rs":
            assert evaluation.trend_places == places
        case "PM2.5 period mean in 2026":
            # One source alone: not followed, and the reader is told.
            assert evaluation.places["pm2_5"] == 0
            assert _doubts("hj_663", 2026, "PM₂.₅ 期间均值") == [row["confidence"]]
        case _:
            for quantity in name.removesuffix(" concentration").split():
                assert evaluation.places[key(quantity)] == places


def _doubts(family: str, edition: int, clause: str) -> list[str]:
    notes = edition_of("air", family, edition).notes
    return [note.confidence for note in notes if note.clause == clause]


def test_what_2026_adds_to_evaluation_is_marked_as_not_confirmed() -> None:
    old, new = evaluation_rule(on=DAYS[1]), evaluation_rule(on=DAYS[2])
    assert (old.moving_mean_years, old.excludes_events) == (None, False)
    assert (new.moving_mean_years, new.excludes_events) == (3, True)
    assert _doubts("hj_663", 2026, "三年滑动平均") == ["unconfirmed"]
    assert _doubts("hj_663", 2026, "例外事件") == ["unconfirmed"]


# --- ranking, dust, trend -----------------------------------------------------

COMPOSITE = [row for row in rows("composite_index.csv") if row["standard_value"]]


@pytest.mark.parametrize("day", [date(2018, 7, 31), date(2026, 2, 28), date(2026, 3, 31)])
def test_standard_values_of_the_composite_index(day: date) -> None:
    items = {item.quantity: item for item in ranking_rule(on=day).items}
    confirmed = [row for row in COMPOSITE if row["confidence"] == "verified"]
    assert set(items) == {key(row["pollutant"]) for row in confirmed}
    for row in confirmed:
        item = items[key(row["pollutant"])]
        percentile = row["statistic"][:2] if "percentile" in row["statistic"] else "0"
        assert item.standard == Decimal(row["standard_value"])
        assert (item.percentile or 0) == int(percentile)
    assert ranking_rule(on=day).places == {**dict.fromkeys(POLLUTANTS, 0), "co": 1}


def test_doubtful_standard_values_are_told_and_not_used() -> None:
    doubtful = {(key(r["pollutant"]), r["standard_value"]) for r in COMPOSITE} - {
        (item.quantity, str(item.standard)) for item in ranking_rule(on=OPEN_END).items
    }
    assert doubtful == {("pm10", "60"), ("pm2_5", "30")}
    assert _doubts("city_ranking", 2018, "标准值") == ["unconfirmed"]
    assert _doubts("city_ranking", 2018, "加权指数") == ["unconfirmed"]


@pytest.mark.parametrize("row", rows("sand_dust_rule.csv"), ids=label)
def test_sand_and_dust(row: dict[str, str]) -> None:
    rule = dust_rule(on=date(2020, 4, 3))
    marks = edition_of("air", "sand_dust", 2016).tables["marks"]
    value = Decimal(row["value"] or 0)
    match row["item"]:
        case "start":
            assert (rule.rise, rule.floor, rule.hours_before) == (value, 150, 6)
            assert marks["criteria"] == row["confidence"]
        case "ratio":
            assert rule.ratio == value
        case "end":
            assert rule.back_within == value
        case "effect_pm":
            assert rule.quantities == ("pm10", "pm2_5")
            assert marks["rules"] == row["confidence"]
        case "effect_good_days":
            assert rule.keeps_good_days
        case item:
            assert item == "scope"


@pytest.mark.parametrize("row", rows("spearman_critical.csv"), ids=label)
def test_critical_values_of_the_rank_correlation(row: dict[str, str]) -> None:
    expected = Decimal(row["wp_0_05"]), Decimal(row["wp_0_01"])
    assert spearman_critical(int(row["n"])) == expected


def test_no_critical_value_is_guessed() -> None:
    assert spearman_critical(4) is None
    assert spearman_critical(11) is None
    assert spearman_critical(31) is None
