"""Data capture (数据捕获率): of the hours expected, how many came, how many count, why not others.

Transmission rate (传输率) = came / expected; validity rate (有效率) = valid / came; capture rate
(捕获率, 有效数据获取率) = valid / expected, as HJ 75—2017 has it for the hours of a quarter without
those of a stop. Every expected hour is valid or has one reason of loss. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import polars as pl

from songhua.model import BEIJING, Period
from songhua.standards import REVIEW_MARKS, station_marks
from songhua.standards.capture_losses import losses, of_gap, of_mark, of_review
from songhua.standards.review_rules import every_review_reason

NOT_SENT, NO_VALUE = "not_sent", "no_value"
VALID = "valid"
_TIME = pl.Datetime("us", "UTC")
_KEY = ("site", "month", "quantity")


class Explained(NamedTuple):
    """Hours of a site that did not come, and somebody said why.

    Parameters
    ----------
    quantities
        Which; none for all.
    first, last
        First and last hour.
    reason
        Of the register of gaps.
    """

    site: str
    quantities: tuple[str, ...]
    first: datetime
    last: datetime
    reason: str


def state_of(mark: str, reason: str, *, has_value: bool) -> str:
    """Return what became of an hour that came: ``valid``, or its reason of loss.

    Parameters
    ----------
    reason
        What a person wrote beside the value, as reviews write it; empty where nobody did.

    >>> state_of("", "", has_value=True), state_of("", "", has_value=False)
    ('valid', 'no_value')
    >>> state_of("RM", "审核无效·停电：来电后恢复", has_value=True)
    'power'
    """
    known = station_marks().get(mark)
    if known is not None and known.valid:
        return VALID if has_value else NO_VALUE
    if mark == REVIEW_MARKS["invalid"]:
        said = reason.partition("·")[2].partition("：")[0]
        return of_review(_reasons().get(said, ""))
    return of_mark(mark)


def expected(periods: pl.DataFrame, quantities: Sequence[str], span: Period) -> pl.DataFrame:
    """Return how many hours of each month a site should have delivered.

    Parameters
    ----------
    periods
        site, valid_from, valid_until (last day, null while it stands); one row or more a site.
    span
        Whole hours; what lies outside is not expected.

    Returns
    -------
    DataFrame
        site, month (``2020-04``), quantity, expected.
    """
    months = pl.DataFrame(
        [(name, start, end) for name, start, end in _months(span)],
        schema={"month": pl.String, "start": _TIME, "end": _TIME},
        orient="row",
    )
    begins = _midnight(pl.col("valid_from"))
    ends = pl.coalesce(_midnight(pl.col("valid_until") + timedelta(days=1)), pl.col("end"))
    overlap = pl.min_horizontal("end", ends) - pl.max_horizontal("start", begins)
    hours = overlap.dt.total_hours().clip(lower_bound=0)
    return (
        periods.select("site", "valid_from", "valid_until")
        .join(months, how="cross")
        .with_columns(hours.alias("expected"))
        .group_by("site", "month")
        .agg(pl.col("expected").sum())
        .filter(pl.col("expected") > 0)
        .join(pl.DataFrame({"quantity": list(quantities)}), how="cross")
        .select(*_KEY, "expected")
    )


def explained_hours(
    gaps: Iterable[Explained], quantities: Sequence[str], received: pl.DataFrame, span: Period
) -> pl.DataFrame:
    """Return how many hours did not come and were explained.

    Parameters
    ----------
    quantities
        What a gap without quantities means.
    received
        site, quantity, time of what did come, at least of the sites of the gaps.

    Returns
    -------
    DataFrame
        site, month, quantity, state (a reason of loss), hours. An hour of several gaps counts for
        the first.
    """
    rows = [
        (gap.site, quantity, gap.first, gap.last, of_gap(gap.reason))
        for gap in gaps
        for quantity in gap.quantities or quantities
    ]
    names = ("site", "quantity", "first", "last", "state")
    types = (pl.String, pl.String, _TIME, _TIME, pl.String)
    frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
    within = (pl.col("time") >= span.start) & (pl.col("time") < span.end)
    return (
        frame.with_columns(pl.datetime_ranges("first", "last", "1h").alias("time"))
        .explode("time")
        .filter(within)
        .unique(["site", "quantity", "time"], keep="first", maintain_order=True)
        .join(
            received.with_columns(pl.col("time").cast(_TIME)),
            on=["site", "quantity", "time"],
            how="anti",
        )
        .with_columns(month=_month(pl.col("time")))
        .group_by(*_KEY, "state")
        .agg(pl.len().cast(pl.Int64).alias("hours"))
    )


def counted(wanted: pl.DataFrame, came: pl.DataFrame, explained: pl.DataFrame) -> pl.DataFrame:
    """Return how many hours came to what: the columnar twin of `hours_of`.

    Parameters
    ----------
    wanted
        Of `expected`.
    came
        site, month, quantity, mark, reason, values, missing (values that are none): current hours,
        counted.
    explained
        Of `explained_hours`; counts for no more hours than did not come.

    Returns
    -------
    DataFrame
        site, month, quantity, came (whether something was delivered), state (``valid`` or a
        reason of loss), hours. All rows of a key sum to what was expected, or to what came where
        that is more.
    """
    told = came.join(wanted.select(*_KEY), on=list(_KEY), how="semi")
    there = _there(told)
    sums = there.group_by(_KEY).agg(pl.col("hours").sum().alias("sum"))
    lacking = (
        wanted.join(sums, on=list(_KEY), how="left")
        .with_columns((pl.col("expected") - pl.col("sum").fill_null(0)).alias("lacks"))
        .filter(pl.col("lacks") > 0)
        .select(*_KEY, "lacks")
    )
    said = explained.join(lacking, on=list(_KEY)).sort(*_KEY, "state")
    before = pl.col("hours").cum_sum().over(_KEY) - pl.col("hours")
    said = said.with_columns(pl.min_horizontal("hours", pl.col("lacks") - before).alias("hours"))
    said = said.filter(pl.col("hours") > 0).select(*_KEY, "state", "hours")
    saids = said.group_by(_KEY).agg(pl.col("hours").sum().alias("said"))
    rest = lacking.join(saids, on=list(_KEY), how="left").select(
        *_KEY,
        pl.lit(NOT_SENT).alias("state"),
        (pl.col("lacks") - pl.col("said").fill_null(0)).alias("hours"),
    )
    absent = pl.concat([said, rest]).with_columns(pl.lit(value=False).alias("came"))
    rows = pl.concat([there.with_columns(pl.lit(value=True).alias("came")), absent])
    return (
        rows.filter(pl.col("hours") > 0)
        .group_by(*_KEY, "came", "state")
        .agg(pl.col("hours").sum())
        .sort(*_KEY, "came", "state", descending=[False, False, False, True, False])
    )


def hours_of(
    rows: pl.DataFrame, wanted: Sequence[datetime], explained: Iterable[Explained]
) -> dict[datetime, str]:
    """Return what became of each expected hour of one series: the readable reference.

    Parameters
    ----------
    rows
        time, value, mark, reason: current hours of one site and quantity.
    wanted
        The hours expected. [start of the hour]
    explained
        Of the site and quantity.
    """
    there = {
        time: state_of(mark, reason, has_value=value is not None)
        for time, value, mark, reason in rows.select("time", "value", "mark", "reason").iter_rows()
    }
    gaps = list(explained)

    def state(at: datetime) -> str:
        if at in there:
            return there[at]
        said = (of_gap(gap.reason) for gap in gaps if gap.first <= at <= gap.last)
        return next(said, NOT_SENT)

    return {at: state(at) for at in wanted}


def league(table: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Return rates and losses of each group, the best first.

    Parameters
    ----------
    table
        Of `counted`, with the columns of `by`.

    Returns
    -------
    DataFrame
        `by`, expected, came, valid, transmission, validity, capture [%; null where there is
        nothing to divide by], one column a reason of loss [hours], rank (by capture; equal rates
        share one).
    """
    hours = pl.col("hours")
    reasons = [hours.filter(pl.col("state") == key).sum().alias(key) for key in losses()]
    sums = table.group_by(by).agg(
        hours.sum().alias("expected"),
        hours.filter(pl.col("came")).sum().alias("came"),
        hours.filter(pl.col("state") == VALID).sum().alias(VALID),
        *reasons,
    )
    rated = sums.with_columns(
        _percent("came", "expected").alias("transmission"),
        _percent(VALID, "came").alias("validity"),
        _percent(VALID, "expected").alias("capture"),
    )
    return rated.with_columns(
        pl.col("capture").rank("min", descending=True).cast(pl.Int32).alias("rank")
    ).sort("capture", *by, descending=[True, *(False for _ in by)], nulls_last=True)


