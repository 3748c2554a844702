"""Workbooks and Parquet files as text cells."""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, islice

import polars as pl

from songhua.ingest.files.cells import (
    HEADER_WITHIN,
    Cells,
    IsHeader,
    Readable,
    any_cells,
    column_names,
    empty_file,
)
from songhua.ingest.files.faults import MOST_RAW
from songhua.model import BadInput

_ROWS = 100_000
_LARGEST_BOOK = 4 * 1024**3
"""Bytes of a workbook when unpacked; a larger one would not fit a machine's memory."""

Rows = Iterator[tuple[int, Sequence[object]]]


def read_workbook(source: Readable, *, is_header: IsHeader) -> Iterator[Cells]:
    """Yield the rows of a workbook's first sheet that has the header, in batches."""
    import python_calamine

    with source.open() as file:
        packed = io.BytesIO(file.read())
    try:
        _check_size(packed)
        book = python_calamine.CalamineWorkbook.from_filelike(packed)
        for test in (is_header, any_cells):
            for name in book.sheet_names:
                sheet = book.get_sheet_by_name(name)
                rows = enumerate(sheet.iter_rows(), 1)
                names = _find_header(rows, test)
                if names is not None:
                    yield from _sheet_cells(names, rows, sheet.total_height, source.size)
                    return
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError) as fault:
        raise BadInput(
            f"无法读取工作簿：{fault}。", f"Cannot read the workbook: {fault}."
        ) from fault
    raise empty_file()


def _check_size(packed: io.BytesIO) -> None:
    with zipfile.ZipFile(packed) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > _LARGEST_BOOK:
        raise BadInput("工作簿过大。请另存为 CSV。", "The workbook is too large. Save it as CSV.")
    packed.seek(0)


def _find_header(rows: Rows, test: IsHeader) -> list[str] | None:
    for _, row in islice(rows, HEADER_WITHIN):
        cells = [" ".join(_cell_text(cell).split()) for cell in row]
        if test(cells):
            return column_names(cells)
    return None


def _sheet_cells(names: list[str], rows: Rows, height: int, size: int) -> Iterator[Cells]:
    schema = dict.fromkeys(names, pl.String)
    first = True
    while (part := list(islice(rows, _ROWS))) or first:
        first = False
        kept = [(number, list(map(_cell_text, row))) for number, row in part]
        kept = [(number, row) for number, row in kept if any(row)]
        table = pl.DataFrame([row for _, row in kept], schema=schema, orient="row")
        lines = pl.Series([number for number, _ in kept], dtype=pl.UInt64)
        done = size * part[-1][0] // max(height, part[-1][0]) if part else size
        yield Cells(table, lines, _joined(table), [], done, size)


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        # A sheet counts days in binary fractions: an hour may lie a hair before itself.
        return (cell + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()


def read_parquet(source: Readable) -> Iterator[Cells]:
    """Yield the rows of a Parquet file in batches; its rows are counted from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with source.open() as file:
        try:
            parquet = pq.ParquetFile(file)
            total, line = parquet.metadata.num_rows, 1
            empty = parquet.schema_arrow.empty_table()
            for part in chain(parquet.iter_batches(_ROWS), [] if total else [empty]):
                arrow = part if isinstance(part, pa.Table) else pa.Table.from_batches([part])
                table = _as_text(pl.DataFrame(arrow))
                lines = pl.int_range(line, line + table.height, dtype=pl.UInt64, eager=True)
                line += table.height
                done = source.size * (line - 1) // max(1, total)
                yield Cells(table, lines, _joined(table), [], done, source.size)
        except (pa.ArrowException, OSError) as fault:
            raise BadInput(
                f"无法读取 Parquet：{fault}。", f"Cannot read the Parquet file: {fault}."
            ) from fault


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    """Return every column as text; what no text can stand for is left empty."""
    cells = []
    for name, dtype in table.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            text = column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        elif isinstance(dtype, pl.Datetime):
            text = column.dt.strftime("%Y-%m-%dT%H:%M:%S")
        elif dtype.is_nested() or dtype in (pl.Binary, pl.Object):
            text = pl.lit("").alias(name)
        else:
            text = column.cast(pl.String)
        cells.append(text.fill_null(""))
    return table.select(cells) if cells else table


def _joined(table: pl.DataFrame) -> Callable[[int], str]:
    return lambda row: ",".join(map(str, table.row(row)))[:MOST_RAW]
