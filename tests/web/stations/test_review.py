"""Reviewing through the API: who may, what it would change, what it changed, and back."""

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client

from songhua.store.registry import records
from songhua.store.registry.models import ReviewAct, ReviewDay, User
from tests.web.conftest import PASSWORD
from tests.web.stations.conftest import Ask

pytestmark = pytest.mark.slow

SITE, DAY, TIME = "1121A", "2020-04-03", "2020-04-03T16"
PATH = "/api/v1/review"
SPAN = {"site": SITE, "quantity": "pm10", "from": DAY, "to": DAY}

People = Callable[[str], Client]


@pytest.fixture
def people(person: People) -> People:
    for name, role, region in (
        ("section", "analyst", "220000"),
        ("leader", "leader", "220000"),
    ):
        if not User.objects.filter(username=name).exists():
            records.add_user(name, role=role, region=region, password=PASSWORD)
    return person


def send(client: Client, body: dict[str, Any], path: str = "acts") -> Any:
    return client.post(f"{PATH}/{path}", json.dumps(body), content_type="application/json")


def get(client: Client, path: str, **asked: Any) -> Any:
    answer = client.get(f"{PATH}/{path}", asked)
    assert answer.status_code == 200, answer.content
    return answer.json()


def part(client: Client, **asked: Any) -> dict[str, Any]:
    found = get(client, "values", **{**SPAN, "from": TIME, "to": "2020-04-03T17", **asked})
    return {
        "site": SITE,
        "quantity": "pm10",
        "times": found["time"],
        "revisions": found["revision"],
    }


def order(client: Client, **other: Any) -> dict[str, Any]:
    usual = {"act": "mark", "level": 1, "verdict": "invalid", "reason": "instrument"}
    return {**usual, "words": "采样管漏气", "parts": [part(client)], **other}


@pytest.fixture
def marked(people: People) -> Iterator[Any]:
    client = people("operator")
    answer = send(client, order(client))
    assert answer.status_code == 200, answer.content
    yield answer.json()
    left = {"act": "restore", "level": 1, "words": "试验结束", "parts": [part(client)]}
    send(client, left)
    ReviewDay.objects.all().delete()


def test_the_hour_of_1329_waits_first(people: People) -> None:
    found = get(people("operator"), "queue", **{"from": DAY, "to": DAY})
    row = next(one for one in found["days"] if one["site"] == SITE)
    assert row["suspect"] > 0
    assert (row["level"], row["next"], row["mine"], row["late"]) == (0, 1, True, True)
    assert row["due"].startswith("2020-04-04T10:00:00")
    assert {one["city"] for one in found["days"]} == {"220100"}  # the operator's region
    orders = [(one["fail"], one["suspect"]) for one in found["days"]]
    assert orders == sorted(orders, reverse=True)


def test_values_come_with_evidence_in_words(people: People) -> None:
    found = get(people("operator"), "values", **{**SPAN, "least": 3})
    place = found["value"].index(1329)
    words = [one["zh"] for one in found["evidence"][place]]
    assert any(one.startswith("超出范围 1329") for one in words), words
    only = get(people("operator"), "values", **{**SPAN, "check": "pm10-range"})
    assert 0 < len(only["time"]) <= len(found["time"])
    assert all(any(e["check"] == "pm10-range" for e in one) for one in only["evidence"])


def test_a_course_is_bytes_with_every_step(people: People) -> None:
    answer = people("operator").get(f"{PATH}/course", SPAN)
    (size,) = struct.unpack_from("<I", answer.content)
    head = json.loads(answer.content[4 : 4 + size])
    count = head["count"]
    values = np.frombuffer(answer.content, "<f4", count, 4 + size)
    verdicts = np.frombuffer(answer.content, np.uint8, count, 4 + size + 4 * count)
    assert (count, head["step"], head["unit"]) == (24, 3_600_000, "µg/m³")
    assert values[16] == 1329
    assert verdicts[16] == 3
    assert len(answer.content) == 4 + size + 6 * count


@pytest.mark.parametrize(
    ("name", "level", "status"),
    [
        ("viewer", 1, 403),
        ("elsewhere", 1, 403),
        ("operator", 2, 403),
        ("analyst", 2, 403),  # of the city: the upper levels are the province's
        ("section", 3, 403),
        ("operator", 1, 200),
        ("section", 2, 200),
        ("leader", 3, 200),
    ],
)
def test_who_may_review_where(people: People, name: str, level: int, status: int) -> None:
    asked = order(people("operator"), level=level)
    assert send(people(name), asked, "preview").status_code == status
    if status == 403:
        assert send(people(name), asked).status_code == 403


