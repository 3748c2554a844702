"""What a file's columns mean, guessed from the file alone."""

from typing import Any

import pytest

from songhua.ingest.files import detect
from songhua.model import BadInput
from tests.ingest.held import Held, read, values


def guess(*lines: str, encoding: str = "utf-8") -> dict[str, Any]:
    found = detect(Held.text(*lines, encoding=encoding)).mapping
    return {name: getattr(found, name) for name in type(found).__slots__}


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        (
            "site,time,PM2.5,CO,note",
            "1121A,2020-04-02 08:00,35,0.4,x",
            {"layout": "wide", "site": "site", "quantities": {"PM2.5": "pm2_5", "CO": "co"}},
        ),
        (
            "time,city,station_name,aqi_published,pm25,o3_8h",
            "2020-04-02 08:00,长春,邮电学院,50,35,40",
            {
                "city": "city",
                "name": "station_name",
                "site": "",
                "quantities": {"pm25": "pm2_5", "o3_8h": "o3_8h"},
            },
        ),
        (
            "监测时间;点位编码;监测项目;监测值;单位;数据标识",
            "2020-04-02 08:00;1121A;PM2.5;35;µg/m³;N",
            {
                "layout": "long",
                "delimiter": ";",
                "time": "监测时间",
                "quantity": "监测项目",
                "value": "监测值",
                "unit": "单位",
                "mark": "数据标识",
            },
        ),
        (
            "城市\t站点\t时间\tSO2(μg/m³)\tCO(mg/m³)\tPM10(mg/m³)",
            "长春\t邮电学院\t2020-04-02 08:00\t3\t0.4\t0.05",
            {
                "delimiter": "\t",
                "city": "城市",
                "name": "站点",
                "units": {"pm10": "mg/m³"},
            },
        ),
        (
            "No,station,date,hour,PM2.5",
            "1,1121A,2020-04-02,8,35",
            {"hour": "hour", "time": "date", "period": "hour", "quantities": {"PM2.5": "pm2_5"}},
        ),
        ("区划代码,日期,CO", "220100,2015-01-01,1", {"site": "区划代码", "period": "day"}),
        ("city,date,CO", "长春,2015-01-01,1", {"site": "city", "city": "", "period": "day"}),
        ("site,time,CO", "1121A,2020040208,1", {"period": "hour"}),
        ("site,date,CO", "1121A,20200402,1", {"period": "day"}),
        ("站点,开始时间,CO", "1121A,2020-04-02 08:00,1", {"hour_label": "start"}),
        ("站点,结束时间,CO", "1121A,2020-04-02 08:00,1", {"hour_label": "end"}),
    ],
)
def test_columns_are_known_by_their_headers(
    header: str, row: str, expected: dict[str, Any]
) -> None:
    found = guess(header, row)
    assert {name: found[name] for name in expected} == expected


def test_more_than_one_day_of_midnights_are_days() -> None:
    days = [f"1121A,2020-04-0{n} 00:00:00,1" for n in range(1, 4)]
    assert guess("site,time,CO", *days)["period"] == "day"
    assert guess("site,time,CO", days[0], "1120A,2020-04-01 00:00,1")["period"] == "hour"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_is_seen_in_the_bytes(encoding: str) -> None:
    source = Held.text("站点,时间,细颗粒物", "1121A,2020-04-02 08:00,35", encoding=encoding)
    found = detect(source).mapping
    assert found.encoding == ("gb18030" if encoding == "gb18030" else "utf-8")
    assert len(values(read(source, found))) == 1


def test_the_header_is_found_below_titles() -> None:
    source = Held.text(
        "空气质量小时报,,", "制表：省中心,2020年,", "站点,时间,CO", "1121A,2020-04-02 8:00,1"
    )
    assert len(values(read(source, detect(source).mapping))) == 1


def test_what_the_file_does_not_say_is_asked() -> None:
    silent = detect(Held.text("site,time,CO", "1121A,2020-04-02 08:00,1"))
    assert silent.mapping.hour_label == "start"
    assert "开始还是结束" in silent.notes_zh[0]
    assert len(silent.notes_zh) == len(silent.notes_en) == 1
    assert detect(Held.text("site,结束时间,CO", "1121A,2020-04-02 08:00,1")).notes_zh == ()
    assert detect(Held.text("site,date,CO", "1121A,2020-04-02,1")).notes_zh == ()


def test_of_two_columns_for_one_quantity_the_first_is_taken_and_the_other_named() -> None:
    found = detect(Held.text("site,结束时间,O3,臭氧", "1121A,2020-04-02 08:00,1,2"))
    assert found.mapping.quantities == {"O3": "o3"}
    assert "臭氧" in found.notes_zh[0]


@pytest.mark.parametrize(
    ("header", "what"), [("site,CO,x", "时间"), ("time,CO,x", "站点"), ("site,time,x", "指标")]
)
def test_what_cannot_be_guessed_is_named(header: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        guess(header, "1,2,3")


def test_the_first_rows_are_shown() -> None:
    lines = [f"1121A,2020-04-{n // 24 + 1:02d} {n % 24}:00,1" for n in range(30)]
    assert detect(Held.text("site,time,CO", *lines)).sample.height == 20
