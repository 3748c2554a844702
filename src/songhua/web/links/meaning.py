"""What a frame says, field by field, beside its bytes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from songhua.ingest.hj212 import STANDARD, Damaged, Decoder, Dialect, Frame, Piece
from songhua.ingest.hj212.reader import shown_text
from songhua.ingest.hj212.values import WORDS, read_values
from songhua.standards import QUANTITIES
from songhua.standards.hj212 import commands, cp_fields, factor, systems

_HEADS = {
    "QN": ("请求编码", "request number"),
    "ST": ("系统编码", "system"),
    "CN": ("命令编码", "command"),
    "PW": ("访问密码", "password"),
    "MN": ("设备唯一标识", "identity"),
    "Flag": ("拆分与应答标志", "version, parts, answer"),
    "PNUM": ("总包数", "parts in all"),
    "PNO": ("包号", "this part"),
    "RF": ("补传", "back-filled"),
}
_FAULTS = {
    "crc": ("校验不符", "the check differs"),
    "length": ("长度不符", "the length differs"),
    "noise": ("不属于任何报文", "belongs to no frame"),
    "tail": ("报文尾缺失", "no check at the end"),
    "oversize": ("过长", "too long"),
    "truncated": ("中断", "breaks off"),
}
MOST_BYTES = 65_536
_SECRET = re.compile(r"(PW|NewSK)=[^;,&]*")
_HIDDEN = ("PW", "NewPW", "NewSK")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing a frame says: its name, as received, and what that means."""

    name: str
    value: str
    meaning_zh: str
    meaning_en: str


@dataclass(frozen=True, slots=True)
class Told:
    """One frame, or what is none.

    Parameters
    ----------
    fault_zh, fault_en
        Empty for a frame.
    values
        What goes into the record: quantity, period, value, mark.
    findings
        What does not, and why.
    """

    raw: str
    fault_zh: str = ""
    fault_en: str = ""
    lines: tuple[Line, ...] = ()
    values: tuple[tuple[str, str, str, str], ...] = ()
    findings: tuple[tuple[str, str, str], ...] = ()


def without_secrets(text: str) -> str:
    """Return the text of a frame without password and key.

    >>> without_secrets("CN=1072;PW=123456;CP=&&NewPW=654321&&")
    'CN=1072;PW=***;CP=&&NewPW=***&&'
    """
    return _SECRET.sub(r"\1=***", text)


def told(data: bytes, dialect: Dialect = STANDARD, *, now: datetime | None = None) -> list[Told]:
    """Return what bytes say; line ends that a form changed are none of the frame's."""
    decoder = Decoder(dialect)
    now = now or datetime.now(UTC)
    return [_told(piece, dialect, now) for piece in [*decoder.feed(data), *decoder.end()]]


def brief(data: bytes, cn: str) -> tuple[str, str]:
    """Return the first words of what a frame says: its command, its time, its first value."""
    named = _command(cn) or ("", "")
    piece = next(iter(Decoder().feed(data)), None)
    if not isinstance(piece, Frame):
        return named
    fields = [(name, str(value)) for group in piece.groups for name, value in group.items()]
    time = next((value for name, value in fields if name == "DataTime"), "")
    valued = [(name, value) for name, value in fields if name.endswith(("-Avg", "-Rtd"))]
    shown = f" {time[8:10]}:{time[10:12]}" if len(time) >= _TO_MINUTE else ""
    for name, value in valued[:1]:
        known = factor(name.rpartition("-")[0])
        shown += f" {known.name_zh if known else name} {value[:20]}"
    if len(valued) > 1:
        shown += f" …×{len(valued)}"
    return named[0] + shown, named[1] + shown


_TO_MINUTE = 12


def _told(piece: Piece, dialect: Dialect, now: datetime) -> Told:
    raw = shown_text(piece)
    if isinstance(piece, Damaged):
        zh, en = _FAULTS[piece.fault.value]
        return Told(raw, zh, en)
    reading = read_values(piece, now=now, dialect=dialect)
    return Told(
        raw,
        lines=tuple(_lines(piece)),
        values=tuple(
            (_symbol(row.quantity), row.period, _value(row.value), row.mark) for row in reading.rows
        ),
        findings=tuple((f"{one.code} {one.text}", *WORDS[one.fault]) for one in reading.findings),
    )


def _lines(frame: Frame) -> Iterator[Line]:
    for name, value in frame.fields.items():
        zh, en = _HEADS.get(name, ("", ""))
        if name == "ST" and value in systems():
            zh, en = f"{zh}：{systems()[value].name_zh}", f"{en}: {systems()[value].name_en}"
        if name == "CN" and (found := _command(value)) is not None:
            zh, en = f"{zh}：{found[0]}", f"{en}: {found[1]}"
        if name == "Flag":
            asks = ("要应答", "answer wanted") if frame.wants_reply else ("不要应答", "no answer")
            zh, en = f"{zh}：{frame.edition} 版，{asks[0]}", f"{en}: {frame.edition}, {asks[1]}"
        yield Line(name, "***" if name == "PW" else value, zh, en)
    for group in frame.groups:
        for name, value in group.items():
            shown = "***" if name in _HIDDEN else str(value)
            yield Line(name, shown, *_meaning(name))


def _meaning(name: str) -> tuple[str, str]:
    code, dash, part = name.rpartition("-")
    if not dash:
        found = cp_fields().get(name)
        return (found.meaning_zh, found.meaning_en) if found else ("", "")
    known = factor(code)
    part_of = cp_fields().get(f"xxxxxx-{part}") or cp_fields().get(f"xxxxxx-{part.title()}")
    zh = " · ".join(
        filter(
            None, [known.name_zh if known else "未知因子", part_of.meaning_zh if part_of else part]
        )
    )
    en = part_of.meaning_en if part_of else part
    return zh, f"{code} · {en}"


def _command(cn: str) -> tuple[str, str] | None:
    found = [one for one in commands() if one.cn == cn]
    up = [one for one in found if one.direction == "up"] or found
    return (up[0].name_zh, up[0].name_en) if up else None


def _symbol(key: str) -> str:
    return QUANTITIES[key].symbol if key in QUANTITIES else key


def _value(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
