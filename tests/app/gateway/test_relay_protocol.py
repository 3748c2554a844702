"""The line between nodes, and the PROXY protocol: what is written is what is read."""

import asyncio
import json
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.app.gateway.proxy import (
    NoProxyHeader,
    ProxyHeader,
    is_within,
    read_header,
    read_networks,
)
from songhua.app.gateway.relay import protocol
from songhua.app.gateway.relay.protocol import Batch, Broken, Origin, Secret, What
from songhua.app.gateway.relay.seen import Seen
from songhua.model import BadInput

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True)
NUMBERS = st.integers(0, 2**63 - 1)


async def _read(data: bytes, most: int = protocol.MOST_BYTES) -> tuple[What, bytes]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await protocol.read_frame(reader, most=most)


@given(st.builds(Batch, NUMBERS, st.builds(Origin, NAMES, NAMES, NUMBERS, NUMBERS), st.binary()))
def test_a_batch_is_read_as_it_was_written(batch: Batch) -> None:
    what, content = asyncio.run(_read(protocol.batch_frame(batch)))
    assert (what, protocol.read_batch(content)) == (What.BATCH, batch)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    try:
        what, content = asyncio.run(_read(data, most=100))
    except (Broken, EOFError):
        return
    assert data.startswith(protocol.frame(what, content))


@given(st.binary(max_size=200))
def test_any_content_is_a_batch_or_refused(content: bytes) -> None:
    try:
        batch = protocol.read_batch(content)
    except Broken:
        return
    assert content.endswith(batch.body)


@pytest.mark.parametrize("size", [0, protocol.MOST_FIRST + 1, 2**32 - 1])
def test_a_stranger_cannot_make_us_wait_for_much(size: int) -> None:
    with pytest.raises(Broken):
        asyncio.run(_read(size.to_bytes(4, "big") + b"\x02{}", most=protocol.MOST_FIRST))


@pytest.mark.parametrize("text", [b"[]", b"1", b"{", b"\xff", b"[" * 100_000])
def test_words_that_are_none(text: bytes) -> None:
    with pytest.raises(Broken):
        protocol.read_words(text)


def test_a_proof_is_for_these_words_alone() -> None:
    secret = Secret("sixteen letters!")
    proof = secret.proof("node", "a", "b")
    assert secret.proves(proof, "node", "a", "b")
    assert not secret.proves(proof, "holder platform", "a", "b")
    assert not secret.proves(proof, "node", "b", "a")
    assert not Secret("sixteen letters?").proves(proof, "node", "a", "b")
    assert not secret.proves(None, "node", "a", "b")
    with pytest.raises(BadInput):
        Secret("too short")


def test_a_number_given_twice_is_not_the_same_batch() -> None:
    seen, origin = Seen(most=2), Origin("a", "j", 1, 1)
    seen.add(origin, "x")
    assert (origin, "x") in seen
    assert (origin, "y") not in seen
    assert (origin._replace(journal="k"), "x") not in seen
    assert (origin._replace(node="renamed"), "x") in seen
    for number in (2, 3):
        seen.add(origin._replace(seq=number), "x")
    assert (origin, "x") not in seen  # forgotten: two are remembered


# PROXY protocol: the examples are those of its specification, 2.1 and 2.2


def test_version_1_as_the_specification_shows_it() -> None:
    longest = (
        b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        b" ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"
    )
    assert read_header(longest) == ProxyHeader("ffff:" * 7 + "ffff", 104)
    shortest = b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"
    assert read_header(shortest) == ProxyHeader("255.255.255.255", 56)
    assert read_header(b"PROXY UNKNOWN\r\n") == ProxyHeader("", 15)
    unknown = b"PROXY UNKNOWN " + b"f" * 39 + b" " + b"f" * 39 + b" 65535 65535\r\n"
    assert read_header(unknown) == ProxyHeader("", 107)


SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"


@given(st.ip_addresses(), st.binary(max_size=40), st.binary(max_size=40))
def test_version_2(address: IPv4Address | IPv6Address, further: bytes, rest: bytes) -> None:
    is_v4 = isinstance(address, IPv4Address)
    pair = address.packed * 2 + (40000).to_bytes(2, "big") + (9212).to_bytes(2, "big")
    head = SIGNATURE + b"\x21" + (b"\x11" if is_v4 else b"\x21")
    whole = head + len(pair + further).to_bytes(2, "big") + pair + further
    for cut in range(len(whole)):
        assert read_header(whole[:cut]) is None
    found = read_header(whole + rest)
    assert found is not None
    mapped = None if is_v4 else address.ipv4_mapped  # type: ignore[union-attr]
    assert found == ProxyHeader(str(mapped or address), len(whole))


@given(st.ip_addresses(v=4), st.binary(max_size=40))
def test_version_1_in_pieces(address: IPv4Address, rest: bytes) -> None:
    whole = f"PROXY TCP4 {address} 127.0.0.1 40000 9212\r\n".encode()
    for cut in range(len(whole)):
        assert read_header(whole[:cut]) is None
    assert read_header(whole + rest) == ProxyHeader(str(address), len(whole))


def test_a_health_check_is_the_balancers_own() -> None:
    assert read_header(SIGNATURE + b"\x20\x00\x00\x00") == ProxyHeader("", 16)


@pytest.mark.parametrize(
    "data",
    [
        b"##0101QN=",
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1\r\n",
        b"PROXY TCP4 10.0.0.1 10.0.0.2 1 99999\r\n",
        b"PROXY TCP4 fe80::1 fe80::2 1 2\r\n",
        b"PROXY TCP9 10.0.0.1 10.0.0.2 1 2\r\n",
        b"PROXY \xff\r\n",
        b"PROXY " + b"x" * 110,
        SIGNATURE + b"\x11\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12),
        SIGNATURE + b"\x21\x11\x00\x04" + bytes(4),
        SIGNATURE + b"\x21\x11\xff\xff",
    ],
)
def test_what_is_no_header(data: bytes) -> None:
    with pytest.raises(NoProxyHeader):
        read_header(data)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_header_or_not(data: bytes) -> None:
    for begin in (b"", b"PROXY TCP4 ", SIGNATURE):
        try:
            found = read_header(begin + data)
        except NoProxyHeader:
            continue
        assert found is None or 0 < found.size <= len(begin + data)


def test_networks() -> None:
    networks = read_networks("10.0.0.0/8, 192.168.1.7 fd00::/8")
    assert is_within("10.9.8.7", networks)
    assert is_within("::ffff:192.168.1.7", networks)
    assert is_within("fd00::1", networks)
    assert not is_within("192.168.1.8", networks)
    assert not is_within("", networks)
    assert not is_within("10.0.0.1", ())
    with pytest.raises(BadInput):
        read_networks("balancer.example")


def test_words_are_json_on_the_line() -> None:
    data = protocol.words(What.LINKS, {"A": "31"})
    assert json.loads(data[5:]) == {"A": "31"}
    assert socket.ntohl(int.from_bytes(data[:4], "little")) == len(data) - 4
