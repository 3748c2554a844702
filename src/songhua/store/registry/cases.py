"""Case files: opened from leads, moved on by legal steps, decided by a named person."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from songhua.model import BEIJING, BadInput, UnknownName
from songhua.store.registry.casework import (
    CASE_STATES,
    MOVES,
    PARTS,
    Case,
    CaseDecision,
    CaseDocument,
    CaseEvent,
    CaseLead,
    CasePerson,
    Lead,
)
from songhua.store.registry.documents import Document, kind_of
from songhua.store.registry.leads import Note, reason
from songhua.store.registry.models import Region, User
from songhua.store.registry.rights import Action, covers, stem

_STATES = dict(CASE_STATES)
_DECIDABLE = ("investigating", "on_site")
_MOST = {"leads": 200, "people": 100, "documents": 200}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as a person enters it."""

    text: str
    person: str
    clause: str
    on: date


def cases_of(who: User) -> QuerySet[Case]:
    """Return the cases a person may see: of their region, by their role."""
    if not who.may(Action.INVESTIGATE):
        return Case.objects.none()
    if who.is_superuser:
        return Case.objects.all()
    if who.region_id is None:
        return Case.objects.none()
    return Case.objects.filter(region__code__startswith=stem(who.region_id))


def case_numbered(who: User, number: str) -> Case:
    """Return a case that a person may see.

    Raises
    ------
    UnknownName
        If there is none.
    """
    found = cases_of(who).filter(number=number).select_related("region").first()
    if found is None:
        raise UnknownName("案件", "case", number[:20])
    return found


@transaction.atomic
def open_case(who: User, *, title: str, region: str, why: str, note: Note) -> Case:
    """Open a case.

    Raises
    ------
    BadInput
        If the title or the reason is missing, or the region is not the person's.
    """
    title, why = _short(title, "案由", "title", 4, 120), reason(why)
    if not Region.objects.filter(code=region).exists() or not who.covers(region):
        raise BadInput("这个地区不在您的管辖范围内。", "This region is outside yours.")
    # whoever opens a case waits for the one before: numbers follow each other
    list(Region.objects.select_for_update().filter(level="province", own=True))
    now = timezone.now()
    case = Case(number=_next(now), title=title, region_id=region, opened_at=now)
    case.opened_by = who.get_username()
    told = {"state": "open", "title": title, "region": region}
    seq = note("opened", {"case": case.number, "after": told, "why": why})
    case.save()
    CaseEvent.objects.create(
        case=case, what="opened", who=case.opened_by, at=now, after=told, why=why, journal_seq=seq
    )
    return case


@transaction.atomic
def move(case: Case, to: str, who: str, why: str, note: Note) -> None:
    """Move a case on.

    Raises
    ------
    BadInput
        If there is no such step from where it stands, or the reason is missing; a decision is
        entered by `decide`.
    """
    case, why = _locked(case), reason(why)
    if to not in MOVES[case.state] or to == "decided":
        raise BadInput(
            f"案件现为“{_STATES[case.state]}”，不能转为“{_STATES.get(to, to[:20])}”。",
            f"A case that is {case.state} cannot become {to[:20]}.",
        )
    _moved(case, to, "moved", who, why, note, {})


