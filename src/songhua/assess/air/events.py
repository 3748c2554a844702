"""Hours that leave the statistics: exceptional events (例外事件), sand and dust (see `dust`).

Nothing is deleted. The figures without the excluded hours are computed beside those with them:
blank the hours (`without_hours`), make days and areas of what is left as of any hours, and hand
what changed (`deductions`) to `period_statistics`. Good days are never touched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from songhua.assess.air.statistics import DAY_COLUMN
from songhua.assess.air.statistics_columns import subject_column
from songhua.model import BEIJING
from songhua.standards import evaluation_rule


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A span whose hours leave the statistics.

    Parameters
    ----------
    subject
        Key of a site or code of a region.
    start, end
        From the first excluded hour up to, not including, the first that counts again.
    quantities
        Pollutants, ``o3`` for ozone.
    record
        What it rests on: the number of the event's record, or the decision on dust.
    """

    subject: str
    start: datetime
    end: datetime
    quantities: tuple[str, ...]
    record: str

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("an exclusion needs a time zone at both ends")
        if self.end <= self.start:
            raise ValueError(f"an exclusion must end after it starts: {self.start} – {self.end}")


def admitted_events(events: Iterable[Exclusion]) -> list[Exclusion]:
    """Return the exceptional events that have a record and an edition that knows such events.

    References
    ----------
    HJ 663—2026 (例外事件; the procedure could not be read). HJ 663—2013 has none, so that days
    before 2026-03-01 stay in the statistics.
    """
    return [
        event
        for event in events
        if event.record
        and evaluation_rule(on=event.start.astimezone(BEIJING).date()).excludes_events
    ]


def without_hours(
    hours: pl.DataFrame, exclusions: Sequence[Exclusion], members: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the hours with the excluded values blank.

    Parameters
    ----------
    hours
        ``site`` (or ``subject``, ``region``), ``time`` (start of the hour) and pollutants.
    members
        ``site``, ``region``: the sites that an exclusion of a region holds for.
    """
    return _blank(hours, exclusions, members, timedelta(hours=1))


def without_days(days: pl.DataFrame, exclusions: Sequence[Exclusion]) -> pl.DataFrame:
    """Return the days with the figures blank that an exclusion touches.

    For days that were delivered as such: without their hours no part of a day can be kept.
    """
    return _blank(days, exclusions, None, timedelta(days=1))


def deductions(days: pl.DataFrame, left: pl.DataFrame) -> pl.DataFrame:
    """Return what an exclusion changed in the daily figures.

    Parameters
    ----------
    days
        The days of one kind of subject, with everything that was measured.
    left
        The same days from what the exclusions left.

    Returns
    -------
    DataFrame
        ``subject``, ``time``, ``quantity`` (``o3_8h`` for ozone) and ``value``, null where the
        day falls out: for `period_statistics`.
    """
    return (
        _long(days)
        .join(
            _long(left).rename({"value": "left"}), on=["subject", "time", "quantity"], how="inner"
        )
        .filter(pl.col("value").ne_missing(pl.col("left")))
        .select("subject", "time", "quantity", value="left")
    )


def _long(days: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in DAY_COLUMN.values() if name in days.columns]
    return days.select(pl.col(subject_column(days)).alias("subject"), "time", *names).unpivot(
        names, index=["subject", "time"], variable_name="quantity"
    )


def _blank(
    frame: pl.DataFrame,
    exclusions: Sequence[Exclusion],
    members: pl.DataFrame | None,
    width: timedelta,
) -> pl.DataFrame:
    key = subject_column(frame)
    sites = _sites_of(members)
    hit: dict[str, list[pl.Expr]] = {}
    for exclusion in exclusions:
        subjects = [exclusion.subject, *sites.get(exclusion.subject, [])]
        touched = (
            pl.col(key).is_in(subjects)
            & (pl.col("time") < exclusion.end)
            & (pl.col("time") + width > exclusion.start)
        )
        for name in exclusion.quantities:
            for column in {name, DAY_COLUMN[name]} & set(frame.columns):
                hit.setdefault(column, []).append(touched)
    return frame.with_columns(
        pl.when(~pl.any_horizontal(touched)).then(column).alias(column)
        for column, touched in hit.items()
    )


def _sites_of(members: pl.DataFrame | None) -> dict[str, list[str]]:
    if members is None:
        return {}
    listed = members.group_by("region").agg("site")
    return dict(zip(listed["region"], listed["site"].to_list(), strict=True))
