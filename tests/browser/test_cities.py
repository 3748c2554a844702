"""Cities, the two editions, the law and imports in a real browser, on the demo's observations."""

import csv
import gzip
import re
from pathlib import Path
from statistics import fmean

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

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
    "/cities/?at=2015-11",
    "/cities/calendar/?period=year&at=2015",
    "/cities/trend/?period=month",
    "/cities/220100/?period=year&at=2015",
    "/compare/",
    "/law/",
    "/law/gb_3095/2026/",
    "/law/diff/",
]


@pytest.mark.parametrize(("width", "height", "theme", "language"), LOOKS)
def test_pages_fit_and_are_quiet(
    open_page: OpenPage, width: int, height: int, theme: str, language: str
) -> None:
    look = {"width": width, "height": height, "dark": theme == "dark", "language": language}
    page = open_page(PAGES[0], **look)
    for path in PAGES:
        page.goto(path, wait_until="networkidle")
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_panel_shows_the_mean_of_the_days(open_page: OpenPage) -> None:
    with gzip.open(ROOT / "demo/air_city_daily_2013-2015.csv.gz", "rt") as file:
        days = [
            float(row["pm25"])
            for row in csv.DictReader(file)
            if row["region"] == "220100" and row["date"].startswith("2015-07")
        ]
    assert len(days) == 31
    page = open_page("/cities/?at=2015-07&city=220100")
    expect(page.locator("table.parts tbody tr").first).to_contain_text(
        f"{round(fmean(days))} µg/m³"
    )
    expect(page.locator(".source-note")).to_contain_text("臭氧")


def test_the_address_follows_what_is_chosen_and_back_leads_back(open_page: OpenPage) -> None:
    page = open_page("/cities/?at=2015-11")
    page.locator("table.ranking tbody tr", has_text="长春").locator("td").nth(2).click()
    expect(page.locator(".detail h1")).to_have_text("长春市")
    expect(page).to_have_url(re.compile(r"city=220100"))
    page.get_by_role("link", name="前一个：2015年10月").click()
    expect(page.locator(".centre-head h1")).to_contain_text("2015年10月")
    expect(page).to_have_url(re.compile(r"at=2015-10"))
    page.locator("select[name=at]").select_option("2015-08")
    expect(page.locator(".centre-head h1")).to_contain_text("2015年8月")
    page.go_back()
    expect(page.locator(".centre-head h1")).to_contain_text("2015年10月")
    page.get_by_role("link", name="季", exact=True).click()
    expect(page.locator(".centre-head h1")).to_contain_text("季度")


def test_a_heading_sorts_and_sorts_the_other_way(open_page: OpenPage) -> None:
    page = open_page("/cities/?at=2015-11")
    heading = page.get_by_role("columnheader", name="NO₂")
    column = page.locator("table.ranking tbody tr td:nth-child(10)")
    heading.get_by_role("button").click()
    rising = [float(text) for text in column.all_inner_texts()]
    assert rising == sorted(rising)
    expect(heading).to_have_attribute("aria-sort", "ascending")
    heading.get_by_role("button").click()
    assert [float(text) for text in column.all_inner_texts()] == rising[::-1]


def test_a_city_shows_its_course_and_its_bad_days(open_page: OpenPage) -> None:
    page = open_page("/cities/220100/?at=2015-11")
    expect(page.locator("#course svg")).to_be_visible()
    expect(page.locator("#calendar rect.cell")).to_have_count(30)
    page.get_by_role("link", name="为什么 ›").first.click()
    page.wait_for_load_state("networkidle")
    assert page.url.endswith("/why/?period=day&scope=city&subject=220100&time=2015-11-01")


def test_the_calendar_says_number_and_word_under_pointer_and_keys(open_page: OpenPage) -> None:
    page = open_page("/cities/calendar/?at=2015-11")
    read = page.locator("#calendar-read")
    page.locator("#calendar rect.cell").first.hover()
    expect(read).to_contain_text("长春 11月1日")
    pill = read.locator(".figure-pill")
    expect(pill).to_have_text(re.compile(r"^\d+$"))
    expect(read).to_contain_text(re.compile("优|良|污染"))
    page.locator("#calendar svg").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(read).to_contain_text("吉林 11月2日")


