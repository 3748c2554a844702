"""Numbers of quality control, against worked examples and properties."""

import csv
import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from songhua.model import BadInput
from songhua.model.determined import Determined, read_determined
from songhua.model.rounding import half_even
from songhua.quality.laboratory import measures
from songhua.quality.laboratory.curve import fit
from songhua.standards.lab import control, methods

EXAMPLES = Path(__file__).parents[2] / "reference/quality/worked-examples.csv"
DAY = date(2026, 11, 24)
concentrations = st.decimals("0.001", "1000", places=3)


def examples() -> list[Any]:
    lines = [one for one in EXAMPLES.read_text("utf-8").splitlines() if not one.startswith("#")]
    return [pytest.param(row, id=row["id"]) for row in csv.DictReader(lines)]


def worked(rule: str, told: dict[str, Any]) -> dict[str, Any]:
    match rule:
        case "round_gb8170":
            return {"value": half_even(Decimal(told["value"]), told["decimals"])}
        case "round_half_unit":
            return {"value": measures.half_unit(Decimal(told["value"]))}
        case "round_fifth_unit":
            return {"value": measures.fifth_unit(Decimal(told["value"]), -2)}
        case "compare":
            value, limit = Decimal(told["value"]), Decimal(told["limit"])
            if told["method"] == "rounded":
                value = half_even(value, -int(limit.as_tuple().exponent))
            return {"ok": measures.complies(Determined(value, Decimal(0)), limit)}
        case "relative_deviation":
            apart = measures.relative_deviation(Decimal(str(told["a"])), Decimal(str(told["b"])))
            return {"rd": apart, "rpd": 2 * apart}
        case "recovery":
            given = (Decimal(str(told[one])) for one in ("spiked", "sample", "added"))
            return {"recovery": measures.recovery(*given)}
        case "mdl":
            return {"mdl": measures.detection_limit(told["values"])}
        case "nd_mean":
            read = [read_determined(one, Decimal("0.01")) for one in told["values"]]
            return {"mean": float(measures.mean(read))}
    raise AssertionError(rule)


@pytest.mark.parametrize("row", examples())
def test_worked_example(row: dict[str, str]) -> None:
    expected, tolerance = json.loads(row["expected"]), float(row["tolerance"] or 0)
    for name, found in worked(row["rule"], json.loads(row["inputs"])).items():
        if isinstance(found, bool):
            assert found is expected[name]
        else:
            assert float(found) == pytest.approx(float(expected[name]), abs=tolerance, rel=0)


@pytest.mark.parametrize(
    ("mean", "limit"),
    [("100", "1"), ("50", "2.5"), ("1", "5"), ("0.5", "10"), ("0.05", "20"), ("0.00005", "50")],
)
def test_parallels_by_order_of_magnitude(mean: str, limit: str) -> None:
    # 0.5 mg/L = 5e-7 g/mL, order 1e-7: 10 % in the manual's table
    found = measures.largest_deviation(Decimal(mean), control(on=DAY).deviations)
    assert found == Decimal(limit)


@given(concentrations, concentrations)
def test_deviation_knows_no_order_and_stays_within_a_hundred(a: Decimal, b: Decimal) -> None:
    apart = measures.relative_deviation(a, b)
    assert apart == measures.relative_deviation(b, a)
    assert 0 <= apart <= 100


@given(concentrations, concentrations)
def test_all_that_was_added_is_found(sample: Decimal, added: Decimal) -> None:
    assert measures.recovery(sample + added, sample, added) == 100


@given(st.decimals("0.0001", "99999", places=6), st.integers(0, 5))
def test_reported_has_the_digits_and_is_near(value: Decimal, places: int) -> None:
    found = measures.reported(value, places=places)
    kept = -int(found.as_tuple().exponent)
    assert kept <= places
    assert abs(found - value) <= max(Decimal(10) ** -places, value / 100) / 2
    assert len(found.as_tuple().digits) <= 4 or found == int(found)  # 99.96 -> 100.0


@given(st.lists(concentrations, min_size=1, max_size=9))
def test_half_of_the_limit_stands_for_what_was_not_detected(values: list[Decimal]) -> None:
    limit = Decimal(1)
    read = [read_determined(str(one), limit) for one in values]
    expected = sum((Fraction(one) if one >= 1 else Fraction(1, 2)) for one in values)
    assert measures.mean(read) == expected / len(values)
    assert measures.total(read) == sum(one for one in values if one >= 1)


@pytest.mark.parametrize("told", ["", "abc", "-0.5", "0.5 mg/L", "<0.025L", "1e99", "0L", "9" * 60])
def test_what_is_no_result_is_refused(told: str) -> None:
    with pytest.raises(BadInput):
        read_determined(told, Decimal("0.025"))


def test_not_detected_keeps_to_a_limit_only_if_its_own_does() -> None:
    unseen = Determined(None, Decimal("0.004"))
    assert measures.complies(unseen, Decimal("0.05")) is True
    assert measures.complies(unseen, Decimal("0.001")) is None


def test_a_line_of_the_textbook() -> None:
    # Miller & Miller, Statistics and Chemometrics for Analytical Chemistry, example 5.3.1:
    # fluorescein, 0-12 pg/ml: slope 1.93, intercept 1.52, r 0.9989.
    line = fit([0, 2, 4, 6, 8, 10, 12], [2.1, 5.0, 9.0, 12.6, 17.3, 21.0, 24.7])
    assert round(line.slope, 2) == 1.93
    assert round(line.intercept, 2) == 1.52
    assert round(line.r, 4) == 0.9989


def test_a_weighted_line_solves_the_normal_equations() -> None:
    x, y = [1.0, 2.0, 4.0, 8.0, 16.0], [2.2, 3.9, 8.3, 15.7, 32.9]
    line = fit(x, y, weight="1/x2")
    assert abs(sum(e / c**2 for e, c in zip(line.residuals, x, strict=True))) < 1e-12
    assert abs(sum(e / c for e, c in zip(line.residuals, x, strict=True))) < 1e-12


@given(
    st.lists(st.floats(0.1, 100), min_size=3, max_size=8, unique=True),
    st.floats(0.01, 50),
    st.floats(-5, 5),
)
def test_a_straight_line_is_found_again(x: list[float], slope: float, start: float) -> None:
    assume(max(x) - min(x) > 0.5)
    line = fit(x, [slope * one + start for one in x])
    assert line.slope == pytest.approx(slope, rel=1e-6)
    assert line.concentration(slope * 3 + start) == pytest.approx(3, rel=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "weight"),
    [
        ([1, 2], [1, 2], "1"),
        ([1, 2, 3], [5, 5, 5], "1"),
        ([2, 2, 2], [1, 2, 3], "1"),
        ([0, 1, 2], [1, 2, 3], "1/x"),
        ([-1, 1, 2], [1, 2, 3], "1"),
        ([1, 2, float("nan")], [1, 2, 3], "1"),
        ([1, 2, 3], [1, 2, 3], "x"),
    ],
)
def test_points_that_make_no_line_are_refused(x: list[float], y: list[float], weight: Any) -> None:
    with pytest.raises(BadInput):
        fit(x, y, weight=weight)


def test_every_method_has_sense() -> None:
    for one in methods().values():
        assert one.detection_limit > 0
        assert one.unit == "mg/L"  # the deviations of parallels go by it
