"""A body of the journal as a file."""

import hashlib
import io
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from songhua.model import BadInput
from songhua.store.segment import Entry


class Place(NamedTuple):
    """Where a piece of a body lies."""

    path: Path
    at: int
    size: int


class Body(io.RawIOBase):
    """Some pieces of the journal, one after another; checked when read from start to end."""

    def __init__(self, places: list[Place], entry: Entry) -> None:
        self._places = places
        self._entry = entry
        self._position = 0
        self._open: tuple[Place, BinaryIO] | None = None
        self._digest = hashlib.sha256()
        self._hashed = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move, and return the position."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._entry.size}
        self._position = max(origin[whence] + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; none at the end.

        Raises
        ------
        BadInput
            At the end, if the bytes are not those that came.
        """
        piece = self._read(len(buffer))
        buffer[: len(piece)] = piece
        if self._position == self._hashed:
            self._digest.update(piece)
            self._hashed += len(piece)
        self._position += len(piece)
        at_end = self._hashed == self._position and not piece and len(buffer)
        if at_end and self._digest.hexdigest() != self._entry.sha256:
            seq = self._entry.seq
            raise BadInput(f"日志第 {seq} 条已被改动。", f"Journal record {seq} was altered.")
        return len(piece)

    def close(self) -> None:
        """Close the segment that is open."""
        self._leave()
        super().close()

    def _read(self, most: int) -> bytes:
        left = self._position
        for place in self._places:
            if left < place.size:
                file = self._enter(place)
                file.seek(place.at + left)
                return file.read(min(most, place.size - left))
            left -= place.size
        return b""

    def _enter(self, place: Place) -> BinaryIO:
        if self._open is not None and self._open[0].path == place.path:
            return self._open[1]
        self._leave()
        file = place.path.open("rb")
        self._open = (place, file)
        return file

    def _leave(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None
