"""The derivation of a mean, a percentile, an index and a place: the same figures, all steps."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess.air.explain_statistics import (
    StatisticDerivation,
    explain_area_mean,
    explain_composite,
    explain_daily_mean,
    explain_max_8h,
    explain_period,
    explain_rank,
)
from songhua.assess.air.means import daily_mean, day_rule, max_8h
from songhua.assess.air.statistics import Span
from songhua.model import BEIJING, Missing, MissingReason

DAY = date(2026, 11, 23)
RULE = day_rule(DAY)
START = datetime(2026, 11, 23, tzinfo=BEIJING)
GONE = Missing(MissingReason.MARKED_INVALID)


def hours(
    *values: Decimal | Missing | int | None,
) -> list[tuple[datetime, Decimal | Missing | None]]:
    return [
        (START + number * timedelta(hours=1), Decimal(value) if isinstance(value, int) else value)
        for number, value in enumerate(values)
    ]


def formula(found: StatisticDerivation, name: str) -> str:
    return next(step.formula for step in found.steps if step.name == name)


def test_a_daily_mean_shows_its_sum_its_count_and_the_rounding() -> None:
    found = explain_daily_mean(hours(*[35] * 11, *[36] * 11, GONE, None), "pm2_5", on=DAY)
    assert found.result == 36
    assert formula(found, "valid") == "22 ≥ 20"
    assert formula(found, "mean") == "Σ = 781；781 / 22 = 35.5"
    assert formula(found, "rounded") == "35.5 → 36"
    assert [one.used for one in found.inputs].count(False) == 2
    assert found.inputs[22].value == GONE
    assert found.inputs[0].label == "2026-11-23T00:00:00+08:00"
    assert (found.edition, found.unit) == ("HJ 663—2026", "µg/m³")
    assert found.steps[0].clause == "GB 3095—2026 表4"


def test_a_missing_mean_shows_what_it_lacks() -> None:
    found = explain_daily_mean(hours(*[35] * 19, *[None] * 5), "co", on=DAY)
    assert found.result == Missing(MissingReason.TOO_FEW_HOURS, "19/20")
    assert [step.formula for step in found.steps] == ["19 < 20"]


def test_the_highest_window_is_named() -> None:
    found = explain_max_8h(hours(*[40] * 10, *[100, 101] * 4, *[40] * 6), on=DAY)
    assert found.result == 100
    assert "第 11—18 小时" in next(step.zh for step in found.steps if step.name == "highest")
    assert formula(found, "highest") == "Σ = 804；804 / 8 = 100.5"
    assert formula(found, "rounded") == "100.5 → 100"
    assert [number for number, one in enumerate(found.inputs) if one.used] == [*range(10, 18)]


def test_few_windows_above_the_limit_are_explained() -> None:
    found = explain_max_8h(hours(*[None] * 6, *[200] * 18), on=DAY)
    assert formula(found, "valid") == "13 < 14；200 > 160"
    withheld = explain_max_8h(hours(*[None] * 6, *[100] * 18), on=DAY)
    assert formula(withheld, "valid") == "13 < 14"
    assert withheld.result == Missing(MissingReason.TOO_FEW_WINDOWS, "13/14")
    assert explain_max_8h(hours(*[None] * 24), on=DAY).inputs[0].used is False


def test_an_area_shows_its_quorum() -> None:
    sites = {"1119A": Decimal(34), "1120A": Decimal(35), "1121A": GONE, "1122A": Decimal(38)}
    found = explain_area_mean(sites, "pm2_5", on=DAY)
    assert (found.result, formula(found, "quorum")) == (36, "3/4 ≥ 3/4")
    assert "75%" in found.steps[0].zh
    short = explain_area_mean(sites | {"1120A": None}, "pm2_5", on=DAY)
    assert (short.result, formula(short, "quorum")) == (
        Missing(MissingReason.TOO_FEW_SITES, "2/3"),
        "2/4 < 3/4",
    )


def test_a_percentile_shows_its_place_and_its_neighbours() -> None:
    # percentile_formula.csv, e2
    days = {date(2026, 4, number): Decimal(number) for number in (4, 2, 1, 3)}
    found = explain_period(days, "co", 95, span=Span.MONTH)
    assert formula(found, "place") == "k = 1 + (4 − 1) × 95% = 3.85"
    assert formula(found, "between") == "X(3) + (X(4) − X(3)) × 0.85 = 3 + (4 − 3) × 0.85 = 3.85"
    assert (formula(found, "rounded"), found.result) == ("3.85 → 3.8", Decimal("3.8"))
    assert found.incomplete == Missing(MissingReason.TOO_FEW_DAYS, "4/27")
    assert formula(found, "valid") == "4（4/27）"


def test_the_mean_of_a_whole_month_is_complete() -> None:
    days = {date(2026, 4, number): Decimal(30) for number in range(1, 28)}
    found = explain_period(days, "pm2_5", None, span=Span.MONTH)
    assert (found.result, found.incomplete, found.edition) == (30, None, "HJ 663—2026")
    nothing = explain_period({DAY: None}, "so2", None, span=Span.YEAR)
    assert nothing.result == Missing(MissingReason.NOT_RECEIVED)


BULLETIN = {  # worked-examples.csv P095: 河源市, January 2021, 4.00, largest PM2.5
    ("so2", None): Decimal(10), ("no2", None): Decimal(33), ("pm10", None): Decimal(63),
    ("pm2_5", None): Decimal(36), ("co", 95): Decimal("1.1"), ("o3", 90): Decimal(128),
}  # fmt: skip


def test_a_composite_index_shows_every_single_index() -> None:
    found = explain_composite(BULLETIN, last=date(2021, 1, 31))
    assert found.result == Decimal("4.00")
    assert formula(found, "single_pm2_5") == "36 / 35 = 1.028571… → 1.03"
    assert formula(found, "sum") == "0.17 + 0.82 + 0.90 + 1.03 + 0.28 + 0.80 = 4.00"
    assert next(step.zh for step in found.steps if step.name == "largest").endswith("PM₂.₅")
    assert all(step.clause for step in found.steps[:-1])


def test_a_composite_index_that_cannot_be_had_says_why() -> None:
    some = {key: value for key, value in BULLETIN.items() if key[0] not in ("co", "o3")}
    found = explain_composite(some, last=date(2021, 1, 31))
    assert isinstance(found.result, Missing)
    assert "CO、O₃" in found.steps[0].zh


def test_a_place_shows_who_is_before_and_who_shares_it() -> None:
    index = {"长春": Decimal("3.5"), "吉林": Decimal("3.1"), "四平": Decimal("3.5"), "通化": None}
    found = explain_rank(index, "长春", last=DAY)
    assert (found.result, formula(found, "rank")) == (2, "1 + 1 = 2（3）")
    assert formula(found, "ties") == "四平"
    assert [one.label for one in found.inputs] == ["吉林", "长春", "四平", "通化"]
    assert isinstance(explain_rank(index, "通化", last=DAY).result, Missing)


values = st.lists(
    st.one_of(st.none(), st.decimals(0, 400, places=1)), min_size=24, max_size=24
).map(lambda drawn: hours(*drawn))


@given(values)
@settings(max_examples=50, deadline=None)
def test_the_explained_figure_is_the_figure(day: list[tuple[datetime, Decimal | None]]) -> None:
    given_hours = [value for _, value in day]
    mean = daily_mean(given_hours, min_hours=RULE.min_hours, places=0)
    assert explain_daily_mean(day, "pm10", on=DAY).result == mean
    assert explain_max_8h(day, on=DAY).result == max_8h(given_hours, RULE)


@pytest.mark.parametrize("on", [date(2020, 4, 3), date(2026, 4, 3)])
def test_every_step_is_said_in_both_languages(on: date) -> None:
    found = [
        explain_daily_mean(hours(*[35] * 24), "pm2_5", on=on),
        explain_max_8h(hours(*[35] * 24), on=on),
        explain_composite(BULLETIN, last=on),
    ]
    assert all(step.zh and step.en for one in found for step in one.steps)
