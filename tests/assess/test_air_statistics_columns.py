"""The columnar statistics equal the readable reference, whatever the days look like."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.assess.air.statistics import (
    DAY_COLUMN,
    CompositeIndex,
    Span,
    composite_index,
    figure_name,
    rate,
    read_reasons,
    reason_text,
    span_of,
    statistic,
    too_few_days,
)
from songhua.assess.air.statistics_columns import period_statistics
from songhua.assess.rounding import exact, half_even
from songhua.model import BEIJING, BadInput, Missing
from songhua.standards import (
    POLLUTANTS,
    Averaging,
    ambient_air_rule,
    evaluation_rule,
    ranking_rule,
)

Day = dict[str, float | int | None]
Days = dict[tuple[str, date], Day]
SCHEMA = {
    "subject": pl.String,
    "time": pl.Datetime("us", "UTC"),
    **dict.fromkeys(DAY_COLUMN.values(), pl.Float64),
    "aqi": pl.UInt16,
    "level": pl.UInt8,
}

values = st.one_of(
    st.none(),
    st.integers(0, 300).map(float),
    st.sampled_from([35.0, 60.0, 75.0, 75.4, 75.5, 76.0, 160.0, 160.5, 161.0, 4.05, 0.25]),
    st.integers(0, 99_999).map(lambda n: n / 1000),
)
days = st.builds(
    lambda figures, level: {**figures, "aqi": level and level * 50, "level": level},
    st.fixed_dictionaries(dict.fromkeys(DAY_COLUMN.values(), values)),
    st.one_of(st.none(), st.integers(1, 6)),
)
#: About the change of editions on 2026-03-01, and a turn of the year.
dates = st.one_of(
    st.dates(date(2026, 2, 1), date(2026, 3, 31)), st.dates(date(2025, 12, 1), date(2026, 1, 9))
)
some_days = st.dictionaries(st.tuples(st.sampled_from("AB"), dates), days, min_size=1, max_size=90)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(UTC)


def frame_of(rows: Days) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"subject": subject, "time": midnight(day), **row}
            for (subject, day), row in rows.items()
        ],
        schema=SCHEMA,
    )


def numbers(rows: dict[date, Day], name: str) -> dict[date, Decimal]:
    column = DAY_COLUMN[name]
    return {day: exact(row[column]) for day, row in rows.items() if row[column] is not None}


def exceeds(day: date, value: Decimal, name: str) -> bool:
    averaging = Averaging.MAX_8H if name == "o3" else Averaging.DAILY
    limit = ambient_air_rule(on=day).limit(name, averaging)
    return half_even(value, evaluation_rule(on=day).places[name]) > limit


def reference(rows: dict[date, Day], span: Span) -> dict[str, object]:
    """Return what a period's row must say, by the scalar functions alone."""
    first, last = span_of(min(rows), span)
    rule, ranking = evaluation_rule(on=last), ranking_rule(on=last)
    found: dict[str, object] = {"edition": rule.edition, "days": (last - first).days + 1}
    figures: dict[tuple[str, int | None], Fraction | Decimal] = {}
    reasons: dict[str, Missing | None] = {}
    for name in POLLUTANTS:
        known = numbers(rows, name)
        months: dict[int, int] = defaultdict(int)
        for day in known:
            months[day.month] += 1
        reasons[name] = too_few_days(months, span, first, rule)
        over = sum(exceeds(day, value, name) for day, value in known.items())
        share = rate(over, len(known), places=rule.rate_places)
        found |= {f"n_{name}": len(known), f"exceed_{name}": over}
        found[f"exceed_rate_{name}"] = None if isinstance(share, Missing) else share
        if known:
            for item in rule.yearly:
                if item.quantity == name:
                    figures[name, item.percentile] = statistic([*known.values()], item.percentile)
    for (name, percentile), figure in figures.items():
        found[figure_name(name, percentile)] = half_even(figure, rule.places[name])
    levels = [row["level"] for row in rows.values() if row["aqi"] is not None]
    good = sum(level in (1, 2) for level in levels)
    share = rate(good, len(levels), places=rule.rate_places)
    found |= {"valid_days": len(levels), "good_days": good, "exceed_days": len(levels) - good}
    found |= {f"level_{number}": levels.count(number) for number in range(1, 7)}
    found["good_rate"] = None if isinstance(share, Missing) else share
    index = composite_index(figures, ranking)
    if isinstance(index, CompositeIndex):
        found |= {"composite": index.total, "largest": "+".join(index.largest)}
        found |= {f"index_{name}": single for name, single in index.singles.items()}
    else:
        found |= {"composite": None, "largest": ""}
    return found | {"reason": reason_text(reasons)}


