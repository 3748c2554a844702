"""Who gets in, how fast, and what every answer carries: the pages on a real platform."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory, override_settings

from songhua.app.platform import Songhua
from songhua.store.registry.models import ImportFile
from songhua.web.middleware import Guard
from tests.conftest import PASSWORD, data_of
from tests.flow.deliveries import WIDE

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

PAGES = (
    "/",
    "/wall",
    "/stations/",
    "/stations/1121A/",
    "/regions/220100/",
    "/cities/",
    "/cities/calendar/",
    "/cities/trend/",
    "/cities/220100/",
    "/compare/",
    "/law/",
    "/law/hj_633/2026/",
    "/law/diff/?family=hj_633&before=2012&after=2026",
)
"""What everybody may read where reading is open."""
INSIDE = ("/imports/", "/imports/upload/")
READS = (
    "/api/v1/air/levels",
    "/api/v1/air/map?time=2020-04-04T11",
    "/api/v1/air/series?site=1121A&from=2020-04-04&to=2020-04-05",
    "/api/v1/law",
    "/api/v1/search?q=长春",
)
CORRECTIONS = "/api/v1/air/corrections"
HOUR = "site,time,so2,no2,co,o3,pm10,pm2_5\n{site},2020-04-04 11:00,6,22,0.7,94,273,47\n"


@pytest.fixture
def open_reading(platform: Songhua) -> Iterator[Songhua]:
    with override_settings(SONGHUA_OPEN_READING=True):
        yield platform


def person(name: str = "", *, csrf: bool = False) -> Client:
    client = Client(enforce_csrf_checks=csrf, headers={"accept-language": "zh-CN"})
    if name:
        assert client.login(username=name, password=PASSWORD)
    return client


def correction(client: Client, site: str, **headers: str) -> Any:
    order = {"site": site, "quantity": "pm10", "time": "2020-04-04T11", "value": 120}
    body = {**order, "kind": "review", "words": "核对纸带"}
    return client.post(
        CORRECTIONS, json.dumps(body), content_type="application/json", headers=headers
    )


# The door


@pytest.mark.parametrize("path", [*PAGES, *INSIDE, "/admin/"])
def test_a_stranger_is_sent_to_log_in_and_then_back(platform: Songhua, path: str) -> None:
    answer = person().get(path)
    assert answer.status_code == 302
    where = urlsplit(answer.headers["Location"])
    assert where.path == "/login/"
    assert where.netloc == ""
    back = parse_qs(where.query)["next"][0]
    assert urlsplit(back).path == urlsplit(path).path


@pytest.mark.parametrize("path", READS)
def test_a_stranger_at_the_api_is_told_to_log_in(platform: Songhua, path: str) -> None:
    answer = person().get(path)
    assert answer.status_code == 401
    assert answer.json() == {"zh": "请先登录。", "en": "Log in first."}


@pytest.mark.parametrize("path", PAGES)
def test_where_reading_is_open_a_stranger_reads(open_reading: Songhua, path: str) -> None:
    assert person().get(path).status_code == 200


@pytest.mark.parametrize("path", [*INSIDE, "/admin/"])
def test_what_is_inside_stays_inside(open_reading: Songhua, path: str) -> None:
    answer = person().get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_open_reading_is_no_writing(open_reading: Songhua, method: str) -> None:
    assert getattr(person(), method)(CORRECTIONS).status_code == 401
    assert getattr(person(), method)("/api/v1/imports").status_code == 401
    assert getattr(person(), method)("/imports/upload/").status_code == 302


@pytest.mark.parametrize("role", ["viewer", "operator", "analyst", "admin"])
def test_a_platform_without_a_single_observation_shows_every_page(
    platform: Songhua, role: str
) -> None:
    assert platform.shelf.observed("hour") is None
    client = person(role)
    for path in PAGES:
        assert client.get(path).status_code == 200, path


# What each role may do


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        *((role, path, 200) for role in ("operator", "analyst", "admin") for path in INSIDE),
        *(("viewer", path, 403) for path in INSIDE),
        ("admin", "/admin/", 200),
        *((role, "/admin/", 302) for role in ("viewer", "operator", "analyst")),
    ],
)
def test_each_role_enters_its_own_rooms(
    platform: Songhua, role: str, path: str, status: int
) -> None:
    assert person(role).get(path).status_code == status


def test_a_viewer_changes_nothing(platform: Songhua) -> None:
    viewer, before = person("viewer"), len(data_of(platform))
    file = {"file": SimpleUploadedFile("one.csv", HOUR.format(site="1121A").encode())}
    for answer in (
        correction(viewer, "1121A"),
        viewer.post(
            f"{CORRECTIONS}/preview",
            json.dumps({"site": "1121A", "quantity": "pm10", "time": "2020-04-04T11"}),
            content_type="application/json",
        ),
        viewer.post("/api/v1/imports", file),
        viewer.post("/imports/upload/", file),
        viewer.post("/api/v1/imports/jobs/x/stop"),
        viewer.get("/api/v1/imports"),
    ):
        assert answer.status_code == 403
    assert len(data_of(platform)) == before
    assert not ImportFile.objects.exists()


def test_a_write_needs_the_token_of_a_page(platform: Songhua) -> None:
    operator = person("operator", csrf=True)
    assert correction(operator, "1122A").status_code == 403
    operator.get("/imports/upload/")
    token = operator.cookies["csrftoken"].value
    assert correction(operator, "1122A", **{"x-csrftoken": token}).status_code == 200


def test_an_operator_corrects_in_their_own_city_only(platform: Songhua) -> None:
    """1121A lies in Changchun (220100), the operator's; 1773A in Jilin city (220200)."""
    bring_one(platform, "1121A")
    bring_one(platform, "1773A")
    operator, before = person("operator"), len(data_of(platform))
    refused = correction(operator, "1773A")
    assert refused.status_code == 403
    assert "（2202" in refused.json()["zh"]
    assert len(data_of(platform)) == before
    answer = correction(operator, "1121A")
    assert answer.status_code == 200, answer.json()
    assert len(data_of(platform)) == before + 1
    assert correction(person("analyst"), "1773A").status_code == 200
    rows = platform.shelf.observation_history(
        site="1773A", quantity="pm10", period="hour", time=datetime(2020, 4, 4, 3, tzinfo=UTC)
    )
    assert rows["author"].to_list() == ["flow", "analyst"]


