from datetime import UTC, datetime

import pytest

from songhua.ingest.hj212 import Decoder, Dialect, Frame, Merger, encode
from songhua.ingest.hj212.values import Finding, Reading, Row, ValueFault, read_values
from tests.ingest.hj212.packets import packet

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def frame_of(data: bytes) -> Frame:
    (frame,) = Decoder().feed(data)
    assert isinstance(frame, Frame)
    return frame


def sent(
    cn: str,
    time: str,
    *items: dict[str, str],
    st: str = "22",
    flag: str = "5",
    dialect: Dialect | None = None,
) -> Reading:
    fields = {"ST": st, "CN": cn, "MN": "A", "Flag": flag}
    groups = [{"DataTime": time}] if time else []
    frame = frame_of(encode(fields, [*groups, *items]))
    return read_values(frame, now=NOW, dialect=dialect or Dialect())


def values(reading: Reading) -> dict[str, float | None]:
    return {row.quantity: row.value for row in reading.rows}


def test_a_micro_station_gives_quantities_in_our_units() -> None:
    reading = read_values(frame_of(packet("pk024")), now=NOW)
    assert reading.period == "realtime"
    assert values(reading) == {
        "co": 1.1,
        "no2": 112.0,
        "so2": 58.0,
        "pm2_5": 207.0,
        "pm10": 295.0,
        "temperature": 12.6,
        "humidity": 32.0,
        "pressure": 101.02,
        "wind_speed": 2.1,
        "wind_direction": 120.0,
        "tsp": 217.0,
    }
    # 2016-08-01 08:40 in Beijing
    assert {row.time for row in reading.rows} == {datetime(2016, 8, 1, 0, 40, tzinfo=UTC)}
    assert {row.mark for row in reading.rows} == {""}
    # a typing error of the device: LA-td for LA-Rtd
    assert reading.findings == (Finding(ValueFault.NO_VALUE, "LA", "td=50.1"),)


def test_stack_gas_is_no_ambient_air() -> None:
    reading = read_values(frame_of(packet("pk030")), now=NOW)  # ST=32, a21026 in mg/m³
    assert "so2" not in values(reading)
    assert reading.rows[2].quantity == "a21026"
    # all instruments in fault: zeros that are marked, not measured
    assert {(row.value, row.mark) for row in reading.rows} == {(0.0, "D")}


def test_an_hour_of_a_source_gives_means_and_beside_them_the_rest() -> None:
    reading = read_values(frame_of(packet("pk045")), now=NOW)
    first = reading.rows[0]
    assert first == Row(
        "a24088", "a24088", "Avg", "hour", datetime(2021, 7, 22, 5, tzinfo=UTC), 0.0196, ""
    )
    assert values(reading)["a01013"] == -123.0723
    # T: above the range of the instrument; T of station marks is a revised value
    assert {row.mark for row in reading.rows if row.quantity == "a01013"} == {"HSp"}
    assert [(row.statistic, row.value) for row in reading.others if row.code == "a24088"] == [
        ("Min", 0.0),
        ("Max", 0.1988),
        ("Cou", 0.0003),
    ]
    assert reading.findings == ()


def test_a_merged_message_is_read_as_one() -> None:
    merger = Merger()
    messages = [
        message
        for piece in Decoder().feed(packet("pk021"))
        if isinstance(piece, Frame)
        for message in merger.add(piece, now=0)
    ]
    reading = read_values(messages[0].frame, now=NOW)
    assert values(reading) == {"w00000": 17.5, "w01001": 7.5, "w01018": 40.1}


def test_legacy_codes_are_those_of_the_table_at_their_systems() -> None:
    reading = read_values(frame_of(packet("pk047")), now=NOW)
    assert values(reading) == {
        "w01001": 6.951,
        "w21003": 23.4,
        "w01018": 134.119,
        "w00000": 382.222,
    }
    assert [row.code for row in reading.rows] == ["001", "060", "011", "B01"]
    assert [one.code for one in reading.findings] == ["B00"]


def test_legacy_codes_in_a_later_frame_wait_for_a_person() -> None:
    item = {"011-Rtd": "134.1", "011-Flag": "N"}
    asked = sent("2011", "20260801120000", item, st="32", flag="4")
    assert [one.fault for one in asked.findings] == [ValueFault.UNKNOWN_FACTOR]
    told = Dialect(legacy_codes=True)
    assert values(sent("2011", "20260801120000", item, st="32", flag="4", dialect=told)) == {
        "w01018": 134.1
    }


def test_where_the_unit_of_2005_was_another_it_must_be_said() -> None:
    item = {"020-Rtd": "0.002", "020-Flag": "N"}  # mercury: mg/L in 2005, µg/L since
    asked = sent("2011", "20260801120000", item, st="32", flag="0")
    assert [one.fault for one in asked.findings] == [ValueFault.WRONG_UNIT]
    told = sent(
        "2011", "20260801120000", item, st="32", flag="0", dialect=Dialect(units={"020": "mg/L"})
    )
    assert values(told) == {"w20111": 2.0}


