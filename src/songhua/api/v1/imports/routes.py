"""The doors of imports: the list, the rejects, and a new file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile

from songhua.api import ports
from songhua.api.v1.imports import uploads
from songhua.api.v1.security import Allowed
from songhua.api.v1.sheet import sheet
from songhua.ingest.files import Fault
from songhua.model import UnknownName
from songhua.store.registry.models import ImportFile, Reject
from songhua.store.registry.rights import Action

router = Router(tags=["imports"])
MOST = 500
"""Most files or rejects in one answer."""
MOST_EXPORTED = 100_000


@router.get("/imports", auth=Allowed(Action.SEE_IMPORTS))
def listed(request: HttpRequest, most: int = 100) -> list[dict[str, Any]]:
    """Return the files that came in, newest first."""
    return [_told(file) for file in ImportFile.objects.all()[: max(1, min(most, MOST))]]


@router.get("/imports/jobs/{job_id}", auth=Allowed(Action.SEE_IMPORTS))
def job(request: HttpRequest, job_id: str) -> dict[str, Any]:
    """Return how an import under way stands."""
    found = job_named(job_id)
    return {
        "id": found.id,
        "state": found.state,
        "phase": found.phase,
        "done": found.done,
        "total": found.total,
        "seconds": found.seconds,
        "result": dict(found.result),
        "error": {"zh": found.error_zh, "en": found.error_en} if found.error_zh else None,
    }


@router.post("/imports/jobs/{job_id}/stop", auth=Allowed(Action.IMPORT))
def stop(request: HttpRequest, job_id: str) -> dict[str, str]:
    """Ask an import under way to stop at its next step."""
    ports.platform().stop(job_named(job_id).id)
    return {"id": job_id}


@router.get("/imports/{int:file_id}", auth=Allowed(Action.SEE_IMPORTS))
def one(request: HttpRequest, file_id: int) -> dict[str, Any]:
    """Return one file that came in, with its mapping and how often each fault occurred."""
    file = file_named(file_id)
    return {**_told(file), "mapping": file.mapping, "faults": fault_counts(file)}


@router.get("/imports/{int:file_id}/rejects", auth=Allowed(Action.SEE_IMPORTS))
def rejects(
    request: HttpRequest, file_id: int, fault: str = "", after: int = 0, most: int = 100
) -> list[dict[str, Any]]:
    """Return rejected rows in the order of the file, from a line on."""
    rows = rejects_of(file_named(file_id), fault).filter(line__gt=after)
    return [
        {
            "line": row.line,
            "raw": row.raw,
            "fault": row.fault,
            "zh": row.detail_zh,
            "en": row.detail_en,
        }
        for row in rows[: max(1, min(most, MOST))]
    ]


@router.get("/imports/{int:file_id}/rejects/export", auth=Allowed(Action.SEE_IMPORTS))
def export(
    request: HttpRequest, file_id: int, fault: str = "", format: str = "csv"
) -> HttpResponseBase:
    """Return rejected rows as CSV or XLSX, to be mended and sent again."""
    file = file_named(file_id)
    rows = rejects_of(file, fault).values_list("line", "fault", "detail_zh", "detail_en", "raw")
    columns = ("line", "fault", "detail_zh", "detail_en", "raw")
    head = [f"{file.name} {file.sha256}"]
    return sheet(format, f"rejects_{file.pk}", head, columns, rows[:MOST_EXPORTED])


@router.post("/imports", auth=Allowed(Action.IMPORT))
def start(
    request: HttpRequest,
    file: File[UploadedFile],
    mapping: Form[str] = "",
    dry_run: Form[bool] = False,  # noqa: FBT002 - a field of the form
) -> dict[str, str]:
    """Send a file: it is kept, and brought in (or tried, with `dry_run`) in the background.

    `mapping` is TOML, or empty to have the columns guessed. The answer names the job to ask for.
    """
    owner = request.user.get_username()
    sent = uploads.keep(file, owner=owner, now=datetime.now(UTC))
    order = ports.ImportOrder(
        path=sent.path, name=sent.name, mapping=mapping, author=owner, dry_run=dry_run
    )
    return {"job": ports.platform().import_file(order)}


def file_named(file_id: int) -> ImportFile:
    """Return an import, or raise `UnknownName`."""
    file = ImportFile.objects.filter(pk=file_id).first()
    if file is None:
        raise UnknownName("导入", "import", str(file_id))
    return file


def job_named(job_id: str) -> ports.Job:
    """Return a job, or raise `UnknownName`: the platform forgets jobs when it stops."""
    found = ports.platform().job(job_id)
    if found is None:
        raise UnknownName("任务", "job", job_id[:40])
    return found


def rejects_of(file: ImportFile, fault: str) -> Any:
    """Return a file's rejected rows, of one fault where one is named."""
    rows = Reject.objects.filter(file=file).order_by("line", "id")
    if fault and fault not in list(Fault):
        raise UnknownName("原因", "fault", fault[:40])
    return rows.filter(fault=fault) if fault else rows


def fault_counts(file: ImportFile) -> Mapping[str, int]:
    """Return how many kept rejects of a file have each fault, most first."""
    rows = Reject.objects.filter(file=file).values_list("fault").annotate(n=Count("pk"))
    return dict(rows.order_by("-n"))


def _told(file: ImportFile) -> dict[str, Any]:
    return {
        "id": file.pk,
        "name": file.name,
        "author": file.author,
        "received_at": file.received_at,
        "finished_at": file.finished_at,
        "state": file.state,
        "size": file.size,
        "sha256": file.sha256,
        "lines": file.lines,
        "new": file.rows_new,
        "changed": file.rows_changed,
        "same": file.rows_same,
        "rejected": file.rows_rejected,
        "first_time": file.first_time,
        "last_time": file.last_time,
        "note": file.note,
        "fault": file.fault,
    }
