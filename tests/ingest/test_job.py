"""A file goes in: only what is new or changed is kept, and a dry run says the same."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.ingest import delivery
from songhua.ingest.files import (
    Batch,
    FileMapping,
    ImportSummary,
    Origin,
    dry_run,
    import_file,
    streams,
)
from songhua.model import Period
from tests.ingest.held import NOW, SITES, Held

MAPPING = FileMapping(
    layout="wide", time="time", site="site", quantities={"PM2.5": "pm2_5", "CO": "co"}
)
Key = tuple[str, str, datetime]


class Shelf:
    """What an import needs, on a dictionary; it notes what it was asked."""

    def __init__(self) -> None:
        self.now: dict[Key, tuple[float | None, str]] = {}
        self.saved: list[dict[str, Any]] = []
        self.asked: list[int] = []

    def observed(self, period: str) -> Period | None:
        assert period == "hour"
        times = [time for _, _, time in self.now]
        return Period(min(times), max(times) + timedelta(hours=1)) if times else None

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        found = [
            (*key, *value)
            for key, value in self.now.items()
            if key[0] in sites and key[1] in quantities and key[2] in span
        ]
        self.asked.append(int((span.end - span.start) / timedelta(hours=1)))
        return pl.DataFrame(found, schema=delivery.DELIVERED, orient="row")

    def save_observations(self, frame: pl.DataFrame) -> None:
        for row in frame.iter_rows(named=True):
            self.saved.append(row)
            self.now[row["site"], row["quantity"], row["time"]] = row["value"], row["mark"]


def go(
    shelf: Shelf, source: Held, revision: int = 1
) -> tuple[ImportSummary, list[Mapping[str, Any]], list[Batch]]:
    rejects: list[Mapping[str, Any]] = []
    steps: list[Batch] = []
    summary = import_file(
        shelf,
        source,
        MAPPING,
        sites=SITES,
        origin=Origin(revision, "operator", NOW),
        keep_rejects=rejects.extend,
        step=lambda batch, _: steps.append(batch),
    )
    return summary, rejects, steps


def counts(summary: ImportSummary) -> tuple[int, int, int, int, int]:
    return summary.new, summary.changed, summary.same, summary.missing, summary.rejected


FIRST = Held.text(
    "site,time,PM2.5,CO",
    "1121A,2020-04-02 08:00,35,0.4",
    "1121A,2020-04-02 09:00,—,",
    "1120A,2020-04-02 08:00,-99(H),0.5",
    "9999A,2020-04-02 08:00,1,1",
)


def test_what_came_of_a_file() -> None:
    shelf = Shelf()
    summary, rejects, steps = go(shelf, FIRST)
    assert counts(summary) == (4, 0, 0, 2, 1)
    assert summary.lines == 4
    assert summary.faults == {"unknown_site": 1}
    assert summary.examples == rejects
    assert summary.sites == {"1121A", "1120A"}
    assert (summary.first, summary.last) == (datetime(2020, 4, 2, tzinfo=UTC),) * 2
    assert steps[-1].done == steps[-1].total == FIRST.size
    row = shelf.saved[0]
    assert (row["revision"], row["author"], row["recorded_at"], row["reason"], row["line"]) == (
        *(1, "operator", NOW, "", 2),
    )


def test_the_same_file_twice_changes_nothing() -> None:
    shelf = Shelf()
    go(shelf, FIRST)
    saved = len(shelf.saved)
    summary, _, _ = go(shelf, FIRST, 2)
    assert counts(summary) == (0, 0, 4, 2, 1)
    assert len(shelf.saved) == saved
    assert summary.first is None


def test_a_changed_value_a_changed_mark_and_a_withdrawn_value_are_revisions() -> None:
    shelf = Shelf()
    go(shelf, FIRST)
    second = Held.text(
        "site,time,PM2.5,CO",
        "1121A,2020-04-02 08:00,36,0.4(B)",
        "1120A,2020-04-02 08:00,,—",
        "1119A,2020-04-02 08:00,—,1",
    )
    summary, _, _ = go(shelf, second, 2)
    assert counts(summary) == (1, 3, 0, 2, 0)
    assert [(r["site"], r["quantity"], r["value"], r["mark"]) for r in shelf.saved[4:]] == [
        ("1121A", "pm2_5", 36.0, ""),
        ("1121A", "co", 0.4, "B"),
        ("1120A", "co", None, ""),
        ("1119A", "co", 1.0, ""),
    ]


def test_a_dry_run_says_the_same_and_keeps_nothing() -> None:
    shelf = Shelf()
    said = dry_run(shelf, FIRST, MAPPING, sites=SITES, now=NOW, step=lambda *_: None)
    assert shelf.saved == []
    done, _, _ = go(shelf, FIRST)
    assert said == done


def test_no_more_than_fifty_rejects_are_shown_but_all_are_kept() -> None:
    lines = [f"9999A,2020-04-02 08:00,{n},1" for n in range(80)]
    summary, rejects, _ = go(Shelf(), Held.text("site,time,PM2.5,CO", *lines))
    assert len(rejects) == summary.rejected == 80
    assert len(summary.examples) == 50


def test_a_file_in_no_order_of_time_asks_for_a_bounded_part_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = datetime(2020, 1, 1)  # noqa: DTZ001 - as a file writes it
    hours = [n * 7919 % 2000 for n in range(2000)]
    lines = [f"1121A,{start + timedelta(hours=hour)},{hour},1" for hour in hours]
    source = Held.text("site,time,PM2.5,CO", *lines)
    shelf = Shelf()
    go(shelf, source)
    monkeypatch.setattr(delivery, "_LARGEST_BOX", 300)
    summary, _, _ = go(shelf, source, 2)
    assert counts(summary) == (0, 0, 4000, 0, 0)
    assert max(shelf.asked) <= 150  # of two quantities at one site
    assert sum(shelf.asked) == 2000


rows = st.lists(
    st.tuples(
        st.sampled_from(["1119A", "1121A"]),
        st.integers(0, 60),
        st.sampled_from(["", "1", "2", "—", "31(B)", "abc"]),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=4), st.sampled_from([40, 1 << 20]))
def test_deliveries_may_repeat(files: list[list[tuple[str, int, str]]], size: int) -> None:
    """Each file read twice in a row: the second time nothing is new, and the state is the same."""
    start = datetime(2020, 4, 1)  # noqa: DTZ001 - as a file writes it
    shelf = Shelf()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK", size)
        for revision, part in enumerate(files):
            lines = [f"{site},{start + timedelta(hours=n)},{text},1" for site, n, text in part]
            source = Held.text("site,time,PM2.5,CO", *lines)
            first, _, _ = go(shelf, source, revision)
            state = dict(shelf.now)
            again, _, _ = go(shelf, source, revision)
            assert (again.new, again.changed) == (0, 0)
            assert again.same == first.new + first.changed + first.same
            assert shelf.now == state
