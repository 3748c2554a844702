"""Requests to loggers: the list, one of them as it goes, and a new one in two steps."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.core.cache import cache
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.api.v1.links import asking
from songhua.api.v1.security import NotAllowed
from songhua.ingest.hj212.commands import changes_device, sendable
from songhua.ingest.hj212.segment import Repeated
from songhua.model import BadInput, UnknownName
from songhua.standards.hj212 import Command as Kind
from songhua.standards.hj212 import cp_fields
from songhua.store.registry import fleet
from songhua.store.registry.keys import seal, unseal
from songhua.store.registry.models import Command, Device, User
from songhua.store.registry.rights import Action
from songhua.store.registry.twoway import COMMAND_STATES
from songhua.web.access import needs
from songhua.web.links import forms
from songhua.web.links.meaning import without_secrets

_PAGE = 50
_GOOD_FOR = 600
"""How long a confirmation may be sent. [s]"""
_SECRETS = ("NewPW", "NewSK")
_STAMP = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)")


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the requests of the person's region, newest first."""
    every = asking.requests_of(_user(request))
    mn, cn, state = (request.GET.get(name, "")[:40] for name in ("mn", "cn", "state"))
    numbers = sorted(set(every.order_by().values_list("cn", flat=True)))
    rows = every
    for name, value in (("mn", mn), ("cn", cn), ("state", state)):
        rows = rows.filter(**{name: value}) if value else rows
    found = Paginator(rows, _PAGE).get_page(request.GET.get("page"))
    names = _names([one.mn for one in found])
    page = {
        "listed": found,
        "rows": [_row(one, names) for one in found],
        "loggers": fleet.devices_of(_user(request)),
        "mn": mn,
        "cn": cn,
        "state": state,
        "numbers": [(one, asking.name_of(Command(cn=one))) for one in numbers],
        "states": [name for name, _ in COMMAND_STATES],
    }
    return render(request, "links/requests.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def one(request: HttpRequest, number: int) -> HttpResponse:
    """Show one request; its state asks for itself again while it is under way."""
    try:
        command = asking.request_numbered(_user(request), number)
    except UnknownName:
        raise Http404 from None
    page = {"row": _row(command, _names([command.mn]))}
    part = "links/request_state.html" if request.headers.get("HX-Request") else "links/request.html"
    return render(request, part, page)


@require_http_methods(["GET", "POST"])
@needs(Action.REQUEST)
def new(request: HttpRequest, mn: str) -> HttpResponse:
    """Choose a command and fill it in; then see what exactly would be sent."""
    user, device = _user(request), _device(request, mn)
    kinds = {kind.cn: kind for kind in sendable(device.edition)}
    cn = (request.POST if request.method == "POST" else request.GET).get("cn", "")
    kind = kinds.get(cn)
    fault: BadInput | NotAllowed | None = None
    if kind is not None and request.method == "POST":
        told = {name: str(value) for name, value in request.POST.items()}
        try:
            return _confirm(request, device, kind, told)
        except (BadInput, NotAllowed) as found:
            fault = found
    given = {
        name: str(value) for name, value in {**request.GET.dict(), **request.POST.dict()}.items()
    }
    may_change = user.may(Action.MANAGE)
    page = {
        "device": device,
        "groups": forms.grouped(device.edition, may_change=may_change),
        "kind": kind if kind and (may_change or not changes_device(kind)) else None,
        "changes": kind is not None and changes_device(kind),
        "fields": forms.fields_of(kind, now=datetime.now(UTC), given=given) if kind else [],
        "known_codes": forms.known_codes() if kind and "PolId" in kind.asks else (),
        "info_codes": forms.info_codes() if kind and "InfoId" in kind.asks else (),
        "why": given.get("why", ""),
        "fault": fault,
        "may_change": may_change,
    }
    return render(request, "links/request_new.html", page, status=400 if fault else 200)


@require_POST
@needs(Action.REQUEST)
def send(request: HttpRequest, mn: str) -> HttpResponse:
    """Send what was confirmed, once."""
    user, device = _user(request), _device(request, mn)
    draft = request.POST.get("draft", "")
    plain = unseal(draft, within=_GOOD_FOR)
    told = json.loads(plain) if plain else {}
    fault: BadInput | NotAllowed
    if told.get("mn") != device.mn or told.get("who") != user.get_username():
        fault = BadInput(
            "确认已过期，请重新填写。", "The confirmation has expired: fill it in again."
        )
    elif not cache.add("sent-" + hashlib.sha256(draft.encode()).hexdigest(), 1, _GOOD_FOR):
        return redirect("links:requests")
    else:
        try:
            values = _values_again(told["values"])
            number = asking.send(user, device, told["cn"], values, told["why"])
            return redirect("links:request", number)
        except (BadInput, NotAllowed) as found:
            fault = found
    return render(
        request, "links/request_fault.html", {"fault": fault, "device": device}, status=400
    )


@require_POST
@needs(Action.REQUEST)
def look(request: HttpRequest, mn: str) -> HttpResponse:
    """Take a photo at the logger's place, or open its video; both are on record."""
    user, device = _user(request), _device(request, mn)
    why, who = request.POST.get("why", "")[: asking.LONGEST_WHY], user.get_username()
    if "video" in request.POST:
        if not device.video:
            raise Http404
        ports.platform().video(device.mn, author=who, why=why)
        return redirect(device.video)
    return redirect("links:request", ports.platform().photo(device.mn, author=who, why=why))


@require_GET
@needs(Action.SEE_IMPORTS)
def photo(request: HttpRequest, number: int) -> HttpResponse:
    """Return the photo that came of a request, as it came."""
    try:
        command = asking.request_numbered(_user(request), number)
    except UnknownName:
        raise Http404 from None
    seq = next((step["seq"] for step in command.steps if "seq" in step), 0)
    data = ports.platform().sent(seq) if command.cn == "photo" and seq else b""
    if not data:
        raise Http404
    kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
    return HttpResponse(data, content_type=kind, headers={"Content-Disposition": "inline"})


def _confirm(
    request: HttpRequest, device: Device, kind: Kind, told: Mapping[str, str]
) -> HttpResponse:
    """Show in words and in bytes what would be sent."""
    user = _user(request)
    why = told.get("why", "").strip()
    values = forms.values_of(kind, told)
    asking.check_request(user, device, kind.cn, values, why)
    frame, is_encrypted = ports.platform().preview(device.mn, kind.cn, values)
    draft = {"mn": device.mn, "who": user.get_username(), "cn": kind.cn, "why": why}
    kept = {name: list(value.values) if hasattr(value, "values") else value
            for name, value in values.items()}  # fmt: skip
    page = {
        "device": device,
        "kind": kind,
        "changes": changes_device(kind),
        "values": [_said(name, value) for name, value in values.items()],
        "why": why,
        "by_order": told.get("by_order", "").strip()[:150],
        "frame": without_secrets(frame.decode("utf-8", "backslashreplace")).strip(),
        "is_encrypted": is_encrypted,
        "draft": seal(json.dumps({**draft, "values": kept}).encode()),
        "has_key": "NewSK" in values,
    }
    return render(request, "links/request_confirm.html", page)


def _values_again(kept: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: Repeated(value) if isinstance(value, list) else str(value)
        for name, value in kept.items()
    }


def _said(name: str, value: str) -> Mapping[str, str]:
    """Return a field and its value in words."""
    stem = name.rpartition("-")[2]
    told = cp_fields().get(name) or cp_fields().get(f"xxxxxx-{stem}")
    at = _STAMP.fullmatch(value)
    shown = f"{at[1]}-{at[2]}-{at[3]} {at[4]}:{at[5]}:{at[6]}" if at else value
    return {
        "name": name,
        "value": "***" if name in _SECRETS else shown,
        "meaning_zh": told.meaning_zh if told else "",
        "meaning_en": told.meaning_en if told else "",
    }


def _row(command: Command, names: Mapping[str, str]) -> Mapping[str, Any]:
    steps = [
        {
            **step,
            "at": datetime.fromisoformat(step["at"]),
            "code_words": asking.code_words(step.get("code"), step["what"]),
        }
        for step in command.steps
    ]
    return {
        "one": command,
        "name": asking.name_of(command),
        "logger": names.get(command.mn, ""),
        "values": [_said(name, str(value)) for name, value in command.values.items()],
        "steps": steps,
        "is_open": command.state in asking.OPEN,
    }


def _names(mns: list[str]) -> dict[str, str]:
    return dict(Device.objects.filter(mn__in=mns).values_list("mn", "name"))


def _device(request: HttpRequest, mn: str) -> Device:
    try:
        return asking.logger_named(_user(request), mn)
    except UnknownName:
        raise Http404 from None


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
