"""Neighbours and relations against the definition."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from songhua.quality.checks.company import _median, nearest, neighbours, relation
from songhua.quality.checks.shifts import gap, level_shift
from songhua.quality.stack import Stack
from songhua.quality.verdict import Verdict

value = st.one_of(st.just(float("nan")), st.floats(-99, 99))
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(value, min_size=width, max_size=width), min_size=1)
)


@given(tables)
def test_median_of_columns_is_that_of_each_row(rows: list[list[float]]) -> None:
    table = np.array(rows)
    known = [[one for one in row if one == one] for row in rows]
    expected = [float(np.median(row)) if row else float("nan") for row in known]
    found = _median(list(table.T), np.isfinite(table).sum(1))
    np.testing.assert_allclose(found, expected)


def test_nearest_are_by_the_great_circle() -> None:
    """Changchun, Jilin, Siping, Yanji: 100, 110 and 340 km by any atlas."""
    lon = np.array([125.32, 126.55, 124.37, 129.51])
    lat = np.array([43.88, 43.84, 43.17, 42.90])
    assert nearest(lon, lat, within_km=200, most=3)[0].tolist() == [1, 2, -1]
    assert nearest(lon, lat, within_km=500, most=3)[0].tolist() == [1, 2, 3]
    assert nearest(lon, lat, within_km=50, most=3)[3].tolist() == [-1, -1, -1]


def test_a_value_far_from_its_neighbours_is_told() -> None:
    values = np.array([[10.0, 11, 12, 90], [10, 11, np.nan, 12], [np.nan, 1, 2, 3]])
    near = np.array([[1, 2, 3, -1, -1], [0, 2, 3, -1, -1], [0, 1, 3, -1, -1], [0, 1, 2, -1, -1]])
    found = neighbours(values, near, suspect=5, fail=20, floor=2)
    assert found.flags.reshape(3, 4).tolist() == [
        [1, 1, 1, 4],  # median 11, spread 2: 39.5 spreads
        [2, 2, 9, 2],  # only two neighbours are left
        [9, 2, 2, 2],
    ]
    assert found.measured[3] == 39.5


def test_relations() -> None:
    pm2_5, pm10 = np.array([30.0, 55, 80, np.nan, 5]), np.array([50.0, 50, 50, 50, np.nan])
    found = relation(pm2_5, [pm10], kind="not_above", suspect=0, fail=20, share=0.1)
    assert found.flags.tolist() == [1, 1, 4, 9, 2]
    nox = relation(
        np.array([30.0, 40.0]),
        [np.array([10.0, 10]), np.array([20.0, 20])],
        kind="equal",
        suspect=5,
    )
    assert nox.flags.tolist() == [1, 3]


def test_a_gap_is_told_at_the_value_that_ends_it() -> None:
    hour = 3_600_000_000
    times = np.array([0, 1, 2, 6, 7]) * hour
    found = gap(Stack.of(np.array([1.0, 2, np.nan, 3, 4]), times), suspect_s=2 * 3600)
    assert found.flags.tolist() == [2, 1, 9, 3, 1]


def test_a_shift_of_level_is_told_where_it_begins_and_a_spike_is_none() -> None:
    chance = np.random.default_rng(1)
    values = chance.normal(10, 0.5, 200)
    values[100:] += 8
    values[50] = 60
    stack = Stack.of(values, np.arange(200, dtype=np.int64) * 3_600_000_000)
    found = level_shift(stack, window=12, suspect=5, floor=0.3)
    told = np.flatnonzero(found.flags == Verdict.SUSPECT)
    assert 100 in told
    assert told.min() >= 93
    assert told.max() <= 107
    assert (found.flags[:12] == Verdict.NOT_CHECKED).all()
    assert (found.flags[-11:] == Verdict.NOT_CHECKED).all()
