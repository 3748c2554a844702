"""A CSV file with one record a line: a quote that is never closed costs its own line, no other."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

_BLOCK = 4 * 1024 * 1024
_FARTHEST = 100  # lines that one quoted cell may span; beyond, the quote is a slip
_MOST_SHOWN = 200  # characters of a bad line
_MOST_KEPT = 20  # bad lines whose text is kept
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"

Slips = dict[int, str]
"""Lines whose quotes make no sense, by number, and what they say; of later ones only the number."""


@contextmanager
def one_record_a_line(source: Path, encoding: str) -> Iterator[tuple[Path, Slips]]:
    """Lend a file in which every record stands on the line that it began on in the source.

    It is the source itself where that is so already. Otherwise it is a copy for the time being:
    a record of several lines is joined and blank lines follow it; a bad line is blank.
    """
    if _is_plain(source):
        yield source, {}
        return
    slips: Slips = {}
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "in.csv"
        with _opened(source) as file, copy.open("wb") as out:
            out.writelines(_mended(file, encoding, slips))
        yield copy, slips


def _is_plain(source: Path) -> bool:
    """Return whether no quoted cell goes beyond its line; an archive that breaks off is plain."""
    rest = b""
    try:
        with _opened(source) as file:
            while piece := file.read(_BLOCK):
                block, end, rest = (rest + piece).rpartition(b"\n")
                if not _is_plain_block(block + end):
                    return False
    except (EOFError, OSError, zlib.error):
        return True
    return _is_plain_block(rest)


def _is_plain_block(block: bytes) -> bool:
    if b'"' not in block:
        return True
    if any(line.count(b'"') % 2 for line in block.split(b"\n")):
        return False
    lines = io.StringIO(block.decode("latin-1"), newline="")
    try:
        return sum(1 for _ in csv.reader(lines, strict=True)) == len(block.splitlines())
    except csv.Error:
        return False


def _mended(file: BinaryIO, encoding: str, slips: Slips) -> Iterator[bytes]:
    """Yield the lines of a file so that each is a record of its own, as many as there were."""
    waiting: list[bytes] = []
    number, width, ended = 1, 0, False
    while waiting or not ended:
        while not ended and len(waiting) < _FARTHEST:
            line = file.readline()
            ended = not line
            waiting += [line.removeprefix(_BOM)] if line else []
        if not waiting:
            return
        taken, cells = _record(waiting, encoding, width)
        if cells is None:
            kept = len(slips) < _MOST_KEPT
            said = waiting[0].decode(encoding, "replace").strip()
            slips[number] = said[:_MOST_SHOWN] if kept else ""
            yield b"\n"
        else:
            width = width or len(cells)
            yield _written(cells, encoding) if b'"' in waiting[0] else waiting[0]
            yield b"\n" * (taken - 1)
        number += taken
        del waiting[:taken]


def _record(lines: Sequence[bytes], encoding: str, width: int) -> tuple[int, list[str] | None]:
    """Return how many lines the first record takes, and its cells; None when it makes no sense."""
    if width and b'"' not in lines[0]:
        return 1, []
    if lines[0].count(b'"') % 2:
        odd = (at for at, line in enumerate(lines[1:], 1) if line.count(b'"') % 2)
        end = next(odd, 0)
        cells = _parsed(lines[: end + 1], encoding) if end else None
        if cells is not None and len(cells) == (width or len(cells)):
            return end + 1, cells
    return 1, _parsed(lines[:1], encoding)


def _parsed(lines: Sequence[bytes], encoding: str) -> list[str] | None:
    text = b"".join(lines).decode(encoding, "replace")
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _written(cells: Sequence[str], encoding: str) -> bytes:
    out = io.StringIO()
    plain = [" ".join(cell.splitlines()) for cell in cells]
    csv.writer(out, lineterminator="\n").writerow(plain)
    return out.getvalue().encode(encoding, "replace")


def _opened(source: Path) -> BinaryIO:
    with source.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(source, "rb") if packed else source.open("rb")  # type: ignore[return-value]
