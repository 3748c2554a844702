"""Excluded hours: both figures are kept, good days stay, years compare with their limits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from songhua.assess.air.columns import daily_columns
from songhua.assess.air.dust import dust_exclusion
from songhua.assess.air.events import (
    Exclusion,
    admitted_events,
    deductions,
    without_days,
    without_hours,
)
from songhua.assess.air.means_columns import area_means, daily_means
from songhua.assess.air.statistics_columns import period_statistics
from songhua.assess.air.yearly import compliance, findings, meets, moving_mean, three_year_means
from songhua.model import BEIJING
from songhua.standards import ambient_air_rule, evaluation_rule

APRIL = datetime(2026, 4, 1, tzinfo=BEIJING).astimezone(UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MEMBERS = pl.DataFrame({"site": ["a", "b"], "region": ["220500", "220500"]})


def month_of_hours(sites: str = "ab") -> pl.DataFrame:
    """April 2026 with PM10 at 60 and one dusty afternoon of 960 on the 10th, everywhere."""
    rows = [
        {
            "site": site,
            "time": APRIL + number * HOUR,
            "pm10": 960.0 if 9 * 24 + 12 <= number < 9 * 24 + 15 else 60.0,
            **dict.fromkeys(("so2", "no2", "o3", "pm2_5"), 20.0),
            "co": 0.5,
        }
        for site in sites
        for number in range(30 * 24)
    ]
    return pl.DataFrame(rows, schema_overrides={"time": pl.Datetime("us", "UTC")})


DUST = dust_exclusion(
    "220500", APRIL + 9 * DAY + 12 * HOUR, APRIL + 9 * DAY + 15 * HOUR, record="认定 1"
)


def test_dust_leaves_the_means_and_stays_in_the_good_days() -> None:
    hours = month_of_hours()
    observed = daily_columns(area_means(daily_means(hours), MEMBERS, period="day"))
    left = area_means(daily_means(without_hours(hours, [DUST], MEMBERS)), MEMBERS, period="day")
    deducted = deductions(observed, left)
    # The tenth: (21 × 60 + 3 × 960) / 24 = 172.5 → 172; without the three hours 60
    assert observed.row(9, named=True)["pm10"] == 172
    assert deducted.rows() == [("220500", APRIL + 9 * DAY, "pm10", 60.0)]

    (whole,) = period_statistics(observed, period="month").rows(named=True)
    (cleared,) = period_statistics(observed, period="month", deducted=deducted).rows(named=True)
    assert (whole["pm10"], cleared["pm10"]) == (64, 60)  # 63.73 → 64
    assert whole["good_days"] == cleared["good_days"] == 29
    assert cleared["composite"] < whole["composite"]
    assert cleared["reason"] == ""


def test_a_day_with_too_few_hours_left_falls_out() -> None:
    long = Exclusion("220500", DUST.start, DUST.start + 5 * HOUR, ("pm10",), "认定 2")
    hours = month_of_hours("a")
    left = daily_means(without_hours(hours, [long], MEMBERS))
    assert deductions(daily_means(hours), left).rows() == [("a", APRIL + 9 * DAY, "pm10", None)]


def test_an_exclusion_of_a_site_leaves_the_others() -> None:
    only = Exclusion("a", DUST.start, DUST.end, ("pm10", "o3"), "事件 3")
    found = without_hours(month_of_hours(), [only], MEMBERS)
    blank = found.filter(pl.col("pm10").is_null())
    assert blank["site"].to_list() == ["a"] * 3
    assert blank["time"].min() == DUST.start
    assert blank["o3"].null_count() == 3
    assert blank["so2"].null_count() == 0


def test_days_that_came_as_days_fall_out_whole() -> None:
    days = daily_means(month_of_hours("a"))
    night = Exclusion("a", APRIL + 9 * DAY + 23 * HOUR, APRIL + 10 * DAY + HOUR, ("o3",), "事件 4")
    found = deductions(days, without_days(days, [night]))
    assert found.rows() == [
        ("a", APRIL + 9 * DAY, "o3_8h", None),
        ("a", APRIL + 10 * DAY, "o3_8h", None),
    ]


def test_events_need_a_record_and_an_edition_that_knows_them() -> None:
    def event(start: datetime, record: str) -> Exclusion:
        return Exclusion("220500", start, start + HOUR, ("pm2_5",), record)

    known = event(APRIL, "记录 5")
    before = event(datetime(2026, 2, 28, 12, tzinfo=BEIJING), "记录 6")
    assert admitted_events([known, before, event(APRIL, "")]) == [known]


def test_an_exclusion_is_a_span_with_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Exclusion("a", datetime(2026, 4, 1), APRIL, ("o3",), "x")  # noqa: DTZ001
    with pytest.raises(ValueError, match="end after"):
        Exclusion("a", APRIL, APRIL, ("o3",), "x")


FIGURES = {
    "so2": 60, "so2_p98": 150, "no2": 40, "no2_p98": 80, "pm10": 60, "pm10_p95": 120,
    "pm2_5": 30, "pm2_5_p95": 60, "co_p95": 4, "o3_p90": 160,
}  # fmt: skip


def year(number: int, **changed: float | None) -> dict[str, object]:
    start = datetime(number, 1, 1, tzinfo=BEIJING).astimezone(UTC)
    figures = {name: None if v is None else float(v) for name, v in (FIGURES | changed).items()}
    return {"subject": "220500", "time": start, **figures, "reason": ""}


def years(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"time": pl.Datetime("us", "UTC")})


def test_a_year_on_all_its_limits_meets_the_standard() -> None:
    # GB 3095—2026, transition limits, class 2
    found = compliance(years(year(2026)))
    assert len(found) == 10
    assert found["meets"].to_list() == [True] * 10
    assert found["year_meets"].all()
    assert found["multiple"].null_count() == 10
    assert found["edition"].unique().to_list() == ["GB 3095—2026"]


def test_one_statistic_above_its_limit_fails_the_year() -> None:
    found = compliance(years(year(2026, pm2_5=31)))
    row = found.row(by_predicate=pl.col("statistic") == "pm2_5", named=True)
    assert (row["limit"], row["meets"], row["multiple"]) == (30, False, 0.03)
    assert not found["year_meets"].any()


def test_the_same_year_meets_the_limits_of_2012() -> None:
    found = compliance(years(year(2025, pm2_5=35, pm2_5_p95=75, pm10=70, pm10_p95=150)))
    assert found["year_meets"].all()


def test_a_missing_statistic_leaves_the_question_open_unless_another_fails() -> None:
    assert compliance(years(year(2026, co_p95=None)))["year_meets"].to_list() == [None] * 10
    both = compliance(years(year(2026, co_p95=None, so2=61)))
    assert both["year_meets"].to_list() == [False] * 10


def test_from_2031_the_limits_are_tighter() -> None:
    figures = {name: Decimal(value) for name, value in FIGURES.items()}
    on = datetime(2031, 12, 31, tzinfo=BEIJING).date()
    found = findings(figures, evaluation_rule(on=on), ambient_air_rule(on=on))
    failed = {one.statistic for one in found if one.meets is False}
    assert failed == {"so2", "so2_p98", "no2", "no2_p98", "pm10", "pm10_p95", "pm2_5", "pm2_5_p95"}
    assert meets(found) is False


def test_the_moving_mean_begins_with_the_edition_that_has_it() -> None:
    rows = [year(2023, pm2_5=33), year(2024, pm2_5=31), year(2025, pm2_5=28), year(2026, pm2_5=27)]
    (found,) = three_year_means(years(*rows)).rows(named=True)
    # (31 + 28 + 27) / 3 = 28.67
    assert (found["time"], found["pm2_5"], found["o3_p90"]) == (rows[3]["time"], 29, 160)
    assert found["reason"] == ""


def test_a_missing_year_leaves_no_moving_mean() -> None:
    rows = [year(2024, co_p95=None), year(2025) | {"reason": "co too_few_days 300/324"}, year(2026)]
    (found,) = three_year_means(years(*rows)).rows(named=True)
    assert found["co_p95"] is None
    assert found["pm2_5"] == 30
    assert found["reason"] == "co too_few_days 300/324"
    assert moving_mean([Decimal(1), None], places=0) is None
    (two,) = three_year_means(years(*rows[1:])).rows(named=True)
    assert two["pm2_5"] is None


def test_before_2026_there_is_none() -> None:
    assert three_year_means(years(year(2023), year(2024), year(2025))).is_empty()


@pytest.mark.parametrize("values", [(31, 28, 27), (10, 11, 11), (1, 2, 2), (35, 36, 35.5)])
def test_moving_means_equal_the_reference(values: tuple[float, ...]) -> None:
    rows = [year(2024 + number, pm2_5=value) for number, value in enumerate(values)]
    (found,) = three_year_means(years(*rows)).rows(named=True)
    expected = moving_mean([Decimal(str(value)) for value in values], places=0)
    assert Decimal(str(found["pm2_5"])) == expected
