"""What every kind of file becomes first: text cells with the line they stood on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from songhua.ingest.files.faults import Fault
from songhua.model import BadInput


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
        Physical line of each row, or its row in the sheet; the first is 1.
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


IsHeader = Callable[[Sequence[str]], bool]
"""Whether these cells are the header that is looked for; titles may stand above it."""

HEADER_WITHIN = 20
"""Lines of a file in which its header is looked for."""


def any_cells(names: Sequence[str]) -> bool:
    """Return whether a line could be a header: two cells at least that say something."""
    return sum(name != "" for name in names) > 1


def has_all(wanted: Iterable[str]) -> IsHeader:
    """Return the test for a header that holds every wanted name."""
    names = {name for name in wanted if name}
    return lambda cells: names <= set(cells)


def column_names(cells: Sequence[str]) -> list[str]:
    """Return headers that differ: an empty or repeated one is told by its place.

    >>> column_names(["site", "", "PM2.5", "PM2.5"])
    ['site', '#2', 'PM2.5', 'PM2.5#4']
    """
    names: list[str] = []
    for place, cell in enumerate(cells, 1):
        taken = cell == "" or cell in names
        names.append(f"{cell}#{place}" if taken else cell)
    return names


def empty_file() -> BadInput:
    """Return the exception for a file that has nothing in it."""
    return BadInput("文件是空的。", "The file is empty.")
