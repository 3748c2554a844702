"""A file of concentrations in, a file of indices out: no store, no server, bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from songhua.assess.air.columns import daily_columns, hourly_columns
from songhua.model import BEIJING, BadInput
from songhua.standards import POLLUTANTS, editions

VALUES = (*POLLUTANTS, "o3_8h")
OUT = ("site", "time", "edition", "aqi", "level", "primary")
OUT = (*OUT, *(f"iaqi_{key}" for key in POLLUTANTS))
_MISSING = ("", "na", "nan", "null", "none", "—", "-", "--", "/", "n/a")
_BATCH = 250_000
_MOST_EXAMPLES = 20
_SNIFFED = 1 << 20
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
)


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that is not what its column says."""

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
        The first of them.
    """

    rows: int
    with_aqi: int
    bad_cells: int
    examples: tuple[BadCell, ...]


def assess_csv(source: Path, out: Path, *, period: str, on_edition: str = "auto") -> AssessedFile:
    """Write the air quality index of every row of a CSV file.

    Parameters
    ----------
    source
        CSV or CSV.gz with ``site``, ``time`` (ISO, start of the interval; without a zone:
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
        If the file cannot be read or lacks ``site`` or ``time``.
    """
    if period not in {"hour", "day"}:
        raise BadInput("period 只能是 hour 或 day。", "period must be hour or day.")
    rows = with_aqi = bad = 0
    examples: list[BadCell] = []
    try:
        with out.open("wb") as file:
            for batch in _batches(source):
                found, cells = _assessed(batch, period, on_edition)
                found.write_csv(file, include_header=rows == 0)
                with_aqi += found.height - found["aqi"].null_count()
                bad += cells.height
                room = _MOST_EXAMPLES - len(examples)
                examples += [
                    BadCell(rows + row + 2, column, text)
                    for row, column, text in cells.head(room).iter_rows()
                ]
                rows += found.height
    except OSError as fault:
        raise BadInput(f"无法读写文件：{fault}。", f"Cannot read or write: {fault}.") from fault
    return AssessedFile(rows, with_aqi, bad, tuple(examples))


def _batches(source: Path) -> Iterator[pl.DataFrame]:
    try:
        lazy = pl.scan_csv(
            _readable(source),
            infer_schema=False,
            truncate_ragged_lines=True,
        )
        names = {name: name.strip().lstrip("\ufeff").lower() for name in lazy.collect_schema()}
        lazy = lazy.rename(names)
        _check_columns(source, set(names.values()))
        wanted = [name for name in ("site", "time", *VALUES) if name in names.values()]
        empty = True
        for batch in lazy.select(wanted).collect_batches(chunk_size=_BATCH, maintain_order=True):
            empty = False
            yield batch
        if empty:
            yield lazy.select(wanted).head(0).collect()
    except PolarsError as fault:
        raise BadInput(
            f"{source.name} 不是可读的 CSV：{fault}。",
            f"{source.name} is no readable CSV: {fault}.",
        ) from fault


def _readable(source: Path) -> Path | bytes:
    """Return the file, or its text as UTF-8 where it is in GB18030."""
    if not source.is_file():
        raise BadInput(f"没有这个文件：{source}。", f"No such file: {source}.")
    with source.open("rb") as file:
        start = file.read(_SNIFFED)
    if not start:
        raise BadInput(f"{source.name} 是空文件。", f"{source.name} is empty.")
    if start[:2] == b"\x1f\x8b":
        return source
    try:
        start[: max(1, start.rfind(b"\n"))].decode("utf-8")
    except UnicodeDecodeError:
        return source.read_bytes().decode("gb18030", "replace").encode()
    return source


def _check_columns(source: Path, names: set[str]) -> None:
    absent = {"site", "time"} - names
    if absent:
        listed = "、".join(sorted(absent))
        raise BadInput(
            f"{source.name} 缺少列：{listed}。", f"{source.name} has no column: {listed}."
        )
    if not names & set(VALUES):
        raise BadInput(
            f"{source.name} 没有任何污染物列（{' '.join(VALUES)}）。",
            f"{source.name} has no column of a pollutant ({' '.join(VALUES)}).",
        )


def _assessed(
    batch: pl.DataFrame, period: str, on_edition: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the results of a batch, and its bad cells as row, column, text."""
    names = [name for name in batch.columns if name in VALUES]
    first = min(edition.in_force for edition in editions("air", "hj_633"))
    numbers = batch.select(_number(name) for name in names)
    rows = batch.select(pl.col("site"), pl.col("time").alias("as_given"), _time().alias("time"))
    rows = rows.with_columns(numbers)
    judged_on_day = on_edition == "auto"
    day = pl.col("time").dt.date()
    judged = pl.when(day >= first).then("time") if judged_on_day else pl.col("time")
    rows = rows.with_columns(judged=judged).with_row_index("row")
    usable = rows.filter(pl.col("judged").is_not_null()) if judged_on_day else rows
    index = hourly_columns if period == "hour" else daily_columns
    found = index(usable, edition=on_edition)
    results = OUT[2:]
    full = rows.select("row", "site", pl.col("as_given").alias("time")).join(
        found.select("row", *results), on="row", how="left", maintain_order="left"
    )
    full = full.with_columns(pl.col("primary").replace("", None))  # an empty cell, not a quoted one
    return full.select(OUT), _bad_cells(batch, rows, names)


def _number(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().cast(pl.Float64, strict=False)


def _time() -> pl.Expr:
    text = (
        pl.col("time")
        .str.strip_chars()
        .str.replace_all("/", "-", literal=True)
        .str.replace(" ", "T", literal=True)
        .str.replace("Z$", "+00:00")
        .str.replace(r"T(\d{1,2})$", "T${1}:00")
    )
    zone = str(BEIJING)
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
    return pl.coalesce(parts)


def _bad_cells(batch: pl.DataFrame, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    schema = {"row": pl.UInt32, "column": pl.String, "text": pl.String}
    found = [pl.DataFrame(schema=schema)]
    for name in ["time", *names]:
        text = batch[name].fill_null("").str.strip_chars()
        bad = rows[name].is_null() if name == "time" else _is_bad(rows[name], text)
        if bad.any():
            cells = pl.DataFrame({"row": rows["row"], "text": text}).filter(bad)
            found.append(cells.select("row", pl.lit(name).alias("column"), "text"))
    return pl.concat(found).sort("row")


def _is_bad(value: pl.Series, text: pl.Series) -> pl.Series:
    """Return which cells say something that is no concentration."""
    is_missing = text.str.to_lowercase().is_in(_MISSING)
    is_number = value.is_finite().fill_null(value=False) & (value >= 0).fill_null(value=False)
    return ~(is_missing | is_number)
