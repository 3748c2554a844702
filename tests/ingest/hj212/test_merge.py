from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.hj212 import Decoder, Frame, Merger, encode
from tests.ingest.hj212.packets import packet


def frames(data: bytes) -> list[Frame]:
    return [piece for piece in Decoder().feed(data) if isinstance(piece, Frame)]


def part(
    number: int, total: int = 3, *, time: str = "20260801080000", mn: str = "A", avg: str = "1"
) -> Frame:
    head = {"QN": f"2026080109000000{number}", "ST": "32", "CN": "2061", "MN": mn, "Flag": "7"}
    head |= {"PNUM": str(total), "PNO": str(number)}
    groups = [{"DataTime": time}] if time else []
    groups += [{f"w0100{number}-Avg": avg, f"w0100{number}-Flag": "N"}]
    (frame,) = frames(encode(head, groups))
    return frame


PARTS = frames(packet("pk021"))  # HJ 212—2017, 表C.50


@pytest.mark.parametrize("order", list(permutations(range(2))))
def test_the_split_message_of_the_standard_is_whole_in_any_order(order: tuple[int, ...]) -> None:
    merger = Merger()
    first, last = (PARTS[number] for number in order)
    assert merger.add(first, now=0) == []
    (message,) = merger.add(last, now=1)
    assert message.missing == ()
    assert message.parts == tuple(PARTS)
    assert message.frame.raw == packet("pk021")
    assert [list(group) for group in message.frame.groups] == [
        ["DataTime"],
        ["w00000-Cou", "w00000-Min", "w00000-Avg", "w00000-Max", "w00000-Flag"],
        ["w01001-Min", "w01001-Avg", "w01001-Max", "w01001-Flag"],
        ["w01018-Cou", "w01018-Min", "w01018-Avg", "w01018-Max", "w01018-Flag"],
    ]
    assert "PNO" not in message.frame.fields
    assert merger.pending == 0


def test_what_is_not_split_passes_at_once() -> None:
    (whole,) = frames(packet("pk024"))  # Flag says split, but no numbers
    (message,) = Merger().add(whole, now=0)
    assert message.frame is whole
    assert message.missing == ()


@pytest.mark.parametrize(("name", "missing"), [("pk022", (1,)), ("pk023", (2,))])
def test_a_part_alone_is_given_after_a_while(name: str, missing: tuple[int, ...]) -> None:
    merger = Merger(wait_s=60)
    (only,) = frames(packet(name))
    assert merger.add(only, now=0) == []
    assert merger.expire(now=59.9) == []
    (message,) = merger.expire(now=60)
    assert message.missing == missing
    assert message.frame.groups == only.groups
    assert merger.pending_bytes == 0


def test_a_part_sent_again_changes_nothing() -> None:
    merger = Merger()
    for number in (1, 1, 2, 2, 1):
        assert merger.add(part(number), now=0) == []
    assert len(merger.add(part(3), now=1)) == 1
    for number in (1, 2, 3):
        assert merger.add(part(number), now=2) == []
    assert merger.end() == []


def test_a_part_sent_again_with_another_value_gives_the_message_again() -> None:
    merger = Merger()
    for number in (1, 2, 3):
        merger.add(part(number), now=0)
    (message,) = merger.add(part(2, avg="5"), now=1)
    assert [dict(group).get("w01002-Avg") for group in message.frame.groups].count("5") == 1
    assert message.missing == ()


def test_messages_of_other_hours_and_devices_do_not_mix() -> None:
    merger = Merger()
    for mn in "AB":
        for time in ("20260801080000", "20260801090000"):
            assert merger.add(part(1, 2, mn=mn, time=time), now=0) == []
    done = [
        merger.add(part(2, 2, mn=mn, time=time), now=1)
        for mn in "AB"
        for time in ("20260801080000", "20260801090000")
    ]
    assert [len(one) for one in done] == [1, 1, 1, 1]


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_the_time_may_stand_in_one_part_only(order: tuple[int, ...]) -> None:
    merger = Merger()
    given_ = [
        m
        for n in order
        for m in merger.add(part(n, time="20260801080000" if n == 1 else ""), now=0)
    ]
    (message,) = given_
    assert message.missing == ()
    assert message.frame.groups[0] == {"DataTime": "20260801080000"}


def test_memory_is_bounded_and_nothing_is_dropped() -> None:
    merger = Merger(most_bytes=10_000)
    told = []
    for number in range(1000):
        told += merger.add(part(1, mn=str(number)), now=0)
        assert merger.pending_bytes <= 10_000
    told += merger.end()
    assert sorted(int(message.frame.mn) for message in told) == list(range(1000))
    assert merger.pending_bytes == 0


def test_a_slow_message_waits_from_its_last_part() -> None:
    merger = Merger(wait_s=60)
    assert merger.add(part(1), now=0) == []
    assert merger.add(part(2), now=50) == []
    assert len(merger.add(part(3), now=100)) == 1


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from("AB"), st.sampled_from(["1", "2"])),
        max_size=12,
    )
)
def test_every_part_comes_out_in_some_message(sent: list[tuple[int, str, str]]) -> None:
    merger = Merger(wait_s=5)
    messages = []
    for now, (number, mn, avg) in enumerate(sent):
        messages += merger.add(part(number, mn=mn, avg=avg), now=now)
    messages += merger.end()
    told = {(one.mn, str(one.groups)) for message in messages for one in message.parts}
    last = {(mn, number): avg for number, mn, avg in sent}
    for (mn, number), avg in last.items():
        assert (mn, str(part(number, mn=mn, avg=avg).groups)) in told
    assert merger.pending_bytes == 0
