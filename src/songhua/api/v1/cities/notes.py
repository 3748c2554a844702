"""What a reader must know of the sources whose values are shown."""

from functools import lru_cache

from songhua.ingest.files import read_mapping
from songhua.model import BadInput, Period
from songhua.store.registry.models import ImportFile


def source_notes(span: Period) -> list[tuple[str, str]]:
    """Return the notes of every file that has values in a span, zh and en, oldest file first."""
    files = ImportFile.objects.filter(
        state="done", first_time__lt=span.end, last_time__gte=span.start
    ).exclude(note="")
    rows = files.order_by("journal_seq").values_list("note", "mapping")
    return list(dict.fromkeys((note, _english(mapping)) for note, mapping in rows))


@lru_cache(maxsize=256)
def _english(mapping: str) -> str:
    """Return the English note of a mapping as it was kept with an import."""
    try:
        return read_mapping(mapping).note_en
    except BadInput:
        return ""
