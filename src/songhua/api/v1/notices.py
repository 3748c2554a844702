"""Notices of correction (更正公告): published figures that changed, and because of what.

A notice is derived from the results and their past, never stored: what the shelf says is what the
notice says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import polars as pl

from songhua.api.v1.told import told
from songhua.api.v1.why.past import causes
from songhua.model import BEIJING
from songhua.store import Shelf
from songhua.store.registry.models import Region
from songhua.store.registry.rights import covers
from songhua.store.registry.sites import sites

MOST_CHANGES = 5_000
"""Looked at in one answer, the newest; where there are more the answer says so."""
_OUT_BY = time(12)
"""HJ 633—2026: the figures of a day are out by 12:00 of the next. What changes until then is no
correction. Longer periods wait as long after their last day."""
_OUT_AFTER = timedelta(hours=_OUT_BY.hour)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one cause changed of what was published.

    Parameters
    ----------
    number
        The journal entry of the cause.
    at
        When the last figure changed.
    cause
        As `causes` says it: kind, zh, en, author.
    lines
        As `told` says them: those of the longest periods first.
    """

    number: int
    at: datetime
    cause: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]


def notices(
    shelf: Shelf, *, since: datetime, until: datetime, region: str = ""
) -> tuple[list[Notice], bool]:
    """Return the notices between two instants, newest first, and whether these are all.

    A figure is named where it had a number before, its period was over and out, and a number
    that readers see became another. Hours are provisional and not named.

    Parameters
    ----------
    region
        Only figures of this region and what lies in it; of all, if empty.
    """
    latest = shelf.changes(since=since, until=until, settled=_OUT_AFTER, most=MOST_CHANGES)
    looked_at = shelf.count_changed(since=since, until=until, settled=_OUT_AFTER)
    whole = latest.height < MOST_CHANGES and looked_at <= MOST_CHANGES
    changed = published(latest)
    if region:
        changed = changed.filter(pl.col("subject").is_in(_within(region)))
    found = []
    reasons = causes(changed["cause"].unique().to_list())
    for (cause,), part in changed.group_by("cause", maintain_order=True):
        first, last = _ends(part)
        lines = told(shelf, part, before=first - _INSTANT, after=last)
        if lines:
            number = int(str(cause))
            ordered = tuple(sorted(lines, key=_weight))
            found.append(Notice(number, last, reasons[number], ordered))
    return sorted(found, key=lambda one: one.at, reverse=True), whole


def published(changed: pl.DataFrame) -> pl.DataFrame:
    """Return those changes of figures that had been out.

    Parameters
    ----------
    changed
        Rows of `Shelf.changes`.
    """
    if changed.is_empty():
        return changed
    had = pl.col("former").is_not_null() | pl.col("former_rank").is_not_null()
    rows = changed.filter(had & (pl.col("period") != "hour"))
    out = pl.Series(
        [out_at(period, at) for period, at in rows.select("period", "time").iter_rows()],
        dtype=changed.schema["computed_at"],
    )
    return rows.filter(rows["computed_at"] >= out)


def out_at(period: str, begins: datetime) -> datetime:
    """Return when the figures of a period are out: noon of the day after it.

    >>> from datetime import UTC
    >>> out_at("month", datetime(2020, 3, 31, 16, tzinfo=UTC)).isoformat()
    '2020-05-01T12:00:00+08:00'
    """
    first = begins.astimezone(BEIJING).date()
    months = {"month": 1, "quarter": 3, "year": 12}.get(period)
    if months is None:
        after = first + timedelta(days=1)
    else:
        count = first.year * 12 + first.month - 1 + months
        after = first.replace(year=count // 12, month=count % 12 + 1, day=1)
    return datetime.combine(after, _OUT_BY, BEIJING)


def _ends(part: pl.DataFrame) -> tuple[datetime, datetime]:
    times: list[datetime] = part["computed_at"].to_list()
    return min(times), max(times)


def _weight(line: Mapping[str, Any]) -> tuple[int, int, str, str]:
    periods, scopes = ("year", "quarter", "month", "day"), ("province", "city", "county", "site")
    where = scopes.index(line["scope"]) if line["scope"] in scopes else len(scopes)
    return periods.index(line["period"]), where, str(line["time"]), line["subject"]


def _within(region: str) -> list[str]:
    table = sites().with_columns(pl.coalesce("county", "city").alias("at"))
    inside = [key for key, at in table.select("site", "at").iter_rows() if covers(region, at)]
    codes = Region.objects.values_list("code", flat=True)
    return [*inside, *(code for code in codes if covers(region, code))]
