import pytest

from songhua.ingest.hj212 import (
    Decoder,
    Frame,
    Hardware,
    Repeated,
    asks_for_key,
    encode,
    hardware_of,
    is_heartbeat,
    reply_to,
    request,
    request_groups,
)
from songhua.model import BadInput
from songhua.standards.hj212 import commands
from tests.ingest.hj212.packets import EXAMPLE, packet

TO = {"qn": "20160801085857223", "st": "32", "pw": "123456", "mn": "010000A8900016F000169DC0"}
NEW_TO = TO | {"qn": "20240601085857223"}

GOOD = {
    "OverTime": "5",
    "ReCount": "3",
    "WarnTime": "5",
    "i23005-Info": "6970000000001ABCDEF12345",
    "PolId": "w01018",
    "SystemTime": "20160801085857",
    "SKCreateTime": "20240601085857223",
    "NewSK": "0123456789abcdef",
    "ReportTime": "0101",
    "AlarmTarget": "host",
    "RtdInterval": "30",
    "MinInterval": "10",
    "NewPW": "654321",
    "BeginTime": "20160801083000",
    "EndTime": "20160801084000",
    "CalibrationType": "0",
    "CTime": Repeated(["04", "10"]),
    "CstartTime": "000000",
    "Ctime": "2",
    "InfoId": "i13006",
    "*-Info": "20160801085857",
    "*-LowValue": "1",
    "*-UpValue": "2",
}


def frame_of(data: bytes) -> Frame:
    (frame,) = Decoder().feed(data)
    assert isinstance(frame, Frame)
    return frame


def sent(cn: str, flag: str, **cp: str) -> Frame:
    fields = {"QN": "1", "ST": "32", "CN": cn, "PW": "p", "MN": "m", "Flag": flag}
    return frame_of(encode(fields, [cp] if cp else []))


# The segments of HJ 212—2017, annex C, and of 2025 as public implementations test them.
@pytest.mark.parametrize(
    ("name", "cn", "values", "edition"),
    [
        ("pk001", "1012", {"PolId": "w01018", "SystemTime": "20160801085857"}, 2017),
        ("pk005", "1000", {"OverTime": "5", "ReCount": "3"}, 2017),
        ("pk048", "1011", {}, 2025),
        ("pk049", "3022", {"PolId": "w01018"}, 2025),
        ("pk051", "3011", {"PolId": "w01018", "CalibrationType": "0"}, 2025),
    ],
)
def test_requests_of_the_standards_are_written_byte_for_byte(
    name: str, cn: str, values: dict[str, str], edition: int
) -> None:
    to = TO if edition == 2017 else NEW_TO
    assert request(cn, values, **to, edition=edition) == packet(name)


def test_the_worked_example_is_written_byte_for_byte() -> None:
    assert request("1062", {"RtdInterval": "30"}, **TO | {"pw": "100000"}) == EXAMPLE


def asked() -> list[tuple[str, int, str]]:
    return [
        (one.cn, year, one.asks)
        for one in commands()
        for year in sorted(one.editions)
        if one.is_down and one.kind in ("request", "notice")
    ]


@pytest.mark.parametrize(("cn", "edition", "asks"), asked(), ids=str)
def test_every_command_to_the_field_can_be_written_and_read(
    cn: str, edition: int, asks: str
) -> None:
    names = [name.removesuffix("?") for name in asks.replace(";", ",").split(",") if name]
    values = {name.replace("*", "i13006"): GOOD[name] for name in names}
    frame = frame_of(request(cn, values, **TO, edition=edition))
    assert {name: value for group in frame.groups for name, value in group.items()} == values
    assert (frame.cn, frame.edition, frame.wants_reply) == (cn, edition, True)


@pytest.mark.parametrize(
    ("cn", "values", "edition"),
    [
        ("1000", {"OverTime": "5"}, 2017),
        ("1000", {"OverTime": "0", "ReCount": "3"}, 2017),
        ("1000", {"OverTime": "100", "ReCount": "3"}, 2017),
        ("1000", {"OverTime": "5", "ReCount": "3", "PolId": "a"}, 2017),
        ("1062", {"RtdInterval": "29"}, 2017),
        ("1062", {"RtdInterval": "3601"}, 2017),
        ("1062", {"RtdInterval": "3e2"}, 2017),
        ("1064", {"MinInterval": "7"}, 2017),
        ("1064", {"MinInterval": "10"}, 2005),
        ("1012", {"SystemTime": "20160832085857"}, 2017),
        ("1012", {"SystemTime": "201608010858"}, 2017),
        ("1012", {"SystemTime": "20160801085857", "PolId": "a;b"}, 2017),
        ("1072", {"NewPW": "1234567"}, 2017),
        ("1072", {"NewPW": ""}, 2017),
        ("1002", {"i23005-Info": "69700000000"}, 2025),
        ("1002", {"i23005-Info": "6970000000001abcdef12345"}, 2025),
        ("1014", {"SKCreateTime": "20240601085857223", "NewSK": "short"}, 2025),
        ("3022", {"PolId": "w01018"}, 2017),
        ("7777", {}, 2017),
    ],
)
def test_what_the_standard_does_not_allow_is_refused(
    cn: str, values: dict[str, str], edition: int
) -> None:
    with pytest.raises(BadInput):
        request(cn, values, **TO, edition=edition)


def test_bounds_belong_to_what_is_allowed() -> None:
    for seconds in ("30", "3600"):
        assert request_groups("1062", {"RtdInterval": seconds}) == ({"RtdInterval": seconds},)


@pytest.mark.parametrize(
    ("cn", "flag", "answer"),
    [
        ("2011", "5", "9014"),
        ("2051", "7", "9014"),
        ("2061", "9", "9014"),
        ("2061", "4", None),
        ("2081", "5", "9014"),
        ("1013", "5", "9013"),
        ("9015", "9", "9013"),
        ("9015", "8", None),
        ("9014", "5", None),
        ("9011", "5", None),
        ("9021", "1", "9022"),
        ("2999", "5", "9014"),
        ("8000", "5", "9013"),
    ],
)
def test_data_are_acknowledged_notices_answered_and_answers_left_alone(
    cn: str, flag: str, answer: str | None
) -> None:
    reply = reply_to(sent(cn, flag))
    assert (frame_of(reply).cn if reply else None) == answer


def test_a_new_logger_says_what_it_is() -> None:
    told = {"i23005-Info": "L1", "i23006-Info": "C1", "i23007-Info": "M1", "i23008-Info": "M2"}
    assert hardware_of(sent("1001", "9", **told)) == Hardware("L1", "C1", ("M1", "M2"))
    assert hardware_of(sent("1001", "1", WarnTime="5")) is None
    assert hardware_of(sent("2011", "9", **told)) is None


def test_a_key_is_asked_for_and_a_heartbeat_told() -> None:
    assert asks_for_key(sent("1014", "9", SKCreateTime="20240601085857223"))
    assert not asks_for_key(sent("1014", "9", SKCreateTime="20240601085857223", NewSK="x" * 16))
    assert is_heartbeat(sent("9015", "9"))
    assert not is_heartbeat(sent("9014", "9"))
