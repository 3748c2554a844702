"""Batches: begun, filled from files, judged, signed, returned."""

import hashlib
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.api.laboratory import judge
from songhua.ingest.laboratory.exports import read_export, read_profile
from songhua.ingest.laboratory.rows import Line, Lines
from songhua.ingest.laboratory.sheets import MOST_BYTES
from songhua.ingest.laboratory.template import read_template, write_template
from songhua.model import BEIJING, BadInput
from songhua.standards.lab import method, methods
from songhua.store.registry import batches, instruments
from songhua.store.registry.models import Batch, BatchRow, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.lab.asked import day_told, done, found, region_of, told, user_of
from songhua.web.lab.curves import drawn

_PAGE = 50
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_GET
@needs(Action.ANALYSE)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the batches of the person's region, newest first."""
    every = batches.batches_of(user_of(request)).select_related("instrument")
    part = Paginator(every, _PAGE).get_page(request.GET.get("page"))
    rows = [{"batch": one, "method": method(one.method)} for one in part]
    return render(request, "lab/batches.html", {"listed": part, "rows": rows})


@require_http_methods(["GET", "POST"])
@needs(Action.ANALYSE)
def new(request: HttpRequest) -> HttpResponse:
    """Begin a batch."""
    user = user_of(request)
    fault: BadInput | None = None
    if request.method == "POST":
        try:
            made = _begun(request, user)
            return redirect("lab:batch", number=made.number)
        except BadInput as told_fault:
            fault = told_fault
    today = timezone.now().astimezone(BEIJING).date()
    page = {
        "fault": fault,
        "methods": methods().values(),
        "instruments": instruments.instruments_of(user).filter(active=True),
        "today": today.isoformat(),
        "number": request.POST.get("number", f"{today:%Y%m%d}-")[:40],
        "given": request.POST,
    }
    return render(request, "lab/batch_new.html", page, status=400 if fault else 200)


