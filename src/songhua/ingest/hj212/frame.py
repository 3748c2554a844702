"""Bytes of a connection become frames and named faults. Pure: no socket, no clock, no log.

A frame is cut by its declared length, never by a delimiter: log text may hold ``##``, encrypted
text any byte. Only where that does not fit is the next ``##`` and four digits looked for.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from songhua.ingest.hj212.crc import CHECKS
from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.segment import read_segment
from songhua.ingest.hj212.sm4 import BLOCK, decrypt_segment, is_plain
from songhua.standards.hj212 import must_encrypt

HEAD = b"##"
_LENGTH = 4
_CRC = 4
_BEFORE = len(HEAD) + _LENGTH
_LINE_ENDS = b"\r\n"
_HEX = frozenset(b"0123456789abcdefABCDEF")
_HEADER = re.compile(rb"##[0-9]{4}")
_CLOSED = re.compile(rb"&&[0-9A-Fa-f]{4}[\r\n]*\Z")
_NEXT_FRAME = re.compile(rb"(?:&&[0-9A-Fa-f]{4}|[\r\n])##[0-9]{4}")

_FLAG_ANSWER = 1
_FLAG_PARTS = 2
_EDITIONS = (2005, 2017, 2025)


class Fault(StrEnum):
    """What is wrong with bytes that are no frame.

    ``crc``: whole, but the check differs. ``length``: no four digits, or the frame does not end
    where they say. ``tail``: it closes there, but what follows is no check; or line ends alone.
    ``noise``: belongs to no frame. ``oversize``: declares more than is allowed. ``truncated``:
    another frame began, or the peer closed, before the end.
    """

    CRC = "crc"
    LENGTH = "length"
    NOISE = "noise"
    TAIL = "tail"
    OVERSIZE = "oversize"
    TRUNCATED = "truncated"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose length and check agree.

    Parameters
    ----------
    raw
        Exactly as received, to the check and the line end if any. Line ends that came late,
        after the frame before had been given out, stand in front.
    fields
        Header fields without CP, in order, values as received.
    groups
        CP, one mapping a ``;`` group, in order.
    """

    raw: bytes
    fields: Mapping[str, str]
    groups: tuple[Mapping[str, str], ...]

    @property
    def qn(self) -> str:
        """Request number (请求编码), unique for one exchange; "" if absent."""
        return self.fields.get("QN", "")

    @property
    def st(self) -> str:
        """System (系统编码)."""
        return self.fields.get("ST", "")

    @property
    def cn(self) -> str:
        """Command (命令编码)."""
        return self.fields.get("CN", "")

    @property
    def pw(self) -> str:
        """Password (访问密码)."""
        return self.fields.get("PW", "")

    @property
    def mn(self) -> str:
        """Identity of the device (设备唯一标识)."""
        return self.fields.get("MN", "")

    @property
    def flag(self) -> int | None:
        """Flag: version, packet numbers, answer wanted; None if absent or no number."""
        return _whole(self.fields.get("Flag", ""))

    @property
    def wants_reply(self) -> bool:
        """Whether the sender wants an answer (bit 0 of Flag)."""
        return bool((self.flag or 0) & _FLAG_ANSWER)

    @property
    def edition(self) -> int:
        """Edition by the version bits of Flag; 2005 without Flag. Not proof: devices differ."""
        version = (self.flag or 0) >> 2
        return _EDITIONS[min(version, len(_EDITIONS) - 1)]

    @property
    def part(self) -> tuple[int, int] | None:
        """Number of this part, from 1, and how many there are; None if not split."""
        total = _whole(self.fields.get("PNUM", ""))
        number = _whole(self.fields.get("PNO", ""))
        if total is None or number is None or not 1 <= number <= total or total == 1:
            return None
        return number, total

    @property
    def is_backfill(self) -> bool:
        """Whether the data were sent again or late (RF=1, 2025)."""
        return self.fields.get("RF", "").strip() == "1"


@dataclass(frozen=True, slots=True)
class Damaged:
    """Bytes that are no frame, and why."""

    fault: Fault
    raw: bytes


Piece = Frame | Damaged


Keys = Callable[[str], Sequence[bytes]]


def _no_keys(mn: str) -> Sequence[bytes]:
    """Return the keys of a device where none are kept."""
    del mn
    return ()


