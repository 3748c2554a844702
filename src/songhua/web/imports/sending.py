"""The way of a new file: choose it, look at its columns, try it, bring it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.api.v1.imports import uploads
from songhua.api.v1.imports.routes import job_named
from songhua.ingest.files import OnDisk, detect, write_mapping
from songhua.ingest.files.source import first_rows, kind_of
from songhua.model import BadInput, UnknownName
from songhua.standards import QUANTITIES
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.imports.draft import Draft
from songhua.web.imports.views import fault_words

_SAMPLE = 8
_FORM_BYTES = 1 << 20
"""Room for what a form carries beside the file. [bytes]"""
_ENCODINGS = ("utf-8", "gb18030")


@csrf_exempt  # the size is judged before anything is read; the token is checked right after
def choose(request: HttpRequest) -> HttpResponse:
    """Ask for a file, and keep the one that was sent."""
    try:
        uploads.check_size(max(0, int(request.META.get("CONTENT_LENGTH") or 0) - _FORM_BYTES))
    except BadInput as fault:
        return render(request, "imports/upload.html", {"fault": fault, **_bounds()}, status=413)
    return _choose(request)


@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.IMPORT)
def _choose(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "imports/upload.html", _bounds())
    sent = request.FILES.get("file")
    try:
        if sent is None:
            raise BadInput("请选择一个文件。", "Choose a file.")  # noqa: TRY301 - said like the others
        kept = uploads.keep(sent, owner=request.user.get_username(), now=datetime.now(UTC))
    except BadInput as fault:
        return render(request, "imports/upload.html", {"fault": fault, **_bounds()}, status=400)
    return redirect("imports:columns", upload_id=kept.id)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Action.IMPORT)
def columns(request: HttpRequest, upload_id: str) -> HttpResponse:
    """Show what the columns are taken for; try the file or bring it in with what the form says."""
    try:
        upload = uploads.find(upload_id, owner=request.user.get_username())
    except UnknownName as fault:
        return render(request, "imports/unknown.html", {"fault": fault}, status=404)
    guess = _guess(upload)
    if request.method != "POST":
        return _show(request, upload, guess, guess.draft)
    draft = Draft.sent(request.POST, guess.headers)
    if request.POST.get("do") == "look":
        return _show(request, upload, _again(upload, draft, guess), draft)
    try:
        text = write_mapping(draft.mapping())
    except BadInput as fault:
        # htmx shows no answer of 400 and above
        status = 200 if "HX-Request" in request.headers else 400
        again = _again(upload, draft, guess)
        return _show(request, upload, again, draft, fault=fault, status=status)
    order = ports.ImportOrder(
        path=upload.path,
        name=upload.name,
        mapping=text,
        author=request.user.get_username(),
        dry_run=request.POST.get("do") != "import",
    )
    job_id = ports.platform().import_file(order)
    return _show(request, upload, _again(upload, draft, guess), draft, job_id=job_id)


@require_GET
@needs(Action.SEE_IMPORTS)
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    """Show how an import under way stands: a piece of page that asks again by itself."""
    try:
        found = job_named(job_id)
    except UnknownName:
        return render(request, "imports/job_gone.html")
    return render(request, "imports/job.html", _job(found))


@require_POST
@needs(Action.IMPORT)
def stop(request: HttpRequest, job_id: str) -> HttpResponse:
    """Ask an import under way to stop."""
    try:
        ports.platform().stop(job_named(job_id).id)
    except UnknownName:
        return render(request, "imports/job_gone.html")
    return HttpResponseRedirect(reverse("imports:job", args=[job_id]))


@dataclass(frozen=True, slots=True)
class Guess:
    """What a file looks like before anyone has said what its columns mean."""

    draft: Draft
    sample: pl.DataFrame
    notes: tuple[tuple[str, str], ...]
    kind: str
    fault: BadInput | None = None

    @property
    def headers(self) -> Sequence[str]:
        """The file's columns."""
        return self.sample.columns


def _guess(upload: uploads.Upload) -> Guess:
    source = OnDisk(upload.path)
    try:
        found = detect(source)
    except BadInput as fault:
        return _bare(source, fault)
    notes = tuple(zip(found.notes_zh, found.notes_en, strict=True))
    return Guess(Draft.of(found.mapping), found.sample, notes, found.kind)


