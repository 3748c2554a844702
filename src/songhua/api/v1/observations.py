"""The door for programs: observations as JSON, a key a message, kept before they are answered."""

import hashlib
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.params.functions import Header
from ninja.responses import Status
from ninja.security import HttpBearer
from pydantic import Field

from songhua.api import ports
from songhua.api.v1.security import Allowed
from songhua.ingest.observations import MOST_BYTES, MOST_ROWS, parse
from songhua.model import BadInput, KnownSource, UnknownName
from songhua.store.registry import sources
from songhua.store.registry.models import Source, SourceState, User
from songhua.store.registry.rights import Action

router = Router(tags=["observations"])

_KEY = re.compile(r"[!-~]{1,200}")
RATE, BURST = 5.0, 60.0
"""Messages of one source a second, and at once."""


class Bearer(HttpBearer):
    """A source with its token."""

    def authenticate(self, request: HttpRequest, token: str) -> KnownSource | None:
        """Return the source, None for a stranger."""
        return sources.by_token(token)


class Row(Schema):
    """One value. `time` is the start of the interval; without a zone it is Beijing time."""

    site: str
    quantity: str = Field(description="pm2_5 … or a code of HJ 212 (a34004)")
    period: str = Field("hour", description="realtime | minute | hour | day")
    time: str = Field(examples=["2026-01-01T08:00:00+08:00"])
    value: float | None = Field(description="null: delivered as missing")
    unit: str = Field("", description="empty: the unit of the quantity")
    mark: str = Field("", description="the station's mark; empty or N is normal")


class Reason(Schema):
    """Why rows were set aside, and how many."""

    reason: str
    rows: int
    zh: str
    en: str


class AsideRow(Schema):
    """A row that was set aside; rows count from 1."""

    row: int
    reason: str
    zh: str
    en: str


class Answer(Schema):
    """What came of a message. While it waits for the store only `journal` is known."""

    state: str
    journal: int
    rows: int | None = None
    new: int | None = None
    changed: int | None = None
    same: int | None = None
    set_aside: int | None = None
    reasons: list[Reason] = Field([])
    aside: list[AsideRow] = Field([], description="the first 1000")


class Refused(Schema):
    """What is wrong, in Chinese and English."""

    zh: str
    en: str


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["observations"],
                    "properties": {
                        "observations": {
                            "type": "array",
                            "minItems": 1,
                            "maxItems": MOST_ROWS,
                            "items": Row.model_json_schema(),
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    "/observations",
    auth=Bearer(),
    response={201: Answer, 202: Answer, (400, 401, 409, 413, 429, 503): Refused},
    openapi_extra=_BODY,
)
def send(
    request: HttpRequest, key: str = Header("", alias="Idempotency-Key")
) -> Status[Mapping[str, Any]]:
    """Keep observations: 201 once they are in the journal and on the shelf.

    202: in the journal, the store is busy or down; ask for the receipt later. The same
    `Idempotency-Key` with the same body gets the same answer, with another body 409. At most
    10 MiB and 100 000 rows. Rows that cannot be used are set aside, the others go in.
    """
    source = _source(request)
    if not _KEY.fullmatch(key):
        raise BadInput(
            "请求头 Idempotency-Key 应为 1 到 200 个可见 ASCII 字符。",
            "The header Idempotency-Key needs 1 to 200 visible ASCII characters.",
        )
    if not _may_go_on(source.id):
        return _refused(
            429, "请求太频繁，请稍后再试。", "Too many requests. Try again in a moment."
        )
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        most = MOST_BYTES // 2**20
        return _refused(413, f"报文超过 {most} MiB。", f"The message is larger than {most} MiB.")
    parse(body)
    try:
        answer = ports.platform().take(source, body, key)
    except ports.KeyTaken as fault:
        return _refused(409, fault.zh, fault.en)
    except BadInput as fault:  # the body was read: it is not the sender's fault
        return _refused(503, fault.zh, fault.en)
    return Status(201 if answer["state"] == "done" else 202, answer)


@router.get(
    "/observations/receipts/{key}",
    auth=Bearer(),
    response={200: Answer, (401, 404): Refused},
)
def receipt(request: HttpRequest, key: str) -> Mapping[str, Any]:
    """Return what came of a message that this source sent by this key."""
    found = sources.receipt(_source(request).id, key)
    if found is None:
        raise UnknownName("回执", "receipt", key[:40])
    return answer_of(found.journal_seq, found.answer)


@router.get("/sources", auth=Allowed(Action.SEE_IMPORTS))
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """Return every source that the person's region covers and how it stands."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - `Allowed` let nobody else in
    waiting = sources.open_asides()
    rows = Source.objects.select_related("state", "region")
    return [_told(one, waiting.get(one.pk, 0)) for one in rows if seen_by(user, one)]


def seen_by(user: User, source: Source) -> bool:
    """Return whether a person may see a source: its region lies within theirs."""
    return user.covers(source.region_id) if source.region_id else user.covers("220000")


def answer_of(seq: int, answer: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an answer, done or waiting."""
    if answer is None:
        return {"state": "waiting", "journal": seq}
    return {"state": "done", **answer}


def digest_of(body: bytes) -> str:
    """Return the digest by which a body is known again."""
    return hashlib.sha256(body).hexdigest()


def _told(source: Source, waiting: int) -> dict[str, Any]:
    state = getattr(source, "state", None) or SourceState()
    return {
        "name": source.name,
        "kind": source.kind,
        "region": source.region_id,
        "active": source.active,
        "state": state.state if source.active else "off",
        "last_seen": state.last_seen,
        "messages": state.messages,
        "new": state.rows_new,
        "changed": state.rows_changed,
        "same": state.rows_same,
        "set_aside": waiting,
        "error": {"zh": state.error_zh, "en": state.error_en, "at": state.error_at}
        if state.error_zh
        else None,
    }


def _source(request: HttpRequest) -> KnownSource:
    source = getattr(request, "auth", None)
    assert isinstance(source, KnownSource)  # noqa: S101 - `Bearer` let nobody else in
    return source


def _refused(status: int, zh: str, en: str) -> Status[Mapping[str, Any]]:
    return Status(status, {"zh": zh, "en": en})


_buckets: dict[int, tuple[float, float]] = {}
_lock = threading.Lock()


def _may_go_on(source: int) -> bool:
    now = time.monotonic()
    with _lock:
        tokens, before = _buckets.get(source, (BURST, now))
        tokens = min(BURST, tokens + (now - before) * RATE)
        _buckets[source] = (tokens - (tokens >= 1), now)
        return tokens >= 1
