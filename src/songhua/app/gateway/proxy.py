"""The PROXY protocol, versions 1 and 2: a balancer says whose connection it hands on.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from songhua.model import BadInput

Networks = tuple[IPv4Network | IPv6Network, ...]

MOST_BYTES = 16 + 2048
"""Longer ones are none of ours: addresses and a few further fields take far less."""
_LONGEST_V1 = 107
_V1, _V2 = b"PROXY ", b"\r\n\r\n\x00\r\nQUIT\n"
_HEAD_V2 = 16
_LOCAL, _PROXY = 0, 1
_TCP4, _TCP6 = 0x11, 0x21


class NoProxyHeader(Exception):
    """What came is no PROXY header."""


class ProxyHeader(NamedTuple):
    """What a balancer said.

    Parameters
    ----------
    address
        Of the peer; empty where the connection is the balancer's own, or of an unknown kind.
    size
        How many bytes the header has.
    """

    address: str
    size: int


def read_header(data: bytes) -> ProxyHeader | None:
    r"""Return the header that bytes begin with, None where it is not whole yet.

    >>> read_header(b"PROXY TCP4 10.1.0.7 10.0.0.1 40000 9212\r\n##0001")
    ProxyHeader(address='10.1.0.7', size=41)

    Raises
    ------
    NoProxyHeader
        If they begin otherwise.
    """
    if data.startswith(_V2[: len(data)]):
        return _version_2(data)
    if data.startswith(_V1[: len(data)]):
        return _version_1(data)
    raise NoProxyHeader


def read_networks(text: str) -> Networks:
    """Return networks as people write them, with commas or blanks between; raise `BadInput`."""
    try:
        return tuple(ip_network(one) for one in text.replace(",", " ").split())
    except ValueError as fault:
        raise BadInput(
            f"“{text}”不是地址或网段。", f"“{text}” is no address or network."
        ) from fault


def is_within(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Return whether an address is of one of the networks."""
    wanted = tuple(networks)
    if not wanted:
        return False
    try:
        found = _plain(ip_address(address.split("%")[0]))
    except ValueError:
        return False
    return any(found in network for network in wanted)


def _version_1(data: bytes) -> ProxyHeader | None:
    end = data.find(b"\r\n", 0, _LONGEST_V1)
    if end < 0:
        if len(data) >= _LONGEST_V1:
            raise NoProxyHeader
        return None
    try:
        words = data[:end].decode("ascii").split(" ")
    except UnicodeDecodeError as fault:
        raise NoProxyHeader from fault
    if words[1:2] == ["UNKNOWN"]:
        return ProxyHeader("", end + 2)
    if len(words) != 6 or not all(_is_port(one) for one in words[4:]):
        raise NoProxyHeader
    peer: IPv4Address | IPv6Address
    try:
        if words[1] == "TCP4":
            peer, _here = IPv4Address(words[2]), IPv4Address(words[3])
        elif words[1] == "TCP6":
            peer, _there = IPv6Address(words[2]), IPv6Address(words[3])
        else:
            raise NoProxyHeader
    except ValueError as fault:
        raise NoProxyHeader from fault
    return ProxyHeader(str(_plain(peer)), end + 2)


def _version_2(data: bytes) -> ProxyHeader | None:
    if len(data) < _HEAD_V2:
        return None
    version, family = data[12], data[13]
    size = _HEAD_V2 + int.from_bytes(data[14:16], "big")
    if version >> 4 != 2 or version & 15 not in {_LOCAL, _PROXY} or size > MOST_BYTES:
        raise NoProxyHeader
    if len(data) < size:
        return None
    if version & 15 == _LOCAL:
        return ProxyHeader("", size)
    peer: IPv4Address | IPv6Address
    if family == _TCP4 and size >= _HEAD_V2 + 12:
        peer = IPv4Address(data[16:20])
    elif family == _TCP6 and size >= _HEAD_V2 + 36:
        peer = IPv6Address(data[16:32])
    elif family in {_TCP4, _TCP6}:
        raise NoProxyHeader
    else:
        return ProxyHeader("", size)
    return ProxyHeader(str(_plain(peer)), size)


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return an IPv4 address where it is written as IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65536
