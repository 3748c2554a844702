"""One map and the wall in a real browser, on the real hours of 4 April 2020."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

T = "/?t=2020-04-04T11"
SIZES = [(1440, 900), (1024, 768), (720, 450), (390, 844)]
"""The third is a 1440 × 900 screen at 200 %."""


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("theme", "language"), [("light", "zh-hans"), ("dark", "en")])
def test_the_map_fits_and_is_quiet(
    open_page: OpenPage, width: int, height: int, theme: str, language: str
) -> None:
    page = open_page(
        f"{T}&site=1121A", width=width, height=height, dark=theme == "dark", language=language
    )
    expect(page.locator("#detail .big strong")).to_have_text("162")
    expect(page.locator(".city-pill")).to_have_count(9)
    expect(page.locator("#map canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [pill.bounding_box() for pill in page.locator(".city-pill").all()]
    for at, one in enumerate(boxes):
        for other in boxes[at + 1 :]:
            assert one is not None
            assert other is not None
            apart = (
                one["x"] + one["width"] <= other["x"]
                or other["x"] + other["width"] <= one["x"]
                or one["y"] + one["height"] <= other["y"]
                or other["y"] + other["height"] <= one["y"]
            )
            assert apart, (one, other)


def test_the_panel_says_what_was_published(page: Page) -> None:
    page.locator("#list .row", has_text="邮电学院").click()
    detail = page.locator("#detail")
    expect(detail.locator(".title")).to_contain_text("邮电学院")
    expect(detail.locator(".big strong")).to_have_text("162")
    expect(detail.locator(".big")).to_contain_text("中度污染")
    expect(detail.locator("tr.main")).to_contain_text("273 µg/m³")
    expect(detail.locator(".why")).to_contain_text(
        "(200−150)/(350−250)×(273−250)+150 = 161.5 → 162"
    )
    expect(detail.locator("svg.course path.line")).to_have_count(1)
    expect(page).to_have_url(re.compile("site=1121A"))
    expect(page.locator("#edition")).to_contain_text("HJ 633—2012")


def test_parts_of_the_panel_stand_in_order(page: Page) -> None:
    page.locator("#list .row").first.click()
    expect(page.locator("#detail .why code").first).to_be_visible()
    order = page.locator("#detail").evaluate(
        "box => [...box.children].map(one => one.className || one.tagName)"
    )
    wanted = ["title", "sub", "big", "course-box", "data", "why", "actions"]
    assert [name for name in order if name in wanted] == wanted


def test_a_link_reproduces_the_view(open_page: OpenPage) -> None:
    link = f"{T}&q=pm2_5&site=1125A&view=table&levels=2,3&sort=-pm10"
    page = open_page(link)
    expect(page.locator("#quantities [aria-pressed=true]")).to_have_text("PM₂.₅")
    expect(page.locator("#detail .title")).to_contain_text("甩湾子")
    expect(page.locator("#rows th[aria-sort=descending]")).to_contain_text("PM₁₀")
    shown = page.locator("#rows tbody tr td:nth-child(8)").all_inner_texts()
    figures = [int(text) for text in shown if text.isdigit()]
    assert figures == sorted(figures, reverse=True)
    assert page.url.endswith(link)


def test_keys_move_time_and_search(page: Page) -> None:
    page.keyboard.press("ArrowRight")
    expect(page.locator("#now")).to_have_text("4月4日 12–13 时")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#now")).to_have_text("4月4日 11–12 时")
    page.keyboard.press("/")
    page.keyboard.type("劳动公园")
    expect(page.locator("#search-found li").first).to_contain_text("劳动公园")
    page.keyboard.press("Enter")
    expect(page.locator("#detail .title")).to_contain_text("劳动公园")
    expect(page.locator("#detail .big strong")).to_have_text("121")
    page.keyboard.press("Escape")
    expect(page.locator("#detail .title")).to_have_text("吉林省")


def test_play_moves_on_and_space_stops(page: Page) -> None:
    page.locator("body").press(" ")
    expect(page.locator("#now")).not_to_have_text("4月4日 11–12 时", timeout=10_000)
    page.locator("body").press(" ")
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    stopped = page.locator("#now").inner_text()
    page.wait_for_timeout(1500)
    assert page.locator("#now").inner_text() == stopped


def test_the_legend_filters_list_and_map(page: Page) -> None:
    page.locator("#legend button", has_text="轻度污染").click()
    expect(page.locator("#list .row .level-3").first).to_be_visible()
    assert page.locator("#list .row").count() == page.locator("#list .row .level-3").count()
    expect(page).to_have_url(re.compile("levels=3"))


def test_the_colour_blind_scale_is_one_click_away(page: Page) -> None:
    pill = page.locator("#list .figure-pill").first
    before = pill.evaluate("one => getComputedStyle(one).backgroundColor")
    page.get_by_role("button", name="色觉友好").click()
    assert pill.evaluate("one => getComputedStyle(one).backgroundColor") != before
    page.reload(wait_until="networkidle")
    expect(page.locator("html")).to_have_attribute("data-scale", "safe")


def test_a_silent_station_says_why(page: Page) -> None:
    page.locator("#legend button", has_text="缺数").click()
    page.locator("#list .row").first.click()
    expect(page.locator("#detail .big strong")).to_have_text("—")
    expect(page.locator("#detail .big")).to_contain_text("没有收到数据")


def test_days_of_cities_and_a_day_without_data(open_page: OpenPage) -> None:
    page = open_page("/?period=day&t=2018-03-10")
    expect(page.locator("#stage-note")).to_contain_text("这一天没有数据")
    page.locator("#stage-note button").first.click()
    expect(page.locator("#now-sub")).to_contain_text("2015")
    expect(page.locator("#scopes [aria-pressed=true]")).to_have_text("城市")


def test_an_earlier_state_is_named(open_page: OpenPage) -> None:
    page = open_page(f"{T}&as_of=2020-04-05")
    expect(page.locator("#as-of")).to_contain_text("所知的状态")
    page.locator("#as-of a").click()
    expect(page.locator("#as-of")).to_be_hidden()


def test_nothing_jumps_while_the_page_loads(open_page: OpenPage) -> None:
    page = open_page(
        f"{T}&site=1121A",
        before=lambda page: page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => {"
            " for (const one of list.getEntries())"
            " if (!one.hadRecentInput) window.shift += one.value;"
            " }).observe({ type: 'layout-shift', buffered: true });"
        ),
    )
    expect(page.locator("#detail .why code").first).to_be_visible()
    page.wait_for_timeout(500)
    assert page.evaluate("window.shift") < 0.02


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (3840, 2160)])
def test_the_wall_fits_without_scrolling(open_page: OpenPage, width: int, height: int) -> None:
    page = open_page("/wall", width=width, height=height)
    expect(page.locator("#worst li")).to_have_count(5)
    expect(page.locator("#best li")).to_have_count(5)
    expect(page.locator("#six li")).to_have_count(6)
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    for part in (".wall-left", ".wall-right", "#changes"):
        assert page.locator(part).evaluate("one => one.scrollHeight <= one.clientHeight + 1"), part
