"""Why an index is what it is: the derivation says exactly what the index does."""

import re
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess.air import daily_index, hourly_index
from songhua.assess.air.explain import IndexDerivation, PollutantSteps, explain_index
from songhua.model import Missing, MissingReason
from songhua.standards import POLLUTANTS, aqi_rule_of

# 长春 邮电学院, 2020-04-04: published 162, PM10.
DUSTY = {
    "so2": Decimal(4),
    "no2": Decimal(17),
    "co": Decimal("0.6"),
    "o3": Decimal(92),
    "pm10": Decimal(273),
    "pm2_5": Decimal(47),
}
PERIODS: tuple[Literal["hour", "day"], ...] = ("hour", "day")
FORMULA = re.compile(
    r"\((\d+)−(\d+)\)/\((\d+)−(\d+)\)×\(([\d.]+)−(\d+)\)\+(\d+) ([=≈]) ([\d.]+)(…?)(?: → (\d+))?"
)


def steps_of(found: IndexDerivation | PollutantSteps) -> dict[str, str]:
    return {step.name: step.formula or step.en for step in found.steps}


def part(found: IndexDerivation, key: str) -> PollutantSteps:
    return next(part for part in found.pollutants if part.key == key)


def test_the_card_of_the_design() -> None:
    found = explain_index(DUSTY, aqi_rule_of(2012), period="hour")
    dust = found.pollutants[0]
    assert (dust.key, dust.result, found.index.aqi) == ("pm10", 162, 162)
    assert dust.formula("between") == "273 ∈ (250, 350] → IAQI (150, 200]"
    assert dust.formula("formula") == "(200−150)/(350−250)×(273−250)+150 = 161.5 → 162"
    assert [step.clause for step in dust.steps] == ["表4", "4.2 式(1)，表1", "4.2 式(1)，表1；6.2"]
    assert found.other_zh == "按 HJ 633—2026 亦为 162。"
    assert found.other_en == "By HJ 633—2026 it would be 162 too."
    assert steps_of(found)["aqi"] == "max(162, 65, 29, 9, 6, 2) = 162"
    assert [step.name for step in found.steps] == ["aqi", "level", "primary", "exceeding"]


def test_the_other_edition_differs() -> None:
    values = {**DUSTY, "pm10": Decimal(134), "pm2_5": Decimal(51)}
    found = explain_index(values, aqi_rule_of(2012), period="hour")
    assert found.index.aqi == 92
    assert found.other_zh == "按 HJ 633—2026 为 106。"  # worked-examples.csv P041
    back = explain_index(values, aqi_rule_of(2026), period="hour")
    assert back.other_en == "By HJ 633—2012 it would be 92."
    assert steps_of(back)["sensitive"].startswith("Sensitive groups: ")


def test_the_new_edition_rounds_and_says_so() -> None:
    found = explain_index({**DUSTY, "co": Decimal("2.05")}, aqi_rule_of(2026), period="hour")
    rounding = next(step for step in part(found, "co").steps if step.name == "rounded")
    assert rounding.formula == "2.05 → 2"
    assert rounding.clause == "4.2.2、4.2.3，GB/T 8170"
    assert "1 位小数" in rounding.zh
    old = explain_index({**DUSTY, "co": Decimal("2.05")}, aqi_rule_of(2012), period="hour")
    assert "rounded" not in steps_of(part(old, "co"))


def test_beyond_the_table() -> None:
    values = {**DUSTY, "o3_8h": Decimal(850), "o3": Decimal(900), "pm10": Decimal(951)}
    old, new = (explain_index(values, aqi_rule_of(year), period="day") for year in (2012, 2026))
    assert part(old, "pm10").formula("above") == "951 > 600 → IAQI 500"
    assert [step.name for step in part(old, "o3").steps] == [
        "given",
        "above",
        "given",
        "between",
        "formula",
    ]
    assert part(old, "o3").source == "o3"
    assert part(old, "o3").result == 350
    above = next(step for step in part(new, "o3").steps if step.name == "above")
    assert (above.formula, above.clause) == ("850 > 800 → IAQI 300", "表3 注 c")
    assert part(new, "o3").source == "o3_8h"


