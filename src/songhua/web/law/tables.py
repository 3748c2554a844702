"""The cells of an edition laid out as the document prints them: the longer side goes down."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from songhua.standards import LawCell, LawChange, law_remarks

_OWN = ("", "")
"""Head of a row whose cells each carry their own."""
_INDEX = "IAQI"

Side = tuple[str, str]
"""A heading in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a printed table; None where the document leaves the place empty.

    An empty head means that each cell carries its own.
    """

    head: Side
    cells: tuple[LawCell | None, ...]
    unit: str
    clause: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One printed table.

    Parameters
    ----------
    columns, units
        Headings, and the unit of each where columns differ in it.
    unit, clause
        Of the whole table; empty where its rows or columns differ.
    """

    title: Side
    columns: tuple[Side, ...]
    units: tuple[str, ...]
    lines: tuple[Line, ...]
    unit: str
    clause: str

    @property
    def is_bare(self) -> bool:
        """Whether no heading says anything."""
        return (
            self.columns == (_OWN,) and bool(self.unit or not self.has_units) and bool(self.clause)
        )

    @property
    def has_units(self) -> bool:
        """Whether its rows name units of their own."""
        return any(line.unit for line in self.lines)

    @property
    def remarks(self) -> tuple[Side, ...]:
        """The document's notes to its cells."""
        return law_remarks(cell for line in self.lines for cell in line.cells if cell is not None)

    @property
    def is_numeric(self) -> bool:
        """Whether its cells hold numbers, which stand on the right."""
        cells = [cell for line in self.lines for cell in line.cells if cell is not None]
        return all(
            cell.value_en.replace(".", "", 1).isdigit() for cell in cells if cell.value_en != "none"
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in one table."""

    title: Side
    changes: tuple[LawChange, ...]


def sheets(cells: Iterable[LawCell]) -> list[Sheet]:
    """Return the tables of an edition in the order of the document."""
    tables: dict[Side, list[LawCell]] = {}
    for cell in cells:
        tables.setdefault((cell.table_zh, cell.table_en), []).append(cell)
    return [_sheet(title, found) for title, found in tables.items()]


def changes_by_table(changes: Iterable[LawChange]) -> list[Changes]:
    """Return changes in the order of the document, a group a table."""
    tables: dict[Side, list[LawChange]] = {}
    for change in changes:
        where = change.where
        tables.setdefault((where.table_zh, where.table_en), []).append(change)
    return [Changes(title, tuple(found)) for title, found in tables.items()]


def _sheet(title: Side, cells: list[LawCell]) -> Sheet:
    heads = dict.fromkeys(map(_row, cells))
    columns = dict.fromkeys(map(_column, cells))
    if len(columns) <= len(heads):
        return _laid(title, cells, _rows(cells, down=_row, across=_column), tuple(columns))
    rows = _rows(cells, down=_column, across=_row)
    own = [head for head, found in rows.items() if len(found) == 1 < len(heads)]
    if own:  # each of these heads is one cell's own: together they make one row
        rows[_OWN] = {column: cell for head in own for column, cell in rows.pop(head).items()}
    return _laid(title, cells, rows, tuple(heads))


def _rows(
    cells: Iterable[LawCell], *, down: Callable[[LawCell], Side], across: Callable[[LawCell], Side]
) -> dict[Side, dict[Side, LawCell]]:
    rows: dict[Side, dict[Side, LawCell]] = {}
    for cell in cells:
        rows.setdefault(down(cell), {})[across(cell)] = cell
    return rows


def _laid(
    title: Side,
    cells: list[LawCell],
    rows: Mapping[Side, Mapping[Side, LawCell]],
    columns: tuple[Side, ...],
) -> Sheet:
    unit, clause = _same(cell.unit for cell in cells), _same(cell.clause for cell in cells)
    by_row = {head: _same(cell.unit for cell in found.values()) for head, found in rows.items()}
    across = not unit and not all(by_row.values())
    return Sheet(
        title=title,
        columns=columns,
        units=tuple(_same_unit(rows.values(), column) if across else "" for column in columns),
        lines=tuple(
            Line(
                head,
                tuple(found.get(column) for column in columns),
                "" if unit or across else by_row[head],
                "" if clause else _same(cell.clause for cell in found.values()),
            )
            for head, found in rows.items()
        ),
        unit=unit,
        clause=clause,
    )


def _same_unit(rows: Iterable[Mapping[Side, LawCell]], column: Side) -> str:
    cells = [found[column] for found in rows if column in found]
    return _same(cell.unit for cell in cells if cell.unit != _INDEX)


def _row(cell: LawCell) -> Side:
    return cell.row_zh, cell.row_en


def _column(cell: LawCell) -> Side:
    return cell.column_zh, cell.column_en


def _same(words: Iterable[str]) -> str:
    """Return the word that all share, or nothing."""
    found = set(words)
    return found.pop() if len(found) == 1 else ""


def confidences(cells: Iterable[LawCell]) -> Mapping[str, int]:
    """Return how many cells stand on each grade of confidence, surest first."""
    order = ("verified", "derived", "single", "memory", "unconfirmed")
    counts = dict.fromkeys(order, 0)
    for cell in cells:
        counts[cell.confidence] = counts.get(cell.confidence, 0) + 1
    return {grade: number for grade, number in counts.items() if number}
