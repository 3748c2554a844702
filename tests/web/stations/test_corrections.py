"""A correction travels: who may, what it would change, what it changed, and back."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.web.stations.conftest import Ask

pytestmark = pytest.mark.slow

SITE, TIME = "1121A", "2020-04-03T16"
WANTED = {"site": SITE, "quantity": "pm10", "time": TIME, "value": 132}
ORDER = {**WANTED, "kind": "transfer", "words": "多录了一个 9"}
BACK = {**ORDER, "value": 1329, "kind": "undo", "words": "试验结束"}
PATH = "/api/v1/air/corrections"

People = Callable[[str], Client]


def send(client: Client, body: dict[str, Any], path: str = PATH) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def iso(ms: int) -> str:
    text = datetime.fromtimestamp(ms / 1000, tz=UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


@pytest.fixture
def corrected(person: People) -> Iterator[Any]:
    """PM10 of one hour corrected from 1329 to 132; afterwards it is 1329 again."""
    answer = send(person("operator"), ORDER)
    assert answer.status_code == 200, answer.content
    yield answer.json()
    assert send(person("operator"), BACK).status_code == 200


@pytest.mark.parametrize(("name", "status"), [("viewer", 403), ("elsewhere", 403)])
def test_who_has_no_right_here_is_refused(person: People, name: str, status: int) -> None:
    for path in (PATH, f"{PATH}/preview"):
        answer = send(person(name), ORDER, path)
        assert answer.status_code == status
        assert answer.json()["zh"]


def test_a_stranger_is_refused(reader: Client) -> None:
    assert send(reader, ORDER).status_code == 401


def test_a_write_without_the_token_is_refused(person: People) -> None:
    client = person("operator")
    client.handler.enforce_csrf_checks = True
    assert send(client, ORDER).status_code == 403


BAD = [
    {"value": -1},
    {"value": 1e9},
    {"value": 1329},  # what it is now
    {"quantity": "aqi"},
    {"quantity": "o3_8h"},
    {"time": "2020-04-03T16:30"},
    {"time": "2098-04-03T16"},
    {"time": "then"},
    {"kind": ""},
    {"kind": "because"},
    {"words": ""},
    {"words": "x" * 201},
    {"revision": 1},
]


@pytest.mark.parametrize("wrong", BAD, ids=str)
def test_a_correction_that_cannot_be_is_told_why(person: People, wrong: dict[str, Any]) -> None:
    answer = send(person("operator"), {**ORDER, **wrong})
    assert answer.status_code == 400, answer.content
    assert answer.json()["zh"]
    assert answer.json()["en"]


@pytest.mark.parametrize("wrong", [{"value": "many"}, {"value": [1]}, {"site": None}], ids=str)
def test_a_body_of_the_wrong_shape_is_refused(person: People, wrong: dict[str, Any]) -> None:
    assert send(person("operator"), {**ORDER, **wrong}).status_code == 422


def test_an_unknown_station_is_not_found(person: People) -> None:
    assert send(person("operator"), {**ORDER, "site": "nowhere"}).status_code == 404


def test_a_preview_changes_nothing(person: People, ask: Ask) -> None:
    before = ask("why", period="hour", scope="site", subject=SITE, time=TIME)
    assert send(person("operator"), WANTED, f"{PATH}/preview").status_code == 200
    after = ask("why", period="hour", scope="site", subject=SITE, time=TIME)
    assert after["figure"] == before["figure"]
    assert len(after["changes"]) == len(before["changes"])


def test_what_the_preview_promised_is_what_happens(person: People, ask: Ask) -> None:
    seen = send(person("operator"), WANTED, f"{PATH}/preview").json()
    assert {one["period"] for one in seen["figures"]} == {"hour", "day"}
    assert send(person("operator"), ORDER).status_code == 200
    for one in (*seen["figures"], *seen["ranks"]):
        named = {name: one[name] for name in ("period", "scope", "subject")}
        found = ask("why", **named, time=iso(one["time"]))
        figure = "aqi" if "aqi" in one["after"] else "composite"
        assert found["figure"][figure] == one["after"][figure]
        assert found["changes"][0]["kind"] == "correction"
    assert send(person("operator"), BACK).status_code == 200


def test_the_hour_and_the_day_say_what_changed_and_why(corrected: Any, ask: Ask) -> None:
    # 132 µg/m³ by HJ 633—2012 table 1: 50 + 50 × (132 − 50) / 100 = 91.
    found = ask("why", period="hour", scope="site", subject=SITE, time=TIME)
    change = found["changes"][0]
    moved = {one["name"]: (one["from"], one["to"]) for one in change["figures"]}
    assert corrected["former"] == 1329
    assert moved == {"aqi": (500, 91), "pm10": (1329, 132)}
    assert (change["zh"], change["author"]) == ("传输或录入错误：多录了一个 9", "operator")
    day = ask("why", period="day", scope="site", subject=SITE, time="2020-04-03")
    assert day["changes"][0]["site"]["zh"] == "邮电学院"
    assert day["agrees"]


def test_the_state_before_can_be_asked_for(corrected: Any, ask: Ask) -> None:
    asked = {"period": "hour", "scope": "site", "subject": SITE, "time": TIME}
    before = ask("why", **asked)["changes"][0]["before"]
    found = ask("why", **asked, as_of=iso(before))
    assert (found["figure"]["aqi"], found["agrees"]) == (500, True)


def test_the_chart_marks_the_value_with_the_former_one(corrected: Any, ask: Ask) -> None:
    day = {"from": "2020-04-03", "to": "2020-04-03"}
    found = ask("series", site=SITE, quantities="aqi,pm10", **day)
    for one, (value, former) in zip(found["series"], [(91, 500), (132, 1329)], strict=True):
        mark = one["corrected"][-1]
        assert (mark["value"], mark["former"], mark["author"]) == (value, former, "operator")


def test_the_history_lists_it(corrected: Any, ask: Ask) -> None:
    found = ask("history", site=SITE, **{"from": "2020-04-03", "to": "2020-04-03"})
    first = found["corrections"][0]
    assert (first["former"], first["value"], first["symbol"]) == (1329, 132, "PM₁₀")


def test_a_value_may_be_taken_away(person: People, ask: Ask) -> None:
    order = {**ORDER, "quantity": "o3", "value": None, "kind": "calibration", "words": "零点校准"}
    former = send(person("operator"), order).json()["former"]
    found = ask("why", period="hour", scope="site", subject=SITE, time=TIME)
    ozone = next(one for one in found["parts"] if one["name"] == "o3")
    assert (ozone["value"], ozone["iaqi"]) == (None, None)
    back = {**order, "value": former, "kind": "undo", "words": "试验结束"}
    assert send(person("operator"), back).status_code == 200
