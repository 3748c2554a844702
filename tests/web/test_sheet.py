"""Tables to take away: one writer, whatever the table."""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from songhua.api.v1 import sheet as module
from songhua.api.v1.sheet import sheet
from songhua.model import BadInput

HEAD = ["长春", "=HYPERLINK(1)"]
COLUMNS = ["time", "pm10", "note"]
AT = datetime(2020, 4, 4, 11)  # noqa: DTZ001 - Beijing time, as spreadsheets have it
ROWS: list[Sequence[Any]] = [
    (AT, 60.0, "=cmd|' /C calc'!A0"),
    (AT, 60.5, "-1"),
    (AT, None, "雪, 大"),
    (AT, -3, "+"),
]


def test_csv_is_text_that_a_spreadsheet_reads_and_never_a_formula() -> None:
    answer = sheet("csv", "air", HEAD, COLUMNS, ROWS)
    assert answer["Content-Disposition"] == 'attachment; filename="air.csv"'
    assert answer.getvalue().decode() == (  # type: ignore[attr-defined]
        "\ufeff# 长春\r\n# =HYPERLINK(1)\r\ntime,pm10,note\r\n"
        "2020-04-04 11:00,60,'=cmd|' /C calc'!A0\r\n"
        "2020-04-04 11:00,60.5,'-1\r\n"
        '2020-04-04 11:00,,"雪, 大"\r\n'
        "2020-04-04 11:00,-3,'+\r\n"
    )


def test_xlsx_keeps_times_and_numbers_and_has_no_formula() -> None:
    answer = sheet("xlsx", "air", HEAD, COLUMNS, ROWS)
    page = openpyxl.load_workbook(io.BytesIO(answer.content)).active  # type: ignore[attr-defined]
    assert page is not None
    assert [cell.value for cell in page["A"]] == ["长春", "'=HYPERLINK(1)", "time", *[AT] * 4]
    assert [cell.value for cell in page["B"]][2:] == ["pm10", 60, 60.5, None, -3]
    assert all(cell.data_type != "f" for row in page for cell in row)


def test_csv_goes_out_while_rows_are_still_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PIECE", 10)
    taken = []

    def rows() -> Iterator[Sequence[Any]]:
        for number in range(35):
            taken.append(number)
            yield (AT, number, "")

    pieces = iter(sheet("csv", "air", [], COLUMNS, rows()))
    assert next(pieces).count(b"\r\n") == 11
    assert len(taken) == 10
    assert b"".join(pieces).count(b"\r\n") == 25


def test_what_no_workbook_takes_and_what_is_no_format_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_XLSX_ROWS", 3)
    assert sheet("xlsx", "air", [], COLUMNS, ROWS[:3])
    with pytest.raises(BadInput, match="More than the 3 rows"):
        sheet("xlsx", "air", [], COLUMNS, ROWS)
    with pytest.raises(BadInput, match="csv or xlsx"):
        sheet("doc", "air", [], COLUMNS, ROWS)
