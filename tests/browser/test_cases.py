"""A lead of the demo's true observations: found after the start, looked at, joined into a case."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_walk import login, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHY = "连续同一个值，需要核查仪器"
_TRIES = 60


@pytest.fixture
def leads(open_page: OpenPage) -> Page:
    """The list, once the detectors have run behind the demo."""
    page = open_page("/login/")
    login(page, "leader")
    for _ in range(_TRIES):
        page.goto("/cases/?state=all", wait_until="networkidle")
        if page.locator("svg.strip").count():
            return page
        page.wait_for_timeout(500)
    pytest.fail("the detectors gave no lead")


def test_from_the_list_to_a_printed_case(leads: Page) -> None:
    page = leads
    page.goto("/cases/?detector=constant", wait_until="networkidle")
    page.locator("table.data tbody a").first.click()
    expect(page.locator("svg.course-picture .span")).to_have_count(1)
    expect(page.locator(".innocent li").first).to_contain_text(re.compile("检验"))
    page.locator("summary", has_text="并入案件").click()
    page.locator('form[action$="/join/"] textarea').fill(WHY)
    page.locator('form[action$="/join/"] button').click()
    expect(page.locator(".notice.success")).to_contain_text("已并入案件")
    page.locator('a[href^="/cases/files/2"]').first.click()
    expect(page.locator(".case-course .here")).to_have_text("立案")
    page.locator("summary", has_text="存入材料").click()
    file = {"name": "现场笔录.txt", "mimeType": "text/plain", "buffer": "笔录".encode()}
    page.set_input_files('input[type="file"]', [file])  # type: ignore[list-item]
    page.locator('form[action$="/documents/"] button').click()
    expect(page.locator(".papers")).to_contain_text("现场笔录.txt")
    page.locator("a", has_text="打印案卷").click()
    expect(page.locator(".case-print")).to_contain_text(WHY)
    page.emulate_media(media="print", color_scheme="dark")
    expect(page.locator(".case-print .actions")).to_be_hidden()
    expect(page.locator(".lead-sheet svg.course-picture")).to_be_visible()
    expect(page.locator(".innocent .soft").first).to_be_visible()  # why it was not tested
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_leads_fit_a_phone(leads: Page) -> None:
    page = leads
    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/cases/?state=all", "/cases/files/"):
        page.goto(path, wait_until="networkidle")
        assert sideways(page) == 0, path
    page.goto("/cases/?state=all", wait_until="networkidle")
    page.locator("table.data tbody a").first.click()
    page.wait_for_load_state("networkidle")
    assert sideways(page) == 0
