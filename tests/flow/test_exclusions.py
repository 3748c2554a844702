"""Sand and dust leave the month; a site that joins counts from its first day. Worked out by hand.

June 2019, the same air every hour but for a storm. The hours of dust leave the means, by
环办监测〔2016〕120号; good days stay.
"""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from songhua.api.ports import Decision
from songhua.app.platform import Songhua
from songhua.model import BEIJING, Period
from songhua.store.registry.models import DustPeriod, SitePeriod
from tests.conftest import PASSWORD, data_of
from tests.flow.deliveries import WIDE, bring

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

ONE, OTHER = "220500", "220600"
STORM = datetime(2019, 6, 10, 8, tzinfo=BEIJING)
JOINS = date(2019, 6, 16)
SITES = {"2229A": 60, "2230A": 60, "2231A": 40, "2232A": 80}
"""PM₁₀ of the hours of each site; the last two are of the other city."""


@pytest.fixture(scope="module")
def june(platform: Songhua, tmp_path_factory: pytest.TempPathFactory) -> Songhua:
    """Import June; a storm of four hours at 600 over one city, a site that joins in the other."""
    SitePeriod.objects.filter(site_id="2232A").update(valid_from=JOINS)
    path = tmp_path_factory.mktemp("june") / "june.csv"
    lines = ["site,time,so2,no2,co,o3,pm10,pm2_5"]
    for site, usual in SITES.items():
        for n in range(720):
            hour = datetime(2019, 6, 1, tzinfo=BEIJING) + timedelta(hours=n)
            storm = site in ("2229A", "2230A") and STORM <= hour < STORM + timedelta(hours=4)
            pm10 = 600 if storm else usual
            lines.append(f"{site},{hour:%Y-%m-%d %H:%M},12,20,1.0,80,{pm10},35")
    path.write_text("\n".join(lines), encoding="utf-8")
    assert bring(platform, path, WIDE)["rejected"] == 0
    return platform


def month(platform: Songhua, scope: str, subject: str, period: str = "month") -> dict[str, Any]:
    start = datetime(2019, 6, 1, tzinfo=BEIJING).astimezone(UTC)
    if period == "year":
        start = datetime(2019, 1, 1, tzinfo=BEIJING).astimezone(UTC)
    rows = platform.shelf.air_summary(
        period=period,
        scope=scope,
        span=Period(start, start + timedelta(days=1)),
        subjects=[subject],
    )
    return rows.row(0, named=True)


def wait(platform: Songhua) -> None:
    for _ in range(600):
        if all(task.state in ("done", "failed") for task in platform.jobs._tasks.values()):
            assert all(task.state == "done" for task in platform.jobs._tasks.values())
            return
        time.sleep(0.05)
    raise TimeoutError("a job did not end")


@pytest.fixture
def desk(june: Songhua) -> Client:
    client = Client(headers={"accept-language": "zh-CN"})
    assert client.login(username="admin", password=PASSWORD)
    return client


def test_with_the_storm(june: Songhua) -> None:
    city = month(june, "city", ONE)
    assert city["pm10"] == 63  # the day: (20 × 60 + 4 × 600) / 24 = 150; (29 × 60 + 150) / 30
    assert city["good_days"] == 30  # PM₁₀ 150: IAQI 100


def test_a_decision_in_the_register_takes_the_storm_out_and_puts_it_back(
    june: Songhua, desk: Client
) -> None:
    before = datetime.now(UTC)
    form = {
        "region": ONE,
        "start_0": "2019-06-10",
        "start_1": "08:00",
        "end_0": "2019-06-10",
        "end_1": "12:00",
        "document": "沙尘认定〔2019〕1号",
    }
    assert desk.post("/admin/registry/dustperiod/add/", form).status_code == 302
    wait(june)
    for scope, subject in (("city", ONE), ("site", "2229A")):
        row = month(june, scope, subject)
        assert row["pm10"] == 60  # (29 × 60 + 60) / 30: 20 hours are enough for the day
        assert row["good_days"] == 30
        assert month(june, scope, subject, "year")["pm10"] == 60
    day = Period.day(date(2019, 6, 10))
    whole = june.shelf.air_index(period="day", scope="city", span=day, subjects=[ONE])
    assert whole["pm10"].to_list() == [150]  # the day itself stays as it was
    entry = data_of(june)[-1]
    assert (entry.kind, entry.meta["author"]) == ("decision", "admin")
    start = datetime(2019, 6, 1, tzinfo=BEIJING).astimezone(UTC)
    span = Period(start, start + timedelta(days=1))
    past = june.shelf.air_summary(
        period="month", scope="city", span=span, subjects=[ONE], as_of=before
    )
    assert past["pm10"].to_list() == [63]

    kept = DustPeriod.objects.get(region_id=ONE)
    taken = desk.post(f"/admin/registry/dustperiod/{kept.pk}/delete/", {"post": "yes"})
    assert taken.status_code == 302
    wait(june)
    assert month(june, "city", ONE)["pm10"] == 63
    assert month(june, "site", "2229A")["pm10"] == 63


def test_a_site_that_joins_counts_from_its_first_day(june: Songhua) -> None:
    span = Period.days(date(2019, 6, 15), date(2019, 6, 16))
    days = june.shelf.air_index(period="day", scope="city", span=span, subjects=[OTHER])
    assert days.sort("time").select("pm10", "n").rows() == [(40, 1), (60, 2)]
    assert month(june, "city", OTHER)["pm10"] == 50  # (15 × 40 + 15 × 60) / 30


def test_a_replay_gives_the_same(june: Songhua, tmp_path: Path) -> None:
    first = month(june, "city", ONE)
    june.replay(lambda _: None)
    again = month(june, "city", ONE)
    assert first == again


def test_the_derivation_of_the_month_shows_the_day_with_and_without_the_storm(
    june: Songhua, desk: Client
) -> None:
    start = datetime(2019, 6, 10, 8, tzinfo=BEIJING)
    region = {"region_id": ONE, "start": start, "end": start + timedelta(hours=4)}
    DustPeriod.objects.create(**region, document="1号", author="admin")
    asked = Decision("dustperiod", "登记", ONE, region["start"], region["end"], "admin")
    june.follow(june.decide(asked))
    wait(june)
    query = {"period": "month", "scope": "city", "subject": ONE, "time": "2019-06-01"}
    found = desk.get("/api/v1/air/why", query).json()
    assert found["agrees"]
    part = next(one for one in found["parts"] if one["name"] == "pm10")
    assert (part["value"], part["agrees"]) == (60, True)
    days = {one["day"]: (one["value"], one["whole"]) for one in part["inputs"]}
    assert days["2019-06-10"] == (60, 150)
    assert days["2019-06-11"] == (60, None)


def test_values_older_than_the_law_are_kept_without_an_index(june: Songhua, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    lines = [f"2229A,2012-02-{day} 12:00,12,20,1.0,80,60,35" for day in (27, 28, 29)]
    path.write_text("\n".join(["site,time,so2,no2,co,o3,pm10,pm2_5", *lines]), encoding="utf-8")
    assert bring(june, path, WIDE)["new"] == 18
    span = Period.days(date(2012, 2, 27), date(2012, 2, 29))
    assert june.shelf.observations(period="hour", span=span, sites=["2229A"]).height == 18
    hours = june.shelf.air_index(period="hour", scope="site", span=span, subjects=["2229A"])
    known = hours.filter(hours["aqi"].is_not_null())["time"]
    assert [time.astimezone(BEIJING).day for time in known] == [29]