def test_strangers_see_nothing(reader: Client) -> None:
    assert reader.get(f"{PATH}/queue").status_code == 401
    assert send(reader, {"act": "mark", "level": 1}).status_code == 401


def test_what_the_preview_promised_is_what_happens(people: People, ask: Ask) -> None:
    client = people("operator")
    wanted = order(client)
    seen = send(client, wanted, "preview").json()
    assert (seen["values"], seen["to_marks"]) == (1, {"RM": 1})
    day = next(one for one in seen["figures"] if (one["period"], one["scope"]) == ("day", "site"))
    done = send(client, wanted).json()
    found = ask("why", period="day", scope="site", subject=SITE, time=DAY)
    assert found["figure"]["aqi"] == day["after"]["aqi"] != day["before"]["aqi"]
    change = found["changes"][0]
    assert (change["kind"], change["author"]) == ("review", "operator")
    assert "采样管漏气" in change["zh"]
    undo = {"act": "undo", "level": 1, "of": done["revision"], "words": "看错了"}
    assert send(client, undo).status_code == 200
    found = ask("why", period="day", scope="site", subject=SITE, time=DAY)
    assert found["figure"]["aqi"] == day["before"]["aqi"]
    told = get(client, "history", site=SITE, **{"from": DAY, "to": DAY})["acts"]
    assert [one["act"] for one in told[:2]] == ["undo", "mark"]
    assert told[1]["undone_by"] == told[0]["revision"]


def test_the_second_reviewer_is_told(people: People, marked: Any) -> None:
    client, other = people("operator"), people("section")
    mine = order(client, verdict="questionable", reason="doubt", words="待查")
    theirs = {**mine, "level": 2}
    assert send(client, mine).status_code == 200
    before = ReviewAct.objects.count()
    answer = send(other, theirs)
    assert answer.status_code == 409
    told = answer.json()
    assert told["changed"][0]["mark"] == "RQ"
    assert told["changed"][0]["author"] == "operator"
    assert ReviewAct.objects.count() == before


def test_confirmed_and_returned(people: People, marked: Any) -> None:
    days = [{"site": SITE, "day": DAY}]
    step = {"act": "confirm", "level": 1, "days": days}
    assert send(people("operator"), step).status_code == 200
    assert send(people("section"), {**step, "level": 2}).status_code == 200
    back = {"act": "return", "level": 3, "days": days, "to": 1, "words": "原因写得不清"}
    assert send(people("leader"), {**back, "words": ""}).status_code == 400
    assert send(people("leader"), back).status_code == 200
    rows = get(people("operator"), "queue", **{"from": DAY, "to": DAY})["days"]
    assert (rows[0]["site"], rows[0]["returned"]) == (SITE, True)
    assert rows[0]["opinion"] == "原因写得不清"
    unit = get(people("operator"), "statistics", **{"from": DAY, "to": DAY})["units"][0]
    assert (unit["city"], unit["returned"], unit["returned_percent"]) == ("220100", 1, 100.0)
    assert unit["levels"][0]["done"] == 0


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"parts": []}, 400),
        ({"verdict": "good"}, 400),
        ({"reason": "because"}, 400),
        ({"words": ""}, 400),
        ({"parts": [{"site": "nowhere", "quantity": "pm10", "times": [1], "revisions": [1]}]}, 404),
        ({"parts": [{"site": SITE, "quantity": "x", "times": [1], "revisions": [1]}]}, 404),
        ({"parts": [{"site": SITE, "quantity": "pm10", "times": [1], "revisions": []}]}, 400),
        ({"parts": [{"site": SITE, "quantity": "pm10", "times": [1], "revisions": [-1]}]}, 422),
        ({"parts": [{"site": SITE, "quantity": "pm10", "times": [10**30], "revisions": [1]}]}, 422),
        ({"parts": "many"}, 422),
        ({"level": "top"}, 422),
    ],
    ids=str,
)
def test_an_act_that_cannot_be_is_told_why(
    people: People, wrong: dict[str, Any], status: int
) -> None:
    client = people("operator")
    answer = send(client, {**order(client), **wrong})
    assert answer.status_code == status, answer.content
    assert answer.json()["zh"]


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "2020-04-04", "to": "2020-04-03"},
        {"from": "2000-01-01", "to": "2020-04-03"},
        {"from": "then", "to": "2020-04-03"},
    ],
    ids=str,
)
def test_a_queue_of_no_days_is_refused(people: People, asked: dict[str, str]) -> None:
    assert people("operator").get(f"{PATH}/queue", asked).status_code == 400
