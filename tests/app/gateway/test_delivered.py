"""Rows onto a shelf that is a list: what is new is kept, and only what may be known is asked."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl

from songhua.app.gateway.delivered import Delivered
from songhua.app.gateway.touched import Touched
from songhua.model import BEIJING, Period

AT = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Shelf:
    """What was saved, and what was asked."""

    def __init__(self) -> None:
        self.saved: list[dict[str, Any]] = []
        self.asked: list[Period] = []

    def observed(self, period: str) -> Period | None:
        times = [row["time"] for row in self.saved if row["period"] == period]
        return Period(min(times), max(times) + timedelta(seconds=1)) if times else None

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        self.asked.append(span)
        last = {}
        for row in sorted(self.saved, key=lambda row: row["revision"]):
            if row["period"] == period and row["time"] in span and row["site"] in sites:
                last[row["site"], row["quantity"], row["time"]] = row
        schema = {"site": pl.String, "quantity": pl.String, "time": pl.Datetime("us", "UTC")}
        names = {**schema, "value": pl.Float64, "mark": pl.String}
        return pl.DataFrame([{n: row[n] for n in names} for row in last.values()], schema=names)

    def save_observations(self, frame: pl.DataFrame) -> None:
        self.saved += frame.to_dicts()


def rows(*told: tuple[str, datetime, float | None, int], period: str = "minute") -> pl.DataFrame:
    schema = {
        "site": pl.String, "quantity": pl.String, "period": pl.String,
        "time": pl.Datetime("us", "UTC"), "value": pl.Float64, "mark": pl.String,
        "revision": pl.UInt64, "line": pl.UInt64, "author": pl.String,
        "recorded_at": pl.Datetime("us", "UTC"),
    }  # fmt: skip
    made = [
        (site, "pm10", period, at, value, "", seq, 0, "MN", AT) for site, at, value, seq in told
    ]
    return pl.DataFrame(made, schema=schema, orient="row")


def kept(frame: pl.DataFrame) -> list[tuple[float, int]]:
    return frame.select("value", "revision").rows()


def test_what_comes_again_is_no_news_and_another_value_is() -> None:
    shelf = Shelf()
    links = Delivered(shelf)
    assert kept(links.save(rows(("A", AT, 60, 1)))) == [(60, 1)]
    assert kept(links.save(rows(("A", AT, 60, 2)))) == []
    assert kept(links.save(rows(("A", AT, 61, 3)))) == [(61, 3)]
    assert kept(links.save(rows(("A", AT, 61, 4), ("A", AT, 62, 5)))) == [(62, 5)]
    # Said twice at once: the last counts, and it is what was known.
    assert kept(links.save(rows(("A", AT, 99, 6), ("A", AT, 62, 7)))) == []


def test_what_is_newer_than_all_that_a_site_said_is_asked_of_nobody() -> None:
    shelf = Shelf()
    links = Delivered(shelf)
    links.save(rows(("A", AT, 1, 1), ("B", AT + HOUR, 2, 1)))
    asked = len(shelf.asked)
    links.save(rows(("A", AT + MINUTE, 3, 2), ("A", AT + 2 * MINUTE, 4, 2)))
    assert len(shelf.asked) == asked
    links.save(rows(("A", AT + 2 * MINUTE, 4, 3), ("A", AT + 3 * MINUTE, 5, 3)))
    assert len(shelf.asked) == asked + 1
    assert [row["value"] for row in shelf.saved] == [1, 2, 3, 4, 5]


def test_after_a_start_the_shelf_is_asked_once_for_each_site() -> None:
    shelf = Shelf()
    Delivered(shelf).save(rows(("A", AT, 1, 1)))
    assert kept(Delivered(shelf).save(rows(("A", AT, 1, 2)))) == []


def test_old_hours_of_one_site_do_not_ask_for_those_of_all_others() -> None:
    shelf = Shelf()
    now = [(f"S{n}", AT, 1.0, 1) for n in range(50)]
    old = [("A", AT - n * HOUR, 1.0, 1) for n in range(1000)]
    Delivered(shelf).save(rows(*now, *old, period="hour"))
    shelf.asked.clear()
    Delivered(shelf).save(rows(*now, *old, period="hour"))
    assert sorted(span.end - span.start for span in shelf.asked) == [HOUR, 1000 * HOUR]
    assert len(shelf.saved) == 1050


def test_what_is_released_late_became_known_late() -> None:
    shelf = Shelf()
    Delivered(shelf).save(rows(("A", AT, 1, 1)), recorded_at=AT + HOUR)
    assert shelf.saved[0]["recorded_at"] == AT + HOUR


def test_touched_days_with_the_same_sites_are_assessed_together() -> None:
    touched = Touched()
    assert not touched
    first = datetime(2026, 3, 1, tzinfo=BEIJING)
    touched.add(rows(*(("A", first + n * HOUR, 1.0, 1) for n in range(48)), period="hour"))
    touched.add(rows(("A", first, 1.0, 1), period="minute"))
    other = Touched()
    other.add(rows(("B", first + 50 * HOUR, 1.0, 1), period="hour"))
    touched.merge(other)
    found = list(touched.affected(9))
    assert [(one.sites, one.span, one.cause) for one in found] == [
        (("A",), Period.days(date(2026, 3, 1), date(2026, 3, 2)), 9),
        (("B",), Period(first + 50 * HOUR, first + 51 * HOUR), 9),
    ]
