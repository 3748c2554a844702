"""Hours that did not come."""

from datetime import UTC, datetime, timedelta

import polars as pl

from songhua.assess.gaps import missing_hours
from songhua.model import MissingHours, Period

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = Period(START, START + 10 * HOUR)
SCHEMA = {"site": pl.String, "quantity": pl.String, "time": pl.Datetime("us", "UTC")}


def rows(*told: tuple[str, str, list[int]]) -> pl.DataFrame:
    made = [(site, what, START + n * HOUR) for site, what, hours in told for n in hours]
    return pl.DataFrame(made, schema=SCHEMA, orient="row")


def gap(site: str, first: int, last: int, *quantities: str) -> MissingHours:
    return MissingHours(site, quantities, START + first * HOUR, START + last * HOUR)


def test_hours_in_a_row_are_one_gap_and_a_missing_series_is_named() -> None:
    series = rows(("A", "pm10", [0]), ("A", "o3", [0]), ("B", "pm10", [0]))
    received = rows(
        ("A", "pm10", [0, 1, 2, 6, 7, 8, 9]),
        ("A", "o3", [0, 1, 2, 6, 9]),
        ("B", "pm10", list(range(10))),
        ("C", "pm10", [0]),
    )
    since = {"A": START - HOUR, "B": START - HOUR, "never": START - HOUR}
    assert missing_hours(received, series, since, SPAN) == [
        gap("A", 3, 5),
        gap("A", 7, 8, "o3"),
    ]


def test_nothing_is_missed_before_a_site_began() -> None:
    series, received = rows(("A", "pm10", [0])), rows(("A", "pm10", [7]))
    since = {"A": START + 5 * HOUR + timedelta(minutes=20)}
    assert missing_hours(received, series, since, SPAN) == [gap("A", 6, 6), gap("A", 8, 9)]


def test_a_site_that_is_silent_misses_all() -> None:
    series = rows(("A", "pm10", [0]), ("A", "o3", [0]))
    assert missing_hours(rows(), series, {"A": START}, SPAN) == [gap("A", 0, 9)]
    assert missing_hours(rows(), series, {}, SPAN) == []
