"""What the neighbours of a site let expect of it, by the hour of day and the season."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import means
from songhua.quality.verdict import Floats

_RIDGE = 1e-3
_TRIMMED = 2.5  # spreads; what lies beyond has no part in the second fit
_FEWEST = 500
_SOFT = 2  # steps; levels are compared only where there are more


def logs(values: Floats, step: float, *, soft: float = 5) -> Floats:
    """Return logarithms, soft below a few steps of the instrument."""
    found: Floats = np.log(np.maximum(values, 0) + soft * step)
    return found


def residuals(panel: Panel, quantity: str) -> Floats:
    """Return what is left of each site's logarithm when its neighbours have had their say.

    A ridge regression on the neighbours, the time of day, the season, and both together; fitted
    twice, the second time without what lay far off. NaN where no neighbour tells.
    """
    table = panel.values[quantity]
    step = resolution(table)
    own = logs(table, step, soft=_SOFT)
    middle = logs(panel.reference(quantity), step, soft=_SOFT)
    course = _course(panel)
    found = np.full_like(table, np.nan)
    for site in range(table.shape[0]):
        near = [own[n] for n in panel.neighbours(quantity)[site]]
        found[site] = _left(own[site], middle[site], near, course)
    return found


def _course(panel: Panel) -> Floats:
    """Return harmonics of the day, of the year, and their products."""
    day = 2 * np.pi * panel.hour() / 24
    year = 2 * np.pi * (panel.times / 3.15576e13)
    of_day = [f(k * day) for k in (1, 2, 3) for f in (np.sin, np.cos)]
    of_year = [np.sin(year), np.cos(year)]
    both = [a * b for a in of_day[:4] for b in of_year]
    return np.column_stack([*of_day, *of_year, *both])


def _left(own: Floats, middle: Floats, near: Sequence[Floats], course: Floats) -> Floats:
    told = np.isfinite(middle)
    columns = [middle] + [np.where(np.isfinite(row), row, middle) for row in near]
    given = np.column_stack([*columns, course, np.ones(own.size)])
    fit = told & np.isfinite(own)
    found = np.full_like(own, np.nan)
    if int(fit.sum()) < _FEWEST:
        if fit.any():
            found[fit] = own[fit] - middle[fit]
        return found
    for _ in range(2):
        rows, answer = given[fit], own[fit]
        square = rows.T @ rows
        square[np.diag_indices_from(square)] += _RIDGE * rows.shape[0]
        weights = np.linalg.solve(square, rows.T @ answer)
        found[told] = own[told] - given[told] @ weights
        off = np.abs(found - np.median(found[fit]))
        fit = told & np.isfinite(own) & (off < _TRIMMED * 1.4826 * np.median(off[fit]) + 1e-9)
    return found


def beside(
    values: Floats, starts: NDArray[np.int64], ends: NDArray[np.int64], reach: int
) -> tuple[Floats, Floats, Floats]:
    """Return means inside windows, and over `reach` before and after them."""
    last = values.size
    return (
        means(values, starts, ends),
        means(values, np.maximum(starts - reach, 0), starts),
        means(values, ends, np.minimum(ends + reach, last)),
    )


def box(inside: Floats, before: Floats, after: Floats) -> Floats:
    """Return how far a span lies below both what came before and what came after.

    A season or a new source changes a level for good; what a person does ends. At the ends of a
    record the one side that there is must do.
    """
    found: Floats = np.fmin(before - inside, after - inside)
    return found
