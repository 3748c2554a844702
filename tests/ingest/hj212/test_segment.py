import pytest

from songhua.ingest.hj212 import Decoder, Frame, Repeated, framed, read_segment
from tests.ingest.hj212.packets import packet


def frame_of(name: str) -> Frame:
    (frame,) = Decoder().feed(packet(name))
    assert isinstance(frame, Frame)
    return frame


# Errata of the examples printed in HJ 212—2017, annex C.
@pytest.mark.parametrize(
    ("text", "fields", "groups"),
    [
        ("QN=1,ST=32;CN=2011;CP=&&&&", {"QN": "1", "ST": "32", "CN": "2011"}, ()),
        ("ST=32;Flag=5CP=&&a=1&&", {"ST": "32", "Flag": "5"}, ({"a": "1"},)),
        ("ST=32;CP=&&  DataTime=2016;  a=1 &&", {"ST": "32"}, ({"DataTime": "2016"}, {"a": "1 "})),
        (
            "CN=2051;CP=&&BeginTime=1,EndTime=2&&",
            {"CN": "2051"},
            ({"BeginTime": "1", "EndTime": "2"},),
        ),
        ("CN=2051;CP=&&a=1;;b=2;,&&", {"CN": "2051"}, ({"a": "1"}, {"b": "2"})),
        ("CN=2051;CP=&&a=1,;b=2&&", {"CN": "2051"}, ({"a": "1"}, {"b": "2"})),
        ("CN=9014", {"CN": "9014"}, ()),
        ("", {}, ()),
        ("CP=&&&&", {}, ()),
        ("CP=&&", {}, ()),
        ("CP=&&a=1", {}, ({"a": "1"},)),
        ("CN=1;CP=&&x&&", {"CN": "1"}, ({"": "x"},)),
        ("CN=1;CP=&&a=1=2&&", {"CN": "1"}, ({"a": "1=2"},)),
        ("CN=1;CP=&&a=//x;y=1,z//,b=2&&", {"CN": "1"}, ({"a": "//x;y=1,z//", "b": "2"},)),
        ("CN=1;CP=&&a=//x;b=2&&", {"CN": "1"}, ({"a": "//x"}, {"b": "2"})),
        ("CN=1;CP=&&a=//甲&&乙//&&", {"CN": "1"}, ({"a": "//甲&&乙//"},)),
        ("cn=1;mn=2;CP=&&&&", {"CN": "1", "MN": "2"}, ()),
    ],
)
def test_a_segment_is_read_with_the_errata_of_the_standard(
    text: str, fields: dict[str, str], groups: tuple[dict[str, str], ...]
) -> None:
    assert read_segment(text.encode()) == (fields, groups)


def test_fields_and_groups_keep_their_order_and_values_stay_as_received() -> None:
    frame = frame_of("pk056")  # PNO before PNUM, zero padded, no Flag, a vendor's suffix
    assert list(frame.fields.items()) == [
        ("QN", "20191112091100598"),
        ("ST", "31"),
        ("CN", "2051"),
        ("PW", "123456"),
        ("MN", "14513567846884"),
        ("PNO", "0002"),
        ("PNUM", "0002"),
    ]
    assert frame.flag is None
    assert frame.edition == 2005
    assert not frame.wants_reply
    assert frame.part == (2, 2)
    assert frame.groups[1]["a01006-TotalNum"] == "10"


def test_a_field_name_in_another_case_and_a_stray_comma_are_read() -> None:
    frame = frame_of("pk047")
    assert (frame.mn, frame.flag) == ("88888881234567", 0)
    assert frame.groups[5] == {"B00-Rtd": "156720160.000", "B00-Flag": "N"}


def test_a_key_repeated_in_a_group_keeps_every_value() -> None:
    _, groups = read_segment(packet("pk007")[6:-6])
    assert groups == ({"PolId": "101", "CTime": "04,10,14,16"},)
    times = groups[0]["CTime"]
    assert isinstance(times, Repeated)
    assert times.values == ("04", "10", "14", "16")


def test_split_without_numbers_is_one_packet() -> None:
    frame = frame_of("pk024")
    assert frame.flag == 7
    assert frame.part is None
    assert frame.groups[-1] == {"a34001-Rtd": "217", "a34001-Flag": "N"}


@pytest.mark.parametrize(
    ("flag", "edition", "wants"),
    # flag_bits: HJ 212—2017, 表3, and two public sources for 2025
    [
        ("0", 2005, False),
        ("3", 2005, True),
        ("4", 2017, False),
        ("7", 2017, True),
        ("8", 2025, False),
        ("11", 2025, True),
    ],
)
def test_flag_tells_edition_and_answer(flag: str, edition: int, *, wants: bool) -> None:
    (frame,) = Decoder().feed(framed(f"CN=2011;Flag={flag};CP=&&&&".encode()))
    assert isinstance(frame, Frame)
    assert frame.edition == edition
    assert frame.wants_reply is wants


def test_backfill_is_marked_by_rf() -> None:
    (frame,) = Decoder().feed(framed(b"CN=2061;Flag=9;RF=1;CP=&&DataTime=20260801000000&&"))
    assert isinstance(frame, Frame)
    assert frame.is_backfill


def test_text_may_be_gb18030_or_neither() -> None:
    assert read_segment("CN=1;CP=&&a=长春&&".encode("gb18030"))[1] == ({"a": "长春"},)
    assert read_segment(b"CN=1;CP=&&a=\xff&&")[1] == ({"a": "\udcff"},)