class Decoder:
    """Feed it bytes in any pieces; it gives back frames and faults in order.

    Each byte comes back in exactly one piece. It holds at most one frame of the largest length
    allowed, so memory is bounded whatever is fed.

    Parameters
    ----------
    keys
        The SM4 keys of a device by its MN, the newest first; CP that HJ 212—2025 encrypts is
        read with the one that fits. `Frame.raw` stays as received.
    """

    __slots__ = ("_check", "_held", "_keys", "_largest", "_need")

    def __init__(self, dialect: Dialect = STANDARD, keys: Keys = _no_keys) -> None:
        self._check = CHECKS.get(dialect.crc)
        self._keys = keys
        self._largest = dialect.largest_segment
        self._held = b""
        self._need = 0

    @property
    def pending(self) -> int:
        """Bytes received and not yet given back."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Piece]:
        """Add received bytes; return what they complete.

        A frame is given out as soon as its check is there: some devices send no line end.
        """
        data = self._held + data if self._held else bytes(data)
        if len(data) < self._need:
            self._held = data
            return []
        return self._cut(data, closed=False)

    def end(self) -> list[Piece]:
        """Give up waiting and return the rest: the peer closed, or fell silent within a frame.

        A frame of wrong length may have held back good ones: they are found now. The decoder
        can be fed again.
        """
        return self._cut(self._held, closed=True)

    def _cut(self, data: bytes, *, closed: bool) -> list[Piece]:
        pieces: list[Piece] = []
        start, size = 0, len(data)
        self._need = 0
        while start < size:
            head = start
            while head < size and data[head] in _LINE_ENDS:
                head += 1
            found = self._frame(data, start, head) or self._damage(data, start, head, closed=closed)
            if found is None:
                break
            pieces.append(found)
            start += len(found.raw)
        self._held = data[start:]
        if closed:
            self._need = 0
        return pieces

    def _frame(self, data: bytes, start: int, head: int) -> Frame | None:
        body = head + _BEFORE
        digits = data[head + len(HEAD) : body]
        if data[head : head + len(HEAD)] != HEAD or len(digits) < _LENGTH or not digits.isdigit():
            return None
        length = int(digits)
        close = body + length
        if length > self._largest or close + _CRC > len(data):
            return None
        crc = data[close : close + _CRC]
        segment: bytes | None = data[body:close]
        if self._keys is not _no_keys:
            segment = self._plain(data[body:close], crc)
        elif not self._agrees(data[body:close], crc):
            return None
        if segment is None:
            return None
        fields, groups = read_segment(segment)
        return Frame(data[start : _after_line_ends(data, close + _CRC)], fields, groups)

    def _plain(self, segment: bytes, crc: bytes) -> bytes | None:
        """Return the segment to read, decrypted where it must be; None where nothing agrees."""
        agrees = self._agrees(segment, crc)
        if agrees and is_plain(segment):
            return segment
        fields, _ = read_segment(segment)
        for key in self._keys(fields.get("MN", "")) if must_encrypt(fields.get("CN", "")) else ():
            plain = decrypt_segment(segment, key) if len(key) == BLOCK else None
            # Read either way: the check may be meant of what is sent.
            if plain is not None and (agrees or self._agrees(plain, crc)):
                return plain
        return segment if agrees else None

    def _agrees(self, segment: bytes, crc: bytes) -> bool:
        if self._check is None:
            return _is_hex(crc) and segment.endswith(b"&&")
        return crc.upper() == b"%04X" % self._check(segment)

    def _damage(self, data: bytes, start: int, head: int, *, closed: bool) -> Damaged | None:
        """Return the damaged bytes at `start`; None to wait for more."""
        if head == len(data):
            if not closed and head - start <= self._largest:
                return None
            return Damaged(Fault.TAIL if closed else Fault.NOISE, data[start:])
        fault = self._fault(data, head, closed=closed)
        if fault is None:
            return None
        if fault is Fault.CRC:
            crc_end = head + _BEFORE + int(data[head + len(HEAD) : head + _BEFORE]) + _CRC
            return Damaged(fault, data[start : _after_line_ends(data, crc_end)])
        stop = self._resume(data, head, closed=closed)
        if stop is None:
            return None
        return Damaged(_refined(fault, data, head, stop), data[start:stop])

    def _fault(self, data: bytes, head: int, *, closed: bool) -> Fault | None:
        """Return what is wrong with the frame that begins at `head`; None to wait."""
        if not data.startswith(HEAD, head):
            return None if data[head:] == HEAD[:1] and not closed else Fault.NOISE
        digits = data[head + len(HEAD) : head + _BEFORE]
        if len(digits) < _LENGTH and (digits.isdigit() or not digits):
            return Fault.TRUNCATED if closed else None
        if len(digits) < _LENGTH or not digits.isdigit():
            return Fault.LENGTH
        if int(digits) > self._largest:
            return Fault.OVERSIZE
        close = head + _BEFORE + int(digits)
        if close + _CRC > len(data):
            self._need = close + _CRC - head
            return Fault.TRUNCATED if closed else None
        return _fault_of_whole(data[head + _BEFORE : close], data[close : close + _CRC])

    def _resume(self, data: bytes, head: int, *, closed: bool) -> int | None:
        """Return where to go on after a damaged beginning: the next header or line."""
        # Looked for no further than needed: a chunk of short lines would cost its square.
        furthest = min(head + self._largest + _BEFORE, len(data))
        line = data.find(b"\n", head, furthest) + 1
        header = _HEADER.search(data, head + 1, min(line or furthest + _BEFORE, len(data)))
        if header:
            return header.start()
        if line:
            return line
        if len(data) >= furthest + _BEFORE:
            return furthest
        return len(data) if closed else None


def _fault_of_whole(segment: bytes, crc: bytes) -> Fault:
    if not segment.endswith(b"&&"):
        # Where a check is missing the frame did not end here, or was cut.
        return Fault.LENGTH
    if not _is_hex(crc):
        return Fault.TAIL
    # Whole frames within: the length is wrong and ends by chance where another frame does.
    return Fault.LENGTH if _NEXT_FRAME.search(segment) else Fault.CRC


def _refined(fault: Fault, data: bytes, head: int, stop: int) -> Fault:
    """Return the fault once its end is known: what was cut short is not of wrong length."""
    raw = data[head:stop]
    if raw.strip(b"#") == b"":
        return Fault.NOISE if stop < len(data) else fault
    if fault not in (Fault.LENGTH, Fault.TRUNCATED) or not _HEADER.match(raw):
        return fault
    if _CLOSED.search(raw):
        return Fault.LENGTH
    return Fault.TRUNCATED if len(raw) < _BEFORE + int(raw[2:6]) + _CRC else fault


def _after_line_ends(data: bytes, at: int) -> int:
    while at < len(data) and data[at] in _LINE_ENDS:
        at += 1
    return at


def _is_hex(crc: bytes) -> bool:
    return len(crc) == _CRC and _HEX.issuperset(crc)


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() else None
