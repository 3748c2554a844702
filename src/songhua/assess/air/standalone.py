"""A file of concentrations in, a file of indices out: no store, no server, bounded memory."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

import polars as pl
from polars.exceptions import PolarsError

from songhua.assess.air.columns import daily_columns, hourly_columns
from songhua.assess.air.lines import Slips, one_record_a_line
from songhua.assess.rounding import exact
from songhua.model import BEIJING, BadInput
from songhua.standards import POLLUTANTS, editions

VALUES = (*POLLUTANTS, "o3_8h")
RESULTS = ("edition", "aqi", "level", "primary", *(f"iaqi_{key}" for key in POLLUTANTS))
OUT = ("site", "time", *RESULTS)
MISSING = ("", "na", "nan", "null", "none", "—", "-", "--", "/", "n/a")
_BATCH = 250_000
_MOST_EXAMPLES = 20
_SNIFFED = 1 << 20
_SURE_DIGITS = 15  # a float names every decimal of so many digits
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)
_LATE = r"T24:00(:00(\.0+)?)?([+-]|$)"


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that is not what its column says; without one: a row with bad quotes."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class AssessedFile:
    """What came of a file.

    Parameters
    ----------
    rows, with_aqi
        How many rows, and how many of them have an index.
    bad_cells
        Cells that are no number or no time; they count as missing.
    examples
        The first of them, and of the bad rows.
    bad_rows
        Rows whose quotes are misplaced: nothing of them is read, their results are empty.
    """

    rows: int
    with_aqi: int
    bad_cells: int
    examples: tuple[BadCell, ...]
    bad_rows: int = 0


def assess_csv(source: Path, out: Path, *, period: str, on_edition: str = "auto") -> AssessedFile:
    """Write the air quality index of every row of a CSV file.

    Parameters
    ----------
    source
        CSV or CSV.gz with ``site``, ``time`` (ISO 8601, start of the interval; without a zone:
        Beijing) and any of ``so2 no2 co o3 o3_8h pm10 pm2_5``, in any order; other columns are
        left alone. Empty, NA or — is missing. [µg/m³; mg/m³ for CO]
    out
        Where to write ``site time edition aqi level primary iaqi_so2 … iaqi_pm2_5``, a row for a
        row. Empty where there is none.
    period
        ``hour``: each row is one hour; ``day``: one day's means, `o3_8h` its best 8 hours.
    on_edition
        ``auto``: of the day measured; ``2012`` or ``2026``.

    Raises
    ------
    BadInput
        If the file cannot be read or lacks ``site`` or ``time``. `out` is then left as it was.
    """
    if period not in {"hour", "day"}:
        raise BadInput("period 只能是 hour 或 day。", "period must be hour or day.")
    rows = with_aqi = bad = bad_rows = 0
    examples: list[BadCell] = []
    try:
        with whole_or_not_at_all(out) as file:
            for number, (batch, slips) in enumerate(_batches(source)):
                found, cells = _assessed(batch, period, on_edition)
                cells = cells.filter(~pl.col("line").is_in(list(slips)))
                if number == 0:
                    bad_rows = len(slips)
                    examples = [BadCell(line, "", text) for line, text in slips.items() if text]
                found.write_csv(file, include_header=number == 0)
                rows += found.height
                with_aqi += found.height - found["aqi"].null_count()
                bad += cells.height
                examples += [BadCell(*cell) for cell in cells.head(_MOST_EXAMPLES).iter_rows()]
                examples = sorted(examples, key=attrgetter("line"))[:_MOST_EXAMPLES]
    except OSError as fault:
        raise BadInput(f"无法读写文件：{fault}。", f"Cannot read or write: {fault}.") from fault
    return AssessedFile(rows, with_aqi, bad, tuple(examples), bad_rows)


@contextmanager
def whole_or_not_at_all(out: Path) -> Iterator[BinaryIO]:
    """Open a file to write that takes its name only when all went well."""
    if out.is_symlink() or (out.exists() and not out.is_file()):  # /dev/stdout, a pipe
        with out.open("wb") as file:
            yield file
        return
    partial = out.with_name(f".{out.name}.partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)


def _batches(source: Path) -> Iterator[tuple[pl.DataFrame, Slips]]:
    """Return the rows as text, with the line that each stands on; blank lines are no rows.

    Lines whose quotes make no sense come along, by number; they are rows of nothing.
    """
    encoding = encoding_of(source)
    with one_record_a_line(source, encoding) as (path, slips):
        readable: Path | bytes = path
        if encoding != "utf-8":
            readable = path.read_bytes().decode(encoding, "replace").encode()
        try:
            for batch in _scanned(source, readable, list(slips)):
                yield batch, slips
        except PolarsError as fault:
            why = str(fault).partition("\n")[0]
            raise BadInput(
                f"{source.name} 不是可读的 CSV：{why}。",
                f"{source.name} is no readable CSV: {why}.",
            ) from fault


def _scanned(source: Path, readable: Path | bytes, slips: list[int]) -> Iterator[pl.DataFrame]:
    lazy = pl.scan_csv(
        readable,
        infer_schema=False,
        truncate_ragged_lines=True,
        row_index_name="line",
        row_index_offset=2,
    )
    names = {name: name.strip().lstrip("\ufeff").lower() for name in lazy.collect_schema()}
    lazy = lazy.rename(names)
    _check_columns(source, set(names.values()))
    given = [name for name in ("site", "time", *VALUES) if name in names.values()]
    rows = lazy.select("line", *given)
    yield rows.head(0).collect()
    is_row = ~pl.all_horizontal(pl.col(given).is_null())
    if slips:
        is_row |= pl.col("line").is_in(slips)
    for batch in rows.collect_batches(chunk_size=_BATCH, maintain_order=True):
        yield batch.filter(is_row)


def encoding_of(source: Path) -> str:
    """Return ``utf-8``, or ``gb18030`` where the text is no UTF-8."""
    if not source.is_file():
        raise BadInput(f"没有这个文件：{source}。", f"No such file: {source}.")
    with source.open("rb") as file:
        start = file.read(_SNIFFED)
    if not start:
        raise BadInput(f"{source.name} 是空文件。", f"{source.name} is empty.")
    if start[:2] != b"\x1f\x8b":
        try:
            start[: max(1, start.rfind(b"\n"))].decode("utf-8")
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _check_columns(source: Path, names: set[str]) -> None:
    absent = {"site", "time"} - names
    if absent:
        listed = sorted(absent)
        raise BadInput(
            f"{source.name} 缺少列：{'、'.join(listed)}。",
            f"{source.name} has no column: {', '.join(listed)}.",
        )
    if not names & set(VALUES):
        raise BadInput(
            f"{source.name} 没有任何污染物列（{' '.join(VALUES)}）。",
            f"{source.name} has no column of a pollutant ({' '.join(VALUES)}).",
        )


def _assessed(
    batch: pl.DataFrame, period: str, on_edition: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the results of a batch, and its bad cells as line, column, text."""
    names = [name for name in batch.columns if name in VALUES]
    numbers = {name: numbers_of(batch[name]) for name in names}
    rows = batch.select("line", "site", as_given="time", time=times_of(batch["time"]))
    rows = rows.with_columns(**numbers)
    usable = rows
    if on_edition == "auto":
        first = min(edition.in_force for edition in editions("air", "hj_633"))
        usable = rows.filter(pl.col("time").dt.date() >= first)
    index = hourly_columns if period == "hour" else daily_columns
    found = index(usable, edition=on_edition).select("line", *RESULTS)
    results = rows.select("line", "site", time="as_given")
    if found.height < results.height:
        results = results.join(found, on="line", how="left", maintain_order="left")
    else:
        results = results.with_columns(found.drop("line"))
    results = results.with_columns(pl.col("primary").replace("", None))  # empty, not quoted
    return results.select(OUT), _bad_cells(batch, rows, names)


