"""The store at the size of a province: how fast it takes in and gives back, and how that grows.

Values are made up, shaped like real ones (a daily and a yearly course, whole numbers); they are
never shown as observed. Run it alone with ``python -m bench.store``.
"""

import argparse
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from songhua.model import BEIJING, Period
from songhua.store import Journal, Shelf, open_shelf

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
SITES = 129
CITIES = 9
LAST_YEAR = 2025
_TYPICAL = {"so2": 12.0, "no2": 30.0, "co": 0.8, "o3": 70.0, "pm10": 70.0, "pm2_5": 40.0}
_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table. `limit` is what must be reached; None where nothing is promised."""

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
        for subjects, scope in ((stations, "site"), (cities, "city")):
            for period, step in (("hour", timedelta(hours=1)), ("day", timedelta(days=1))):
                values = course(subjects, month, step=step, seed=cause)
                rows = index_rows(values, period=period, scope=scope, cause=cause)
                save("air_index", rows, shelf.save_air_index)
        shelf.save_air_summary(summary_rows(cities, month, name="month", cause=cause))
    return spent


def settle(shelf: Shelf, *, longest_s: float = 120.0) -> None:
    """Wait until the engine has merged what was saved: questions are measured at rest."""
    until = time.monotonic() + longest_s
    while shelf.is_merging():
        if time.monotonic() > until:
            return
        time.sleep(0.5)


def median_ms(work: Callable[[], object], *, times: int) -> float:
    """Return the median time of a piece of work after one run to warm up, in milliseconds."""
    work()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


class Questions:
    """What the pages and jobs ask of a filled shelf, at places spread over its span."""

    def __init__(self, shelf: Shelf, years: int, sites: int) -> None:
        self.shelf, self.years, self.sites = shelf, years, sites
        self._rng = np.random.default_rng(7)

    def map_of_an_hour(self) -> None:
        """Draw the map."""
        at = self._an_hour()
        span = Period(at, at + timedelta(hours=1))
        for scope, count in (("site", self.sites), ("city", CITIES)):
            rows = self.shelf.air_index(period="hour", scope=scope, span=span)
            assert rows.height == count

    def year_of_a_station(self) -> None:
        """Draw a station's chart of a year."""
        columns = ("aqi", "level", "primary", "reason", "edition", *POLLUTANTS)
        rows = self.shelf.air_index(
            period="hour",
            scope="site",
            span=self._a_year(),
            subjects=[self._a_site()],
            columns=columns,
        )
        assert rows.height >= 8760

    def reported_of_a_station(self) -> None:
        """Read what was reported, with its revisions."""
        rows = self.shelf.observations(
            period="hour", span=self._a_year(), sites=[self._a_site()], quantities=POLLUTANTS
        )
        assert rows.height >= 6 * 8760

    def ranking_of_a_month(self) -> None:
        """Rank the cities."""
        month = datetime(LAST_YEAR, 1, 1, tzinfo=BEIJING)
        span = Period(month, month + timedelta(days=31))
        rows = self.shelf.air_summary(period="month", scope="city", span=span)
        assert rows.height == CITIES

    def every_ranking(self) -> None:
        """Rank the cities in every month, as the page of changes does."""
        rows = self.shelf.air_summary(period="month", scope="city", span=_EVER)
        assert rows.height == self.years * 12 * CITIES

    def days_of_a_city(self) -> None:
        """Draw a city's calendar."""
        rows = self.shelf.air_index(
            period="day", scope="city", span=self._a_year(), subjects=["220100"]
        )
        assert rows.height >= 365

    def first_and_last_hour(self) -> None:
        """Set the time slider."""
        assert self.shelf.times("hour")

    def month_of_everything(self) -> None:
        """Read what an assessment of a month needs."""
        start = self._an_hour()
        rows = self.shelf.observations(
            period="hour", span=Period(start, start + timedelta(days=30))
        )
        assert rows.height > 0

    def _an_hour(self) -> datetime:
        start = datetime(LAST_YEAR - self.years + 1, 1, 2, tzinfo=UTC)
        return start + timedelta(hours=int(self._rng.integers(0, self.years * 8700)))

    def _a_year(self) -> Period:
        year = int(self._rng.integers(LAST_YEAR - self.years + 1, LAST_YEAR + 1))
        start = datetime(year, 1, 1, tzinfo=BEIJING)
        return Period(start, datetime(year + 1, 1, 1, tzinfo=BEIJING))

    def _a_site(self) -> str:
        return str(self._rng.choice(site_keys(self.sites)))


_EVER = Period(datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def ask(shelf: Shelf, years: int, sites: int, *, times: int) -> list[Measured]:
    """Measure what the pages and jobs ask of a filled shelf."""
    on = Questions(shelf, years, sites)
    questions: list[tuple[str, Callable[[], object], float | None]] = [
        ("map: one hour, all stations and cities", on.map_of_an_hour, 50),
        ("station: a year of hours, AQI and six values", on.year_of_a_station, 150),
        ("station: the same as reported, with revisions", on.reported_of_a_station, 150),
        ("ranking: one month, all cities", on.ranking_of_a_month, 100),
        ("ranking: every month, all cities", on.every_ranking, 100),
        ("city: a year of days", on.days_of_a_city, None),
        ("first and last hour", on.first_and_last_hour, None),
        ("last revision", shelf.last_revision, None),
        ("jobs: a month of all observations", on.month_of_everything, None),
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
            settle(shelf)
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


def measure_journal(*, megabytes: int = 256, threads: int = 8) -> list[Measured]:
    """Measure the journal: a large body, and small ones from many threads at once."""
    folder = Path(tempfile.mkdtemp(prefix="songhua-bench-"))
    try:
        journal = Journal.open(folder / "journal")
        piece = np.random.default_rng(7).bytes(1024 * 1024)
        began = time.perf_counter()
        journal.append_stream("file", (piece for _ in range(megabytes)), {})
        large = megabytes * 1.048576 / (time.perf_counter() - began)
        each, began = 250, time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            for _ in range(threads * each):
                pool.submit(journal.append, "frame", piece[:300], {"from": "bench"})
        small = threads * each / (time.perf_counter() - began)
        began = time.perf_counter()
        assert journal.verify() is None
        verified = megabytes * 1.048576 / (time.perf_counter() - began)
        journal.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        Measured("journal: a large body", 0, 0, large, "MB/s"),
        Measured(f"journal: small bodies, {threads} threads", 0, 0, small, "acknowledged/s"),
        Measured("journal: read again and verified", 0, 0, verified, "MB/s"),
    ]


def main() -> None:
    """Measure at the sizes asked for and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, nargs="+", default=[1, 3, 10])
    parser.add_argument("--sites", type=int, nargs="+", default=[SITES])
    parser.add_argument("--times", type=int, default=15)
    options = parser.parse_args()
    for one in measure_journal():
        print(f"{'':>20} {one.name:<48} {one.value:>12,.1f} {one.unit}")
    for sites in options.sites:
        for one in measure(options.years, sites=sites, times=options.times):
            bound = "least" if one.unit == "rows/s" else "most"
            limit = "" if one.limit is None else f"  (at {bound} {one.limit:,.0f})"
            size = f"{one.years} years, {one.sites} sites"
            print(f"{size:>20} {one.name:<48} {one.value:>12,.1f} {one.unit}{limit}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'':>20} {'most memory held':<48} {peak:>12,.1f} MB")


if __name__ == "__main__":
    main()
