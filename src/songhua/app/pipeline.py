"""What runs after what: one visible list. Stages never start each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from songhua.assess.job import (
    Affected,
    AirShelf,
    Members,
    Stamp,
    assess_area_days,
    assess_area_hours,
    assess_days,
    assess_hours,
    assess_periods,
)
from songhua.model import Period

_SEASON = timedelta(days=92)

Report = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage's work on what was affected."""

    name: str
    reads: str
    writes: str
    run: Callable[[AirShelf, Members, Affected, Stamp], int]


PIPELINE = (
    Step("hours", "observations", "index of site hours", assess_hours),
    Step("area_hours", "index of site hours", "index of county and city hours", assess_area_hours),
    Step("days", "observations", "index of site days", assess_days),
    Step("area_days", "index of site days", "index of county and city days", assess_area_days),
    Step("periods", "index of days", "months, quarters, years and ranks", assess_periods),
)


def run_pipeline(
    shelf: AirShelf, members: Members, affected: Affected, stamp: Stamp, report: Report
) -> dict[str, int]:
    """Run every step on what was affected; return how many results each changed.

    A step takes a season at a time, for memory; the next begins when all seasons are done, so
    that no month is judged while half of its days are still to come.
    """
    changed = {}
    seasons = _seasons(affected)
    for number, step in enumerate(PIPELINE):
        changed[step.name] = 0
        for done, part in enumerate(seasons):
            at = number * len(seasons) + done
            report({"phase": step.name, "done": at, "total": len(PIPELINE) * len(seasons)})
            changed[step.name] += step.run(shelf, members, part, stamp)
    return changed


def _seasons(affected: Affected) -> list[Affected]:
    parts, start = [], affected.span.start
    while start < affected.span.end:
        span = Period(start, min(start + _SEASON, affected.span.end))
        parts.append(Affected(affected.sites, span, affected.cause))
        start += _SEASON
    return parts
