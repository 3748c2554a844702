"""Every act at a door is put on record: who, from where, what, why, and how it ended.

What a person writes (anything but GET), what leaves as a file, and every log-in. Which rows of
which tables changed is written down by the database under the same token; what the act brought
into the journal is noted by number.
"""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from songhua.api import record
from songhua.api.record import Deed
from songhua.model.acting import acting
from songhua.store.registry.models import Device
from songhua.store.registry.triggers import tell_postgres
from songhua.web.middleware import Next

_READS = {"GET", "HEAD", "OPTIONS", "TRACE"}
_SILENT = ("/language/", "/static/", "/health", "/api/v1/observations")
"""Doors of no consequence, and that of machines, whose messages are in the journal as they are."""
_ENDS_SILENT = ("/preview", "/preview/")
_MOST_BODY = 1024 * 1024
_KINDS = (
    ("/api/v1/review", "mark"),
    ("/review", "mark"),
    ("/api/v1/air/corrections", "correction"),
    ("/api/v1/imports", "import"),
    ("/imports", "import"),
    ("/api/v1/lab", "lab"),
    ("/lab", "lab"),
    ("/links/sources", "setting"),
    ("/links/forward", "setting"),
    ("/api/v1/links", "command"),
    ("/links", "command"),
    ("/verdicts", "setting"),
    ("/cases", "case"),
    ("/record/influence", "influence"),
    ("/admin", "setting"),
)
_WHY = ("why", "reason", "words", "opinion")
_SITE = ("site", "key", "site_id")
_ABOUT = (
    *("object_id", "mn", "quantity", "time", "number", "code", "barcode", "cn"),
    *("act", "verdict", "value"),
)


class Recorder:
    """Put on record what comes through the doors. Stands between who asks and `Door`."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass a request on and put it on record when it was an act."""
        before = request.user.get_username()
        if request.method in _READS:
            response = self._next(request)
            if response.headers.get("Content-Disposition", "").startswith("attachment"):
                record.keep(_deed(request, response, "export", before, uuid.uuid4().hex, []))
            return response
        if request.path.startswith(_SILENT) or request.path.endswith(_ENDS_SILENT):
            return self._next(request)
        _read_early(request)
        token = uuid.uuid4().hex
        tell_postgres(token)
        try:
            with acting(token) as brought:
                response = self._next(request)
        finally:
            tell_postgres("")
        record.keep(_deed(request, response, _kind(request), before, token, brought))
        return response


def _deed(
    request: HttpRequest,
    response: HttpResponse,
    kind: str,
    before: str,
    token: str,
    brought: list[int],
) -> Deed:
    asked = {**_named(request), **_told(request)}
    who = before
    if kind == "login":
        who = request.user.get_username() or str(asked.get("username", ""))
        kind = "login" if request.user.is_authenticated else "login_failed"
    site = _first(asked, _SITE) or _site_of(str(asked.get("mn", "")))
    if request.path.startswith("/admin/registry/site/"):
        site = str(asked.get("object_id", "")) or site
    about = [f"{name}={asked[name]}" for name in _ABOUT if _is_plain(asked.get(name))]
    if kind == "export":
        about = [request.META.get("QUERY_STRING", "")]
    return Deed(
        kind=kind,
        who=who,
        address=request.META.get("REMOTE_ADDR", ""),
        door=f"{request.method} {request.path}",
        outcome=422 if response.status_code < 400 and _refused(request) else response.status_code,
        token=token,
        site=site,
        subject=" ".join(about),
        why="" if kind == "influence" else _why(asked),
        by_order=_first(asked, ("by_order",)),
        brought=brought,
    )


def _kind(request: HttpRequest) -> str:
    path = request.path
    if path.endswith("/login/"):
        return "login"
    if path.endswith("/logout/"):
        return "logout"
    if (
        request.method == "DELETE"
        or path.endswith("/delete/")
        or _posted(request).get("action") == "delete_selected"
    ):
        return "deletion"
    return next((kind for begin, kind in _KINDS if path.startswith(begin)), "other")


def _read_early(request: HttpRequest) -> None:
    """Read a JSON body before the view does: afterwards it is gone."""
    size = request.META.get("CONTENT_LENGTH") or "0"
    if request.content_type == "application/json" and size.isdigit() and int(size) <= _MOST_BODY:
        _ = request.body


def _told(request: HttpRequest) -> Mapping[str, Any]:
    """Return what the form or the body said."""
    if request.method in _READS:
        return {name: str(value) for name, value in request.GET.items()}
    if request.content_type == "application/json":
        try:
            found = json.loads(getattr(request, "_body", b"") or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    return _posted(request)


def _posted(request: HttpRequest) -> Mapping[str, Any]:
    """Return the fields of the form; a large one that nobody read is not read for this."""
    size = request.META.get("CONTENT_LENGTH") or "0"
    if hasattr(request, "_post") or (size.isdigit() and int(size) <= _MOST_BODY):
        return {name: str(value) for name, value in request.POST.items()}
    return {}


def _named(request: HttpRequest) -> Mapping[str, Any]:
    return dict(request.resolver_match.kwargs) if request.resolver_match else {}


def _first(asked: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(asked[name]) for name in names if _is_plain(asked.get(name))), "")


def _why(asked: Mapping[str, Any]) -> str:
    """Return the reason that was chosen and the words beside it."""
    said = [str(asked[name]).strip() for name in _WHY if _is_plain(asked.get(name))]
    return "；".join(dict.fromkeys(one for one in said if one))


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _site_of(mn: str) -> str:
    if not mn:
        return ""
    found = Device.objects.filter(mn=mn[:40]).values_list("site_id", flat=True).first()
    return found or ""


def _refused(request: HttpRequest) -> bool:
    """Return whether the page told the person that it could not be done."""
    storage = getattr(request, "_messages", None)
    queued = getattr(storage, "_queued_messages", ())
    return any(one.level >= messages.ERROR for one in queued)
