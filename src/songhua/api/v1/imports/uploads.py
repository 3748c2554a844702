"""Files that people sent and have not yet brought in: kept a day, seen only by who sent them."""

import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from django.conf import settings

from songhua.model import BadInput, UnknownName

_KEPT = timedelta(days=1)
_ID = re.compile(r"[0-9a-f]{32}")


class Sent(Protocol):
    """A file as a request brings it."""

    @property
    def name(self) -> str | None:
        """Return what its sender called it."""

    @property
    def size(self) -> int | None:
        """Return its length in bytes."""

    def chunks(self) -> Iterable[bytes]:
        """Return its bytes in pieces."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is here and not yet brought in. `size` in bytes."""

    id: str
    name: str
    size: int
    owner: str
    path: Path


def keep(sent: Sent, *, owner: str, now: datetime) -> Upload:
    """Keep a file that a person sent.

    Raises
    ------
    BadInput
        If it is empty or larger than the platform accepts.
    """
    check_size(sent.size or 0)
    forget_old(now)
    upload_id = uuid.uuid4().hex
    path = _folder() / upload_id
    size = 0
    with path.open("wb") as file:
        for piece in sent.chunks():
            size += file.write(piece)
    if not size:
        path.unlink()
        raise BadInput("文件是空的。", "The file is empty.")
    name = (sent.name or "upload").replace("\x00", "")[:255]
    about = {"name": name, "size": size, "owner": owner}
    _about(path).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    return Upload(upload_id, name, size, owner, path)


def find(upload_id: str, *, owner: str) -> Upload:
    """Return a file that a person sent.

    Raises
    ------
    UnknownName
        If there is none of that id, or another person sent it.
    """
    path = _folder() / upload_id
    if not _ID.fullmatch(upload_id) or not path.is_file():
        raise UnknownName("上传的文件", "upload", upload_id[:40])
    about = json.loads(_about(path).read_text(encoding="utf-8"))
    if about["owner"] != owner:
        raise UnknownName("上传的文件", "upload", upload_id[:40])
    return Upload(upload_id, about["name"], about["size"], owner, path)


def forget_old(now: datetime) -> None:
    """Remove what was sent more than a day ago."""
    for path in _folder().iterdir():
        if path.stat().st_mtime < (now - _KEPT).timestamp():
            path.unlink(missing_ok=True)


def check_size(size: int) -> None:
    """Raise `BadInput` when a file is larger than the platform accepts."""
    most = settings.SONGHUA_UPLOAD_BYTES
    if size > most:
        raise BadInput(
            f"文件 {said(size)}，超过上限 {said(most)}。请分成几个文件，或用命令 songhua import。",
            f"The file has {said(size)}, more than {said(most)}. Split it, or use songhua import.",
        )


def said(size: int) -> str:
    """Say a size: 4.3 MB.

    >>> said(512 * 1024 * 1024), said(900)
    ('512.0 MB', '0.9 kB')
    """
    return f"{size / 2**20:.1f} MB" if size >= 2**20 else f"{size / 2**10:.1f} kB"


def _folder() -> Path:
    folder: Path = settings.SONGHUA_HOME / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _about(path: Path) -> Path:
    return path.with_suffix(".json")
