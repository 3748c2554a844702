"""A table to take away as CSV or XLSX: a head that says what it is, then names, then rows."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from songhua.model import BadInput

FORMATS = ("csv", "xlsx")
MOST_XLSX_ROWS = 100_000
"""Rows of a workbook, which is made in memory; CSV has no bound."""

_PIECE = 2000
_FIRST_WIDTH = 18
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(
    kind: str, name: str, head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> HttpResponseBase:
    """Return a file to download; CSV goes out piece by piece.

    Parameters
    ----------
    kind
        ``csv`` or ``xlsx``.
    name
        Name of the file without its ending.
    head
        Lines above the table: what it is, its source, its state of knowledge.
    rows
        A time in it has no zone: spreadsheets know none.

    Raises
    ------
    BadInput
        If the kind is unknown, or the rows are more than a workbook takes.
    """
    if kind not in FORMATS:
        raise BadInput("format 只能是 csv 或 xlsx。", "format must be csv or xlsx.")
    answer: HttpResponseBase
    if kind == "csv":
        pieces = _csv(head, columns, rows)
        answer = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    else:
        answer = HttpResponse(_xlsx(head, columns, rows), content_type=_XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _csv(
    head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> Iterator[bytes]:
    """Yield the file in pieces; the mark at its start tells a spreadsheet that it is UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    out.writelines(f"# {line}\r\n" for line in head)
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow(columns)
    for number, row in enumerate(rows, 1):
        write.writerow([_text(value) for value in row])
        if number % _PIECE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _xlsx(head: Sequence[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    taken = list(islice(rows, MOST_XLSX_ROWS + 1))
    if len(taken) > MOST_XLSX_ROWS:
        raise BadInput(
            f"超过一个 Excel 文件的上限 {MOST_XLSX_ROWS} 行。请缩短时段，或导出 CSV。",
            f"More than the {MOST_XLSX_ROWS} rows of one Excel file. "
            "Shorten the span or export CSV.",
        )
    book = Workbook(write_only=True)
    page = book.create_sheet("data")
    page.column_dimensions["A"].width = _FIRST_WIDTH
    for line in head:
        page.append([_safe(line)])
    page.append([_bold(page, name) for name in columns])
    for row in taken:
        page.append([_safe(value) for value in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _text(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else _safe(value)


def _safe(value: Any) -> Any:
    """Return a value as a spreadsheet may read it: text is never a formula, 60.0 is 60."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _bold(page: Any, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=words)
    cell.font = Font(bold=True)
    return cell
