"""Means, percentiles, validity and the composite index: what the documents say."""

import csv
from collections import defaultdict
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.air.statistics import (
    CompositeIndex,
    Span,
    composite_index,
    exceed_multiple,
    mean,
    min_days,
    percentile,
    ranks,
    rate,
    read_reasons,
    reason_text,
    span_of,
    too_few_days,
)
from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import evaluation_rule, ranking_rule

REFERENCE = Path(__file__).parents[1] / "reference" / "air"
RULE = evaluation_rule(on=date(2026, 11, 23))
RANKING = ranking_rule(on=date(2025, 12, 31))

# Symbols of the worked examples → our keys
KEYS = {"so2": "so2", "no2": "no2", "co": "co", "o3": "o3", "pm10": "pm10", "pm25": "pm2_5"}


def read(name: str) -> list[dict[str, str]]:
    text = (REFERENCE / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


BULLETINS = [row for row in read("worked-examples.csv") if row["kind"] == "composite_index"]


def composite_of(concentrations: dict[str, Decimal]) -> CompositeIndex:
    figures = {
        (item.quantity, item.percentile): concentrations[item.quantity] for item in RANKING.items
    }
    found = composite_index(figures, RANKING)
    assert isinstance(found, CompositeIndex)
    return found


@pytest.mark.parametrize("row", BULLETINS, ids=lambda row: row["id"])
def test_the_composite_index_of_published_bulletins(row: dict[str, str]) -> None:
    found = composite_of({key: Decimal(row[name]) for name, key in KEYS.items()})
    assert found.total == Decimal(row["expected_index"])
    assert found.largest == (KEYS[row["expected_max_item"].lower()],)


def test_all_twelve_bulletins_are_here() -> None:
    assert len(BULLETINS) == 12


def test_equal_single_indices_share_the_largest_place() -> None:
    even = {"so2": 60, "no2": 40, "co": 4, "o3": 160, "pm10": 70, "pm2_5": 35}
    found = composite_of({name: Decimal(value) for name, value in even.items()})
    assert found.total == 6
    assert found.largest == ("pm2_5", "pm10", "so2", "no2", "co", "o3")


def test_a_single_index_is_rounded_before_the_sum() -> None:
    # 3/40 = 0.075 → 0.08 (half to even); 21/40 = 0.525 → 0.52
    for no2, single in (("3", "0.08"), ("21", "0.52")):
        found = composite_of(dict.fromkeys(KEYS.values(), Decimal(0)) | {"no2": Decimal(no2)})
        assert found.singles["no2"] == found.total == Decimal(single)


def test_a_concentration_is_rounded_before_the_division() -> None:
    found = composite_of(dict.fromkeys(KEYS.values(), Decimal(0)) | {"co": Decimal("0.95")})
    assert (found.concentrations["co"], found.total) == (Decimal("1.0"), Decimal("0.25"))


def test_without_one_of_the_six_there_is_no_composite_index() -> None:
    assert composite_index({("so2", None): Decimal(9)}, RANKING) == Missing(
        MissingReason.POLLUTANT_MISSING, "no2+pm10+pm2_5+co+o3"
    )


@pytest.mark.parametrize(
    ("values", "p", "expected"),
    [  # percentile_formula.csv, e1 … e6
        ([10, 20, 30, 40, 50], 90, "46"),
        ([1, 2, 3, 4], 95, "3.85"),
        (range(1, 366), 90, "328.6"),
        (range(1, 366), 98, "357.72"),
        (range(1, 367), 95, "347.75"),
        ([42], 95, "42"),
    ],
)
def test_percentiles_of_the_annex(values: list[int], p: int, expected: str) -> None:
    assert percentile([Decimal(value) for value in reversed(values)], p) == Fraction(expected)


@given(st.lists(st.decimals(0, 999, places=1), min_size=1), st.integers(0, 100))
def test_a_percentile_lies_between_the_extremes_and_rises(values: list[Decimal], p: int) -> None:
    found = percentile(values, p)
    assert min(values) <= found <= max(values)
    assert percentile(values, 0) == min(values)
    assert percentile(values, 100) == max(values)
    assert percentile(values, max(0, p - 1)) <= found


@pytest.mark.parametrize(
    ("month", "days", "reason"),
    [
        (4, 27, None),
        (4, 26, Missing(MissingReason.TOO_FEW_DAYS, "26/27")),
        (2, 25, None),
        (2, 24, Missing(MissingReason.TOO_FEW_DAYS, "24/25")),
        (4, 0, Missing(MissingReason.NOT_RECEIVED)),
    ],
)
def test_a_month_needs_27_days_and_february_25(
    month: int, days: int, reason: Missing | None
) -> None:
    assert too_few_days({month: days}, Span.MONTH, date(2026, month, 1), RULE) == reason


def year_of(**days: int) -> dict[int, int]:
    full = {month: 25 if month == 2 else 27 for month in range(1, 13)}
    full |= {int(month[1:]): count for month, count in days.items()}
    return full


def test_a_year_needs_324_days() -> None:
    # 11 × 27 + 25 = 322: the months alone do not make a year.
    first = date(2026, 1, 1)
    assert too_few_days(year_of(m1=28), Span.YEAR, first, RULE) == Missing(
        MissingReason.TOO_FEW_DAYS, "323/324"
    )
    assert too_few_days(year_of(m1=29), Span.YEAR, first, RULE) is None


def test_a_year_needs_enough_days_in_every_month() -> None:
    days = year_of(m1=31, m3=31, m5=31) | {4: 26}
    assert too_few_days(days, Span.YEAR, date(2026, 1, 1), RULE) == Missing(
        MissingReason.TOO_FEW_DAYS_IN_MONTH, "11/12"
    )


def test_a_quarter_needs_its_three_months() -> None:
    first = date(2026, 1, 1)
    assert too_few_days({1: 27, 2: 25, 3: 27}, Span.QUARTER, first, RULE) is None
    assert too_few_days({1: 27, 3: 31}, Span.QUARTER, first, RULE) == Missing(
        MissingReason.TOO_FEW_DAYS_IN_MONTH, "2/3"
    )


@pytest.mark.parametrize(
    ("span", "ends"),
    [
        (Span.MONTH, (date(2024, 2, 1), date(2024, 2, 29))),
        (Span.QUARTER, (date(2024, 1, 1), date(2024, 3, 31))),
        (Span.YEAR, (date(2024, 1, 1), date(2024, 12, 31))),
    ],
)
def test_a_period_begins_and_ends_with_its_calendar(span: Span, ends: tuple[date, date]) -> None:
    assert span_of(date(2024, 2, 29), span) == ends


def test_december_ends_with_the_year() -> None:
    assert span_of(date(2025, 12, 31), Span.MONTH) == (date(2025, 12, 1), date(2025, 12, 31))
    assert span_of(date(2025, 12, 31), Span.QUARTER)[1] == date(2025, 12, 31)


def test_the_good_days_of_changchun_in_july_2015() -> None:
    # Published: 23 of 31 days, 74.2 %; Jilin 22, 71.0 %; Liaoyuan 29, 93.5 %
    assert [rate(good, 31, places=1) for good in (23, 22, 29)] == [
        Decimal("74.2"),
        Decimal("71.0"),
        Decimal("93.5"),
    ]
    assert rate(0, 0, places=1) == Missing(MissingReason.NOT_RECEIVED)


def test_a_value_on_its_limit_does_not_exceed() -> None:
    assert exceed_multiple(Decimal(35), Decimal(35), places=2) is None
    assert exceed_multiple(Decimal(36), Decimal(35), places=2) == Decimal("0.03")


def test_reasons_can_be_read_back() -> None:
    reasons = {
        "pm2_5": Missing(MissingReason.TOO_FEW_DAYS, "26/27"),
        "o3": Missing(MissingReason.NOT_RECEIVED),
    }
    assert read_reasons(reason_text(reasons)) == reasons
    assert read_reasons("") == {}
    assert reason_text({"co": None}) == ""


def test_equal_values_share_a_place() -> None:
    assert ranks([Decimal(3), Decimal(1), Decimal(3), None, Decimal(4)]) == [2, 1, 2, None, 4]


def test_nothing_has_neither_mean_nor_percentile() -> None:
    with pytest.raises(ValueError, match="no mean"):
        mean([])
    with pytest.raises(ValueError, match="no percentile"):
        percentile([], 50)


def test_february_is_shorter() -> None:
    assert (min_days(2, RULE), min_days(3, RULE)) == (25, 27)


def test_july_2015_agrees_with_what_the_province_published() -> None:
    cities: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for row in read("jilin_cities_2015-07.csv"):
        for quantity in ("so2", "no2", "co", "pm10", "pm2_5"):
            if row[quantity]:
                cities[quantity, row["city"]].append(Decimal(row[quantity]))
    for row in read("jilin_published_2015-07.csv"):
        quantity = row["quantity"]
        means = [mean(days) for (name, _), days in cities.items() if name == quantity]
        assert len(means) == 9
        province = sum(means, Fraction()) / 9
        assert half_even(province, 1) == Decimal(row["relayed_mean"])
        # The relayed days are not the checked ones: the province's figure may differ by one.
        one = Decimal("0.1") if quantity == "co" else 1
        assert abs(province - Fraction(row["province_mean"])) <= one
    fine = [mean(days) for (name, _), days in cities.items() if name == "pm2_5"]
    assert [half_even(min(fine), 0), half_even(max(fine), 0)] == [16, 49]  # as published
