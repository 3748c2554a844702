"""Text files split into cells: in bulk where every line is plain, with care where one is not."""

import csv
import re
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import polars as pl
from polars.exceptions import PolarsError

from songhua.ingest.files.cells import (
    HEADER_WITHIN,
    Cells,
    IsHeader,
    Readable,
    Refused,
    any_cells,
    column_names,
    empty_file,
)
from songhua.ingest.files.faults import MOST_RAW, Fault
from songhua.ingest.files.streams import Blocks, check_archive
from songhua.model import BadInput

_FARTHEST_QUOTE = 100  # lines that one quoted cell may span; beyond, the quote is a slip
_PIECE = 64 * 1024
_ESCAPED = re.compile("[\ud800-\udfff]")  # bytes that were no text, as decoding keeps them


def read_text(
    source: Readable, *, packed: bool, encoding: str, delimiter: str, is_header: IsHeader
) -> Iterator[Cells]:
    """Yield the rows of a CSV file in batches."""
    if packed:
        with source.open() as file:
            check_archive(file)
    with source.open() as file:
        blocks = Blocks(file, packed=packed)
        names, line = _read_header(blocks, encoding, delimiter, is_header)
        splitter = _Splitter(names, encoding, delimiter)
        first = True
        for block in blocks:
            split = splitter.split(block, line, last=blocks.ended)
            blocks.push_back(split.left)
            line += block.count(b"\n") - split.left.count(b"\n")
            done = min(file.tell(), source.size)
            yield Cells(split.table, split.lines, split.raw, split.refused, done, source.size)
            first = False
        cut = []
        if blocks.broken:
            raw = blocks.rest.decode(encoding, "replace")[:MOST_RAW]
            cut = [Refused(line, raw, Fault.TRUNCATED_FILE)]
        if first or cut:
            none = pl.Series([], dtype=pl.UInt64)
            yield Cells(splitter.nothing, none, str, cut, source.size, source.size)


def _read_header(
    blocks: Blocks, encoding: str, delimiter: str, is_header: IsHeader
) -> tuple[list[str], int]:
    """Return the names of the columns and the line after them."""
    block = blocks.next()
    if block is None and blocks.broken:
        raise BadInput(
            "压缩文件在第一行之前就中断了。", "The archive breaks off before its first line ends."
        )
    if block is None or not block.strip():
        raise empty_file()
    starts = [0]
    while len(starts) <= 2 * HEADER_WITHIN and (end := block.find(b"\n", starts[-1])) >= 0:
        starts.append(end + 1)
    lines = [block[start:end].decode(encoding, "replace") for start, end in pairwise(starts)]
    found = _find_header(lines, delimiter, is_header) or _find_header(lines, delimiter, any_cells)
    if found is None:
        shown = next(line for line in lines if line.strip())[:80]
        raise BadInput(
            f"没有找到表头（分隔符“{delimiter}”）：{shown}",
            f"No header was found (delimiter “{delimiter}”): {shown}",
        )
    cells, after = found
    blocks.push_back(block[starts[after] :])
    return column_names(cells), after + 1


def _find_header(
    lines: list[str], delimiter: str, is_header: IsHeader
) -> tuple[list[str], int] | None:
    """Return the header's cells and how many lines there are up to its end."""
    for at in range(min(HEADER_WITHIN, len(lines))):
        reader = csv.reader((f"{line}\n" for line in lines[at:]), delimiter=delimiter)
        try:
            cells = [" ".join(cell.split()) for cell in next(reader, [])]
        except csv.Error:
            continue
        if is_header(cells):
            return cells, at + reader.line_num
    return None


@dataclass(frozen=True, slots=True)
class _Split:
    """A block split into cells; `left` are its last lines, which need the next block."""

    table: pl.DataFrame
    lines: pl.Series
    raw: Callable[[int], str]
    refused: Sequence[Refused]
    left: bytes = b""


class _Splitter:
    """Splits blocks of one file."""

    def __init__(self, names: Sequence[str], encoding: str, delimiter: str) -> None:
        self._names = list(names)
        self._encoding = encoding
        self._delimiter = delimiter
        self._careful = _Careful(self._names, encoding, delimiter)
        self.nothing = pl.DataFrame(schema=dict.fromkeys(self._names, pl.String))

    def split(self, block: bytes, line: int, *, last: bool) -> _Split:
        """Return the cells of a block whose first line is `line`."""
        whole = self._plain(block, line)
        if whole is not None:
            return whole
        # Some line is not plain: only the piece that it stands in is looked at line by line.
        parts: list[_Split] = []
        at, left = 0, b""
        while at < len(block):
            end = block.rfind(b"\n", at, at + _PIECE) + 1 or block.find(b"\n", at) + 1
            piece, at = left + block[at:end], end
            ends = last and at == len(block)
            part = self._plain(piece, line) or self._careful.split(piece, line, last=ends)
            left = part.left
            line += piece.count(b"\n") - left.count(b"\n")
            parts.append(part)
        return _joined(parts)

    def _plain(self, block: bytes, line: int) -> _Split | None:
        table = self._in_bulk(block)
        if table is None:
            return None
        lines = pl.int_range(line, line + table.height, dtype=pl.UInt64, eager=True)
        return _Split(table, lines, _raw_lines(block, self._encoding), [])

    def _in_bulk(self, block: bytes) -> pl.DataFrame | None:
        """Return the cells of a block; None when some line is not plain."""
        lines = block.count(b"\n")
        quoted = b'"' in block
        signs = block.count(self._delimiter.encode())
        if not quoted and signs != lines * (len(self._names) - 1):
            return None
        try:
            if self._encoding != "utf-8":
                block = block.decode(self._encoding).encode()
            if block.startswith(b"x"):  # "x^…" would be taken for deflated bytes
                block = BOM_UTF8 + block
            table = pl.read_csv(
                block,
                has_header=False,
                new_columns=self._names,
                separator=self._delimiter,
                infer_schema=False,
                empty_string_is_null=quoted,
                truncate_ragged_lines=False,
            )
        except (PolarsError, UnicodeDecodeError):
            return None
        # A quoted line feed makes fewer rows than lines; a short line leaves its last cell null.
        if table.height != lines or table.columns != self._names:
            return None
        if quoted and table[self._names[-1]].has_nulls():
            return None
        return table.with_columns(pl.all().fill_null("")) if quoted else table


