"""The columnar checks against the definition, value by value, over several series at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.stack import Stack
from songhua.quality.verdict import Verdict

HOUR = 3_600_000_000
value = st.one_of(
    st.just(float("nan")), st.sampled_from([0.0, 0.1, 0.2, 1.0, 5.0]), st.floats(-50, 50, width=32)
)
series = st.lists(value, min_size=1, max_size=14)
many = st.lists(series, min_size=1, max_size=4)


def stacked(parts: list[list[float]]) -> Stack:
    values = np.concatenate([np.array(part, float) for part in parts])
    times = np.concatenate([np.arange(len(part), dtype=np.int64) * HOUR for part in parts])
    starts = np.cumsum([0, *map(len, parts[:-1])], dtype=np.int64)
    return Stack(values, times, starts)


@given(many, st.sampled_from([0.0, 0.15, 2.0]), st.integers(1, 5))
def test_flat_line_is_the_window_that_does_not_move(
    parts: list[list[float]], tolerance: float, count: int
) -> None:
    expected = []
    for part in parts:
        for end, one in enumerate(part):
            window = [x for x in part[max(0, end - count) : end + 1] if x == x]
            calm = len(part) > 2 and end >= count and bool(window)
            if calm:
                spread = max(window) - min(window)
                calm = spread < tolerance if tolerance else spread == 0
            told = Verdict.MISSING if one != one else Verdict.FAIL if calm else Verdict.PASS
            expected.append(told)
    found = flat_line(
        stacked(parts), suspect_s=9e9, fail_s=count * 3600, tolerance=tolerance
    ).flags.tolist()
    assert found == expected


@given(many)
def test_spikes_do_not_reach_over_the_ends_of_a_series(parts: list[list[float]]) -> None:
    expected = []
    for part in parts:
        for place, one in enumerate(part):
            near = part[place - 1 : place] + part[place + 1 : place + 2]
            if one != one:
                expected.append(Verdict.MISSING)
            elif place == 0 or place == len(part) - 1 or any(x != x for x in near):
                expected.append(Verdict.NOT_CHECKED)
            else:
                away = abs(one - sum(near) / 2)
                expected.append(Verdict.SUSPECT if away > 3 else Verdict.PASS)
    assert spike(stacked(parts), suspect=3).flags.tolist() == expected


@given(many)
def test_rate_of_change_is_by_the_second(parts: list[list[float]]) -> None:
    expected = []
    for part in parts:
        for place, one in enumerate(part):
            before = part[place - 1] if place else float("nan")
            quick = abs(one - before) / 3600 > 1e-3
            told = Verdict.MISSING if one != one else Verdict.SUSPECT if quick else Verdict.PASS
            expected.append(told)
    assert rate_of_change(stacked(parts), suspect=1e-3).flags.tolist() == expected


@given(many, st.integers(1, 4))
def test_attenuated_looks_back_within_the_series_only(parts: list[list[float]], hours: int) -> None:
    expected = []
    for part in parts:
        for end, one in enumerate(part):
            window = [x for x in part[max(0, end - hours + 1) : end + 1] if x == x]
            if one != one:
                expected.append(Verdict.MISSING)
            elif len(window) < 2:
                expected.append(Verdict.NOT_CHECKED)
            else:
                calm = max(window) - min(window) < 1
                expected.append(Verdict.FAIL if calm else Verdict.PASS)
    found = attenuated(
        stacked(parts), suspect=1, fail=1, window_s=hours * 3600, fewest=2, by="range"
    )
    assert found.flags.tolist() == expected
