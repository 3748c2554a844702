"""Many checks on many series: verdicts with their evidence, and one verdict a value."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.model import BEIJING
from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.company import nearest, neighbours, relation
from songhua.quality.checks.limits import Season, climatology, gross_range
from songhua.quality.checks.outliers import course, outlier, residual, restless
from songhua.quality.checks.shifts import gap, level_shift
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.rules import Rule
from songhua.quality.stack import Stack
from songhua.quality.verdict import WORDS, Flags, Found, Verdict

VERDICTS: Mapping[str, Any] = {
    "site": pl.String,
    "quantity": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "check": pl.String,
    "verdict": pl.UInt8,
    "measured": pl.Float64,
}
_STEP = {
    "realtime": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a suite found.

    Parameters
    ----------
    verdicts
        site, quantity, time, check (name of the rule), verdict, measured: of every value that is
        suspect or fails; not checked where the check failed itself.
    values
        site, quantity, time, value and its verdict by all checks: the worst of fail, suspect and
        pass; not checked where no check could be made.
    errors
        Name of a rule that failed itself → what happened. Its values are not checked.
    """

    verdicts: pl.DataFrame
    values: pl.DataFrame
    errors: Mapping[str, str]

    def evidence(self) -> pl.DataFrame:
        """Return site, quantity, time, evidence: ``check=verdict(measured)`` joined by spaces."""
        words = {int(verdict): en for verdict, (_zh, en) in WORDS.items()}
        said = pl.format(
            "{}={}({})",
            "check",
            pl.col("verdict").replace_strict(words, return_dtype=pl.String),
            pl.col("measured").round_sig_figs(6).cast(pl.String).fill_null(""),
        )
        by_value = self.verdicts.group_by("site", "quantity", "time", maintain_order=True)
        return by_value.agg(evidence=said.str.join(" "))


class Suite:
    """Rules that are checked together.

    Parameters
    ----------
    places
        site, lon, lat: for checks that ask for neighbours.
    """

    def __init__(self, rules: Sequence[Rule], places: pl.DataFrame | None = None) -> None:
        self.rules = tuple(rules)
        self._places = places

    @property
    def look_back(self) -> timedelta:
        """How much of the past the verdict of a value needs."""
        return max((_look_back(rule) for rule in self.rules), default=timedelta(0))

    @property
    def look_ahead(self) -> timedelta:
        """How much of what comes later the verdict of a value still waits for."""
        return max((_look_ahead(rule) for rule in self.rules), default=timedelta(0))

    def check(
        self, frame: pl.DataFrame, *, period: str, report: Report = lambda _done, _all: None
    ) -> Checked:
        """Check values of one period.

        Parameters
        ----------
        frame
            site, quantity, time (with a zone), value (null where missing).
        report
            Told after each quantity how many are done, of how many.
        """
        rows = frame.select(
            "site",
            "quantity",
            pl.col("time").dt.convert_time_zone("UTC").dt.cast_time_unit("us"),
            pl.col("value").cast(pl.Float64),
        )
        # As categories: names of sites are compared as numbers.
        rows = rows.with_columns(pl.col("site", "quantity").cast(pl.Categorical))
        names = rows["quantity"].unique(maintain_order=True).cast(pl.String)
        parts = {name: rows.filter(pl.col("quantity") == name) for name in names}
        found: list[pl.DataFrame] = []
        values: list[pl.DataFrame] = []
        errors: dict[str, str] = {}

        def of(quantity: str) -> tuple[list[pl.DataFrame], pl.DataFrame]:
            rules = [one for one in self.rules if (one.quantity, one.period) == (quantity, period)]
            looked = _Looked(parts[quantity], parts, self._places)
            return [looked.at(rule, errors) for rule in rules], looked.values()

        # NumPy and Polars let other threads run while they work.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for done, (told, judged) in enumerate(pool.map(of, parts), start=1):
                found += told
                values.append(judged)
                report(done, len(parts))
        text = pl.col("site", "quantity").cast(pl.String)
        every = pl.concat(values) if values else rows.with_columns(verdict=pl.lit(2, pl.UInt8))
        return Checked(
            pl.concat(found).with_columns(text) if found else pl.DataFrame(schema=VERDICTS),
            every.with_columns(text),
            errors,
        )


