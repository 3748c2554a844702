"""A start applies what a stop left behind, and reads no more of the journal than it must."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from songhua.api.ports import CorrectionOrder, Decision
from songhua.app import platform as module
from songhua.app.platform import Songhua, silent
from songhua.assess.job import Affected
from songhua.model import Period
from songhua.store import Journal
from songhua.store.registry import records
from songhua.store.registry.models import Correction
from tests.conftest import opened_platform

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

AT = datetime(2020, 4, 4, 3, tzinfo=UTC)
ORDER = CorrectionOrder("1121A", "pm10", AT, 120.0, "仪器校准", "li")
DECISION = Decision("dustperiod", "登记", "220100", AT, AT + timedelta(days=1), "li")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Return after which number each reading of the journal began."""
    found: list[int] = []
    entries = Journal.entries

    def told(journal: Journal, *, after: int = 0, kinds: object = None) -> object:
        found.append(after)
        return entries(journal, after=after, kinds=kinds)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "entries", told)
    return found  # type: ignore[return-value]


def chatter(platform: Songhua, count: int) -> int:
    """Write entries that are not for the platform itself; return the last number."""
    for _ in range(count):
        seq = platform.journal.append("other", b"x", {}).seq
    return seq


def test_a_start_reads_only_what_came_since_nothing_waited(
    platform: Songhua, reads: list[int]
) -> None:
    last = chatter(platform, 5)
    platform.correct(ORDER)
    assert records.applied_to() == last + 1
    chatter(platform, 3)
    assert platform.catch_up(silent) == 0
    assert reads == [last + 1]
    assert platform.catch_up(silent) == 0
    assert reads == [last + 1, platform.journal.last_seq]


def test_what_loggers_send_for_years_is_not_read_again(
    platform: Songhua, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NOTE_EVERY", 10)
    before = records.applied_to()
    for _ in range(3):
        seq = chatter(platform, 6)
        platform._assess_links(Affected((), Period(AT, AT + timedelta(hours=1)), seq))
    assert records.applied_to() == before + 12


def test_an_entry_that_could_not_be_applied_is_taken_up_later_whatever_came_after(
    platform: Songhua, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*args: object) -> None:
        raise ConnectionError("the store is down")

    platform.catch_up(silent)
    before = platform.journal.last_seq
    with monkeypatch.context() as patch:
        patch.setitem(module._APPLY, "correction", down)
        with pytest.raises(ConnectionError):
            platform.correct(replace(ORDER, value=130.0))
    platform.correct(replace(ORDER, quantity="pm2_5", value=30.0))
    assert records.applied_to() == before
    assert [c.value for c in Correction.objects.filter(journal_seq__gt=before)] == [30.0]
    assert platform.catch_up(silent) == 1
    assert Correction.objects.get(journal_seq=before + 1).value == 130.0
    assert records.applied_to() == before + 2


def test_a_decision_that_a_stop_left_waiting_is_not_passed_over(platform: Songhua) -> None:
    platform.catch_up(silent)
    before = platform.journal.last_seq
    waiting = platform.decide(DECISION)
    platform.correct(replace(ORDER, value=140.0))
    assert records.applied_to() == before
    platform._waiting.clear()  # as in a process that starts
    assert platform.catch_up(silent) == 1
    assert waiting in records.applied()
    assert records.applied_to() == platform.journal.last_seq


def test_the_setting_names_the_hash_of_the_journal(tmp_path: Path, embedded_url: str) -> None:
    url = f"{embedded_url}?database=sm3"
    with override_settings(SONGHUA_JOURNAL_HASH="sm3"), opened_platform(tmp_path, url) as opened:
        assert opened.journal.segments[0].read_bytes().startswith(b"SONGHUA-JOURNAL 1 sm3 ")


def test_a_journal_shorter_than_what_was_noted_is_read_from_its_start(
    platform: Songhua, reads: list[int]
) -> None:
    records.note_applied_to(platform.journal.last_seq + 7)
    assert platform.catch_up(silent) == 0
    assert reads == [0]
    assert records.applied_to() == platform.journal.last_seq
