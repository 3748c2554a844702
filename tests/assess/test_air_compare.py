"""The same days under HJ 633—2012 and HJ 633—2026."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.air.compare import both_editions, compare_editions
from songhua.model import BEIJING

START = datetime(2025, 1, 1, tzinfo=BEIJING).astimezone(UTC)
CLEAN = {"so2": 10.0, "no2": 20.0, "co": 0.5, "o3_8h": 60.0, "pm10": 40.0, "pm2_5": 20.0}


def days_of(*changed: dict[str, float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"region": "220100", "time": START + number * timedelta(days=1), **CLEAN, **one}
            for number, one in enumerate(changed)
        ],
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


DAYS = days_of(
    {"pm2_5": 60.0},  # on the new limit: good under both
    {"pm2_5": 61.0},  # 101 under 2026; 83 under 2012
    {"pm2_5": 75.0},  # 100 under 2012; 114 under 2026 (worked-examples.csv P070)
    {"pm2_5": 76.0},  # polluted under both
    {"pm10": 121.0},  # 101 under 2026 (P077); 86 under 2012
    {"no2": None},  # 2026 withholds a good index with a pollutant missing
)


def test_days_between_the_old_and_the_new_limit_move() -> None:
    found = both_editions(DAYS)
    assert found["moved"].to_list() == [False, True, True, False, True, False]
    assert found["aqi_2012"].to_list() == [82, 83, 100, 102, 86, 40]
    assert found["aqi_2026"].to_list() == [100, 101, 114, 115, 101, None]


def test_good_days_are_counted_on_the_same_data() -> None:
    assert compare_editions(DAYS).rows(named=True) == [
        {
            "region": "220100",
            "valid_2012": 6,
            "valid_2026": 5,
            "good_2012": 5,
            "good_2026": 1,
            "moved": 3,
            "withheld": 1,
        }
    ]


def test_any_kind_of_frame_comes_back_as_it_went_in() -> None:
    assert compare_editions(DAYS.to_arrow())["moved"].to_pylist() == [3]
    assert compare_editions(DAYS.to_pandas())["moved"].tolist() == [3]


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400)), min_size=1, max_size=20))
def test_no_day_gets_better_under_2026(drawn: list[tuple[int, int]]) -> None:
    found = both_editions(days_of(*({"pm2_5": a, "pm10": b} for a, b in drawn)))
    assert (found["aqi_2026"] >= found["aqi_2012"]).all()
    good = compare_editions(days_of(*({"pm2_5": a, "pm10": b} for a, b in drawn))).row(
        0, named=True
    )
    assert good["good_2012"] - good["moved"] == good["good_2026"]