class Running:
    """A suite that is fed as data come: it remembers as much of the past as its checks need."""

    def __init__(self, suite: Suite, *, period: str) -> None:
        self._suite, self._period = suite, period
        self._tail: pl.DataFrame | None = None

    def feed(self, frame: pl.DataFrame) -> Checked:
        """Check what came: of new values, and of those before that waited for them.

        A verdict counts instead of one that was given before for the same value and check.
        """
        columns = ["site", "quantity", "time", "value"]
        new = frame.select(columns)
        known = (
            new
            if self._tail is None
            else pl.concat([self._tail, new]).unique(columns[:3], keep="last", maintain_order=True)
        )
        checked = self._suite.check(known, period=self._period)
        oldest = new["time"].min()
        if not isinstance(oldest, datetime):
            return checked
        # By number, not by time: a gap makes no window shorter.
        reach = (self._suite.look_back + self._suite.look_ahead) / _STEP[self._period]
        newest_first = pl.col("time").rank("ordinal", descending=True)
        self._tail = known.filter(newest_first.over("site", "quantity") <= ceil(reach))
        since = pl.lit(oldest - self._suite.look_ahead)
        return Checked(
            checked.verdicts.filter(pl.col("time") >= since),
            checked.values.filter(pl.col("time") >= since),
            checked.errors,
        )


class _Looked:
    """The values of one quantity, and what the checks said of them so far."""

    def __init__(
        self, part: pl.DataFrame, parts: Mapping[str, pl.DataFrame], places: pl.DataFrame | None
    ) -> None:
        self._stack, self._rows = Stack.of_frame(part, "site")
        self._parts, self._places = parts, places
        self._sites = self._rows["site"].gather(self._stack.starts).cast(pl.String)
        self._worst = np.zeros(len(self._stack), np.uint8)

    def at(self, rule: Rule, errors: dict[str, str]) -> pl.DataFrame:
        """Return the verdicts of a rule that are no pass."""
        try:
            found = _RUN[rule.kind](self, _settings(rule))
        except Exception as fault:  # noqa: BLE001 - one check that fails stops no other
            errors[rule.name] = repr(fault)[:300]
            flags = np.full(len(self._stack), Verdict.NOT_CHECKED, np.uint8)
            flags[self._stack.missing] = Verdict.MISSING
            found = Found(flags, np.full(len(self._stack), np.nan))
        holds = self._holds(rule)
        self._note(found.flags, holds)
        told = (found.flags == Verdict.SUSPECT) | (found.flags == Verdict.FAIL)
        if rule.name in errors:
            told = found.flags == Verdict.NOT_CHECKED
        at = np.flatnonzero(told & holds)
        return self._rows[at].select(
            "site",
            "quantity",
            "time",
            pl.lit(rule.name).alias("check"),
            pl.Series("verdict", found.flags[at]),
            pl.Series("measured", found.measured[at]).fill_nan(None),
        )

    def values(self) -> pl.DataFrame:
        """Return the values with the worst of their verdicts."""
        flags = np.where(self._worst == 0, Verdict.NOT_CHECKED, self._worst).astype(np.uint8)
        flags[self._stack.missing] = Verdict.MISSING
        return self._rows.with_columns(verdict=pl.Series(flags))

    def _holds(self, rule: Rule) -> NDArray[np.bool_]:
        times = self._stack.times
        holds = times >= _microseconds(rule.since)
        if rule.until is not None:
            holds &= times < _microseconds(rule.until + timedelta(days=1))
        if rule.sites:
            holds &= self._sites.is_in(rule.sites).to_numpy()[self._stack.series]
        return np.asarray(holds)

    def _note(self, flags: Flags, holds: NDArray[np.bool_]) -> None:
        judged = np.where(holds & (flags != Verdict.NOT_CHECKED), flags, 0)
        np.maximum(self._worst, judged, out=self._worst, casting="unsafe")

    # One a kind

    def range(self, settings: Mapping[str, Any]) -> Found:
        return gross_range(self._stack, **settings)

    def season(self, settings: Mapping[str, Any]) -> Found:
        seasons = [
            Season(
                (one["when"][0], one["when"][1]),
                one["usual"],
                one.get("possible"),
                one["cycle"],
            )
            for one in settings["seasons"]
        ]
        return climatology(self._stack, seasons)

    def neighbours(self, settings: Mapping[str, Any]) -> Found:
        if self._places is None:
            raise ValueError("no coordinates of the sites are known")
        known = pl.DataFrame({"site": self._sites}).join(
            self._places.select("site", "lon", "lat").unique("site"),
            on="site",
            how="left",
            maintain_order="left",
        )
        told = dict(settings)
        near = nearest(
            known["lon"].fill_null(np.nan).to_numpy(),
            known["lat"].fill_null(np.nan).to_numpy(),
            within_km=told.pop("within_km"),
        )
        row = _rows_of(self._stack.times)
        table = np.full((int(row.max(initial=-1)) + 1, self._sites.len()), np.nan)
        table[row, self._stack.series] = self._stack.values
        found = neighbours(table, near, **told)
        shape = table.shape
        return Found(
            found.flags.reshape(shape)[row, self._stack.series],
            found.measured.reshape(shape)[row, self._stack.series],
        )

    def relation(self, settings: Mapping[str, Any]) -> Found:
        told = dict(settings)
        right = [self._beside(name) for name in told.pop("of")]
        return relation(self._stack.values, right, kind=told.pop("law"), **told)

    def residual(self, settings: Mapping[str, Any]) -> Found:
        told = dict(settings)
        others = [self._beside(one) for one in told.pop("of")]
        return residual(self._stack.values, others, **told)

    def _beside(self, quantity: str) -> NDArray[np.float64]:
        """Return another quantity at the same sites and times; NaN where there is none."""
        other = self._parts.get(quantity)
        if other is None:
            return np.full(len(self._stack), np.nan)
        joined = self._rows.select("site", "time").join(
            other.select("site", "time", "value"),
            on=["site", "time"],
            how="left",
            maintain_order="left",
        )
        return joined["value"].fill_null(np.nan).to_numpy()

    def of_stack(self, check: Callable[..., Found], settings: Mapping[str, Any]) -> Found:
        return check(self._stack, **settings)


