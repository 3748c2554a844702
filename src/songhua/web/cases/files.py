"""Case files: the list, one with all that belongs to it, the view for the court."""

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import casework, ports
from songhua.model import BEIJING, BadInput
from songhua.standards.casework_clauses import case_clauses
from songhua.store.registry import cases, leads
from songhua.store.registry.cases import Decided
from songhua.store.registry.casework import MOVES
from songhua.store.registry.documents import KINDS, MOST_BYTES, Document
from songhua.store.registry.models import Case, CasePerson, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.cases.leads import event_rows, note_by, page_of, row_of
from songhua.web.lab.asked import day_told, done, found, told, user_of

_PAGE = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Also what turns the direction of writing, by which a name can pretend another ending."""


@require_GET
@needs(Action.INVESTIGATE)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the cases of the person's region, newest first."""
    state = request.GET.get("state", "")
    rows = cases.cases_of(user_of(request)).select_related("region")
    if state in casework.CASE_STATES:
        rows = rows.filter(state=state)
    shown_part = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    page = {
        "listed": shown_part,
        "rows": [
            {
                "case": one,
                "state": casework.CASE_STATES[one.state],
                "leads": one.joins.filter(ended_at=None).count(),
                "documents": one.documents.filter(ended_at=None).count(),
            }
            for one in shown_part
        ],
        "state": state,
        "states": casework.CASE_STATES.items(),
    }
    return render(request, "cases/cases.html", page)


@require_GET
@needs(Action.INVESTIGATE)
def shown(request: HttpRequest, number: str) -> HttpResponse:
    """Show a case: where it stands, its leads, people, documents, decisions, what happened."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))
    return render(request, "cases/case.html", _page(case, user))


@require_GET
@needs(Action.INVESTIGATE)
def printed(request: HttpRequest, number: str) -> HttpResponse:
    """Show a case file as it is printed: every lead with its picture, every hash."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))
    joins = case.joins.filter(ended_at=None).select_related(
        "lead", "lead__region", "lead__run", "lead__first_run"
    )
    page = {
        **_page(case, user),
        "pages": [page_of(one.lead) for one in joins],
        "printed_at": timezone.now(),
        "printed_by": user,
    }
    return render(request, "cases/print.html", page)


@require_POST
@needs(Action.INVESTIGATE)
def move(request: HttpRequest, number: str) -> HttpResponse:
    """Move a case on."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        name = user.get_username()
        cases.move(case, told(request, "to", 20), name, told(request, "why"), note_by(user))
        return _("已改变状态。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.DECIDE)
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Enter a decision."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        decision = Decided(
            text=told(request, "text", 5000),
            person=told(request, "person", 100),
            clause=told(request, "clause", 300),
            on=day_told(request, "on"),
        )
        cases.decide(case, decision, user, note_by(user))
        return _("已登记认定。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.INVESTIGATE)
def remove(request: HttpRequest, number: str, key: str) -> HttpResponse:
    """Take a lead out of a case."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))
    lead = found(lambda: leads.lead_named(user, key))

    def act() -> str:
        cases.remove(case, lead, user.get_username(), told(request, "why"), note_by(user))
        return _("已移出线索。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.INVESTIGATE)
def person(request: HttpRequest, number: str) -> HttpResponse:
    """Put a person on record."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        made = CasePerson(
            name=told(request, "name", 100),
            part=told(request, "part", 14),
            unit=told(request, "unit", 120),
            note=told(request, "note", 500),
        )
        cases.add_person(case, made, user.get_username(), note_by(user))
        return _("已登记人员。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.INVESTIGATE)
def person_end(request: HttpRequest, number: str, person_id: int) -> HttpResponse:
    """Say that a person takes part no longer."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        name, why = user.get_username(), told(request, "why")
        cases.end_person(case, person_id, name, why, note_by(user))
        return _("已登记，原记录保留。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.INVESTIGATE)
def document(request: HttpRequest, number: str) -> HttpResponse:
    """Take a document."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        cases.add_document(case, _sent(request, user), user.get_username(), note_by(user))
        return _("已存入材料。")

    return done(request, "cases:case", act, number=number)


@require_POST
@needs(Action.INVESTIGATE)
def document_end(request: HttpRequest, number: str, document_id: int) -> HttpResponse:
    """Say that a document is used no longer."""
    user = user_of(request)
    case = found(lambda: cases.case_numbered(user, number))

    def act() -> str:
        name, why = user.get_username(), told(request, "why")
        cases.end_document(case, document_id, name, why, note_by(user))
        return _("已登记，原记录保留。")

    return done(request, "cases:case", act, number=number)


@require_GET
@needs(Action.INVESTIGATE)
def download(request: HttpRequest, number: str, document_id: int) -> HttpResponse:
    """Send a document as it was taken; never shown as a page."""
    case = found(lambda: cases.case_numbered(user_of(request), number))
    one = case.documents.filter(pk=document_id).first()
    if one is None:
        raise Http404
    body = ports.platform().document(one.journal_seq)
    return HttpResponse(
        body,
        content_type="application/octet-stream",
        headers={
            "Content-Disposition": _attachment(one.name, one.kind),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _page(case: Case, user: User) -> dict[str, Any]:
    joins = list(case.joins.filter(ended_at=None).select_related("lead", "lead__region"))
    names = casework.site_names(one.lead.site_id for one in joins)
    today = timezone.now().astimezone(BEIJING).date()
    steps = [one for one in MOVES[case.state] if one != "decided"]
    return {
        "case": case,
        "state": casework.CASE_STATES[case.state],
        "steps": [(one, casework.CASE_STATES[one]) for one in steps],
        "course": _course(case),
        "leads": [row_of(one.lead, names) for one in joins],
        "people": [
            {"person": one, "part": casework.words_of(casework.PARTS, one.part)}
            for one in case.people.all()
        ],
        "parts": casework.PARTS.items(),
        "documents": case.documents.all(),
        "kinds": KINDS,
        "most_mb": MOST_BYTES // 1024**2,
        "decisions": case.decisions.all(),
        "events": event_rows(case.events.select_related("lead", "case")),
        "may_decide": user.may(Action.DECIDE) and "decided" in MOVES[case.state],
        "clauses": case_clauses(on=today),
        "today": today.isoformat(),
        "is_open": case.state != "closed",
    }


def _course(case: Case) -> list[dict[str, Any]]:
    """Return the states of a case, those it has been in marked."""
    been = {"open", case.state, *_states_been(case)}
    return [
        {"words": words, "here": key == case.state, "been": key in been}
        for key, words in casework.CASE_STATES.items()
    ]


def _states_been(case: Case) -> set[str]:
    return {str(one.after["state"]) for one in case.events.all() if "state" in one.after}


def _sent(request: HttpRequest, user: User) -> Document:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not file.size:
        raise BadInput("没有选择文件。", "No file was chosen.")
    most = MOST_BYTES // 1024**2
    if file.size > MOST_BYTES:
        raise BadInput(f"文件不得超过 {most} MB。", f"At most {most} MB.")
    name = _CONTROL.sub("", PurePosixPath((file.name or "").replace("\\", "/")).name)
    return Document(
        name=name,
        body=file.read(),
        note=told(request, "note", 500),
        keep=lambda body: ports.platform().keep_document(body, user.get_username()),
    )


def _attachment(name: str, kind: str) -> str:
    plain = f"document.{kind}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
