"""How plainly a case can be seen: by one who knows the span and lays it beside the record.

Set down before any score was looked at. Of the span three features are taken, as a chart shows
them: the level beside the neighbours, the movement from hour to hour beside theirs, and how the two
go together. d' is how far tampering moved the feature, in robust deviations of the same feature
over spans as long all over the untouched series; the largest of the three counts. From 5 on a case
is `strong`, from 3 `evident`, else `faint`. Acts that leave a pattern (equal values, copies,
digits, a cap, a wave, a declared state) cannot be measured so: theirs are the generator's three.
"""

import numpy as np

from bench.fraud.tamper import Case
from songhua.quality.fraud.expected import logs
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.fraud.windows import correlation, edges, means

MEASURED = (
    "attenuated",
    "calm",
    "inspected",
    "cleaner",
    "unfollowing",
    "clock",
    "dilution",
    "setting",
)
CLASSES = ("strong", "evident", "faint")
_BOUNDS = (5.0, 3.0)
_SIGMA = 1.4826


def seen(case: Case, clean: Panel, cheated: Panel) -> str:
    """Return the class of a case."""
    if case.kind not in MEASURED:
        return {"strong": "strong", "clear": "evident", "faint": "faint"}[case.strength]
    found = distance(case, clean, cheated)
    return CLASSES[0] if found >= _BOUNDS[0] else CLASSES[1] if found >= _BOUNDS[1] else CLASSES[2]


def distance(case: Case, clean: Panel, cheated: Panel) -> float:
    """Return d' of a case."""
    size = case.end - case.start
    starts, ends = edges(clean.times.size, size, max(1, size // 4))
    usual = _features(case, clean, clean, starts, ends)
    here = np.array([case.start]), np.array([case.end])
    before = _features(case, clean, clean, *here)
    after = _features(case, cheated, clean, *here)
    told = [0.0]
    for all_over, was, became in zip(usual, before, after, strict=True):
        held = all_over[np.isfinite(all_over)]
        if held.size >= 10 and np.isfinite(was[0]) and np.isfinite(became[0]):
            spread = _SIGMA * float(np.median(np.abs(held - np.median(held))))
            told.append(abs(float(became[0] - was[0])) / max(spread, 1e-3))
    return max(told)


def _features(
    case: Case, panel: Panel, clean: Panel, starts: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    table = clean.values[case.quantity]
    step = resolution(table)
    own = logs(panel.values[case.quantity][case.site], step)
    near = logs(clean.reference(case.quantity)[case.site], step)
    beside = np.isfinite(near).any()
    if not beside:
        near = np.zeros_like(own)
    hour = clean.hour()
    within = (hour >= 22) | (hour < 6) if case.kind == "calm" else np.ones(own.size, bool)
    moves = [np.where(within, np.abs(np.diff(x, prepend=np.nan)), np.nan) for x in (own, near)]
    both = [np.log(means(x, starts, ends, share=0.15) + 0.003) for x in moves]
    fit = correlation(own, near, starts, ends)
    return means(own - near, starts, ends), both[0] - both[1], np.arctanh(0.99 * fit)