def _there(told: pl.DataFrame) -> pl.DataFrame:
    """Return the states of what came: site, month, quantity, state, hours."""
    pairs = told.select("mark", "reason").unique()
    states = [
        (mark, reason, *(state_of(mark, reason, has_value=has) for has in (True, False)))
        for mark, reason in pairs.iter_rows()
    ]
    names = ("mark", "reason", "with", "without")
    named = pl.DataFrame(states, schema=dict.fromkeys(names, pl.String), orient="row")
    joined = told.join(named, on=["mark", "reason"])
    missing = pl.col("missing").cast(pl.Int64)
    valued = (pl.col("values").cast(pl.Int64) - missing).alias("hours")
    return pl.concat(
        [
            joined.select(*_KEY, pl.col("with").alias("state"), valued),
            joined.select(
                *_KEY,
                pl.col("without").alias("state"),
                missing.alias("hours"),
            ),
        ]
    )


def _months(span: Period) -> Iterable[tuple[str, datetime, datetime]]:
    """Yield the months of Beijing that a span touches, cut to it."""
    at = span.start.astimezone(BEIJING)
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < span.end:
        after = (first + timedelta(days=32)).replace(day=1)
        yield f"{first:%Y-%m}", max(first, span.start), min(after, span.end)
        first = after


def _month(time: pl.Expr) -> pl.Expr:
    return time.dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")


def _midnight(day: pl.Expr) -> pl.Expr:
    """Return the instant at which a day of Beijing begins."""
    return (
        day.cast(pl.Datetime("us"))
        .dt.replace_time_zone("Asia/Shanghai")
        .dt.convert_time_zone("UTC")
    )


def _percent(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(100 * pl.col(part) / pl.col(whole))


@cache
def _reasons() -> Mapping[str, str]:
    """Return the keys of review reasons by their Chinese names, of every date."""
    return {one.zh: one.key for one in every_review_reason()}
