"""The checks run on what arrives: verdicts beside the values, anew when values change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import polars as pl
import structlog

from songhua.api.rules import rules
from songhua.assess.job import Affected, Stamp
from songhua.model import Period
from songhua.quality.suite import Suite
from songhua.quality.verdict import Verdict
from songhua.standards import REVIEW_MARKS, station_marks
from songhua.store.registry.sites import sites

Report = Callable[[Mapping[str, Any]], None]

log = structlog.get_logger()

_PERIOD = "hour"
_HOUR = timedelta(hours=1)
_STEP = timedelta(days=31)
_SEASON = timedelta(days=92)
"""Checked at once, for memory."""
_KEY = ("quantity", "site", "time")


class CheckShelf(Protocol):
    """What the checks need from the shelf."""

    def observations(self, *, period: str, span: Period) -> pl.DataFrame:
        """Return current values: site, quantity, time, value, mark."""

    def verdicts(self, *, period: str, span: Period, least: int) -> pl.DataFrame:
        """Return current verdicts of `least` or worse: quantity, site, time, verdict, evidence."""

    def save_verdicts(self, frame: pl.DataFrame) -> int:
        """Keep verdicts that differ from the current ones; return how many."""


def check_affected(shelf: CheckShelf, affected: Affected, stamp: Stamp) -> int:
    """Check the hours of a span anew, of all sites: what one says, its neighbours feel.

    Returns
    -------
    int
        How many verdicts changed.
    """
    places = sites().select("site", "lon", "lat").unique("site").drop_nulls()
    suite = Suite(rules(), places)
    return sum(_check(shelf, suite, span, stamp) for span in _parts(affected.span, suite))


def check_again(
    shelf: CheckShelf, span: Period, stamp: Stamp, report: Report, *, site: str = ""
) -> int:
    """Check what is held anew, by the rules as they are now; return how many verdicts changed.

    A step is a month or so: when it ends its verdicts are kept, so that who stops here goes on from
    there. Verdicts that stay as they were are not written again.

    Parameters
    ----------
    site
        Keep verdicts of this site only; its neighbours are read all the same.
    """
    places = sites().select("site", "lon", "lat").unique("site").drop_nulls()
    suite = Suite(rules(), places)
    changed, at, whole = 0, span.start, (span.end - span.start) / _HOUR
    while at < span.end:
        end = min(at + _STEP, span.end)
        done = (at - span.start) / _HOUR
        report({"phase": "checks", "done": round(done), "total": round(whole)})
        changed += _check(shelf, suite, Period(at, end), stamp, site=site)
        at = end
    return changed


def _check(shelf: CheckShelf, suite: Suite, span: Period, stamp: Stamp, *, site: str = "") -> int:
    reach = Period(span.start - suite.look_back, span.end + suite.look_ahead)
    observed = shelf.observations(period=_PERIOD, span=reach)
    former = shelf.verdicts(period=_PERIOD, span=span, least=int(Verdict.NOT_CHECKED))
    if observed.is_empty() and former.is_empty():
        return 0
    good = ["", *(mark.mark for mark in station_marks().values() if mark.valid)]
    found = _found(suite, observed, good)
    taken_out = observed.filter((pl.col("mark") == _INVALID) & pl.col("value").is_not_null())
    if not taken_out.is_empty():  # beside them still stands what spoke against them
        as_sent = _found(suite, observed, [*good, _INVALID])
        found = pl.concat([found, as_sent.join(taken_out, on=_KEY, how="semi")])
    found = found.filter((pl.col("time") >= span.start) & (pl.col("time") < span.end))
    again = former.join(found, on=_KEY, how="anti").select(
        *_KEY,
        pl.lit(int(Verdict.PASS), pl.UInt8).alias("verdict"),
        pl.lit("").alias("evidence"),
    )
    rows = pl.concat([found, again]).select(
        pl.lit(_PERIOD).alias("period"),
        pl.col("quantity").alias("scope"),
        pl.col("site").alias("subject"),
        "time",
        "verdict",
        "evidence",
        pl.lit(stamp.cause).alias("cause"),
        pl.lit(stamp.code).alias("code"),
    )
    if site:
        rows = rows.filter(pl.col("subject") == site)
    return shelf.save_verdicts(rows)


def _found(suite: Suite, observed: pl.DataFrame, marks: Sequence[str]) -> pl.DataFrame:
    """Return what the checks say against the values that carry one of some marks."""
    value = pl.when(pl.col("mark").is_in(marks)).then("value").alias("value")
    checked = suite.check(observed.select("site", "quantity", "time", value), period=_PERIOD)
    worst = checked.values.join(checked.evidence(), on=_KEY, how="left")
    told = worst.filter(
        pl.col("verdict").is_in(_TOLD)
        # What passed all others, while one check failed itself, was not checked by that one.
        | (pl.col("evidence").is_not_null() & (pl.col("verdict") != int(Verdict.MISSING)))
    ).select(
        *_KEY,
        pl.when(pl.col("verdict") == int(Verdict.PASS))
        .then(int(Verdict.NOT_CHECKED))
        .otherwise("verdict")
        .cast(pl.UInt8)
        .alias("verdict"),
        pl.col("evidence").fill_null(""),
    )
    for name, error in checked.errors.items():
        said = error.translate(_PLAIN)[:_MOST_SAID]
        log.error("check failed", check=name, error=error)
        told = told.with_columns(
            pl.col("evidence").str.replace(
                f"{name}=not checked()", f"{name}=not checked({said})", literal=True
            )
        )
    return told


_INVALID = REVIEW_MARKS["invalid"]
_PLAIN = str.maketrans("()=\n", "[]: ")
"""What would break the text of evidence, as it is written there."""
_MOST_SAID = 200
_TOLD = [int(Verdict.SUSPECT), int(Verdict.FAIL)]


def _parts(span: Period, suite: Suite) -> Iterator[Period]:
    """Yield what is affected a season at a time: later values too, as far as checks look back."""
    start, end = span.start - suite.look_ahead, span.end + suite.look_back
    start = start.replace(minute=0, second=0, microsecond=0)
    while start < end:
        yield Period(start, min(start + _SEASON, end))
        start += _SEASON