def test_beyond_the_table_without_an_index() -> None:
    values = {**DUSTY, "so2": Decimal(900)}
    so2 = part(explain_index(values, aqi_rule_of(2012), period="hour"), "so2")
    assert so2.formula("above") == "900 > 800"
    assert so2.result == Missing(MissingReason.ABOVE_SCALE, ">800")


def test_an_index_that_is_withheld() -> None:
    values = {"pm10": Decimal(60), "pm2_5": Missing(MissingReason.TOO_FEW_HOURS, "19 of 20")}
    found = explain_index(values, aqi_rule_of(2026), period="day")
    assert isinstance(found.index.aqi, Missing)
    (only,) = found.steps
    assert (only.formula, only.clause) == ("max(58) = 58 ≤ 100", "5.3.1")
    assert steps_of(part(found, "pm2_5"))["missing"] == "No individual index: too few valid hours."
    assert found.other_zh == "按 HJ 633—2012 为 55。"  # 50 + 50 × 10/100
    back = explain_index(values, aqi_rule_of(2012), period="day")
    assert back.other_en == "By HJ 633—2026 none is published."


def test_nothing_at_all() -> None:
    found = explain_index({}, aqi_rule_of(2026), period="hour")
    assert [part.key for part in found.pollutants] == list(POLLUTANTS)
    assert (found.other_zh, found.other_en) == ("", "")
    assert len(found.steps) == 1


def test_clean_air_has_no_primary_pollutant() -> None:
    clean = dict.fromkeys(POLLUTANTS, Decimal(0))
    found = explain_index(clean, aqi_rule_of(2026), period="hour")
    assert steps_of(found)["primary"] == "AQI up to 50: no primary pollutant"
    assert part(found, "pm2_5").formula("between") == "0 ∈ [0, 35] → IAQI [0, 50]"


@pytest.mark.parametrize(
    ("so2", "shown"),
    [
        ("501", "≈ 100.333… → 101"),
        ("500.00000003", "= 100.00000001 → 101"),
        ("500.00000001", "≈ 100.000000003… → 101"),
    ],
)
def test_a_remainder_is_shown_however_small(so2: str, shown: str) -> None:
    found = explain_index({"so2": Decimal(so2)}, aqi_rule_of(2012), period="hour")
    assert part(found, "so2").formula("formula").endswith(shown)


concentrations = st.one_of(
    st.none(), st.integers(0, 1300).map(Decimal), st.decimals(-1, 1300, places=4)
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(dict.fromkeys((*POLLUTANTS, "o3_8h"), concentrations)),
    st.sampled_from((2012, 2026)),
    st.sampled_from(PERIODS),
)
def test_the_formula_of_every_step_gives_the_index(
    values: dict[str, Decimal | None], year: int, period: Literal["hour", "day"]
) -> None:
    rule = aqi_rule_of(year)
    found = explain_index(values, rule, period=period)
    assert found.index == (hourly_index if period == "hour" else daily_index)(values, rule)
    for one in found.pollutants:
        assert one.result == found.index.iaqi[one.key]
        if (figures := FORMULA.fullmatch(one.formula("formula"))) is not None:
            top, base, hi, lo, value, _, start, sign, shown, _, index = figures.groups()
            exactly = Fraction(int(top) - int(base)) / (int(hi) - int(lo)) * (
                Fraction(value) - int(lo)
            ) + int(start)
            assert ceil(exactly) == one.result == int(index or shown)
            assert (Fraction(shown) == exactly) == (sign == "=")
            assert Fraction(shown) <= exactly
        else:
            assert {"above", "missing"} & steps_of(one).keys()
