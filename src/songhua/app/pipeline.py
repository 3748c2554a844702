"""What runs after what: one visible list. Stages never start each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    """Run every step on what was affected; return how many results each changed."""
    changed = {}
    for number, step in enumerate(PIPELINE):
        report({"phase": step.name, "done": number, "total": len(PIPELINE)})
        changed[step.name] = step.run(shelf, members, affected, stamp)
    return changed
