"""Frames and faults as JSON, one a line, and back: what `songhua hj212` reads and writes."""

import json
from typing import Any

from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.encode import encode
from songhua.ingest.hj212.frame import Frame, Piece
from songhua.ingest.hj212.segment import Repeated
from songhua.model import BadInput

_NO_FIELDS = ("ok", "CP", "raw", "hex")


def line_of(piece: Piece, *, exact: bool = False) -> str:
    r"""Return a piece as one line of JSON.

    A frame gives its header fields, values as received, and ``CP``: one object a group; a key
    that a group holds more than once gives a list. Damaged bytes give ``fault`` and ``raw``: text
    where they are UTF-8 or GB 18030, else with each foreign byte as ``\xNN``; and ``hex``, the
    bytes themselves, where they are not UTF-8.

    Parameters
    ----------
    exact
        Give ``raw`` of a frame too where writing it anew would not give the same bytes: in
        another case, without line end, not in UTF-8.
    """
    if not isinstance(piece, Frame):
        return _json({"ok": False, "fault": piece.fault.value} | _raw(piece.raw))
    groups = [
        {key: list(v.values) if isinstance(v, Repeated) else v for key, v in group.items()}
        for group in piece.groups
    ]
    named = {name: value for name, value in piece.fields.items() if name not in _NO_FIELDS}
    shown: dict[str, Any] = {"ok": True, **named, "CP": groups}
    if exact and (_encoded(piece) != piece.raw or len(named) < len(piece.fields)):
        shown |= _raw(piece.raw)
    return _json(shown)


def bytes_of(line: str, dialect: Dialect = STANDARD) -> bytes:
    """Return the bytes that a line stands for: the inverse of `line_of`.

    Raises
    ------
    BadInput
        If the line is no such object, or a frame cannot be written.
    """
    try:
        # A number is written as it stands: 7.10 stays 7.10.
        told = json.loads(line, parse_int=str, parse_float=str, parse_constant=str)
        if "hex" in told:
            return bytes.fromhex(told["hex"])
        if "raw" in told:
            return str(told["raw"]).encode()
        fields = {name: _text(value) for name, value in told.items() if name not in _NO_FIELDS}
        groups = [
            {name: _values(value) for name, value in group.items()} for group in told.get("CP", ())
        ]
    except (ValueError, TypeError, AttributeError) as fault:
        raise BadInput(
            f"不是解码输出的一行：{line[:80]!r}（{fault}）。",
            f"Not a line of decoded output: {line[:80]!r} ({fault}).",
        ) from fault
    return encode(fields, groups, dialect)


def shown_text(raw: bytes) -> str:
    r"""Return bytes for a reader: UTF-8, else GB 18030, else with ``\xNN`` for foreign bytes."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def _raw(raw: bytes) -> dict[str, str]:
    text = shown_text(raw)
    try:
        same = text.encode() == raw
    except UnicodeEncodeError:
        same = False
    return {"raw": text} if same else {"raw": text, "hex": raw.hex()}


def _encoded(frame: Frame) -> bytes:
    try:
        return encode(frame.fields, frame.groups)
    except BadInput:
        return b""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _values(value: object) -> str:
    if isinstance(value, list):
        return Repeated([_text(one) for one in value])
    return _text(value)


def _json(shown: dict[str, Any]) -> str:
    line = json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
    try:
        line.encode()
    except UnicodeEncodeError:  # bytes that are no text, kept apart
        return json.dumps(shown, separators=(",", ":"))
    return line
