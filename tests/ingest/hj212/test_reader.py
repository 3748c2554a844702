"""Entries of the journal become values; what may not speak is set aside with its reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from songhua.ingest.hj212 import Decoder, Frame, encode
from songhua.ingest.hj212.identify import Refusal, mn_in, refusal, skew_of
from songhua.ingest.hj212.reader import MOST_SHOWN, Reader, Told
from songhua.ingest.hj212.received import Received, pack
from songhua.model import BEIJING, KnownDevice

MN, PASSWORD = "010000A8900016F000169DC0", "100000"
AT = datetime(2026, 3, 1, 9, 2, tzinfo=BEIJING)
HOUR = datetime(2026, 3, 1, 8, tzinfo=BEIJING)


def known(**changes: Any) -> KnownDevice:
    told = {"mn": MN, "site": "1121A", "edition": 2017, "password": PASSWORD}
    return KnownDevice(**{**told, "addresses": (), "dialect": {}, **changes})


def frame(*groups: dict[str, str], at: datetime | None = HOUR, **fields: str) -> bytes:
    head = {"QN": "20260301090200001", "ST": "22", "CN": "2061", "PW": PASSWORD, "MN": MN}
    head |= {"Flag": "5", **fields}
    first = [{"DataTime": f"{at:%Y%m%d%H%M%S}"}] if at else []
    return encode(head, [*first, *groups])


def pm10(value: str, code: str = "a34002") -> dict[str, str]:
    return {f"{code}-Avg": value, f"{code}-Flag": "N"}


def entry(seq: int, *frames: bytes, at: datetime = AT, fault: str = "") -> tuple[int, bytes]:
    return seq, pack(Received(one, "10.0.0.7", at, fault) for one in frames)


def reader(**changes: Any) -> Reader:
    made = Reader()
    made.know({MN: known(**changes)})
    return made


def values(told: Told) -> list[tuple[Any, ...]]:
    return told.rows.select("quantity", "time", "value", "revision", "line").rows()


def reasons(told: Told) -> list[tuple[str, int, int]]:
    return [(one.reason, one.seq, one.place) for one in told.aside]


def test_frames_become_rows_with_the_place_they_came_from() -> None:
    told = reader().read([entry(7, frame(pm10("60")), frame(pm10("61"), at=AT - timedelta(1)))])
    assert told.rows["time"].dtype.time_zone == "UTC"  # type: ignore[attr-defined]
    first = told.rows.row(0, named=True)
    assert first["time"] == HOUR
    assert (first["site"], first["period"], first["author"]) == ("1121A", "hour", MN)
    assert (first["value"], first["mark"], first["recorded_at"]) == (60.0, "", AT)
    assert (first["revision"], first["line"]) == (7, 0)
    # 9:02 is no beginning of an hour.
    assert reasons(told) == [("bad_time", 7, 1)]
    count = told.counts[MN]
    assert (count.frames, count.values, count.set_aside) == (2, 1, 1)
    assert (count.address, count.last_data, count.skew) == ("10.0.0.7", HOUR, 0.0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"password": "654321"}, "wrong_password"),
        ({"addresses": ("10.1.0.0/16",)}, "wrong_address"),
        ({"site": ""}, "no_site"),
        ({"mn": "other"}, None),
    ],
)
def test_a_frame_speaks_for_its_site_or_not(changes: dict[str, Any], reason: str | None) -> None:
    told = reader(**changes).read([entry(1, frame(pm10("60")))])
    assert [one.reason for one in told.aside] == ([reason] if reason else [])
    assert told.rows.height == (0 if reason else 1)


def test_an_address_within_the_network_may_speak() -> None:
    (piece,) = Decoder().feed(frame(pm10("60")))
    assert refusal(piece, known(addresses=("10.0.0.0/24", "fd00::/8")), "10.0.0.7") is None
    assert refusal(piece, None, "10.0.0.7") == Refusal("unknown_device")


def test_what_is_known_is_kept_beside_what_is_not() -> None:
    told = reader().read([entry(1, frame(pm10("60"), pm10("1", "z99999"), pm10("6O", "a34004")))])
    assert values(told) == [("pm10", HOUR, 60.0, 1, 0)]
    assert sorted(reasons(told)) == [("not_a_number", 1, 0), ("unknown_factor", 1, 0)]
    assert "z99999" in told.aside[0].detail_zh
    assert "PW=***" in told.aside[0].raw
    assert PASSWORD not in told.aside[0].raw


def test_parts_of_a_message_wait_for_each_other_and_hold_the_journal_back() -> None:
    """HJ 212—2017, 表C.50: each part has a QN of its own and repeats DataTime."""
    parts = [
        frame(pm10("60"), QN="20260301090200534", PNUM="2", PNO="1", Flag="7"),
        frame(pm10("35", "a34004"), QN="20260301090200535", PNUM="2", PNO="2", Flag="7"),
    ]
    one = reader()
    told = one.read([entry(3, parts[0]), entry(4, frame(pm10("1"), at=HOUR - timedelta(hours=1)))])
    assert (told.rows.height, told.held) == (1, 3)
    told = one.read([entry(5, parts[1])])
    assert values(told) == [("pm10", HOUR, 60.0, 5, 0), ("pm2_5", HOUR, 35.0, 5, 0)]
    assert told.held == 0


def test_a_message_without_all_its_parts_is_named_and_what_came_is_kept() -> None:
    one = reader()
    part = frame(pm10("60"), PNUM="2", PNO="1", Flag="7")
    assert one.read([entry(3, part)]).held == 3
    told = one.read([], now=AT + timedelta(seconds=30))
    assert (told.rows.height, told.held) == (0, 3)
    told = one.read([], now=AT + timedelta(seconds=61))
    assert values(told) == [("pm10", HOUR, 60.0, 3, 0)]
    assert reasons(told) == [("incomplete", 3, 0)]
    assert told.aside[0].detail_en.endswith("PNO 2")
    assert told.held == 0


def test_a_part_that_comes_twice_holds_nothing_for_ever() -> None:
    one = reader()
    parts = [frame(pm10("60"), PNUM="2", PNO=number, Flag="7") for number in ("1", "2")]
    assert one.read([entry(3, *parts), entry(4, parts[0])]).rows.height > 0
    later = AT + timedelta(minutes=3)
    assert one.read([entry(5, frame(pm10("1")), at=later)]).held == 0


def test_our_own_clock_may_be_set_back_an_hour() -> None:
    one = reader()
    assert one.read([entry(1, frame(pm10("60")))]).rows.height == 1
    told = one.read([entry(2, frame(pm10("61")), at=AT - timedelta(hours=1, minutes=2))])
    assert reasons(told) == []
    assert values(told) == [("pm10", HOUR, 61.0, 2, 0)]
    # A clock that was a month ahead, and is right again, is believed.
    ahead = HOUR + timedelta(days=30)
    one.read([entry(3, frame(pm10("1"), at=ahead), at=ahead)])
    told = one.read([entry(4, frame(pm10("1"), at=ahead))])
    assert reasons(told) == [("future_time", 4, 0)]


def test_damaged_bytes_are_set_aside_with_their_fault() -> None:
    raw = frame(pm10("60"))
    spoiled = raw.replace(b"60", b"61")
    told = reader().read([entry(1, spoiled, fault="crc"), entry(2, b"noise\r\n", fault="noise")])
    assert reasons(told) == [("crc", 1, 0), ("noise", 2, 0)]
    assert [one.mn for one in told.aside] == [MN, ""]


def test_a_dialect_learned_since_reads_what_was_damaged() -> None:
    told = reader(dialect={"crc": "none"}).read(
        [entry(1, frame(pm10("60"))[:-6] + b"FFFF\r\n", fault="crc")]
    )
    assert values(told) == [("pm10", HOUR, 60.0, 1, 0)]


def test_only_so_many_of_a_kind_are_shown_an_hour() -> None:
    one = Reader()
    told = one.read([entry(1, *([frame(pm10("60"))] * (MOST_SHOWN + 5)))])
    assert len(told.aside) == MOST_SHOWN
    assert told.counts[MN].set_aside == MOST_SHOWN + 5


def test_reading_again_shows_every_reason_and_merges_its_own_parts() -> None:
    one = Reader()
    parts = [frame(pm10("60"), PNUM="2", PNO=number, Flag="7") for number in ("1", "2")]
    assert [reason for reason, _, _ in reasons(one.read([entry(3, *parts)]))] == [
        "unknown_device",
        "unknown_device",
    ]
    one.know({MN: known()})
    pieces: Sequence[Any] = [(3, n, Received(raw, "10.0.0.7", AT)) for n, raw in enumerate(parts)]
    told = one.read_again(pieces)
    assert told.aside == []
    assert values(told) == [("pm10", HOUR, 60.0, 3, 1)]


def test_the_clock_of_a_device_is_told_by_its_request_number() -> None:
    (piece,) = Decoder().feed(frame(pm10("60"), QN="20260301090500001"))
    assert isinstance(piece, Frame)
    assert skew_of(piece, AT.astimezone(UTC)) == 180.0
    assert mn_in(piece) == MN


def test_amounts_corrected_values_and_extremes_are_kept_beside_the_value() -> None:
    """HJ 212—2017, 表 6: Cou, Min, Avg, Max and the corrected ones of a factor."""
    said = {"a21026-Cou": "12.5", "a21026-Min": "3", "a21026-Avg": "4.5", "a21026-Max": "6"}
    said |= {"a21026-ZsAvg": "5.1", "a21026-Flag": "N"}
    told = reader().read([entry(7, frame(said, ST="31"))])
    assert {row[0]: row[2] for row in values(told)} == {
        "a21026": 4.5,
        "a21026-cou": 12.5,
        "a21026-min": 3.0,
        "a21026-max": 6.0,
        "a21026-zsavg": 5.1,
    }


def test_extremes_of_a_minute_stay_in_the_journal() -> None:
    said = {"a21026-Min": "3", "a21026-Avg": "4.5", "a21026-ZsAvg": "5.1", "a21026-Flag": "N"}
    told = reader().read([entry(7, frame(said, ST="31", CN="2051"))])
    assert {row[0] for row in values(told)} == {"a21026", "a21026-zsavg"}