def test_codes_with_device_numbers_stay_apart() -> None:
    reading = sent("2011", "20260801120000", {"e10101-Rtd": "1"}, {"e10102-Rtd": "2"}, st="52")
    assert values(reading) == {"e10101": 1.0, "e10102": 2.0}


def test_private_codes_are_unknown_until_a_person_says_what_they_are() -> None:
    reading = read_values(frame_of(packet("pk058")), now=NOW)
    assert {one.fault for one in reading.findings} == {ValueFault.UNKNOWN_FACTOR}
    mended = sent(
        "2011",
        "20260801120000",
        {"112-Rtd": "11.285", "112-Flag": "N"},
        st="31",
        dialect=Dialect(codes={"112": "a24088"}),
    )
    assert [(row.quantity, row.code, row.value) for row in mended.rows] == [
        ("a24088", "112", 11.285)
    ]


# HJ 212—2017, 表4: DataTime is the start of the period, Beijing time.
@pytest.mark.parametrize(
    ("cn", "text", "period", "start"),
    [
        ("2011", "20260801123456", "realtime", datetime(2026, 8, 1, 4, 34, 56, tzinfo=UTC)),
        ("2011", "20260801123456789", "realtime", datetime(2026, 8, 1, 4, 34, 56, tzinfo=UTC)),
        ("2051", "20260801123000", "minute", datetime(2026, 8, 1, 4, 30, tzinfo=UTC)),
        ("2051", "20260801123009", "minute", datetime(2026, 8, 1, 4, 30, tzinfo=UTC)),
        ("2061", "20260801000000", "hour", datetime(2026, 7, 31, 16, tzinfo=UTC)),
        ("2061", "202608010000", "hour", datetime(2026, 7, 31, 16, tzinfo=UTC)),
        ("2031", "20260801000000", "day", datetime(2026, 7, 31, 16, tzinfo=UTC)),
    ],
)
def test_times_become_the_utc_start(cn: str, text: str, period: str, start: datetime) -> None:
    (row,) = sent(cn, text, {"a34004-Avg": "35", "a34004-Flag": "N"}).rows
    assert (row.period, row.time) == (period, start)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("20260801010000", datetime(2026, 7, 31, 16, tzinfo=UTC)),
        ("20260801000000", datetime(2026, 7, 31, 15, tzinfo=UTC)),
        ("20260731240000", datetime(2026, 7, 31, 15, tzinfo=UTC)),
    ],
)
def test_a_station_that_labels_hours_by_their_end_is_turned(text: str, start: datetime) -> None:
    item = {"a34004-Avg": "35", "a34004-Flag": "N"}
    (row,) = sent("2061", text, item, dialect=Dialect(label_end=True)).rows
    assert row.time == start
    (day,) = sent("2031", "20260801000000", item, dialect=Dialect(label_end=True)).rows
    assert day.time == datetime(2026, 7, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cn", "text", "fault"),
    [
        ("2061", "20260801123000", "bad_time"),
        ("2061", "20260801240000", "bad_time"),
        ("2031", "20260801010000", "bad_time"),
        ("2011", "20261301000000", "bad_time"),
        ("2011", "20260230000000", "bad_time"),
        ("2011", "19700101000000", "bad_time"),
        ("2011", "2026-08-01 00:00", "bad_time"),
        ("2011", "", "bad_time"),
        ("2011", "20261123121001", "future_time"),
    ],
)
def test_an_impossible_time_is_named_and_gives_no_row(cn: str, text: str, fault: str) -> None:
    reading = sent(cn, text, {"a34004-Rtd": "35", "a34004-Flag": "N"})
    assert reading.rows == ()
    assert [(one.fault.value, one.code) for one in reading.findings] == [(fault, "DataTime")]


def test_a_clock_may_run_ahead_a_little() -> None:
    assert len(sent("2011", "20261123121000", {"a34004-Rtd": "35"}).rows) == 1


@pytest.mark.parametrize(
    ("item", "fault", "text"),
    [
        ({"a34004-Rtd": "x"}, "not_a_number", "Rtd=x"),
        ({"a34004-Rtd": "nan"}, "not_a_number", "Rtd=nan"),
        ({"a34004-Rtd": "1_0"}, "not_a_number", "Rtd=1_0"),
        ({"a34004-Rtd": "３５"}, "not_a_number", "Rtd=３５"),
        ({"a34004-Rtd": ""}, "no_value", "Rtd="),
        ({"a34004-Flag": "N"}, "no_value", ""),
        ({"a34004-Rtd": "-99", "a34004-Flag": "N"}, "impossible_value", "Rtd=-99"),
        ({"a34004-Rtd": "5001"}, "impossible_value", "Rtd=5001"),
        ({"q9-Rtd": "1"}, "unknown_factor", "Rtd=1"),
    ],
)
def test_what_is_no_value_is_named(item: dict[str, str], fault: str, text: str) -> None:
    reading = sent("2011", "20260801120000", item, {"a34002-Rtd": "50"})
    assert values(reading) == {"pm10": 50.0}
    assert [(one.fault.value, one.text) for one in reading.findings] == [(fault, text)]