class _Careful:
    """Splits a block line by line, so that a bad line harms no other."""

    def __init__(self, names: Sequence[str], encoding: str, delimiter: str) -> None:
        self._names = names
        self._encoding = encoding
        self._delimiter = delimiter
        self._begin()

    def _begin(self) -> None:
        self._rows: list[list[str]] = []
        self._numbers: list[int] = []
        self._raw: list[str] = []
        self._refused: list[Refused] = []

    def split(self, block: bytes, line: int, *, last: bool) -> _Split:
        """Return the cells of a block whose first line is `line`."""
        self._begin()
        text = block.decode(self._encoding, "surrogateescape").split("\n")[:-1]
        at, left = 0, b""
        while at < len(text):
            end = self._close(text, at)
            if end is None and not last and len(text) - at < _FARTHEST_QUOTE:
                rest = "".join(f"{part}\n" for part in text[at:])
                left = rest.encode(self._encoding, "surrogateescape")
                break
            at = self._take(text, at, end, line)
        table = pl.DataFrame(self._rows, schema=dict.fromkeys(self._names, pl.String), orient="row")
        lines = pl.Series(self._numbers, dtype=pl.UInt64)
        return _Split(table, lines, self._raw.__getitem__, self._refused, left)

    def _close(self, text: list[str], at: int) -> int | None:
        """Return the line where the quotes that a line opens are closed; None where nowhere."""
        if text[at].count('"') % 2 == 0:
            return at
        for end in range(at + 1, min(at + _FARTHEST_QUOTE, len(text))):
            if text[end].count('"') % 2:
                return end
        return None

    def _take(self, text: list[str], at: int, end: int | None, line: int) -> int:
        """Keep or refuse the record that begins on a line; return the line after it."""
        if end is not None and end > at:
            raw = "\n".join(text[at : end + 1])
            cells = _record(raw, self._delimiter, strict=True)
            if cells is not None and len(cells) == len(self._names):
                self._judge(cells, raw, line + at)
                return end + 1
        raw = text[at]
        plain = '"' not in raw
        cells = raw.split(self._delimiter) if plain else _record(raw, self._delimiter, strict=False)
        self._judge(cells, raw, line + at)
        return at + 1

    def _judge(self, cells: list[str] | None, raw: str, line: int) -> None:
        if cells is not None and not any(map(str.strip, cells)):
            return  # a blank line, or one of delimiters alone as spreadsheets write them
        if _ESCAPED.search(raw):
            self._refused.append(Refused(line, _shown(raw), Fault.BAD_ENCODING))
        elif cells is not None and len(cells) == len(self._names):
            self._rows.append(cells)
            self._numbers.append(line)
            self._raw.append(_shown(raw))
        else:
            fault = Fault.SHORT_ROW if len(cells or ()) < len(self._names) else Fault.LONG_ROW
            fault = Fault.BAD_QUOTES if cells is None or raw.count('"') % 2 else fault
            self._refused.append(Refused(line, _shown(raw), fault))


def _joined(parts: Sequence[_Split]) -> _Split:
    """Return the parts of a block as one."""
    ends = list(accumulate(part.table.height for part in parts))

    def raw(row: int) -> str:
        number = bisect_right(ends, row)
        return parts[number].raw(row - (ends[number - 1] if number else 0))

    return _Split(
        pl.concat([part.table for part in parts]),
        pl.concat([part.lines for part in parts]),
        raw,
        [refused for part in parts for refused in part.refused],
        parts[-1].left,
    )


def _record(raw: str, delimiter: str, *, strict: bool) -> list[str] | None:
    """Return the cells of one record; None when its quotes make no sense."""
    try:
        lines = (f"{line}\n" for line in raw.replace("\r", " ").split("\n"))
        records = list(csv.reader(lines, delimiter=delimiter, strict=strict))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _shown(raw: str) -> str:
    return _ESCAPED.sub("\ufffd", raw[:MOST_RAW])


def _raw_lines(block: bytes, encoding: str) -> Callable[[int], str]:
    split: list[bytes] = []

    def raw(row: int) -> str:
        if not split:
            split.extend(block.split(b"\n"))
        return split[row].decode(encoding, "replace")[:MOST_RAW]

    return raw
