"""A small sheet as cells with addresses: workbook or text, bounded in size."""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from songhua.model import BadInput

MOST_BYTES = 8 * 1024 * 1024
_MOST_UNPACKED = 64 * 1024 * 1024
_MOST_ROWS, _MOST_COLUMNS = 5000, 60
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Cells as text; `rows[0][0]` is A1 and what is not there is empty."""

    name: str
    rows: Sequence[Sequence[str]]

    def cell(self, row: int, column: int) -> str:
        """Return a cell's text; rows and columns count from zero."""
        if row >= len(self.rows) or column >= len(self.rows[row]):
            return ""
        return self.rows[row][column]

    def address(self, row: int, column: int) -> str:
        """Return where a cell stands, as a spreadsheet says it: ``结果!B7``."""
        return f"{self.name}!{column_letters(column)}{row + 1}"


def column_letters(column: int) -> str:
    """Return the letters of a column.

    >>> column_letters(0), column_letters(25), column_letters(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read_sheets(raw: bytes, name: str) -> list[Sheet]:
    """Return the sheets of a workbook, or the one of a text file.

    Raises
    ------
    BadInput
        If it is neither, or too large.
    """
    if len(raw) > MOST_BYTES:
        raise BadInput(
            f"文件 {name[:80]} 过大（超过 {MOST_BYTES // 2**20} MB）。",
            f"The file {name[:80]} is too large (more than {MOST_BYTES // 2**20} MB).",
        )
    if raw.startswith(_ZIP):
        return _workbook(raw, name)
    return [_text(raw, name)]


def _workbook(raw: bytes, name: str) -> list[Sheet]:
    import python_calamine

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as parts:
            if sum(part.file_size for part in parts.infolist()) > _MOST_UNPACKED:
                raise BadInput("工作簿过大。", "The workbook is too large.")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw))
        return [_sheet(book.get_sheet_by_name(one)) for one in book.sheet_names[:20]]
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError) as fault:
        raise BadInput(
            f"无法读取工作簿 {name[:80]}。", f"The workbook {name[:80]} cannot be read."
        ) from fault


def _sheet(sheet: object) -> Sheet:
    height, width = sheet.total_height, sheet.total_width  # type: ignore[attr-defined]
    title = str(sheet.name)  # type: ignore[attr-defined]
    if height > _MOST_ROWS or width > _MOST_COLUMNS:
        raise BadInput(
            f"工作表 {title[:40]} 过大：{height} 行 {width} 列。",
            f"The sheet {title[:40]} is too large: {height} rows, {width} columns.",
        )
    rows = sheet.to_python(skip_empty_area=False)  # type: ignore[attr-defined]
    return Sheet(title, [[_said(cell) for cell in row] for row in rows])


def _text(raw: bytes, name: str) -> Sheet:
    text = _decoded(raw, name)
    lines = text.splitlines()
    head = "\n".join(lines[:40])
    delimiter = max(",\t;", key=head.count)
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as fault:
        raise BadInput(f"{name[:80]} 不是表格。", f"{name[:80]} is no table.") from fault
    if len(rows) > _MOST_ROWS or max(map(len, rows), default=0) > _MOST_COLUMNS:
        raise BadInput(f"{name[:80]} 过大。", f"{name[:80]} is too large.")
    return Sheet("CSV", rows)


def _decoded(raw: bytes, name: str) -> str:
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise BadInput(f"{name[:80]} 不是表格文件。", f"{name[:80]} is no file with a table.")


def _said(cell: object) -> str:
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()