@pytest.mark.parametrize("text", ["", "--", "-99", "9999999"])
def test_beside_a_mark_that_says_why_a_place_holder_is_no_fault(text: str) -> None:
    reading = sent("2011", "20260801120000", {"a34004-Rtd": text, "a34004-Flag": "D"})
    assert reading.findings == ()
    assert [row.mark for row in reading.rows] == ["D"]


def test_a_mark_alone_is_a_row_without_value() -> None:
    (row,) = sent("2061", "20260801120000", {"a34004-Flag": "F"}).rows
    assert (row.quantity, row.statistic, row.value, row.mark) == ("pm2_5", "Avg", None, "F")


# HJ/T 212—2005: 0 calibration, 1 meteorology, 2 abnormal, 3 normal; letters as in 2017.
@pytest.mark.parametrize(
    ("edition_flag", "flag", "mark"),
    [
        ("0", "3", ""),
        ("0", "1", ""),
        ("0", "2", "D"),
        ("0", "0", "C"),
        ("0", "P", "P"),
        ("4", "N", ""),
        ("4", "T", "HSp"),
        ("4", "B", "BB"),
        ("4", "M", "M"),
        ("4", "RM", "RM"),
        ("9", "C", "C"),
    ],
)
def test_flags_become_marks_by_their_edition(edition_flag: str, flag: str, mark: str) -> None:
    item = {"a34004-Rtd": "35", "a34004-Flag": flag}
    (row,) = sent("2011", "20260801120000", item, flag=edition_flag).rows
    assert row.mark == mark


def test_a_flag_in_any_case_or_alone_belongs_to_its_factor() -> None:
    (row,) = sent("2011", "20260801120000", {"a34004-Rtd": "35", "a34004-flag": "M"}).rows
    assert row.mark == "M"
    (row,) = sent("2051", "20250131202809", {"a34001-Avg": "92"}, {"Flag": "D"}, st="39").rows
    assert (row.quantity, row.mark) == ("tsp", "D")


def test_the_mean_goes_before_the_real_time_value() -> None:
    reading = sent("2011", "20260801120000", {"a34004-Rtd": "30", "a34004-Avg": "35"})
    assert values(reading) == {"pm2_5": 35.0}
    assert [(row.statistic, row.value) for row in reading.others] == [("Rtd", 30.0)]


def test_units_of_a_device_are_turned_and_impossible_ones_named() -> None:
    dialect = Dialect(units={"a01006": "hPa", "a34001": "mg/m3", "a34004": "kPa"})
    reading = sent(
        "2011",
        "20260801120000",
        {"a01006-Rtd": "1013.2"},
        {"a34001-Rtd": "0.217"},
        {"a34004-Rtd": "35"},
        dialect=dialect,
    )
    assert values(reading) == {"pressure": pytest.approx(101.32), "tsp": 217.0}
    assert [one.fault for one in reading.findings] == [ValueFault.WRONG_UNIT]


def test_one_factor_twice_with_one_value_is_one_row_with_two_is_none() -> None:
    same = sent("2011", "20260801120000", {"a34004-Rtd": "35"}, {"a34004-Rtd": "35"})
    assert values(same) == {"pm2_5": 35.0}
    torn = sent("2011", "20260801120000", {"a34004-Rtd": "35"}, {"a34004-Rtd": "36"})
    assert torn.rows == ()
    assert [one.fault for one in torn.findings] == [ValueFault.CONFLICT]
    mapped = Dialect(codes={"b1": "a34004"})
    both = sent("2011", "20260801120000", {"a34004-Rtd": "1"}, {"b1-Rtd": "2"}, dialect=mapped)
    assert values(both) == {"pm2_5": 1.0}
    assert [one.fault for one in both.findings] == [ValueFault.CONFLICT]


@pytest.mark.parametrize("name", ["pk001", "pk002", "pk003", "pk036", "pk050", "pk052"])
def test_frames_without_measurements_give_none(name: str) -> None:
    assert read_values(frame_of(packet(name)), now=NOW) == Reading("")


def test_noise_gives_day_and_night_beside_the_level() -> None:
    item = {"LA-Data": "55.1", "LA-DayData": "57.0", "LA-NightData": "48.2"}
    reading = sent("2031", "20260801000000", item, st="23")
    assert values(reading) == {"LA": 55.1}
    assert [(row.statistic, row.value) for row in reading.others] == [
        ("DayData", 57.0),
        ("NightData", 48.2),
    ]


def test_states_of_devices_are_no_values() -> None:
    item = {"SB1-RS": "1"}
    assert sent("2011", "20260801120000", item).findings == ()
