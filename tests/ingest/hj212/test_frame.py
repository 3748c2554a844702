from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.hj212 import (
    CrcKind,
    Damaged,
    Decoder,
    Dialect,
    Fault,
    Frame,
    Piece,
    encode,
    framed,
)
from tests.ingest.hj212.packets import EXAMPLE, packet, packets

OTHER = encode(
    {"QN": "20240601085857223", "ST": "22", "CN": "2011", "MN": "A1", "Flag": "4"},
    [{"DataTime": "20240601085800"}, {"a34002-Rtd": "58", "a34002-Flag": "N"}],
)


def decoded(stream: bytes, dialect: Dialect | None = None) -> list[Piece]:
    decoder = Decoder(dialect) if dialect else Decoder()
    return decoder.feed(stream) + decoder.end()


def fed(parts: Iterable[bytes]) -> list[Piece]:
    decoder = Decoder()
    return [piece for part in parts for piece in decoder.feed(part)] + decoder.end()


def frames(pieces: list[Piece]) -> list[Frame]:
    return [piece for piece in pieces if isinstance(piece, Frame)]


def faults(pieces: list[Piece]) -> list[str]:
    return [piece.fault.value for piece in pieces if isinstance(piece, Damaged)]


def raw(pieces: list[Piece]) -> bytes:
    return b"".join(piece.raw for piece in pieces)


# What each damaged packet is, read from its note; the others are whole.
NOTED = {
    "bad": "crc",
    "modbus_high_first": "crc",
    "modbus_low_first": "crc",
    "length": "length",
    "header": "length",
    "hj212/short": "truncated",
}
NOTED_ONE = {"pk014": "oversize", "pk020": "truncated"}


@pytest.mark.parametrize("one", packets(), ids=lambda one: one["id"])
def test_every_public_packet_is_what_its_note_says(one: dict[str, Any]) -> None:
    pieces = decoded(one["raw"].encode())
    assert raw(pieces) == one["raw"].encode()
    if one["ok"]:
        assert len(frames(pieces)) == one["frames"]
        assert faults(pieces) == []
    else:
        assert len(frames(pieces)) == one.get("expect_frames", 0)
        assert faults(pieces) == [NOTED_ONE.get(one["id"]) or NOTED[one["crc_variant"]]]


@pytest.mark.parametrize(
    "one", [one for one in packets() if one["crc_variant"].startswith("modbus")], ids=str
)
def test_a_device_with_another_check_is_read_by_its_dialect(one: dict[str, Any]) -> None:
    pieces = decoded(one["raw"].encode(), Dialect(crc=CrcKind(one["crc_variant"])))
    assert len(frames(pieces)) == one["frames"]
    assert faults(pieces) == []


def test_without_a_check_a_frame_must_still_close_where_it_says() -> None:
    dialect = Dialect(crc=CrcKind.NONE)
    assert len(frames(decoded(packet("pk016"), dialect))) == 1
    assert faults(decoded(packet("pk019"), dialect)) == ["length"]


def test_the_worked_example_is_read() -> None:
    (frame,) = frames(decoded(EXAMPLE))
    assert dict(frame.fields) == {
        "QN": "20160801085857223",
        "ST": "32",
        "CN": "1062",
        "PW": "100000",
        "MN": "010000A8900016F000169DC0",
        "Flag": "5",
    }
    assert frame.groups == ({"RtdInterval": "30"},)
    assert (frame.qn, frame.st, frame.cn) == ("20160801085857223", "32", "1062")
    assert (frame.pw, frame.mn, frame.flag) == ("100000", "010000A8900016F000169DC0", 5)
    assert frame.wants_reply
    assert frame.edition == 2017
    assert not frame.is_backfill
    assert frame.raw == EXAMPLE


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"hello" + EXAMPLE, Fault.NOISE),
        (b"hello\r\n" + EXAMPLE, Fault.NOISE),
        (b"#" + EXAMPLE, Fault.NOISE),
        (b"##" + EXAMPLE, Fault.NOISE),
        (b"##00x1" + EXAMPLE, Fault.LENGTH),
        (b"##9999QN=1;CN=2011;CP=&&&&1C80\r\n" + EXAMPLE, Fault.OVERSIZE),
        (EXAMPLE.replace(b"1C80", b"1C81") + EXAMPLE, Fault.CRC),
        (EXAMPLE.replace(b"1C80\r\n", b"1C81") + EXAMPLE, Fault.CRC),
        (EXAMPLE.replace(b"1C80", b"1Cx0") + EXAMPLE, Fault.TAIL),
        (EXAMPLE.replace(b"##0101", b"##0100") + EXAMPLE, Fault.LENGTH),
        (EXAMPLE.replace(b"##0101", b"##0102") + EXAMPLE, Fault.LENGTH),
        (EXAMPLE.replace(b"##0101", b"##0131") + EXAMPLE + OTHER, Fault.LENGTH),
        (EXAMPLE[:60] + EXAMPLE, Fault.TRUNCATED),
        (EXAMPLE[:60] + b"\r\n" + EXAMPLE, Fault.TRUNCATED),
    ],
)
def test_the_next_good_frame_survives_a_bad_one(stream: bytes, fault: Fault) -> None:
    pieces = decoded(stream)
    assert isinstance(pieces[0], Damaged)
    assert pieces[0].fault is fault
    assert EXAMPLE in [frame.raw for frame in frames(pieces)]
    assert len(faults(pieces)) == 1
    assert raw(pieces) == stream


