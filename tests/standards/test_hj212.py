"""The tables of HJ 212: whole, sourced, and as the standard prints them."""

from datetime import date
from pathlib import Path

import pytest

from songhua.model import UnknownName
from songhua.standards import QUANTITIES, edition_in_force, editions
from songhua.standards import hj212 as protocol

FOLDER = Path(protocol.__file__).parent / "protocol"


def test_each_day_has_one_edition() -> None:
    assert [one.code for one in editions("protocol", "hj212")] == [
        "HJ 212—2025",
        "HJ 212—2017",
        "HJ/T 212—2005",
    ]
    for day, code in [
        (date(2017, 4, 30), "HJ/T 212—2005"),
        (date(2017, 5, 1), "HJ 212—2017"),
        (date(2025, 12, 31), "HJ 212—2017"),
        (date(2026, 1, 1), "HJ 212—2025"),
    ]:
        assert edition_in_force("protocol", "hj212", on=day).code == code


@pytest.mark.parametrize("path", sorted(FOLDER.glob("hj212_*.csv")), ids=lambda path: path.name)
def test_every_row_names_its_source_and_how_sure_it_is(path: Path) -> None:
    rows = protocol._rows(path.name)
    assert rows
    for row in rows:
        assert row["source"], row
        assert row["confidence"] in {"verified", "single", "memory", "derived"}, row
        assert None not in row
        assert None not in row.values()


# HJ 212—2017: 表5, 表9, 表8, 表7, 表6, 表1, 附录 B.
def test_the_tables_say_what_the_standard_prints() -> None:
    assert protocol.systems()["32"].name_zh == "地表水体环境污染源"
    assert protocol.command_of("2061", direction="up").name_zh == "上传污染物小时数据"
    assert protocol.command_of("2061", direction="down").cp_fields == "BeginTime;EndTime"
    assert protocol.command_of("9014", direction="down").kind == "ack"
    assert protocol.data_flags(2017)["B"].meaning_zh == "与数采仪通讯异常"
    assert protocol.request_returns()[9].meaning_zh == "CRC校验错误"
    assert protocol.execution_returns()[100].meaning_zh == "没有数据"
    assert [(one.timeout_s, one.retries) for one in protocol.link_times()] == [
        (10, 3),
        (5, 3),
        (10, 3),
    ]
    assert protocol.device_states()["SBxxx-RS", "5"].meaning_zh == "反吹"
    assert protocol.cp_fields()["OverTime"].range == "1-99"
    cod = protocol.factor("w01018")
    assert cod is not None
    assert (cod.legacy_code, cod.unit, cod.emission_unit, cod.dtype) == (
        "011",
        "毫克/升",
        "千克",
        "N5.1",
    )


def test_a_number_means_what_its_edition_says() -> None:
    assert "alarm" in protocol.command_of("1001", direction="down", edition=2005).name_en
    assert "hardware" in protocol.command_of("1001", direction="up", edition=2025).name_en
    assert (
        protocol.command_of("3014", direction="down", edition=2005).name_zh
        == "设置设备采样时间周期"
    )
    assert protocol.command_of("3014", direction="down", edition=2017).name_zh == "比对采样"
    with pytest.raises(UnknownName):
        protocol.command_of("7777", direction="up")


def test_every_edition_knows_real_time_minute_hour_and_day() -> None:
    for year in protocol.EDITIONS:
        for cn in ("2011", "2051", "2061", "2031"):
            for direction in ("up", "down"):
                assert year in protocol.command_of(cn, direction=direction, edition=year).editions


def test_codes_with_device_numbers_are_found() -> None:
    for code, printed in [("e10101", "e101xx"), ("i33312", "i3331x"), ("d2010501", "d20105xx")]:
        found = protocol.factor(code)
        assert found is not None
        assert found.code == printed
    assert protocol.factor("e101") is None
    assert protocol.factor("") is None


def test_a_code_printed_twice_gives_both_meanings() -> None:
    found = protocol.factor("g11901")
    assert found is not None
    assert found.name_zh == "脱硫率 / 入口二氧化硫SO2"
    assert found.unit == ""


def test_legacy_codes_belong_to_their_systems() -> None:
    # 112, 023 in packet pk011 are private codes of a VOC device at ST=31, not chromium in water
    assert protocol.factor_of_legacy("023", st="31") is None
    found = protocol.factor_of_legacy("02", st="31")
    assert found is not None
    assert found.code == "a21026"
    legacy = [one.legacy_code for one in protocol.factors().values() if one.legacy_code]
    assert len(legacy) == len(set(legacy))


def test_quantities_and_factors_know_each_other() -> None:
    for quantity in QUANTITIES.values():
        for code in quantity.codes:
            assert protocol.factor(code) is not None, code


def test_the_changed_types_of_2025_do_not_hide_the_factor() -> None:
    assert protocol.changed_types()["a21002"] == "N4.2"
    nox = protocol.factor("a21002")
    assert nox is not None
    assert nox.dtype == "N5.1"


@pytest.mark.parametrize(
    ("cn", "must"),
    [("1999", False), ("2000", True), ("2999", True), ("3000", False), ("3020", True), ("", False)],
)
def test_encryption_is_asked_of_the_commands_named(cn: str, *, must: bool) -> None:
    assert protocol.must_encrypt(cn) is must
