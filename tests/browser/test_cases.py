"""A lead of the demo's true observations: looked for with a low score, looked at, made a case."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_walk import login, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHY = "连续同一个值，需要核查仪器"
SCORE = "0.0005"
"""The demo's four days are clean: at the usual score there is nothing to look at."""


@pytest.fixture(scope="session")
def _looked(live_home: Path, live_url: str) -> None:
    """The detectors have run once more, asked by a command beside the running platform."""
    del live_url  # runs
    songhua = Path(sys.executable).with_name("songhua")
    asked = [str(songhua), "fraud", "--platform", "--score", SCORE]
    environment = {**os.environ, "SONGHUA_HOME": str(live_home)}
    subprocess.run(asked, check=True, timeout=120, env=environment, capture_output=True)


@pytest.fixture
def leads(_looked: None, open_page: OpenPage) -> Page:
    """The list of leads, seen by a leader."""
    page = open_page("/login/")
    login(page, "leader")
    page.goto("/cases/?state=all", wait_until="networkidle")
    expect(page.locator("svg.strip")).to_have_count(1)
    return page


def test_from_the_list_to_a_printed_case(leads: Page) -> None:
    page = leads
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
