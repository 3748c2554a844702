"""Real series on a clock: the first half to fix thresholds on, the second to be scored.

Sources (their licences go into the data card):
hourly air of 12 Beijing stations, 2013-2016 (UCI 501, CC BY 4.0); a gas turbine's CO and NOx by the
hour, 2011-2013 (UCI 551, CC BY 4.0); two stations of one river, upstream and downstream, 2019
(Logan River Observatory, by pyhydroqc, BSD-3).
"""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from songhua.quality.fraud.panel import Event, Panel, resolution

AIR = "air_quality/beijing_prsa_hourly_201303_201602.parquet"
STACK = "sources/gas_turbine_co_nox_hourly_2011_2013.parquet"
WATER = "water_anomaly/logan_river_{}.parquet"
LIMITS = {"pm2_5": 75.0, "pm10": 150.0, "no2": 100.0, "o3": 160.0, "nox": 75.0}
_HOUR = 3_600_000_000
_FAR, _LONG, _AROUND = 5.0, 6, 12  # times the neighbours, hours, hours
_NAMES = {"PM2.5": "pm2_5", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co", "O3": "o3"}


def load(folder: Path, seed: int = 20) -> dict[str, Panel]:
    """Return the whole record of each medium."""
    made = {"air": _air(folder), "stack": _stack(folder, seed), "water": _water(folder)}
    return {medium: _with_events(panel, seed) for medium, panel in made.items()}


def fit_to_learn(medium: str, panel: Panel) -> Panel:
    """Return a first half without stretches that are no measurements.

    Ozone of March and the first half of April 2013 stands still for a day at a time at all
    stations (107, 75, 69 ...); carbon monoxide at two stations is hours late in winter 2013/14:
    both seen in the charts. By rule, also where an instrument stays for six hours below a fifth
    of its neighbours or above five times as much: it was dead, or at its end (checks mark these).
    The scored half is left as it is: there such stretches count as false leads.
    """
    if medium != "air":
        return panel
    values = {key: table.copy() for key, table in panel.values.items()}
    values["o3"][:, :1010] = np.nan
    for site in ("Changping", "Dingling"):
        values["co"][panel.sites.index(site), 6600:7300] = np.nan
    for quantity, table in values.items():
        step = resolution(table)
        near = panel.reference(quantity)
        told = near >= 8 * step
        for row, usual, known in zip(table, near, told, strict=True):
            with np.errstate(invalid="ignore"):
                off = known & ((row < usual / _FAR) | (row > usual * _FAR))
            row[_long(off, np.isfinite(row))] = np.nan
    return replace(panel, values=values, _made={})


def _long(off: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Return where a run of six or more, gaps passed over, is off; with half a day around it."""
    places = np.flatnonzero(held)
    here = np.concatenate(([0], off[places].astype(int), [0]))
    begins, ends = (np.flatnonzero(np.diff(here) == way) for way in (1, -1))
    found = np.zeros(off.size, bool)
    for begin, end in zip(begins, ends, strict=True):
        if end - begin >= _LONG:
            found[max(0, places[begin] - _AROUND) : places[end - 1] + _AROUND + 1] = True
    return found


def half(panel: Panel, *, second: bool) -> Panel:
    """Return the first or the second half in time."""
    middle = panel.times.size // 2
    here = slice(middle, None) if second else slice(0, middle)
    times = panel.times[here]
    return replace(
        panel,
        times=times,
        values={key: table[:, here].copy() for key, table in panel.values.items()},
        events=tuple(e for e in panel.events if times[0] <= e.start <= times[-1]),
        _made={},
    )


def _air(folder: Path) -> Panel:
    rows = (
        pl.read_parquet(folder / AIR)
        .rename({"station": "site", **_NAMES})
        .unpivot(list(_NAMES.values()), index=["site", "time"], variable_name="quantity")
        .with_columns(
            pl.col("time").dt.replace_time_zone("Asia/Shanghai"), pl.col("value").cast(float)
        )
    )
    return Panel.of_frame(rows, limits=LIMITS)


def _stack(folder: Path, seed: int) -> Panel:
    """Lay three years of a turbine side by side; stops, declared state and oxygen are made up."""
    table = pl.read_parquet(folder / STACK)
    years = [table.filter(pl.col("year") == year) for year in (2011, 2012, 2013)]
    length = max(year.height for year in years)
    chance = np.random.default_rng(seed)
    names = {"power": "Turbine energy yield", "nox": "Nitrogen oxides", "co": "Carbon monoxide"}
    values = {key: np.full((3, length), np.nan) for key in (*names, "running", "o2")}
    for site, year in enumerate(years):
        for key, name in names.items():
            values[key][site, : year.height] = np.round(year[name].to_numpy(), 2)
        power = values["power"][site, : year.height]
        noise = np.zeros(year.height)
        for at in range(1, year.height):
            noise[at] = 0.95 * noise[at - 1] + chance.normal(0, 0.05)
        oxygen = 15.0 - 0.4 * (power - power.mean()) + noise
        running = np.ones(year.height)
        for start in chance.integers(0, year.height - 100, 14):
            stop = slice(start, start + int(chance.integers(8, 72)))
            running[stop] = 0
            values["power"][site, stop] = 0
            oxygen[stop] = 20.5
            for key in ("nox", "co"):
                values[key][site, stop] = 0
            values["nox"][site, start] = 20
        values["running"][site, : year.height] = running
        values["o2"][site, : year.height] = np.round(np.minimum(oxygen, 20.6), 2)
    start = int(datetime(2011, 1, 1, tzinfo=UTC).timestamp() * 1e6)
    times = start + _HOUR * np.arange(length, dtype=np.int64)
    return Panel(("T2011", "T2012", "T2013"), times, _HOUR, values, limits=LIMITS)


def _water(folder: Path) -> Panel:
    parts = []
    for site, name in (("TonyGrove", "TonyGrove2019"), ("MainStreet", "MainStreet2019")):
        quantities = ("temp", "cond", "ph", "do", "turb")
        rows = (
            pl.read_parquet(folder / WATER.format(name))
            .select("time", *(pl.col(f"{q}_cor").alias(q) for q in quantities))
            .group_by_dynamic("time", every="1h")
            .agg(pl.col(quantities).first())
            .unpivot(quantities, index="time", variable_name="quantity")
            .with_columns(
                pl.when(pl.col("value") > -1).then(pl.col("value")).cast(float).round(2),
                pl.col("time").dt.replace_time_zone("UTC"),
                site=pl.lit(site),
            )
        )
        parts.append(rows)
    places = pl.DataFrame(
        {"site": ["TonyGrove", "MainStreet"], "upstream": ["MainStreet", "TonyGrove"]}
    )
    return replace(Panel.of_frame(pl.concat(parts), places=places), zone=-7.0)


def more_events(panel: Panel, seed: int, times: int = 10) -> Panel:
    """Return a panel with `times` as many harmless events, to learn what they look like."""
    return _with_events(panel, seed, times)


def _with_events(panel: Panel, seed: int, times: int = 1) -> Panel:
    """Put true, harmless inspections and changes of settings on record, one of each a month."""
    chance = np.random.default_rng(seed + 1)
    day = round(24 * _HOUR / panel.step)
    events = []
    for site in panel.sites:
        for what in ("inspection", "setting"):
            count = times * panel.times.size // (30 * day)
            for at in np.sort(chance.integers(0, panel.times.size - 2 * day, count)):
                start = int(panel.times[at])
                length = 24 * _HOUR if what == "inspection" else 0
                events.append(Event(site, what, start, start + length))
    return replace(panel, events=tuple(events))


def frame(panel: Panel) -> pl.DataFrame:
    """Return the rows of a panel: ``site quantity time value``, gaps left out."""
    stamps = pl.Series(panel.times).cast(pl.Datetime("us", "UTC"))
    parts = [
        pl.DataFrame({"time": stamps, "value": row}).select(
            pl.lit(site).alias("site"), pl.lit(quantity).alias("quantity"), "time", "value"
        )
        for quantity, table in panel.values.items()
        for site, row in zip(panel.sites, table, strict=True)
    ]
    return pl.concat(parts).filter(pl.col("value").is_finite())