def _by(check: Callable[..., Found]) -> Callable[[_Looked, Mapping[str, Any]], Found]:
    return lambda looked, settings: looked.of_stack(check, settings)


_RUN: Mapping[str, Callable[[_Looked, Mapping[str, Any]], Found]] = {
    "range": _Looked.range,
    "season": _Looked.season,
    "rate": _by(rate_of_change),
    "spike": _by(spike),
    "flat": _by(flat_line),
    "calm": _by(attenuated),
    "gap": _by(gap),
    "shift": _by(level_shift),
    "outlier": _by(outlier),
    "restless": _by(restless),
    "course": _by(course),
    "residual": _Looked.residual,
    "neighbours": _Looked.neighbours,
    "relation": _Looked.relation,
}


def _rows_of(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each time the number of its row in a table of times."""
    if not times.size:
        return times
    since = times - times.min()
    for step in (3_600_000_000, 60_000_000):
        row, rest = np.divmod(since, step)
        if not rest.any() and row.max() < 4 * times.size:
            return np.asarray(row)
    return np.asarray(np.unique(times, return_inverse=True)[1])


def _settings(rule: Rule) -> Mapping[str, Any]:
    """Return the settings; beside a value are only those of the intervals before and after."""
    if rule.kind == "spike" and "within_s" not in rule.settings:
        return {**rule.settings, "within_s": 1.5 * _STEP[rule.period].total_seconds()}
    return rule.settings


def _look_back(rule: Rule) -> timedelta:
    step, settings = _STEP[rule.period], rule.settings
    longest = max(
        settings.get("suspect_s", 0), settings.get("fail_s", 0), settings.get("window_s", 0)
    )
    days = timedelta(days=2 * int(settings.get("days", 0)))  # half of them may lack the value
    window = 2 * int(settings.get("window", 0)) * step
    return 2 * step + timedelta(seconds=longest) + window + days


def _look_ahead(rule: Rule) -> timedelta:
    step = _STEP[rule.period]
    if rule.kind == "spike":
        return timedelta(seconds=_settings(rule)["within_s"])
    has_future = rule.kind in ("shift", "outlier")
    return int(rule.settings["window"]) * step if has_future else timedelta(0)


def _microseconds(day: Any) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)
    return round(start.timestamp() * 1_000_000)
