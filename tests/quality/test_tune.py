"""Settings that are chosen agree with labels, and with no more than they need."""

import numpy as np

from songhua.quality.stack import Stack
from songhua.quality.tune import Score, candidates, choose, fit, score


def test_scores_count_values() -> None:
    flags, labels = np.array([1, 1, 0, 0], bool), np.array([1, 0, 1, 0], bool)
    assert score(flags, labels) == Score(1, 1, 1)
    assert Score(1, 1, 1).f1 == 0.5


def test_spikes_that_were_marked_are_found_later() -> None:
    chance = np.random.default_rng(3)
    values = 10 + chance.normal(0, 0.1, 600)
    labels = np.zeros(600, bool)
    labels[[50, 120, 200, 260, 340, 430, 520]] = True
    values[labels] += 4
    times = np.arange(600, dtype=np.int64) * 3_600_000_000
    first = np.arange(600) < 300
    found = list(candidates(Stack.of(values, times), first))
    chosen = choose([one.flags[first] for one in found], labels[first])
    union = np.any([found[place].flags for place in chosen], axis=0)
    assert score(union[~first], labels[~first]).f1 > 0.8


def test_without_labels_nothing_is_chosen() -> None:
    assert choose([np.ones(4, bool)], np.zeros(4, bool)) == []


def test_a_fit_passes_outliers_by() -> None:
    other = np.linspace(0, 10, 200)
    values = 3 * other + 2
    values[::20] += 100
    weights, offset = fit(values, [other])
    assert abs(weights[0] - 3) < 0.01
    assert abs(offset - 2) < 0.1
