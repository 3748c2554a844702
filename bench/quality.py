"""Checks: a million points beside ioos_qc, a province's hour, ten years of a province.

Values are made up; the peer gets the same column in the same run. SaQC is tried beside us where it
is installed (it is in no group: it wants versions of its own).
"""

import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.rules import read_rules
from songhua.quality.stack import Stack
from songhua.quality.standalone import default_rules
from songhua.quality.suite import Running, Suite

POINTS = 1_000_000
SITES, STATIONS, HOURS = 500, 34, 87_600
_HOUR_US = 3_600_000_000
_SHAPES = {
    "so2": (12, 1.0),
    "no2": (30, 3.0),
    "co": (0.8, 0.05),
    "o3": (70, 5.0),
    "pm10": (80, 6.0),
    "pm2_5": (40, 4.0),
}


def series(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Return values (one in a hundred missing) and times of a made-up walk."""
    chance = np.random.default_rng(0)
    values = np.round(np.cumsum(chance.normal(size=points)), 1)
    values[chance.random(points) < 0.01] = np.nan
    return values, np.arange(points, dtype=np.int64) * _HOUR_US


def best(work: Callable[[], object], times: int = 5) -> float:
    """Return the shortest time of several runs. [s]."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def province(sites: int, hours: int) -> pl.DataFrame:
    """Return made-up hours of six pollutants."""
    chance = np.random.default_rng(1)
    start = datetime(2016, 1, 1, tzinfo=UTC)
    times = pl.datetime_range(
        start, start + timedelta(hours=hours - 1), "1h", eager=True, time_unit="us"
    )
    parts = []
    for quantity, (mean, spread) in _SHAPES.items():
        base = mean + np.cumsum(chance.normal(0, spread / 10, hours)) * 0.2
        for site in range(sites):
            values = np.round(np.abs(base + chance.normal(0, spread, hours)), 1)
            values[chance.random(hours) < 0.01] = np.nan
            parts.append(
                pl.DataFrame(
                    {"site": f"S{site:03d}", "quantity": quantity, "time": times, "value": values}
                )
            )
    return pl.concat(parts)


def beside_ioos(points: int = POINTS) -> None:
    """Print each shared check and the ratio."""
    from ioos_qc import qartod

    values, times = series(points)
    stamps = times.astype("datetime64[us]").astype("datetime64[ns]")
    hour = 3600.0
    pairs = {
        "spike": (
            lambda: spike(Stack.of(values, times), suspect=3, fail=5),
            lambda: qartod.spike_test(values, 3, 5),
        ),
        "rate of change": (
            lambda: rate_of_change(Stack.of(values, times), suspect=1e-3, fail=2e-3),
            lambda: qartod.rate_of_change_test(values, stamps, 1e-3, 2e-3),
        ),
        "flat line": (
            lambda: flat_line(
                Stack.of(values, times), suspect_s=4 * hour, fail_s=8 * hour, tolerance=0.1
            ),
            lambda: qartod.flat_line_test(values, stamps, 4 * hour, 8 * hour, 0.1),
        ),
        "attenuated": (
            lambda: attenuated(
                Stack.of(values, times), suspect=0.5, fail=0.1, window_s=24 * hour, fewest=12
            ),
            lambda: qartod.attenuated_signal_test(values, stamps, 0.5, 0.1, 24 * 3600, 12),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        mine = best(ours)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = best(theirs, times=2)
        print(
            f"{name:<24} {mine * 1e3:>8.1f} ms   ioos_qc {other * 1e3:>8.1f} ms   "
            f"{other / mine:>6.1f} ×"
        )


def whole_province() -> None:
    """Print the time of an hour of 500 sites and of ten years of 34."""
    chance = np.random.default_rng(2)
    places = pl.DataFrame(
        {
            "site": [f"S{number:03d}" for number in range(SITES)],
            "lon": 124 + 5 * chance.random(SITES),
            "lat": 42 + 3 * chance.random(SITES),
        }
    )
    suite = Suite(read_rules(default_rules()), places)
    rows = province(SITES, 72)
    last = pl.col("time") == rows["time"].max()
    running = Running(suite, period="hour")
    running.feed(rows.filter(~last))
    newest = rows.filter(last)
    taken = best(lambda: running.feed(newest), times=3)
    print(f"an hour of {SITES} sites, {len(suite.rules)} rules    {taken:>6.2f} s")
    rows = province(STATIONS, HOURS)
    taken = best(lambda: suite.check(rows, period="hour"), times=1)
    print(
        f"ten years of {STATIONS} sites          {taken:>6.1f} s, "
        f"{rows.height / taken / 1e6:.1f} million values/s"
    )


def main() -> None:
    """Print everything."""
    try:
        beside_ioos()
    except ImportError:
        print("ioos_qc is not installed: no ratio")
    whole_province()


if __name__ == "__main__":
    main()
