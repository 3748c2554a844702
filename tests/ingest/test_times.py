"""Instants however they are written; labels of the start and the end; whole hours and days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.files import FileMapping
from songhua.ingest.files.times import read_times, with_hours

BEIJING = ZoneInfo("Asia/Shanghai")


def mapping(**changes: str) -> FileMapping:
    return FileMapping(layout="wide", time="t", site="s", quantities={"co": "co"}, **changes)


def read(*texts: str, **changes: str) -> list[datetime | None]:
    return list(read_times(pl.Series(texts, dtype=pl.String), mapping(**changes)))


@pytest.mark.parametrize(
    "text",
    [
        "2020-04-02 08:00",
        "2020-04-02T08:00:00",
        " 2020-04-02  8:00 ",
        "2020/4/2 8:00",
        "2020/04/02 08:00:00",
        "2020.4.2 8:00",
        "2020-04-02 08",
        "2020-04-02 08:00:00.000",
        "20200402080000",
        "202004020800",
        "2020040208",
        "2020年4月2日8时",
        "2020年04月02日 08:00",
        "2020年4月2日 8时0分",
        "２０２０-04-02　08：00",
        "2020-04-02T00:00Z",
        "2020-04-02T00:00:00+00:00",
        "2020-04-02T08:00+08:00",
        "2020-04-02 09:00:00+09:00",
    ],
)
def test_an_hour_is_read_however_it_is_written(text: str) -> None:
    assert read(text) == [datetime(2020, 4, 2, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2020-02-30 08:00", "2020-04-02 25:00", "2020-04-02 24:30"),
        *("2020-04-02 08:30", "2020-04-02 08:00:01", "04/02/2020 08:00", "20-04-02 08:00"),
        *("1970-01-01 08:00", "43923.33", "2020", "8", "2020-13-01", "0000-00-00 00:00"),
    ],
)
def test_what_names_no_whole_hour_is_no_time(text: str) -> None:
    assert read(text) == [None]


@pytest.mark.parametrize("text", ["2020-04-02 24:00", "2020年4月2日24时", "2020040224"])
def test_24_is_the_end_of_the_day(text: str) -> None:
    assert read(text) == [datetime(2020, 4, 3, tzinfo=BEIJING)]
    assert read(text, hour_label="end") == [datetime(2020, 4, 2, 23, tzinfo=BEIJING)]


def test_the_time_zone_is_that_of_the_mapping() -> None:
    assert read("2020-04-02 08:00", time_zone="Asia/Tokyo") == [
        datetime(2020, 4, 1, 23, tzinfo=UTC)
    ]


@given(
    st.datetimes(datetime(1995, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - Hypothesis asks so
    st.sampled_from(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H", "%Y年%m月%d日%H时"]),
    st.sampled_from(["start", "end"]),
)
def test_the_start_is_stored_whichever_end_the_file_names(
    at: datetime, form: str, label: str
) -> None:
    start = at.replace(minute=0, second=0, microsecond=0, tzinfo=BEIJING)
    named = start + timedelta(hours=label == "end")
    assert read(named.strftime(form), hour_label=label) == [start]


@pytest.mark.parametrize(
    "text", ["2020-04-02", "20200402", "2020/4/2", "2020年4月2日", "2020-4-2 0:00"]
)
def test_a_day_is_its_midnight_in_beijing(text: str) -> None:
    assert read(text, period="day") == [datetime(2020, 4, 1, 16, tzinfo=UTC)]
    assert read(text, period="day", hour_label="end") == [datetime(2020, 4, 1, 16, tzinfo=UTC)]


def test_an_hour_of_a_day_is_no_day() -> None:
    assert read("2020-04-02 08:00", period="day") == [None]


def test_a_format_of_ones_own_is_the_only_one() -> None:
    given = ("04/02/2020 08:00", "2020-04-02 08:00")
    assert read(*given, time_format="%m/%d/%Y %H:%M") == [datetime(2020, 4, 2, tzinfo=UTC), None]


def test_date_and_hour_may_stand_apart() -> None:
    dates = pl.Series(
        ["2020-04-02", "20200402", "2020-04-02T00:00:00", "2020/4/2 0:00", "2020-04-02"]
    )
    hours = pl.Series(["8", "08", "8", "8时", "24"])
    found = list(read_times(with_hours(dates, hours), mapping()))
    assert found == [
        *[datetime(2020, 4, 2, tzinfo=UTC)] * 4,
        datetime(2020, 4, 3, tzinfo=BEIJING),
    ]
