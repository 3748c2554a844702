"""Leads and cases through the API: reading, with the rights of the pages."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from songhua.api.casework import told_case, told_lead
from songhua.api.v1.security import Allowed
from songhua.model import UnknownName
from songhua.store.registry.cases import case_numbered, cases_of
from songhua.store.registry.casework import CASE_STATES, LEAD_STATES
from songhua.store.registry.leads import lead_named, leads_of
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action, stem

router = Router(tags=["cases"])
MOST = 200
"""Most leads or cases in one answer."""


@router.get("/leads", auth=Allowed(Action.INVESTIGATE))
def leads(
    request: HttpRequest,
    detector: str = "",
    site: str = "",
    region: str = "",
    state: str = "",
    least: float = 0.0,
    page: int = 1,
) -> dict[str, Any]:
    """Return leads of the person's region, the strongest first."""
    rows = leads_of(_user(request)).filter(score__gte=least)
    if state:
        if state not in dict(LEAD_STATES):
            raise UnknownName("状态", "state", state[:20])
        rows = rows.filter(state=state)
    wanted = {"detector": detector, "site_id": site}
    rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    if region:
        rows = rows.filter(region__code__startswith=stem(region[:6]))
    first = (max(1, min(page, 100_000)) - 1) * MOST
    return {
        "count": rows.count(),
        "leads": [told_lead(one) for one in rows[first : first + MOST]],
    }


@router.get("/leads/{key}", auth=Allowed(Action.INVESTIGATE))
def lead(request: HttpRequest, key: str) -> dict[str, Any]:
    """Return a lead: evidence, explanations with their outcome, configuration, events."""
    return told_lead(lead_named(_user(request), key), whole=True)


@router.get("/cases", auth=Allowed(Action.INVESTIGATE))
def cases(request: HttpRequest, state: str = "", page: int = 1) -> dict[str, Any]:
    """Return cases of the person's region, the newest first."""
    rows = cases_of(_user(request))
    if state:
        if state not in dict(CASE_STATES):
            raise UnknownName("状态", "state", state[:20])
        rows = rows.filter(state=state)
    first = (max(1, min(page, 100_000)) - 1) * MOST
    return {
        "count": rows.count(),
        "cases": [told_case(one) for one in rows[first : first + MOST]],
    }


@router.get("/cases/{number}", auth=Allowed(Action.INVESTIGATE))
def case(request: HttpRequest, number: str) -> dict[str, Any]:
    """Return a case: leads, people, documents with their hashes, decisions, events."""
    return told_case(case_numbered(_user(request), number), whole=True)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `Allowed` let nobody else in
    return request.user
