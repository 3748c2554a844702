"""A dialect is proposed from what a device sent, for a person to confirm; none is adopted here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from songhua.ingest.hj212.crc import CHECKS, CrcKind
from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.frame import Damaged, Fault, Frame, Piece
from songhua.standards.hj212 import EDITIONS, factor, factor_of_legacy

LEAST = 3
"""Frames that must agree before a departure is proposed: the standard check is only eight bits."""


class Departure(StrEnum):
    """What a device does otherwise."""

    CRC_MODBUS_HIGH_FIRST = "crc_modbus_high_first"
    CRC_MODBUS_LOW_FIRST = "crc_modbus_low_first"
    CRC_NONE = "crc_none"
    CRC_LOWER_CASE = "crc_lower_case"
    NO_LINE_END = "no_line_end"
    LEGACY_CODES = "legacy_codes"


WORDS = {
    Departure.CRC_MODBUS_HIGH_FIRST: (
        "校验为标准 Modbus CRC，高字节在前",
        "Modbus CRC, high byte first",
    ),
    Departure.CRC_MODBUS_LOW_FIRST: (
        "校验为标准 Modbus CRC，低字节在前",
        "Modbus CRC, low byte first",
    ),
    Departure.CRC_NONE: ("校验位是固定的占位符", "a constant instead of a check"),
    Departure.CRC_LOWER_CASE: ("校验用小写字母", "check in lower case"),
    Departure.NO_LINE_END: ("报文后没有回车换行", "no line end"),
    Departure.LEGACY_CODES: (
        "新版报文用 2005 版因子编码",
        "factor codes of 2005 in a later edition",
    ),
}
"""What each departure is called: Chinese, English."""

_KINDS = {
    Departure.CRC_MODBUS_HIGH_FIRST: CrcKind.MODBUS_HIGH_FIRST,
    Departure.CRC_MODBUS_LOW_FIRST: CrcKind.MODBUS_LOW_FIRST,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many frames show a departure, of how many that could, and one of them."""

    departure: Departure
    seen: int
    of: int
    example: bytes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A dialect that would explain what came, and why.

    Parameters
    ----------
    dialect
        `STANDARD` where nothing is proposed.
    evidence
        One a departure, those of the check first.
    unexplained
        Damaged pieces that the dialect would not mend, by fault.
    """

    dialect: Dialect
    evidence: tuple[Evidence, ...]
    unexplained: dict[Fault, int]


def learn(pieces: Iterable[Piece]) -> Proposal:
    """Return what dialect the pieces of one device speak for.

    A check is proposed when it alone explains all whole frames whose standard check differs, at
    least `LEAST` of them; a constant in place of a check when different segments carry it.
    """
    pieces = list(pieces)
    whole = [one for one in pieces if isinstance(one, Frame)]
    failed = [one for one in pieces if isinstance(one, Damaged) and one.fault is Fault.CRC]
    others: Counter[Fault] = Counter(
        one.fault for one in pieces if isinstance(one, Damaged) and one.fault is not Fault.CRC
    )
    check = None if whole else _check(failed)
    if check is None and failed:
        others[Fault.CRC] = len(failed)
    # Only what is whole, or becomes so by the check, tells about the rest.
    read = [one.raw.strip(b"\r\n") for one in (failed if check else whole)]
    raws = [one.raw for one in (failed if check else whole)]
    shown = [check, *_manners(read, raws), _legacy(whole)]
    evidence = tuple(one for one in shown if one is not None)
    return Proposal(_dialect(evidence), evidence, dict(others))


def _check(failed: list[Damaged]) -> Evidence | None:
    if len(failed) < LEAST:
        return None
    parts = [_parts(one.raw) for one in failed]
    for departure, kind in _KINDS.items():
        check = CHECKS[kind]
        if all(check(segment) == int(crc, 16) for segment, crc in parts):
            return Evidence(departure, len(parts), len(parts), failed[0].raw)
    crcs, segments = {crc for _, crc in parts}, {segment for segment, _ in parts}
    if len(crcs) == 1 and len(segments) >= LEAST:
        return Evidence(Departure.CRC_NONE, len(parts), len(parts), failed[0].raw)
    return None


def _manners(read: list[bytes], raws: list[bytes]) -> list[Evidence | None]:
    # A check without letters tells nothing about their case.
    lettered = [one for one in read if not one[-4:].isdigit()]
    return [
        _shown(Departure.CRC_LOWER_CASE, [one for one in lettered if one[-4:].islower()], lettered),
        _shown(Departure.NO_LINE_END, [one for one in raws if one[-1:] not in b"\r\n"], raws),
    ]


def _shown(departure: Departure, seen: list[bytes], of: list[bytes]) -> Evidence | None:
    """Return the evidence when all of enough frames show it."""
    if not LEAST <= len(of) == len(seen):
        return None
    return Evidence(departure, len(seen), len(of), seen[0])


def _legacy(whole: list[Frame]) -> Evidence | None:
    """Return the evidence when no code of later frames is known, and some are those of 2005."""
    later = [(frame, _codes(frame)) for frame in whole if frame.edition > min(EDITIONS)]
    later = [(frame, codes) for frame, codes in later if codes]
    of_2005 = [
        frame.raw
        for frame, codes in later
        if not any(factor(code) for code in codes)
        and any(factor_of_legacy(code, st=frame.st) for code in codes)
    ]
    return _shown(Departure.LEGACY_CODES, of_2005, [frame.raw for frame, _ in later])


def _codes(frame: Frame) -> set[str]:
    keys = (key for group in frame.groups for key in group)
    return {code for code, dash, _ in (key.rpartition("-") for key in keys) if dash}


def _dialect(evidence: tuple[Evidence, ...]) -> Dialect:
    dialect = STANDARD
    for one in evidence:
        if one.departure in _KINDS:
            dialect = replace(dialect, crc=_KINDS[one.departure])
        elif one.departure is Departure.CRC_NONE:
            dialect = replace(dialect, crc=CrcKind.NONE)
        elif one.departure is Departure.CRC_LOWER_CASE:
            dialect = replace(dialect, lower_case_crc=True)
        elif one.departure is Departure.LEGACY_CODES:
            dialect = replace(dialect, legacy_codes=True)
        elif one.departure is Departure.NO_LINE_END:
            dialect = replace(dialect, line_end=False)
    return dialect


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    line = raw.strip(b"\r\n")
    return line[6:-4], line[-4:]
