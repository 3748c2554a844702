"""The reviewer's bench in a real browser: choose, preview, act, undo; refused; two reviewers."""

import json
import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_walk import login, sideways

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BENCH = "/review/bench/?site=1121A&from=2020-04-03&q=pm10"
STORM = "/api/v1/review/values?" + urlencode(
    {"site": "1121A", "quantity": "pm10", "from": "2020-04-03T16", "to": "2020-04-03T17"}
)
LOOKS = [
    (1440, 900, "light", "zh-hans"),
    (1440, 900, "dark", "en"),
    (390, 844, "dark", "zh-hans"),
    (390, 844, "light", "en"),
]


def on_bench(open_page: OpenPage, role: str, path: str = BENCH, **look: object) -> Page:
    page = open_page("/login/", **look)
    login(page, role)
    page.goto(path, wait_until="networkidle")
    return page


def choose_the_storm(page: Page) -> None:
    """Choose the one value above 1,200 by rule."""
    page.locator("#rule [name=than]").fill("1200")
    page.locator("#rule button.small").click()
    expect(page.locator(".act > p").first).to_contain_text("PM₁₀")


def write(page: Page, words: str, reason: str = "local") -> None:
    page.locator(".act [name=reason]").select_option(reason)
    page.locator(".act [name=words]").fill(words)


def preview(page: Page) -> None:
    page.locator(".act .actions button").first.click()


@pytest.mark.parametrize(("width", "height", "theme", "language"), LOOKS)
def test_the_review_fits_and_is_quiet(
    open_page: OpenPage, width: int, height: int, theme: str, language: str
) -> None:
    look = {"width": width, "height": height, "dark": theme == "dark", "language": language}
    page = on_bench(open_page, "operator", **look)
    for path in (BENCH, "/review/?from=2020-04-01&to=2020-04-05", "/review/statistics/"):
        page.goto(path, wait_until="networkidle")
        expect(page.locator("h1").first).to_be_visible()
        assert page.locator("[aria-busy=true]").count() == 0, path
        assert sideways(page) == 0, path


def test_marked_seen_and_undone(open_page: OpenPage) -> None:
    page = on_bench(open_page, "operator")
    choose_the_storm(page)
    send = page.locator(".act [type=submit]")
    expect(send).to_be_disabled()  # nothing is done before its effect was seen
    write(page, "附近道路清扫扬尘")
    preview(page)
    expect(page.locator(".act .effect")).to_contain_text("个数将改变")
    expect(page.locator(".act .effect table")).to_contain_text("AQI")
    expect(send).to_be_enabled()
    page.locator("[data-act=questionable]").click()
    expect(send).to_be_disabled()  # another order: to be seen again
    page.locator("[data-act=invalid]").click()
    write(page, "附近道路清扫扬尘，已问运维")
    preview(page)
    expect(send).to_be_enabled()
    send.click()
    expect(page.locator(".toast")).to_contain_text("已执行")
    history = page.locator("#history .log-line").first
    expect(history).to_contain_text("标为无效 1 个值，局地影响")
    assert page.request.get(STORM).json()["mark"] == ["RM"]
    page.locator("#plot").focus()
    page.keyboard.press("u")
    expect(page.locator("#history .log-line").first).to_contain_text("撤销")
    expect(page.locator("#history .log-line").nth(1)).to_contain_text("已由")
    assert page.request.get(STORM).json()["mark"] == [""]


def test_the_keyboard_alone(open_page: OpenPage) -> None:
    page = on_bench(open_page, "operator")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("]")  # the first finding, shown and chosen
    expect(page.locator("#tip")).to_contain_text("检查")
    expect(page.locator(".act > p").first).to_contain_text("1 个")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".act > p").first).to_contain_text("2 个")
    page.keyboard.press("q")
    expect(page.locator("[data-act=questionable]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("w")
    page.keyboard.type("等运维答复")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator(".act .effect")).to_contain_text("审核存疑 2")
    expect(page.locator(".act [type=submit]")).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator(".act > p").first).to_contain_text("还没有选中")
    page.keyboard.press(".")
    expect(page.locator('#quantities [aria-pressed="true"]')).to_contain_text("PM₂.₅")
    assert "q=pm2_5" in page.url


