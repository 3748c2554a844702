"""The pages of the review, and what the bench asks beside the values."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from songhua.model import BEIJING
from songhua.store.registry.models import Device, ReviewDay
from songhua.store.registry.twoway import Command, Gap
from tests.web.stations.test_review import DAY, PATH, SITE, get, order, part, people, send

__all__ = ["people"]
pytestmark = pytest.mark.slow

QUEUE, BENCH, STATISTICS = "/review/", "/review/bench/", "/review/statistics/"
AT = {"from": DAY, "to": DAY}
People = Callable[[str], Client]


@pytest.fixture
def untouched(people: People) -> Iterator[People]:
    ReviewDay.objects.all().delete()
    yield people
    ReviewDay.objects.all().delete()


def quiet_day(client: Client) -> tuple[str, str]:
    """Return a site-day of the operator's that has nothing open."""
    rows = get(client, "queue", **{"from": "2020-04-01", "to": "2020-04-05"})["days"]
    row = next(one for one in rows if one["open"] == 0 and one["level"] == 0)
    return row["site"], row["day"]


def bench(client: Client, **asked: str) -> Any:
    """Return what the bench is sent with."""
    page = client.get(BENCH, {"site": SITE, **AT, **asked}).content.decode()
    found = re.search(r'<script id="bench" type="application/json">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def decide(client: Client, what: dict[str, Any]) -> str:
    answer = client.post("/review/decide/", {**what, **AT}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("path", [QUEUE, BENCH, STATISTICS])
def test_only_those_who_see_data_enter(people: People, reader: Client, path: str) -> None:
    assert reader.get(path, {"site": SITE, **AT}).status_code == 302
    assert people("viewer").get(path, {"site": SITE, **AT}).status_code == 403
    for name in ("operator", "section", "leader"):
        assert people(name).get(path, {"site": SITE, **AT}).status_code == 200


def test_the_queue_shows_own_sites_and_what_waits(untouched: People) -> None:
    page = untouched("operator").get(QUEUE, AT).content.decode()
    assert f"site={SITE}&amp;from={DAY}" in page
    assert "已过期限" in page
    assert 'aria-label="城市"' not in page  # one city: nothing to choose
    everybody = untouched("section").get(QUEUE, AT).content.decode()
    assert everybody.count("<tr>") > page.count("<tr>")
    english = untouched("operator").get(QUEUE, AT, headers={"accept-language": "en"})
    assert "Site-days to review" in english.content.decode()


def test_several_days_are_confirmed_then_returned(untouched: People) -> None:
    site, day = quiet_day(untouched("operator"))
    said = decide(untouched("operator"), {"day": f"{site} {day} 1"})
    assert "第 1 级已确认 1 个点位日" in said
    said = decide(untouched("section"), {"day": f"{site} {day} 2", "return": "1", "back": "1"})
    assert "请写明缘由或意见" in said
    told = {"day": f"{site} {day} 2", "return": "1", "back": "1", "opinion": "请附校准记录"}
    assert "退回第 1 级" in decide(untouched("section"), told)
    assert ReviewDay.objects.get(site=site, day=day).opinion == "请附校准记录"
    shown = untouched("operator").get(QUEUE, {"from": day, "to": day, "show": "returned"})
    assert "请附校准记录" in shown.content.decode()


@pytest.mark.parametrize(
    ("name", "what", "word"),
    [
        ("operator", {}, "没有选中点位日"),
        ("operator", {"day": "nonsense"}, "没有选中点位日"),
        ("operator", {"day": f"{SITE} {DAY} 2"}, "不在您的权限内"),
        ("elsewhere", {"day": f"{SITE} {DAY} 1"}, "不在您的权限内"),
        ("operator", {"day": f"9999A {DAY} 1"}, "不在您的权限内"),
        ("section", {"day": f"{SITE} {DAY} 2"}, "不能作第 2 级确认"),
    ],
)
def test_what_cannot_be_decided_is_said(
    untouched: People, name: str, what: dict[str, Any], word: str
) -> None:
    assert word in decide(untouched(name), what)
    assert not ReviewDay.objects.exists()


def test_the_bench_begins_with_what_the_checks_found_most(people: People) -> None:
    told = bench(people("operator"))
    assert told["quantity"] == "pm10"  # the storm of 3 April
    assert told["levels"] == [1]
    assert len(told["neighbours"]) == 4
    assert bench(people("elsewhere"))["levels"] == []


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"site": "9999A"}, 404),
        ({}, 404),
        ({"site": SITE, "from": "yesterday"}, 400),
        ({"site": SITE, "q": "xenon"}, 404),
        ({"site": SITE, "period": "second", **AT}, 200),
    ],
    ids=str,
)
def test_a_bench_of_nothing_says_why(people: People, asked: dict[str, str], status: int) -> None:
    assert people("operator").get(BENCH, asked).status_code == status


