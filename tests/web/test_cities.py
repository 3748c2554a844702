"""Cities: ranking, calendar, trend, one city, and the two editions compared."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import openpyxl
import pytest
from django.test import Client, override_settings
from django.utils.translation import override

from songhua.model import MissingReason
from songhua.store import configure
from songhua.store.registry.models import Correction, ImportFile
from songhua.web.templatetags.say import reasons
from tests.web.months import Months, days

CHANGCHUN, JILIN, SIPING, LIAOYUAN = "220100", "220200", "220300", "220400"
APRIL, LAST_APRIL = date(2015, 4, 1), date(2014, 4, 1)
PAGES = (
    "/cities/",
    "/cities/?scope=county",
    "/cities/?period=year&at=2015&by=good",
    "/cities/calendar/?at=2015-04",
    "/cities/trend/?period=month",
    "/cities/220100/",
    "/compare/",
    "/compare/?unit=hour&scope=site",
)


@pytest.fixture(scope="module")
def province() -> Months:
    """Two cities alike, one dirtier, one with 26 of 30 days; a year before, the first was worse."""
    return Months(
        {
            CHANGCHUN: [*days(LAST_APRIL, 30, pm2_5=42.0), *days(APRIL, 30)],
            JILIN: [*days(APRIL, 30)],
            SIPING: [*days(APRIL, 29, pm2_5=70.0), *days(date(2015, 4, 30), 1, pm2_5=69.4)],
            LIAOYUAN: [*days(APRIL, 26, pm2_5=140.0)],
        }
    )


@pytest.fixture
def client(registry: None, province: Months) -> Iterator[Client]:
    configure(province)  # type: ignore[arg-type]
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        yield Client(headers={"accept-language": "zh-CN"})
    configure(None)


def text_of(client: Client, path: str, status: int = 200) -> str:
    page = client.get(path)
    assert page.status_code == status, page.content.decode()[:500]
    return page.content.decode()


def test_equal_indices_share_a_rank_and_the_next_is_skipped(client: Client) -> None:
    found = client.get("/api/v1/cities/ranking?at=2015-04").json()
    ranks = [(row["code"], row["rank"], row["tied"], row["composite"]) for row in found["rows"]]
    # by hand: 3.80; with PM2.5 at 70, 1.00 more; at 140, 3.00 more
    assert ranks == [
        (CHANGCHUN, 1, True, 3.8),
        (JILIN, 1, True, 3.8),
        (SIPING, 3, False, 4.8),
        (LIAOYUAN, 4, False, 6.8),
    ]


def test_change_on_the_year_is_in_per_cent_of_the_earlier_figure(client: Client) -> None:
    rows = client.get("/api/v1/cities/ranking?at=2015-04").json()["rows"]
    first = next(row for row in rows if row["code"] == CHANGCHUN)
    # a year before PM2.5 was 42: 4.00; (3.80 - 4.00) / 4.00
    assert first["year"]["composite"] == 4.0
    assert first["year"]["rise"] == -5.0
    assert first["before"]["rise"] is None


def test_ranks_of_other_regions_do_not_compare(client: Client) -> None:
    rows = client.get("/api/v1/cities/ranking?at=2015-04").json()["rows"]
    first = next(row for row in rows if row["code"] == CHANGCHUN)
    assert first["year"]["ranked"] == 1
    assert first["year"]["places"] == {"composite": None, "good": None}


def test_good_days_rank_by_their_share_of_valid_days(client: Client) -> None:
    rows = client.get("/api/v1/cities/ranking?at=2015-04&by=good").json()["rows"]
    # HJ 633—2012: PM2.5 70 is good (IAQI 94), 140 is not
    assert [(row["code"], row["rank"], row["good_share"]) for row in rows] == [
        (CHANGCHUN, 1, 100.0),
        (JILIN, 1, 100.0),
        (SIPING, 1, 100.0),
        (LIAOYUAN, 4, 0.0),
    ]


def test_an_incomplete_month_says_so_in_words(client: Client) -> None:
    text = text_of(client, "/cities/?at=2015-04&city=220400")
    assert "不完整" in text
    assert "PM₂.₅ 有效日数不足 26/27" in text


def test_a_change_says_from_what_to_what_when_and_why(client: Client, province: Months) -> None:
    province.history = [
        {"composite": 4.2, "rank": 2, "good_days": 30, "valid_days": 30, "cause": 1},
        {"composite": 3.8, "rank": 1, "good_days": 30, "valid_days": 30, "cause": 900_009},
    ]
    for row, day in zip(province.history, (1, 9), strict=True):
        row["computed_at"] = datetime(2016, 1, day, 4, tzinfo=UTC)
    correction = Correction.objects.create(
        journal_seq=900_009,
        site="1121A",
        quantity="pm2_5",
        period="hour",
        time=datetime(2015, 4, 4, 3, tzinfo=UTC),
        former=900.0,
        value=35.0,
        reason="仪器校准",
        author="analyst",
        at=datetime(2016, 1, 9, tzinfo=UTC),
    )
    try:
        text = re.sub(r"<[^>]+>", "", text_of(client, "/cities/220100/?at=2015-04"))
    finally:
        correction.delete()
        province.history = []
    assert "综合指数 4.20 → 3.80" in text
    assert "名次 2 → 1" in text
    said = "因为更正 1121A 2015年4月4日 11–12 时 PM₂.₅ 900 → 35：仪器校准（analyst）"
    assert f"2016年1月9日 12:00，{said}" in text


def test_the_state_of_an_earlier_day_can_be_asked_for(client: Client) -> None:
    assert client.get("/api/v1/cities/ranking?at=2015-04&as_of=2016-01-01").json()["rows"] == []
    assert "此后的更正不计入" in text_of(client, "/cities/?at=2015-04&as_of=2016-02-01")


def test_the_source_of_the_values_is_said_in_the_readers_language(client: Client) -> None:
    file = ImportFile.objects.create(
        journal_seq=501,
        name="days.csv",
        sha256="0",
        size=1,
        mapping='layout="wide"\ntime="t"\nsite="s"\nnote_en="Ozone is not documented."\n'
        '[quantities]\npm25="pm2_5"',
        mapping_sha256="0",
        author="demo",
        received_at=datetime(2016, 1, 1, tzinfo=UTC),
        state="done",
        first_time=datetime(2015, 4, 1, tzinfo=UTC),
        last_time=datetime(2015, 4, 2, tzinfo=UTC),
        note="臭氧口径未说明。",
    )
    try:
        for path in ("/cities/?at=2015-04", "/compare/?from=2015-04-01&to=2015-04-30"):
            assert "臭氧口径未说明。" in text_of(client, path)
        client.post("/language/", {"language": "en"})
        assert "Ozone is not documented." in text_of(client, "/cities/?at=2015-04")
        assert "Ozone" not in text_of(client, "/cities/?at=2014-04")
    finally:
        file.delete()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_answer_in_both_languages_without_inline_code(
    client: Client, path: str, language: str
) -> None:
    client.post("/language/", {"language": language})
    text = text_of(client, path)
    assert not re.search(r"<style|\son\w+=|\sstyle=", text)
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script
    found = re.findall(r'\sid="([^"]+)"', text)
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("at=2015-13", "时段名不对"),
        ("period=week", "period 只能是"),
        ("scope=village", "scope 只能是"),
        ("by=luck", "by 只能是"),
        ("as_of=yesterday", "as_of 不是"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(
    client: Client, query: str, said: str
) -> None:
    assert said in text_of(client, f"/cities/?{query}", 400)
    answer = client.get(f"/api/v1/cities/ranking?{query}")
    assert answer.status_code == 400
    assert said in answer.json()["zh"]


@pytest.mark.parametrize("code", ["999999", "220000", "x"])
def test_an_unknown_region_is_not_found(client: Client, code: str) -> None:
    assert "没有这个地区" in text_of(client, f"/cities/{code}/", 404)
    assert client.get(f"/api/v1/cities/{code}").status_code == 404


def test_a_region_without_data_says_what_to_do(client: Client) -> None:
    assert "没有数据" in text_of(client, "/cities/220500/?at=2015-04")
    assert "去导入" in text_of(client, "/cities/?scope=county")


def test_the_calendar_has_a_line_a_city_and_a_cell_a_day(client: Client) -> None:
    found = client.get("/api/v1/cities/calendar?at=2015-04").json()
    assert [line["code"] for line in found["lines"]] == [CHANGCHUN, JILIN, SIPING, LIAOYUAN]
    assert all(len(line["days"]) == 30 for line in found["lines"])
    # HJ 633—2012, table 1: O3 160 gives IAQI 100, the end of level 2; PM2.5 140 gives 183
    first, last = found["lines"][0]["days"][0], found["lines"][3]["days"]
    assert (first["aqi"], first["level"], first["primary"]) == (100, 2, "o3")
    assert (last[0]["level"], last[29]) == (4, None)


def test_a_years_figures_stand_beside_their_limits(registry: None) -> None:
    year = Months({CHANGCHUN: [*days(date(2015, 1, 1), 365)]})
    configure(year)  # type: ignore[arg-type]
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        text = Client(headers={"accept-language": "zh-CN"}).get("/cities/220100/?period=year")
    configure(None)
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text.content.decode()))
    # GB 3095—2012, class 2, annual: PM2.5 35, NO2 40; a value on the limit meets it
    assert "PM₂.₅ 均值 35 35 达标 µg/m³" in said
    assert "NO₂ 均值 20 40 达标 µg/m³" in said
    assert "CO P95 0.8 4 达标 mg/m³" in said
    assert "各项都不超过二级限值：达标。" in said


def test_a_trend_needs_five_complete_periods(client: Client) -> None:
    found = client.get("/api/v1/cities/trend?period=year").json()
    assert all(course["trend"] is None for course in found["courses"])
    assert "不足 5 个" in text_of(client, "/cities/trend/")


def test_five_falling_months_are_a_falling_trend(registry: None) -> None:
    months = [
        day
        for number in range(1, 7)
        for day in days(date(2015, number, 1), 28, pm2_5=100.0 - number)
    ]
    falling = Months({CHANGCHUN: months})
    configure(falling)  # type: ignore[arg-type]
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        answer = Client().get("/api/v1/cities/trend?period=month&figure=pm2_5").json()
    configure(None)
    found = answer["courses"][0]["trend"]
    # every rank in reverse: rs = -1; HJ 663—2013, annex B: 0.829 for N = 6
    assert (found["rs"], found["periods"], found["critical"]) == (-1.0, 6, 0.829)
    assert found["direction"] == "falling"


def test_good_days_by_2012_become_polluted_by_2026(client: Client) -> None:
    found = client.get("/api/v1/compare?from=2015-04-01&to=2015-04-30").json()
    sides = {side["code"]: side for side in found["sides"]}
    # by hand, 2012: 50 + 50 × (70 − 35) / 40 = 93.75 up; 2026: 100 + 50 × (70 − 60) / 55 = 109.1 up
    moved = next(one for one in found["moved"] if one["pm2_5"] == 70)
    assert (moved["aqi_old"], moved["aqi_new"]) == (100, 110)  # O3 160 holds the older at 100
    assert (moved["level_old"], moved["level_new"], moved["primary"]) == (2, 3, "pm2_5")
    assert (sides[SIPING]["good_old"], sides[SIPING]["good_new"]) == (30, 0)
    assert (sides[CHANGCHUN]["good_old"], sides[CHANGCHUN]["good_new"]) == (30, 30)
    assert (found["total"]["valid"], len(found["moved"])) == (116, 30)
    # 90 of 116 and 60 of 116
    assert (found["total"]["share_old"], found["total"]["share_new"]) == (77.6, 51.7)


def test_2026_rounds_the_concentration_first(client: Client) -> None:
    found = client.get("/api/v1/compare?from=2015-04-30&to=2015-04-30").json()
    moved = next(one for one in found["moved"] if one["code"] == SIPING)
    # 69.4 is 69 by HJ 633—2026, 4.2.2: 100 + 50 × 9 / 55 = 108.2 up
    assert moved["aqi_new"] == 109


def test_the_comparison_is_one_sentence_with_its_numbers(client: Client) -> None:
    text = re.sub(r"<[^>]+>", "", text_of(client, "/compare/?from=2015-04-01&to=2015-04-30"))
    assert "4 处共 116 个有效日：改用 2026 版，30 个优良日成为污染日（其中轻度污染 30）" in text
    assert "优良比例由 77.6 % 降为 51.7 %" in text
    assert "PM₂.₅ 75 → 60" in text
    assert "PM₁₀ 150 → 120" in text


@pytest.mark.parametrize("query", ["from=2015-04-30&to=2015-04-01", "from=x&to=y", "unit=week"])
def test_a_span_that_cannot_be_compared_is_refused(client: Client, query: str) -> None:
    text_of(client, f"/compare/?{query}", 400)


def test_the_ranking_can_be_taken_away(client: Client) -> None:
    csv = client.get("/api/v1/cities/ranking/export?at=2015-04")
    assert csv.headers["Content-Disposition"].endswith('"ranking_city_2015-04_composite.csv"')
    lines = csv.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "# 2015年4月 Apr 2015"
    heads = next(line for line in lines if not line.startswith("#")).split(",")
    first = next(line for line in lines if line.startswith("1,220100")).split(",")
    assert dict(zip(heads, first, strict=True))["composite"] == "3.8"
    xlsx = client.get("/api/v1/cities/ranking/export?at=2015-04&format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx.content)).active
    assert sheet is not None
    assert [row[1].value for row in sheet.iter_rows()][-4:] == [CHANGCHUN, JILIN, SIPING, LIAOYUAN]
    assert client.get("/api/v1/cities/ranking/export?format=doc").status_code == 400


def test_the_days_of_a_comparison_can_be_taken_away(client: Client) -> None:
    csv = client.get("/api/v1/compare/export?from=2015-04-01&to=2015-04-30")
    lines = csv.content.decode("utf-8-sig").splitlines()
    assert len([line for line in lines if line.startswith(SIPING)]) == 30


def test_the_shelf_without_anything_is_no_fault(registry: None) -> None:
    empty = Months({CHANGCHUN: [*days(APRIL, 1)]}, scope="nowhere")
    configure(empty)  # type: ignore[arg-type]
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        answers = [Client().get(path).status_code for path in PAGES]
    configure(None)
    assert answers == [200] * len(PAGES)


def test_every_reason_of_absence_has_words_in_both_languages() -> None:
    for reason in MissingReason:
        with override("zh-hans"):
            zh = reasons(f"pm2_5 {reason.value} 26/27")
        with override("en"):
            en = reasons(f"pm2_5 {reason.value} 26/27")
        assert re.fullmatch(r"PM₂.₅ [一-鿿0-9 ]+ 26/27", zh), zh
        assert re.fullmatch(r"PM₂.₅ [a-z0-9 -]+ 26/27", en), en


def test_pollutants_alike_are_named_together() -> None:
    with override("zh-hans"):
        said = reasons("so2 too_few_days 1/27; co too_few_days 1/27; pm10 not_received")
    assert said == "SO₂、CO 有效日数不足 1/27；PM₁₀ 没有收到数据"


@pytest.fixture
def three_years(registry: None) -> Iterator[Client]:
    """Years of one city: PM₂.₅ 31, 28 and 26, the last by HJ 663—2026."""
    years = [
        day
        for year, value in ((2024, 31.0), (2025, 28.0), (2026, 26.0))
        for day in days(date(year, 1, 1), 366 if year == 2024 else 365, pm2_5=value)
    ]
    configure(Months({CHANGCHUN: years}))  # type: ignore[arg-type]
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        yield Client(headers={"accept-language": "zh-CN"})
    configure(None)


def test_a_year_of_2026_stands_beside_its_mean_of_three_years(three_years: Client) -> None:
    page = text_of(three_years, f"/cities/{CHANGCHUN}/?period=year&at=2026")
    assert "三年滑动平均" in page
    row = re.search(r"PM₂\.₅</td><td>均值</td>(.*?)</tr>", page, re.S)
    assert row is not None
    cells = re.findall(r'<td class="num[^"]*">([^<]*)', row[1])
    assert cells[:2] == ["26", "28"]  # (31 + 28 + 26) / 3 = 28.3
    earlier = text_of(three_years, f"/cities/{CHANGCHUN}/?period=year&at=2025")
    assert "三年滑动平均" not in earlier  # HJ 663—2013 has none
