"""Whatever comes twice, and in whatever order, the current table is the same."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songhua.app.doors import RowKeeper
from songhua.app.platform import Songhua
from songhua.ingest.delivery import DELIVERED
from songhua.model import Period
from songhua.store import Entry
from songhua.store.registry import sources
from songhua.store.registry.models import RowAside
from tests.app.doors.saying import OTHER, SITE, body, hour, http_source, row

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

Value = tuple[int, str, int]


class Table:
    """A shelf in memory: every revision, the greatest of which is current."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], dict[int, tuple[Any, str]]] = {}

    def save_observations(self, frame: pl.DataFrame) -> None:
        for one in frame.to_dicts():
            key = one["site"], one["quantity"], one["period"], one["time"]
            self.rows.setdefault(key, {})[one["revision"]] = one["value"], one["mark"]

    def current(self) -> dict[tuple[Any, ...], tuple[Any, str]]:
        return {key: found[max(found)] for key, found in self.rows.items()}

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        found = [
            {"site": s, "quantity": q, "time": t, "value": value, "mark": mark}
            for (s, q, p, t), (value, mark) in self.current().items()
            if p == period and t in span and s in sites and q in quantities
        ]
        return pl.DataFrame(found, schema=DELIVERED)


class Book:
    """A journal in memory."""

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, bytes]] = []

    @property
    def last_seq(self) -> int:
        return len(self.entries)

    def append(self, kind: str, data: bytes, meta: Any) -> Entry:
        entry = Entry(self.last_seq + 1, datetime.now(UTC), kind, meta, len(data), "", "")
        self.entries.append((entry, data))
        return entry

    def bodies(self, *, after: int = 0, kinds: Any = None) -> Iterator[tuple[Entry, bytes]]:
        yield from self.entries[after:]

    def entry(self, seq: int) -> Entry:
        return self.entries[seq - 1][0]

    def read(self, seq: int) -> bytes:
        return self.entries[seq - 1][1]


def keeper() -> tuple[RowKeeper, Table, Book]:
    table, book = Table(), Book()
    return RowKeeper(book, table, lambda _: None), table, book  # type: ignore[arg-type]


def message(values: Sequence[Value]) -> bytes:
    return body(*(row(hour(1, at), value, site=site) for at, site, value in values))


@pytest.fixture(scope="module")
def source(platform: Songhua) -> Any:
    return sources.by_token(http_source("property"))


MESSAGES = st.lists(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([SITE, OTHER]), st.integers(0, 3)),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=5,
)
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@FEW
@given(messages=MESSAGES, data=st.data())
def test_deliveries_in_any_order_and_number(source: Any, messages: Any, data: Any) -> None:
    # Each value once said stays as it was said: what differs is order and number.
    said = {(at, site): value for one in messages for at, site, value in one}
    agreed = [[(at, site, said[at, site]) for at, site, _ in one] for one in messages]
    extra = data.draw(st.lists(st.sampled_from(agreed), max_size=4))
    order = data.draw(st.permutations([*agreed, *extra]))
    tables = []
    for sent in (agreed, order):
        door, table, book = keeper()
        for one in sent:
            door.take(source, message(one))
        door._keep(book.entries)
        tables.append(table.current())
    assert tables[0] == tables[1]
    assert {value for value, _ in tables[0].values()} == {float(v) for v in said.values()}


@FEW
@given(messages=MESSAGES, starts=st.lists(st.integers(0, 5), max_size=3))
def test_a_stop_anywhere_and_a_replay_change_nothing(
    source: Any, messages: Any, starts: Any
) -> None:
    door, table, book = keeper()
    for one in messages:
        door.take(source, message(one))
    last: dict[Any, float] = {}
    for one in messages:  # within a message the first word counts, the other is set aside
        first: dict[Any, float] = {}
        for at, site, value in one:
            first.setdefault((site, hour(1, at).astimezone(UTC)), float(value))
        last |= first
    expected = {(site, "pm10", "hour", at): (value, "") for (site, at), value in last.items()}
    for start in [0, *starts]:
        RowAside.objects.all().delete()
        door._seq = start
        door._keep(book.entries[start:])
        assert table.current() == expected


def test_what_is_released_late_does_not_outrank_what_was_said_later(source: Any) -> None:
    door, table, book = keeper()
    at, elsewhere = hour(2), "1129A"
    own = sources.by_token(http_source("late"))
    assert own is not None
    wide = sources.by_token(http_source("wide", sites=(elsewhere,)))
    assert wide is not None
    door.take(wide, body(row(at, 1, site=elsewhere)))
    door.take(own, body(row(at, 2, site=elsewhere)))  # outside its scope: set aside
    door.take(wide, body(row(at, 1, site=elsewhere)))
    RowAside.objects.all().delete()
    door._keep(book.entries)
    (key,) = table.rows
    assert table.current()[key] == (1.0, "")
    register = sources.named("late")
    register.sites = elsewhere
    register.save()
    assert door.release(register, "admin") == (1, 0)
    assert table.current()[key] == (1.0, "")
    assert [found[0] for _, found in sorted(table.rows[key].items())] == [1.0, 2.0, 1.0]
