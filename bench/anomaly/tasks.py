"""The labelled series, each with its first half (settings) and its second (score)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from songhua.quality.stack import Stack
from songhua.quality.verdict import Floats

_LOGAN = ("temp", "cond", "ph", "do", "turb", "stage")
_GECCO = ("Tp", "Cl", "pH", "Redox", "Leit", "Trueb", "Cl_2", "Fm", "Fm_2")


@dataclass(frozen=True)
class Task:
    """Rows of one or more series that share labels.

    Parameters
    ----------
    names
        Columns that are judged: one, or all where the label is the site's.
    columns
        Every quantity of the site (judged or not), by name; NaN where missing.
    """

    file: str
    name: str
    names: tuple[str, ...]
    columns: dict[str, Floats]
    times: np.ndarray
    starts: np.ndarray
    labels: np.ndarray
    first: np.ndarray

    def stack(self, name: str) -> Stack:
        """Return a column with the times of its rows."""
        return Stack(self.columns[name], self.times, self.starts)

    @property
    def present(self) -> np.ndarray:
        """Rows that can be judged: one of the values is there."""
        return np.any([np.isfinite(self.columns[name]) for name in self.names], axis=0)


def tasks(folder: Path) -> Iterator[Task]:
    """Return every labelled quantity of every file."""
    pioneer = pl.read_csv(
        folder / "river_pioneer_labelled.csv.gz", infer_schema_length=None
    ).with_columns(pl.col("time").str.to_datetime("%Y-%m-%d %H:%M", time_unit="us"))
    names = ("Level", "Cond", "Tur")
    yield from _each("river_pioneer", pioneer, names, lambda name: pl.col(f"label_{name}") == 1)
    for path in sorted(folder.glob("logan_river_*.parquet")):
        frame = pl.read_parquet(path)
        yield from _each(
            path.stem, frame, _LOGAN, lambda name: pl.col(f"{name}_qual").is_not_null()
        )
    gecco = pl.read_parquet(folder / "drinking_gecco2017_minute.parquet").rename({"Time": "time"})
    yield _task("drinking_gecco2017", "EVENT", gecco, _GECCO, _GECCO, pl.col("EVENT") == 1)
    taihu = pl.read_csv(folder / "taihu_monthly_2007_2012.csv", infer_schema_length=None)
    taihu = taihu.with_columns(time=pl.datetime("year", "month", 1, time_unit="us"))
    flags = [name for name in taihu.columns if name.endswith("_flag")]
    names = tuple(name.removesuffix("_flag") for name in flags)
    yield from _each("taihu_monthly", taihu, names, lambda name: pl.col(f"{name}_flag") > 0)


def _each(file, frame, names, label) -> Iterator[Task]:
    for name in names:
        yield _task(file, name, frame, (name,), names, label(name))


def _task(file, name, frame, judged, columns, label) -> Task:
    keys = [key for key in ("station",) if key in frame.columns]
    frame = frame.sort(*keys, "time") if keys else frame.sort("time")
    times = frame["time"].dt.epoch("us").to_numpy()
    starts = np.flatnonzero(np.diff(times, prepend=times[0] + 1) < 0)
    starts = np.unique(np.append(0, starts))
    middle = (times.min() + times.max()) // 2
    told = frame.select(label.fill_null(value=False)).to_series().to_numpy()
    values = {
        one: frame[one].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
        for one in columns
    }
    return Task(file, name, judged, values, times, starts, told, times <= middle)
