"""Files of any kind as batches of text cells with line numbers, in bounded memory."""

from collections.abc import Iterator

import polars as pl

from songhua.ingest.files.cells import Cells, IsHeader, Readable, any_cells, empty_file
from songhua.ingest.files.sheets import read_parquet, read_workbook
from songhua.ingest.files.streams import Unpacked
from songhua.ingest.files.text import read_text
from songhua.model import BadInput

_GZIP, _ZIP, _PARQUET, _OLE = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"


def kind_of(source: Readable) -> str:
    """Return ``csv``, ``csv.gz``, ``xlsx`` or ``parquet`` by the first bytes.

    Raises
    ------
    BadInput
        If the file is empty or of an old kind.
    """
    with source.open() as file:
        start = file.read(4)
    if not start:
        raise empty_file()
    if start == _OLE:
        raise BadInput(
            "这是旧式 .xls 或加密的工作簿。请另存为不加密的 .xlsx 或 CSV。",
            "This is an old .xls or an encrypted workbook. Save it as plain .xlsx or CSV.",
        )
    if start.startswith(_GZIP):
        return "csv.gz"
    if start == _ZIP:
        return "xlsx"
    return "parquet" if start == _PARQUET else "csv"


def read_cells(
    source: Readable, *, encoding: str, delimiter: str, is_header: IsHeader = any_cells
) -> Iterator[Cells]:
    """Yield the rows of a file in batches.

    Parameters
    ----------
    is_header
        Tells the header from titles above it.

    Raises
    ------
    BadInput
        If the file is empty or of no kind that can be read.
    """
    kind = kind_of(source)
    if kind == "xlsx":
        yield from read_workbook(source, is_header=is_header)
    elif kind == "parquet":
        yield from read_parquet(source)
    else:
        yield from read_text(
            source,
            packed=kind == "csv.gz",
            encoding=encoding,
            delimiter=delimiter,
            is_header=is_header,
        )


def first_rows(
    source: Readable,
    *,
    encoding: str,
    delimiter: str,
    most: int,
    is_header: IsHeader = any_cells,
) -> pl.DataFrame:
    """Return the first rows of a file as text cells."""
    for cells in read_cells(source, encoding=encoding, delimiter=delimiter, is_header=is_header):
        return cells.table.head(most)
    return pl.DataFrame()


def text_start(source: Readable, size: int) -> bytes:
    """Return the first bytes of a text file, unpacked."""
    packed = kind_of(source) == "csv.gz"
    with source.open() as file:
        return (Unpacked(file) if packed else file).read(size)[:size]
