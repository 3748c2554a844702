"""A table to take away as CSV or XLSX: a head that says what it is, then names, then rows."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from songhua.model import BadInput

FORMATS = ("csv", "xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(
    kind: str, name: str, head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponse:
    """Return a file to download.

    Parameters
    ----------
    kind
        ``csv`` or ``xlsx``.
    name
        Name of the file without its ending.
    head
        Lines above the table: what it is, its source, its state of knowledge.

    Raises
    ------
    BadInput
        If the kind is unknown.
    """
    if kind not in FORMATS:
        raise BadInput("format 只能是 csv 或 xlsx。", "format must be csv or xlsx.")
    if kind == "csv":
        answer = HttpResponse(_csv(head, columns, rows), content_type="text/csv; charset=utf-8")
    else:
        answer = HttpResponse(_xlsx(head, columns, rows), content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _csv(head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return the file; the mark at its start tells a spreadsheet that it is UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    out.writelines(f"# {line}\r\n" for line in head)
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow(columns)
    write.writerows([_safe(value) for value in row] for row in rows)
    return out.getvalue().encode()


def _xlsx(head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet("data")
    for line in head:
        page.append([line])
    page.append([_bold(page, name) for name in columns])
    for row in rows:
        page.append([_safe(value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _safe(value: Any) -> Any:
    """Return a value as a spreadsheet may read it: text is never a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _bold(page: Any, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=words)
    cell.font = Font(bold=True)
    return cell
