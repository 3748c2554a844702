import pytest

from songhua.ingest.hj212 import (
    STANDARD,
    CrcKind,
    Decoder,
    Departure,
    Dialect,
    Fault,
    Piece,
    encode,
    learn,
    legible,
    read_dialect,
    written_dialect,
)
from songhua.model import BadInput
from tests.ingest.hj212.packets import EXAMPLE, packet


def pieces_of(*streams: bytes, dialect: Dialect = STANDARD) -> list[Piece]:
    decoder = Decoder(dialect)
    return [piece for stream in streams for piece in decoder.feed(stream)] + decoder.end()


def sent(dialect: Dialect, count: int = 4) -> bytes:
    return b"".join(
        encode({"ST": "22", "CN": "2011", "MN": "A"}, [{"DataTime": f"2026080100000{n}"}], dialect)
        for n in range(count)
    )


def test_four_packets_of_one_brand_speak_for_modbus_high_first() -> None:
    found = learn(pieces_of(*map(packet, ("pk006", "pk007", "pk008", "pk009"))))
    assert found.dialect == Dialect(crc=CrcKind.MODBUS_HIGH_FIRST)
    assert [(one.departure, one.seen, one.of) for one in found.evidence] == [
        (Departure.CRC_MODBUS_HIGH_FIRST, 4, 4)
    ]
    assert found.unexplained == {}


def test_logged_packets_speak_for_modbus_low_first() -> None:
    found = learn(pieces_of(*map(packet, ("pk010", "pk011", "pk012"))))
    assert found.dialect.crc is CrcKind.MODBUS_LOW_FIRST


def test_two_packets_are_not_enough() -> None:
    found = learn(pieces_of(packet("pk011"), packet("pk012")))
    assert found.dialect == STANDARD
    assert found.unexplained == {Fault.CRC: 2}


def test_a_constant_for_a_check_is_seen_when_segments_differ() -> None:
    lines = sent(STANDARD).split(b"\r\n")[:-1]
    constant = b"\r\n".join(line[:-4] + b"0500" for line in lines)
    assert learn(pieces_of(constant)).dialect.crc is CrcKind.NONE
    repeated = b"\r\n".join([lines[0][:-4] + b"0500"] * 5)
    assert learn(pieces_of(repeated)).dialect == STANDARD


def test_a_bad_line_beside_good_frames_is_no_dialect() -> None:
    bad = EXAMPLE.replace(b"1C80", b"1C81")
    assert learn(pieces_of(EXAMPLE, bad, bad, bad)).dialect == STANDARD


@pytest.mark.parametrize(
    "dialect",
    [
        STANDARD,
        Dialect(crc=CrcKind.MODBUS_HIGH_FIRST),
        Dialect(crc=CrcKind.MODBUS_LOW_FIRST, line_end=False),
        Dialect(lower_case_crc=True),
        Dialect(lower_case_crc=True, line_end=False),
    ],
    ids=str,
)
def test_what_is_learned_reads_what_was_sent(dialect: Dialect) -> None:
    stream = sent(dialect, 20)
    found = learn(pieces_of(stream)).dialect
    assert found == dialect
    assert learn(pieces_of(stream, dialect=found)).unexplained == {}


def test_codes_of_2005_in_a_later_frame_are_seen() -> None:
    head = {"ST": "32", "CN": "2011", "MN": "A", "Flag": "4"}
    old = [encode(head, [{"DataTime": "20260801000000"}, {"011-Rtd": str(n)}]) for n in range(4)]
    found = learn(pieces_of(*old))
    assert found.dialect == Dialect(legacy_codes=True)
    new = encode(head, [{"DataTime": "20260801000000"}, {"w01018-Rtd": "1"}])
    assert learn(pieces_of(*old, new)).dialect == STANDARD


def test_other_faults_stay_unexplained() -> None:
    found = learn(pieces_of(packet("pk014"), packet("pk015"), packet("pk019")))
    assert found.dialect == STANDARD
    assert found.unexplained == {Fault.OVERSIZE: 1, Fault.LENGTH: 2}


def test_a_dialect_is_written_as_its_departures_and_read_back() -> None:
    dialect = Dialect(
        crc=CrcKind.NONE, label_end=True, codes={"112": "a24088"}, units={"a01006": "hPa"}
    )
    written = written_dialect(dialect)
    assert written == {
        "crc": "none",
        "label_end": True,
        "codes": {"112": "a24088"},
        "units": {"a01006": "hPa"},
    }
    assert read_dialect(written) == dialect
    assert written_dialect(STANDARD) == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"crc": "x"},
        {"crc": 3},
        {"size": 1},
        {"line_end": "no"},
        {"largest_segment": True},
        {"largest_segment": 10000},
        {"codes": {"1": 2}},
    ],
)
def test_a_setting_that_is_none_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        read_dialect(settings)


def test_a_damaged_frame_still_says_whose_it_claims_to_be() -> None:
    fields, groups = legible(packet("pk020"))
    assert fields["MN"] == "0507A010003242"
    assert groups[1]["a34001-Avg"] == "92"
    assert legible(b"\xff\xfe rubbish") is not None
