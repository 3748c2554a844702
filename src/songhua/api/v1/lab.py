"""The laboratory through the API: field sheets in, samples and batches out, signatures."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from songhua.api import ports
from songhua.api.laboratory import judge
from songhua.api.v1.security import Allowed
from songhua.model import BEIJING, BadInput
from songhua.store.registry import batches, samples
from songhua.store.registry.models import Batch, Sample, User
from songhua.store.registry.samples import FieldSheet, SheetConflict

router = Router(tags=["laboratory"])


class Sheet(Schema):
    """A field sheet. `key` is made where it is filled in: sent twice, it is one sample."""

    key: str = Field(max_length=64)
    barcode: str = Field(max_length=32)
    site: str = Field(max_length=40)
    sampled_at: str = Field(max_length=40)
    sampler: str = Field(max_length=150)
    items: list[str] = Field(max_length=60)
    kind: str = Field("routine", max_length=16)
    matrix: str = Field("surface_water", max_length=20)
    container: str = Field("", max_length=60)
    preservation: str = Field("", max_length=120)
    lon: float | None = None
    lat: float | None = None
    temperature: float | None = None
    remark: str = Field("", max_length=1000)


class Kept(Schema):
    """The sample of a sheet."""

    barcode: str
    again: bool


class Told(Schema):
    """Why a sheet cannot go in."""

    zh: str
    en: str


class Opinion(Schema):
    """A signature, or a return."""

    level: int
    opinion: str = Field("", max_length=1000)
    password: str = Field(max_length=200)


@router.post("/lab/samples", auth=Allowed("sample"), response={200: Kept, 201: Kept, 409: Told})
def take_sheet(request: HttpRequest, sheet: Sheet) -> Status[dict[str, Any]]:
    """Register a sample; the same sheet again answers 200, one in conflict 409."""
    user = _user(request)
    told = FieldSheet(
        **{**sheet.dict(), "items": tuple(sheet.items), "sampled_at": _time(sheet.sampled_at)}
    )
    region = samples.check(told, user) if not _known(told) else ""
    try:
        known = samples.already(told)
        if known is not None:
            return Status(200, {"barcode": known.barcode, "again": True})
        name = user.get_username()
        seq = ports.platform().note_lab("sample", told.body(), name)
        kept = samples.keep(told, region=region, author=name, seq=seq)
    except SheetConflict as fault:
        return Status(409, {"zh": fault.zh, "en": fault.en})
    return Status(201, {"barcode": kept.barcode, "again": False})


@router.get("/lab/samples/{barcode}", auth=Allowed("sample"))
def sample(request: HttpRequest, barcode: str) -> dict[str, Any]:
    """Return a sample with its chain of custody and its results."""
    return _sample(samples.sample_named(_user(request), barcode))


@router.get("/lab/batches/{number}", auth=Allowed("analyse"))
def batch(request: HttpRequest, number: str) -> dict[str, Any]:
    """Return a batch: findings with number, limit and source; signatures."""
    return _batch(batches.batch_named(_user(request), number))


@router.post("/lab/batches/{number}/sign", auth=Allowed("analyse"))
def sign(request: HttpRequest, number: str, order: Opinion) -> dict[str, Any]:
    """Sign a batch with one's own password; out of order, or not accepted, it is refused."""
    user = _user(request)
    batches.batch_named(user, number)
    if not user.check_password(order.password):
        raise BadInput("密码不对，没有签字。", "Wrong password: nothing was signed.")
    ports.platform().sign_batch(number, order.level, user, order.opinion)
    return _batch(batches.batch_named(user, number))


def _known(sheet: FieldSheet) -> bool:
    return Sample.objects.filter(key=sheet.key).exists()


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            "采样时间应写作 2026-11-05T10:30:00+08:00。",
            "Write the time of sampling as 2026-11-05T10:30:00+08:00.",
        ) from None
    return at if at.tzinfo is not None else at.replace(tzinfo=BEIJING)


def _sample(one: Sample) -> dict[str, Any]:
    return {
        "barcode": one.barcode,
        "kind": one.kind,
        "site": one.site_id,
        "sampled_at": one.sampled_at.astimezone(BEIJING).isoformat(),
        "sampler": one.sampler,
        "items": one.items,
        "custody": [
            {
                "what": step.what,
                "at": step.at.astimezone(BEIJING).isoformat(),
                "giver": step.giver,
                "taker": step.taker,
                "temperature": step.temperature,
                "remark": step.remark,
            }
            for step in one.steps.order_by("pk")
        ],
        "results": [
            {
                "item": result.item,
                "told": result.told,
                "value": None if result.value is None else float(result.value),
                "detection_limit": float(result.detection_limit),
                "unit": result.unit,
                "state": result.state,
                "batch": result.batch.number,
            }
            for result in one.results.select_related("batch")
        ],
    }


def _batch(one: Batch) -> dict[str, Any]:
    found = judge(one)
    curve = found.curve
    return {
        "number": one.number,
        "method": one.method,
        "instrument": one.instrument.code,
        "analyst": one.analyst,
        "analysed_on": one.analysed_on.isoformat(),
        "state": one.state,
        "round": one.round,
        "accepted": found.accepted,
        "fault": None if found.fault is None else {"zh": found.fault.zh, "en": found.fault.en},
        "curve": None
        if curve is None
        else {"slope": curve.slope, "intercept": curve.intercept, "r": curve.r},
        "findings": [
            {name: getattr(finding, name) for name in finding.__slots__}
            for finding in found.findings
        ],
        "signatures": [
            {
                "round": signed.round,
                "level": signed.level,
                "who": signed.who,
                "at": signed.at.astimezone(BEIJING).isoformat(),
                "returned": signed.returned,
                "opinion": signed.opinion,
            }
            for signed in one.signatures.order_by("pk")
        ],
    }


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `Allowed` let nobody else in
    return request.user
