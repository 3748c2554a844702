"""Text cells become observations; what cannot is kept with its line and fault."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.ingest.files.faults import REJECTS, WORDS, Fault
from songhua.ingest.files.mapping import FileMapping, known_quantities, unit_factor
from songhua.ingest.files.source import Cells, Readable, read_cells
from songhua.model import BadInput
from songhua.standards import QUANTITIES, station_marks

_UTC = pl.Datetime("us", "UTC")
_TIME_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y%m%d%H%M%S",
)
_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d")
_ROWS: dict[str, pl.DataType | type[pl.DataType]] = {
    "site": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "time": _UTC,
    "value": pl.Float64,
    "mark": pl.String,
    "line": pl.UInt64,
}
_EARLIEST_YEAR = 1980
_AHEAD = timedelta(hours=26)  # a source may be a day ahead of our clock, not more
_MARKED = r"^\s*(-?[0-9.]+)\s*\(([A-Za-z]{1,4})\)\s*$"


@dataclass(frozen=True, slots=True)
class SiteTable:
    """Which sites a file may name.

    Parameters
    ----------
    keys
        Site keys, and region codes for values that are a city's own.
    spellings
        city_name, name, site: how files call them.
    """

    keys: frozenset[str]
    spellings: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a file, understood.

    Parameters
    ----------
    rows
        site, quantity, period, time (UTC, start of the interval), value (null: delivered with a
        mark instead of a value), mark, line.
    rejects
        line, raw, fault, detail_zh, detail_en.
    lines
        Lines read so far.
    missing
        Cells of this batch that said: no value.
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
    Eight bytes a value are held to know it (80 MB for ten million).

    Parameters
    ----------
    now
        Instants more than a day beyond it are rejected.

    Raises
    ------
    BadInput
        If the file cannot be read at all, or lacks a column that the mapping names.
    """
    seen = _Seen()
    lines = 0
    for cells in read_cells(source, encoding=mapping.encoding, delimiter=mapping.delimiter):
        _check_columns(cells.table, mapping)
        lines += cells.table.height + len(cells.refused)
        yield _understood(cells, mapping, sites, now, seen, lines)


def _understood(
    cells: Cells, mapping: FileMapping, sites: SiteTable, now: datetime, seen: "_Seen", lines: int
) -> Batch:
    if cells.table.is_empty():
        none = pl.DataFrame(schema=_ROWS)
        return Batch(none, _rejects(pl.DataFrame(), cells), lines, 0, cells.done, cells.total)
    table = cells.table.with_row_index("row")
    long = (_from_wide if mapping.layout == "wide" else _from_long)(table, mapping)
    long = _with_sites(long, table, mapping, sites)
    long = _with_times(long, table, mapping)
    long, missing = _with_values(long, mapping)
    long = _judged(long, mapping, now)
    good = long.filter(pl.col("fault").is_null())
    again = seen.again(good)
    long = pl.concat(
        [
            long.filter(pl.col("fault").is_not_null()),
            good.filter(pl.Series(again)).with_columns(
                fault=pl.lit(Fault.DUPLICATE.value), what=pl.lit("")
            ),
        ]
    )
    rows = good.filter(pl.Series(~again)).select(
        "site",
        "quantity",
        pl.lit(mapping.period).alias("period"),
        "time",
        "value",
        "mark",
        pl.Series("line", cells.lines).gather(good["row"].filter(pl.Series(~again))),
    )
    return Batch(rows, _rejects(long, cells), lines, missing, cells.done, cells.total)


