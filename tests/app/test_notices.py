"""Published figures that change are announced: by cause, from what to what; hours are not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client, override_settings

from songhua.api.ports import CorrectionOrder, ImportOrder
from songhua.api.v1 import notices
from songhua.api.v1.notices import out_at, published
from songhua.app.platform import Songhua, silent
from songhua.store.registry.models import User

pytestmark = pytest.mark.chdb

DAY = datetime(2019, 7, 9, 16, tzinfo=UTC)
"""10 July 2019 in Beijing."""
SITE = "1121A"


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


@pytest.fixture
def july(platform: Songhua, tmp_path: Path) -> Songhua:
    path = tmp_path / "july.csv"
    lines = [
        f"{DAY + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{SITE},10,20,0.5,60,50,30\n"
        for n in range(24)
    ]
    head = "time,site,so2,no2,co,o3,pm10,pm2_5\n"
    path.write_text(head + "".join(lines), encoding="utf-8")
    platform.run_import(ImportOrder(path, path.name, "", "li"), silent)
    return platform


def client(name: str = "") -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    if name:
        made.force_login(User.objects.get(username=name))
    return made


def found(**asked: Any) -> list[dict[str, Any]]:
    answer = client("viewer").get("/api/v1/notices", asked)
    assert answer.status_code == 200, answer.content[:300]
    told: list[dict[str, Any]] = answer.json()["notices"]
    return told


def test_a_corrected_hour_is_announced_by_the_figures_that_were_out(july: Songhua) -> None:
    before = {one["number"] for one in found()}
    at = DAY + timedelta(hours=9)
    july.correct(CorrectionOrder(SITE, "pm2_5", at, 300.0, "仪器读数有误", "li"))
    (notice,) = [one for one in found() if one["number"] not in before]
    assert (notice["cause"]["kind"], notice["cause"]["zh"]) == ("correction", "仪器读数有误")
    assert "author" not in notice["cause"]
    (day,) = [
        line for line in notice["figures"] if (line["period"], line["subject"]) == ("day", SITE)
    ]
    # 24-hour PM2.5 30 gave 43 (PM10 of 50 gave 50); (23 * 30 + 300) / 24 = 41.25, 41 gives 58.
    assert day["zh"].endswith("2019-07-10 日AQI 50 → 58")
    assert day["time"] == "2019-07-10T00:00:00+08:00"
    assert not any(line["period"] == "hour" for line in notice["figures"])
    july.correct(CorrectionOrder(SITE, "pm2_5", at, 31.0, "复核", "li"))
    again = {one["number"]: one for one in found()}
    assert again[notice["number"]]["figures"] == notice["figures"]  # as it was then
    second = next(one for one in again.values() if one["cause"]["zh"] == "复核")
    assert any(line["zh"].endswith("日AQI 58 → 50") for line in second["figures"])
    assert found(region="220200") == []
    assert [one["number"] for one in found(region="220100")] == list(again)


def test_notices_that_are_not_all_say_so(july: Songhua, monkeypatch: pytest.MonkeyPatch) -> None:
    july.correct(CorrectionOrder(SITE, "pm2_5", DAY, 300.0, "仪器读数有误", "li"))
    reader = client("viewer")
    assert reader.get("/api/v1/notices").json()["complete"] is True
    assert "请缩短时段" not in reader.get("/notices/").content.decode()
    monkeypatch.setattr(notices, "MOST_CHANGES", 2)
    assert reader.get("/api/v1/notices").json()["complete"] is False
    assert "请缩短时段" in reader.get("/notices/").content.decode()


def test_the_page_says_it_to_everybody_and_names_people_to_few(july: Songhua) -> None:
    at = DAY + timedelta(hours=3)
    july.correct(CorrectionOrder(SITE, "pm10", at, 400.0, "滤带受潮", "wang-wu"))
    text = client("viewer").get("/notices/").content.decode()
    assert "滤带受潮" in text
    assert "wang-wu" not in text
    assert "wang-wu" in client("analyst").get("/notices/").content.decode()
    assert "/why/?period=day&amp;scope=site&amp;subject=1121A" in text
    empty = client("viewer").get("/notices/", {"from": "2001-01-01", "to": "2001-02-01"})
    assert "没有已公布的数字改变" in empty.content.decode()


@pytest.mark.parametrize(
    "asked",
    [{"from": "never"}, {"from": "2020-02-02", "to": "2020-01-01"}, {"from": "2001-01-01"}],
)
def test_a_span_that_cannot_be_read_is_said(asked: dict[str, str]) -> None:
    assert client("viewer").get("/api/v1/notices", asked).status_code == 400
    assert 'role="alert"' in client("viewer").get("/notices/", asked).content.decode()


def test_only_figures_that_were_out_are_announced() -> None:
    noon = datetime(2019, 7, 11, 4, tzinfo=UTC)
    rows = [
        ("day", DAY, 50.0, noon - timedelta(seconds=1)),
        ("day", DAY, 50.0, noon),
        ("day", DAY, None, noon),
        ("hour", DAY, 50.0, noon),
        ("month", DAY - timedelta(days=9), 4.0, noon),
    ]
    schema = {"period": pl.String, "time": pl.Datetime("us", "UTC"), "former": pl.Float64}
    frame = pl.DataFrame(
        rows, schema={**schema, "computed_at": pl.Datetime("us", "UTC")}, orient="row"
    ).with_columns(former_rank=pl.lit(None, pl.Int32))
    assert published(frame).rows() == [(*rows[1], None)]


@pytest.mark.parametrize(
    ("period", "begins", "out"),
    [
        ("day", "2019-12-30T16:00Z", "2020-01-01T04:00Z"),
        ("month", "2019-11-30T16:00Z", "2020-01-01T04:00Z"),
        ("quarter", "2019-09-30T16:00Z", "2020-01-01T04:00Z"),
        ("year", "2018-12-31T16:00Z", "2020-01-01T04:00Z"),
    ],
)
def test_figures_are_out_at_noon_of_the_day_after(period: str, begins: str, out: str) -> None:
    assert out_at(period, datetime.fromisoformat(begins)) == datetime.fromisoformat(out)
