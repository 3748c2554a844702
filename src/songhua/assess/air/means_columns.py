"""Means of hours and of sites, column by column: the exact twin of `means`.

Sums are taken in floating point, which is off by far less than a millionth. Only where a mean
lies that near to a rounding tie is it computed again, on whole billionths: so every result is
the exact one, at the speed of floats.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from types import EllipsisType
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.assess.air.doors import any_frame
from songhua.assess.air.hour_blocks import (
    LARGEST,
    Block,
    Bytes,
    Days,
    Floats,
    Ints,
    arranged,
    blocks_of,
    in_order,
    local_hours,
    select_values,
)
from songhua.assess.air.means import (
    CONCENTRATIONS,
    HOURS,
    WINDOW,
    DayRule,
    day_rules,
    site_quorum,
)
from songhua.assess.rounding import NANO, half_even_divide, half_even_quotient, nano, shifted
from songhua.model import BadInput, MissingReason
from songhua.standards import POLLUTANTS

Flags = NDArray[np.bool_]

REASONS = pl.Enum([reason.value for reason in MissingReason])
_CODE = {reason: number for number, reason in enumerate(MissingReason)}
_NONE = 255  # no reason: there is a value

_BLOCK = 8192  # days at a time: what one step works on stays in the processor's cache
_NEAR_TIE = 1e-6
_THREADS = 2
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class _Figures:
    """Figures of days: NaN where there is none, how many values made it, why there is none."""

    value: Floats
    count: Bytes
    reason: Bytes

    @classmethod
    def empty(cls, size: int) -> "_Figures":
        """Return room for the figures of so many days."""
        return cls(np.empty(size), np.empty(size, np.uint8), np.empty(size, np.uint8))

    def put(self, rows: slice, chosen: Flags | EllipsisType, part: "_Figures") -> None:
        """Take over the chosen ones of a block's figures."""
        self.value[rows][chosen] = part.value[chosen]
        self.count[rows][chosen] = part.count[chosen]
        self.reason[rows][chosen] = part.reason[chosen]

    def columns(self, name: str) -> dict[str, pl.Series]:
        """Return the figures as the three columns of a quantity."""
        reason = pl.Series(self.reason)
        return {
            name: pl.Series(self.value, nan_to_null=True),
            f"n_{name}": pl.Series(self.count),
            f"reason_{name}": reason.set(reason == _NONE, None).cat.to(REASONS),
        }


@any_frame
def daily_means(hours: pl.DataFrame) -> pl.DataFrame:
    """Return one row a site and natural day (自然日): means, and the best 8 hours of ozone.

    Parameters
    ----------
    hours
        ``site``, ``time`` (start of the hour, with a zone) and any of the six pollutants;
        null or NaN where there is no valid value. Any order; fastest when every site's hours
        lie together, in order, and make whole days. [µg/m³; mg/m³ for CO]

    Returns
    -------
    DataFrame
        ``site``, ``time`` (Beijing midnight), ``so2 no2 co pm10 pm2_5`` (daily means), ``o3``
        (highest hour), ``o3_8h`` (maximum daily 8-hour mean), ``n_…`` (hours used; windows for
        ``o3_8h``), ``n`` (the most hours of any pollutant) and ``reason_…`` (a `MissingReason`
        where there is no value). A day of which no row came is absent. Days come in the order
        of `hours`, or by site and time where that has none.

    Raises
    ------
    BadInput
        If an hour comes twice, a time is no whole hour or has no zone, or a value is impossible.

    References
    ----------
    GB 3095—2012 and 2026, table 4; HJ 663—2013 and 2026, 6.1.2; GB/T 8170.
    """
    days = arranged(select_values(hours, POLLUTANTS))
    # Ozone first: it takes the longest.
    names = sorted(POLLUTANTS, key=lambda name: name != "o3")
    with ThreadPoolExecutor(_THREADS) as pool:
        parts = list(pool.map(lambda name: _day_columns(days, name), names))
    found = {key: series for part in parts for key, series in part.items()}
    order = [f"{prefix}{name}" for prefix in ("", "n_", "reason_") for name in CONCENTRATIONS]
    return days.keys.with_columns(**{name: found[name] for name in order}).with_columns(
        n=pl.max_horizontal(f"n_{name}" for name in POLLUTANTS).cast(pl.UInt16)
    )