def bring_one(platform: Songhua, site: str) -> None:
    entry = platform.journal.append_stream(
        "file",
        [HOUR.format(site=site).encode()],
        {"name": f"{site}.csv", "author": "flow", "mapping": WIDE},
    )
    assert platform.catch_up(lambda _: None) == 1
    assert ImportFile.objects.get(journal_seq=entry.seq).rows_new == 6


# What every answer carries


@pytest.mark.parametrize(
    "path", [*PAGES, *INSIDE, *READS, "/admin/", "/login/", "/static/js/map.js", "/no-such-page"]
)
def test_every_answer_forbids_what_comes_from_elsewhere(platform: Songhua, path: str) -> None:
    answer = person("admin").get(path)
    answer.close()
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["object-src"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    if not path.startswith("/static/"):
        assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", [*PAGES, *INSIDE, "/admin/", "/login/", "/no-such-page"])
def test_no_page_needs_the_internet_or_inline_script(platform: Songhua, path: str) -> None:
    html = person("" if path == "/login/" else "admin").get(path).content.decode()
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?(?:https?:)?//", html)
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", html)
    assert inline == []
    assert "<style" not in html


def test_cookies_are_kept_from_scripts_and_other_sites(platform: Songhua) -> None:
    client = person()
    client.post("/login/", {"username": "viewer", "password": PASSWORD})
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"


def test_a_login_leads_nowhere_else(platform: Songhua) -> None:
    login = {"username": "viewer", "password": PASSWORD}
    answer = person().post("/login/?next=//evil.example/", login)
    assert answer.headers["Location"] == "/"
    answer = person().post("/login/?next=/stations/1121A/%3Fperiod=day", login)
    assert answer.headers["Location"] == "/stations/1121A/?period=day"


# How fast


def test_who_asks_too_fast_is_told_to_wait(platform: Songhua) -> None:
    client = person()
    answers = [client.get("/levels.css").status_code for _ in range(1000)]
    assert answers[:400].count(429) == 0
    assert 429 in answers
    last = client.get("/levels.css")
    assert last.status_code == 429
    assert last.headers["Retry-After"]
    assert last.json()["zh"]
    assert last.json()["en"]
    assert "default-src 'self'" in last.headers["Content-Security-Policy"]
    with closing(client.get("/static/js/map.js")) as script:  # a page once open stays whole
        assert script.status_code == 200


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[..., int], list[float]]:
    """Ask a guard from an address, and a clock to be turned by hand."""
    now = [1000.0]
    monkeypatch.setattr("songhua.web.middleware.time.monotonic", lambda: now[0])

    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    guarded = Guard(answer)

    def ask(address: str = "10.0.0.1", method: str = "get", path: str = "/") -> int:
        request = getattr(RequestFactory(), method)(path, REMOTE_ADDR=address)
        return guarded(request).status_code

    return ask, now


def test_writes_cost_ten_times_as_much(guard: tuple[Callable[..., int], list[float]]) -> None:
    ask, _ = guard
    answers = [ask(method="post") for _ in range(41)]
    assert (answers.count(200), answers[-1]) == (40, 429)
    assert ask() == 429


def test_who_waits_is_served_again(guard: tuple[Callable[..., int], list[float]]) -> None:
    ask, now = guard
    assert [ask() for _ in range(401)].count(200) == 400
    now[0] += 1.0
    assert [ask() for _ in range(41)].count(200) == 40
    now[0] += 3600.0
    assert [ask() for _ in range(401)].count(200) == 400


def test_one_address_does_not_slow_another(guard: tuple[Callable[..., int], list[float]]) -> None:
    ask, _ = guard
    while ask("10.0.0.1") == 200:
        pass
    assert ask("10.0.0.2") == 200


def test_memory_for_addresses_is_bounded(
    guard: tuple[Callable[..., int], list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guard, "MOST_ADDRESSES", 10)
    ask, _ = guard
    assert {ask(f"10.0.1.{n}") for n in range(50)} == {200}


def test_the_way_back_keeps_the_whole_address(platform: Songhua) -> None:
    path = "/law/diff/?family=hj_633&before=2012&after=2026"
    asked = parse_qs(urlsplit(person().get(path).headers["Location"]).query)
    assert asked == {"next": [path]}
