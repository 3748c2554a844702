"""Places of cities, with ties, and change against an earlier period."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.air.ranking import (
    on_previous,
    rank,
    rank_by_aqi,
    rank_by_good_days,
    year_on_year,
)
from songhua.assess.air.statistics import ranks
from songhua.model import BEIJING, BadInput


def start(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=BEIJING).astimezone(UTC)


def summary(**columns: list[object]) -> pl.DataFrame:
    return pl.DataFrame(columns, schema_overrides={"time": pl.Datetime("us", "UTC")}, strict=False)


def test_the_bulletin_of_october_2023() -> None:
    # worked-examples.csv P088 … P094: eight places of one city, two of them equal in none
    index = {
        "河源市": 2.40, "东源县": 2.09, "和平县": 2.81, "连平县": 2.12,
        "龙川县": 2.01, "紫金县": 1.87, "源城区": 2.44,
    }  # fmt: skip
    found = rank(summary(subject=[*index], time=[start(2023, 10)] * 7, composite=[*index.values()]))
    places = dict(zip(found["subject"], found["rank"], strict=True))
    assert [name for name, _ in sorted(places.items(), key=lambda item: item[1])] == [
        "紫金县", "龙川县", "东源县", "连平县", "河源市", "源城区", "和平县",
    ]  # fmt: skip


def test_equal_indices_share_a_place_and_the_next_is_skipped() -> None:
    found = rank(
        summary(
            subject=["a", "b", "c", "d", "e"],
            time=[start(2026, 4)] * 5,
            composite=[2.7, 1.7, None, 2.7, 4.0],
        )
    )
    assert found["rank"].to_list() == [2, 1, None, 2, 4]


def test_every_period_and_scope_has_its_own_places() -> None:
    found = rank(
        summary(
            subject=["a", "b", "a", "b", "c"],
            scope=["city", "city", "city", "city", "county"],
            time=[start(2026, 4), start(2026, 4), start(2026, 5), start(2026, 5), start(2026, 5)],
            composite=[2.0, 3.0, 5.0, 4.0, 9.0],
        )
    )
    assert found["rank"].to_list() == [1, 2, 2, 1, 1]


@given(st.lists(st.one_of(st.none(), st.integers(100, 130)), min_size=1, max_size=20))
def test_places_equal_the_reference(hundredths: list[int | None]) -> None:
    values = [None if one is None else Decimal(one).scaleb(-2) for one in hundredths]
    found = rank(
        pl.DataFrame(
            {
                "time": [start(2026, 4)] * len(values),
                "composite": [None if one is None else float(one) for one in values],
            },
            schema_overrides={"composite": pl.Float64},
        )
    )
    assert found["rank"].to_list() == ranks(values)


def test_most_good_days_and_the_lowest_aqi_come_first() -> None:
    frame = summary(time=[start(2026, 4)] * 3, good_rate=[90.0, 96.7, 90.0], aqi=[80, 30, 80])
    assert rank_by_good_days(frame)["rank_good"].to_list() == [2, 1, 2]
    assert rank_by_aqi(frame)["rank_aqi"].to_list() == [2, 1, 2]


def test_change_is_counted_from_the_published_figures() -> None:
    found = year_on_year(
        rank(
            summary(
                subject=["a", "a", "b", "b"],
                time=[start(2024, 2), start(2025, 2), start(2024, 2), start(2025, 2)],
                pm2_5=[32.0, 31.0, 0.0, 5.0],
                composite=[4.0, 3.0, 3.5, 3.5],
                good_days=[20, 25, 29, 28],
            )
        )
    )
    row = found.row(1, named=True)
    # (31 − 32) / 32 = −3.125 % → −3.1; (3.00 − 4.00) / 4.00 = −25 %
    assert (row["before_pm2_5"], row["change_pm2_5"], row["change_composite"]) == (32, -3.1, -25)
    assert (row["change_good_days"], row["before_rank"], row["rank"], row["change_rank"]) == (
        5, 2, 1, -1,
    )  # fmt: skip
    assert found.row(0, named=True)["change_pm2_5"] is None
    assert found.row(3, named=True)["change_pm2_5"] is None  # nothing is a share of zero


@pytest.mark.parametrize(
    ("period", "before", "now"),
    [
        ("month", start(2025, 12), start(2026, 1)),
        ("quarter", start(2025, 10), start(2026, 1)),
        ("year", start(2024, 1), start(2025, 1)),
    ],
)
def test_the_period_before_is_found_across_the_turn_of_the_year(
    period: str, before: datetime, now: datetime
) -> None:
    frame = summary(subject=["a", "a"], time=[before, now], composite=[4.0, 5.0])
    found = on_previous(frame, period=period)  # type: ignore[arg-type]
    assert found["change_composite"].to_list() == [None, 25.0]


def test_leap_years_do_not_shift_a_month() -> None:
    frame = summary(subject=["a", "a"], time=[start(2024, 3), start(2025, 3)], composite=[4.0, 5.0])
    assert year_on_year(frame)["before_composite"].to_list() == [None, 4.0]


def test_pandas_and_arrow_come_back_as_they_went_in() -> None:
    frame = summary(subject=["a", "b"], time=[start(2026, 4)] * 2, composite=[4.0, 3.0])
    assert rank(frame.to_pandas())["rank"].tolist() == [2, 1]
    assert rank(frame.to_arrow())["rank"].to_pylist() == [2, 1]
    with pytest.raises(BadInput, match="dict"):
        rank({"composite": [1]})