def test_what_stands_beside_the_values(people: People) -> None:
    client = people("operator")
    device = Device.objects.create(mn="BESIDE1", name="旁", site_id=SITE)
    at = datetime(2020, 4, 3, 9, tzinfo=BEIJING)
    Gap.objects.create(site_id=SITE, mn="BESIDE1", first=at, last=at, found_at=timezone.now())
    asked = {"mn": "BESIDE1", "qn": "1", "journal_seq": 1, "author": "operator"}
    Command.objects.create(
        **asked, cn="photo", asked_at=at + timedelta(hours=1), state="done", steps=[{"seq": 5}]
    )
    Command.objects.create(**asked, cn="2061", asked_at=at + timedelta(days=9))
    found = get(client, "beside", site=SITE, **{"from": DAY, "to": DAY})
    assert [(one["kind"], one["photo"]) for one in found["log"]] == [
        ("photo", True),
        ("gap", False),
    ]
    elsewhere = get(people("elsewhere"), "beside", site=SITE, **{"from": DAY, "to": DAY})
    assert (elsewhere["log"], elsewhere["findings"]) == ([], found["findings"])
    assert {one["name"] for one in found["measured"]} >= {"pm10", "pm2_5"}
    worst = next(one for one in found["findings"] if one["quantity"] == "pm10")
    assert worst["evidence"][0]["zh"]
    assert found["events"] == []
    years = get(client, "beside", site=SITE, **{"from": "2018-01-01", "to": DAY})
    assert (years["whole"], years["findings"]) == (False, [])
    Gap.objects.all().delete()
    Command.objects.all().delete()
    device.delete()


def test_seen_stands_for_every_revision(people: People) -> None:
    """What was loaded at once is guarded at once: a later change by anybody is told."""
    client, other = people("operator"), people("section")
    answer = client.get(f"{PATH}/course", {"site": SITE, "quantity": "pm10", **AT})
    size = int.from_bytes(answer.content[:4], "little")
    seen = json.loads(answer.content[4 : 4 + size])["seen"]
    assert seen >= max(part(client)["revisions"])
    mine = order(client)
    mine["parts"][0].pop("revisions")
    assert send(client, mine).status_code == 400
    assert send(client, {**mine, "seen": seen}).status_code == 200
    answer = send(other, {**mine, "seen": seen, "verdict": "questionable", "reason": "doubt"})
    assert answer.status_code == 409
    assert answer.json()["changed"][0]["author"] == "operator"
    left = {"act": "restore", "level": 1, "words": "试验结束", "parts": [part(client)]}
    assert send(client, left).status_code == 200


def test_a_drift_is_corrected_through_the_api(people: People) -> None:
    """The hour lies half way between the two calibrations: 1329 / 1.1 = 1208.2."""
    client = people("operator")
    at = part(client)["times"][0]
    drift = {"start": at - 3_600_000, "end": at + 3_600_000, "zero": 0, "span": 20}
    wanted = {**order(client), "act": "correct", "verdict": "", "reason": "", "drift": drift}
    seen = send(client, wanted, "preview").json()
    assert seen["turned"] == [{"time": at, "before": 1329, "after": 1208}]  # 1329 / 1.1
    assert seen["to_marks"] == {"T": 1}
    done = send(client, wanted).json()
    assert part(client)["revisions"] == [done["revision"]]
    undo = {"act": "undo", "level": 1, "of": done["revision"], "words": "试验结束"}
    assert send(client, undo).status_code == 200
    wanted["parts"] = [part(client)]
    assert send(client, {**wanted, "drift": None}).status_code == 400
    assert send(client, {**wanted, "drift": {**drift, "end": "later"}}).status_code == 422