def test_the_level_colours_can_be_made_safe_for_every_eye(open_page: OpenPage) -> None:
    page = open_page("/cities/calendar/?at=2015-11")
    cell = page.locator("#calendar rect.fill-2").first
    official = cell.evaluate("one => getComputedStyle(one).fill")
    page.locator("details.menu summary", has_text="显示").click()
    page.get_by_label("色觉友好").check()
    assert cell.evaluate("one => getComputedStyle(one).fill") != official
    assert official == "rgb(255, 255, 0)"  # HJ 633—2012, table 2: 良 is yellow (255, 255, 0)


def test_the_sentence_of_the_comparison_counts_the_days_listed(open_page: OpenPage) -> None:
    page = open_page("/compare/?from=2015-01-01&to=2015-12-31")
    moved = int(page.locator(".sentence b").inner_text().replace(",", ""))
    bars = page.locator(".compare-table tbody:not(.total) .moved").all_inner_texts()
    assert moved == sum(int(text) for text in bars) > 0
    expect(page.locator("#moved")).to_contain_text(str(moved))
    page.get_by_role("link", name="小时", exact=True).click()
    expect(page).to_have_url(re.compile("unit=hour"))
    page.get_by_role("link", name="站点", exact=True).last.click()
    expect(page.locator(".sentence")).to_contain_text("有效小时")


def test_a_press_on_the_timeline_chooses_the_day(open_page: OpenPage) -> None:
    page = open_page("/law/")
    line = page.locator(".track.axis .track-line")
    box = line.bounding_box()
    assert box is not None
    line.click(position={"x": box["width"] * 0.4, "y": box["height"] / 2})
    expect(page).to_have_url(re.compile(r"/law/\?on=20\d\d-\d\d-\d\d"))
    expect(page.locator("section", has_text="有效").first).to_contain_text("HJ 633—2012")


def test_a_file_goes_the_whole_way(open_page: OpenPage, tmp_path: Path) -> None:
    file, cells = _known_hours(tmp_path)
    page = open_page("/login/?next=/imports/upload/")
    _log_in(page, "analyst")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="看看它是什么").click()
    page.locator("select[name=hour_label]").select_option("end")
    page.get_by_role("button", name="试一试", exact=True).click()
    expect(page.locator(".job .lead")).to_have_text("导入的话：", timeout=30_000)
    counts = page.locator(".job-counts")
    expect(counts).to_contain_text(re.compile(rf"新增\s*0\s*修订\s*0\s*未变\s*{cells}\s"))
    expect(page.locator(".job table.rejects")).to_contain_text("未登记的点位")
    page.get_by_role("button", name="导入", exact=True).click()
    expect(page.locator(".job .lead")).to_have_text("已导入：", timeout=60_000)
    page.get_by_role("link", name="看这次导入与拒收").click()
    expect(page.locator("#rejects")).to_contain_text("9999Z,2020-04-03 12:00")
    expect(page.locator("table.rejects tbody tr")).to_have_count(1)


def test_the_admin_is_quiet_and_chinese(open_page: OpenPage) -> None:
    page = open_page("/login/?next=/admin/registry/site/1121A/change/")
    _log_in(page, "admin")
    expect(page.locator("h1")).to_have_text("修改 监测点位")
    expect(page.locator("input[value=邮电学院]")).to_be_visible()


def _log_in(page: Page, name: str) -> None:
    page.locator(f"button[data-name={name}]").click()  # in a demo this fills the form and sends it
    page.wait_for_url(re.compile(r"/(imports|admin)/"), wait_until="networkidle")


def _known_hours(folder: Path) -> tuple[Path, int]:
    """Write hours that the demo has already, and a row of a site it does not know."""
    names = ("site", "time", "so2", "no2", "co", "o3", "pm10", "pm25")
    with gzip.open(ROOT / "demo/air_hourly_2020-04.csv.gz", "rt") as source:
        rows = [row for row in csv.DictReader(source) if row["site"] == "1119A"]
    path = folder / "hours.csv"
    with path.open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(names)
        write.writerows([row[name] for name in names] for row in rows)
        write.writerow(["9999Z", "2020-04-03 12:00", 1, 1, 1, 1, 1, 1])
    return path, sum(bool(row[name]) for row in rows for name in names[2:])
