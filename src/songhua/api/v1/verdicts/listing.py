"""Verdicts of a person's region, filtered, and counted by check."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from songhua.api.v1.review import queue
from songhua.model import BadInput, Period
from songhua.quality.verdict import WORDS, Verdict
from songhua.standards import QUANTITIES
from songhua.store import shelf
from songhua.store.registry.models import User
from songhua.store.registry.rights import covers

VERDICTS = {en.replace(" ", "_"): verdict for verdict, (_zh, en) in WORDS.items()}
"""What each verdict is called in an address: ``suspect``, ``not_checked``."""
PERIODS = ("hour", "day")
_TOLD = (int(Verdict.SUSPECT), int(Verdict.FAIL), int(Verdict.NOT_CHECKED))
_PLAIN = (Verdict.PASS, Verdict.MISSING)
_MOST_PLAIN_DAYS = 7
"""Of passes and missing values, which are all that there is."""
_REVIEWED = ("T", "RM", "RQ", "RV")
_CHECK = r"(\S+?)=(?:suspect|fail|not checked)\("
_KEY = ("site", "quantity", "time")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which verdicts.

    Parameters
    ----------
    first, last
        Days of Beijing.
    verdict
        A name of `VERDICTS`; empty for all that is no pass and not missing.
    waits
        Only of values that no reviewer decided on yet.
    """

    first: date
    last: date
    site: str = ""
    region: str = ""
    quantity: str = ""
    check: str = ""
    verdict: str = ""
    period: str = "hour"
    waits: bool = True


def usual_days() -> tuple[date, date]:
    """Return the last days that have values."""
    return queue.usual_days()


def checked_wanted(wanted: Wanted) -> Wanted:
    """Return what is wanted, if it can be.

    Raises
    ------
    BadInput
        If a quantity, verdict or period is unknown, or the days are too many.
    """
    span = queue.span_of(wanted.first, wanted.last)
    if wanted.quantity and wanted.quantity not in QUANTITIES:
        name = wanted.quantity[:40]
        raise BadInput(f"没有这个指标：{name}。", f"Unknown quantity: {name}.")
    if wanted.verdict and wanted.verdict not in VERDICTS:
        names = "、".join(VERDICTS)
        raise BadInput(f"verdict 只能是 {names}。", f"verdict is one of {', '.join(VERDICTS)}.")
    if wanted.period not in PERIODS:
        raise BadInput("period 只能是 hour 或 day。", "period is hour or day.")
    plain = VERDICTS.get(wanted.verdict) in _PLAIN
    if plain and (span.end - span.start).days > _MOST_PLAIN_DAYS:
        raise BadInput(
            f"看通过或缺测的数值，一次最多 {_MOST_PLAIN_DAYS} 天。",
            f"Of values that pass or are missing, at most {_MOST_PLAIN_DAYS} days at once.",
        )
    return wanted


def listed(user: User, wanted: Wanted) -> pl.DataFrame:
    """Return verdicts of a person's region, newest first, the worst before.

    Returns
    -------
    DataFrame
        site, quantity, time, verdict, evidence, value, mark, revision, computed_at.

    Raises
    ------
    BadInput
        As `checked_wanted`.
    """
    wanted = checked_wanted(wanted)
    keys = _keys(user, wanted)
    span = Period.days(wanted.first, wanted.last)
    if not keys:
        return _none()
    names = [wanted.quantity] if wanted.quantity else None
    told = (
        shelf()
        .verdicts(period=wanted.period, span=span, sites=keys, quantities=names, least=2)
        .filter(pl.col("verdict").is_in(_TOLD))
    )
    plain = VERDICTS.get(wanted.verdict) in _PLAIN
    near = keys if plain else told["site"].unique().to_list()
    if not plain and names is None:
        names = told["quantity"].unique().to_list()
    values = (
        shelf().observations(period=wanted.period, span=span, sites=near, quantities=names)
        if near
        else None
    )
    if values is None:
        return _none()
    rows = (_beside if plain else _of)(told, values)
    return _filtered(rows, wanted).sort(
        ["time", "verdict", "site", "quantity"], descending=[True, True, False, False]
    )


def by_check(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Return how many of some verdicts each check gave, the most first."""
    found: Counter[str] = Counter()
    for names, count in (
        rows.group_by(pl.col("evidence").str.extract_all(_CHECK).alias("names")).len().iter_rows()
    ):
        for name in {one.split("=")[0] for one in names}:
            found[name] += count
    return found.most_common()


def by_verdict(rows: pl.DataFrame) -> dict[str, int]:
    """Return how many values each verdict has."""
    counted = dict(rows.group_by("verdict").len().iter_rows())
    return {name: counted.get(int(verdict), 0) for name, verdict in VERDICTS.items()}


def _keys(user: User, wanted: Wanted) -> list[str]:
    known = queue.sites_of(user)
    places: Iterable[tuple[str, str]] = known.select(
        "site", pl.coalesce("county", "city")
    ).iter_rows()
    keys = [key for key, at in places if not wanted.region or covers(wanted.region, at)]
    return [key for key in keys if not wanted.site or key == wanted.site]


def _of(told: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Return verdicts with the values they are of."""
    own = values.select(*_KEY, "value", "mark")
    return told.join(own, on=_KEY, how="left").select(_COLUMNS).with_columns(_MARK)


def _beside(told: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Return every value with its verdict: missing where it is none, else what was told."""
    rows = values.select(*_KEY, "value", "mark").join(
        told.select(*_KEY, "verdict", "evidence", "revision", "computed_at"), on=_KEY, how="left"
    )
    plain = pl.when(pl.col("value").is_null()).then(int(Verdict.MISSING)).otherwise(1)
    return rows.with_columns(
        pl.col("verdict").fill_null(plain).cast(pl.UInt8),
        pl.col("evidence").fill_null(""),
        pl.col("revision").fill_null(0),
        _MARK,
    ).select(_COLUMNS)


def _filtered(rows: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    if wanted.verdict:
        rows = rows.filter(pl.col("verdict") == int(VERDICTS[wanted.verdict]))
    if wanted.check:
        begins = pl.col("evidence").str.starts_with(f"{wanted.check}=")
        later = pl.col("evidence").str.contains(f" {wanted.check}=", literal=True)
        rows = rows.filter(begins | later)
    if wanted.waits:
        rows = rows.filter(~pl.col("mark").is_in(_REVIEWED))
    return rows


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=_SCHEMA)


_COLUMNS = [*_KEY, "verdict", "evidence", "value", "mark", "revision", "computed_at"]
_MARK = pl.col("mark").fill_null("")
_SCHEMA: dict[str, Any] = {
    "site": pl.String,
    "quantity": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "verdict": pl.UInt8,
    "evidence": pl.String,
    "value": pl.Float64,
    "mark": pl.String,
    "revision": pl.UInt64,
    "computed_at": pl.Datetime("us", "UTC"),
}
