"""Who follows the shelf misses nothing, wherever pages are cut and whatever runs meanwhile."""

import random
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from songhua.store import Shelf, open_shelf
from songhua.store.engine import migrations
from songhua.store.followed import FOLLOWED, Place
from songhua.store.stamps import Stamps
from tests.store.rows import EVER, HOUR, KNOWN, T0, index, observations, observed, results, summary

BEGINNING = Place(datetime(1970, 1, 1, tzinfo=UTC))
LATE = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def followed(shelf: Shelf) -> Shelf:
    shelf._stamps._lag = timedelta()  # no other process stores here
    return shelf


def place_of(row: dict[str, Any]) -> Place:
    group, subject = ("quantity", "site") if "quantity" in row else ("scope", "subject")
    return Place(
        row["stored_at"], row["period"], row[group], row[subject], row["time"], row["revision"]
    )


def follow(shelf: Shelf, table: str, after: Place, most: int) -> Iterator[dict[str, Any]]:
    """Yield rows until there are none, a page at a time."""
    while True:
        rows, _ = shelf.followed(table, after, most=most)
        assert rows.height <= most
        if rows.is_empty():
            return
        yield from rows.to_dicts()
        after = place_of(rows.to_dicts()[-1])


@pytest.mark.parametrize("seed", range(4))
def test_a_follower_that_stops_and_goes_on_has_the_final_state(followed: Shelf, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    seen: dict[tuple[Any, ...], tuple[int, int, float | None]] = {}
    after, sent = BEGINNING, []
    for revision in range(1, 25):
        rows = [
            observed(
                chance.choice([None, float(chance.randint(0, 99))]),
                site=chance.choice(["1121A", "1122A"]),
                time=T0 + chance.randint(0, 3) * HOUR,
                revision=revision,
                reason=chance.choice(["", "", "校准"]),
            )
            for _ in range(chance.randint(1, 4))
        ]
        unique = list({(row["site"], row["time"]): row for row in rows}.values())
        followed.save_observations(observations(*unique))
        sent.append(unique)
        if chance.random() < 0.2:  # a replay
            followed.save_observations(observations(*chance.choice(sent)))
        if chance.random() < 0.5:
            for row in follow(followed, "observations", after, chance.randint(1, 5)):
                note(seen, row)
                after = place_of(row)
    for row in follow(followed, "observations", after, 3):
        note(seen, row)
    now = followed.observations(period="hour", span=EVER).to_dicts()
    assert {(row["site"], row["time"]): row["value"] for row in now} == {
        key: value for key, (_, _, value) in seen.items()
    }


def note(seen: dict[tuple[Any, ...], tuple[int, int, float | None]], row: dict[str, Any]) -> None:
    """Keep a row as a follower would: the greatest (decided, revision) counts."""
    key, told = (row["site"], row["time"]), (row["decided"], row["revision"], row["value"])
    if key not in seen or told[:2] >= seen[key][:2]:
        seen[key] = told


def test_writers_at_once_hide_nothing_from_a_reader(followed: Shelf) -> None:
    done = threading.Event()
    seen: set[tuple[str, int]] = set()

    def write(site: str) -> None:
        for revision in range(1, 16):
            followed.save_observations(observations(observed(1.0, site=site, revision=revision)))

    def read() -> None:
        after, last = BEGINNING, False
        while not last:
            last = done.is_set()
            for row in follow(followed, "observations", after, 4):
                after = place_of(row)
                seen.add((row["site"], row["revision"]))

    writers = [threading.Thread(target=write, args=(site,)) for site in ("a", "b", "c")]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert seen == {(site, revision) for site in ("a", "b", "c") for revision in range(1, 16)}


def test_results_and_verdicts_are_followed_too(followed: Shelf) -> None:
    followed.save_air_index(results(index(aqi=80), index("1122A", aqi=90)))
    followed.save_air_index(results(index(aqi=81, cause=7)))
    rows = list(follow(followed, "air_index", BEGINNING, 2))
    assert [(row["subject"], row["revision"], row["aqi"], row["cause"]) for row in rows] == [
        ("1121A", 1, 80, 1), ("1122A", 1, 90, 1), ("1121A", 2, 81, 7),
    ]  # fmt: skip
    assert [(row["former"], row["current"]) for row in rows] == [
        (None, False), (None, True), (80, True),
    ]  # fmt: skip
    only, _ = followed.followed("air_index", BEGINNING, most=9, subjects=["1122A"])
    assert only["subject"].to_list() == ["1122A"]
    followed.save_air_summary(results(summary(composite=4.5, rank=1)))
    assert [row["composite"] for row in follow(followed, "air_summary", BEGINNING, 9)] == [4.5]
    assert list(follow(followed, "verdicts", BEGINNING, 9)) == []


def test_a_row_says_what_counted_before_it_and_whether_it_counts_now(followed: Shelf) -> None:
    for revision, (value, reason) in enumerate(
        [(5.0, ""), (6.0, ""), (7.0, "校准"), (8.0, ""), (9.0, "校准"), (9.5, "")], start=1
    ):
        followed.save_observations(observations(observed(value, revision=revision, reason=reason)))
    rows = list(follow(followed, "observations", BEGINNING, 4))
    told = [(row["value"], row["former"], row["current"]) for row in rows]
    assert told == [
        *((5.0, None, False), (6.0, 5.0, False), (7.0, 6.0, False)),
        *((8.0, 7.0, False), (9.0, 7.0, True), (9.5, 9.0, False)),
    ]


def test_what_was_there_before_is_followed_from_when_it_was_known(url: str) -> None:
    shelf = open_shelf(url)
    texts = migrations()
    shelf._engine.rows("CREATE TABLE migrations (name String, at DateTime DEFAULT now()) "
                       "ENGINE = MergeTree ORDER BY name")  # fmt: skip
    for name in sorted(texts)[:4]:
        for statement in shelf._engine.statements(texts[name]):
            shelf._engine.rows(statement)
        shelf._engine.rows(f"INSERT INTO migrations (name) VALUES ('{name}')")
    shelf._engine.insert("observations", observations(observed(5.0)))
    assert shelf.migrate() == sorted(texts)[4:]
    shelf._stamps._lag = timedelta()
    shelf.save_observations(observations(observed(6.0, revision=2)))
    old, new = follow(shelf, "observations", BEGINNING, 9)
    assert (old["value"], old["stored_at"]) == (5.0, KNOWN + HOUR)
    assert (new["value"], new["stored_at"] > old["stored_at"]) == (6.0, True)
    shelf.close()


def test_a_server_that_others_write_to_is_told_of_late() -> None:
    lag = timedelta(seconds=30)
    stamps = Stamps(lambda: KNOWN, lag)
    told = stamps.horizon()
    assert datetime.now(UTC) - told >= lag


def test_stamps_only_grow_though_the_clock_is_set_back() -> None:
    stamps = Stamps(lambda: LATE)  # as stored before the clock was set back
    with stamps.stamp() as first, stamps.stamp() as second:
        assert LATE < first < second
        assert stamps.horizon() < first
    told = stamps.horizon()
    assert told > second
    with stamps.stamp() as third:
        assert third > told
        assert stamps.horizon() < third


def test_every_table_can_be_followed(followed: Shelf) -> None:
    for table in FOLLOWED:
        rows, until = followed.followed(table, BEGINNING, most=1)
        assert rows.is_empty()
        assert until <= datetime.now(UTC)
