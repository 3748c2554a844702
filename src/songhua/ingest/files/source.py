"""Files of any kind as batches of text cells with line numbers, in bounded memory."""

import csv
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import polars as pl
from polars.exceptions import PolarsError

from songhua.ingest.files.faults import MOST_RAW, WORDS, Fault
from songhua.model import BadInput

_BLOCK = 4 * 1024 * 1024
_ROWS = 100_000
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_BOM = b"\xef\xbb\xbf"
_LONGEST_LINE = 1024 * 1024
_FIRST_ROW = 2  # the header is line 1


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that could not be split into cells, or the place where a file breaks off."""

    line: int
    raw: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class Cells:
    """Some rows of a file.

    Parameters
    ----------
    table
        Text cells, a column a header.
    lines
        Physical line of each row in the file; the header is line 1.
    raw
        Gives a row's text by its position.
    refused
        Lines without cells.
    done, total
        Bytes of the file read so far, and in all.
    """

    table: pl.DataFrame
    lines: pl.Series
    raw: Callable[[int], str]
    refused: Sequence[Refused]
    done: int
    total: int


class Readable(Protocol):
    """A file that is here, or in the journal."""

    def open(self) -> BinaryIO:
        """Open it for reading from its start."""

    @property
    def size(self) -> int:
        """Length in bytes."""


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file on this machine."""

    path: Path

    def open(self) -> BinaryIO:
        """Open it."""
        return self.path.open("rb")

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.path.stat().st_size


def kind_of(source: Readable) -> str:
    """Return ``csv``, ``csv.gz``, ``xlsx`` or ``parquet`` by the first bytes.

    Raises
    ------
    BadInput
        If the file is empty.
    """
    with source.open() as file:
        start = file.read(4)
    if not start:
        raise BadInput("文件是空的。", "The file is empty.")
    if start.startswith(_GZIP):
        return "csv.gz"
    if start == _ZIP:
        return "xlsx"
    return "parquet" if start == _PARQUET else "csv"


def read_cells(source: Readable, *, encoding: str, delimiter: str) -> Iterator[Cells]:
    """Yield the rows of a file in batches.

    Raises
    ------
    BadInput
        If the file is empty or of no kind that can be read.
    """
    kind = kind_of(source)
    if kind == "xlsx":
        yield from _sheet_cells(source)
    elif kind == "parquet":
        yield from _parquet_cells(source)
    else:
        yield from _text_cells(
            source, packed=kind == "csv.gz", encoding=encoding, delimiter=delimiter
        )


def first_rows(source: Readable, *, encoding: str, delimiter: str, most: int) -> pl.DataFrame:
    """Return the first rows of a file as text cells."""
    for cells in read_cells(source, encoding=encoding, delimiter=delimiter):
        return cells.table.head(most)
    return pl.DataFrame()


def text_start(source: Readable, size: int) -> bytes:
    """Return the first bytes of a text file, unpacked."""
    with source.open() as file:
        return (_Unpacked(file) if kind_of(source) == "csv.gz" else file).read(size)[:size]


def _text_cells(
    source: Readable, *, packed: bool, encoding: str, delimiter: str
) -> Iterator[Cells]:
    with source.open() as file:
        reader = _Blocks(file, packed=packed)
        header, line = _header(reader, encoding, delimiter)
        for block in reader:
            table, lines, refused = _block_cells(block, header, line, encoding, delimiter)
            yield Cells(table, lines, _raw_of(block, line, lines, encoding), refused,
                        file.tell(), source.size)  # fmt: skip
            line += block.count(b"\n")
        empty = pl.DataFrame(schema=dict.fromkeys(header, pl.String))
        if line == _FIRST_ROW and not reader.broken:
            none = pl.Series([], dtype=pl.UInt64)
            yield Cells(empty, none, str, [], source.size, source.size)
        if reader.broken:
            cut = Refused(
                line, reader.rest.decode(encoding, "replace")[:MOST_RAW], Fault.TRUNCATED_FILE
            )
            yield Cells(empty, pl.Series([], dtype=pl.UInt64), str, [cut], source.size, source.size)


