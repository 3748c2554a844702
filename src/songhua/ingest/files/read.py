"""Text cells become observations; what cannot is kept with its line and fault."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from songhua.ingest.files.cells import Cells, Readable, has_all
from songhua.ingest.files.faults import REJECTS, WORDS, Fault
from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.names import named_quantity
from songhua.ingest.files.places import Places, SiteTable
from songhua.ingest.files.seen import Seen
from songhua.ingest.files.source import read_cells
from songhua.ingest.files.times import UTC, read_times, with_hours
from songhua.ingest.files.values import judged, read_values
from songhua.model import BadInput
from songhua.standards import QUANTITIES

_ROWS: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "time": UTC,
    "value": pl.Float64,
    "mark": pl.String,
    "line": pl.UInt64,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file, understood.

    Parameters
    ----------
    rows
        site, quantity, period, time (UTC, start of the interval), value (null: delivered as
        missing, in words or by a mark), mark, line.
    rejects
        line, raw, fault, detail_zh, detail_en.
    lines
        Rows read so far.
    missing
        Cells of this batch that were empty.
    done, total
        Bytes read so far, and in all.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame
    lines: int
    missing: int
    done: int
    total: int


def read_batches(
    source: Readable, mapping: FileMapping, *, sites: SiteTable, now: datetime
) -> Iterator[Batch]:
    """Yield a file's rows as observations, in bounded memory.

    A site, quantity and time that the file has had before is a duplicate: the first stands.
    `Seen` says what it takes to know it.

    Parameters
    ----------
    now
        Hours and days that begin later are rejected.

    Raises
    ------
    BadInput
        If the file cannot be read at all, or lacks a column that the mapping names.
    """
    reader = _Reader(mapping, Places(sites, period=mapping.period), now)
    wanted = mapping.columns
    for cells in read_cells(
        source,
        encoding=mapping.encoding,
        delimiter=mapping.delimiter,
        is_header=has_all(wanted),
    ):
        _check_columns(cells.table, wanted)
        yield reader.read(cells)


class _Reader:
    """What must be known from one batch of a file to the next."""

    def __init__(self, mapping: FileMapping, places: Places, now: datetime) -> None:
        self._mapping = mapping
        self._places = places
        self._now = now
        self._seen = Seen()
        self._lines = 0

    def read(self, cells: Cells) -> Batch:
        """Return what a batch of cells says."""
        self._lines += cells.table.height + len(cells.refused)
        if cells.table.is_empty():
            rejects = _rejects(pl.DataFrame(), cells, self._mapping)
            none = pl.DataFrame(schema=_ROWS)
            return Batch(none, rejects, self._lines, 0, cells.done, cells.total)
        said, missing = self._said(cells.table.with_row_index("row"))
        good = said.filter(pl.col("fault").is_null())
        again, differs = self._seen.again(good)
        repeated = good.with_columns(
            fault=pl.when(pl.Series(differs))
            .then(pl.lit(Fault.CONFLICT.value))
            .otherwise(pl.lit(Fault.DUPLICATE.value))
        ).filter(pl.Series(again))
        bad = pl.concat([said.filter(pl.col("fault").is_not_null()), repeated])
        good = good.filter(pl.Series(~again)) if again.any() else good
        rows = good.select(
            "site",
            "quantity",
            pl.lit(self._mapping.period).alias("period"),
            "time",
            "value",
            "mark",
            cells.lines.gather(good["row"]).alias("line"),
        )
        rejects = _rejects(bad, cells, self._mapping)
        return Batch(rows, rejects, self._lines, missing, cells.done, cells.total)

    def _said(self, table: pl.DataFrame) -> tuple[pl.DataFrame, int]:
        """Return the cells that say something, judged; and how many say nothing."""
        long = (_from_wide if self._mapping.layout == "wide" else _from_long)(table, self._mapping)
        row = long["row"]
        long = long.with_columns(
            self._sites(table).gather(row).alias("site"),
            self._times(table).gather(row).alias("time"),
        )
        cells, missing = read_values(long, self._mapping)
        return judged(cells, now=self._now), missing

    def _sites(self, table: pl.DataFrame) -> pl.Series:
        """Return the site of every row; null where none is known."""
        if self._mapping.site:
            given = table[self._mapping.site].str.strip_chars()
            distinct = given.unique()
            keys = [self._places.by_key(text) for text in distinct]
            return given.replace_strict(distinct, keys, return_dtype=pl.String)
        pairs = table.select(city=self._mapping.city, name=self._mapping.name)
        several = pairs.unique()
        sites = [self._places.by_name(city, name) for city, name in several.iter_rows()]
        found = several.with_columns(site=pl.Series(sites, dtype=pl.String))
        return pairs.join(found, on=["city", "name"], how="left", maintain_order="left")["site"]

    def _times(self, table: pl.DataFrame) -> pl.Series:
        """Return the start of the interval of every row; null where none can be read."""
        given = table[self._mapping.time]
        if self._mapping.hour:
            given = with_hours(given, table[self._mapping.hour])
        return read_times(given, self._mapping)


def _from_wide(table: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """Return row, quantity, text, mark, unit: one row a cell."""
    parts = []
    for header, key in mapping.quantities.items():
        named = named_quantity(header)
        unit = mapping.units.get(key) or (named.unit if named else "")
        parts.append(
            table.select(
                "row",
                pl.lit(key).alias("quantity"),
                pl.col(header).str.strip_chars().alias("text"),
                pl.lit("").alias("mark"),
                pl.lit(unit).alias("unit"),
            )
        )
    return pl.concat(parts)


def _from_long(table: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """Return row, quantity (null where unknown), text, mark, unit: one row a row."""
    given = table[mapping.quantity].str.strip_chars()
    distinct = given.unique()
    keys, units = [], []
    for name in distinct:
        named = named_quantity(name)
        key = mapping.quantities.get(name) or (named.key if named else None)
        keys.append(key)
        units.append(mapping.units.get(key or "") or (named.unit if named else ""))
    found = table.select(
        "row",
        given.replace_strict(distinct, keys, return_dtype=pl.String).alias("quantity"),
        pl.col(mapping.value).str.strip_chars().alias("text"),
        (pl.col(mapping.mark).str.strip_chars() if mapping.mark else pl.lit("")).alias("mark"),
        (pl.col(mapping.unit).str.strip_chars() if mapping.unit else pl.lit("")).alias("unit"),
    )
    if not any(units):
        return found
    usual = given.replace_strict(distinct, units, return_dtype=pl.String)
    return found.with_columns(
        unit=pl.when(pl.col("unit") == "").then(usual).otherwise(pl.col("unit"))
    )


def _rejects(bad: pl.DataFrame, cells: Cells, mapping: FileMapping) -> pl.DataFrame:
    if bad.is_empty() and not cells.refused:
        return pl.DataFrame(schema=REJECTS)
    found = [
        {
            "line": cells.lines[row],
            "raw": cells.raw(row),
            "fault": fault.value,
            **_detail(fault, quantity, what),
        }
        for row, fault, quantity, what in (_once_a_row(bad, cells, mapping) if bad.height else ())
    ]
    found += [
        {
            "line": refused.line,
            "raw": refused.raw,
            "fault": refused.fault.value,
            **_detail(refused.fault, None, ""),
        }
        for refused in cells.refused
    ]
    return pl.DataFrame(found, schema=REJECTS).sort("line", maintain_order=True)


def _once_a_row(
    bad: pl.DataFrame, cells: Cells, mapping: FileMapping
) -> Iterator[tuple[int, Fault, str | None, str]]:
    """Yield faults and what was at fault; a row's site and time once, not once a quantity."""
    at_fault = {
        Fault.UNKNOWN_SITE: (mapping.site, mapping.city, mapping.name),
        Fault.BAD_TIME: (mapping.time, mapping.hour),
        Fault.FUTURE_TIME: (mapping.time, mapping.hour),
        Fault.UNKNOWN_QUANTITY: (mapping.quantity,),
    }
    said: set[tuple[int, Fault]] = set()
    rows = bad.sort("row", maintain_order=True).select("row", "quantity", "what", "unit", "fault")
    for row, quantity, text, unit, name in rows.iter_rows():
        fault = Fault(name)
        headers = at_fault.get(fault)
        if headers is None:
            yield row, fault, quantity, unit if fault is Fault.WRONG_UNIT else text
        elif (row, fault) not in said:
            said.add((row, fault))
            yield row, fault, None, " ".join(cells.table[h][row] for h in headers if h)


def _detail(fault: Fault, quantity: str | None, what: str) -> dict[str, str]:
    zh, en = WORDS[fault]
    name = QUANTITIES[quantity].symbol if quantity else ""
    about = " ".join(part for part in (name, f"“{what[:40]}”" if what else "") if part)
    return {
        "detail_zh": f"{zh}：{about}" if about else zh,
        "detail_en": f"{en}: {about}" if about else en,
    }


def _check_columns(table: pl.DataFrame, wanted: list[str]) -> None:
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        listed, there = "、".join(absent), "、".join(table.columns)
        raise BadInput(
            f"文件缺少列：{listed}。文件的列：{there}。",
            f"The file has no column {listed}. Its columns: {there}.",
        )
    twice = [name for name in wanted if any(c.startswith(f"{name}#") for c in table.columns)]
    if twice:
        listed = "、".join(twice)
        raise BadInput(
            f"表头中 {listed} 出现不止一次，无法判断用哪一列。请改名。",
            f"{listed} stands more than once in the header. Rename one of them.",
        )
