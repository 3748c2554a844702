"""The air of one station over time, against what was published and what the standards print."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import Any

import openpyxl
import polars as pl
import pytest
from django.test import Client

from songhua.api.v1 import legend, shape
from songhua.model import BEIJING, Period
from tests.web.stations.conftest import Ask

pytestmark = pytest.mark.slow

SITE = "1121A"  # 邮电学院
DAYS = {"from": "2020-04-02", "to": "2020-04-05"}
SHOWN = pl.col("time") < datetime(2020, 4, 5, 16, tzinfo=UTC)


def ms(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=BEIJING).timestamp() * 1000)


def at(found: dict[str, Any], name: str, time: int) -> Any:
    series = next(one for one in found["series"] if one["name"] == name)
    return series["value"][found["time"].index(time)]


def test_every_published_hour_is_on_the_chart(ask: Ask, published: pl.DataFrame) -> None:
    found = ask("series", site=SITE, quantities="aqi,pm10,pm2_5,o3", **DAYS)
    shown = 0
    for row in published.filter(pl.col("site") == SITE, SHOWN).iter_rows(named=True):
        time = int(row["time"].timestamp() * 1000)
        for name in ("pm10", "pm2_5", "o3"):
            assert at(found, name, time) == row[name]
            shown += row[name] is not None
    assert shown > 180


def test_an_hour_that_never_came_is_a_gap(ask: Ask) -> None:
    found = ask("series", site=SITE, quantities="pm10", **DAYS)
    assert len(found["time"]) == 96
    assert at(found, "pm10", ms(2020, 4, 3, 4)) is None
    assert at(found, "pm10", ms(2020, 4, 4, 11)) == 273


def test_bands_and_limits_are_those_of_the_standard(ask: Ask) -> None:
    found = ask("series", site=SITE, quantities="o3,pm10", **DAYS)
    o3, pm10 = found["series"]
    assert found["editions"] == ["HJ 633—2012"]
    assert [band["hi"] for band in o3["bands"][0]["levels"]][:4] == [160, 200, 300, 400]
    assert (o3["limits"][0]["class_1"], o3["limits"][0]["class_2"]) == (160, 200)
    assert pm10["limits"] == []  # no hourly limit of PM in GB 3095


def test_bands_change_with_the_edition() -> None:
    span = Period.days(date(2026, 2, 27), date(2026, 3, 2))
    before, after = legend.bands("pm2_5", "day", span)
    assert (before["edition"], after["edition"]) == ("HJ 633—2012", "HJ 633—2026")
    assert before["to"] == after["from"] == ms(2026, 3, 1)
    assert [band["hi"] for band in before["levels"]] == [35, 75, 115, 150, 250, None]
    assert [band["hi"] for band in after["levels"]] == [35, 60, 115, 150, 250, None]


def test_limits_change_with_the_phase() -> None:
    span = Period.days(date(2030, 12, 30), date(2031, 1, 2))
    transition, full = legend.limits("pm2_5", "day", span)
    assert (transition["class_2"], full["class_2"]) == (60, 50)
    assert full["from"] == ms(2031, 1, 1)


def test_a_column_without_index_above_its_end_ends_there() -> None:
    span = Period.days(date(2020, 4, 2), date(2020, 4, 2))
    levels = legend.bands("so2", "hour", span)[0]["levels"]
    assert levels[-1] == {"number": 4, "lo": 650, "hi": 800}  # HJ 633—2012 table 1 note 2


def test_ten_years_are_gathered_without_losing_the_extremes() -> None:
    span = Period.days(date(2014, 1, 1), date(2023, 12, 31))
    over = shape.grid(span, "hour")
    assert over.count <= shape.MOST_POINTS
    peak = datetime(2018, 5, 6, 7, tzinfo=UTC)
    rows = pl.DataFrame(
        {"time": [peak, peak + timedelta(hours=1)], "value": [400.0, 10.0]},
        schema_overrides={"time": pl.Datetime("us", "UTC")},
    )
    drawn = shape.course(rows, over)
    place = int((peak - span.start) / over.step)
    assert (drawn["low"][place], drawn["value"][place], drawn["high"][place]) == (10, 205, 400)
    assert sum(value is not None for value in drawn["value"]) == 1


def test_a_city_shows_its_own_days(ask: Ask) -> None:
    day = {"from": "2015-03-03", "to": "2015-03-03"}
    found = ask("series", region="220100", period="day", quantities="pm2_5", **day)
    assert found["series"][0]["value"] == [42.4]  # as delivered: 长春, 2015-03-03


def test_the_calendar_has_each_day_once_with_its_level(ask: Ask) -> None:
    found = ask("calendar", region="220100", **{"from": "2015-01-01", "to": "2015-12-31"})
    bounds = {one["number"]: (one["index_lo"], one["index_hi"]) for one in found["levels"]}
    assert len(found["time"]) == len(set(found["time"])) == 365
    for aqi, level in zip(found["aqi"], found["level"], strict=True):
        lo, hi = bounds[level]
        assert lo <= aqi <= hi


def test_the_diurnal_course_is_the_mean_of_what_was_published(
    ask: Ask, published: pl.DataFrame
) -> None:
    found = ask("profile", site=SITE, quantity="pm10", **DAYS)
    noon = pl.col("time").dt.hour() == 4  # 12–13 in Beijing
    values = published.filter(pl.col("site") == SITE, noon, SHOWN)["pm10"].drop_nulls()
    slot = found["hours"][12]
    assert slot["n"] == len(values) > 2
    assert slot["mean"] == pytest.approx(mean(values), abs=0.001)
    assert [one["slot"] for one in found["weekdays"]] == [1, 2, 3, 4, 5, 6, 7]


def test_without_wind_there_is_no_rose_and_it_says_so(ask: Ask) -> None:
    assert ask("rose", site=SITE, **DAYS)["wind"] is False


def test_the_rose_counts_each_hour_on_its_side() -> None:
    hours = pl.DataFrame(
        {
            "value": [10.0, 50.0, 90.0, 90.0, 7.0],
            "direction": [0.0, 348.8, 11.2, 180.0, 90.0],
            "speed": [2.0, 2.0, 2.0, 3.0, 0.4],
        }
    )
    found = shape.rose(hours, [35, 75])
    north, south = found["sectors"][0], found["sectors"][8]
    assert (north["n"], north["classes"], north["mean"]) == (3, [1, 1, 1], 50)
    assert (south["n"], south["classes"]) == (1, [0, 0, 1])
    assert (found["calm"]["n"], found["hours"]) == (1, 5)


def test_capture_counts_valid_hours_of_those_due(ask: Ask, published: pl.DataFrame) -> None:
    found = ask("capture", site=SITE, **DAYS)
    rows = published.filter(pl.col("site") == SITE, SHOWN)
    valid = {one["name"]: one["valid"] for one in found["quantities"]}
    assert found["months"] == ["2020-04"]
    assert valid["pm10"] == [rows["pm10"].drop_nulls().len()]
    assert found["expected"][0] >= valid["pm10"][0]


def test_csv_carries_edition_and_state_of_knowledge(reader: Client) -> None:
    asked = {"site": SITE, "quantities": "pm10", "as_of": "2099-01-01", **DAYS}
    answer = reader.get("/api/v1/air/export", asked)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert any("HJ 633—2012" in line for line in head)
    assert any("2099-01-02 00:00:00" in line for line in head)  # the end of that day
    rows = list(csv.DictReader(io.StringIO("\n".join(text.splitlines()[len(head) :]))))
    row = next(one for one in rows if one["time"] == "2020-04-04 11:00")
    assert (row["aqi"], row["level"], row["primary"], row["pm10"]) == ("162", "4", "pm10", "273")


def test_xlsx_opens_with_the_same_numbers(reader: Client) -> None:
    asked = {"site": SITE, "quantities": "pm10", "format": "xlsx", **DAYS}
    answer = reader.get("/api/v1/air/export", asked)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    names = next(row for row in rows if row[0] == "time")
    row = next(row for row in rows if str(row[0]) == "2020-04-04 11:00:00")
    assert dict(zip(names, row, strict=True))["pm10"] == 273


BAD = [
    ("series", {"site": SITE}),
    ("series", {"site": SITE, "from": "yesterday", "to": "today"}),
    ("series", {"site": SITE, "from": "2020-13-01", "to": "2020-13-02"}),
    ("series", {"site": SITE, "from": "2020-04-05", "to": "2020-04-02"}),
    ("series", {"site": SITE, "from": "2001-01-01", "to": "2099-01-01"}),
    ("series", {"site": SITE, "from": "1999-01-01", "to": "2020-01-01"}),
    ("series", {"site": SITE, "period": "minute", **DAYS}),
    ("series", {"site": SITE, "quantities": "pm3", **DAYS}),
    ("series", {"site": SITE, "region": "220100", **DAYS}),
    ("series", {**DAYS}),
    ("series", {"site": SITE, "as_of": "soon", **DAYS}),
    ("series", {"site": SITE, "from": "2020-04-02T99", "to": "2020-04-05"}),
    ("calendar", {"site": SITE, "from": "", "to": ""}),
    ("profile", {"site": SITE, "quantity": "pm10,o3", **DAYS}),
    ("export", {"site": SITE, "format": "pdf", **DAYS}),
]


@pytest.mark.parametrize(("path", "asked"), BAD)
def test_a_request_that_cannot_be_served_is_told_why(
    ask: Ask, path: str, asked: dict[str, str]
) -> None:
    answer = ask(path, status=400, **asked)
    assert answer["zh"]
    assert answer["en"]


@pytest.mark.parametrize("asked", [{"site": "nowhere"}, {"region": "999999"}])
def test_an_unknown_place_is_not_found(ask: Ask, asked: dict[str, str]) -> None:
    answer = ask("series", status=404, **asked, **DAYS)
    assert next(iter(asked.values())) in answer["zh"]


def test_rejects_are_for_those_who_may_see_imports(ask: Ask, person: Any) -> None:
    assert ask("history", site=SITE, **DAYS)["rejects"] is None
    found = person("operator").get("/api/v1/air/history", {"site": SITE, **DAYS}).json()
    assert isinstance(found["rejects"], list)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", ["/stations/", f"/stations/{SITE}/", "/regions/220100/"])
def test_pages_open_in_both_languages(reader: Client, path: str, language: str) -> None:
    answer = reader.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    text = answer.content.decode()
    assert ("<script>" in text, "style=" in text) == (False, False)


def test_an_unknown_station_has_a_page_that_says_so(reader: Client) -> None:
    answer = reader.get("/stations/nowhere/")
    assert answer.status_code == 404
    assert "没有这个站点：nowhere" in answer.content.decode()


def test_only_those_with_the_right_are_offered_a_correction(reader: Client, person: Any) -> None:
    def offered(client: Client) -> bool:
        return '"may_correct": true' in client.get(f"/stations/{SITE}/").content.decode()

    assert not offered(reader)
    assert not offered(person("viewer"))
    assert not offered(person("elsewhere"))
    assert offered(person("operator"))
