"""Settings of checks from a time that people have already judged."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.outliers import Side, course, outlier, residual, restless
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.stack import Stack
from songhua.quality.verdict import Floats, Found, Verdict

Mask = NDArray[np.bool_]

_TAILS = np.array([0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])
_WINDOWS = (5, 11, 49, 97)
_STEPS = (3, 6, 12, 24, 48, 96)
_METHODS: tuple[Literal["average", "differential"], ...] = ("average", "differential")
_SIDES: tuple[Side, ...] = ("both", "above", "below")
_LEAST_GAIN = 0.01


@dataclass(frozen=True, slots=True)
class Candidate:
    """A check with settings, and what it flags."""

    kind: str
    settings: Mapping[str, Any]
    flags: Mask


@dataclass(frozen=True, slots=True)
class Score:
    """How flags agree with labels, value by value."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of the flags that are labels; NaN without flags."""
        return self.hits / (self.hits + self.false) if self.hits + self.false else float("nan")

    @property
    def recall(self) -> float:
        """Share of the labels that are flagged; NaN without labels."""
        return self.hits / (self.hits + self.missed) if self.hits + self.missed else float("nan")

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN without flags and labels."""
        every = 2 * self.hits + self.false + self.missed
        return 2 * self.hits / every if every else float("nan")

    def __add__(self, other: "Score") -> "Score":
        return Score(self.hits + other.hits, self.false + other.false, self.missed + other.missed)


def score(flags: Mask, labels: Mask) -> Score:
    """Return how flags agree with labels."""
    hits = int((flags & labels).sum())
    return Score(hits, int(flags.sum()) - hits, int(labels.sum()) - hits)


def choose(
    flags: Sequence[Mask], labels: Mask, *, careful: bool = True, most: int = 6
) -> list[int]:
    """Return which flags together agree best with labels (F1), found one after another.

    One is added only while F1 gains a hundredth: more would learn the labels by heart.

    Parameters
    ----------
    flags, labels
        Of values in order of time.
    careful
        Judge by values and by spans together (geometric mean), where each labelled span counts
        by the share that is flagged: one long span that a person marked does not decide alone.
        And take nothing that is wrong more often than right. Else F1 of values alone.
    """
    chosen: list[int] = []
    if not labels.any() or not flags:
        return chosen
    table = np.stack(flags)
    begins = labels & ~_before(labels)
    worth = np.zeros(labels.size)
    worth[labels] = 1 / np.bincount(np.cumsum(begins)[labels])[np.cumsum(begins)[labels]]
    best, union = 0.0, np.zeros(labels.size, bool)
    while len(chosen) < most:
        told = table | union
        false = told & ~labels
        hits, wrong = (told & labels).sum(axis=1), false.sum(axis=1)
        value = 2 * hits / (hits + wrong + labels.sum())
        if careful:
            spans, wrong_spans = told @ worth, (false & ~_before(false)).sum(axis=1)
            value = np.sqrt(value * 2 * spans / (spans + wrong_spans + begins.sum()))
            new = told & ~union
            value[(new & labels).sum(axis=1) < (new & ~labels).sum(axis=1)] = 0.0
        place = int(np.argmax(value))
        if value[place] < best + _LEAST_GAIN:
            break
        chosen.append(place)
        union, best = told[place], float(value[place])
    return chosen


def _before(flags: Mask) -> Mask:
    """Return the flags of the values before, by the last axis."""
    found = np.zeros_like(flags)
    found[..., 1:] = flags[..., :-1]
    return found


def candidates(
    stack: Stack, first: Mask, others: Mapping[str, Floats] | None = None
) -> Iterator[Candidate]:
    """Return checks with a grid of settings: thresholds are quantiles of what each measures.

    Parameters
    ----------
    first
        The values that settings may be made from.
    others
        Other quantities of the site, beside each value.
    """
    yield from _ranges(stack.values, first)
    yield from _above("rate", {}, rate_of_change(stack, suspect=np.inf), first)
    for method in _METHODS:
        found = spike(stack, suspect=np.inf, method=method)
        yield from _above("spike", {"method": method}, found, first)
    yield from _still(stack, first)
    yield from _outliers(stack, first)
    for days in (3, 7):
        found = course(stack, days=days, suspect=np.inf)
        yield from _above("course", {"days": days}, found, first)
    if others:
        yield from _residuals(stack, first, others)


def _ranges(values: Floats, first: Mask) -> Iterator[Candidate]:
    for low in _limits(values[first], lowest=True):
        yield Candidate("range", {"fail": [low, np.inf]}, values < low)
    for high in _limits(values[first]):
        yield Candidate("range", {"fail": [-np.inf, high]}, values > high)


def _still(stack: Stack, first: Mask) -> Iterator[Candidate]:
    step = float(np.nanmedian(stack.intervals))
    spread = _spread(stack.values[first])
    for steps in _STEPS:
        seconds = steps * step
        for share in (0.0, 0.001, 0.01, 0.05):
            found = flat_line(stack, suspect_s=seconds, tolerance=share * spread)
            told = {"suspect_s": seconds, "tolerance": share * spread}
            yield Candidate("flat", told, _flagged(found))
        found = attenuated(stack, suspect=0, fail=0, fewest=3, window_s=seconds)
        for limit in _limits(found.measured[first], lowest=True):
            told = {"window_s": seconds, "suspect": limit, "fail": 0.0, "fewest": 3}
            yield Candidate("calm", told, found.measured < limit)
        found = restless(stack, suspect=np.inf, window_s=seconds)
        yield from _above("restless", {"window_s": seconds}, found, first)


def _outliers(stack: Stack, first: Mask) -> Iterator[Candidate]:
    spread = _spread(stack.values[first])
    for window in _WINDOWS:
        for floor in (0.01 * spread, 0.1 * spread):
            for side in _SIDES:
                found = outlier(stack, window=window, floor=floor, side=side, suspect=np.inf)
                told = {"window": window, "floor": floor, "side": side}
                yield from _above("outlier", told, found, first)


def fit(values: Floats, others: Sequence[Floats], *, rounds: int = 10) -> tuple[list[float], float]:
    """Return weights and offset with which others tell a quantity; outliers count less (Huber)."""
    table = np.column_stack([*others, np.ones(values.size)])
    whole = np.isfinite(table).all(axis=1) & np.isfinite(values)
    table, told = table[whole], values[whole]
    if told.size <= 10 * table.shape[1]:
        return [0.0] * len(others), float(np.median(told)) if told.size else 0.0
    size = np.maximum(np.abs(table).max(axis=0), 1e-12)
    weight = np.ones(told.size)
    solved = np.zeros(table.shape[1])
    for _ in range(rounds):
        root = np.sqrt(weight)
        solved = np.linalg.lstsq(table / size * root[:, None], told * root)[0] / size
        away = np.abs(told - table @ solved)
        scale = max(1.4826 * 1.345 * float(np.median(away)), 1e-12)
        weight = np.minimum(1, scale / np.maximum(away, 1e-12))
    return [float(one) for one in solved[:-1]], float(solved[-1])


def _residuals(stack: Stack, first: Mask, others: Mapping[str, Floats]) -> Iterator[Candidate]:
    for names in [[name] for name in others] + ([list(others)] if len(others) > 1 else []):
        beside = [others[name] for name in names]
        weights, offset = fit(stack.values[first], [one[first] for one in beside])
        if not any(weights):
            continue
        told = {"of": names, "weights": weights, "offset": offset}
        found = residual(stack.values, beside, weights=weights, offset=offset, suspect=np.inf)
        yield from _above("residual", told, found, first)


def _above(
    kind: str, settings: Mapping[str, Any], found: Found, first: Mask
) -> Iterator[Candidate]:
    for limit in _limits(found.measured[first]):
        if limit > 0:
            flags = found.measured > limit
            yield Candidate(kind, {**settings, "suspect": limit}, flags)


def _limits(measured: Floats, *, lowest: bool = False) -> list[float]:
    told = measured[np.isfinite(measured)]
    if not told.size:
        return []
    at = _TAILS if lowest else 1 - _TAILS
    return sorted({float(one) for one in np.quantile(told, at)})


def _spread(values: Floats) -> float:
    told = values[np.isfinite(values)]
    if not told.size:
        return 1.0
    low, high = np.quantile(told, [0.25, 0.75])
    return float(high - low) or float(told.std()) or 1.0


def _flagged(found: Found) -> Mask:
    return np.asarray((found.flags == Verdict.SUSPECT) | (found.flags == Verdict.FAIL))
