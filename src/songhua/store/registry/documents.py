"""Documents of a case: which kinds are taken, how large, and that a file is what its name says."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from songhua.model import BadInput

MOST_BYTES = 20 * 1024 * 1024
_LONGEST_NAME = 150
_ZIP = b"PK\x03\x04"
_STARTS: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "pdf": (0, (b"%PDF-",)),
    "png": (0, (b"\x89PNG\r\n\x1a\n",)),
    "jpg": (0, (b"\xff\xd8\xff",)),
    "docx": (0, (_ZIP,)),
    "xlsx": (0, (_ZIP,)),
    "mp4": (4, (b"ftyp",)),
}
"""Where a file of a kind must say what it is."""
_TEXTS = ("txt", "csv")
KINDS = (*_STARTS, *_TEXTS)


@dataclass(frozen=True, slots=True)
class Document:
    """A file that a person sends.

    Parameters
    ----------
    keep
        Puts its bytes in the journal and returns the number.
    """

    name: str
    body: bytes
    note: str
    keep: Callable[[bytes], int]


def kind_of(sent: Document) -> str:
    """Return the kind of a document.

    Raises
    ------
    BadInput
        If the kind is not taken, the content is of another, or it is empty or too large.
    """
    if not 0 < len(sent.name) <= _LONGEST_NAME:
        raise BadInput(
            f"文件名须为 1 至 {_LONGEST_NAME} 字。",
            f"The name of the file needs 1 to {_LONGEST_NAME} characters.",
        )
    if not 0 < len(sent.body) <= MOST_BYTES:
        most = MOST_BYTES // 1024**2
        raise BadInput(
            f"文件须不空、不超过 {most} MB。", f"A file of at most {most} MB, not empty."
        )
    kind = PurePosixPath(sent.name).suffix.lower().lstrip(".").replace("jpeg", "jpg")
    if kind not in KINDS:
        told = "、".join(KINDS)
        raise BadInput(f"只收 {told}。", f"Only {', '.join(KINDS)} are taken.")
    if not _is(kind, sent.body):
        raise BadInput(
            f"文件内容不是 {kind}，请核对。", f"The content is no {kind}: check the file."
        )
    return kind


def _is(kind: str, body: bytes) -> bool:
    if kind in _TEXTS:
        return b"\x00" not in body
    offset, starts = _STARTS[kind]
    return body[offset:].startswith(starts) if offset == 0 else body[offset : offset + 4] in starts
