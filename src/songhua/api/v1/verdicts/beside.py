"""A value that was judged, among its hours and its neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from songhua.api.v1.review.course import STEPS
from songhua.model import Period
from songhua.quality.checks.company import nearest
from songhua.store import shelf
from songhua.store.registry.sites import sites

SIDE = 12
"""Steps shown before and after the value."""
_WITHIN_KM = 50.0
_MOST_NEAR = 5


@dataclass(frozen=True, slots=True)
class Around:
    """What surrounds one value.

    Parameters
    ----------
    own
        The values of the site from `SIDE` steps before to `SIDE` after; None where there is none.
    near
        Name of a neighbour (zh, en), what it has at the time, and its values as `own`.
    """

    own: list[float | None]
    near: list[tuple[tuple[str, str], float | None, list[float | None]]]


def around(rows: Sequence[Mapping[str, Any]], period: str) -> list[Around]:
    """Return what surrounds some values (site, quantity, time), read at once.

    Rows far apart in time are read a week at a time.
    """
    if not rows:
        return []
    near, names = _neighbours({row["site"] for row in rows})
    step = STEPS[period]
    keys = sorted({key for row in rows for key in (row["site"], *near.get(row["site"], ()))})
    quantities = sorted({row["quantity"] for row in rows})
    held: dict[tuple[str, str, datetime], float] = {}
    for span in _spans(sorted({row["time"] for row in rows}), SIDE * step):
        found = shelf().observations(period=period, span=span, sites=keys, quantities=quantities)
        for site, name, time, value in found.select("site", "quantity", "time", "value").rows():
            held[site, name, time] = value

    def course(site: str, row: Mapping[str, Any]) -> list[float | None]:
        times = (row["time"] + n * step for n in range(-SIDE, SIDE + 1))
        return [held.get((site, row["quantity"], at)) for at in times]

    told = []
    for row in rows:
        others = []
        for key in near.get(row["site"], ()):
            values = course(key, row)
            if any(one is not None for one in values):
                others.append((names[key], values[SIDE], values))
        told.append(Around(course(row["site"], row), others))
    return told


def _neighbours(
    wanted: set[str],
) -> tuple[dict[str, list[str]], dict[str, tuple[str, str]]]:
    """Return the nearest sites of some, as the checks take them, and what all are called."""
    known = sites().sort("valid_from").unique("site", keep="last", maintain_order=True)
    names = {
        key: (zh, en or zh) for key, zh, en in known.select("site", "name_zh", "name_en").rows()
    }
    placed = known.drop_nulls(["lon", "lat"])
    keys = placed["site"].to_list()
    table = nearest(placed["lon"].to_numpy(), placed["lat"].to_numpy(), within_km=_WITHIN_KM)
    return {
        key: [keys[int(at)] for at in table[np.intp(n)][:_MOST_NEAR] if at >= 0]
        for n, key in enumerate(keys)
        if key in wanted
    }, names


def _spans(times: Sequence[datetime], side: timedelta) -> list[Period]:
    """Return spans that hold all times with what lies beside them, joined where they touch."""
    spans: list[Period] = []
    for time in times:
        start, end = time - side, time + side + timedelta(hours=1)
        if spans and start <= spans[-1].end + side:
            spans[-1] = Period(spans[-1].start, end)
        else:
            spans.append(Period(start, end))
    return spans
