"""Templates written, filled in and read back; exports of instruments; every bad cell named."""

import io
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from songhua.app.cli import app
from songhua.ingest.laboratory.exports import read_export, read_profile
from songhua.ingest.laboratory.rows import Lines
from songhua.ingest.laboratory.sheets import column_letters, read_sheets
from songhua.ingest.laboratory.template import read_template, write_template
from songhua.model import BadInput
from songhua.standards.lab import method, methods

AMMONIA = method("HJ 535-2009")
LIMIT = Decimal("0.025")


def filled(cells: dict[str, object]) -> bytes:
    """Return the template of ammonia with a good head and some cells filled in."""
    book = openpyxl.load_workbook(io.BytesIO(write_template(AMMONIA)))
    sheet = book["结果"]
    head = {"B2": "NH3-1", "B3": "UV-01", "B4": "2026-11-05"}
    for cell, value in {**head, **cells}.items():
        sheet[cell] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def where(found: Lines) -> list[str]:
    return [one.cell for one in found.faults]


def test_a_filled_template_is_read_as_it_was_meant() -> None:
    # Rows 8-13 are begun as standards, 14 blank, 15 field blank, 16 sample, 17 parallel.
    found = read_template(
        filled(
            {
                "B8": "S0", "D8": 0.002, "G8": 0,
                "B14": "B1", "F14": "ND",
                "B16": "261103-00001", "F16": "0.520", "E16": 2,
                "B17": "P1", "C17": "261103-00001", "F17": 0.48,
            }
        )
    )  # fmt: skip
    found.refuse_faulty()
    assert found.head["method"] == "HJ 535-2009"
    assert [(one.kind, one.label, one.told) for one in found.lines] == [
        ("standard", "S0", ""),
        ("blank", "B1", "ND"),
        ("sample", "261103-00001", "0.520"),
        ("parallel", "P1", "0.48"),
    ]
    assert (found.lines[0].nominal, found.lines[0].signal) == (Decimal(0), 0.002)
    assert found.lines[2].dilution == 2


@pytest.mark.parametrize(
    ("cells", "cell", "said"),
    [
        ({"B2": ""}, "结果!B2", "批号"),
        ({"B4": "昨天"}, "结果!B4", "2026-11-05"),
        ({"B5": "0.5"}, "结果!B5", "检出限"),
        ({"B1": "HJ 1"}, "结果!B1", "分析方法"),
        ({"A16": "鱼"}, "结果!A16", "类别"),
        ({"F16": "0,52"}, "结果!F16", "不是数值"),
        ({"F16": None}, "结果!F16", "没有测定值"),
        ({"D16": "亮"}, "结果!D16", "不是数"),
        ({"E16": 0.5}, "结果!E16", "稀释倍数"),
        ({"B16": None}, "结果!B16", "没有条码"),
        ({"B17": "P1", "F17": "0.5"}, "结果!C17", "所属样品"),
        ({"B19": "GSB", "F19": "1.0", "G19": 1}, "结果!H19", "不确定度"),
        ({"B18": "J", "C18": "X", "F18": "1", "G18": "-1"}, "结果!G18", "非负数"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, object], cell: str, said: str) -> None:
    found = read_template(filled({"B16": "261103-00001", "F16": "0.52", **cells}))
    assert cell in where(found)
    assert said in next(one.zh for one in found.faults if one.cell == cell)
    with pytest.raises(BadInput, match=cell):
        found.refuse_faulty()


def test_an_empty_template_says_so() -> None:
    assert "结果!A8" in where(read_template(filled({})))


def test_every_method_has_a_template() -> None:
    for one in methods().values():
        assert read_template(write_template(one)).head["method"] == one.code


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x03\x04rubbish", b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x00"]
)
def test_what_is_no_template_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput):
        read_template(raw)


def test_a_file_too_large_is_refused() -> None:
    with pytest.raises(BadInput, match="过大"):
        read_sheets(b"x" * (8 * 1024 * 1024 + 1), "big.csv")
    with pytest.raises(BadInput, match="过大"):
        read_sheets(b"1,2\n" * 6000, "long.csv")


EXPORT = (
    "仪器: UV-1800\r\n日期,2026-11-05\r\n样品名,类型,吸光度\r\n"
    "STD1,,0.002\r\nBLK-1,,0.003\r\n261103-00001,,0.105\r\n"
)
PROFILE = {
    "label": "样品名",
    "signal": "吸光度",
    "prefixes": {"STD": "standard", "BLK": "blank", "BLK-F": "field_blank"},
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_an_export_is_read_by_its_profile(encoding: str, delimiter: str) -> None:
    text = EXPORT.replace(",", delimiter).replace("STD1", "BLK-F1")
    found = read_export(
        text.encode(encoding), "uv.csv", read_profile(PROFILE), detection_limit=LIMIT
    )
    assert [(one.kind, one.label, one.signal) for one in found.lines] == [
        ("field_blank", "BLK-F1", 0.002),
        ("blank", "BLK-1", 0.003),
        ("sample", "261103-00001", 0.105),
    ]
    assert not found.faults


def test_a_bad_cell_of_an_export_is_named() -> None:
    raw = EXPORT.replace("0.105", "over").encode()
    found = read_export(raw, "uv.csv", read_profile(PROFILE), detection_limit=LIMIT)
    assert "CSV!C6" in where(found)  # over
    assert "CSV!A4" in where(found)  # a standard has no column for its concentration


def test_an_export_without_its_columns_is_refused() -> None:
    with pytest.raises(BadInput, match="样品名、吸光度"):
        read_export(b"a,b\n1,2\n", "uv.csv", read_profile(PROFILE), detection_limit=LIMIT)


@pytest.mark.parametrize(
    "told",
    [{}, {"label": "a"}, {"label": "a", "signal": 1}, {"label": "a", "signal": "b", "x": "c"},
     {"label": "a", "signal": "b", "prefixes": {"X": "fish"}},
     {"label": "a", "signal": "b", "prefixes": 3}],
)  # fmt: skip
def test_a_profile_that_is_none_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        read_profile(told)


@given(st.binary(max_size=300))
def test_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(BadInput):
        read_export(raw, "x", read_profile(PROFILE), detection_limit=LIMIT)


def test_letters_of_columns() -> None:
    # as openpyxl has them
    for n in (0, 25, 26, 51, 52, 701, 702):
        assert column_letters(n) == openpyxl.utils.get_column_letter(n + 1)


def test_the_commands(tmp_path: Path) -> None:
    run, out = CliRunner(), tmp_path / "t.xlsx"
    assert run.invoke(app, ["lab", "template", "HJ 535-2009", str(out)]).exit_code == 0
    told = run.invoke(app, ["lab", "check", str(out)])
    assert told.exit_code == 2
    assert "结果!B2" in told.output
    out.write_bytes(filled({"B16": "261103-00001", "F16": "0.52"}))
    assert run.invoke(app, ["lab", "check", str(out)]).exit_code == 0
    assert "HJ 535-2009" in run.invoke(app, ["lab", "methods"]).output
