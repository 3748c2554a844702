"""What links did hour by hour: written with their state, kept for a bounded while."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Min, Sum

from songhua.model import HourCount, LinkCount
from songhua.store.registry.models import LinkHour, LinkState

KEPT = timedelta(days=400)
"""Longer than a year, so that a month can be compared with the same of the year before."""
_AT_ONCE = 400

_ADD = """
    INSERT INTO registry_linkhour AS known
        (mn, hour, frames, damaged, "values", faults, skew_min, skew_max)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (mn, hour) DO UPDATE SET
        frames = known.frames + excluded.frames,
        damaged = known.damaged + excluded.damaged,
        "values" = known."values" + excluded."values",
        faults = CASE WHEN excluded.faults = '{}' THEN known.faults ELSE excluded.faults END,
        skew_min = CASE WHEN known.skew_min IS NULL OR excluded.skew_min < known.skew_min
            THEN excluded.skew_min ELSE known.skew_min END,
        skew_max = CASE WHEN known.skew_max IS NULL OR excluded.skew_max > known.skew_max
            THEN excluded.skew_max ELSE known.skew_max END
"""


def write_hours(counts: Mapping[str, LinkCount]) -> None:
    """Add what links did; called within the transaction that writes their state."""
    hours = [
        (mn, datetime.fromtimestamp(number * 3600, UTC), one)
        for mn, count in counts.items()
        for number, one in count.hours.items()
    ]
    faulty = [(mn, hour) for mn, hour, one in hours if one.faults]
    known = _faults(faulty)
    at = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [_row(mn, at(hour), one, known.get((mn, hour), {}))
                                  for mn, hour, one in hours])  # fmt: skip


def _row(mn: str, hour: Any, one: HourCount, known: Mapping[str, int]) -> tuple[Any, ...]:
    faults = {
        reason: known.get(reason, 0) + one.faults.get(reason, 0)
        for reason in (known.keys() | one.faults.keys() if one.faults else ())
    }
    written = json.dumps(faults, sort_keys=True)
    numbers = one.frames, one.damaged, one.values
    return (mn, hour, *numbers, written, one.skew_min, one.skew_max)


def _faults(wanted: Sequence[tuple[str, datetime]]) -> dict[tuple[str, datetime], dict[str, int]]:
    """Return the faults on record of some hours: few links have any."""
    found: dict[tuple[str, datetime], dict[str, int]] = {}
    for begin in range(0, len(wanted), _AT_ONCE):
        part = wanted[begin : begin + _AT_ONCE]
        rows = LinkHour.objects.filter(
            mn__in={mn for mn, _ in part}, hour__in={hour for _, hour in part}
        )
        found |= {(mn, hour): own for mn, hour, own in rows.values_list("mn", "hour", "faults")}
    return found


def history(mn: str, since: datetime) -> list[LinkHour]:
    """Return the hours of an identity from an instant on, oldest first."""
    return list(LinkHour.objects.filter(mn=mn, hour__gte=since).order_by("hour"))


def shares(since: datetime) -> dict[str, tuple[int, int]]:
    """Return by identity how many pieces were damaged since an instant, and of how many."""
    rows = LinkHour.objects.filter(hour__gte=since).order_by().values_list("mn")
    return {
        mn: (damaged, damaged + frames)
        for mn, damaged, frames in rows.annotate(Sum("damaged"), Sum("frames"))
        if damaged
    }


def note_paces(now: datetime) -> None:
    """Note how often each identity speaks: from the full hours of a day in which it spoke."""
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    rows = LinkHour.objects.filter(hour__gte=end - timedelta(days=1), hour__lt=end, frames__gt=0)
    sums = rows.order_by().values_list("mn").annotate(Sum("frames"), Min("hour"), Max("hour"))
    known = dict(LinkState.objects.values_list("mn", "pace"))
    paces = {
        mn: round((last - first + _HOUR).total_seconds() / frames)
        for mn, frames, first, last in sums
    }
    changed = [(pace, mn) for mn, pace in paces.items() if mn in known and known[mn] != pace]
    with connection.cursor() as cursor:
        cursor.executemany("UPDATE registry_linkstate SET pace = %s WHERE mn = %s", changed)


def forget_hours(now: datetime) -> None:
    """Delete what is older than is kept."""
    LinkHour.objects.filter(hour__lt=now - KEPT).delete()


_HOUR = timedelta(hours=1)
