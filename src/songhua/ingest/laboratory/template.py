"""The result template of a method: written for the analyst, read back cell by cell."""

import io
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from songhua.ingest.laboratory.rows import FIELDS, KINDS, CellFault, Lines, RowReader
from songhua.ingest.laboratory.sheets import Sheet, read_sheets
from songhua.model import BadInput, UnknownName
from songhua.standards.lab import Method, method

SHEET = "结果"
HEAD = {
    "method": ("分析方法", "Method"),
    "number": ("批号", "Batch"),
    "instrument": ("仪器编号", "Instrument"),
    "analysed_on": ("分析日期", "Analysed on"),
    "detection_limit": ("检出限", "Detection limit"),
}
_FIRST = len(HEAD) + 1
"""Row of the headings, from zero."""
_LINES = 60
_EXAMPLE = ("standard",) * 6 + (
    *("blank", "field_blank", "sample", "parallel", "spike", "crm", "midpoint"),
)


def write_template(how: Method) -> bytes:
    """Return a workbook to fill in for a method: kinds to choose from, rows of control begun."""
    from openpyxl import Workbook
    from openpyxl.styles import Font, PatternFill
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet = book.active
    sheet.title = SHEET
    given = {"method": how.code, "detection_limit": f"{how.detection_limit:f}"}
    for place, (name, (zh, en)) in enumerate(HEAD.items(), 1):
        sheet.cell(place, 1, f"{zh} {en}").font = Font(bold=True)
        sheet.cell(place, 2, given.get(name, "")).number_format = "@"
    sheet.cell(1, 3, f"{how.item_zh} {how.item_en} · {how.name_zh} · {how.unit}")
    for column, (zh, en) in enumerate(FIELDS.values(), 1):
        cell = sheet.cell(_FIRST + 1, column, f"{zh} {en}")
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDE8E4")
    kinds = [kind for kind in _EXAMPLE if _fits(kind, how)]
    for place, kind in enumerate(kinds, _FIRST + 2):
        sheet.cell(place, 1, KINDS[kind][0])
    for row in sheet.iter_rows(_FIRST + 2, _FIRST + 1 + _LINES, 2, len(FIELDS)):
        for cell in row:
            cell.number_format = "@"  # 0.520 keeps its last digit
    choice = DataValidation("list", formula1=f'"{",".join(zh for zh, _ in KINDS.values())}"')
    sheet.add_data_validation(choice)
    choice.add(f"A{_FIRST + 2}:A{_FIRST + 1 + _LINES}")
    for letter, width in zip("ABCDEFGH", (22, 22, 18, 12, 14, 14, 20, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = f"A{_FIRST + 2}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read_template(raw: bytes, name: str = "template.xlsx") -> Lines:
    """Read a filled template; every bad cell is named.

    Raises
    ------
    BadInput
        If it is no template at all.
    """
    sheet = next((one for one in read_sheets(raw, name) if one.name in (SHEET, "CSV")), None)
    if sheet is None:
        raise BadInput(
            f"{name[:80]} 里没有工作表“{SHEET}”。", f"{name[:80]} has no sheet “{SHEET}”."
        )
    columns = _columns(sheet, name)
    head, faults, how = _head(sheet)
    limit = how.detection_limit if how is not None else Decimal("1e-9")
    reader = RowReader(sheet, columns, limit)
    kind = columns["kind"]
    lines = [
        line
        for row in range(_FIRST + 1, len(sheet.rows))
        # A row in which only the kind was begun is one that was not used.
        if any(text for place, text in enumerate(sheet.rows[row]) if place != kind)
        and (line := reader.read(row)) is not None
    ]
    if not lines:
        where = sheet.address(_FIRST + 1, 0)
        reader.faults.append(CellFault(where, "没有填任何一行", "no row was filled in"))
    return Lines(head, tuple(lines), (*faults, *reader.faults))


def _fits(kind: str, how: Method) -> bool:
    if kind == "spike":
        return how.spike is not None
    return how.smallest_r is not None or kind not in ("standard", "midpoint")


def _columns(sheet: Sheet, name: str) -> dict[str, int]:
    found = {}
    for column in range(len(FIELDS) + 10):
        words = sheet.cell(_FIRST, column).split(" ")[0]
        field = next((key for key, (zh, _) in FIELDS.items() if zh == words), None)
        if field is not None:
            found[field] = column
    missing = [zh for key, (zh, _) in FIELDS.items() if key not in found]
    if missing:
        raise BadInput(
            f"{name[:80]} 第 {_FIRST + 1} 行缺少列：{'、'.join(missing)}。请用平台的模板。",
            f"{name[:80]}, row {_FIRST + 1} lacks the columns {', '.join(missing)}. "
            "Use the platform's template.",
        )
    return found


def _head(sheet: Sheet) -> tuple[dict[str, str], list[CellFault], Method | None]:
    head = {name: sheet.cell(row, 1) for row, name in enumerate(HEAD)}
    how: Method | None = None
    faults = []
    try:
        how = method(head["method"])
    except UnknownName as fault:
        faults.append(CellFault(sheet.address(0, 1), fault.zh.rstrip("。"), fault.en.rstrip(".")))
    faults += [CellFault(sheet.address(row, 1), *words) for row, words in _head_faults(head, how)]
    return head, faults, how


def _head_faults(head: dict[str, str], how: Method | None) -> Iterator[tuple[int, tuple[str, str]]]:
    for row, name in ((1, "number"), (2, "instrument")):
        if not 0 < len(head[name]) <= 40:
            zh, en = HEAD[name]
            yield row, (f"没有{zh}，或超过 40 字", f"{en} is missing or too long")
    try:
        date.fromisoformat(head["analysed_on"])
    except ValueError:
        yield 3, ("日期应写作 2026-11-05", "write the date as 2026-11-05")
    try:
        limit = Decimal(head["detection_limit"])
    except ArithmeticError:
        limit = Decimal(0)
    if not limit.is_finite() or limit <= 0 or (how is not None and limit > how.detection_limit):
        most = "" if how is None else f" {how.detection_limit:f}"
        yield 4, (f"检出限须大于零且不高于方法的{most}", f"above zero, at most the method's{most}")
