"""A correction travels: hour, day, city day, month and rank; and the past can be asked for.

Two cities of two sites, June 2019, the same air every hour: what must come out is worked out by
hand beside each figure (HJ 633—2012, HJ 663, GB 3095—2012).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from songhua.api.ports import CorrectionOrder
from songhua.app.platform import Songhua
from songhua.model import BEIJING, BadInput, Period
from songhua.store.registry.models import Correction
from tests.flow.deliveries import WIDE, bring

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

SITES = ("2229A", "2230A", "2231A", "2232A")
ONE, OTHER = "220500", "220600"
SITE = SITES[0]
MONTH = datetime(2019, 6, 1, tzinfo=BEIJING).astimezone(UTC)
DAY = datetime(2019, 6, 10, tzinfo=BEIJING).astimezone(UTC)
HOUR = DAY + timedelta(hours=9)
AIR = "12,20,1.0,80,60,35"
"""SO₂ 12, NO₂ 20, CO 1.0, O₃ 80, PM₁₀ 60, PM₂.₅ 35."""


class Seen(NamedTuple):
    """What a reader sees: each figure on the way from the hour to the rank."""

    hour: int
    city_hour: int
    pm10_day: float
    aqi_day: int
    pm10_city_day: float
    aqi_city_day: int
    pm10_month: float
    composite: float
    ranks: tuple[int, int]


BEFORE = Seen(
    hour=55,  # PM₁₀ 60: 50 + 50 × 10/100
    city_hour=55,
    pm10_day=60,
    aqi_day=55,
    pm10_city_day=60,
    aqi_city_day=55,
    pm10_month=60,
    composite=3.31,  # 12/60 + 20/40 + 1/4 + 80/160 + 60/70 + 35/35 = 3.307
    ranks=(1, 1),
)
AFTER = Seen(
    hour=500,  # PM₁₀ 1548 lies beyond the last limit
    city_hour=500,  # (1548 + 60) / 2 = 804
    pm10_day=122,  # (23 × 60 + 1548) / 24
    aqi_day=86,  # 50 + 50 × 72/100
    pm10_city_day=91,  # (122 + 60) / 2
    aqi_city_day=71,  # 50 + 50 × 41/100 = 70.5, up
    pm10_month=61,  # (29 × 60 + 91) / 30 = 61.03
    composite=3.32,  # 3.307 + 1/70 = 3.321
    ranks=(2, 1),
)


@pytest.fixture(scope="module")
def june(platform: Songhua, tmp_path_factory: pytest.TempPathFactory) -> Songhua:
    path = tmp_path_factory.mktemp("june") / "june.csv"
    hours = [datetime(2019, 6, 1) + timedelta(hours=n) for n in range(720)]  # noqa: DTZ001 - as files write it
    lines = [f"{site},{hour:%Y-%m-%d %H:%M},{AIR}" for site in SITES for hour in hours]
    path.write_text("\n".join(["site,time,so2,no2,co,o3,pm10,pm2_5", *lines]), encoding="utf-8")
    found = bring(platform, path, WIDE)
    assert (found["new"], found["rejected"]) == (4 * 720 * 6, 0)
    return platform


def seen(platform: Songhua, as_of: datetime | None = None) -> Seen:
    def index(period: str, scope: str, subject: str, at: datetime) -> dict[str, Any]:
        span = Period(at, at + timedelta(hours=1))
        rows = platform.shelf.air_index(
            period=period, scope=scope, span=span, subjects=[subject], as_of=as_of
        )
        return rows.row(0, named=True)

    month = platform.shelf.air_summary(
        period="month",
        scope="city",
        span=Period(MONTH, MONTH + timedelta(days=1)),
        subjects=[ONE, OTHER],
        as_of=as_of,
    )
    one, other = month.sort("subject").to_dicts()
    day, city_day = index("day", "site", SITE, DAY), index("day", "city", ONE, DAY)
    return Seen(
        hour=index("hour", "site", SITE, HOUR)["aqi"],
        city_hour=index("hour", "city", ONE, HOUR)["aqi"],
        pm10_day=day["pm10"],
        aqi_day=day["aqi"],
        pm10_city_day=city_day["pm10"],
        aqi_city_day=city_day["aqi"],
        pm10_month=one["pm10"],
        composite=one["composite"],
        ranks=(one["rank"], other["rank"]),
    )


def correct(platform: Songhua, value: float | None, reason: str, **other: Any) -> Any:
    order = {"site": SITE, "quantity": "pm10", "time": HOUR, "author": "analyst", **other}
    return platform.correct(CorrectionOrder(value=value, reason=reason, **order))


@pytest.fixture
def corrected(june: Songhua) -> Iterator[tuple[Songhua, datetime, Any]]:
    """Correct one hour; undo it afterwards."""
    before = datetime.now(UTC)
    result = correct(june, 1548.0, "纸带核对：漏记一位")
    yield june, before, result
    correct(june, 60.0, "撤销：原值无误")


def test_before_all_figures_are_those_worked_out_by_hand(june: Songhua) -> None:
    assert seen(june) == BEFORE


def test_every_figure_that_rests_on_the_hour_changes(
    corrected: tuple[Songhua, datetime, Any],
) -> None:
    platform, before, result = corrected
    assert (result["former"], result["value"]) == (60.0, 1548.0)
    assert seen(platform) == AFTER
    assert seen(platform, as_of=before) == BEFORE


def test_nothing_else_changes(corrected: tuple[Songhua, datetime, Any]) -> None:
    platform, before, _ = corrected
    changes = platform.shelf.changes(since=before)
    touched = {
        (row["period"], row["scope"], row["subject"], row["time"])
        for row in changes.iter_rows(named=True)
    }
    subjects = {subject for *_, subject, _ in touched}
    counties = {subject for _, scope, subject, _ in touched if scope == "county"}
    assert subjects - counties == {SITE, ONE}
    assert all(county.startswith(ONE[:4]) for county in counties)
    for period, _, _, time in touched:
        starts = {"hour": HOUR, "day": DAY, "month": MONTH}
        assert time == starts.get(period, time)


def test_what_changed_is_told_with_former_values(
    corrected: tuple[Songhua, datetime, Any],
) -> None:
    _, _, result = corrected
    told = {change["en"] for change in result["changes"]}
    assert f"{SITE} hour AQI 55 → 500" in told
    assert f"{SITE} day AQI 55 → 86" in told
    assert f"{ONE} day AQI 55 → 71" in told
    assert f"{ONE} month composite index 3.31 → 3.32, rank 1 → 2" in told
    (month,) = [c["zh"] for c in result["changes"] if c["en"].startswith(f"{ONE} month")]
    assert month.endswith("月综合指数 3.31 → 3.32，名次 1 → 2")


def test_a_figure_that_stays_is_told_by_the_number_that_changed_beneath_it(
    june: Songhua,
) -> None:
    """SO₂ 12 → 36: its index, 36, stays below that of PM₁₀, 55; the day's mean is 13.

    The month's mean is 12.03 at the site and 12.02 in the city: published, both are 12 still.
    """
    try:
        told = {change["en"] for change in correct(june, 36.0, "核对", quantity="so2")["changes"]}
        zh = correct(june, 12.0, "撤销", quantity="so2")["changes"]
    finally:
        assert seen(june) == BEFORE
    assert f"{SITE} hour SO₂ 12 → 36" in told
    assert f"{ONE} hour SO₂ 12 → 24" in told
    assert f"{SITE} day SO₂ 12 → 13" in told
    assert not any(" month " in line or "AQI" in line for line in told)
    assert any(line["zh"].endswith("2019-06-10 09时 小时SO₂ 36 → 12") for line in zh)
    for line in told:
        before, after = line.split(" ")[-3::2]
        assert before != after


def test_the_histories_say_from_what_to_what_by_whom_and_why(
    corrected: tuple[Songhua, datetime, Any],
) -> None:
    platform, _, result = corrected
    values = platform.shelf.observation_history(
        site=SITE, quantity="pm10", period="hour", time=HOUR
    )
    assert values.select("value", "reason", "author").rows()[0] == (60.0, "", "flow")
    assert values.select("value", "reason", "author").rows()[-1] == (
        1548.0,
        "纸带核对：漏记一位",
        "analyst",
    )
    cause = result["revision"]
    shelf = platform.shelf
    for period, scope, subject, at, values in (
        ("hour", "site", SITE, HOUR, (55, 500)),
        ("hour", "city", ONE, HOUR, (55, 500)),
        ("day", "site", SITE, DAY, (55, 86)),
        ("day", "city", ONE, DAY, (55, 71)),
    ):
        history = shelf.air_index_history(period=period, scope=scope, subject=subject, time=at)
        assert tuple(history["aqi"].to_list()[-2:]) == values
        assert history["cause"][-1] == cause
    month = shelf.air_summary_history(period="month", scope="city", subject=ONE, time=MONTH)
    assert month["composite"].to_list()[-2:] == [3.31, 3.32]
    kept = Correction.objects.get(journal_seq=cause)
    assert (kept.former, kept.value, kept.author) == (60.0, 1548.0, "analyst")


def test_an_undone_correction_leaves_the_figures_as_they_were(june: Songhua) -> None:
    correct(june, 1548.0, "误改")
    between = datetime.now(UTC)
    correct(june, 60.0, "撤销：原值无误")
    assert seen(june) == BEFORE
    assert seen(june, as_of=between) == AFTER


def test_an_hour_without_a_valid_value_is_left_out_of_its_day(june: Songhua) -> None:
    correct(june, None, "校零时段")
    now = seen(june)
    assert now.hour == 50  # PM₂.₅ 35 is the highest that remains
    assert now.pm10_day == 60
    correct(june, 60.0, "撤销：原值无误")
    assert seen(june) == BEFORE


def test_a_decision_stands_when_the_source_sends_the_old_value_again(
    june: Songhua, tmp_path: Path
) -> None:
    correct(june, 1548.0, "核对纸带")
    head, stamp = "site,time,so2,no2,co,o3,pm10,pm2_5", f"{HOUR.astimezone(BEIJING):%Y-%m-%d %H:%M}"
    for pm10, name in ((60, "same.csv"), (61, "other.csv")):
        path = tmp_path / name
        path.write_text(f"{head}\n{SITE},{stamp},12,20,1.0,80,{pm10},35\n", encoding="utf-8")
        bring(june, path, WIDE)
        assert seen(june) == AFTER
    delivered = june.shelf.delivered(
        period="hour",
        span=Period(HOUR, HOUR + timedelta(hours=1)),
        sites=[SITE],
        quantities=["pm10"],
    )
    assert delivered["value"].to_list() == [61.0]
    correct(june, 60.0, "撤销：原值无误")
    assert seen(june) == BEFORE


def test_the_past_is_what_was_shown_however_often_it_changed(june: Songhua) -> None:
    shown = []
    for value in (100.0, 200.0, 300.0, 60.0):
        correct(june, value, f"第 {value:g} 次")
        shown.append((datetime.now(UTC), seen(june)))
    for at, then in shown:
        assert seen(june, as_of=at) == then
    assert [then.hour for _, then in shown] == [75, 125, 175, 55]


@pytest.mark.parametrize(
    ("value", "reason", "other", "word"),
    [
        (1.0, " ", {}, "why"),
        (1.0, "", {}, "why"),
        (-1.0, "x", {}, "must lie between"),
        (1e9, "x", {}, "must lie between"),
        (float("nan"), "x", {}, "must lie between"),
        (float("inf"), "x", {}, "must lie between"),
        (1.0, "x", {"site": "9999A"}, "Unknown site"),
        (1.0, "x", {"quantity": "cs2"}, "Unknown quantity"),
        (1.0, "x", {"time": HOUR + timedelta(minutes=30)}, "on the hour"),
        (1.0, "x", {"time": datetime(2120, 1, 1, tzinfo=UTC)}, "future"),
    ],
)
def test_what_cannot_be_a_correction_is_refused_and_not_kept(
    june: Songhua, value: float, reason: str, other: dict[str, Any], word: str
) -> None:
    before = june.journal.last_seq
    with pytest.raises(BadInput, match=word):
        correct(june, value, reason, **other)
    assert june.journal.last_seq == before
