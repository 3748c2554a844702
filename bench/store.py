"""The store at the size of a province: how fast it takes in and gives back, and how that grows.

Values are made up, shaped like real ones (a daily and a yearly course, whole numbers); they are
never shown as observed. Run it alone with ``python -m bench.store``.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from songhua.model import BEIJING, Period
from songhua.store import Shelf, open_shelf

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
SITES = 129
CITIES = 9
LAST_YEAR = 2025
_TYPICAL = {"so2": 12.0, "no2": 30.0, "co": 0.8, "o3": 70.0, "pm10": 70.0, "pm2_5": 40.0}
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table. `limit` is what must be reached, in the same unit; None: no promise."""

    name: str
    years: int
    sites: int
    value: float
    unit: str
    limit: float | None = None

    @property
    def reached(self) -> bool:
        """Return whether the promise is kept."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.unit == "rows/s" else self.value <= self.limit


def site_keys(count: int) -> list[str]:
    return [f"{1001 + number}A" for number in range(count)]


def city_codes(count: int) -> list[str]:
    return [f"22{number + 1:02d}00" for number in range(count)]


def months(year: int) -> Iterator[Period]:
    """Yield the months of a year, in Beijing time."""
    for month in range(1, 13):
        start = datetime(year, month, 1, tzinfo=BEIJING)
        end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=BEIJING)
        yield Period(start, end)


def course(subjects: list[str], span: Period, *, step: timedelta, seed: int) -> pl.DataFrame:
    """Return subject, time and a made-up concentration of each pollutant for every step."""
    times = int((span.end - span.start) / step)
    rng = np.random.default_rng(seed)
    hours = np.arange(times) * (step / timedelta(hours=1))
    day = np.sin(2 * np.pi * hours / 24)
    frame = {
        "subject": np.repeat(subjects, times),
        "time": np.tile(
            np.datetime64(span.start.astimezone(UTC).replace(tzinfo=None), "us")
            + np.arange(times) * np.timedelta64(int(step.total_seconds()), "s"),
            len(subjects),
        ),
    }
    for key in POLLUTANTS:
        walk = rng.gamma(4.0, 0.25, (len(subjects), times)) * (1 + 0.3 * day)
        places = 1 if key == "co" else 0
        frame[key] = np.round(walk * _TYPICAL[key], places).ravel()
    made = pl.DataFrame(frame).with_columns(pl.col("time").cast(_UTC))
    return made.with_columns(o3_8h=pl.col("o3").rolling_mean(8, min_samples=1).round(0))


def observations(hours: pl.DataFrame, *, revision: int) -> pl.DataFrame:
    """Return the same as rows of the shelf: one a value."""
    return (
        hours.rename({"subject": "site"})
        .unpivot(on=POLLUTANTS, index=["site", "time"], variable_name="quantity")
        .with_columns(
            pl.lit("hour").alias("period"),
            pl.lit(revision, dtype=pl.UInt64).alias("revision"),
            *(pl.lit(text).alias(name) for name, text in _NOBODY.items()),
            pl.lit(datetime.now(UTC)).cast(_UTC).alias("recorded_at"),
            pl.int_range(pl.len(), dtype=pl.UInt64).alias("line"),
        )
    )


_NOBODY = {"mark": "", "reason": "", "author": "bench"}


def index_rows(values: pl.DataFrame, *, period: str, scope: str, cause: int) -> pl.DataFrame:
    """Return rows shaped like the index; their IAQI is no standard's."""
    iaqi = {f"iaqi_{key}": (pl.col(key) * 50 / _TYPICAL[key]).ceil() for key in POLLUTANTS}
    return values.with_columns(
        **{name: each.clip(0, 500).cast(pl.UInt16) for name, each in iaqi.items()}
    ).with_columns(
        pl.max_horizontal(*iaqi).alias("aqi"),
        ((pl.max_horizontal(*iaqi) // 50) + 1).clip(1, 6).alias("level"),
        pl.when(pl.col("iaqi_o3") > pl.col("iaqi_pm10"))
        .then(pl.lit("o3"))
        .otherwise(pl.lit("pm2_5+pm10"))
        .alias("primary"),
        pl.lit("").alias("reason"),
        pl.lit("HJ 633—2012").alias("edition"),
        pl.lit(1).alias("n"),
        *_stamp(period, scope, cause),
    )


def summary_rows(codes: list[str], period: Period, *, name: str, cause: int) -> pl.DataFrame:
    """Return one made-up summary row a city."""
    rng = np.random.default_rng(cause)
    values = ("so2", "no2", "pm2_5", "pm10", "co_p95", "o3_p90", "so2_p98", "no2_p98")
    parts = (*values, "pm10_p95", "pm2_5_p95", *(f"index_{key}" for key in POLLUTANTS))
    counts = ("days", "valid_days", "good_days", "exceed_days")
    levels = tuple(f"level_{number}" for number in range(1, 7))
    frame = pl.DataFrame(
        {
            "subject": codes,
            **{part: rng.gamma(4.0, 10.0, len(codes)).round(1) for part in parts},
            **{count: rng.integers(0, 31, len(codes)) for count in (*counts, *levels)},
            "composite": rng.gamma(4.0, 1.0, len(codes)).round(2),
        }
    )
    return frame.with_columns(
        pl.col("composite").rank("min").alias("rank"),
        pl.lit("pm2_5").alias("largest"),
        pl.lit("").alias("reason"),
        pl.lit("HJ 663—2013").alias("edition"),
        pl.lit(period.start.astimezone(UTC)).cast(_UTC).alias("time"),
        *_stamp(name, "city", cause),
    )


def _stamp(period: str, scope: str, cause: int) -> list[pl.Expr]:
    return [
        pl.lit(period).alias("period"),
        pl.lit(scope).alias("scope"),
        pl.lit(cause, dtype=pl.UInt64).alias("revision"),
        pl.lit(cause, dtype=pl.UInt64).alias("cause"),
        pl.lit("bench").alias("code"),
        pl.lit(datetime.now(UTC)).cast(_UTC).alias("computed_at"),
    ]


def fill(shelf: Shelf, year: int, *, sites: int = SITES) -> dict[str, tuple[int, float]]:
    """Save one year of everything; return rows and seconds of each kind of saving."""
    spent = {"observations": (0, 0.0), "air_index": (0, 0.0)}

    def save(kind: str, frame: pl.DataFrame, how: Callable[[pl.DataFrame], object]) -> None:
        began = time.perf_counter()
        how(frame)
        rows, seconds = spent[kind]
        spent[kind] = (rows + frame.height, seconds + time.perf_counter() - began)

    stations, cities = site_keys(sites), city_codes(CITIES)
    for number, month in enumerate(months(year)):
        cause = (year - 2000) * 12 + number + 1
        hours = course(stations, month, step=timedelta(hours=1), seed=cause)
        save("observations", observations(hours, revision=cause), shelf.save_observations)
        places = (
            (hours, "site"),
            (hours.filter(pl.col("subject").is_in(stations[:CITIES])), "city"),
        )
        for values, scope in places:
            named = values if scope == "site" else _renamed(values, stations, cities)
            rows = index_rows(named, period="hour", scope=scope, cause=cause)
            save("air_index", rows, shelf.save_air_index)
            days = course(
                stations if scope == "site" else cities, month, step=timedelta(days=1), seed=cause
            )
            rows = index_rows(days, period="day", scope=scope, cause=cause)
            save("air_index", rows, shelf.save_air_index)
        shelf.save_air_summary(summary_rows(cities, month, name="month", cause=cause))
    return spent


def _renamed(values: pl.DataFrame, old: list[str], new: list[str]) -> pl.DataFrame:
    return values.with_columns(pl.col("subject").replace(old[: len(new)], new))


def median_ms(work: Callable[[], object], *, times: int) -> float:
    """Return the median time of a piece of work after one run to warm up. [ms]"""
    work()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


def ask(shelf: Shelf, years: int, sites: int, *, times: int) -> list[Measured]:
    """Measure what the pages ask of a filled shelf, at places spread over its span."""
    rng = np.random.default_rng(7)
    stations = site_keys(sites)

    def an_hour() -> datetime:
        start = datetime(LAST_YEAR - years + 1, 1, 2, tzinfo=UTC)
        return start + timedelta(hours=int(rng.integers(0, years * 8700)))

    def a_year() -> Period:
        year = int(rng.integers(LAST_YEAR - years + 1, LAST_YEAR + 1))
        return Period(
            datetime(year, 1, 1, tzinfo=BEIJING), datetime(year + 1, 1, 1, tzinfo=BEIJING)
        )

    def map_of_an_hour() -> None:
        at = an_hour()
        span = Period(at, at + timedelta(hours=1))
        for scope in ("site", "city"):
            shelf.air_index(period="hour", scope=scope, span=span)

    def year_of_a_station() -> None:
        site, span = str(rng.choice(stations)), a_year()
        columns = ("aqi", "level", "primary", "reason", "edition", *POLLUTANTS)
        rows = shelf.air_index(
            period="hour", scope="site", span=span, subjects=[site], columns=columns
        )
        assert rows.height >= 8760

    def reported_of_a_station() -> None:
        site, span = str(rng.choice(stations)), a_year()
        rows = shelf.observations(period="hour", span=span, sites=[site], quantities=POLLUTANTS)
        assert rows.height >= 6 * 8760

    def ranking_of_a_month() -> None:
        month = datetime(LAST_YEAR, 1, 1, tzinfo=BEIJING)
        span = Period(month, month + timedelta(days=31))
        assert shelf.air_summary(period="month", scope="city", span=span).height == CITIES

    def all_rankings() -> None:
        span = Period(datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
        assert shelf.air_summary(period="month", scope="city", span=span).height == years * 12 * 9

    def days_of_a_city() -> None:
        rows = shelf.air_index(period="day", scope="city", span=a_year(), subjects=["220100"])
        assert rows.height >= 365

    def month_of_everything() -> None:
        start = an_hour()
        rows = shelf.observations(period="hour", span=Period(start, start + timedelta(days=31)))
        assert rows.height > 0

    questions: list[tuple[str, Callable[[], None], float | None]] = [
        ("map: one hour, all stations and cities", map_of_an_hour, 50),
        ("station: a year of hours, AQI and six values", year_of_a_station, 150),
        ("station: a year of hours as reported, with revisions", reported_of_a_station, None),
        ("ranking: one month, all cities", ranking_of_a_month, 100),
        ("ranking: every month, all cities", all_rankings, 100),
        ("city: a year of days", days_of_a_city, None),
        ("first and last hour", lambda: shelf.times("hour"), None),
        ("last revision", shelf.last_revision, None),
        ("jobs: a month of all observations", month_of_everything, None),
    ]
    return [
        Measured(name, years, sites, median_ms(work, times=times), "ms", limit)
        for name, work, limit in questions
    ]


def measure(years: list[int], *, sites: int = SITES, times: int = 15) -> list[Measured]:
    """Fill one store up to each number of years in turn, and measure it there."""
    folder = Path(tempfile.mkdtemp(prefix="songhua-bench-"))
    found: list[Measured] = []
    try:
        shelf = open_shelf(f"chdb://{folder}/observations")
        shelf.migrate()
        filled = 0
        for size in sorted(years):
            spent: dict[str, tuple[int, float]] = {}
            for year in range(LAST_YEAR - size + 1, LAST_YEAR - filled + 1):
                for kind, (rows, seconds) in fill(shelf, year, sites=sites).items():
                    had = spent.get(kind, (0, 0.0))
                    spent[kind] = (had[0] + rows, had[1] + seconds)
            filled = size
            for kind, (rows, seconds) in spent.items():
                limit = 500_000 if kind == "observations" else None
                found.append(Measured(f"save {kind}", size, sites, rows / seconds, "rows/s", limit))
            found += [
                Measured(f"size of {table.table}", size, sites, table.size / 1e6, "MB")
                for table in shelf.sizes()
            ]
            found += ask(shelf, size, sites, times=times)
        shelf.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main() -> None:
    """Measure at the sizes asked for and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--sites", type=int, default=SITES)
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    for one in measure(options.years, sites=options.sites, times=options.times):
        limit = (
            ""
            if one.limit is None
            else f"  (at {'least' if one.unit == 'rows/s' else 'most'} {one.limit:,.0f})"
        )
        print(f"{one.years:>3} years  {one.name:<55} {one.value:>12,.1f} {one.unit}{limit}")


if __name__ == "__main__":
    main()
