"""What runs after what: one visible list. Stages never start each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from songhua.assess.job import (
    Affected,
    AirShelf,
    Stamp,
    assess_area_days,
    assess_area_hours,
    assess_days,
    assess_deducted_days,
    assess_hours,
    assess_periods,
    judged_part,
)
from songhua.assess.register import Register
from songhua.model import BEIJING, Period

_SEASON = timedelta(days=92)

Report = Callable[[Mapping[str, Any]], None]


Stretch = Callable[[Affected], list[Affected]]


def _seasons(affected: Affected) -> list[Affected]:
    parts, start = [], affected.span.start
    while start < affected.span.end:
        span = Period(start, min(start + _SEASON, affected.span.end))
        parts.append(Affected(affected.sites, span, affected.cause))
        start += _SEASON
    return parts


def _years(affected: Affected) -> list[Affected]:
    parts, start = [], affected.span.start.astimezone(BEIJING)
    while start < affected.span.end:
        end = min(datetime(start.year + 1, 1, 1, tzinfo=BEIJING), affected.span.end)
        parts.append(Affected(affected.sites, Period(start, end), affected.cause))
        start = end.astimezone(BEIJING)
    return parts


@dataclass(frozen=True, slots=True)
class Step:
    """One stage's work on what was affected."""

    name: str
    reads: str
    writes: str
    run: Callable[[AirShelf, Register, Affected, Stamp], int]
    stretch: Stretch = _seasons


PIPELINE = (
    Step("hours", "observations", "index of site hours", assess_hours),
    Step("area_hours", "index of site hours", "index of county and city hours", assess_area_hours),
    Step("days", "observations", "index of site days", assess_days),
    Step("area_days", "index of site days", "index of county and city days", assess_area_days),
    Step(
        "deducted", "observations", "index of days without what is excluded", assess_deducted_days
    ),
    Step("periods", "index of days", "months, quarters, years and ranks", assess_periods, _years),
)


def run_pipeline(
    shelf: AirShelf, register: Register, affected: Affected, stamp: Stamp, report: Report
) -> dict[str, int]:
    """Run every step on what was affected; return how many results each changed.

    A step takes a season or a year at a time, for memory; the next begins when all are done, so
    that no month is judged while half of its days are still to come.
    """
    changed = dict.fromkeys((step.name for step in PIPELINE), 0)
    judged = judged_part(affected)
    if judged is None:
        return changed
    parts = [(step, part) for step in PIPELINE for part in step.stretch(judged)]
    for done, (step, part) in enumerate(parts):
        report({"phase": step.name, "done": done, "total": len(parts)})
        changed[step.name] += step.run(shelf, register, part, stamp)
    return changed
