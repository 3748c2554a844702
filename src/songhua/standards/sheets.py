"""Tables and single numbers of an edition, described in its file: for the law's page and readers.

An edition's file lists ``[[number]]`` (key, words, value, unit, clause, confidence) and
``[[sheet]]``: a CSV table beside it, how a row is called, and which columns hold values.
"""

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files

from songhua.model import UnknownName
from songhua.standards.edition import Edition
from songhua.standards.law_cell import LawCell


@cache
def table_rows(medium: str, name: str) -> tuple[Mapping[str, str], ...]:
    """Return the rows of a CSV table of a medium; lines with # are comments."""
    text = files("songhua.standards").joinpath(medium, name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def number(edition: Edition, key: str) -> Decimal:
    """Return a single number of an edition; raise `UnknownName` when it has none of that key."""
    for one in edition.tables.get("number", ()):
        if one["key"] == key:
            return Decimal(one["value"])
    raise UnknownName("数值", "number", f"{edition.code} {key}")


def sheet_cells(edition: Edition) -> Iterator[LawCell]:
    """Yield the tables and numbers of an edition as cells."""
    for sheet in edition.tables.get("sheet", ()):
        for row in table_rows(edition.medium, sheet["file"]):
            for column, zh, en in sheet["columns"]:
                if row[column] == "":
                    continue
                value = sheet["value"].format(row[column])
                yield LawCell(
                    sheet["zh"], sheet["en"],
                    sheet["row_zh"].format(**row), sheet["row_en"].format(**row), zh, en,
                    value, value, sheet["unit"].format(**row), sheet["clause"], row["confidence"],
                )  # fmt: skip
    for one in edition.tables.get("number", ()):
        yield LawCell(
            "数值", "numbers", one["zh"], one["en"], "", "", str(one["value"]), str(one["value"]),
            one["unit"], one["clause"], one["confidence"],
        )  # fmt: skip
