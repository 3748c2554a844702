"""The verdicts: who sees which, what is filtered, what is told with each."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from django.test import Client

from songhua.app.checks import check_affected
from songhua.app.platform import Songhua
from songhua.assess.job import Affected, Stamp
from songhua.model import Period
from songhua.quality.suite import Suite
from tests.web.stations.test_review import people

__all__ = ["people"]
pytestmark = pytest.mark.slow

PAGE, API = "/verdicts/", "/api/v1/verdicts"
DAYS = {"from": "2020-04-03", "to": "2020-04-04", "show": "all"}
People = Callable[[str], Client]


def told(client: Client, status: int = 200, **asked: Any) -> Any:
    answer = client.get(API, {**DAYS, **asked})
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.mark.parametrize("path", [PAGE, API])
def test_only_those_who_work_with_data_see_verdicts(
    people: People, reader: Client, path: str
) -> None:
    assert reader.get(path, DAYS).status_code in (302, 401)
    assert people("viewer").get(path, DAYS).status_code == 403
    for name in ("operator", "section", "leader"):
        assert people(name).get(path, DAYS).status_code == 200


def test_each_sees_the_own_region(people: People) -> None:
    own, whole = told(people("operator")), told(people("section"))
    assert 0 < own["total"] < whole["total"]
    sites = {one["site"] for one in whole["verdicts"]} - {one["site"] for one in own["verdicts"]}
    refused = told(people("operator"), 403, site=sites.pop())
    assert "管辖" in refused["zh"]
    assert told(people("section"), region="220100")["total"] == own["total"]


def test_the_dust_storm_is_told_with_its_evidence(people: People) -> None:
    found = told(people("operator"), site="1121A", quantity="pm10", verdict="suspect")
    # 1121A had 1,329 µg/m³ of PM10 at 16:00 on 3 April 2020, as delivered.
    storm = next(one for one in found["verdicts"] if one["value"] == 1329)
    assert storm["time"] == "2020-04-03T16:00:00+08:00"
    assert {"zh", "en", "why", "set_by", "since"} <= set(storm["evidence"][0])
    assert all(one["verdict"] == "suspect" for one in found["verdicts"])
    checks = {one["check"]: one["n"] for one in found["by_check"]}
    name = storm["evidence"][0]["check"]
    assert (
        told(people("operator"), check=name, site="1121A", verdict="suspect")["total"]
        == (checks[name])
    )


def test_every_value_has_one_verdict(people: People, whole: Songhua) -> None:
    one = {"site": "1121A", "quantity": "pm10"}
    parts = [
        told(people("operator"), **one, verdict=name)["total"]
        for name in ("pass", "suspect", "fail", "missing", "not_checked")
    ]
    days = Period(datetime(2020, 4, 2, 16, tzinfo=UTC), datetime(2020, 4, 4, 16, tzinfo=UTC))
    held = whole.shelf.observations(period="hour", span=days, sites=["1121A"], quantities=["pm10"])
    assert sum(parts) == held.height
    assert parts[0] > 0


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"quantity": "pm99"}, "没有这个指标"),
        ({"verdict": "good"}, "verdict 只能是"),
        ({"period": "week"}, "period 只能是"),
        ({"from": "2020-13-01"}, "不是日期"),
        ({"from": "2019-01-01"}, "时段须为"),
        ({"from": "2020-03-01", "verdict": "pass"}, "一次最多 7 天"),
        ({"show": "none"}, "show 只能是"),
        ({"limit": "0"}, "limit 须在"),
    ],
)
def test_what_cannot_be_asked_is_said(people: People, asked: dict[str, str], words: str) -> None:
    fault = told(people("operator"), 400, **asked)
    assert words in fault["zh"]
    assert fault["en"].isascii() or "“" in fault["en"]
    page = people("operator").get(PAGE, {**DAYS, **asked})
    assert page.status_code == 200


def test_the_page_shows_pictures_neighbours_and_the_way_to_the_bench(people: People) -> None:
    asked = {**DAYS, "site": "1121A", "quantity": "pm10"}
    page = people("operator").get(PAGE, asked).content.decode()
    assert 'class="small-course"' in page
    assert "同一时刻的邻站" in page
    assert "/review/bench/?site=1121A" in page.replace("&amp;", "&")
    english = people("operator").get(PAGE, asked, headers={"accept-language": "en"})
    assert "Neighbours at the time" in english.content.decode()


def test_the_station_page_knows_who_may_see_verdicts(people: People, reader: Client) -> None:
    assert '"sees_verdicts": true' in people("operator").get("/stations/1121A/").content.decode()
    assert '"sees_verdicts": false' in reader.get("/stations/1121A/").content.decode()


def test_the_verdicts_of_a_station_come_fast(people: People) -> None:
    client = people("operator")
    told(client, site="1121A")
    began = time.perf_counter()
    told(client, site="1121A")
    assert time.perf_counter() - began < 0.2


def test_a_check_that_crashes_is_told_with_its_error(
    people: People, whole: Songhua, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> object:
        raise ValueError("no table (yet)")

    span = Period(datetime(2020, 4, 4, 2, tzinfo=UTC), datetime(2020, 4, 4, 3, tzinfo=UTC))
    affected = Affected((), span, 1)
    stamp = Stamp(cause=1, code="test")
    monkeypatch.setitem(Suite.check.__globals__["_RUN"], "neighbours", broken)
    check_affected(whole.shelf, affected, stamp)
    found = told(people("operator"), site="1121A", verdict="not_checked", quantity="so2")
    words = [one["evidence"][0] for one in found["verdicts"]]
    assert "检查出错" in words[0]["zh"]
    assert "ValueError" in words[0]["zh"]
    assert "no table" in words[0]["zh"]
    page = people("operator").get(PAGE, {**DAYS, "site": "1121A", "verdict": "not_checked"})
    assert "ValueError" in page.content.decode()
    monkeypatch.undo()
    check_affected(whole.shelf, affected, stamp)
    assert told(people("operator"), verdict="not_checked")["total"] == 0
    assert isinstance(whole.shelf.verdicts(period="hour", span=span), pl.DataFrame)
