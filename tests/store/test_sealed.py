"""Digests of the shelf: the same rows, the same digest; any other row, another."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from songhua.store import Shelf
from songhua.store.sealed import NOTHING, Cut, Group, digest_of

START = datetime(2026, 1, 31, 20, tzinfo=UTC)
KNOWN = datetime(2026, 2, 2, tzinfo=UTC)


def rows(count: int = 8, revision: int = 5, value: float | None = 1.5) -> pl.DataFrame:
    times = [START + timedelta(hours=n) for n in range(count)]
    return pl.DataFrame(
        {
            "site": "1121A", "quantity": "so2", "period": "hour", "time": times,
            "revision": revision, "value": value, "mark": "", "reason": "", "author": "某人",
            "recorded_at": KNOWN,
        },
        schema_overrides={"time": pl.Datetime("us", "UTC"), "value": pl.Float64},
    )  # fmt: skip


def groups(shelf: Shelf, since: Cut, until: Cut) -> list[Group]:
    return list(shelf.groups(since, until))


def test_a_month_has_its_digest_and_a_replay_changes_none(shelf: Shelf) -> None:
    shelf.save_observations(rows())
    until = Cut(5, KNOWN)
    found = groups(shelf, NOTHING, until)
    assert [(one.table, one.period, one.month, one.rows) for one in found] == [
        ("observations", "hour", 202601, 4),
        ("observations", "hour", 202602, 4),
    ]
    shelf.save_observations(rows())
    shelf.save_observations(rows(revision=6, value=2.0))
    assert groups(shelf, NOTHING, until) == found
    later = groups(shelf, until, Cut(6, KNOWN))
    assert [one.rows for one in later] == [4, 4]
    assert not list(shelf.unreadable())


def test_another_value_is_another_digest(shelf: Shelf) -> None:
    shelf.save_observations(rows())
    found = groups(shelf, NOTHING, Cut(5, KNOWN))
    shelf.save_observations(rows(count=1, value=1.5000000000000002))
    changed = groups(shelf, NOTHING, Cut(5, KNOWN))
    assert [one.rows for one in changed] == [4, 4]
    assert changed[0].digest != found[0].digest
    assert changed[1] == found[1]


@pytest.mark.parametrize(
    "other",
    [
        pl.DataFrame({"a": ["ab", "c"], "b": [1.0, None]}),
        pl.DataFrame({"a": ["a", "bc"], "b": [1.0, 0.0]}),
        pl.DataFrame({"a": ["a", "bc"], "b": [None, 1.0]}),
        pl.DataFrame({"a": ["a", "bc"], "c": [1.0, None]}),
        pl.DataFrame({"a": ["a", None], "b": [1.0, None]}),
        pl.DataFrame({"a": ["a"], "b": [1.0]}),
    ],
)
def test_no_two_frames_share_a_digest(other: pl.DataFrame) -> None:
    one = pl.DataFrame({"a": ["a", "bc"], "b": [1.0, None]})
    assert digest_of(one) == digest_of(one.clone())
    assert digest_of(one) != digest_of(other)
