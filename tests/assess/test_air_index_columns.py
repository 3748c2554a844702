"""The columnar twin of the air quality index: equal to the scalar reference, for every float."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess.air import daily_columns, daily_index, hourly_columns, hourly_index, iaqi
from songhua.assess.air.index import rounded
from songhua.assess.rounding import exact
from songhua.model import BEIJING, BadInput, Missing, NoRuleInForce
from songhua.standards import POLLUTANTS, AqiRule, aqi_rule, aqi_rule_of

EDITIONS = (2012, 2026)
REPORTS = ("hourly", "daily")
ADDED = ["edition", "aqi", "level", "primary", *(f"iaqi_{key}" for key in POLLUTANTS), "reason"]
NEIGHBOURS = [sign * Decimal(10) ** -places for places in (1, 3, 6, 9) for sign in (-1, 1)]

Row = Mapping[str, float | None]


def source(key: str, report: str) -> str:
    return "o3_8h" if (key, report) == ("o3", "daily") else key


def telling_values(rule: AqiRule, key: str, report: str) -> list[float]:
    """Return every whole unit up to beyond the table, and what lies at and around every step."""
    scale = rule.scale(key, (rule.hourly if report == "hourly" else rule.daily)[key])
    unit = Fraction(1, 10 if key == "co" else 1)
    found = {float(number * unit) for number in range(int(scale.limits[-1]) * unit.denominator + 3)}
    for (bp_lo, iaqi_lo), (bp_hi, iaqi_hi) in pairwise(zip(scale.limits, scale.index, strict=True)):
        width = Fraction(bp_hi - bp_lo) / (iaqi_hi - iaqi_lo)
        steps = {Fraction(bp_lo) + number * width for number in range(iaqi_hi - iaqi_lo + 1)}
        if key in rule.places:
            steps = {(step // unit) * unit + unit / 2 for step in steps}
        for near in map(float, steps):
            found |= {near, np.nextafter(near, 0), np.nextafter(near, 1e9)}
            found |= {float(exact(near) + by) for by in NEIGHBOURS}
    return sorted(value for value in found if value >= 0)


def expected(value: float, rule: AqiRule, key: str, report: str) -> int | None:
    scale = rule.scale(key, (rule.hourly if report == "hourly" else rule.daily)[key])
    found = iaqi(rounded(exact(value), key, rule), scale)
    return found if isinstance(found, int) else None


@pytest.mark.parametrize("key", POLLUTANTS)
@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("year", EDITIONS)
def test_every_telling_concentration_has_the_index_of_the_reference(
    year: int, report: str, key: str
) -> None:
    rule = aqi_rule_of(year)
    values = telling_values(rule, key, report)
    frame = pl.DataFrame({source(key, report): values}).with_columns(time=pl.date(2020, 1, 1))
    columns = hourly_columns if report == "hourly" else daily_columns
    found = columns(frame, edition=str(year))[f"iaqi_{key}"].to_list()
    wrong = [
        (value, index)
        for value, index in zip(values, found, strict=True)
        if index != expected(value, rule, key, report)
    ]
    assert wrong == []


anything = st.one_of(
    st.none(),
    st.floats(),
    st.floats(0, 4000),
    st.decimals(0, 1000, places=3).map(float),
    st.integers(-2, 900).map(float),
)
NAMES = (*POLLUTANTS, "o3_8h")
rows = st.fixed_dictionaries(dict.fromkeys(NAMES, anything))


def as_given(row: Row) -> dict[str, Decimal | None]:
    return {key: None if value is None else exact(value) for key, value in row.items()}


def told(found: Any) -> dict[str, Any]:
    """Return a scalar result as the columns tell it."""
    numbers = {f"iaqi_{key}": found.iaqi[key] for key in POLLUTANTS}
    numbers["aqi"] = found.aqi
    plain = {key: None if isinstance(part, Missing) else part for key, part in numbers.items()}
    return {
        "edition": found.edition,
        "level": found.level.number if found.level else None,
        "primary": "+".join(found.primary),
        "reason": found.aqi.reason if isinstance(found.aqi, Missing) else "",
        **plain,
    }


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(rows, min_size=4, max_size=8))
def test_whole_rows_agree_with_the_reference(some: list[Row]) -> None:
    days = [date(2026, 2, 27) + timedelta(days=number % 4) for number in range(len(some))]
    frame = pl.DataFrame(some, schema=dict.fromkeys(NAMES, pl.Float64)).with_columns(
        time=pl.Series(days)
    )
    for judge, columns in ((hourly_index, hourly_columns), (daily_index, daily_columns)):
        for edition in ("auto", "2012", "2026"):
            found = columns(frame, edition=edition).select(ADDED).rows(named=True)
            for row, day, one in zip(some, days, found, strict=True):
                rule = aqi_rule(on=day) if edition == "auto" else aqi_rule_of(int(edition))
                assert one == told(judge(as_given(row), rule))


@settings(deadline=None)  # the first look-up builds its table
@given(st.lists(st.floats(0, 4000), min_size=2, max_size=20), st.sampled_from(POLLUTANTS))
def test_more_pollution_never_gives_a_lower_index(values: list[float], key: str) -> None:
    frame = pl.DataFrame({key: sorted(values)}).with_columns(time=pl.date(2020, 1, 1))
    for edition in ("2012", "2026"):
        found = hourly_columns(frame, edition=edition)[f"iaqi_{key}"].drop_nulls()
        assert found.is_sorted()


@pytest.mark.parametrize("bad", [-1.0, -0.25, -1e300, float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("edition", ["2012", "2026"])
def test_what_is_no_concentration_has_no_index(bad: float, edition: str) -> None:
    frame = pl.DataFrame({key: [bad] for key in NAMES}).with_columns(time=pl.date(2020, 1, 1))
    for columns in (hourly_columns, daily_columns):
        found = columns(frame, edition=edition)
        assert found["aqi"].to_list() == [None]
        assert found.select(pl.col("^iaqi_.*$").is_null().all()).row(0) == (True,) * 6
        assert found["reason"].to_list() == ["not_received"]


@pytest.mark.parametrize("size", [0, 1, 7, 9, 65_535, 65_537, 150_001])
def test_any_number_of_rows_on_both_sides_of_an_edition(size: int) -> None:
    """Rows are judged in blocks; a block may hold days of two editions."""
    first = datetime(2026, 2, 28, tzinfo=BEIJING)
    hours = np.arange(size) % 48
    frame = pl.DataFrame(
        {
            "time": [first + timedelta(hours=int(hour)) for hour in hours],
            "pm2_5": np.full(size, 75.0),
            "pm10": np.where(np.arange(size) % 3 == 0, np.nan, 150.0),
        },
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    found = hourly_columns(frame)
    new = hours >= 24
    assert found["iaqi_pm2_5"].to_list() == np.where(new, 114, 100).tolist()
    whole = np.where(np.arange(size) % 3 == 0, None, np.where(new, 112, 100)).tolist()
    assert found["iaqi_pm10"].to_list() == whole  # 2026: 100 + 50 × 30/130 up
    assert found["edition"].to_list() == np.where(new, "HJ 633—2026", "HJ 633—2012").tolist()
    assert found["iaqi_co"].null_count() == size


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai", "America/New_York"])
def test_the_new_edition_begins_at_beijing_midnight(unit: Any, zone: str | None) -> None:
    last = datetime(2026, 2, 28, 23, tzinfo=BEIJING)
    moments = [last, last + timedelta(hours=1)]
    if zone is None:
        moments = [moment.replace(tzinfo=None) for moment in moments]
    else:
        moments = [moment.astimezone(UTC) for moment in moments]
    time = pl.Series(moments, dtype=pl.Datetime(unit, "UTC" if zone else None))
    if zone:
        time = time.dt.convert_time_zone(zone)
    found = hourly_columns(pl.DataFrame({"time": time, "pm2_5": [75, 75]}))
    assert found["iaqi_pm2_5"].to_list() == [100, 114]


def test_days_may_be_dates() -> None:
    frame = pl.DataFrame({"time": [date(2026, 2, 28), date(2026, 3, 1)], "pm2_5": [75, 75]})
    assert daily_columns(frame)["iaqi_pm2_5"].to_list() == [100, 114]


FRAME = pl.DataFrame(
    {
        "site": ["a", "b", "c"],
        "time": [datetime(2026, 4, 4, hour, tzinfo=UTC) for hour in range(3)],
        "so2": [4, 4, None],
        "no2": [17.0, 17.0, None],
        "co": [0.6, 0.6, None],
        "o3": [92.0, 92.0, None],
        "pm10": [273.0, 100.0, None],
        "pm2_5": [47.0, None, None],
        "level": ["what", "was", "here"],
    }
)
AQI, LEVEL, PRIMARY = [162, None, None], [4, None, None], ["pm10", "", ""]
REASON = ["", "pollutant_missing", "not_received"]


def test_a_polars_frame_keeps_its_columns() -> None:
    found = hourly_columns(FRAME)
    assert found["aqi"].to_list() == AQI
    assert found["level"].to_list() == LEVEL  # in place of what was there
    assert found["primary"].to_list() == PRIMARY
    assert found["reason"].to_list() == REASON
    assert found.drop(ADDED).equals(FRAME.drop("level"))


def test_an_arrow_table_comes_back_as_one() -> None:
    table = FRAME.to_arrow()
    found = hourly_columns(table)
    assert isinstance(found, pa.Table)
    assert found["aqi"].to_pylist() == AQI
    assert found["level"].to_pylist() == LEVEL
    assert found["primary"].to_pylist() == PRIMARY
    assert found.select(["site", "co"]).equals(table.select(["site", "co"]))


def test_a_pandas_frame_comes_back_as_one_with_its_index_and_whole_numbers() -> None:
    frame = FRAME.to_pandas().set_index(pd.Index([7, 3, 5], name="row"))
    frame["note"] = ["text", 5, None]  # a column of ours alone is not touched
    found = hourly_columns(frame)
    assert isinstance(found, pd.DataFrame)
    assert found.index.tolist() == [7, 3, 5]
    assert found["aqi"].dtype == "UInt16"
    assert found["aqi"].tolist() == [162, pd.NA, pd.NA]
    assert found["primary"].tolist() == PRIMARY
    assert found["note"].tolist() == ["text", 5, None]
    assert list(frame.columns) == [*FRAME.columns, "note"]  # the frame given is as it was


def test_single_precision_means_the_decimal_that_was_written() -> None:
    """2.2 in single precision is 2.2000000477: an index of 56 by that, of 55 by 2.2."""
    frame = pl.DataFrame({"co": [2.2]}, schema={"co": pl.Float32})
    found = daily_columns(frame.with_columns(time=pl.date(2020, 1, 1)))
    assert found["iaqi_co"].to_list() == [55]


@pytest.mark.parametrize("dtype", [pl.Int16, pl.UInt8, pl.Decimal(10, 3), pl.Null])
def test_numbers_of_any_type(dtype: Any) -> None:
    value = None if dtype == pl.Null else 75
    frame = pl.DataFrame({"pm2_5": pl.Series([value], dtype=dtype)})
    found = daily_columns(frame.with_columns(time=pl.date(2020, 1, 1)))
    assert found["aqi"].to_list() == [None if value is None else 100]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pl.DataFrame({"pm10": [1]}), "time"),
        (pl.DataFrame({"time": ["2020-04-04"], "pm10": [1]}), "dates or times"),
        (pl.DataFrame({"time": [date(2020, 1, 1)], "pm10": ["1"]}), "numbers"),
        (pl.DataFrame({"time": [date(2020, 1, 1), None], "pm10": [1, 2]}), "gaps"),
        (pd.DataFrame({"time": [date(2020, 1, 1)] * 2, "pm10": [1, "x"]}), "numbers"),
        ({"time": [date(2020, 1, 1)]}, "Polars, pandas or Arrow"),
    ],
)
def test_a_frame_that_cannot_be_used_says_why(frame: Any, says: str) -> None:
    with pytest.raises(BadInput) as fault:
        hourly_columns(frame)
    assert says in fault.value.en
    assert fault.value.zh


def test_an_edition_that_there_is_not() -> None:
    with pytest.raises(BadInput, match="2020"):
        hourly_columns(FRAME, edition="2020")


def test_a_day_before_the_first_edition_has_no_rule() -> None:
    early = FRAME.with_columns(time=pl.datetime(2012, 2, 28, 23))
    with pytest.raises(NoRuleInForce, match="2012-02-28"):
        hourly_columns(early)
    assert hourly_columns(early, edition="2012")["aqi"].to_list()[0] == 162


def test_columns_in_many_pieces() -> None:
    pieces = pl.concat([FRAME, FRAME.slice(1), FRAME.head(1)], rechunk=False)
    assert hourly_columns(pieces).equals(hourly_columns(pieces.rechunk()))
