"""A file in, its verdicts out: no store, no server."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import polars as pl

from songhua.model import BadInput
from songhua.quality.rules import read_rules
from songhua.quality.suite import Report, Suite
from songhua.quality.verdict import WORDS, Verdict
from songhua.standards import QUANTITIES

DEFAULT = "default/air_hour.toml"
_KEYS = ("site", "quantity", "time")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What came of a file: values by verdict, and checks that failed themselves."""

    values: int
    by_verdict: dict[Verdict, int]
    errors: dict[str, str]


def default_rules() -> str:
    """Return the checks of hourly air that hold where nobody set others (TOML)."""
    return (files("songhua.quality") / DEFAULT).read_text(encoding="utf-8")


def check_file(
    source: Path,
    out: Path,
    *,
    rules: str,
    places: Path | None = None,
    period: str = "hour",
    report: Report = lambda _done, _all: None,
) -> CheckedFile:
    """Write every value of a file with its verdict and the evidence; empty where there is none.

    Parameters
    ----------
    source
        CSV or Parquet: ``site``, ``time`` (without a zone: Beijing), and either ``quantity`` and
        ``value`` or a column for each quantity.
    out
        CSV, or Parquet by its name: ``site quantity time value verdict evidence``; evidence is
        ``check=verdict(measured)`` of each check that was not passed, joined by spaces.
    rules
        The configuration (TOML).
    places
        CSV of ``site lon lat``, for checks that ask for neighbours.

    Raises
    ------
    BadInput
        If the file or the configuration cannot be read.
    """
    suite = Suite(read_rules(rules), None if places is None else _places(places))
    checked = suite.check(read_rows(source), period=period, report=report)
    words = {int(verdict): en for verdict, (_zh, en) in WORDS.items()}
    told = (
        checked.values.join(checked.evidence(), on=_KEYS, how="left", maintain_order="left")
        .with_columns(
            pl.col("verdict").replace_strict(words, return_dtype=pl.String),
            pl.col("time").dt.convert_time_zone("Asia/Shanghai"),
        )
        .sort(_KEYS)
    )
    if out.suffix == ".parquet":
        told.write_parquet(out)
    else:
        told.write_csv(out, datetime_format="%Y-%m-%dT%H:%M:%S%:z")
    counts = dict(checked.values.group_by("verdict").len().rows())
    by_verdict = {verdict: counts.get(int(verdict), 0) for verdict in Verdict}
    return CheckedFile(checked.values.height, by_verdict, dict(checked.errors))


def read_rows(source: Path) -> pl.DataFrame:
    """Return ``site quantity time value`` of a file; times without a zone are Beijing's."""
    table = read_table(source)
    if not {"site", "time"} <= set(table.columns):
        raise BadInput("文件须有 site 与 time 列。", "The file needs the columns site and time.")
    if {"quantity", "value"} <= set(table.columns):
        rows = table.select("site", "quantity", "time", "value")
    else:
        names = [name for name in table.columns if name in QUANTITIES]
        if not names:
            raise BadInput(
                "文件须有 quantity 与 value 列，或以指标命名的列。",
                "The file needs the columns quantity and value, or a column for each quantity.",
            )
        rows = table.unpivot(names, index=["site", "time"], variable_name="quantity")
    return rows.select(
        pl.col("site", "quantity").cast(pl.String),
        time_of(rows.schema["time"]),
        pl.col("value").cast(pl.Float64, strict=False),
    ).drop_nulls("time")


def time_of(kind: pl.DataType) -> pl.Expr:
    """Return the column ``time`` with a zone; where it tells none: Beijing."""
    time = pl.col("time")
    if kind == pl.String:
        local = (
            time.str.replace("T", " ")
            .str.slice(0, 19)
            .str.to_datetime(strict=False, time_unit="us")
            .dt.replace_time_zone("Asia/Shanghai")
        )
        zoned = time.str.to_datetime(time_unit="us", time_zone="UTC", strict=False, format="%+")
        has_zone = time.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$")
        return pl.when(has_zone).then(zoned).otherwise(local.dt.convert_time_zone("UTC"))
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        return time.dt.replace_time_zone("Asia/Shanghai")
    return time


def read_table(path: Path) -> pl.DataFrame:
    """Return a CSV (all as text) or a Parquet file."""
    try:
        return (
            pl.read_parquet(path)
            if path.suffix == ".parquet"
            else pl.read_csv(path, infer_schema=False)
        )
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise BadInput(f"读不了 {path}：{fault}", f"{path} cannot be read: {fault}") from fault


def _places(path: Path) -> pl.DataFrame:
    table = read_table(path)
    if not {"site", "lon", "lat"} <= set(table.columns):
        raise BadInput(
            "坐标文件须有 site、lon、lat 列。", "The file of places needs site, lon and lat."
        )
    return table.select("site", pl.col("lon", "lat").cast(pl.Float64, strict=False)).drop_nulls()
