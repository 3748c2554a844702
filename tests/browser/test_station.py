"""A station's page, the page of whys and a correction in a real browser, on the real hours."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATION = "/stations/1121A/"
AT = f"{STATION}?q=aqi,pm10&at=2020-04-04T11"
LOOKS = [
    (1440, 900, "light", "zh-hans"),
    (1440, 900, "dark", "en"),
    (1024, 768, "light", "en"),
    (720, 450, "dark", "en"),
    (390, 844, "dark", "zh-hans"),
    (390, 844, "light", "en"),
]
"""The fourth is a 1440 × 900 screen at 200 %."""
PAGES = [
    "/stations/",
    AT,
    f"{STATION}?period=day&tab=profile",
    f"{STATION}?tab=rose&view=table",
    f"{STATION}?tab=capture",
    f"{STATION}?tab=history",
    "/regions/220100/?period=day&from=2014-01-01&to=2016-01-01&q=aqi,pm2_5,o3_8h",
    "/why/?period=hour&scope=site&subject=1121A&time=2020-04-04T11",
    "/why/?period=day&scope=city&subject=220100&time=2020-04-03",
    "/why/?period=month&scope=city&subject=220100&time=2015-03-01",
]


@pytest.mark.parametrize(("width", "height", "theme", "language"), LOOKS)
def test_pages_fit_and_are_quiet(
    open_page: OpenPage, width: int, height: int, theme: str, language: str
) -> None:
    page = open_page(PAGES[0], width=width, height=height, dark=theme == "dark", language=language)
    for path in PAGES:
        page.goto(path, wait_until="networkidle")
        expect(page.locator("h1").first).to_be_visible()
        assert page.locator("[aria-busy=true]").count() == 0, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_panel_shows_the_published_hour(open_page: OpenPage) -> None:
    page = open_page(AT)
    panel = page.locator("#panel")
    expect(panel.locator(".big strong")).to_have_text("162")
    expect(panel.locator(".big .tag")).to_have_text("中度污染")
    expect(panel.locator("tr.main")).to_contain_text("273 µg/m³")
    expect(panel.locator(".why")).to_contain_text("(200−150)/(350−250)×(273−250)+150 = 161.5 → 162")
    expect(page.locator("#edition")).to_contain_text("HJ 633—2012")


def test_a_drag_zooms_a_press_selects_and_back_goes_back(open_page: OpenPage) -> None:
    page = open_page(STATION)
    before = page.url
    box = page.locator("#course .course-canvas").bounding_box()
    assert box is not None
    y = box["y"] + 120
    page.mouse.move(box["x"] + 300, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, y, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile("from="))
    zoomed = _asked(page)
    assert zoomed["from"] < zoomed["to"]
    page.mouse.click(box["x"] + 400, y)
    page.wait_for_url(re.compile("at="))
    assert zoomed["from"] <= _asked(page)["at"] < zoomed["to"]
    page.go_back()
    page.go_back()
    page.wait_for_url(before)


def test_the_keyboard_moves_the_crosshair_and_selects(open_page: OpenPage) -> None:
    page = open_page(f"{STATION}?q=pm10&from=2020-04-04&to=2020-04-05")
    page.locator("#course").focus()
    page.keyboard.press("Home")
    for _ in range(11):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".tip")).to_contain_text("2020年4月4日 11–12 时")
    expect(page.locator(".tip")).to_contain_text("273 µg/m³")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("at=2020-04-04T11"))
    expect(page.locator("#panel .big strong")).to_have_text("162")
    page.keyboard.press("-")
    page.wait_for_url(re.compile("from=2020-04-03"))


def test_the_table_shows_the_same_numbers(open_page: OpenPage) -> None:
    page = open_page(f"{STATION}?q=aqi,pm10&from=2020-04-04T11&to=2020-04-04T12&view=table")
    row = page.locator("#course-table .table-row").first
    expect(row).to_contain_text("2020年4月4日 11–12 时")
    assert [cell.inner_text() for cell in row.locator("[role=cell]").all()][1:] == ["162", "273"]


def test_a_day_of_the_calendar_opens(open_page: OpenPage) -> None:
    page = open_page(f"{STATION}?period=day")
    day = page.locator(".calendar rect", has_text="2020年4月3日")
    assert "AQI 166" in (day.get_attribute("aria-label") or "")
    day.click()
    page.wait_for_url(re.compile("period=day.*at=2020-04-03"))
    expect(page.locator("#panel .big strong")).to_have_text("166")


def test_files_can_be_taken_away(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(AT)
    for press, ending in (
        ("[data-export=csv]", "csv"),
        ("[data-export=xlsx]", "xlsx"),
        ("[data-png]", "png"),
    ):
        with page.expect_download() as waiting:
            page.locator(press).click()
        name = waiting.value.suggested_filename
        assert name.startswith("1121A_hour_")
        assert name.endswith(f".{ending}")
        kept = tmp_path / name
        waiting.value.save_as(kept)
        assert kept.stat().st_size > 1000


def test_a_correction_is_shown_first_then_made_then_undone(open_page: OpenPage) -> None:
    page = open_page(f"/login/?next={STATION}%3Fq=pm10%26at=2020-04-03T16")
    page.locator("[data-name=operator]").click()
    panel = page.locator("#panel")
    expect(panel.locator(".big strong")).to_have_text("500")
    panel.get_by_role("button", name="修正此时的值").click()
    form = page.locator("form.correct")
    expect(form.get_by_role("button", name="确认修正")).to_be_disabled()
    form.locator("[name=value]").fill("132")
    form.get_by_role("button", name="看会改变什么").click()
    expect(form.locator(".effect tr").first).to_contain_text(re.compile(r"500\s*→\s*91"))
    form.locator("[name=kind]").select_option("transfer")
    form.locator("[name=words]").fill("多录了一个 9")
    form.get_by_role("button", name="确认修正").click()
    expect(panel.locator(".big strong")).to_have_text("91")
    expect(panel.locator(".changed").first).to_contain_text("AQI 由 500 改为 91")
    expect(panel.locator(".changed").first).to_contain_text("多录了一个 9")
    page.locator(".toast").get_by_role("button", name="撤销").click()
    expect(panel.locator(".big strong")).to_have_text("500")
    panel.get_by_role("button", name="看改变之前").first.click()
    expect(page.locator("#as-of-banner")).to_be_visible()
    expect(panel.locator(".big strong")).to_have_text("91")


def test_the_list_finds_and_opens_a_station(open_page: OpenPage) -> None:
    page = open_page("/stations/")
    page.locator("#list-filter [name=find]").fill("邮电")
    expect(page.locator("#list .table-row")).to_have_count(1)
    page.locator("#list .table-row").click()
    page.wait_for_url(re.compile(STATION))


def _asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