def _bare(source: OnDisk, fault: BadInput) -> Guess:
    """Return the first rows of a file whose columns nobody could guess."""
    for encoding in _ENCODINGS:
        try:
            sample = first_rows(source, encoding=encoding, delimiter=",", most=_SAMPLE)
            kind = kind_of(source)
        except BadInput:
            continue
        return Guess(Draft().with_field("encoding", encoding), sample, (), kind, fault)
    return Guess(Draft(), pl.DataFrame(), (), "", fault)


def _again(upload: uploads.Upload, draft: Draft, guess: Guess) -> Guess:
    """Return the first rows as the form's encoding and delimiter split them."""
    try:
        sample = first_rows(
            OnDisk(upload.path),
            encoding=draft.fields["encoding"],
            delimiter=draft.delimiter[:1],
            most=_SAMPLE,
        )
    except (BadInput, LookupError):
        return guess
    return Guess(guess.draft, sample, guess.notes, guess.kind, guess.fault)


def _show(
    request: HttpRequest,
    upload: uploads.Upload,
    guess: Guess,
    draft: Draft,
    *,
    fault: BadInput | None = None,
    job_id: str = "",
    status: int = 200,
) -> HttpResponse:
    page = {
        "upload": upload,
        "size": uploads.said(upload.size),
        "guess": guess,
        "fault": fault or guess.fault,
        "draft": draft,
        "columns": [
            {
                "number": number,
                "header": header,
                "role": draft.roles.get(header, ""),
                "unit": draft.units.get(header, ""),
                "ours": _unit(draft.roles.get(header, "")),
            }
            for number, header in enumerate(guess.headers)
        ],
        "rows": guess.sample.head(_SAMPLE).rows(),
        "quantities": [(f"q:{key}", one) for key, one in QUANTITIES.items()],
        **_choices(),
        **(_job(job_named(job_id)) if job_id else {}),
    }
    return render(request, "imports/columns.html", page, status=status)


def _unit(role: str) -> str:
    """Return our unit of the quantity that a column holds; nothing for other columns."""
    return QUANTITIES[role[2:]].unit if role[2:] in QUANTITIES else ""


def _choices() -> Mapping[str, Any]:
    return {
        "roles": (
            ("time", _("时间")),
            ("site", _("站点编码")),
            ("city", _("城市名")),
            ("name", _("站名")),
            ("quantity", _("指标名（长表）")),
            ("value", _("数值（长表）")),
            ("unit", _("单位（长表）")),
            ("mark", _("标识（长表）")),
        ),
        "periods": (("hour", _("小时值")), ("day", _("日值"))),
        "labels": (
            ("start", _("时间是小时的开始")),
            ("end", _("时间是小时的结束（全国实时发布）")),
        ),
        "encodings": (("utf-8", "UTF-8"), ("gb18030", "GB 18030")),
        "delimiters": ((",", _("逗号 ,")), ("tab", _("制表符")), (";", _("分号 ;")), ("|", "|")),
        "zones": (
            ("Asia/Shanghai", _("北京时间")),
            ("UTC", "UTC"),
            ("Asia/Urumqi", _("乌鲁木齐时间")),
        ),
    }


def _job(found: ports.Job) -> Mapping[str, Any]:
    """Return a job with what the page says of it."""
    share = found.done / found.total if found.total else 0
    left = found.seconds * (1 - share) / share if share > 0 and found.phase == "read" else None
    result = dict(found.result)
    faults = [(key, fault_words(key), n) for key, n in result.get("faults", {}).items()]
    return {
        "job": found,
        "result": result,
        "share": round(100 * share),
        "left": left,
        "phase": _phase(found.phase),
        "faults": faults,
        "recomputed": result.get("recomputed", {}),
    }


def _phase(name: str) -> str:
    return {
        "read": _("读取与核对"),
        "journal": _("写入日志"),
        "hours": _("评价站点小时"),
        "area_hours": _("评价市县小时"),
        "days": _("评价站点日"),
        "area_days": _("评价市县日"),
        "periods": _("月、季、年与排名"),
    }.get(name, _("准备"))


def _bounds() -> Mapping[str, str]:
    return {"most": uploads.said(settings.SONGHUA_UPLOAD_BYTES)}