@pytest.mark.parametrize("span", list(Span))
@given(rows=some_days)
@settings(max_examples=25, deadline=None)
def test_statistics_equal_the_reference(span: Span, rows: Days) -> None:
    groups: dict[tuple[str, datetime], dict[date, Day]] = defaultdict(dict)
    for (subject, day), row in rows.items():
        groups[subject, midnight(span_of(day, span)[0])][day] = row
    found = period_statistics(frame_of(rows), period=span.value)
    assert len(found) == len(groups)
    for row in found.iter_rows(named=True):
        for name, value in reference(groups[row["subject"], row["time"]], span).items():
            got = row[name]
            assert (exact(got) if isinstance(got, float) else got) == value, name


@given(some_days, st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_days_does_not_matter(rows: Days, random: object) -> None:
    items = list(rows.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    shuffled = period_statistics(frame_of(dict(items)), period="month")
    assert shuffled.equals(period_statistics(frame_of(rows), period="month"))


def month(first: date, count: int, **figures: float) -> pl.DataFrame:
    day: Day = dict.fromkeys(DAY_COLUMN.values(), 10.0) | {"aqi": 40, "level": 1} | figures
    return frame_of({("A", first + timedelta(days=number)): day for number in range(count)})


def test_a_period_with_too_few_days_still_shows_its_figures_and_says_so() -> None:
    row = period_statistics(month(date(2026, 4, 1), 26), period="month").row(0, named=True)
    assert row["pm2_5"] == 10
    assert read_reasons(row["reason"])["pm2_5"].detail == "26/27"
    assert row["composite"] is not None
    whole = period_statistics(month(date(2026, 4, 1), 27), period="month").row(0, named=True)
    assert whole["reason"] == ""


def test_a_day_is_judged_by_its_own_limit_and_a_period_by_its_last_day() -> None:
    # 70 µg/m³ of PM2.5 is good in February 2026 (limit 75), above the limit from March (60).
    days = pl.concat(
        [month(date(2026, 2, 1), 28, pm2_5=70.0), month(date(2026, 3, 1), 31, pm2_5=70.0)]
    )
    found = period_statistics(days, period="month").rows(named=True)
    assert [row["exceed_pm2_5"] for row in found] == [0, 31]
    assert [row["edition"] for row in found] == ["HJ 663—2013", "HJ 663—2026"]
    (quarter,) = period_statistics(days, period="quarter").rows(named=True)
    assert (quarter["exceed_pm2_5"], quarter["edition"]) == (31, "HJ 663—2026")


def test_a_deduction_changes_the_means_and_nothing_else() -> None:
    days = month(date(2026, 4, 1), 27, pm10=100.0)
    deducted = pl.DataFrame(
        {
            "subject": ["A", "A"],
            "time": [midnight(date(2026, 4, 1)), midnight(date(2026, 4, 2))],
            "quantity": ["pm10", "pm10"],
            "value": [None, 48.0],
        }
    )
    (plain,) = period_statistics(days, period="month").rows(named=True)
    (left,) = period_statistics(days, period="month", deducted=deducted).rows(named=True)
    assert (plain["pm10"], left["pm10"]) == (100, 98)  # (25 × 100 + 48) / 26
    assert left["reason"] == ""  # still a valid month
    assert left["n_pm10"] == 26
    same = ["good_days", "level_1", "pm2_5", "co_p95", "valid_days", "exceed_days"]
    assert [left[name] for name in same] == [plain[name] for name in same]
    assert left["composite"] < plain["composite"]


def test_no_days_make_no_periods() -> None:
    empty = period_statistics(pl.DataFrame(schema=SCHEMA), period="year")
    assert empty.is_empty()
    assert "composite" in empty.columns


def test_days_must_have_been_assessed_and_belong_to_someone() -> None:
    days = month(date(2026, 4, 1), 1)
    with pytest.raises(BadInput, match="daily_columns"):
        period_statistics(days.drop("aqi"), period="month")
    with pytest.raises(BadInput, match="subject"):
        period_statistics(days.drop("subject"), period="month")


def test_the_subject_may_be_called_site_or_region() -> None:
    days = month(date(2026, 4, 1), 1).rename({"subject": "region"})
    assert period_statistics(days, period="month").columns[0] == "region"


def test_a_day_that_comes_twice_is_refused_by_name() -> None:
    days = month(date(2026, 4, 1), 2)
    with pytest.raises(BadInput, match="A 2026-04-02"):
        period_statistics(pl.concat([days, days[1:]]), period="month")
