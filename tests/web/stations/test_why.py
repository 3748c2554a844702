"""Every number can be explained, and the explanation gives the number that is shown."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from django.test import Client

from songhua.app.platform import Songhua
from songhua.model import BEIJING, Period
from tests.web.stations.conftest import Ask

pytestmark = pytest.mark.slow

HOUR = {"period": "hour", "scope": "site", "subject": "1121A", "time": "2020-04-04T11"}
DAY = {"period": "day", "scope": "site", "subject": "1121A", "time": "2020-04-03"}
CITY = {"period": "hour", "scope": "city", "subject": "220100", "time": "2020-04-04T11"}
MONTH = {"period": "month", "scope": "city", "subject": "220100", "time": "2015-03-01"}
SPAN = Period(datetime(2020, 4, 2, tzinfo=BEIJING), datetime(2020, 4, 6, tzinfo=BEIJING))


def part(found: dict[str, Any], name: str) -> Any:
    return next(one for one in found["parts"] if one["name"] == name)


def formulas(steps: list[dict[str, Any]]) -> dict[str, str]:
    return {step["name"]: step["formula"] for step in steps}


def test_an_hour_is_derived_to_the_last_digit(ask: Ask) -> None:
    # HJ 633—2012 table 1, PM10: 250 → 150, 350 → 200; equation (1) by hand gives 161.5, up to 162.
    found = ask("why", **HOUR)
    pm10 = part(found, "pm10")
    assert (found["figure"]["aqi"], found["agrees"], found["edition"]) == (162, True, "HJ 633—2012")
    assert formulas(pm10["steps"])["formula"] == "(200−150)/(350−250)×(273−250)+150 = 161.5 → 162"
    assert pm10["steps"][-1]["law"] == {"code": "HJ 633—2012", "family": "hj_633", "year": 2012}
    assert [one["aqi"] for one in found["editions"]] == [162, 162]


def test_an_hour_names_the_file_and_line_of_each_value(ask: Ask) -> None:
    found = ask("why", **HOUR)
    (given,) = part(found, "pm10")["inputs"]
    source = found["sources"][str(given["revision"])]
    assert (given["value"], given["used"]) == (273, True)
    assert given["line"] > 1
    assert (source["file"], source["author"]) == ("air_hourly_2020-04.csv.gz", "demo")


def test_a_day_shows_its_24_hours_and_which_were_missing(ask: Ask) -> None:
    found = ask("why", **DAY)
    pm10 = part(found, "pm10")
    used = [one["value"] for one in pm10["inputs"] if one["used"]]
    assert len(pm10["inputs"]) == 24
    assert len(used) == 20
    assert formulas(pm10["mean"]["steps"])["valid"] == "20 ≥ 20"
    assert round(sum(used) / len(used)) == pm10["value"]  # 282.15: no tie to round
    ozone = part(found, "o3_8h")
    assert ozone["value"] is None
    assert "12/14" in ozone["reason"]["en"]  # HJ 663: 14 windows, unless above the limit


def test_a_city_shows_its_stations(ask: Ask) -> None:
    found = ask("why", **CITY)
    pm10 = part(found, "pm10")
    values = [one["value"] for one in pm10["inputs"] if one["used"]]
    assert found["kind"] == "sites"
    assert {one["site"] for one in pm10["inputs"]} >= {"1121A", "1119A"}
    assert abs(sum(values) / len(values) - pm10["value"]) <= 0.5


def test_a_month_follows_from_its_days(ask: Ask) -> None:
    found = ask("why", **MONTH)
    pm = part(found, "pm2_5")
    assert len(pm["inputs"]) == 31
    assert round(sum(one["value"] for one in pm["inputs"]) / 31) == pm["value"]
    steps = formulas(found["composite"]["steps"])
    singles = [float(steps[name].rsplit("→ ", 1)[1]) for name in steps if name.startswith("single")]
    assert len(singles) == 6
    assert round(sum(singles), 2) == found["figure"]["composite"] == found["composite"]["result"]
    lower = [one for one in found["rank"]["inputs"] if one["value"] < found["figure"]["composite"]]
    assert found["figure"]["rank"] == found["rank"]["result"] == len(lower) + 1


def test_one_statistic_can_be_asked_for(ask: Ask) -> None:
    (only,) = ask("why", **MONTH, figure="o3_p90")["parts"]
    assert (only["name"], only["percentile"]) == ("o3_p90", 90)


@pytest.mark.parametrize(
    ("scope", "subjects"),
    [("site", ["1121A", "1772A", "2239A", "jl-jiuzhan"]), ("city", ["220100", "220200", "222400"])],
)
def test_the_explanation_of_a_day_gives_the_day_on_the_shelf(
    ask: Ask, platform: Songhua, scope: str, subjects: list[str]
) -> None:
    rows = platform.shelf.air_index(period="day", scope=scope, span=SPAN, subjects=subjects)
    assert rows.height > 10
    for row in rows.iter_rows(named=True):
        day = row["time"].astimezone(BEIJING).date().isoformat()
        found = ask("why", period="day", scope=scope, subject=row["subject"], time=day)
        assert found["agrees"], (row["subject"], day)
        for one in found["parts"]:
            assert one["value"] == row[one["name"]], (row["subject"], day, one["name"])


@pytest.mark.parametrize(("scope", "subject"), [("site", "1121A"), ("city", "220200")])
def test_every_third_hour_is_explained_as_it_is_shown(
    ask: Ask, platform: Songhua, scope: str, subject: str
) -> None:
    rows = platform.shelf.air_index(period="hour", scope=scope, span=SPAN, subjects=[subject])
    for row in rows.filter(pl.col("time").dt.hour() % 3 == 0).iter_rows(named=True):
        at = row["time"].isoformat()
        found = ask("why", period="hour", scope=scope, subject=subject, time=at)
        assert (found["figure"]["aqi"], found["agrees"]) == (row["aqi"], True), at


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("asked", [HOUR, DAY, CITY, MONTH], ids=["hour", "day", "city", "month"])
def test_the_page_shows_result_steps_and_clause(
    reader: Client, asked: dict[str, str], language: str
) -> None:
    answer = reader.get("/why/", asked, headers={"accept-language": language})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "/law/" in text
    assert ("style=" in text, "{{" in text, "None" in text) == (False, False, False)
    if asked is HOUR:
        assert "(200−150)/(350−250)×(273−250)+150 = 161.5 → 162" in text
        assert "air_hourly_2020-04.csv.gz" in text


BAD = [
    ({}, 400),
    ({**HOUR, "period": "minute"}, 400),
    ({**HOUR, "scope": "river"}, 400),
    ({**HOUR, "time": "noon"}, 400),
    ({**HOUR, "time": ""}, 400),
    ({**HOUR, "as_of": "x"}, 400),
    ({**HOUR, "subject": "nowhere"}, 404),
    ({**CITY, "subject": "999999"}, 404),
    ({**CITY, "scope": "county"}, 400),
    ({**MONTH, "figure": "pm3"}, 400),
]


@pytest.mark.parametrize(("asked", "status"), BAD)
def test_a_question_without_sense_is_refused_in_words(
    ask: Ask, reader: Client, asked: dict[str, str], status: int
) -> None:
    answer = ask("why", status=status, **asked)
    assert answer["zh"]
    assert answer["en"]
    page = reader.get("/why/", asked)
    assert page.status_code == status
    assert answer["zh"] in page.content.decode()
