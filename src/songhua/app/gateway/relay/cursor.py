"""What a node keeps beside its journal: who that journal is, and how far it is delivered."""

import os
from pathlib import Path
from uuid import uuid4

from songhua.app.gateway.relay.protocol import is_name


def identity_of(folder: Path) -> str:
    """Return the identity of the journal in a folder, made at the first start.

    Numbers begin again in a new journal; with an identity of its own nobody takes them for old.
    """
    path = folder / "identity"
    if path.is_file() and is_name(found := path.read_text(encoding="ascii").strip()):
        return found
    made = uuid4().hex
    _write(path, made)
    return made


class Cursor:
    """How far the platform has confirmed; should it be lost, all is offered again."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "delivered"

    def read(self) -> int:
        """Return the number of the last entry confirmed; 0 when unknown."""
        try:
            return max(0, int(self._path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            return 0

    def write(self, seq: int) -> None:
        """Keep it; when this returns it is on the disk."""
        _write(self._path, str(seq))


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    with new.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