@any_frame
def rolling_8h(hours: pl.DataFrame) -> pl.DataFrame:
    """Return the hours with ``o3_8h``: the mean of ozone over each hour and the seven before it.

    Parameters
    ----------
    hours
        ``site``, ``time`` (start of the hour, with a zone), ``o3`` and whatever else; any order.
        For the right value in the first hours give the seven before them too. [µg/m³]

    Notes
    -----
    The national real-time release starts its running mean anew at midnight and goes on with any
    number of hours. Where all eight hours end at 8 to 24 the two agree (Jilin, April 2020: 960 of
    960). The maximum of a day (`daily_means`) uses no window across midnight.

    References
    ----------
    GB 3095—2012 and 2026, table 4: at least 6 of the 8 hours.
    """
    rows = select_values(hours, ("o3",)).with_columns(pl.col("o3").fill_nan(None))
    rows = in_order(rows.with_row_index("row"))
    hour = local_hours(rows["time"])
    ozone = rows["o3"].fill_null(0).to_numpy()
    present = rows["o3"].is_not_null().to_numpy()
    site = rows["site"].rle_id().to_numpy().astype(np.int64)
    reaches = [_reaches(site, hour, lag) for lag in range(min(WINDOW, len(rows)))]
    sums, counts = np.zeros(len(rows)), np.zeros(len(rows), np.uint8)
    for lag, reach in enumerate(reaches):
        sums[lag:] += np.where(reach, ozone[: len(ozone) - lag], 0)
        counts[lag:] += reach & present[: len(present) - lag]

    def exact_sums(some: NDArray[np.intp]) -> Ints:
        total = np.zeros(len(some), np.int64)
        for lag, reach in enumerate(reaches):
            inside = some >= lag
            inside[inside] = reach[some[inside] - lag]
            total[inside] += _nano(ozone[some[inside] - lag])
        return total

    means = np.empty(len(rows))
    for where, rule in _rules_of(hour // HOURS):
        rounded = _rounded(sums, counts, rule.places["o3_8h"], exact_sums)
        means[where] = np.where(counts >= rule.min_hours_8h, rounded, np.nan)[where]
    found = rows.select("row", o3_8h=pl.Series(means, nan_to_null=True)).sort("row")
    return hours.with_columns(found["o3_8h"])


@any_frame
def area_means(
    sites: pl.DataFrame, members: pl.DataFrame, *, period: Literal["hour", "day"]
) -> pl.DataFrame:
    """Return the means of areas (county, city, province) over their sites, per hour or day.

    Parameters
    ----------
    sites
        ``site``, ``time`` and any of the quantities; one row a site and hour or day. For a
        province the "sites" are its cities. [µg/m³; mg/m³ for CO]
    members
        ``site`` and ``region``: all sites of each area, also those without a row in `sites`.
    period
        What a row is: ``hour`` or ``day``.

    Returns
    -------
    DataFrame
        ``region``, ``time``, the quantities, ``n_…`` (sites used), ``n`` (the most sites of any
        quantity), ``sites`` (sites of the area) and ``reason_…``; by region and time.

    Notes
    -----
    The index of an area is the index of these means; indices are never averaged.

    References
    ----------
    HJ 663—2013 (station quorum); HJ 633—2012, 4.2.1.
    """
    pairs = members.select("site", "region").unique().drop_nulls()
    size = pairs.group_by("region").agg(sites=pl.len().cast(pl.Int64))
    values = in_order(select_values(sites, CONCENTRATIONS)).with_columns(
        pl.col(*CONCENTRATIONS).fill_nan(None)
    )
    sums = (
        values.join(pairs, on="site")
        .group_by("region", "time")
        .agg(
            *(nano(pl.col(name)).sum() for name in CONCENTRATIONS),
            *(pl.col(name).count().cast(pl.Int64).name.prefix("n_") for name in CONCENTRATIONS),
        )
        .join(size, on="region")
        .sort("region", "time")
    )
    hour = local_hours(sums["time"])
    if period == "day" and (hour % HOURS).any():
        raise BadInput(
            "日数据的时间应为北京时间零点。", "The time of a day must be midnight, Beijing time."
        )
    parts = [
        _area_figures(sums if where is ... else sums.filter(pl.Series(where)), rule)
        for where, rule in _rules_of(hour // HOURS)
    ]
    return pl.concat(parts).sort("region", "time")


def _area_figures(sums: pl.DataFrame, rule: DayRule) -> pl.DataFrame:
    quorum = pl.col("sites").replace_strict(
        {size: site_quorum(size, rule) for size in sums["sites"].unique()},
        return_dtype=pl.Int64,
    )
    figures, reasons = [], []
    for name in CONCENTRATIONS:
        count, places = pl.col(f"n_{name}"), rule.places[name]
        whole = half_even_quotient(pl.col(name) * 10**places, count * NANO)
        mean = shifted(whole, places)
        figures.append(pl.when((count > 0) & (count >= quorum)).then(mean).alias(name))
        reasons.append(
            pl.when(count == 0)
            .then(pl.lit(MissingReason.NOT_RECEIVED.value))
            .when(count < quorum)
            .then(pl.lit(MissingReason.TOO_FEW_SITES.value))
            .cast(REASONS)
            .alias(f"reason_{name}")
        )
    counts = [f"n_{name}" for name in CONCENTRATIONS]
    return sums.select(
        "region",
        "time",
        *figures,
        pl.col(*counts).cast(pl.UInt16),
        pl.max_horizontal(counts).cast(pl.UInt16).alias("n"),
        pl.col("sites").cast(pl.UInt16),
        *reasons,
    )


def _day_columns(days: Days, name: str) -> dict[str, pl.Series]:
    size = len(days.numbers)
    blocks = blocks_of(days, name)
    rules = _rules_of(days.numbers)
    names = ("o3", "o3_8h") if name == "o3" else (name,)
    kept = {quantity: _Figures.empty(size) for quantity in names}
    for first in range(0, size, _BLOCK):
        rows = slice(first, min(first + _BLOCK, size))
        block = blocks(rows.start, rows.stop)
        for where, rule in rules:
            found = (
                _ozone_figures(block, rule) if name == "o3" else _mean_figures(block, rule, name)
            )
            for quantity, part in found.items():
                kept[quantity].put(rows, where if where is ... else where[rows], part)
    return {key: series for name in names for key, series in kept[name].columns(name).items()}


def _mean_figures(block: Block, rule: DayRule, name: str) -> dict[str, _Figures]:
    count = _count(block.present)

    def exact_sums(some: NDArray[np.intp]) -> Ints:
        return np.asarray(_nano(block.values[some]).sum(axis=1))

    mean = _rounded(block.sums, count, rule.places[name], exact_sums)
    return {
        name: _figures(mean, count, count >= rule.min_hours, count, MissingReason.TOO_FEW_HOURS)
    }


def _ozone_figures(block: Block, rule: DayRule) -> dict[str, _Figures]:
    # Hours along the first axis: each step then runs over all days at once.
    values = np.ascontiguousarray(block.values.T)
    present = np.ascontiguousarray(block.present.T)
    count = _count(block.present)
    highest = _highest_hour(values, present, rule)
    best, windows = _best_window(values, present, rule)
    unit = 10 ** rule.places["o3_8h"]
    rounded = np.rint(best * unit)
    near = np.flatnonzero(_near_tie(best * unit))
    rounded[near] = _best_window_exactly(values[:, near], present[:, near], rule)
    rounded /= unit
    enough = (windows >= rule.min_windows) | (rounded > float(rule.max_8h_limit))
    return {
        "o3": _figures(highest, count, count > 0, count, MissingReason.NOT_RECEIVED),
        "o3_8h": _figures(rounded, windows, enough, count, MissingReason.TOO_FEW_WINDOWS),
    }


def _figures(
    value: Floats, used: Bytes, enough: Flags, hours: Bytes, otherwise: MissingReason
) -> _Figures:
    reason = np.where(hours == 0, _CODE[MissingReason.NOT_RECEIVED], _CODE[otherwise])
    return _Figures(np.where(enough, value, np.nan), used, np.where(enough, _NONE, reason))


def _highest_hour(values: Floats, present: Bytes, rule: DayRule) -> Floats:
    """Return the highest hour of each day. Shapes (hour, day)."""
    unit = 10 ** rule.places["o3"]
    # An absent hour is 0 here and must not win over a negative reading.
    highest = np.where(present, values, -LARGEST).max(axis=0)
    rounded = np.rint(highest * unit)
    near = np.flatnonzero(_near_tie(highest * unit))
    rounded[near] = half_even_divide(_nano(highest[near]) * unit, NANO)
    return np.asarray(rounded / unit)


def _best_window(values: Floats, present: Bytes, rule: DayRule) -> tuple[Floats, Bytes]:
    """Return the highest 8-hour mean of each day, -inf for none, and how many windows count."""
    total = values[:WINDOW].sum(axis=0)
    count = present[:WINDOW].sum(axis=0, dtype=np.uint8)
    best = np.full(len(total), -np.inf)
    windows = np.zeros(len(total), np.uint8)
    with np.errstate(divide="ignore", invalid="ignore"):
        for last in range(WINDOW - 1, HOURS):
            if last >= WINDOW:
                total += values[last]
                total -= values[last - WINDOW]
                count += present[last]
                count -= present[last - WINDOW]
            valid = count >= rule.min_hours_8h
            windows += valid
            np.maximum(best, total / count, out=best, where=valid)
    return best, windows


def _best_window_exactly(values: Floats, present: Bytes, rule: DayRule) -> Ints:
    """Return the highest 8-hour mean, rounded, as a whole number of last places."""
    ends = slice(WINDOW - 1, None)
    total, count = np.cumsum(_nano(values), axis=0), np.cumsum(present, axis=0, dtype=np.int64)
    before = np.zeros((1, values.shape[1]), np.int64)
    total = total[ends] - np.vstack([before, total[:-WINDOW]])
    count = count[ends] - np.vstack([before, count[:-WINDOW]])
    mean = half_even_divide(total * 10 ** rule.places["o3_8h"], np.maximum(count, 1) * NANO)
    return np.asarray(
        np.where(count >= rule.min_hours_8h, mean, np.iinfo(np.int64).min).max(axis=0)
    )


def _rounded(
    sums: Floats, counts: Bytes, places: int, exact_sums: Callable[[NDArray[np.intp]], Ints]
) -> Floats:
    """Return means rounded half to even; anything where nothing was counted.

    Parameters
    ----------
    exact_sums
        Given rows: their sums in billionths.
    """
    unit = 10**places
    with np.errstate(divide="ignore", invalid="ignore"):
        means = sums * unit / counts
    rounded = np.rint(means)
    near = np.flatnonzero(_near_tie(means) & (counts > 0))
    rounded[near] = half_even_divide(exact_sums(near) * unit, counts[near].astype(np.int64) * NANO)
    return np.asarray(rounded / unit + 0.0)  # no negative zero


def _near_tie(values: Floats) -> Flags:
    with np.errstate(invalid="ignore"):
        near: Flags = np.abs(values - np.floor(values) - 0.5) < _NEAR_TIE
    return near


def _nano(values: Floats) -> Ints:
    return np.rint(values * NANO).astype(np.int64)


def _count(present: Bytes) -> Bytes:
    """Return how many of the 24 hours are present, eight bytes at a time."""
    words = present.view(np.uint64)
    words = words[:, 0] + words[:, 1] + words[:, 2]
    return ((words * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.uint8)


def _reaches(site: Ints, hour: Ints, lag: int) -> Flags:
    """Return for each row from `lag` on whether the row that many before is in its window."""
    last = len(site) - lag
    return np.asarray((site[lag:] == site[:last]) & (hour[lag:] - hour[:last] < WINDOW))


def _rules_of(numbers: Ints) -> list[tuple[Flags | EllipsisType, DayRule]]:
    """Return the rules in force on some days, each with the rows it holds for."""
    if not len(numbers):
        return []
    first, last = (_EPOCH + timedelta(days=int(day)) for day in (numbers.min(), numbers.max()))
    rules = day_rules(first, last)
    if len(rules) == 1:
        return [(..., rules[0][1])]
    since = np.array([(start - _EPOCH).days for start, _ in rules])
    which = np.searchsorted(since, numbers, side="right") - 1
    return [(which == number, rule) for number, (_, rule) in enumerate(rules)]
