"""The doors of requests and gaps."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from songhua.api import ports
from songhua.api.v1.links import asking
from songhua.api.v1.security import Allowed
from songhua.store.registry import exchanges
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action

router = Router(tags=["links"])
MOST = 500
"""Most requests or gaps in one answer."""


class Wish(Schema):
    """A request: command number, fields of its CP by name, and why."""

    cn: Annotated[str, Field(max_length=8)]
    values: dict[str, str] = Field(default_factory=dict, max_length=asking.MOST_FIELDS)
    why: Annotated[str, Field(max_length=asking.LONGEST_WHY)] = ""


class Explanation(Schema):
    """Why data will not come: one of the reasons, and words."""

    reason: Annotated[str, Field(max_length=12)]
    words: Annotated[str, Field(max_length=1000)] = ""


@router.get("/links/{mn}/requests", auth=Allowed(Action.SEE_IMPORTS))
def listed(request: HttpRequest, mn: str, most: int = 100) -> list[dict[str, Any]]:
    """Return the requests to a logger, newest first, each with its steps."""
    device = asking.logger_named(_user(request), mn)
    rows = asking.requests_of(_user(request)).filter(mn=device.mn)
    return [asking.told_request(row) for row in rows[: max(1, min(most, MOST))]]


@router.post("/links/{mn}/requests", auth=Allowed(Action.REQUEST))
def send(request: HttpRequest, mn: str, wish: Wish) -> dict[str, Any]:
    """Send a request to a logger; ask for its `id` to follow it."""
    user = _user(request)
    number = asking.send(user, asking.logger_named(user, mn), wish.cn, wish.values, wish.why)
    return {"id": number}


@router.post("/links/{mn}/photo", auth=Allowed(Action.REQUEST))
def photo(request: HttpRequest, mn: str, why: Annotated[str, Field(max_length=500)] = "") -> Any:
    """Fetch a photo from the camera beside a logger, and keep it in the journal."""
    user = _user(request)
    device = asking.logger_named(user, mn)
    number = ports.platform().photo(device.mn, author=user.get_username(), why=why)
    return asking.told_request(asking.request_numbered(user, number))


@router.get("/links/requests/{int:number}", auth=Allowed(Action.SEE_IMPORTS))
def one(request: HttpRequest, number: int) -> dict[str, Any]:
    """Return a request and what has come of it."""
    return asking.told_request(asking.request_numbered(_user(request), number))


@router.get("/links/gaps", auth=Allowed(Action.SEE_IMPORTS))
def gaps(
    request: HttpRequest, site: str = "", state: str = "open", most: int = 100
) -> list[dict[str, Any]]:
    """Return hours that did not come, newest first; an empty state for all."""
    rows = asking.gaps_of(_user(request))
    if site:
        rows = rows.filter(site_id=site)
    if state:
        rows = rows.filter(state=state)
    return [asking.told_gap(row) for row in rows[: max(1, min(most, MOST))]]


@router.post("/links/gaps/{int:number}/explain", auth=Allowed(Action.REQUEST))
def explain(request: HttpRequest, number: int, told: Explanation) -> dict[str, Any]:
    """Say why the data of a gap will not come."""
    user = _user(request)
    gap = asking.gap_numbered(user, number)
    exchanges.explain_gap(gap.pk, told.words, user.get_username(), reason=told.reason)
    return asking.told_gap(asking.gap_numbered(user, number))


@router.post("/links/gaps/{int:number}/ask", auth=Allowed(Action.REQUEST))
def ask(request: HttpRequest, number: int) -> dict[str, Any]:
    """Ask the logger for a gap at once."""
    user = _user(request)
    gap = asking.gap_numbered(user, number)
    ports.platform().ask_gap(gap.pk, user.get_username())
    return asking.told_gap(asking.gap_numbered(user, number))


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `Allowed` let nobody else in
    return request.user
