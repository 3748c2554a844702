"""Leads and cases: one lead once, legal moves only, every change an event, nothing deletable."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from songhua.model import BEIJING, BadInput, UnknownName
from songhua.store.registry import cases, leads
from songhua.store.registry.cases import Decided
from songhua.store.registry.casework import CASE_STATES, MOVES, NotDeletable
from songhua.store.registry.documents import KINDS, MOST_BYTES, Document
from songhua.store.registry.leads import Finding
from songhua.store.registry.models import (
    Case,
    CaseDocument,
    CaseEvent,
    CasePerson,
    FraudRun,
    Lead,
    Region,
    Site,
    SitePeriod,
    User,
)

T0 = datetime(2026, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WHY = "数值连续相同，需要核查"
FINDING = Finding(
    detector="constant", site="1119A", other_site="", region="220100", quantity="pm2_5",
    start=T0, end=T0 + 23 * HOUR, score=0.95,
    evidence={"series": {"first": 0, "step": 3600, "values": [1.0], "reference": [None]}},
    innocent=[{"key": "coarse", "zh": "分辨率", "en": "steps", "outcome": "excluded"}],
)  # fmt: skip


PEOPLE = (
    ("viewer", "viewer", "220000"),
    ("operator", "operator", "220100"),
    ("signatory", "signatory", "220000"),
    ("analyst", "analyst", "220100"),
    ("jilin", "analyst", "220200"),
    ("leader", "leader", "220000"),
)


SITES = (("1119A", "220100"), ("1774A", "220200"))


@pytest.fixture(autouse=True)
def _filled(registry: str) -> None:
    """A register with two cities, a site each, and a person a role; forgotten after each test."""
    for code, level in (("220000", "province"), ("220100", "city"), ("220200", "city")):
        Region.objects.create(code=code, name_zh=code, name_en=code, short_zh=code, level=level)
    for key, city in SITES:
        site = Site.objects.create(key=key)
        SitePeriod.objects.create(site=site, name_zh=key, city_id=city, valid_from=date(2015, 1, 1))
    for name, role, region in PEOPLE:
        User.objects.create(username=name, role=role, region_id=region)


class Record:
    """A journal for tests: what was noted, in order."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, what: str, body: Any) -> int:
        self.noted.append((what, dict(body)))
        return len(self.noted)


@pytest.fixture
def note() -> Record:
    return Record()


def person(name: str) -> User:
    return User.objects.get(username=name)


def run(**more: Any) -> FraudRun:
    told = {
        "asked_by": "nightly", "began_at": T0, "ended_at": timezone.now(), "region": "220000",
        "start": T0, "end": T0 + timedelta(days=60), "configuration": {"least": 0.9},
    }  # fmt: skip
    return FraudRun(**{**told, **more})


def lead(note: Record, **more: Any) -> Lead:
    """Return a lead nobody handled, of a place and time of its own."""
    number = Lead.objects.count() + 1
    start = T0 + timedelta(days=100 * number)
    one = replace(FINDING, **{"start": start, "end": start + 23 * HOUR, **more})
    leads.keep_run(run(), [one], note)
    return Lead.objects.get(key=one.key)


def case(note: Record, state: str = "open") -> Case:
    made = cases.open_case(
        person("leader"), title="某站疑似造假", region="220100", why=WHY, note=note
    )
    Case.objects.filter(pk=made.pk).update(state=state)
    made.refresh_from_db()
    return made


def test_a_lead_found_twice_is_one_lead(note: Record) -> None:
    first = leads.keep_run(run(), [FINDING], note)
    again = leads.keep_run(run(), [FINDING], note)
    later = replace(FINDING, start=T0 + 6 * HOUR, end=T0 + 30 * HOUR, score=0.97)
    moved = leads.keep_run(run(), [later], note)
    assert [(one.found, one.new) for one in (first, again, moved)] == [(1, 1), (1, 0), (1, 0)]
    kept = Lead.objects.get(key=FINDING.key)
    assert (kept.times, kept.score, kept.start) == (3, 0.97, later.start)
    assert [one.what for one in kept.events.all()] == ["found", "found_again"]
    assert kept.events.last().before["score"] == 0.95  # type: ignore[union-attr]
    assert kept.first_run_id == first.pk
    other = replace(FINDING, start=T0 + timedelta(days=30), end=T0 + timedelta(days=31))
    assert leads.keep_run(run(), [other, replace(FINDING, quantity="no2")], note).new == 2
    assert [told["leads"][0]["key"] for what, told in note.noted[:3] if what == "fraud_run"] == [
        FINDING.key
    ] * 3


