"""Sites side by side on one clock: what the detectors of fraud work on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.model import BadInput
from songhua.quality.verdict import Floats

_NEAREST = 5
_FEWEST = 100
_LONGEST = 2_000_000
_KM_A_DEGREE = 111.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was put on record: a setting changed, an inspection.

    Parameters
    ----------
    start, end
        [µs since 1970-01-01 UTC]
    """

    site: str
    what: Literal["setting", "inspection"]
    start: int
    end: int


@dataclass(frozen=True)
class Panel:
    """Values of sites on a regular clock.

    Parameters
    ----------
    times
        [µs since 1970-01-01 UTC], one step apart.
    values
        Of each quantity, sites × times; NaN where missing.
    near
        For each site the places of its neighbours (of a water station, of the one upstream);
        empty where they are to be found from the values.
    limits
        Of a quantity.
    zone
        How far the clocks of the place are ahead of UTC. [h]
    """

    sites: tuple[str, ...]
    times: NDArray[np.int64]
    step: int
    values: Mapping[str, Floats]
    near: tuple[tuple[int, ...], ...] = ()
    limits: Mapping[str, float] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    zone: float = 8.0
    _made: dict[str, Floats] = field(default_factory=dict, repr=False, compare=False)
    _near: dict[str, tuple[tuple[int, ...], ...]] = field(
        default_factory=dict, repr=False, compare=False, init=False
    )

    @classmethod
    def of_frame(
        cls,
        frame: pl.DataFrame,
        *,
        places: pl.DataFrame | None = None,
        limits: Mapping[str, float] | None = None,
        events: tuple[Event, ...] = (),
    ) -> Self:
        """Lay ``site quantity time value`` on one clock: the usual step of all series.

        Parameters
        ----------
        places
            ``site`` with ``lon lat``, or ``upstream``, or both; without it the sites that go
            together best are neighbours.

        Raises
        ------
        BadInput
            If no step can be told, or the clock would be too long.
        """
        rows = frame.drop_nulls(("site", "quantity", "time")).sort("site", "quantity", "time")
        keys = ["site", "quantity"]
        steps = rows.select(
            pl.col("time").dt.epoch("us").diff().over(keys).alias("step")
        ).to_series()
        usual = steps.filter(steps > 0).median()
        if usual is None:
            raise BadInput("每个序列须有两个以上的时刻。", "A series needs two times or more.")
        step = int(float(usual))  # type: ignore[arg-type]
        at = rows["time"].dt.epoch("us").to_numpy()
        columns = np.rint((at - at.min()) / step).astype(np.int64)
        sites = tuple(sorted(rows["site"].unique().to_list()))
        length = int(columns.max()) + 1
        if length * len(sites) > _LONGEST * 50 or length > _LONGEST:
            raise BadInput("时间跨度过大。", "The span of time is too long.")
        order = {site: number for number, site in enumerate(sites)}
        lines = rows["site"].replace_strict(order, return_dtype=pl.Int64).to_numpy()
        given = rows["value"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        values = {}
        for quantity in sorted(rows["quantity"].unique().to_list()):
            here = (rows["quantity"] == quantity).to_numpy()
            table = np.full((len(sites), length), np.nan)
            table[lines[here], columns[here]] = given[here]
            values[quantity] = table
        times = at.min() + step * np.arange(length, dtype=np.int64)
        return cls(
            sites, times, step, values, _neighbours(sites, places), dict(limits or {}), events
        )

    def hours(self, hours: float) -> int:
        """Return how many steps so many hours are; at least one."""
        return max(1, round(hours * 3_600_000_000 / self.step))

    def hour(self) -> Floats:
        """Return the hour of the day of each time, as the clocks of the place show it."""
        return (self.times / 3.6e9 + self.zone) % 24

    def years(self) -> float:
        """Return how many site-years hold a value."""
        held = np.zeros((len(self.sites), self.times.size), bool)
        for table in self.values.values():
            held |= np.isfinite(table)
        return float(held.sum()) * self.step / 3.15576e13

    def neighbours(self, quantity: str) -> tuple[tuple[int, ...], ...]:
        """Return for each site the places of its neighbours, the best first."""
        if self.near:
            return self.near
        if quantity not in self._near:
            table = self.values[quantity]
            self._near[quantity] = tuple(_alike(table, n) for n in range(len(self.sites)))
        return self._near[quantity]

    def reference(self, quantity: str) -> Floats:
        """Return the median of the neighbours, each put to the level of the site.

        Neighbours are those of `near`; else the five other sites that go with it best. Where a
        site has none but the quantity ``power``, what its power usually gives.
        """
        if quantity not in self._made:
            table = self.values[quantity]
            found = np.full_like(table, np.nan)
            for site, near in enumerate(self.neighbours(quantity)):
                if near:
                    found[site] = _median(_levelled(table[list(near)], table[site]))
                elif "power" in self.values and quantity not in {"power", "running"}:
                    found[site] = _by_power(self.values["power"][site], table[site])
            self._made[quantity] = found
        return self._made[quantity]


def _alike(table: Floats, site: int) -> tuple[int, ...]:
    """Return the sites whose values rise and fall most like those of one."""
    told = []
    for other in range(table.shape[0]):
        both = np.isfinite(table[other]) & np.isfinite(table[site])
        if other == site or both.sum() < _FEWEST:
            continue
        one, two = (np.log1p(np.maximum(table[n][both], 0)) for n in (site, other))
        if one.std() > 0 and two.std() > 0:
            told.append((float(np.corrcoef(one, two)[0, 1]), other))
    return tuple(other for follows, other in sorted(told, reverse=True)[:_NEAREST] if follows > 0.3)


def _levelled(rows: Floats, own: Floats) -> Floats:
    """Return series multiplied so that each has the median of one's own."""
    found = rows.copy()
    for number, row in enumerate(rows):
        both = np.isfinite(row) & np.isfinite(own)
        if both.any() and np.median(row[both]) > 0 and np.median(own[both]) > 0:
            found[number] = row * (np.median(own[both]) / np.median(row[both]))
    return found


def resolution(values: Floats) -> float:
    """Return the step in which values are told: 95 in a hundred are multiples of it."""
    held = values[np.isfinite(values)]
    if not held.size:
        return 0.001
    for step in (100.0, 10.0, 1.0, 0.1, 0.01):
        parts = held / step
        if (np.abs(parts - np.rint(parts)) < 1e-4).mean() >= 0.9:
            return step
    return 0.001


def _median(rows: Floats) -> Floats:
    held = np.isfinite(rows).sum(axis=0)
    ordered = np.sort(rows, axis=0)  # NaN last
    at = np.arange(rows.shape[1])
    low, high = np.maximum(held - 1, 0) // 2, np.minimum(held // 2, rows.shape[0] - 1)
    found: Floats = (ordered[low, at] + ordered[high, at]) / 2
    found[held < min(2, rows.shape[0])] = np.nan
    return found


def _by_power(power: Floats, values: Floats) -> Floats:
    """Return the median value at about this power; the whole record says what is usual."""
    both = np.isfinite(power) & np.isfinite(values)
    found = np.full_like(values, np.nan)
    if both.sum() < 100:
        return found
    edges = np.unique(np.quantile(power[both], np.linspace(0, 1, 21)))
    if edges.size < 3:
        return found
    bins = np.clip(np.searchsorted(edges, power, side="right") - 1, 0, edges.size - 2)
    for number in range(edges.size - 1):
        here = bins == number
        if (here & both).any():
            found[here & np.isfinite(power)] = np.median(values[here & both])
    return found


def _neighbours(sites: tuple[str, ...], places: pl.DataFrame | None) -> tuple[tuple[int, ...], ...]:
    order = {site: number for number, site in enumerate(sites)}
    if places is None:
        return ()
    everyone = tuple(tuple(n for n in range(len(sites)) if n != m) for m in range(len(sites)))
    told = {row["site"]: row for row in places.iter_rows(named=True)}
    found: list[tuple[int, ...]] = []
    for site, others in zip(sites, everyone, strict=True):
        row = told.get(site, {})
        upstream = row.get("upstream")
        if upstream:
            found.append((order[upstream],) if upstream in order else ())
            continue
        far = sorted((_km(row, told.get(sites[n], {})), n) for n in others)
        found.append(tuple(n for km, n in far if np.isfinite(km))[:_NEAREST])
    return tuple(found)


def _km(one: Mapping[str, float | None], other: Mapping[str, float | None]) -> float:
    lon, lat, lon2, lat2 = (row.get(key) for row in (one, other) for key in ("lon", "lat"))
    if lon is None or lat is None or lon2 is None or lat2 is None:
        return float("nan")
    across = (lon2 - lon) * np.cos(np.radians((lat + lat2) / 2))
    return float(np.hypot(across, lat2 - lat) * _KM_A_DEGREE)
