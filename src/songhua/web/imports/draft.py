"""A mapping while a person edits it: it may still be wrong, so every field is text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from django.http import QueryDict

from songhua.ingest.files import FileMapping

_CHOICES = ("layout", "period", "hour_label", "time_zone", "encoding", "delimiter")
_HEADERS = ("time", "site", "city", "name", "quantity", "value", "unit", "mark")
_NOTES = ("note_zh", "note_en")
_TABS = {"\\t": "\t", "tab": "\t"}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says of a file's columns.

    Parameters
    ----------
    fields
        The simple fields of a `FileMapping`.
    quantities
        Header → quantity key, of a wide file.
    units
        Quantity key → unit in the file.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    quantities: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    zero_is_missing: bool = False

    @classmethod
    def of(cls, mapping: FileMapping) -> Self:
        """Return the draft of a mapping that is complete."""
        names = (*_CHOICES, *_HEADERS, *_NOTES)
        return cls(
            {name: getattr(mapping, name) for name in names},
            dict(mapping.quantities),
            dict(mapping.units),
            mapping.zero_is_missing,
        )

    @classmethod
    def empty(cls) -> Self:
        """Return a draft that says nothing yet."""
        fields = {"layout": "wide", "period": "hour", "hour_label": "start"}
        more = {"time_zone": "Asia/Shanghai", "encoding": "utf-8", "delimiter": ","}
        return cls({**fields, **more})

    @classmethod
    def sent(cls, form: QueryDict, headers: Sequence[str]) -> Self:
        """Return what a form says; its columns are named by their place in the file."""
        quantities, units = {}, {}
        for number, header in enumerate(headers):
            if key := form.get(f"quantity-{number}", ""):
                quantities[header] = key
                if unit := form.get(f"unit-{number}", "").strip():
                    units[key] = unit
        names = (*_CHOICES, *_HEADERS, *_NOTES)
        return cls(
            {name: form.get(f"m-{name}", "").strip() or _default(name) for name in names},
            quantities,
            units,
            "m-zero_is_missing" in form,
        )

    def mapping(self) -> FileMapping:
        """Return the mapping; raise `BadInput` where it cannot be one."""
        delimiter = self.fields.get("delimiter", ",")
        wide = self.fields.get("layout") != "long"
        unused = ("quantity", "value", "unit", "mark") if wide else ()
        simple = {name: "" if name in unused else value for name, value in self.fields.items()}
        simple["delimiter"] = _TABS.get(delimiter, delimiter)
        return FileMapping(
            **simple,
            quantities=self.quantities if wide else {},
            units=self.units if wide else {},
            zero_is_missing=self.zero_is_missing,
        )

    def with_field(self, name: str, value: str) -> Self:
        """Return the draft with one field changed."""
        return replace(self, fields={**self.fields, name: value})


def _default(name: str) -> str:
    return {"time_zone": "Asia/Shanghai", "delimiter": ","}.get(name, "")