def test_what_a_person_handled_stays_as_it_was_seen(note: Record) -> None:
    kept = lead(note)
    leads.dismiss(kept, "analyst", WHY, note)
    again = replace(FINDING, start=kept.start, end=kept.end + 3 * HOUR, score=0.99)
    leads.keep_run(run(), [again], note)
    kept.refresh_from_db()
    assert (kept.state, kept.score, kept.times) == ("dismissed", 0.95, 2)
    with pytest.raises(BadInput, match="已有人处理"):
        leads.dismiss(kept, "analyst", WHY, note)
    leads.restore(kept, "analyst", "又出现同样情况", note)
    told = kept.events.last()
    assert told is not None
    assert (told.what, told.before, told.after, told.why) == (
        "restored", {"state": "dismissed"}, {"state": "new"}, "又出现同样情况",
    )  # fmt: skip
    assert note.noted[-1][0] == "restored"


@pytest.mark.parametrize("why", ["", "  ", "不是", "长" * 1001])
def test_nothing_is_dismissed_without_a_reason(note: Record, why: str) -> None:
    kept, before = lead(note), CaseEvent.objects.count()
    noted = len(note.noted)
    with pytest.raises(BadInput, match="理由"):
        leads.dismiss(kept, "analyst", why, note)
    assert (CaseEvent.objects.count(), len(note.noted)) == (before + 0, noted)


@pytest.mark.parametrize(
    ("who", "sees"),
    [("viewer", False), ("operator", False), ("signatory", False), ("analyst", True),
     ("jilin", False), ("leader", True)],
)  # fmt: skip
def test_who_sees_a_lead_and_a_case(note: Record, who: str, *, sees: bool) -> None:
    kept, opened = lead(note), case(note)
    assert leads.leads_of(person(who)).filter(pk=kept.pk).exists() is sees
    assert cases.cases_of(person(who)).filter(pk=opened.pk).exists() is sees
    if not sees:
        with pytest.raises(UnknownName):
            leads.lead_named(person(who), kept.key)
        with pytest.raises(UnknownName):
            cases.case_numbered(person(who), opened.number)


def test_numbers_follow_each_other(note: Record) -> None:
    one, two = case(note), case(note)
    year = timezone.now().astimezone(BEIJING).year
    assert one.number.startswith(f"{year}-")
    assert int(two.number[5:]) == int(one.number[5:]) + 1


@pytest.mark.parametrize("state", [state for state, _ in CASE_STATES])
@pytest.mark.parametrize("to", [state for state, _ in CASE_STATES] + ["nonsense"])
def test_only_legal_moves(note: Record, state: str, to: str) -> None:
    made = case(note, state)
    if to in MOVES[state] and to != "decided":
        cases.move(made, to, "leader", WHY, note)
        made.refresh_from_db()
        assert made.state == to
        told = made.events.last()
        assert told is not None
        assert (told.before, told.after) == ({"state": state}, {"state": to})
    else:
        with pytest.raises(BadInput):
            cases.move(made, to, "leader", WHY, note)


DECISION = Decided(
    "经核查，该站采样口被堵塞，属于篡改监测数据。",
    "王某某",
    "环发〔2015〕175号 第四条",
    date.today(),  # noqa: DTZ011
)