@require_GET
@needs(Action.ANALYSE)
def template(request: HttpRequest) -> HttpResponse:
    """Send the result template of a method."""
    how = found(lambda: method(request.GET.get("method", "")))
    answer = HttpResponse(write_template(how), content_type=_XLSX)
    name = how.code.replace(" ", "_").replace(":", "_")
    answer["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return answer


@require_GET
@needs(Action.ANALYSE)
def shown(request: HttpRequest, number: str) -> HttpResponse:
    """Show a batch: its curve, every row, every finding, who signed."""
    user = user_of(request)
    batch = found(lambda: batches.batch_named(user, number))
    return render(request, "lab/batch.html", _page(batch, user))


@require_POST
@needs(Action.ANALYSE)
def upload(request: HttpRequest, number: str) -> HttpResponse:
    """Take the rows of a template, or of an instrument's export."""
    user = user_of(request)
    batch = found(lambda: batches.batch_named(user, number))

    def act() -> str:
        batches.refuse_edit(batch)
        if user.get_username() != batch.analyst:
            raise BadInput(
                f"只有分析人员 {batch.analyst} 可以录入。", f"Only {batch.analyst} may enter data."
            )
        lines = _lines_sent(request, batch)
        lines.refuse_faulty()
        rows = [_row(place, line) for place, line in enumerate(lines.lines, 1)]
        batches.set_rows(batch, rows)
        body = {"batch": number, "rows": [repr(line) for line in lines.lines]}
        ports.platform().note_lab("rows", body, user.get_username())
        return _("已录入 %d 行。") % len(rows)

    return done(request, "lab:batch", act, number=number)


@require_http_methods(["GET", "POST"])
@needs(Action.ANALYSE)
def sign(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a signature says, and sign with the person's own password."""
    user = user_of(request)
    batch = found(lambda: batches.batch_named(user, number))
    page = _page(batch, user)
    fault: BadInput | None = None
    if request.method == "POST":
        try:
            _sign(request, batch, user, str(page["seen"]))
            messages.success(request, _("已签字。"))
            return redirect("lab:batch", number=number)
        except BadInput as told_fault:
            fault = told_fault
    answer = {**page, "fault": fault, "opinion": told(request, "opinion")}
    return render(request, "lab/sign.html", answer, status=400 if fault else 200)


@require_POST
@needs(Action.ANALYSE)
def give_back(request: HttpRequest, number: str) -> HttpResponse:
    """Return a batch to its analyst with an opinion."""
    user = user_of(request)
    found(lambda: batches.batch_named(user, number))

    def act() -> str:
        ports.platform().return_batch(number, user, told(request, "opinion"))
        return _("已退回。")

    return done(request, "lab:batch", act, number=number)


def _begun(request: HttpRequest, user: User) -> Batch:
    how = method(told(request, "method", 60))
    instrument = instruments.instrument_named(user, told(request, "instrument", 40))
    earlier = told(request, "curve_of", 40)
    return batches.new_batch(
        number=told(request, "number", 40),
        how=how,
        instrument_id=instrument.pk,
        region=region_of(user),
        analyst=user.get_username(),
        analysed_on=day_told(request, "analysed_on"),
        detection_limit=_limit(told(request, "detection_limit", 20)),
        weight=told(request, "weight", 4) or "1",
        curve_of=batches.batch_named(user, earlier) if earlier else None,
    )


def _limit(text: str) -> Decimal | None:
    try:
        limit = Decimal(text) if text else None
    except InvalidOperation:
        limit = Decimal("NaN")
    if limit is not None and not limit.is_finite():
        raise BadInput("检出限不是数。", "The detection limit is no number.")
    return limit


def _sign(request: HttpRequest, batch: Batch, user: User, seen: str) -> None:
    if not user.check_password(request.POST.get("password", "")):
        raise BadInput("密码不对，没有签字。", "Wrong password: nothing was signed.")
    if told(request, "seen", 64) != seen:
        raise BadInput(
            "这一批在您查看之后有改动，请重新核对。",
            "The batch changed since you saw it. Look again.",
        )
    level = batches.level_due(batch)
    ports.platform().sign_batch(batch.number, level or 0, user, told(request, "opinion"))


def _page(batch: Batch, user: User) -> dict[str, object]:
    judged = judge(batch)
    rows = list(batch.rows.select_related("sample").order_by("place"))
    by_place = {one.place: one for one in judged.findings}
    fault: BadInput | None = judged.fault
    try:
        instruments.refuse_unfit(batch.instrument, batch.analysed_on)
        unfit = None
    except BadInput as told_fault:
        unfit = told_fault
    level = batches.level_due(batch)
    return {
        "batch": batch,
        "method": method(batch.method),
        "limit": batch.detection_limit.normalize(),
        "judged": judged,
        "cause": fault if rows else None,
        "unfit": unfit,
        "failed": [one for one in judged.findings if one.verdict == "fail"],
        "curve": None if judged.curve is None else drawn(judged.curve),
        "rows": [
            {
                "one": row,
                "finding": by_place.get(row.place),
                "found": judged.found.get(row.place),
                "reported": judged.results.get(row.sample_id or 0)
                if row.kind == "sample"
                else None,
            }
            for row in rows
        ],
        "signatures": batch.signatures.order_by("pk"),
        "level": level,
        "may_edit": batch.state == "draft" and user.get_username() == batch.analyst,
        "may_sign": _may_sign(batch, level, user),
        "has_profile": bool(batch.instrument.profile),
        "seen": _digest(batch, rows),
    }


def _may_sign(batch: Batch, level: int | None, user: User) -> bool:
    try:
        batches.refuse_signature(batch, level or 0, user)
    except BadInput:
        return False
    return True


def _digest(batch: Batch, rows: Sequence[BatchRow]) -> str:
    """Return what tells this state of a batch from any other."""
    told_rows = [
        (row.place, row.kind, row.label, row.of, row.signal, row.dilution, row.told,
         str(row.nominal), str(row.uncertainty))
        for row in rows
    ]  # fmt: skip
    text = repr((batch.number, batch.state, batch.round, told_rows))
    return hashlib.sha256(text.encode()).hexdigest()


def _lines_sent(request: HttpRequest, batch: Batch) -> Lines:
    sent = request.FILES.get("file")
    if not isinstance(sent, UploadedFile) or not sent.size or sent.size > MOST_BYTES:
        raise BadInput(
            f"请选一个不超过 {MOST_BYTES // 2**20} MB 的文件。",
            f"Choose a file of at most {MOST_BYTES // 2**20} MB.",
        )
    raw, name = sent.read(), sent.name or ""
    if told(request, "as", 10) == "export":
        profile = read_profile(batch.instrument.profile)
        return read_export(raw, name, profile, detection_limit=batch.detection_limit)
    lines = read_template(raw, name)
    lines.refuse_faulty()
    _refuse_other(lines, batch)
    return lines


def _refuse_other(lines: Lines, batch: Batch) -> None:
    """Refuse a template of another batch."""
    mine = {
        "method": batch.method,
        "number": batch.number,
        "instrument": batch.instrument.code,
        "analysed_on": batch.analysed_on.isoformat(),
    }
    wrong = [
        (f"结果!B{row}", lines.head[name], own)
        for row, (name, own) in enumerate(mine.items(), 1)
        if lines.head[name] != own
    ]
    if wrong:
        raise BadInput(
            "；".join(f"{cell} 为“{got}”，这一批是“{own}”" for cell, got, own in wrong) + "。",
            "; ".join(f"{cell} is “{got}”, this batch has “{own}”" for cell, got, own in wrong)
            + ".",
        )


def _row(place: int, line: Line) -> BatchRow:
    return BatchRow(
        place=place,
        kind=line.kind,
        label=line.label,
        of=line.of,
        signal=line.signal,
        dilution=line.dilution,
        told=line.told,
        nominal=line.nominal,
        uncertainty=line.uncertainty,
    )