@transaction.atomic
def decide(case: Case, told: Decided, who: User, note: Note) -> CaseDecision:
    """Enter the decision of a case: its text, who decided, by which clause.

    Raises
    ------
    BadInput
        If the case is not being investigated, has no lead and no document, something is missing,
        or the person may not.
    """
    case = _locked(case)
    if not who.may(Action.DECIDE):
        raise BadInput("认定须由负责人登记。", "A decision is entered by a leader.")
    if case.state not in _DECIDABLE:
        raise BadInput(
            f"案件现为“{_STATES[case.state]}”，不能认定。",
            f"A case that is {case.state} cannot be decided.",
        )
    held = case.joins.filter(ended_at=None).exists() or case.documents.filter(ended_at=None)
    if not held:
        raise BadInput("案件没有线索也没有材料。", "The case has neither lead nor document.")
    today = timezone.now().astimezone(BEIJING).date()
    if not case.opened_at.astimezone(BEIJING).date() <= told.on <= today:
        raise BadInput(
            "决定日期须在立案与今日之间。",
            "The day lies between the opening of the case and today.",
        )
    decision = CaseDecision(
        case=case,
        text=_short(told.text, "认定内容", "decision", 10, 4000),
        person=_short(told.person, "决定人", "person who decided", 2, 60),
        clause=_short(told.clause, "依据条款", "clause", 4, 200),
        decided_on=told.on,
        at=timezone.now(),
        author=who.get_username(),
    )
    after = {
        "text": decision.text,
        "person": decision.person,
        "clause": decision.clause,
        "on": told.on.isoformat(),
    }
    _moved(case, "decided", "decided", decision.author, "", note, after)
    decision.save()
    return decision


@transaction.atomic
def join(case: Case, lead: Lead, who: User, why: str, note: Note) -> None:
    """Join a lead into a case.

    Raises
    ------
    BadInput
        If it is in a case or dismissed, of another region, the case is closed, or the reason is
        missing.
    """
    case, why = _open(case), reason(why)
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    if lead.state != "new":
        raise BadInput("这条线索已有人处理，请刷新。", "The lead was handled already: reload.")
    if not covers(case.region_id, lead.region_id):
        raise BadInput("这条线索不属于本案的地区。", "The lead is of another region than the case.")
    _refuse_more(case.joins.filter(ended_at=None).count(), "leads")
    name, now = who.get_username(), timezone.now()
    _event(case, "joined", name, why, note, {}, {"lead": lead.key}, lead)
    CaseLead.objects.create(case=case, lead=lead, added_at=now, added_by=name)
    lead.state = "joined"
    lead.save(update_fields=["state"])


@transaction.atomic
def remove(case: Case, lead: Lead, who: str, why: str, note: Note) -> None:
    """Take a lead out of a case; that it was in it stays on record.

    Raises
    ------
    BadInput
        If it is not in the case, the case is closed, or the reason is missing.
    """
    case, why = _open(case), reason(why)
    held = case.joins.filter(lead=lead, ended_at=None).first()
    if held is None:
        raise BadInput("这条线索不在本案中。", "The lead is not in this case.")
    _event(case, "removed", who, why, note, {"lead": lead.key}, {}, lead)
    held.ended_at = timezone.now()
    held.save(update_fields=["ended_at"])
    lead = Lead.objects.select_for_update().get(pk=lead.pk)
    lead.state = "new"
    lead.save(update_fields=["state"])


@transaction.atomic
def add_person(case: Case, person: CasePerson, who: str, note: Note) -> CasePerson:
    """Put a person and their part on record.

    Raises
    ------
    BadInput
        If the name is missing, the part is none, or the case is closed.
    """
    case = _open(case)
    if person.part not in dict(PARTS):
        raise BadInput("请选择身份。", "Choose a part.")
    _refuse_more(case.people.filter(ended_at=None).count(), "people")
    person.case, person.added_at, person.added_by = case, timezone.now(), who
    person.name = _short(person.name, "姓名", "name", 2, 60)
    person.unit, person.note = person.unit[:120].strip(), person.note[:500].strip()
    told = {"name": person.name, "part": person.part, "unit": person.unit, "note": person.note}
    _event(case, "person", who, "", note, {}, told)
    person.save()
    return person


@transaction.atomic
def end_person(case: Case, person_id: int, who: str, why: str, note: Note) -> None:
    """Say that a person takes part no longer, and why.

    Raises
    ------
    BadInput
        If there is no such person, the case is closed, or the reason is missing.
    """
    case, why = _open(case), reason(why)
    person = case.people.filter(pk=person_id, ended_at=None).first()
    if person is None:
        raise BadInput("本案没有这个人员。", "There is no such person in this case.")
    told = {"name": person.name, "part": person.part}
    _event(case, "person_ended", who, why, note, told, {})
    person.ended_at = timezone.now()
    person.save(update_fields=["ended_at"])


