"""Frames of the journal: found, read side by side with their meaning, and as they come."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from songhua.api import ports
from songhua.ingest.hj212.identify import dialect_of
from songhua.ingest.hj212.search import Seen, Wanted, masked, seen_of
from songhua.model import BEIJING, BadInput
from songhua.store.registry import fleet, links
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.links.meaning import brief, told

_MOST_TAILED = 100
_NUMBER = re.compile(r"[0-9]{1,17}")
_PLACE = re.compile(r"([0-9]{1,17})\.([0-9]{1,9})")
_DAMAGED = {"1": True, "0": False}


@require_GET
@needs(Action.SEE_IMPORTS)
def found(request: HttpRequest) -> HttpResponse:
    """Show the frames that are looked for, newest first, and the selected one's meaning."""
    asked = request.GET
    fault: BadInput | None = None
    result = None
    try:
        result = ports.platform().frames(wanted_of(asked, request.user))  # type: ignore[arg-type]
    except BadInput as one:
        fault = one
    go_on = ""
    if result is not None and result.go_on is not None:
        kept = {name: asked[name] for name in _NAMES if asked.get(name)}
        go_on = urlencode({**kept, "before": "{}.{}".format(*result.go_on)})
    page = {
        "asked": {name: asked.get(name, "") for name in _NAMES},
        "found": result,
        "rows": [_row(one) for one in result.seen] if result else [],
        "go_on": go_on,
        "went_on": bool(asked.get("before")),
        "fault": fault,
    }
    fragment = request.headers.get("HX-Request") and asked.get("rows")
    return render(request, "links/frame_rows.html" if fragment else "links/frames.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def frame(request: HttpRequest, seq: int, place: int) -> HttpResponse:
    """Show one frame of the journal with its meaning, as its logger's dialect reads it."""
    received = ports.platform().piece(seq, place)
    one = None if received is None else seen_of(seq, place, received)
    seen_by = fleet.mns_of(_user(request))
    if received is None or one is None or (seen_by is not None and one.mn not in seen_by):
        raise Http404
    device = links.known_devices(one.mn).get(one.mn) if one.mn else None
    page = {"one": one, "told": told(received.raw, dialect_of(device), now=received.at)}
    fragment = request.headers.get("HX-Request")
    return render(request, "links/frame_told.html" if fragment else "links/frame.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def tail(request: HttpRequest) -> HttpResponse:
    """Show frames as they come."""
    page = {"mn": request.GET.get("mn", "")[:40]}
    return render(request, "links/tail.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def tail_rows(request: HttpRequest) -> HttpResponse:
    """Return what came since a number, as rows of the table, newest first."""
    after = request.GET.get("after", "")
    number = int(after) if _NUMBER.fullmatch(after) else -1
    came = ports.platform().tail(number, 4 * _MOST_TAILED)
    if came is None:
        return HttpResponse(status=503)
    seen_by, mn = fleet.mns_of(_user(request)), request.GET.get("mn", "").strip()
    text = request.GET.get("text", "").strip().lower()[:100]
    rows = []
    for seq, place, received in reversed(came.pieces):
        one = seen_of(seq, place, received)
        is_wanted = (not mn or one.mn == mn) and (seen_by is None or one.mn in seen_by)
        if is_wanted and (not text or text in one.text.lower()):
            rows.append(_row(one))
    answer = render(request, "links/tail_rows.html", {"rows": rows[:_MOST_TAILED]})
    answer["X-Last"], answer["X-Missed"] = str(came.last), str(came.missed)
    answer["Cache-Control"] = "no-store"
    return answer


_NAMES = ("mn", "from", "to", "cn", "text", "address", "damaged")


def wanted_of(asked: Mapping[str, str], user: User, *, most: int = 100) -> Wanted:
    """Return what a request looks for.

    Raises
    ------
    BadInput
        If a time or the place to go on from cannot be read.
    """
    before = None
    if told_before := asked.get("before", ""):
        place = _PLACE.fullmatch(told_before)
        if place is None:
            raise BadInput("before 应写作 12.0。", "Write before as 12.0.")
        before = int(place[1]), int(place[2])
    return Wanted(
        mns=fleet.mns_of(user),
        mn=asked.get("mn", "").strip()[:40],
        start=_instant(asked.get("from", "")),
        end=_instant(asked.get("to", "")),
        cn=asked.get("cn", "").strip()[:8],
        text=asked.get("text", "").strip()[:200],
        address=asked.get("address", "").strip()[:60],
        damaged=_DAMAGED.get(asked.get("damaged", "")),
        before=before,
        most=most,
    )


def _instant(text: str) -> datetime | None:
    """Return the instant of a field of date and time, in Beijing time."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text[:40])
        return at if at.tzinfo else at.replace(tzinfo=BEIJING)
    except ValueError:
        raise BadInput(
            f"时间无法识别：{text[:40]}。请写成 2026-03-01T08:00。",
            f"Not a time: {text[:40]}. Write 2026-03-01T08:00.",
        ) from None


def _row(one: Seen) -> dict[str, Any]:
    zh, en = brief(one.received.raw, one.cn)
    return {
        "seq": one.seq,
        "place": one.place,
        "at": one.received.at.astimezone(BEIJING),
        "mn": one.mn,
        "cn": one.cn,
        "address": one.received.address,
        "fault": one.received.fault,
        "brief_zh": zh,
        "brief_en": en,
        "text": masked(one.received.raw)[:400],
    }


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