class _Blocks:
    """The whole lines of a text file in large blocks; what a broken archive still gave."""

    def __init__(self, file: BinaryIO, *, packed: bool) -> None:
        self._stream: BinaryIO | _Unpacked = _Unpacked(file) if packed else file
        self.rest = b""
        self._first = True
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        while (block := self.next()) is not None:
            yield block

    def next(self) -> bytes | None:
        """Return the next block, which ends with a line feed; None at the end."""
        while not self._ended:
            piece = self._stream.read(_BLOCK)
            if self._first:
                piece, self._first = piece.removeprefix(_BOM), False
            data = self.rest + piece
            if not piece:
                self._ended = True
                return self._last(data)
            cut = _last_line_end(data)
            if cut < 0 and len(data) > _LONGEST_LINE:
                raise BadInput("文件的一行过长，不像表格。", "A line is too long to be a table.")
            self.rest = data[cut + 1 :]
            if cut >= 0:
                return _unix(data[: cut + 1])
        return None

    def _last(self, data: bytes) -> bytes | None:
        """Return what is left at the end; of a broken archive only whole lines."""
        if self.broken:
            cut = _last_line_end(data) + 1
            self.rest, data = data[cut:], data[:cut]
        else:
            self.rest = b""
        if not data:
            return None
        return _unix(data if data.endswith(b"\n") else data + b"\n")

    def push_back(self, data: bytes) -> None:
        """Put bytes back in front of what is to come."""
        self.rest = data + self.rest

    @property
    def broken(self) -> bool:
        """Whether the archive broke off before its end."""
        return isinstance(self._stream, _Unpacked) and self._stream.broken