@transaction.atomic
def add_document(case: Case, sent: Document, who: str, note: Note) -> CaseDocument:
    """Keep a document; `sent.keep` puts its bytes in the journal.

    Raises
    ------
    BadInput
        If its kind or size is refused, the case holds it already, or the case is closed.
    """
    case, kind = _open(case), kind_of(sent)
    digest = hashlib.sha256(sent.body).hexdigest()
    _refuse_more(case.documents.filter(ended_at=None).count(), "documents")
    if case.documents.filter(ended_at=None, sha256=digest).exists():
        raise BadInput("本案已有同一份材料。", "The case holds this document already.")
    document = CaseDocument(
        case=case, name=sent.name, kind=kind, size=len(sent.body), sha256=digest,
        note=sent.note[:500].strip(), added_at=timezone.now(), added_by=who,
        journal_seq=sent.keep(sent.body),
    )  # fmt: skip
    told = {"name": sent.name, "sha256": digest, "size": len(sent.body), "note": document.note}
    _event(case, "document", who, "", note, {}, {**told, "journal": document.journal_seq})
    document.save()
    return document


@transaction.atomic
def end_document(case: Case, document_id: int, who: str, why: str, note: Note) -> None:
    """Say that a document is used no longer, and why; it stays.

    Raises
    ------
    BadInput
        If there is no such document, the case is closed, or the reason is missing.
    """
    case, why = _open(case), reason(why)
    document = case.documents.filter(pk=document_id, ended_at=None).first()
    if document is None:
        raise BadInput("本案没有这份材料。", "There is no such document in this case.")
    told = {"name": document.name, "sha256": document.sha256}
    _event(case, "document_ended", who, why, note, told, {})
    document.ended_at = timezone.now()
    document.save(update_fields=["ended_at"])


def _moved(
    case: Case, to: str, what: str, who: str, why: str, note: Note, more: Mapping[str, Any]
) -> None:
    before, after = {"state": case.state}, {"state": to, **more}
    _event(case, what, who, why, note, before, after)
    case.state = to
    case.save(update_fields=["state"])


def _event(
    case: Case,
    what: str,
    who: str,
    why: str,
    note: Note,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    lead: Lead | None = None,
) -> None:
    """Put an event in the journal, then in the register."""
    told = {"case": case.number, "before": before, "after": after, "why": why}
    CaseEvent.objects.create(
        case=case, lead=lead, what=what, who=who, at=timezone.now(), before=before, after=after,
        why=why, journal_seq=note(what, told),
    )  # fmt: skip


def _locked(case: Case) -> Case:
    return Case.objects.select_for_update().get(pk=case.pk)


def _open(case: Case) -> Case:
    found = _locked(case)
    if found.state == "closed":
        raise BadInput("案件已结案，须先恢复调查。", "The case is closed: take it up again first.")
    return found


def _refuse_more(held: int, what: str) -> None:
    if held >= _MOST[what]:
        raise BadInput(f"一案最多 {_MOST[what]} 项。", f"A case holds {_MOST[what]} at most.")


def _short(text: str, zh: str, en: str, least: int, most: int) -> str:
    told = text.strip()
    if not least <= len(told) <= most:
        raise BadInput(
            f"{zh}须为 {least} 至 {most} 字。", f"The {en} needs {least} to {most} characters."
        )
    return told


def _next(now: datetime) -> str:
    year = now.astimezone(BEIJING).year
    last = Case.objects.filter(number__startswith=f"{year}-").order_by("-number").first()
    return f"{year}-{1 if last is None else int(last.number[5:]) + 1:04d}"