def test_a_wrong_length_that_ends_with_another_frame_does_not_swallow_it() -> None:
    size = len(EXAMPLE)
    longer = b"##%04d" % (101 + 2 * size) + EXAMPLE[6:]
    assert [frame.raw for frame in frames(decoded(longer + EXAMPLE * 3))] == [EXAMPLE] * 3


def test_log_text_may_hold_a_whole_frame() -> None:
    whole = framed(
        b"ST=21;CN=3020;MN=1;CP=&&DataTime=20260801000000;i11001-Info=//sent "
        + EXAMPLE
        + b"ok; a,b=c//&&"
    )
    (frame,) = frames(decoded(whole))
    assert frame.raw == whole
    assert frame.groups[1]["i11001-Info"] == f"//sent {EXAMPLE.decode()}ok; a,b=c//"


def test_a_frame_is_given_out_at_its_check_whatever_ends_its_line() -> None:
    bare = EXAMPLE[:-2]
    decoder = Decoder()
    assert [piece.raw for piece in decoder.feed(bare)] == [bare]
    assert decoder.feed(b"\r") == []
    assert [piece.raw for piece in decoder.feed(b"\n" + bare + b"\n\n")] == [
        b"\r\n" + bare + b"\n\n"
    ]
    assert decoder.end() == []


def test_a_frame_that_never_completes_holds_back_nothing_for_ever() -> None:
    decoder = Decoder()
    late = EXAMPLE.replace(b"##0101", b"##3000")
    assert decoder.feed(late + OTHER + EXAMPLE) == []
    assert [type(piece) for piece in decoder.end()] == [Damaged, Frame, Frame]
    assert [piece.raw for piece in decoder.feed(EXAMPLE)] == [EXAMPLE]  # it goes on


@pytest.mark.parametrize(
    "sign", [b"#", b"x", b"\n", b"\r", b"##", b"##1", b"##4096", b"\xff", b"&"]
)
def test_no_noise_makes_the_decoder_hold_more_than_a_frame(sign: bytes) -> None:
    decoder = Decoder()
    given_back = 0
    for _ in range(200):
        given_back += len(raw(decoder.feed(sign * 500)))
        assert decoder.pending <= 4096 + 20 + len(sign) * 500
    assert given_back + len(raw(decoder.end())) == 200 * 500 * len(sign)


pieces_of_streams = st.one_of(
    st.sampled_from([one["raw"].encode() for one in packets()]),
    st.sampled_from([EXAMPLE, EXAMPLE[:-2], EXAMPLE[:-1], EXAMPLE[:50], EXAMPLE[50:], OTHER]),
    st.sampled_from([b"#", b"##", b"##0", b"##0101", b"##4096", b"##9999", b"&&", b"\r\n", b"\n"]),
    st.binary(max_size=40),
)
streams = st.lists(pieces_of_streams, max_size=6).map(b"".join)


@given(streams, st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_pieces_do_not_matter_and_no_byte_is_lost(stream: bytes, sizes: list[int]) -> None:
    parts, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        parts.append(stream[at : at + size])
        at, turn = at + size, turn + 1
    pieces, whole = fed(parts), decoded(stream)
    assert raw(pieces) == stream
    assert raw(whole) == stream
    assert [(one.fields, one.groups) for one in frames(pieces)] == [
        (one.fields, one.groups) for one in frames(whole)
    ]
    # Line ends that come apart from their frame stand before the next piece, or alone at the end.
    assert [one.raw.strip(b"\r\n") for one in pieces if one.raw.strip(b"\r\n")] == [
        one.raw.strip(b"\r\n") for one in whole if one.raw.strip(b"\r\n")
    ]
    told = [one.fault for one in pieces if isinstance(one, Damaged) and one.raw.strip(b"\r\n")]
    assert told == [
        one.fault for one in whole if isinstance(one, Damaged) and one.raw.strip(b"\r\n")
    ]


@given(
    st.lists(st.sampled_from([EXAMPLE, OTHER, EXAMPLE[:-2]]), max_size=4), st.binary(max_size=30)
)
def test_noise_between_frames_never_costs_the_frame_after_the_next(
    good: list[bytes], noise: bytes
) -> None:
    stream = noise + b"\r\n" + EXAMPLE + b"".join(good)
    held = [frame.raw for frame in frames(decoded(stream))]
    assert len(held) >= len(good) + (b"##" not in noise)
