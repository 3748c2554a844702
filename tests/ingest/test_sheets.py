"""Workbooks and Parquet files: numbers and dates as cells, whatever stands around them."""

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import openpyxl
import polars as pl
import pytest

from songhua.ingest.files import FileMapping, sheets
from songhua.ingest.files.cells import Cells
from songhua.ingest.files.source import kind_of, read_cells
from songhua.model import BadInput
from tests.ingest.held import Held, read, values

EIGHT = datetime(2020, 4, 2, 8)  # noqa: DTZ001 - a cell has no zone
WIDE = FileMapping(layout="wide", time="time", site="site", quantities={"PM2.5": "pm2_5"})


def workbook(*named: tuple[str, list[list[object]]]) -> Held:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in named:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return Held(out.getvalue())


def parquet(frame: pl.DataFrame) -> Held:
    out = io.BytesIO()
    frame.write_parquet(out)
    return Held(out.getvalue())


def split(source: Held) -> list[Cells]:
    return list(read_cells(source, encoding="utf-8", delimiter=","))


def test_cells_of_every_kind_are_text() -> None:
    source = workbook(
        (
            "a",
            [["site", "time", "x", "y"], ["1121A", EIGHT, 35, 0.4], [1121, date(2020, 4, 2), True]],
        )
    )
    (part,) = split(source)
    assert part.table.rows() == [
        ("1121A", "2020-04-02T08:00:00", "35", "0.4"),
        ("1121", "2020-04-02", "True", ""),
    ]
    assert list(part.lines) == [2, 3]
    assert part.raw(0) == "1121A,2020-04-02T08:00:00,35,0.4"


def test_every_hour_of_a_year_is_whole_though_a_sheet_counts_in_fractions_of_days() -> None:
    hours = [datetime(2024, 1, 1) + timedelta(hours=n) for n in range(8784)]  # noqa: DTZ001
    source = workbook(("a", [["site", "time", "PM2.5"], *(["1121A", at, 1] for at in hours)]))
    (batch,) = read(source, WIDE)
    assert batch.rejects.is_empty()
    local = batch.rows["time"].dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
    assert local.to_list() == hours


def test_the_sheet_with_the_header_is_read_and_rows_are_those_of_the_sheet() -> None:
    source = workbook(
        ("说明", [["这是说明"], ["第二行", "说明"]]),
        ("数据", [["空气质量"], [], ["site", "time", "PM2.5"], [], ["1121A", EIGHT, 35]]),
    )
    (batch,) = read(source, WIDE)
    assert values([batch]) == [("1121A", "pm2_5", datetime(2020, 4, 2, tzinfo=UTC), 35.0, "")]
    assert batch.rows["line"].to_list() == [5]


def test_a_sheet_that_begins_lower_down_keeps_its_row_numbers() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for column, value in enumerate(["site", "time", "PM2.5"], 2):
        sheet.cell(4, column, value)
    for column, value in enumerate(["1121A", EIGHT, 35], 2):
        sheet.cell(5, column, value)
    out = io.BytesIO()
    book.save(out)
    (batch,) = read(Held(out.getvalue()), WIDE)
    assert batch.rows["line"].to_list() == [5]


def test_a_large_sheet_comes_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_ROWS", 10)
    rows = [["1121A", EIGHT + timedelta(hours=n), n] for n in range(25)]
    source = workbook(("a", [["site", "time", "PM2.5"], *rows]))
    batches = read(source, WIDE)
    assert [batch.rows.height for batch in batches] == [10, 10, 5]
    assert batches[-1].done == batches[-1].total == source.size


@pytest.mark.parametrize("rows", [[], [["only a title"]]])
def test_a_workbook_with_nothing_in_it_is_said_to_be_empty(rows: list[list[object]]) -> None:
    with pytest.raises(BadInput, match="空"):
        split(workbook(("a", rows)))


def test_a_header_alone_is_a_table_without_rows() -> None:
    (part,) = split(workbook(("a", [["site", "time"]])))
    assert part.table.columns == ["site", "time"]
    assert part.table.is_empty()


@pytest.mark.parametrize("cut", [10, 1000])
def test_a_broken_workbook_is_refused(cut: int) -> None:
    source = workbook(("a", [["site", "time"]]))
    with pytest.raises(BadInput, match="工作簿"):
        split(Held(source.data[:cut]))


def test_an_archive_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("hours.csv", "site,time\n")
    with pytest.raises(BadInput, match="工作簿"):
        split(Held(out.getvalue()))


def test_a_workbook_that_would_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "_LARGEST_BOOK", 100)
    with pytest.raises(BadInput, match="过大"):
        split(workbook(("a", [["site", "time"]])))


def test_an_old_workbook_is_refused_with_advice() -> None:
    with pytest.raises(BadInput, match="xlsx"):
        kind_of(Held(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512))


@pytest.mark.parametrize(
    "times",
    [
        pl.Series([EIGHT]),
        pl.Series([EIGHT]).cast(pl.Datetime("ns")),
        pl.Series([datetime(2020, 4, 2, tzinfo=UTC)]),
        pl.Series([EIGHT]).dt.replace_time_zone("Asia/Shanghai"),
        pl.Series(["2020-04-02 08:00"]),
    ],
)
@pytest.mark.parametrize(
    "number",
    [
        pl.Series([35.1]),
        pl.Series([35.1], dtype=pl.Float32),
        pl.Series(["35.1"]),
        pl.Series([Decimal("35.1")]),
    ],
)
def test_columns_of_a_parquet_file_may_have_any_type(times: pl.Series, number: pl.Series) -> None:
    frame = pl.DataFrame({"site": pl.Series(["1121A"], dtype=pl.Categorical), "time": times})
    others = {"tags": [["a"]], "raw": [b"\xff"], "PM2.5": number}
    (batch,) = read(
        parquet(frame.with_columns(**{k: pl.Series(v) for k, v in others.items()})), WIDE
    )
    assert values([batch]) == [("1121A", "pm2_5", datetime(2020, 4, 2, tzinfo=UTC), 35.1, "")]
    assert batch.rows["line"].to_list() == [1]


def test_days_of_a_parquet_file_are_days() -> None:
    mapping = FileMapping(
        layout="wide", period="day", time="date", site="site", quantities={"co": "co"}
    )
    frame = pl.DataFrame({"site": ["1121A"], "date": [date(2020, 4, 2)], "co": [0.4]})
    (batch,) = read(parquet(frame), mapping)
    assert values([batch]) == [("1121A", "co", datetime(2020, 4, 1, 16, tzinfo=UTC), 0.4, "")]


def test_what_a_parquet_file_does_not_have_is_empty() -> None:
    frame = pl.DataFrame({"site": ["1121A"], "time": [EIGHT], "PM2.5": [None]})
    (batch,) = read(parquet(frame.cast({"PM2.5": pl.Float64})), WIDE)
    assert batch.rows.is_empty()
    assert batch.missing == 1


def test_a_parquet_file_without_rows_brings_nothing() -> None:
    frame = pl.DataFrame(schema={"site": pl.String, "time": pl.String, "PM2.5": pl.Float64})
    (batch,) = read(parquet(frame), WIDE)
    assert batch.rows.is_empty()
    assert batch.rejects.is_empty()


def test_a_broken_parquet_file_is_refused() -> None:
    source = parquet(pl.DataFrame({"site": ["1121A"], "time": [EIGHT]}))
    with pytest.raises(BadInput, match="Parquet"):
        split(Held(source.data[:-20]))