def _from_wide(table: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """Return row, quantity, text, mark, unit: one row a cell that says something."""
    parts = [
        table.select(
            "row",
            pl.lit(key).alias("quantity"),
            pl.col(header).str.strip_chars().alias("text"),
            pl.lit("").alias("mark"),
            pl.lit(mapping.units.get(key, "")).alias("unit"),
        )
        for header, key in mapping.quantities.items()
    ]
    return pl.concat(parts)


def _from_long(table: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    names = {**known_quantities(), **{k.lower(): v for k, v in mapping.quantities.items()}}
    named = table[mapping.quantity].str.strip_chars()
    distinct = named.unique()
    keys = [names.get(name.lower()) for name in distinct]
    return table.select(
        "row",
        named.replace_strict(distinct, keys, return_dtype=pl.String).alias("quantity"),
        pl.col(mapping.value).str.strip_chars().alias("text"),
        (pl.col(mapping.mark).str.strip_chars() if mapping.mark else pl.lit("")).alias("mark"),
        (pl.col(mapping.unit).str.strip_chars() if mapping.unit else pl.lit("")).alias("unit"),
    ).with_columns(
        unit=pl.when(pl.col("unit") == "")
        .then(pl.col("quantity").replace_strict(mapping.units, default=""))
        .otherwise("unit")
        if mapping.units
        else pl.col("unit")
    )


def _with_sites(
    long: pl.DataFrame, table: pl.DataFrame, mapping: FileMapping, sites: SiteTable
) -> pl.DataFrame:
    if mapping.site:
        given = table[mapping.site].str.strip_chars()
        distinct = given.unique()
        known = [key if key in sites.keys else None for key in distinct]
        found = given.replace_strict(distinct, known, return_dtype=pl.String)
    else:
        pairs = table.select(
            pl.col(mapping.city).str.strip_chars().alias("city_name"),
            pl.col(mapping.name).str.strip_chars().alias("name"),
        )
        found = pairs.join(
            sites.spellings, on=["city_name", "name"], how="left", maintain_order="left"
        )["site"]
    return long.with_columns(found.gather(long["row"]).alias("site"))


def _with_times(long: pl.DataFrame, table: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    given = table[mapping.time]
    distinct = given.unique()
    read = _read_times(distinct, mapping)
    found = given.replace_strict(distinct, read, return_dtype=_UTC)
    return long.with_columns(found.gather(long["row"]).alias("time"))


def _read_times(text: pl.Series, mapping: FileMapping) -> pl.Series:
    """Return the UTC start of the interval that each text names; null where it names none."""
    tidy = (
        pl.col("t")
        .str.strip_chars()
        .str.replace_all("/", "-", literal=True)
        .str.replace(r"\s+", "T")
        .str.replace("Z$", "+00:00")
        .str.replace(r"T(\d{1,2})$", "T${1}:00")
    )
    instants = []
    for form in _TIME_FORMATS:
        read = tidy.str.to_datetime(form, strict=False, time_unit="us")
        if form.endswith("z"):
            instants.append(read.dt.convert_time_zone("UTC"))
        else:
            instants.append(_in_zone(read, mapping.time_zone))
    for form in _DAY_FORMATS:
        day = tidy.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        instants.append(_in_zone(day, mapping.time_zone))
    found = pl.coalesce(instants)
    if mapping.period == "hour":
        on_hour = found.dt.truncate("1h") == found
        found = pl.when(on_hour).then(found)
        if mapping.hour_label == "end":
            found = found.dt.offset_by("-1h")
    else:
        local = found.dt.convert_time_zone(mapping.time_zone)
        found = local.dt.truncate("1d").dt.convert_time_zone("UTC")
    found = pl.when(found.dt.year() >= _EARLIEST_YEAR).then(found)
    return pl.DataFrame({"t": text}).select(found.cast(_UTC).alias("t"))["t"]


def _in_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    return naive.dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _with_values(long: pl.DataFrame, mapping: FileMapping) -> tuple[pl.DataFrame, int]:
    """Return the rows that say something, with value and mark; and how many said nothing."""
    number = pl.col("text").cast(pl.Float64, strict=False)
    glued = pl.col("text").str.extract(_MARKED, 1).cast(pl.Float64, strict=False)
    mark = pl.coalesce(pl.col("text").str.extract(_MARKED, 2), pl.col("mark"))
    says_nothing = pl.col("text").is_in(mapping.missing)
    if mapping.zero_is_missing:
        says_nothing = says_nothing | (number == 0)
    cells = long.with_columns(value=number, nothing=says_nothing)
    odd = cells["value"].is_null() & ~cells["nothing"]
    if odd.any():
        cells = cells.with_columns(value=pl.coalesce("value", glued), mark=mark)
    marked = pl.col("mark") != ""
    missing = cells.filter(pl.col("nothing") & ~marked).height
    cells = cells.filter(~pl.col("nothing") | marked) if missing else cells
    return _converted(cells), missing


def _converted(cells: pl.DataFrame) -> pl.DataFrame:
    """Return values in the quantity's unit, and `factor`: null where the unit is wrong."""
    pairs = cells.select("quantity", "unit").unique()
    factors = [
        unit_factor(quantity, unit) if quantity is not None else 1.0
        for quantity, unit in pairs.iter_rows()
    ]
    if all(factor == 1.0 for factor in factors):
        return cells.with_columns(factor=pl.lit(1.0))
    joined = cells.join(
        pairs.with_columns(factor=pl.Series(factors, dtype=pl.Float64)),
        on=["quantity", "unit"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    # Rounded to what the factor can carry, so that 0.35 mg/m³ is 350 and not 349.99999999999994.
    changed = (pl.col("value") * pl.col("factor")).round(6)
    return joined.with_columns(
        value=pl.when(pl.col("factor") == 1.0).then("value").otherwise(changed)
    )


def _judged(cells: pl.DataFrame, mapping: FileMapping, now: datetime) -> pl.DataFrame:
    """Return the cells with `fault` (null when good) and `what`, the text that was at fault."""
    del mapping
    lowest = {key: quantity.lowest for key, quantity in QUANTITIES.items()}
    highest = {key: quantity.highest for key, quantity in QUANTITIES.items()}
    invalid = [mark.mark for mark in station_marks().values() if not mark.valid]
    unknown_mark = ~pl.col("mark").is_in(list(station_marks()))
    is_invalid = pl.col("mark").is_in(invalid) | unknown_mark
    key = pl.col("quantity")
    beyond = (pl.col("value") < key.replace_strict(lowest, default=None)) | (
        pl.col("value") > key.replace_strict(highest, default=None)
    )
    faults = (
        (Fault.UNKNOWN_SITE, pl.col("site").is_null()),
        (Fault.UNKNOWN_QUANTITY, key.is_null()),
        (Fault.BAD_TIME, pl.col("time").is_null()),
        (Fault.FUTURE_TIME, pl.col("time") > now + _AHEAD),
        (Fault.WRONG_UNIT, pl.col("factor").is_null()),
        (Fault.NOT_A_NUMBER, ~pl.col("value").is_finite().fill_null(value=False) & ~is_invalid),
        (Fault.IMPOSSIBLE_VALUE, beyond & ~is_invalid),
    )
    fault = pl.coalesce(pl.when(wrong).then(pl.lit(name.value)) for name, wrong in faults)
    # A place-holder such as -99 beside an invalid mark is no measurement: the mark says it all.
    shown = pl.when(beyond & is_invalid).then(None).otherwise("value")
    return cells.with_columns(fault=fault, value=shown.fill_nan(None), what=pl.col("text")).select(
        "row", "site", "quantity", "time", "value", "mark", "fault", "what"
    )


def _rejects(bad: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    if bad.is_empty() and not cells.refused:
        return pl.DataFrame(schema=REJECTS)
    once = _once_a_row(bad) if not bad.is_empty() else ()
    found = [
        {
            "line": cells.lines[row],
            "raw": cells.raw(row),
            "fault": fault,
            **_detail(Fault(fault), quantity, what),
        }
        for row, quantity, fault, what in once
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
    return pl.DataFrame(found, schema=REJECTS).sort("line")


def _once_a_row(bad: pl.DataFrame) -> Iterator[tuple[int, str | None, str, str]]:
    """Yield faults; what concerns a whole row (its site, its time) once, not once a quantity."""
    of_row = (Fault.UNKNOWN_SITE, Fault.BAD_TIME, Fault.FUTURE_TIME)
    whole = pl.col("fault").is_in([fault.value for fault in of_row])
    rows = (
        bad.filter(whole)
        .unique("row", maintain_order=True)
        .with_columns(quantity=pl.lit(None, pl.String), what=pl.lit(""))
    )
    both = pl.concat([rows, bad.filter(~whole)]).sort("row", maintain_order=True)
    yield from both.select("row", "quantity", "fault", "what").iter_rows()


def _detail(fault: Fault, quantity: str | None, what: str | None) -> dict[str, str]:
    zh, en = WORDS[fault]
    known = QUANTITIES.get(quantity or "")
    name = known.symbol if known else ""
    about = " ".join(part for part in (name, f"“{what[:40]}”" if what else "") if part)
    return {
        "detail_zh": f"{zh}：{about}" if about else zh,
        "detail_en": f"{en}: {about}" if about else en,
    }


class _Seen:
    """Which values a file has had: sorted runs of 64-bit hashes, merged as they grow."""

    def __init__(self) -> None:
        self._runs: list[NDArray[np.uint64]] = []

    def again(self, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """Return which rows repeat an earlier one, and note the others. Shape (row,)."""
        if rows.is_empty():
            return np.zeros(0, dtype=bool)
        keys = rows.select(pl.struct("site", "quantity", "time").hash(seed=7)).to_series()
        hashes = keys.to_numpy()
        again = ~keys.is_first_distinct().to_numpy()
        ordered = np.sort(hashes)
        for run in self._runs:
            at = np.searchsorted(run, ordered)
            found = run[np.minimum(at, len(run) - 1)] == ordered
            if found.any():
                again |= np.isin(hashes, ordered[found])
        self._keep(np.unique(hashes))
        return again

    def _keep(self, run: NDArray[np.uint64]) -> None:
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.union1d(self._runs.pop(), run)
        self._runs.append(run)


def _check_columns(table: pl.DataFrame, mapping: FileMapping) -> None:
    wanted = [mapping.time, mapping.site, mapping.city, mapping.name]
    if mapping.layout == "wide":
        wanted += mapping.quantities
    else:
        wanted += [mapping.quantity, mapping.value, mapping.unit, mapping.mark]
    absent = [name for name in wanted if name and name not in table.columns]
    if absent:
        listed, there = "、".join(absent), "、".join(table.columns)
        raise BadInput(
            f"文件缺少列：{listed}。文件的列：{there}。",
            f"The file has no column {listed}. Its columns: {there}.",
        )
