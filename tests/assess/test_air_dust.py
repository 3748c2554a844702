"""Sand and dust: candidates on a real storm, and what a deduction does."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from songhua.assess.air.dust import dust_candidates, dust_exclusion, dust_spans
from songhua.assess.rounding import exact
from songhua.model import BEIJING
from songhua.standards import dust_rule

FILE = Path(__file__).parents[1] / "reference" / "air" / "dust_2020-04-03.csv"
HOUR = timedelta(hours=1)


def storm() -> pl.DataFrame:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return pl.DataFrame(
        [
            {
                "site": row["site"],
                # the file labels hours by their end
                "time": datetime.fromisoformat(row["end"]).replace(tzinfo=BEIJING).astimezone(UTC)
                - HOUR,
                "pm10": float(row["pm10"]) if row["pm10"] else None,
                "pm2_5": float(row["pm2_5"]) if row["pm2_5"] else None,
            }
            for row in rows
        ],
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )


RULE = dust_rule(on=datetime(2020, 4, 3, tzinfo=BEIJING).date())
NOON = datetime(2020, 4, 3, 4, tzinfo=UTC)


def series(
    coarse: list[int | None], fine: list[int | None]
) -> dict[datetime, tuple[Decimal, Decimal]]:
    return {
        NOON + number * HOUR: (Decimal(a), Decimal(b))
        for number, (a, b) in enumerate(zip(coarse, fine, strict=True))
        if a is not None and b is not None
    }


def test_the_storm_of_3_april_2020_is_proposed_where_it_passed() -> None:
    found = dust_candidates(storm())
    assert found["site"].to_list() == ["通化 铁路"]
    (span,) = found.rows(named=True)
    # By hand: hours ending 15 … 20 have 36 28 26 25 35 50, mean 33.3; the hour ending 21 has 243,
    # its share of PM2.5 is 0.19 against 0.49 before; the hour ending 3 is the first below 36.7.
    assert span["start"].astimezone(BEIJING).isoformat() == "2020-04-03T20:00:00+08:00"
    assert span["end"].astimezone(BEIJING).isoformat() == "2020-04-04T02:00:00+08:00"
    assert (round(span["before"], 1), span["peak"], span["over"]) == (33.3, 375, True)


def test_the_columns_and_the_reference_find_the_same() -> None:
    frame = storm().filter(pl.col("site") == "通化 铁路").drop_nulls()
    hours = {
        time: (exact(coarse), exact(fine))
        for time, coarse, fine in frame.select("time", "pm10", "pm2_5").iter_rows()
    }
    (span,) = dust_spans(hours, RULE)
    (row,) = dust_candidates(frame.sample(fraction=1, shuffle=True, seed=1)).rows(named=True)
    assert (row["start"], row["end"], row["peak"]) == (span.start, span.end, float(span.peak))


CALM = ([60] * 6, [30] * 6)


@pytest.mark.parametrize(
    ("coarse", "fine", "starts"),
    [
        (151, 30, True),
        (150, 30, False),  # on the floor of 150 is not above it
        (200, 50, True),  # the share is exactly half of what it was
        (200, 51, False),
    ],
)
def test_the_start_needs_a_rise_a_level_and_a_fallen_share(
    coarse: int,
    fine: int,
    starts: bool,  # noqa: FBT001
) -> None:
    hours = series([*CALM[0], coarse, 60], [*CALM[1], fine, 30])
    assert bool(dust_spans(hours, RULE)) is starts


@pytest.mark.parametrize(("coarse", "starts"), [(180, True), (179, False)])
def test_the_start_is_at_least_twice_the_hours_before(coarse: int, starts: bool) -> None:  # noqa: FBT001
    hours = series([*[90] * 6, coarse, 60], [*[60] * 6, 10, 30])
    assert bool(dust_spans(hours, RULE)) is starts


def test_the_end_is_back_within_a_tenth() -> None:
    hours = series([*[100] * 6, 400, 300, 111, 110, 90], [*[60] * 6, 20, 20, 20, 20, 20])
    (span,) = dust_spans(hours, RULE)
    assert span.end == NOON + 9 * HOUR
    assert (span.before, span.peak, span.over) == (Fraction(100), 400, True)


def test_a_span_that_does_not_end_in_the_data_says_so() -> None:
    (span,) = dust_spans(series([*[60] * 6, 400, None, 300], [*[30] * 6, 20, None, 20]), RULE)
    assert (span.end, span.over) == (NOON + 9 * HOUR, False)


def test_a_gap_before_makes_no_candidate() -> None:
    assert dust_spans(series([60, 60, None, 60, 60, 60, 400], [30] * 7), RULE) == []


def test_two_storms_are_two_spans() -> None:
    coarse = [*[60] * 6, 400, *[60] * 6, 500, 60]
    fine = [*[30] * 6, 20, *[30] * 6, 20, 30]
    assert [span.peak for span in dust_spans(series(coarse, fine), RULE)] == [400, 500]


def test_no_dust_gives_an_empty_table() -> None:
    found = dust_candidates(storm().filter(pl.col("site").str.starts_with("延边")))
    assert found.is_empty()
    assert found.columns == ["site", "start", "end", "before", "peak", "over"]


def test_a_decided_period_excludes_particles_alone() -> None:
    exclusion = dust_exclusion("220500", NOON, NOON + HOUR, record="总站 2020-04")
    assert exclusion.quantities == ("pm10", "pm2_5")
