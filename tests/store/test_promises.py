"""The promises of the stores together: a real journal applied to a real shelf.

Acknowledged means kept is tested in `test_journal`.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import count, groupby
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhua.store import Entry, Journal, Shelf
from tests.store.rows import EVER, HOUR, KNOWN, T0, index, observations, observed, results

Key = tuple[str, int]
State = dict[Key, float | None]

_examples = count()
VALUES = st.one_of(st.none(), st.integers(0, 5).map(float))
KEYS = st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2))


@dataclass(frozen=True)
class Delivery:
    """A file with some values; a person's decision has a reason."""

    values: State
    reason: str = ""


FILES = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4).map(Delivery)
DECISIONS = st.builds(lambda key, value: Delivery({key: value}, "核实"), KEYS, VALUES)
HISTORIES = st.lists(st.one_of(FILES, FILES, DECISIONS), min_size=1, max_size=6)


def expected(history: list[Delivery]) -> State:
    """Say what is current, by the words of the promise alone: the last decision, else delivery."""
    state: State = {}
    for wanted in ("", "核实"):
        for delivery in history:
            if delivery.reason == wanted:
                state |= delivery.values
    return state


class Platform:
    """A journal and a shelf, and nothing between them but the way from bytes to rows."""

    def __init__(self, folder: Path, shelf: Shelf) -> None:
        self.name = f"site{next(_examples)}"
        self.journal = Journal.open(folder / self.name)
        self.shelf = shelf

    def receive(self, delivery: Delivery) -> Entry:
        body = {
            "values": [[site, hour, value] for (site, hour), value in delivery.values.items()],
            "reason": delivery.reason,
        }
        return self.journal.append("file", json.dumps(body).encode(), {"author": "wang"})

    def apply(self, seq: int) -> None:
        entry, body = self.journal.entry(seq), json.loads(self.journal.read(seq))
        self.shelf.save_observations(
            observations(
                *(
                    observed(
                        value,
                        site=f"{self.name}{site}",
                        time=T0 + hour * HOUR,
                        revision=seq,
                        reason=body["reason"],
                        recorded_at=entry.time,
                    )
                    for site, hour, value in body["values"]
                )
            )
        )

    def state(self, as_of: datetime | None = None) -> State:
        sites = [f"{self.name}{site}" for site in "ab"]
        found = self.shelf.observations(period="hour", span=EVER, sites=sites, as_of=as_of)
        hours = (pl.col("time") - T0).dt.total_hours()
        rows = found.select(pl.col("site").str.slice(-1), hours, "value").rows()
        return {(site, hour): value for site, hour, value in rows}


@pytest.fixture(scope="module")
def kept(embedded_url: str) -> Iterator[Shelf]:
    """One shelf for all examples, each with sites of its own."""
    shelf = Shelf.open(f"{embedded_url}?database=promises")
    shelf.migrate()
    yield shelf
    shelf.close()


pytestmark = [pytest.mark.chdb, pytest.mark.slow]
on_one_shelf = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@on_one_shelf
@given(history=HISTORIES, data=st.data())
def test_any_replay_in_any_order_gives_the_same(
    kept: Shelf, tmp_path: Path, history: list[Delivery], data: st.DataObject
) -> None:
    """Delivery may repeat; the result may not differ. Nor may any past state."""
    again = data.draw(st.lists(st.integers(1, len(history)), max_size=6))
    order = data.draw(st.permutations([*range(1, len(history) + 1), *again]))
    later = data.draw(st.lists(st.integers(1, len(history)), max_size=4))
    platform = Platform(tmp_path, kept)
    with closing(platform.journal) as journal:
        entries = [platform.receive(delivery) for delivery in history]
        assert [entry.seq for entry in entries] == list(range(1, len(history) + 1))
        for seq in order:
            platform.apply(seq)
        assert platform.state() == expected(history)
        for number, entry in enumerate(entries, start=1):
            assert platform.state(as_of=entry.time) == expected(history[:number])
        for seq in later:
            platform.apply(seq)
            assert platform.state() == expected(history)
        assert journal.verify() is None


@on_one_shelf
@given(history=st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=1, max_size=8))
def test_no_result_is_overwritten(kept: Shelf, history: list[tuple[int, int]]) -> None:
    """A result may be computed at any time, for any cause, by any code: every state stays."""
    subject = f"result{next(_examples)}"
    asked = {"period": "hour", "scope": "site"}
    shown: list[tuple[datetime, int]] = []
    for number, (aqi, cause) in enumerate(history):
        at = KNOWN + number * HOUR
        row = results(index(subject, aqi=aqi, cause=cause, computed_at=at))
        assert kept.save_air_index(row) == (not shown or shown[-1][1] != aqi)
        assert kept.save_air_index(row) == 0
        shown.append((at, aqi))
    for at, aqi in shown:
        found = kept.air_index(**asked, span=EVER, subjects=[subject], as_of=at)
        assert found["aqi"].to_list() == [aqi]
    past = kept.air_index_history(**asked, subject=subject, time=T0)
    assert past["revision"].to_list() == list(range(1, past.height + 1))
    assert past["aqi"].to_list() == [aqi for aqi, _ in groupby(aqi for _, aqi in shown)]
