"""Rounding by GB/T 8170: the examples of the document, and the two columnar twins."""

import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.assess.rounding import (
    NANO,
    exact,
    half_even,
    half_even_divide,
    half_even_quotient,
    nano,
    shifted,
)

FILE = Path(__file__).parents[1] / "reference" / "air" / "rounding_examples.csv"
EXAMPLES = list(
    csv.DictReader(
        line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
)


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row["value"])
def test_the_examples_of_gb_t_8170(row: dict[str, str]) -> None:
    places = int(row["decimals"])
    expected = Decimal(row["result"])
    assert half_even(Decimal(row["value"]), places) == expected
    whole = pl.select(nano(pl.lit(float(row["value"])))).item()
    column = half_even_quotient(pl.col("whole") * 10**places, NANO)
    found = pl.DataFrame({"whole": [whole]}).select(shifted(column, places)).item()
    assert exact(found) == expected


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_a_quotient_of_integers_is_rounded_alike_everywhere(above: int, below: int) -> None:
    expected = int(half_even(Fraction(above, below), 0))
    assert half_even_divide(np.array([above]), below)[0] == expected
    frame = pl.DataFrame({"above": [above]})
    assert frame.select(half_even_quotient(pl.col("above"), below)).item() == expected


@given(st.decimals(-(10**6), 10**6, places=6))
def test_billionths_keep_what_a_float_names(value: Decimal) -> None:
    frame = pl.DataFrame({"value": [float(value)]})
    assert frame.select(nano(pl.col("value"))).item() == value * NANO


@pytest.mark.parametrize("places", [0, 1, 2, 3])
def test_last_places_become_the_nearest_float(places: int) -> None:
    whole = np.arange(-5000, 200_000)
    found = pl.DataFrame({"whole": whole}).select(shifted(pl.col("whole"), places))
    assert (found.to_series().to_numpy() == whole / 10**places).all()


def test_nothing_stays_nothing() -> None:
    frame = pl.DataFrame(
        {"above": [None, 5], "below": [0, 0]}, schema_overrides={"above": pl.Int64}
    )
    found = frame.select(half_even_quotient(pl.col("above"), pl.col("below")).alias("q"))
    assert found["q"].to_list() == [None, None]