def numbers_of(texts: pl.Series) -> pl.Series:
    """Return the floats that name the decimals given; null where there is no number."""
    texts = texts.str.strip_chars()
    found = texts.cast(pl.Float64, strict=False)
    long = ((texts.str.len_bytes() > _SURE_DIGITS) & found.is_finite()).fill_null(value=False)
    if not long.any():
        return found
    rows = long.arg_true()
    rows = rows.filter(found.gather(rows).cast(pl.String) != texts.gather(rows))
    return found.scatter(rows, [_nudged(text) for text in texts.gather(rows)])


def _nudged(text: str) -> float:
    """Return a float on the same side of every shorter decimal as a long decimal.

    >>> _nudged("35.00000000000000000001") > 35
    True
    """
    value, near = Decimal(text), float(text)
    if exact(near) == value:
        return near
    return math.nextafter(near, math.inf if value > exact(near) else -math.inf)


def times_of(texts: pl.Series) -> pl.Series:
    """Return the times that texts name; null where they name none."""
    known = texts.unique().to_frame("time").with_columns(at=_time())
    return texts.to_frame("time").join(known, on="time", how="left", maintain_order="left")["at"]


def _time() -> pl.Expr:
    zone = str(BEIJING)
    text = _tidy(pl.col("time"))
    late = text.str.contains(_LATE)  # 24:00 is the end of a day: the start of the next
    text = pl.when(late).then(text.str.replace("T24", "T00", literal=True)).otherwise(text)
    parts = []
    for form in _FORMATS:
        read = text.str.to_datetime(form, strict=False, time_unit="us")
        if form.endswith("z"):
            parts.append(read.dt.convert_time_zone(zone))
        elif form == "%Y-%m-%d":
            day = text.str.to_date(form, strict=False).cast(pl.Datetime("us"))
            parts.append(day.dt.replace_time_zone(zone, ambiguous="earliest"))
        else:
            parts.append(read.dt.replace_time_zone(zone, ambiguous="earliest"))
    found = pl.coalesce(parts)
    return pl.when(late).then(found.dt.offset_by("1d")).otherwise(found)


