"""Each role walks through every page, at a desk and on a phone: its own rooms open, others say why.

Nothing may be said on the console (`open_page` looks), nothing may stick out sideways.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READ = (
    "/?t=2020-04-04T11",
    "/?t=2020-04-04T11&view=list",
    "/wall",
    "/stations/",
    "/stations/1121A/?q=aqi,pm10&at=2020-04-04T11",
    "/regions/220100/",
    "/cities/?at=2015-11",
    "/cities/220100/?period=year&at=2015",
    "/compare/",
    "/law/",
    "/law/hj_633/2026/",
    "/law/diff/",
    "/why/?period=hour&scope=site&subject=1121A&time=2020-04-04T11",
    "/notices/",
    "/capture/",
    "/capture/?by=month",
    "/capture/1121A/",
)
IMPORTS = ("/imports/", "/imports/upload/")
LINKS = (
    "/links/",
    "/links/000000000000003131323141/",
    "/links/alarms/",
    "/links/gaps/",
    "/links/requests/",
    "/links/aside/",
    "/links/frames/",
    "/links/tail/",
    "/links/console/",
    "/links/sources/",
    "/links/forward/",
)
REVIEW = (
    "/verdicts/",
    "/review/",
    "/review/statistics/",
    "/review/bench/?site=1121A&from=2020-04-03",
)
NODES = ("/links/nodes/",)
ASK = ("/links/000000000000003131323141/request/?cn=1011",)
SAMPLES = ("/lab/", "/lab/samples/", "/lab/field/", "/lab/labels/")
BENCH = ("/lab/batches/", "/lab/batches/new/", "/lab/instruments/")
CASES = ("/cases/", "/cases/files/")
REPORT = ("/record/influence/new/",)
RECORD = ("/record/", "/record/changes/", "/record/influence/")
ADMIN = ("/admin/", "/admin/registry/site/")
_DAILY = (*REVIEW, *IMPORTS, *LINKS)
ROOMS = {
    "": (),
    "viewer": REPORT,
    "operator": (*_DAILY, *ASK, *SAMPLES, *REPORT),
    "analyst": (*_DAILY, *NODES, *SAMPLES, *BENCH, *CASES, *REPORT),
    "leader": (*REVIEW, "/imports/", *LINKS, *NODES, *CASES, *REPORT, *RECORD),
    "admin": (*_DAILY, *NODES, *ASK, *SAMPLES, *BENCH, *CASES, *REPORT, *RECORD, *ADMIN),
}
"""What each role may enter beside what all may read."""
TITLES = {
    "viewer": "查看员",
    "operator": "运维员",
    "analyst": "分析员",
    "leader": "负责人",
    "admin": "管理员",
}
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}


def login(page: Page, role: str) -> None:
    """Log in as a sample of the demo: its line fills the form and sends it."""
    page.goto("/login/", wait_until="networkidle")
    page.locator(f'[data-name="{role}"]').click()
    page.wait_for_url(lambda url: "/login/" not in url, wait_until="networkidle")


def sideways(page: Page) -> int:
    """Return by how many pixels a page sticks out."""
    found: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found


@pytest.fixture(params=ROOMS, ids=lambda role: role or "visitor")
def walker(request: pytest.FixtureRequest, open_page: OpenPage) -> tuple[str, Page]:
    page = open_page("/login/")
    if request.param:
        login(page, request.param)
    return request.param, page


def test_each_role_walks_through_its_rooms(walker: tuple[str, Page]) -> None:
    role, page = walker
    for path in (*READ, *ROOMS[role]):
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
        answer = page.goto(path, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, path
        expect(page.locator("[aria-busy=true]"), path).to_have_count(0)  # a slow machine draws late
        assert sideways(page) == 0, path
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.wait_for_timeout(100)  # charts and map follow the window
        assert sideways(page) == 0, f"{path} at 390"
        assert re.search("[\u4e00-\u9fff]", page.title()), path
    if role:
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
        page.goto("/stations/")
        expect(page.locator("header").first).to_contain_text(TITLES[role])


def test_other_rooms_say_why_they_stay_closed(walker: tuple[str, Page]) -> None:
    role, page = walker
    for path in set(ROOMS["admin"]) - set(ROOMS[role]):
        answer = page.request.get(path, max_redirects=0)
        if role and path not in ADMIN:
            assert answer.status == 403, path
            assert "权限" in answer.text() or "角色" in answer.text()
        else:
            assert answer.status == 302, path
            assert "login" in answer.headers["location"]
    for path in ("/stations/9999A/", "/cities/999999/", "/law/hj_999/2012/", "/no-such-page"):
        answer = page.request.get(path, max_redirects=0)
        assert answer.status == 404, path
        assert re.search("[\u4e00-\u9fff]", answer.text())


def test_a_phone_opens_the_rooms_too(open_page: OpenPage) -> None:
    page = open_page("/login/", width=390, height=844)
    login(page, "admin")
    for path in ("/?t=2020-04-04T11", *IMPORTS, *ADMIN):
        answer = page.goto(path, wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, path
        assert sideways(page) == 0, path


def test_who_leaves_is_a_visitor_again(open_page: OpenPage) -> None:
    page = open_page("/login/")
    login(page, "operator")
    assert page.request.get("/imports/", max_redirects=0).status == 200
    page.goto("/stations/", wait_until="networkidle")
    page.locator("details", has=page.locator('form[action*="logout"]')).locator("summary").click()
    page.locator('form[action*="logout"] button').click()
    page.wait_for_url("**/login/**")
    assert page.request.get("/imports/", max_redirects=0).status == 302