class _Unpacked:
    """A gzip archive unpacked as far as it goes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member: Any = None
        self.broken = False

    def read(self, size: int) -> bytes:
        """Return about so many bytes; fewer only at the end, or where the archive breaks off."""
        found = bytearray()
        while len(found) < size and not self.broken:
            packed = self._file.read(1024 * 1024)
            if not packed:
                self.broken = self._member is not None and not self._member.eof
                break
            self._unpack(packed, found)
        return bytes(found)

    def _unpack(self, packed: bytes, found: bytearray) -> None:
        while packed:
            if self._member is None or self._member.eof:
                if not packed.strip(b"\0"):
                    return  # padding after the last member
                self._member = zlib.decompressobj(wbits=31)
            try:
                found += self._member.decompress(packed)
            except zlib.error:
                self.broken = True
                return
            packed = self._member.unused_data


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _last_line_end(data: bytes) -> int:
    """Return where the last line that is outside quotes ends; −1 where none does."""
    cut = data.rfind(b"\n")
    if b'"' not in data:
        return cut
    while cut >= 0 and data.count(b'"', 0, cut) % 2:
        cut = data.rfind(b"\n", 0, cut)
    return cut


def _header(reader: _Blocks, encoding: str, delimiter: str) -> tuple[list[str], int]:
    block = reader.next()
    if block is None:
        why = ("压缩文件已损坏。", "The archive is damaged.") if reader.broken else (
            "文件是空的。", "The file is empty.")  # fmt: skip
        raise BadInput(*why)
    end = block.find(b"\n")
    text = block[:end].decode(encoding, "replace")
    names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter), [])]
    if len(names) < 2 or len(set(names)) != len(names):
        shown = text[:80]
        raise BadInput(
            f"第一行不像表头（分隔符“{delimiter}”）：{shown}",
            f"The first line is no header (delimiter “{delimiter}”): {shown}",
        )
    reader.push_back(block[end + 1 :])
    return names, _FIRST_ROW


def _block_cells(
    block: bytes, header: list[str], line: int, encoding: str, delimiter: str
) -> tuple[pl.DataFrame, pl.Series, list[Refused]]:
    if encoding != "utf-8":
        block = block.decode(encoding, "replace").encode()
    count = block.count(b"\n")
    if count == 0:
        block, count = b"", 0
    try:
        table = (
            pl.read_csv(
                block,
                has_header=False,
                new_columns=header,
                separator=delimiter,
                infer_schema=False,
                empty_string_is_null=False,
                truncate_ragged_lines=False,
            )
            if count
            else pl.DataFrame(schema=dict.fromkeys(header, pl.String))
        )
    except PolarsError:
        return _careful_cells(block, header, line, delimiter)
    tidy = (
        table.height == count
        and table.columns == header
        and not (table[header[-1]].has_nulls() if count else False)
    )
    if not tidy or b"\xef\xbf\xbd" in block:
        return _careful_cells(block, header, line, delimiter)
    return table, pl.Series(range(line, line + count), dtype=pl.UInt64), []


def _careful_cells(
    block: bytes, header: list[str], line: int, delimiter: str
) -> tuple[pl.DataFrame, pl.Series, list[Refused]]:
    """Split a block row by row: some line in it has too few or too many cells, or bad text."""
    text = block.decode("utf-8", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    good: list[list[str]] = []
    lines: list[int] = []
    refused: list[Refused] = []
    start = 0
    for row in reader:
        at, start = line + start, reader.line_num
        if not row:
            continue
        fault = _shape_fault(row, header)
        if fault is None:
            good.append(row)
            lines.append(at)
        else:
            refused.append(Refused(at, delimiter.join(row)[:MOST_RAW], fault))
    schema = dict.fromkeys(header, pl.String)
    table = pl.DataFrame(good, schema=schema, orient="row")
    return table, pl.Series(lines, dtype=pl.UInt64), refused


def _shape_fault(row: list[str], header: list[str]) -> Fault | None:
    if len(row) < len(header):
        return Fault.SHORT_ROW
    if len(row) > len(header):
        return Fault.LONG_ROW
    return Fault.BAD_ENCODING if any("\ufffd" in cell for cell in row) else None


def _raw_of(block: bytes, first: int, lines: pl.Series, encoding: str) -> Callable[[int], str]:
    split: list[bytes] = []

    def raw(row: int) -> str:
        if not split:
            split.extend(block.split(b"\n"))
        line = int(lines[row]) - first
        return split[line].decode(encoding, "replace")[:MOST_RAW]

    return raw


def _sheet_cells(source: Readable) -> Iterator[Cells]:
    import python_calamine

    try:
        with source.open() as file:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, IndexError) as fault:
        raise BadInput(
            f"无法读取工作簿：{fault}。", f"Cannot read the workbook: {fault}."
        ) from fault
    if not rows or not any(str(cell) for cell in rows[0]):
        raise BadInput("工作表是空的。", "The sheet is empty.")
    header = [str(cell).strip() for cell in rows[0]]
    for start in range(1, max(2, len(rows)), _ROWS):
        part = [
            (number, list(map(_cell_text, row)))
            for number, row in enumerate(rows[start : start + _ROWS], start + 1)
            if any(cell != "" for cell in row)
        ]
        table = pl.DataFrame(
            [row for _, row in part], schema=dict.fromkeys(header, pl.String), orient="row"
        )
        lines = pl.Series([number for number, _ in part], dtype=pl.UInt64)
        done = source.size * min(start + _ROWS, len(rows)) // len(rows)
        yield Cells(table, lines, _joined(table), [], done, source.size)


def _cell_text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def _parquet_cells(source: Readable) -> Iterator[Cells]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with source.open() as file:
        try:
            parquet = pq.ParquetFile(file)
            total, line = max(1, parquet.metadata.num_rows), 2
            for batch in parquet.iter_batches(_ROWS):
                table = _as_text(pl.DataFrame(pa.Table.from_batches([batch])))
                count = table.height
                lines = pl.Series(range(line, line + count), dtype=pl.UInt64)
                line += count
                done = source.size * (line - 2) // total
                yield Cells(table, lines, _joined(table), [], done, source.size)
        except (pa.ArrowException, OSError) as fault:
            raise BadInput(
                f"无法读取 Parquet：{fault}。", f"Cannot read the Parquet file: {fault}."
            ) from fault


def _as_text(table: pl.DataFrame) -> pl.DataFrame:
    cells = []
    for name, dtype in table.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
            text = column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S+00:00")
        elif isinstance(dtype, pl.Datetime):
            text = column.dt.strftime("%Y-%m-%dT%H:%M:%S")
        else:
            text = column.cast(pl.String)
        cells.append(text.fill_null(""))
    return table.select(cells)


def _joined(table: pl.DataFrame) -> Callable[[int], str]:
    return lambda row: ",".join(map(str, table.row(row)))[:MOST_RAW]


def refusal_words(fault: Fault) -> tuple[str, str]:
    """Return what a fault is called, Chinese and English."""
    return WORDS[fault]