def test_a_drag_chooses_a_span_and_the_wheel_zooms(open_page: OpenPage) -> None:
    page = on_bench(open_page, "operator")
    box = page.locator("#plot").bounding_box()
    assert box is not None
    y = box["y"] + 150
    page.locator("[data-mode=choose]:not(canvas)").click()
    page.mouse.move(box["x"] + 400, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 700, y, steps=4)
    page.mouse.up()
    said = page.locator(".act > p").first
    expect(said).to_contain_text("个 PM₁₀")
    count = int(re.findall(r"\d+", said.inner_text())[0])
    assert 5 < count < 24
    page.keyboard.press("a")
    assert int(re.findall(r"\d+", said.inner_text())[0]) > count
    page.mouse.wheel(0, -400)
    page.keyboard.press("a")
    expect(said).not_to_contain_text(f"{count} 个 PM")
    page.locator("#select-none").click()
    expect(said).to_contain_text("还没有选中")


def test_fingers_move_and_spread(open_page: OpenPage) -> None:
    page = on_bench(open_page, "operator", width=390, height=844)
    box = page.locator("#plot").bounding_box()
    assert box is not None
    hands, y = page.context.new_cdp_session(page), box["y"] + 120

    def touch(kind: str, *places: float) -> None:
        points = [{"x": x, "y": y, "id": n} for n, x in enumerate(places)]
        hands.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def shown() -> int:
        """Return how many values are in view."""
        page.keyboard.press("a")
        page.wait_for_timeout(50)
        return int(re.findall(r"\d+", page.locator(".act > p").first.inner_text())[0])

    first = shown()
    touch("touchStart", 150, 230)
    for wide in (20, 40, 60):
        touch("touchMove", 150 - wide, 230 + wide)
    touch("touchEnd")
    closer = shown()
    assert 0 < closer < first  # two fingers apart: closer
    said = page.locator(".act > p").first.inner_text()
    touch("touchStart", 300)
    for x in (260, 200, 140):
        touch("touchMove", x)
    touch("touchEnd")
    shown()
    assert page.locator(".act > p").first.inner_text() != said  # one finger: other times


def test_a_reader_is_refused_and_one_from_elsewhere_only_looks(open_page: OpenPage) -> None:
    page = open_page("/login/")
    login(page, "viewer")
    assert page.request.get(BENCH).status == 403
    page = on_bench(open_page, "operator", "/review/bench/?site=1130A&from=2020-04-03")
    shown = page.evaluate("JSON.parse(document.getElementById('bench').textContent).levels")
    assert shown == []
    expect(page.locator("#may-not")).to_be_visible()
    assert page.locator(".act").count() == 0


def test_the_second_reviewer_sees_what_the_first_did(open_page: OpenPage) -> None:
    first, second = on_bench(open_page, "operator"), on_bench(open_page, "analyst")
    for page, words in ((first, "等运维答复"), (second, "采样管漏气，照片为证")):
        choose_the_storm(page)
        write(page, words, "instrument")
    first.locator("[data-act=questionable]").click()
    for page in (first, second):
        preview(page)
        expect(page.locator(".act [type=submit]")).to_be_enabled()
    first.locator(".act [type=submit]").click()
    expect(first.locator(".toast")).to_be_visible()
    with second.expect_response("**/review/acts") as answer:
        second.locator(".act [type=submit]").click()
    assert answer.value.status == 409
    conflict = second.locator(".conflict")
    expect(conflict).to_contain_text("operator")
    expect(conflict).to_contain_text("等运维答复")
    conflict.locator("button").click()
    expect(second.locator(".act > p").first).to_contain_text("1 个 PM₁₀")  # the choice is kept
    expect(second.locator(".act [name=words]")).to_have_value("采样管漏气，照片为证")
    preview(second)
    expect(second.locator(".act .effect")).to_contain_text("审核存疑 1")
    acts = "/api/v1/review/history?site=1121A&from=2020-04-03&to=2020-04-03"
    assert json.loads(first.request.get(acts).text())["acts"][0]["verdict"] == "questionable"
    first.locator("#history .log-line button").first.click()
    expect(first.locator("#history .log-line").first).to_contain_text("撤销")
