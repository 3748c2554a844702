"""The mapping file: what it says, and what it may not say."""

import pytest

from songhua.ingest.files import FileMapping, read_mapping, write_mapping
from songhua.model import BadInput

GOOD = """
layout = "wide"
time = "时间"
site = "点位编码"
hour_label = "end"

[quantities]
"PM2.5" = "pm2_5"

[units]
pm2_5 = "mg/m³"
"""


def test_a_mapping_is_a_small_file() -> None:
    assert read_mapping(GOOD) == FileMapping(
        layout="wide",
        time="时间",
        site="点位编码",
        hour_label="end",
        quantities={"PM2.5": "pm2_5"},
        units={"pm2_5": "mg/m³"},
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("layout", "lay out"), "TOML"),
        (('layout = "wide"\n', ""), "layout"),
        (('"wide"', '"broad"'), "layout"),
        (('"wide"', "1"), "layout"),
        (('"end"', '"middle"'), "hour_label"),
        (("hour_label", "hour_lable"), "hour_lable"),
        (('site = "点位编码"\n', ""), "site"),
        (('site = "点位编码"\n', 'city = "城市"\n'), "name"),
        (('"pm2_5"', '"pm3"'), "pm3"),
        (('"mg/m³"', '"ppb"'), "ppb"),
        (('"PM2.5" = "pm2_5"', '"PM2.5" = 1'), "quantities"),
        (('"PM2.5" = "pm2_5"', '"PM2.5" = "pm2_5"\n"PM25" = "pm2_5"'), "两列"),
        (('[quantities]\n"PM2.5" = "pm2_5"', 'quantities = "all"'), "quantities"),
        (('[quantities]\n"PM2.5" = "pm2_5"', 'missing = "-"'), "missing"),
        (('[quantities]\n"PM2.5" = "pm2_5"', "missing = [1]"), "missing"),
        (('[quantities]\n"PM2.5" = "pm2_5"', 'zero_is_missing = "no"'), "zero_is_missing"),
        (('[quantities]\n"PM2.5" = "pm2_5"\n', ""), "指标"),
        (('"wide"', '"wide"\ntime_zone = "Mars"'), "Mars"),
        (('"wide"', '"wide"\ntime_zone = "Asia"'), "Asia"),
        (('"wide"', '"wide"\ntime_zone = ""'), "时区"),
        (('"wide"', '"wide"\ndelimiter = "ab"'), "delimiter"),
        (('"wide"', '"wide"\ndelimiter = "\\n"'), "delimiter"),
        (('"wide"', '"wide"\nencoding = "latin-1"'), "encoding"),
        (('"wide"', '"long"'), "quantity"),
    ],
)
def test_what_a_mapping_may_not_say_is_named(change: tuple[str, str], said: str) -> None:
    text = GOOD.replace(*change)
    assert text != GOOD
    with pytest.raises(BadInput, match=said) as fault:
        read_mapping(text)
    assert fault.value.zh
    assert fault.value.en


def test_control_signs_survive_being_written() -> None:
    odd = "a\x00\x1b\x7f\"\\\n\t'é"
    mapping = FileMapping(layout="wide", time=odd, site="s", quantities={odd + "x": "co"})
    assert read_mapping(write_mapping(mapping)) == mapping
