"""Capture rates: every expected hour is valid or has one reason, by count as hour by hour."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess.capture import (
    NOT_SENT,
    VALID,
    Explained,
    counted,
    expected,
    explained_hours,
    hours_of,
    league,
    state_of,
)
from songhua.model import Period
from songhua.standards import station_marks
from songhua.standards.capture_losses import losses
from songhua.standards.review_rules import every_review_reason

MAY = datetime(2019, 4, 30, 16, tzinfo=UTC)
"""Midnight in Beijing at the beginning of May."""
HOUR = timedelta(hours=1)
HOURS = 48
SPAN = Period(MAY - 24 * HOUR, MAY + 24 * HOUR)
SITES, QUANTITIES = ("a", "b"), ("pm10", "o3")
TIME = pl.Datetime("us", "UTC")
REASONS = ("", "审核无效·停电：来电后恢复", "审核无效·校准或质控检查：零点", "别的话")

rows = st.lists(
    st.tuples(
        st.sampled_from(SITES),
        st.sampled_from(QUANTITIES),
        st.integers(0, HOURS - 1),
        st.sampled_from([None, 5.0]),
        st.sampled_from(["", "N", "B", "CZ", "RM", "RV", "??"]),
        st.sampled_from(REASONS),
    ),
    unique_by=lambda row: row[:3],
)
gaps = st.lists(
    st.tuples(
        st.sampled_from(SITES),
        st.sampled_from([(), ("o3",)]),
        st.integers(-5, HOURS),
        st.integers(0, 20),
        st.sampled_from(["power", "line", "other", "maintenance"]),
    ),
    max_size=4,
)


def periods() -> pl.DataFrame:
    told = [("a", date(2019, 1, 1), None), ("b", date(2019, 4, 30), date(2019, 4, 30))]
    types = {"site": pl.String, "valid_from": pl.Date, "valid_until": pl.Date}
    return pl.DataFrame(told, schema=types, orient="row")


@settings(deadline=None, max_examples=60)
@given(rows, gaps)
def test_counts_say_what_the_hours_say(told: list, breaks: list) -> None:
    told = [row for row in told if row[0] == "a" or row[2] < 24]  # b stood on the first day only
    names = ("site", "quantity", "hour", "value", "mark", "reason")
    types = (pl.String, pl.String, pl.Int64, pl.Float64, pl.String, pl.String)
    frame = pl.DataFrame(told, schema=dict(zip(names, types, strict=True)), orient="row")
    frame = frame.with_columns(
        (pl.lit(SPAN.start) + pl.duration(hours="hour")).cast(TIME).alias("time"),
        month=pl.when(pl.col("hour") < 24).then(pl.lit("2019-04")).otherwise(pl.lit("2019-05")),
        reason=pl.when(pl.col("mark") == "RM").then("reason").otherwise(pl.lit("")),
    )
    said = [
        Explained(site, which, SPAN.start + first * HOUR, SPAN.start + (first + long) * HOUR, why)
        for site, which, first, long, why in breaks
    ]
    came = frame.group_by("site", "month", "quantity", "mark", "reason").agg(
        pl.len().alias("values"), pl.col("value").is_null().sum().alias("missing")
    )
    wanted = expected(periods(), QUANTITIES, SPAN)
    known = explained_hours(said, QUANTITIES, frame.select("site", "quantity", "time"), SPAN)
    table = counted(wanted, came, known)
    found = {
        (site, month, quantity, state): hours
        for site, month, quantity, state, hours in table.group_by(
            "site", "month", "quantity", "state"
        )
        .agg(pl.col("hours").sum())
        .iter_rows()
    }
    hoped: dict[tuple[str, str, str, str], int] = {}
    for site in SITES:
        for quantity in QUANTITIES:
            of = frame.filter((pl.col("site") == site) & (pl.col("quantity") == quantity))
            mine = [
                one
                for one in said
                if one.site == site and quantity in (one.quantities or QUANTITIES)
            ]
            hours = [SPAN.start + n * HOUR for n in range(HOURS if site == "a" else 24)]
            for at, state in hours_of(of, hours, mine).items():
                key = (site, "2019-04" if at < MAY else "2019-05", quantity, state)
                hoped[key] = hoped.get(key, 0) + 1
    assert found == hoped


def test_what_is_expected_follows_the_register_and_the_span() -> None:
    told = expected(periods(), ["pm10"], Period(MAY - 24 * HOUR, MAY + 5 * HOUR)).sort(
        "site", "month"
    )
    assert told.rows() == [
        ("a", "2019-04", "pm10", 24), ("a", "2019-05", "pm10", 5), ("b", "2019-04", "pm10", 24),
    ]  # fmt: skip


def test_rates_of_a_quarter_as_the_standard_has_them() -> None:
    # Worked by hand from HJ 75—2017: (2184 - 120 - 84) / (2184 - 84) = 1980 / 2100 = 94.3 %.
    # Hours of a stop are not expected.
    table = pl.DataFrame(
        [("s", True, VALID, 1980), ("s", True, "instrument", 80), ("s", False, NOT_SENT, 40)],
        schema=["site", "came", "state", "hours"],
        orient="row",
    )
    (row,) = league(table, ["site"]).to_dicts()
    assert (row["expected"], row["came"], row["valid"]) == (2100, 2060, 1980)
    assert row["capture"] == pytest.approx(94.3, abs=0.05)
    assert row["transmission"] == pytest.approx(100 * 2060 / 2100)
    assert row["validity"] == pytest.approx(100 * 1980 / 2060)
    assert (row["instrument"], row["not_sent"], row["rank"]) == (80, 40, 1)


def test_equal_rates_share_a_rank() -> None:
    table = pl.DataFrame(
        [(site, True, state, hours)
         for site, valid in (("a", 9), ("b", 5), ("c", 9))
         for state, hours in ((VALID, valid), ("range", 10 - valid))],
        schema=["site", "came", "state", "hours"],
        orient="row",
    )  # fmt: skip
    assert league(table, ["site"]).select("site", "rank").rows() == [("a", 1), ("c", 1), ("b", 3)]


def test_every_mark_and_reason_has_its_loss() -> None:
    told = {mark for one in losses().values() for mark in one.marks}
    assert told <= set(station_marks())
    said = {key for one in losses().values() for key in one.review}
    assert said < {one.key for one in every_review_reason()}
    for mark, known in station_marks().items():
        state = state_of(mark, "", has_value=True)
        assert state == VALID if known.valid else state in losses()
    assert len({one.colour for one in losses().values()}) == len(losses())
