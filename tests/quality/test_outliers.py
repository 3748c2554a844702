"""Values that stand out, by hand-made series whose answer is plain."""

import numpy as np
import pytest

from songhua.model import BadInput
from songhua.quality.checks.outliers import course, outlier, residual, restless
from songhua.quality.rules import read_rules
from songhua.quality.stack import Stack
from songhua.quality.verdict import Verdict

HOUR = 3_600_000_000
NAN = float("nan")
P, N, S, M = Verdict.PASS, Verdict.NOT_CHECKED, Verdict.SUSPECT, Verdict.MISSING


def stack(*parts: list[float]) -> Stack:
    values = np.concatenate([np.array(part, float) for part in parts])
    times = np.concatenate([np.arange(len(part), dtype=np.int64) * HOUR for part in parts])
    return Stack(values, times, np.cumsum([0, *map(len, parts[:-1])], dtype=np.int64))


def test_an_outlier_stands_out_of_its_surroundings_on_the_side_that_is_asked() -> None:
    looked = stack([1, 1.1, 9, 1, 1.2, NAN, 1.1], [50, 50.1, 50, 41, 50, 50.1, 50])
    both = outlier(looked, window=5, suspect=5, floor=0.1)
    assert np.flatnonzero(both.flags == S).tolist() == [2, 10]
    assert both.flags[5] == M
    above = outlier(looked, window=5, suspect=5, floor=0.1, side="above")
    assert np.flatnonzero(above.flags == S).tolist() == [2]
    below = outlier(looked, window=5, suspect=5, floor=0.1, side="below")
    assert np.flatnonzero(below.flags == S).tolist() == [10]


def test_restless_is_the_deviation_of_the_hours_before() -> None:
    found = restless(stack([0, 0, 0, 6, 0], [0, 0, 0]), window_s=3 * 3600, suspect=2)
    assert found.flags.tolist() == [N, N, P, S, S, N, N, P]
    assert found.measured[3] == pytest.approx(np.std([0, 0, 6]))


def test_the_course_is_that_of_the_days_before() -> None:
    day = [float(hour) for hour in range(24)]
    odd = [*day[:12], 20.0, *day[13:]]
    found = course(stack(day * 4 + odd), days=4, suspect=5)
    assert np.flatnonzero(found.flags == S).tolist() == [4 * 24 + 12]
    assert (found.flags[:48] == N).all()  # two days at least
    assert found.measured[4 * 24 + 12] == 8


def test_the_residual_is_what_the_others_do_not_explain() -> None:
    values, others = np.array([3.0, 5, 9, NAN]), [np.array([1.0, 2, 2, 2])]
    found = residual(values, others, weights=[2], offset=1, suspect=1)
    assert found.flags.tolist() == [P, P, S, M]
    assert found.measured[2] == 4


def test_weights_go_with_quantities() -> None:
    row = (
        '[[check]]\nname = "a"\nkind = "residual"\nquantity = "pm2_5"\nperiod = "hour"\n'
        'since = 2026-01-01\nset_by = "x"\nwhy = "y"\nof = ["pm10"]\noffset = 0\nsuspect = 1\n'
    )
    assert read_rules(row + "weights = [0.5]")[0].settings["weights"] == [0.5]
    with pytest.raises(BadInput, match="of and weights differ"):
        read_rules(row + "weights = [0.5, 1]")
