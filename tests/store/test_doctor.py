"""The doctor says what is there, how full, and what is wrong; and never dies of what it finds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from songhua.store import Journal, Shelf
from songhua.store.doctor import Finding, examine
from songhua.store.registry import migrations, records
from tests.store.rows import observations, observed


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path / "journal")
    yield opened
    opened.close()


NEWEST = max(path.stem for path in Path(migrations.__path__[0]).glob("0*.py"))


def said(findings: list[Finding], state: str) -> str:
    return "\n".join(f"{one.zh} | {one.en}" for one in findings if one.state == state)


def test_an_empty_platform(registry: str, journal: Journal, shelf: Shelf) -> None:
    found = examine(journal, shelf)
    fine = said(found, "ok")
    for words in (
        "日志 0 条，1 段",
        "observations: 0 rows",
        "schema 0005_stored_at.sql",
        f"schema {NEWEST}",
        {"sqlite": "（sqlite）", "postgres": "（postgresql）"}[registry],
        "Disk free",
        "0 files imported",
    ):
        assert words in fine
    assert "songhua user add" in said(found, "warn")
    assert said(found, "fail") == ""
    assert "p%40ss" not in fine


def test_a_platform_at_work(registry: str, journal: Journal, shelf: Shelf) -> None:
    records.seed()
    records.add_user("wang", role="viewer", region="220000", password="gold-pine-7-river")
    journal.append("file", b"1", {})
    journal.append("file", b"2", {})
    records.mark_applied(1)
    shelf.save_observations(observations(observed(1), observed(2, revision=2)))
    found = examine(journal, shelf)
    assert "observations: 2 rows" in said(found, "ok")
    assert "2020-04-04 – 2020-04-04" in said(found, "ok")
    assert "1 users, 0 sites" in said(found, "ok")
    assert "2 entries of data in the journal, 1 not yet applied" in said(found, "warn")


def test_a_damaged_journal_and_a_store_that_went_away(
    registry: str, tmp_path: Path, shelf: Shelf
) -> None:
    journal = Journal.open(tmp_path / "journal")
    journal.append("file", b"the true value is 42", {})
    journal.close()
    path = journal.segments[0]
    path.write_bytes(path.read_bytes().replace(b"is 42", b"is 24"))
    again = Journal.open(tmp_path / "journal")
    shelf._engine.rows(f"DROP DATABASE {shelf._engine.database}")
    found = examine(again, shelf)
    assert "Journal: Record 1: the record is damaged or missing" in said(found, "fail")
    assert "Observations: " in said(found, "fail")
    assert "users" in said(found, "warn")
    again.close()