def test_a_decision_needs_a_leader_a_person_a_clause_and_something_to_decide_on(
    note: Record,
) -> None:
    told = replace(DECISION, on=timezone.now().astimezone(BEIJING).date())
    made = case(note, "investigating")
    with pytest.raises(BadInput, match="没有线索"):
        cases.decide(made, told, person("leader"), note)
    cases.join(made, lead(note), person("leader"), WHY, note)
    for wrong in (
        replace(told, person=""), replace(told, clause=""), replace(told, text="是"),
        replace(told, on=told.on + timedelta(days=1)),
        replace(told, on=told.on - timedelta(days=400)),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            cases.decide(made, wrong, person("leader"), note)
    with pytest.raises(BadInput, match="负责人"):
        cases.decide(made, told, person("analyst"), note)
    cases.decide(made, told, person("leader"), note)
    made.refresh_from_db()
    event = made.events.last()
    assert event is not None
    assert (made.state, event.what, event.after["person"]) == ("decided", "decided", "王某某")
    with pytest.raises(BadInput):
        cases.decide(made, told, person("leader"), note)


def test_leads_join_one_case_of_their_region_and_leave_with_a_reason(note: Record) -> None:
    made, kept = case(note), lead(note)
    cases.join(made, kept, person("leader"), WHY, note)
    with pytest.raises(BadInput, match="已有人处理"):
        cases.join(case(note), kept, person("leader"), WHY, note)
    far = lead(note, site="1774A", region="220200")
    with pytest.raises(BadInput, match="地区"):
        cases.join(made, far, person("leader"), WHY, note)
    with pytest.raises(BadInput, match="理由"):
        cases.remove(made, kept, "leader", "", note)
    cases.remove(made, kept, "leader", "经核实与本案无关", note)
    kept.refresh_from_db()
    assert kept.state == "new"
    assert [one.what for one in kept.events.all()] == ["found", "joined", "removed"]
    cases.join(case(note), kept, person("leader"), WHY, note)


def test_people_come_and_go_and_stay_on_record(note: Record) -> None:
    made = case(note)
    zhang = cases.add_person(made, CasePerson(name="张三", part="concerned"), "leader", note)
    with pytest.raises(BadInput):
        cases.add_person(made, CasePerson(name="李四", part="boss"), "leader", note)
    with pytest.raises(BadInput):
        cases.add_person(made, CasePerson(name="", part="witness"), "leader", note)
    cases.end_person(made, zhang.pk, "leader", "登记有误，另行登记", note)
    with pytest.raises(BadInput):
        cases.end_person(made, zhang.pk, "leader", "再来一次也不行", note)
    assert made.people.count() == 1
    assert [one.what for one in made.events.all()] == ["opened", "person", "person_ended"]


def sent(name: str, body: bytes) -> Document:
    return Document(name, body, "现场照片", lambda _body: 77)


GOOD = {
    "pdf": b"%PDF-1.7 x", "png": b"\x89PNG\r\n\x1a\nx", "jpg": b"\xff\xd8\xff\xe0x",
    "docx": b"PK\x03\x04x", "xlsx": b"PK\x03\x04y", "mp4": b"\x00\x00\x00\x18ftypmp42",
    "txt": "笔录".encode(), "csv": b"a,b\n1,2\n",
}  # fmt: skip


def test_documents_are_what_their_names_say(note: Record) -> None:
    made = case(note)
    assert set(GOOD) == set(KINDS)
    for kind, body in GOOD.items():
        kept = cases.add_document(made, sent(f"材料.{kind}", body), "leader", note)
        assert (kept.kind, kept.size, kept.journal_seq) == (kind, len(body), 77)
    for name, body in (
        ("a.exe", b"MZ"), ("a.pdf", b"MZ"), ("a", b"%PDF-"), ("a.png", b""), ("a.txt", b"\x00"),
        ("a.pdf", b"%PDF-" + bytes(MOST_BYTES)), ("b.pdf", GOOD["pdf"]), (f"{'a' * 150}.txt", b"x"),
        ("a.html", b"<script>"), ("a.svg", b"<svg>"),
    ):  # fmt: skip
        with pytest.raises(BadInput):
            cases.add_document(made, sent(name, body), "leader", note)
    first = made.documents.first()
    assert first is not None
    cases.end_document(made, first.pk, "leader", "不是本案的材料", note)
    assert made.documents.count() == len(GOOD)
    assert made.documents.filter(ended_at=None).count() == len(GOOD) - 1


def test_a_closed_case_takes_nothing_until_it_is_taken_up_again(note: Record) -> None:
    made, kept = case(note, "closed"), lead(note)
    for act in (
        lambda: cases.join(made, kept, person("leader"), WHY, note),
        lambda: cases.add_person(made, CasePerson(name="张三", part="witness"), "leader", note),
        lambda: cases.add_document(made, sent("a.txt", b"x"), "leader", note),
    ):
        with pytest.raises(BadInput, match="已结案"):
            act()
    cases.move(made, "investigating", "leader", "出现新的证据", note)
    cases.join(made, kept, person("leader"), WHY, note)


def test_nothing_is_deletable(note: Record) -> None:
    made, kept = case(note), lead(note)
    cases.join(made, kept, person("leader"), WHY, note)
    for row in (made, kept, made.joins.first(), made.events.first(), kept.run):
        assert row is not None
        with pytest.raises(NotDeletable):
            row.delete()
    for many in (Lead.objects.all(), Case.objects.filter(pk=made.pk), made.events.all(),
                 CaseDocument.objects.all(), FraudRun.objects.all()):  # fmt: skip
        with pytest.raises(NotDeletable):
            many.delete()


def test_evidence_is_bounded(note: Record) -> None:
    large = {"series": {"values": [0.123456] * 100_000}, "numbers": {"stat": 1.0}}
    kept = lead(note, evidence=large)
    assert kept.evidence == {"series": None, "numbers": {"stat": 1.0}, "too_long": True}
