"""Pages of what came in and what was rejected."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from songhua.api.v1.imports.routes import fault_counts, file_named, rejects_of
from songhua.ingest.files import WORDS, Fault
from songhua.model import UnknownName
from songhua.store.registry.models import ImportFile
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_FILES, _REJECTS = 50, 100


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every file that came in, newest first."""
    files = ImportFile.objects.all()
    state, author = request.GET.get("state", ""), request.GET.get("author", "")
    if state:
        files = files.filter(state=state)
    if author:
        files = files.filter(author=author)
    page = {
        "listed": Paginator(files, _FILES).get_page(request.GET.get("page")),
        "state": state,
        "states": ("done", "reading", "failed"),
        "author": author,
        "authors": sorted(set(ImportFile.objects.values_list("author", flat=True))),
    }
    return render(request, "imports/list.html", page)


@require_GET
@needs(Action.SEE_IMPORTS)
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show one file: what came of it, and every row that could not go in."""
    fault = request.GET.get("fault", "")
    try:
        own = file_named(file_id)
        rows = rejects_of(own, fault)
    except UnknownName as unknown:
        return render(request, "imports/unknown.html", {"fault": unknown}, status=404)
    counts = fault_counts(own)
    page = {
        "file": own,
        "fault": fault,
        "faults": [(key, fault_words(key), number) for key, number in counts.items()],
        "kept": sum(counts.values()),
        "listed": Paginator(rows, _REJECTS).get_page(request.GET.get("page")),
    }
    return render(request, "imports/file.html", page)


def fault_words(key: str) -> str:
    """Say a fault in the reader's language."""
    zh, en = WORDS[Fault(key)] if key in list(Fault) else (key, key)
    return en if (get_language() or "").startswith("en") else zh
