"""Bytes of text files in blocks of whole lines, however they are packed or broken."""

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

from songhua.model import BadInput

BLOCK = 4 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
"""Bytes of a line that are looked at; a longer one is no row of a table."""

_BOM = b"\xef\xbb\xbf"
_PIECE = 1024 * 1024
_GZIP = b"\x1f\x8b"


class Unpacked:
    """A gzip archive unpacked as far as it goes, a bounded piece at a time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._member: Any = None
        self._packed = b""
        self.broken = False

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer only at the end, or where the archive breaks off.

        Raises
        ------
        BadInput
            If the archive was altered: its contents are not to be trusted.
        """
        found = bytearray()
        while len(found) < size and not self.broken:
            packed = self._packed or self._file.read(_PIECE)
            if not packed and (self._member is None or self._member.eof):
                break
            out = self._unpack(packed, size - len(found))
            if not packed and not out and not self._member.eof:
                self.broken = True
            found += out
        return bytes(found)

    def _unpack(self, packed: bytes, size: int) -> bytes:
        """Unpack some of a piece and keep the rest of it for later."""
        if self._member is not None and self._member.eof:
            if not packed.startswith(_GZIP[: len(packed)]):  # padding after the last member
                self._packed = b""
                return b""
            self._member = None
        if self._member is None:
            self._member = zlib.decompressobj(wbits=31)
        try:
            found: bytes = self._member.decompress(packed, size)
        except zlib.error as fault:
            raise BadInput(
                "压缩文件已损坏，内容不可信。请重新压缩或重新发送。",
                "The archive is damaged and its contents cannot be trusted. Pack or send it again.",
            ) from fault
        self._packed = self._member.unconsumed_tail or self._member.unused_data
        return found


def check_archive(file: BinaryIO) -> None:
    """Refuse an archive that was altered, before anything in it is believed.

    One that only breaks off is not altered: what comes before the break is good.
    """
    unpacked = Unpacked(file)
    while unpacked.read(BLOCK):
        pass


class Blocks:
    """The lines of a text file in large blocks; what a broken archive still gave."""

    def __init__(self, file: BinaryIO, *, packed: bool) -> None:
        self._stream: BinaryIO | Unpacked = Unpacked(file) if packed else file
        self.rest = b""
        self.ended = False
        self._old_mac: bool | None = None  # lines that end with a lone carriage return
        self._overlong = False

    def __iter__(self) -> Iterator[bytes]:
        while (block := self.next()) is not None:
            yield block

    @property
    def broken(self) -> bool:
        """Whether the archive broke off before its end."""
        return isinstance(self._stream, Unpacked) and self._stream.broken

    def next(self) -> bytes | None:
        """Return the next block, which ends with a line feed; None at the end."""
        while not self.ended:
            piece = self._piece()
            if not piece:
                self.ended = True
                return self._last()
            data = self.rest + piece
            cut = data.rfind(b"\n") + 1
            self.rest = data[cut:]
            if len(self.rest) > LONGEST_LINE:
                self.rest, self._overlong = self.rest[:LONGEST_LINE], True
            if cut:
                return _unix(data[:cut])
        return None

    def push_back(self, data: bytes) -> None:
        """Put whole lines back in front of what is to come."""
        self.rest = data + self.rest
        self.ended = self.ended and not self.rest

    def _piece(self) -> bytes:
        """Return the next bytes; of a line beyond all bounds only its start."""
        piece = self._stream.read(BLOCK)
        if self._old_mac is None:
            piece = piece.removeprefix(_BOM)
            _check_text(piece)
            self._old_mac = b"\n" not in piece and b"\r" in piece[:-1]
        if self._old_mac:
            piece = piece.replace(b"\r", b"\n")
        while self._overlong and piece:
            cut = piece.find(b"\n")
            if cut >= 0:
                self._overlong = False
                return piece[cut:]
            piece = self._stream.read(BLOCK)
        return piece

    def _last(self) -> bytes | None:
        """Return what is left at the end; of a broken archive only whole lines."""
        data = self.rest
        if self.broken:
            cut = data.rfind(b"\n") + 1
            self.rest, data = data[cut:], data[:cut]
        else:
            self.rest = b""
        if not data:
            return None
        return _unix(data if data.endswith(b"\n") else data + b"\n")


def _unix(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _check_text(start: bytes) -> None:
    """Refuse what is no text that can be read, and say what to do."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:256]:
        raise BadInput(
            "文件是 UTF-16 文本或二进制内容。请另存为 UTF-8 的 CSV。",
            "The file is UTF-16 text or binary. Save it as CSV in UTF-8.",
        )
