"""A mapping while a person edits it: it may still be wrong, so every field is text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.http import QueryDict

from songhua.ingest.files import FileMapping

ROLES = ("time", "site", "city", "name", "quantity", "value", "unit", "mark")
"""What a column may be, beside holding the values of one quantity."""
_OF_LONG = ("quantity", "value", "unit", "mark")
_CHOICES = ("period", "hour_label", "time_zone", "encoding", "delimiter")
_NOTES = ("note_zh", "note_en")
_NAMED = {"tab": "\t"}
"""Delimiters that a form cannot carry as they are."""
_AT_FIRST = {
    "period": "hour",
    "hour_label": "start",
    "time_zone": "Asia/Shanghai",
    "encoding": "utf-8",
    "delimiter": ",",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says of a file's columns.

    Parameters
    ----------
    fields
        The simple choices of a `FileMapping`.
    roles
        Header → one of `ROLES`, or ``q:`` and the key of a quantity.
    units
        Header → unit in the file, where it is not ours.
    """

    fields: Mapping[str, str] = field(default_factory=lambda: dict(_AT_FIRST))
    roles: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    zero_is_missing: bool = False

    @classmethod
    def of(cls, mapping: FileMapping) -> Self:
        """Return the draft of a mapping that is complete."""
        names = {value: name for name, value in _NAMED.items()}
        fields = {name: getattr(mapping, name) for name in (*_CHOICES, *_NOTES)}
        fields["delimiter"] = names.get(mapping.delimiter, mapping.delimiter)
        roles = {header: f"q:{key}" for header, key in mapping.quantities.items()}
        if mapping.layout == "long":
            roles = {}
        roles |= {header: role for role in ROLES if (header := getattr(mapping, role))}
        units = {
            header: mapping.units[key]
            for header, key in mapping.quantities.items()
            if key in mapping.units
        }
        return cls(fields, roles, units, mapping.zero_is_missing)

    @classmethod
    def sent(cls, form: QueryDict, headers: Sequence[str]) -> Self:
        """Return what a form says; its columns are named by their place in the file."""
        roles, units = {}, {}
        for number, header in enumerate(headers):
            if role := form.get(f"role-{number}", ""):
                roles[header] = role
            if unit := form.get(f"unit-{number}", "").strip():
                units[header] = unit
        fields = {name: form.get(name, "").strip() or _AT_FIRST[name] for name in _CHOICES}
        notes = {name: form.get(name, "").strip() for name in _NOTES}
        return cls({**fields, **notes}, roles, units, "zero_is_missing" in form)

    @property
    def delimiter(self) -> str:
        """What stands between two cells."""
        return _NAMED.get(self.fields["delimiter"], self.fields["delimiter"])

    @property
    def is_long(self) -> bool:
        """Whether each row holds one value."""
        return "value" in self.roles.values() or "quantity" in self.roles.values()

    def mapping(self) -> FileMapping:
        """Return the mapping; raise `BadInput` where it cannot be one."""
        headers = {role: header for header, role in reversed(list(self.roles.items()))}
        values = {header: role[2:] for header, role in self.roles.items() if role.startswith("q:")}
        columns = {role: headers.get(role, "") for role in ROLES}
        if not self.is_long:
            columns |= dict.fromkeys(_OF_LONG, "")
        simple: dict[str, Any] = {**self.fields, **columns, "delimiter": self.delimiter}
        return FileMapping(
            layout="long" if self.is_long else "wide",
            **simple,
            quantities={} if self.is_long else values,
            units={values[h]: unit for h, unit in self.units.items() if h in values},
            zero_is_missing=self.zero_is_missing,
        )

    def with_field(self, name: str, value: str) -> Self:
        """Return the draft with one field changed."""
        return replace(self, fields={**self.fields, name: value})
