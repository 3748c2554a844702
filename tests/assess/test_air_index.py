"""The air quality index, scalar reference: the tables and clauses of both editions."""

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.air import daily_index, hourly_index, iaqi
from songhua.model import Missing, MissingReason
from songhua.standards import POLLUTANTS, Averaging, IndexScale, aqi_rule, aqi_rule_of

TABLE = Path(__file__).parents[1] / "reference" / "air" / "iaqi_breakpoints.csv"
KEYS = {"SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3", "PM10": "pm10", "PM25": "pm2_5"}
AVERAGING = {"daily": Averaging.DAILY, "1h": Averaging.HOURLY, "8h": Averaging.MAX_8H}
COLUMNS = list(
    csv.DictReader(
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
)
EDITIONS = (2012, 2026)
FINEST = Decimal("1e-9")

CLEAN = {key: Decimal(1) for key in POLLUTANTS}
CLEAN_DAY = {**CLEAN, "o3_8h": Decimal(1)}

scales = st.sampled_from(
    list(aqi_rule_of(2012).scales.values()) + list(aqi_rule_of(2026).scales.values())
)
concentrations = st.decimals(0, 4000, places=6)


def columns_of(row: dict[str, str]) -> list[tuple[Decimal, int]]:
    """Return concentration and index of every printed limit."""
    return [
        (Decimal(text), int(name.removeprefix("bp")))
        for name, text in row.items()
        if name.startswith("bp") and text
    ]


def scale_of(row: dict[str, str]) -> IndexScale:
    rule = aqi_rule_of(int(row["standard"].rpartition("-")[2]))
    return rule.scale(KEYS[row["pollutant"]], AVERAGING[row["averaging"]])


@pytest.mark.parametrize(
    "row", COLUMNS, ids=lambda row: f"{row['standard'][-4:]}-{row['pollutant']}-{row['averaging']}"
)
def test_both_sides_of_every_printed_limit(row: dict[str, str]) -> None:
    scale = scale_of(row)
    for (below, lower), (limit, index) in pairwise(columns_of(row)):
        assert iaqi(limit, scale) == index
        assert iaqi(limit - FINEST, scale) == index
        assert iaqi(below + FINEST, scale) == lower + 1
        middle = (below + limit) / 2
        exactly = Fraction(lower + index, 2)
        assert iaqi(middle, scale) == ceil(exactly)


@given(scales)
def test_every_limit_gives_its_own_index(scale: IndexScale) -> None:
    assert [iaqi(limit, scale) for limit in scale.limits] == list(scale.index)


@given(scales, concentrations, concentrations)
def test_more_pollution_never_gives_a_lower_index(
    scale: IndexScale, one: Decimal, other: Decimal
) -> None:
    less, more = (iaqi(value, scale) for value in sorted((one, other)))
    if isinstance(less, int) and isinstance(more, int):
        assert 0 <= less <= more <= 500
    else:
        assert isinstance(more, Missing)


def test_carbon_monoxide_is_not_pushed_up_by_binary_floating_point() -> None:
    """By hand: 50 + 50 × 0.2 / 2 is 55 exactly; with floats the ceiling makes it 56."""
    assert iaqi(Decimal("2.2"), aqi_rule_of(2012).scale("co", Averaging.DAILY)) == 55


def test_a_long_decimal_just_above_a_limit_is_above_it() -> None:
    above = Decimal("35." + "0" * 40 + "1")
    assert iaqi(above, aqi_rule_of(2012).scale("pm2_5", Averaging.DAILY)) == 51


@pytest.mark.parametrize("value", [Decimal(-1), Decimal("-0.000001"), Decimal("NaN")])
def test_a_concentration_below_zero_is_refused(value: Decimal) -> None:
    scale = aqi_rule_of(2026).scale("pm10", Averaging.DAILY)
    with pytest.raises(ValueError, match="negative"):
        iaqi(value, scale)


@pytest.mark.parametrize(
    ("year", "value", "index"),
    [
        (2026, "60.5", 100),  # 60: to even, and the limit
        (2026, "60.500001", 101),
        (2026, "61.5", 102),  # 62: 100 + 50 × 2/55 = 101.8 up
        (2012, "60.5", 82),  # not rounded: 50 + 50 × 25.5/40 = 81.9 up
        (2012, "75.000001", 101),
    ],
)
def test_only_the_new_edition_rounds_concentrations_first(
    year: int, value: str, index: int
) -> None:
    found = hourly_index({**CLEAN, "pm2_5": Decimal(value)}, aqi_rule_of(year))
    assert found.iaqi["pm2_5"] == index


@pytest.mark.parametrize(("value", "index"), [("2.05", 50), ("2.15", 55), ("2.25", 55)])
def test_carbon_monoxide_is_rounded_to_a_tenth_half_to_even(value: str, index: int) -> None:
    """HJ 633—2026, 4.2.2: 2.05 is 2.0, 2.15 and 2.25 are 2.2."""
    found = daily_index({**CLEAN_DAY, "co": Decimal(value)}, aqi_rule_of(2026))
    assert found.iaqi["co"] == index


def test_an_hour_of_sulphur_dioxide_above_800() -> None:
    """2012, table 1 note 2: no 1-hour index; 2026, table 3 note b: 200."""
    values = {**CLEAN, "so2": Decimal(801)}
    old, new = (hourly_index(values, aqi_rule_of(year)) for year in EDITIONS)
    assert old.iaqi["so2"] == Missing(MissingReason.ABOVE_SCALE, ">800")
    assert (old.aqi, old.iaqi["co"]) == (10, 10)  # the highest of the others
    assert new.iaqi["so2"] == 200
    assert new.primary == ("so2",)


def test_the_last_concentration_of_a_column_that_ends_has_an_index() -> None:
    for year in EDITIONS:
        assert hourly_index({**CLEAN, "so2": Decimal(800)}, aqi_rule_of(year)).aqi == 200
        assert daily_index({**CLEAN_DAY, "o3_8h": Decimal(800)}, aqi_rule_of(year)).aqi == 300


def test_best_eight_hours_of_ozone_above_800() -> None:
    """2012, table 1 note 3: the 1-hour index; 2026, table 3 note c: 300."""
    values = {**CLEAN_DAY, "o3_8h": Decimal("800.6"), "o3": Decimal(900)}
    old, new = (daily_index(values, aqi_rule_of(year)) for year in EDITIONS)
    assert old.iaqi["o3"] == 350
    assert new.iaqi["o3"] == 300
    del values["o3"]
    assert daily_index(values, aqi_rule_of(2012)).iaqi["o3"] == Missing(
        MissingReason.ABOVE_SCALE, ">800"
    )


def test_the_new_edition_rounds_before_it_asks_whether_ozone_is_above_800() -> None:
    for value, index in (("800.5", 300), ("801", 300)):
        found = daily_index({**CLEAN_DAY, "o3_8h": Decimal(value)}, aqi_rule_of(2026))
        assert found.iaqi["o3"] == index


@pytest.mark.parametrize("year", EDITIONS)
def test_above_the_table_the_index_is_500(year: int) -> None:
    found = hourly_index({**CLEAN, "pm10": Decimal(951)}, aqi_rule_of(year))
    assert found.aqi == 500
    assert found.level is not None
    assert found.level.number == 6


@pytest.mark.parametrize("year", EDITIONS)
def test_no_primary_pollutant_up_to_50_and_ties_are_named_together(year: int) -> None:
    """2012, 4.4.2; 2026, 4.3.1."""
    rule = aqi_rule_of(year)
    assert hourly_index({**CLEAN, "pm10": Decimal(50)}, rule).primary == ()
    assert hourly_index({**CLEAN, "pm10": Decimal(51)}, rule).primary == ("pm10",)
    tie = {**CLEAN, "pm10": Decimal(250), "pm2_5": Decimal(115), "o3": Decimal(300)}
    assert hourly_index(tie, rule).primary == ("pm2_5", "pm10", "o3")


def test_only_the_old_edition_names_exceeding_pollutants() -> None:
    values = {**CLEAN, "pm10": Decimal(251), "pm2_5": Decimal(76), "no2": Decimal(200)}
    assert hourly_index(values, aqi_rule_of(2012)).exceeding == ("pm2_5", "pm10")
    assert hourly_index(values, aqi_rule_of(2026)).exceeding == ()


def test_with_a_pollutant_missing_the_new_edition_publishes_only_above_100() -> None:
    """HJ 633—2026, 5.3.1; 2012: the largest of the others, as practised."""
    for concentration, index in ((120, 100), (121, 101)):
        values = {**CLEAN, "pm10": Decimal(concentration), "co": None}
        found = hourly_index(values, aqi_rule_of(2026))
        if index > 100:
            assert (found.aqi, found.primary) == (101, ("pm10",))
        else:
            assert found.aqi == Missing(MissingReason.POLLUTANT_MISSING, "co")
            assert (found.primary, found.level) == ((), None)
        assert found.iaqi["pm10"] == index
        assert isinstance(hourly_index(values, aqi_rule_of(2012)).aqi, int)


@pytest.mark.parametrize("year", EDITIONS)
def test_without_any_pollutant_there_is_no_index(year: int) -> None:
    found = hourly_index({}, aqi_rule_of(year))
    assert found.aqi == Missing(MissingReason.NOT_RECEIVED)
    assert all(isinstance(part, Missing) for part in found.iaqi.values())


def test_a_missing_value_keeps_its_reason_and_a_bad_one_gets_one() -> None:
    why = Missing(MissingReason.TOO_FEW_HOURS, "19 of 20")
    values = {**CLEAN, "so2": why, "no2": Decimal(-3), "co": Decimal("NaN"), "o3": Decimal("inf")}
    found = hourly_index(values, aqi_rule_of(2012)).iaqi
    assert found["so2"] == why
    for key in ("no2", "co", "o3"):
        part = found[key]
        assert isinstance(part, Missing)
        assert part.reason == MissingReason.MARKED_INVALID


def test_clean_air_is_of_level_one() -> None:
    found = hourly_index(dict.fromkeys(POLLUTANTS, Decimal(0)), aqi_rule_of(2026))
    assert found.aqi == 0
    assert found.level is not None
    assert (found.level.number, found.level.category_zh) == (1, "优")


@pytest.mark.parametrize(
    ("index", "level"),
    [
        (50, 1),
        (51, 2),
        (100, 2),
        (101, 3),
        (150, 3),
        (151, 4),
        (200, 4),
        (201, 5),
        (300, 5),
        (301, 6),
    ],
)
def test_each_side_of_every_level(index: int, level: int) -> None:
    assert aqi_rule_of(2012).level(index).number == level
    assert aqi_rule_of(2026).level(index).number == level


def test_the_day_measured_picks_the_edition() -> None:
    values = {**CLEAN, "pm2_5": Decimal(75)}
    assert hourly_index(values, aqi_rule(on=date(2026, 2, 28))).aqi == 100
    assert hourly_index(values, aqi_rule(on=date(2026, 3, 1))).aqi == 114  # 100 + 50 × 15/55 up
