"""The air quality index of a country's year, beside the bare engine and a package of others.

1,500 stations × one year of hours × six pollutants → hourly and daily AQI. The values are made
up, shaped like real ones (whole numbers, CO in tenths, 3 % missing); they are never shown as
observed. Run it alone with ``python -m bench.air_index``.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import aqi
import aqi.constants
import numpy as np
import polars as pl
import psutil

from songhua.assess import air
from songhua.model import BEIJING
from songhua.standards import POLLUTANTS

STATIONS = (375, 750, 1500)
DAYS = 365
FIRST_DAY = datetime(2025, 9, 1, tzinfo=BEIJING)  # the year holds the change of edition
_TYPICAL = {"so2": 15.0, "no2": 30.0, "co": 0.8, "o3": 80.0, "pm10": 80.0, "pm2_5": 40.0}
_MISSING = 0.03
_PUBLISHED = Path(__file__).parents[1] / "tests/reference/air_stations_2020_04.parquet"
_PYTHON_AQI = {
    "so2": aqi.constants.POLLUTANT_SO2_1H,
    "no2": aqi.constants.POLLUTANT_NO2_1H,
    "co": aqi.constants.POLLUTANT_CO_1H,
    "o3": aqi.constants.POLLUTANT_O3_1H,
    "pm10": aqi.constants.POLLUTANT_PM10,
    "pm2_5": aqi.constants.POLLUTANT_PM25,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table. `limit` is what must be reached; None: no promise."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def reached(self) -> bool:
        """Return whether the promise is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def hours_of(stations: int, *, days: int = DAYS, whole: bool = True) -> pl.DataFrame:
    """Return site, time (UTC) and made-up concentrations, station after station."""
    rng = np.random.default_rng(20260301)
    count = stations * days * 24
    hours = pl.datetime_range(
        FIRST_DAY,
        FIRST_DAY + timedelta(days=days),
        "1h",
        closed="left",
        time_zone="UTC",
        time_unit="us",
        eager=True,
    )
    names = pl.Series([f"{1001 + number}A" for number in range(stations)])
    row = pl.Series(np.arange(count, dtype=np.uint32))
    columns = {"site": names.gather(row // len(hours)), "time": hours.gather(row % len(hours))}
    for key, typical in _TYPICAL.items():
        places = 1 if key == "co" else 0
        values = rng.gamma(2.0, typical / 2, count)
        values = values.round(places) if whole else values
        values[rng.random(count) < _MISSING] = np.nan
        columns[key] = pl.Series(values, nan_to_null=True)
    return pl.DataFrame(columns)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_one_run(works: dict[str, Callable[[], object]], *, times: int) -> dict[str, float]:
    """Return the shortest time of each work, taken in turns after one to warm up, in seconds."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(times + 1):
        for name, work in works.items():
            took = seconds(work)
            if turn:
                spent[name].append(took)
    return {name: min(found) for name, found in spent.items()}


def beside_polars(stations: int, *, times: int = 5, whole: bool = True) -> list[Measured]:
    """Return ours beside a bare mean by station and day, of the same columns."""
    hours = hours_of(stations, whole=whole)
    local = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.date()
    with_day = hours.with_columns(day=local)
    means = [pl.col(key).mean() for key in POLLUTANTS]
    works: dict[str, Callable[[], object]] = {
        "bare": lambda: with_day.group_by("site", "day").agg(means),
        "bare with day": lambda: hours.group_by("site", day=local).agg(means),
        "hourly": lambda: air.hourly_columns(hours),
        "daily": lambda: air.daily_columns(air.daily_means(hours)),
    }
    took = in_one_run(works, times=times)
    ours, values = took["hourly"] + took["daily"], len(hours) * len(POLLUTANTS)
    name = f"{stations:,} stations"
    if not whole:
        name += ", unrounded values"
    asked = 4.0 if stations == STATIONS[-1] and whole else None
    return [
        Measured(f"{name}: bare group_by(station, day).mean()", took["bare"], "s"),
        Measured(f"{name}: the same, day taken from time", took["bare with day"], "s"),
        Measured(f"{name}: hourly AQI", took["hourly"], "s"),
        Measured(f"{name}: daily means, best 8 hours, daily AQI", took["daily"], "s"),
        Measured(f"{name}: ours / bare", ours / took["bare"], "×", asked),
        Measured(f"{name}: ours / bare, day taken from time", ours / took["bare with day"], "×"),
        Measured(f"{name}: values a second", values / ours, "values/s"),
    ]


def _memory(stations: int, answer: "multiprocessing.Queue[tuple[float, float]]") -> None:
    process = psutil.Process()
    hours = hours_of(stations)
    hourly = air.hourly_columns(hours)
    daily = air.daily_columns(air.daily_means(hours))
    assert hourly.height == hours.height
    assert daily.height == stations * DAYS
    peak = max(process.memory_info().rss, _peak())
    answer.put((peak / 1e9, hours.estimated_size() / 1e9))


def _peak() -> int:
    """Return the most memory this process ever held, in bytes."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def memory(stations: int) -> list[Measured]:
    """Return the peak memory of a fresh process that does all of it and keeps the results."""
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[tuple[float, float]] = context.Queue()
    process = context.Process(target=_memory, args=(stations, answer))
    process.start()
    peak, frame = answer.get()
    process.join()
    return [
        Measured(f"{stations:,} stations: the hours themselves", frame, "GB"),
        Measured(f"{stations:,} stations: peak memory, hours and results", peak, "GB", 4.0),
    ]


def beside_python_aqi(stations: int, *, rows: int = 5000, times: int = 5) -> list[Measured]:
    """Return ours beside python-aqi's algorithm for China, which judges published hours."""
    # Beyond the table it raises an error: only hours below 500.
    whole = pl.read_parquet(_PUBLISHED).drop_nulls(POLLUTANTS).filter(pl.col("aqi_published") < 500)
    published = whole.sample(rows, seed=1)
    texts = [
        [(_PYTHON_AQI[key], str(row[key])) for key in POLLUTANTS]
        for row in published.iter_rows(named=True)
    ]
    found: list[int] = []

    def theirs() -> None:
        found[:] = [int(aqi.to_aqi(row, algo=aqi.ALGO_MEP)) for row in texts]

    hours = hours_of(stations)

    def ours() -> None:
        air.hourly_columns(hours)
        air.daily_columns(air.daily_means(hours))

    took = in_one_run({"theirs": theirs, "ours": ours}, times=times)
    rates = rows * len(POLLUTANTS) / took["theirs"], hours.height * len(POLLUTANTS) / took["ours"]
    agree = (pl.Series(found) == published["aqi_published"]).sum() / rows
    own = air.hourly_columns(published, edition="2012")["aqi"] == published["aqi_published"]
    return [
        Measured("python-aqi: values a second", rates[0], "values/s"),
        Measured("ours: values a second, hourly and daily AQI", rates[1], "values/s"),
        Measured("ours / python-aqi, per value", rates[1] / rates[0], "×", 70, at_least=True),
        Measured("python-aqi: hours with the published AQI", 100 * agree, "%"),
        Measured("ours: the same hours", 100 * own.sum() / rows, "%", 100, at_least=True),
    ]


def measure(*, stations: tuple[int, ...] = STATIONS, times: int = 5) -> list[Measured]:
    """Measure at every size, then the memory and the other package at the largest."""
    found = [one for size in stations for one in beside_polars(size, times=times)]
    found += beside_polars(stations[-1], times=max(1, times // 2), whole=False)
    return [*found, *memory(stations[-1]), *beside_python_aqi(stations[-1], times=times)]


def main() -> None:
    """Measure at the sizes asked for and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, nargs="+", default=list(STATIONS))
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    for one in measure(stations=tuple(options.stations), times=options.times):
        word = "at least" if one.at_least else "at most"
        limit = "" if one.limit is None else f"  ({word} {one.limit:,.0f})"
        print(f"{one.name:<62} {one.value:>14,.2f} {one.unit}{limit}")


if __name__ == "__main__":
    main()
