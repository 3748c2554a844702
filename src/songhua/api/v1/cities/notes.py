"""What a reader must know of the sources whose values are shown."""

from songhua.model import Period
from songhua.store.registry.models import ImportFile


def source_notes(span: Period) -> list[str]:
    """Return the notes of every file that has values in a span, each once, oldest file first."""
    files = ImportFile.objects.filter(
        state="done", first_time__lt=span.end, last_time__gte=span.start
    ).exclude(note="")
    return list(dict.fromkeys(files.order_by("journal_seq").values_list("note", flat=True)))
