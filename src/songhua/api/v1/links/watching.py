"""Links of loggers: how they stand, their alarms, and the frames of the journal."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema

from songhua.api import ports
from songhua.api.v1.asked import moment
from songhua.api.v1.security import Allowed
from songhua.assess.transmission import rates
from songhua.ingest.hj212.search import Wanted
from songhua.model import BadInput, UnknownName
from songhua.store import shelf
from songhua.store.registry import alarms, fleet, hours
from songhua.store.registry.models import Alarm, User

router = Router(tags=["links"])

_MOST = 500
_MOST_ALARMS = 1000
_HISTORY = timedelta(days=7)


class Acknowledged(Schema):
    """What a person says about an alarm; may be empty."""

    note: str = ""


@router.get("/links", auth=Allowed("see_imports"))
def listed(
    request: HttpRequest, state: str = "", q: str = "", after: int = 0, most: int = 100
) -> dict[str, Any]:
    """Return the loggers of the person's region, those that want a person first.

    `after` rows are left out, `most` are returned (500 at most).
    """
    if state and state not in fleet.STATES:
        raise BadInput(
            f"state 只能是 {'、'.join(fleet.STATES)}。",
            f"state is one of {', '.join(fleet.STATES)}.",
        )
    user, now = _user(request), timezone.now()
    begin, count = max(after, 0), min(max(most, 1), _MOST)
    if state == "unknown":
        strangers = fleet.strangers(user, text=q[:60])[begin : begin + count]
        found = [{"state": "unknown", **_plain(row)} for row in strangers.values("mn", *fleet.LINK)]
    else:
        rows = fleet.rows(user, now, state=state, text=q[:60])[begin : begin + count]
        found = [_plain(row) for row in rows]
    return {"counts": fleet.counts(user, now, text=q[:60]), "links": found}


@router.get("/links/frames", auth=Allowed("see_imports"))
def frames(
    request: HttpRequest,
    *,
    mn: str = "",
    start: str = "",
    end: str = "",
    cn: str = "",
    text: str = "",
    address: str = "",
    damaged: bool | None = None,
    before: str = "",
) -> dict[str, Any]:
    """Return frames of the journal, newest first, without passwords; 100 at most.

    One search takes a second at most: where `go_on` is given, ask again with it as `before`.
    """
    found = ports.platform().frames(
        Wanted(
            mns=fleet.mns_of(_user(request)),
            mn=mn[:40],
            start=moment(start, name="start") if start else None,
            end=moment(end, name="end", closes=True) if end else None,
            cn=cn[:8],
            text=text[:200],
            address=address[:60],
            damaged=damaged,
            before=_place(before),
        )
    )
    return {
        "frames": [
            {
                "seq": one.seq,
                "place": one.place,
                "at": one.received.at.isoformat(),
                "mn": one.mn,
                "cn": one.cn,
                "address": one.received.address,
                "fault": one.received.fault,
                "text": one.text,
            }
            for one in found.seen
        ],
        "looked_at": found.looked_at,
        "upto": found.upto.isoformat() if found.upto else None,
        "go_on": "{}.{}".format(*found.go_on) if found.go_on else None,
    }


@router.get("/links/alarms", auth=Allowed("see_imports"))
def alarms_listed(request: HttpRequest, *, over: bool = False, mn: str = "") -> dict[str, Any]:
    """Return the alarms of the person's region that are open; with `over` all."""
    every = alarms.of_user(_user(request))
    if not over:
        every = every.filter(until=None)
    if mn:
        every = every.filter(mn=mn[:40])
    return {"alarms": [_alarm(one) for one in every[:_MOST_ALARMS]]}


@router.post("/links/alarms/{int:number}/acknowledge", auth=Allowed("import"))
def acknowledge(request: HttpRequest, number: int, said: Acknowledged) -> dict[str, Any]:
    """Note that a person has seen an alarm; the first to do so stays on record."""
    user = _user(request)
    one = alarms.of_user(user).filter(pk=number).first()
    if one is None:
        raise UnknownName("报警", "alarm", str(number))
    alarms.acknowledge(user, [number], " ".join(said.note.split()))
    one.refresh_from_db()
    return _alarm(one)


@router.get("/links/{mn}", auth=Allowed("see_imports"))
def shown(request: HttpRequest, mn: str) -> dict[str, Any]:
    """Return one logger: its state, transmission rates, and the hours of seven days."""
    user, now = _user(request), timezone.now()
    row = fleet.one(user, mn, now)
    if row is None:
        raise UnknownName("数采仪", "logger", mn[:40])
    came = []
    if row["site_id"] and row["first_seen"]:
        came = rates(shelf(), row["site_id"], row["first_seen"], now=now)
    return {
        **_plain(row),
        "rates": {one.name: {"received": one.received, "expected": one.expected} for one in came},
        "hours": [
            {
                "hour": one.hour.isoformat(),
                "frames": one.frames,
                "damaged": one.damaged,
                "values": one.values,
                "faults": one.faults,
                "skew": [one.skew_min, one.skew_max],
            }
            for one in hours.history(mn, now - _HISTORY)
        ],
        "alarms": [_alarm(one) for one in alarms.open_alarms(user).filter(mn=mn)],
    }


def _alarm(one: Alarm) -> dict[str, Any]:
    return {
        "id": one.pk,
        "mn": one.mn,
        "kind": one.kind,
        "city": one.city,
        "since": one.since.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "minutes": one.minutes,
        "value": one.value,
        "limit": one.limit,
        "acknowledged_by": one.acknowledged_by,
        "acknowledged_at": one.acknowledged_at.isoformat() if one.acknowledged_at else None,
        "note": one.note,
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
    told["site"] = told.pop("site_id", None)
    return told


def _place(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    seq, _, place = text.partition(".")
    if not all(one.isascii() and one.isdigit() and len(one) < 18 for one in (seq, place)):
        raise BadInput("before 应写作 12.0。", "Write before as 12.0.")
    return int(seq), int(place)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `Allowed` let nobody else in
    return request.user
