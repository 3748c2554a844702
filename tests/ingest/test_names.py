"""What files call quantities, units and sites."""

import pytest

from songhua.ingest.files.names import Named, named_quantity
from songhua.ingest.files.places import Places
from songhua.ingest.files.units import unit_of
from songhua.standards import QUANTITIES
from tests.ingest.held import SITES


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("PM2.5", "pm2_5"),
        ("PM25", "pm2_5"),
        ("pm2_5", "pm2_5"),
        ("PM₂.₅", "pm2_5"),
        ("ＰＭ２．５", "pm2_5"),
        (" pm 2.5 ", "pm2_5"),
        ("细颗粒物", "pm2_5"),
        ("细颗粒物(PM2.5)", "pm2_5"),
        ("颗粒物（PM10）", "pm10"),
        ("a34004", "pm2_5"),
        ("a34004-Avg", "pm2_5"),
        ("PM2.5小时浓度", "pm2_5"),
        ("PM10_1h", "pm10"),
        ("So2", "so2"),
        ("CO", "co"),
        ("CO浓度", "co"),
        ("O₃", "o3"),
        ("O3_1h", "o3"),
        ("O3_8h", "o3_8h"),
        ("O3-8h", "o3_8h"),
        ("O3(8h)", "o3_8h"),
        ("臭氧8小时", "o3_8h"),
        ("NO", "no"),
        ("TEMP", "temperature"),
        ("相对湿度", "humidity"),
    ],
)
def test_a_quantity_is_known_by_many_names(text: str, key: str) -> None:
    assert named_quantity(text) == Named(key)


@pytest.mark.parametrize(
    "text",
    [
        "No",
        "AQI",
        "PM2.5_24h",
        "PM10_24h",
        "O3_24h",
        "IAQI_PM2.5",
        "T",
        "P",
        "",
        "首要污染物",
        "序号",
    ],
)
def test_what_is_no_concentration_of_the_hour_is_not_taken_for_one(text: str) -> None:
    assert named_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("PM2.5(μg/m³)", Named("pm2_5", "µg/m³")),
        ("PM2.5（ug/m3）", Named("pm2_5", "µg/m³")),
        ("CO[mg/m3]", Named("co", "mg/m³")),
        ("二氧化硫 (毫克/立方米)", Named("so2", "mg/m³")),
        ("SO2 ppb", Named("so2", "ppb")),
        ("O3_ppb", Named("o3", "ppb")),
        ("O3-8h (µg/m³)", Named("o3_8h", "µg/m³")),
        ("气压（hPa）", Named("pressure", "hPa")),
    ],
)
def test_a_name_may_state_its_unit(text: str, named: Named) -> None:
    assert named_quantity(text) == named


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_quantity_is_known_by_its_key_its_codes_and_its_chinese_name(key: str) -> None:
    for name in (key, *QUANTITIES[key].codes, QUANTITIES[key].name_zh):
        assert named_quantity(name) == Named(key)


@pytest.mark.parametrize("key", QUANTITIES)
def test_every_unit_of_ours_is_spelt(key: str) -> None:
    assert unit_of(QUANTITIES[key].unit) == (QUANTITIES[key].unit or None)  # pH has none


HOURS, DAYS = Places(SITES, period="hour"), Places(SITES, period="day")


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ("1121A", "1121A"),
        ("1121a", "1121A"),
        ("JL-Jiuzhan", "jl-jiuzhan"),
        ("邮电学院", "1121A"),
        ("九站", "jl-jiuzhan"),
        ("植物园", None),  # two cities have one
        ("9999A", None),
        ("", None),
    ],
)
def test_a_site_is_known_by_its_key_or_a_name_that_only_it_has(text: str, site: str | None) -> None:
    assert HOURS.by_key(text) == site


@pytest.mark.parametrize(
    ("city", "name", "site"),
    [
        ("长春市", "邮电学院", "1121A"),
        ("长春", "邮电学院　", "1121A"),
        ("长春", "甩湾子（对照点）", "1120A"),
        ("四平", "植物园", "1119A"),
        ("通化", "植物园", "1120A"),
        ("吉林", "植物园", None),
    ],
)
def test_a_pair_of_city_and_name_is_one_site(city: str, name: str, site: str | None) -> None:
    assert HOURS.by_name(city, name) == site


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("220100", "220100"),
        ("长春市", "220100"),
        ("长春", "220100"),
        ("延边朝鲜族自治州", "222400"),
        ("吉林", None),  # known to the law, but not in this table
    ],
)
def test_a_city_has_days_but_no_hours_of_its_own(text: str, code: str | None) -> None:
    assert DAYS.by_key(text) == code
    assert HOURS.by_key(text) is None
