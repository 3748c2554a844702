"""Exports of instruments: a profile says which column is what, and how names tell the kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from songhua.ingest.laboratory.rows import FIELDS, KINDS, Line, Lines, RowReader
from songhua.ingest.laboratory.sheets import Sheet, read_sheets
from songhua.model import BadInput

_HEADER_WITHIN = 60
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Profile:
    """How an instrument's files are read.

    Parameters
    ----------
    columns
        Field of a row → heading in the file. ``label`` and one of ``signal``, ``told`` are needed.
    prefixes
        What a name begins with → kind of the row; others are samples.
    """

    columns: Mapping[str, str]
    prefixes: Mapping[str, str] = field(default_factory=dict)


def read_profile(told: Mapping[str, Any]) -> Profile:
    """Read a profile as an instrument's register has it.

    ``{"label": "样品名", "signal": "吸光度", "prefixes": {"BLK": "blank", "STD": "standard"}}``

    Raises
    ------
    BadInput
        If it is none; what is wrong.
    """
    columns = {key: value for key, value in told.items() if key != "prefixes"}
    prefixes = told.get("prefixes", {})
    unknown = [key for key in columns if key not in FIELDS]
    texts = [*columns.values(), *(prefixes if isinstance(prefixes, dict) else [None])]
    wrong = [one for one in texts if not isinstance(one, str) or not 0 < len(one) <= _LONGEST]
    if unknown or wrong or "label" not in columns or not {"signal", "told"} & set(columns):
        raise BadInput(
            f"仪器的导出文件须指明列 label 和 signal 或 told；可用：{'、'.join(FIELDS)}。",
            f"A profile names the columns label and signal or told; known: {', '.join(FIELDS)}.",
        )
    bad = [kind for kind in prefixes.values() if kind not in KINDS]
    if bad:
        raise BadInput(f"没有这种类别：{bad[0]}。", f"There is no such kind: {bad[0]}.")
    return Profile(columns, prefixes)


def read_export(raw: bytes, name: str, profile: Profile, *, detection_limit: Decimal) -> Lines:
    """Read an instrument's file; every bad cell is named.

    Raises
    ------
    BadInput
        If no row has the headings of the profile.
    """
    for sheet in read_sheets(raw, name):
        found = _header(sheet, profile)
        if found is not None:
            return _lines(sheet, *found, profile, detection_limit)
    headings = "、".join(profile.columns.values())
    raise BadInput(
        f"{name[:80]} 前 {_HEADER_WITHIN} 行里没有同时出现这些列：{headings}。",
        f"No row among the first {_HEADER_WITHIN} of {name[:80]} has the columns {headings}.",
    )


def _header(sheet: Sheet, profile: Profile) -> tuple[int, dict[str, int]] | None:
    for row, cells in enumerate(sheet.rows[:_HEADER_WITHIN]):
        places = {text: column for column, text in reversed(list(enumerate(cells)))}
        if all(heading in places for heading in profile.columns.values()):
            return row, {key: places[heading] for key, heading in profile.columns.items()}
    return None


def _lines(
    sheet: Sheet, header: int, columns: dict[str, int], profile: Profile, limit: Decimal
) -> Lines:
    reader = RowReader(sheet, columns, limit)
    lines: list[Line] = []
    for row in range(header + 1, len(sheet.rows)):
        kind = None if "kind" in columns else _kind(sheet.cell(row, columns["label"]), profile)
        line = reader.read(row, kind)
        if line is not None:
            lines.append(line)
    return Lines({}, tuple(lines), tuple(reader.faults))


def _kind(label: str, profile: Profile) -> str:
    """Return the kind that a name tells, by its longest prefix."""
    fitting = [one for one in profile.prefixes if label.upper().startswith(one.upper())]
    return profile.prefixes[max(fitting, key=len)] if fitting else "sample"
