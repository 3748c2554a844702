"""The check of HJ 212: two bytes on the line, eight bits of state.

Each step keeps only the high byte of the state (`crc >> 8`), so the state is one byte, and one
step is linear over GF(2) with order 8: what a byte does to the result depends on its distance
from the end modulo 8 only. So the segment is folded to eight bytes by exclusive or, and those
give the state. That is exact and takes about a microsecond.

It also says how weak the check is: only 256 of the 65,536 values occur, and an error of two equal
bytes eight apart is never seen. The length and the closing ``&&`` are looked at as well.
"""

from collections.abc import Callable
from enum import StrEnum

EMPTY = 0xFFFF
"""The check of no bytes: the register as it begins."""


class CrcKind(StrEnum):
    """Which check a device computes."""

    STANDARD = "standard"
    MODBUS_HIGH_FIRST = "modbus_high_first"
    MODBUS_LOW_FIRST = "modbus_low_first"
    NONE = "none"


def _eight_shifts(register: int) -> int:
    for _ in range(8):
        register = register >> 1 ^ 0xA001 if register & 1 else register >> 1
    return register


_STEP = [_eight_shifts(state) for state in range(256)]
_NEXT = [register >> 8 for register in _STEP]


def _after(steps: int) -> list[int]:
    states = list(range(256))
    for _ in range(steps):
        states = [_NEXT[state] for state in states]
    return states


_AT = [_after(distance) for distance in range(8)]
_AT_0, _AT_1, _AT_2, _AT_3, _AT_4, _AT_5, _AT_6, _AT_7 = _AT


def crc16(segment: bytes) -> int:
    """Return the check of a data segment, 0 to 0xFFFF.

    Examples
    --------
    >>> f"{crc16(b''):04X}"
    'FFFF'

    References
    ----------
    HJ 212—2017, annex A; HJ 212—2025, annex A.1.
    """
    size = len(segment)
    if not size:
        return EMPTY
    # The register begins with ones: they meet the first byte.
    word = int.from_bytes(segment, "big") ^ 0xFF << 8 * (size - 1)
    shift = 1 << (8 * size - 1).bit_length() - 1
    while shift >= 64:
        word ^= word >> shift
        shift >>= 1
    return _STEP[
        word & 255
        ^ _AT_1[word >> 8 & 255]
        ^ _AT_2[word >> 16 & 255]
        ^ _AT_3[word >> 24 & 255]
        ^ _AT_4[word >> 32 & 255]
        ^ _AT_5[word >> 40 & 255]
        ^ _AT_6[word >> 48 & 255]
        ^ _AT_7[word >> 56 & 255]
    ]


def modbus(segment: bytes) -> int:
    """Return the check of Modbus, which some devices send instead."""
    register = EMPTY
    for byte in segment:
        register = register >> 8 ^ _STEP[(register ^ byte) & 255]
    return register


def modbus_low_first(segment: bytes) -> int:
    """Return the check of Modbus with its two bytes exchanged."""
    register = modbus(segment)
    return register >> 8 | (register & 255) << 8


CHECKS: dict[CrcKind, Callable[[bytes], int]] = {
    CrcKind.STANDARD: crc16,
    CrcKind.MODBUS_HIGH_FIRST: modbus,
    CrcKind.MODBUS_LOW_FIRST: modbus_low_first,
}
"""What computes each kind; a device without a check has none."""