def _tidy(text: pl.Expr) -> pl.Expr:
    """Return times in the extended form of ISO 8601, from its basic form and from near to it."""
    return (
        text.str.strip_chars()
        .str.replace_all("/", "-", literal=True)
        .str.replace(r"\s+", "T")
        .str.replace(r"^(\d{4})(\d\d)(\d\d)(T|$)", "${1}-${2}-${3}${4}")
        .str.replace(r"T(\d\d)(\d\d)(\d\d)", "T${1}:${2}:${3}")
        .str.replace(r"T(\d\d)(\d\d)([Z+-]|$)", "T${1}:${2}${3}")
        .str.replace("Z$", "+00:00")
        .str.replace(r"(T.*[+-]\d\d)$", "${1}:00")
        .str.replace(r"T(\d{1,2})([+-]|$)", "T${1}:00${2}")
    )


def _bad_cells(batch: pl.DataFrame, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    schema = {"line": pl.UInt32, "column": pl.String, "text": pl.String}
    found = [pl.DataFrame(schema=schema)]
    for name in ["time", *names]:
        doubtful = rows[name].is_null() if name == "time" else _is_no_concentration(rows[name])
        cells = batch.filter(doubtful).select(
            "line", pl.lit(name).alias("column"), pl.col(name).str.strip_chars().fill_null("")
        )
        if name != "time":
            cells = cells.filter(~pl.col(name).str.to_lowercase().is_in(MISSING))
        found.append(cells.rename({name: "text"}))
    return pl.concat(found, how="vertical_relaxed").sort("line", maintain_order=True)


def _is_no_concentration(values: pl.Series) -> pl.Series:
    return ~(values.is_finite() & (values >= 0)).fill_null(value=False)
