"""What the host says to the field: requests with their fields checked, and the due answers."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache

from songhua.ingest.hj212.dialect import STANDARD, Dialect
from songhua.ingest.hj212.encode import command, data_reply, login_reply, notice_reply
from songhua.ingest.hj212.frame import Frame
from songhua.ingest.hj212.segment import Repeated
from songhua.model import BadInput, UnknownName
from songhua.standards.hj212 import Command, CpField, command_of, commands, cp_fields

_FORMATS = {
    "YYYYMMDDhhmmss": ("%Y%m%d%H%M%S", 14),
    "hhmmss": ("%H%M%S", 6),
    "hhmm": ("%H%M", 4),
}
_BOUNDS = re.compile(r"(\d+)-(\d+)")
_CHOICES = re.compile(r"\d+(?:,\d+)+")
_TEXT = re.compile(r"C(\d+)")
_DIGITS = re.compile(r"N(\d+)")
_MN = re.compile(r"[0-9A-F]{24}")
# Real codes are longer than the six characters of the table.
_ANY_LENGTH = ("PolId", "InfoId")
_KEY_LENGTH = 16


def request(
    cn: str,
    values: Mapping[str, str],
    *,
    qn: str,
    st: str,
    pw: str,
    mn: str,
    edition: int = 2017,
    dialect: Dialect = STANDARD,
) -> bytes:
    """Return a request to the field with its fields checked and in their groups.

    Parameters
    ----------
    cn
        Command number: ``1012``.
    values
        Fields of CP by name.
    qn
        YYYYMMDDhhmmsszzz of this moment.

    Raises
    ------
    BadInput
        If the edition has no such request, a field is missing, unknown or out of range.

    References
    ----------
    HJ 212—2017, 表4, 表9 and annex C.
    """
    groups = request_groups(cn, values, edition=edition)
    return command(cn, groups, qn=qn, st=st, pw=pw, mn=mn, edition=edition, dialect=dialect)


def request_groups(
    cn: str, values: Mapping[str, str], *, edition: int = 2017
) -> tuple[dict[str, str], ...]:
    """Return the CP of a request, checked.

    Raises
    ------
    BadInput
        As `request`.

    Examples
    --------
    >>> request_groups("1000", {"ReCount": "3", "OverTime": "5"})
    ({'OverTime': '5'}, {'ReCount': '3'})
    """
    told = command_of(cn, direction="down", edition=edition)
    if edition not in told.editions:
        raise BadInput(
            f"HJ 212—{edition} 没有这个命令：{cn} {told.name_zh}。",
            f"HJ 212—{edition} has no such command: {cn} {told.name_en}.",
        )
    groups = tuple(dict(_asked(part, values)) for part in told.asks.split(";"))
    used = {name for group in groups for name in group}
    for name in values:
        if name not in used:
            raise BadInput(f"命令 {cn} 没有字段 {name}。", f"Command {cn} has no field {name}.")
    return tuple(group for group in groups if group)


def sendable(edition: int) -> list[Command]:
    """Return the requests and notices of the host that an edition has, by number."""
    return [
        one
        for one in commands()
        if one.is_down and one.kind not in ("ack", "private") and edition in one.editions
    ]


def changes_device(one: Command) -> bool:
    """Return whether a command changes something in the field, rather than ask for data."""
    return not (one.cn.startswith("2") or one.name_zh.startswith("提取"))


def reply_to(frame: Frame, dialect: Dialect = STANDARD) -> bytes | None:
    """Return the acknowledgement that a frame asks for: 9014 for data, 9013 for a notice.

    None where none is wanted (bit 0 of Flag), and for answers themselves. The heartbeat 9015 of
    2025 is answered as a notice, which could not be confirmed; 9021 of practice by 9022.
    """
    if not frame.wants_reply:
        return None
    kind = _kind(frame.cn[:8], frame.edition)
    if kind == "ack":
        return None
    if kind == "private":
        return login_reply(frame, dialect)
    return notice_reply(frame, dialect) if kind == "notice" else data_reply(frame, dialect)


@lru_cache(maxsize=4096)
def _kind(cn: str, edition: int) -> str:
    try:
        return command_of(cn, direction="up", edition=edition).kind
    except UnknownName:
        return "upload" if cn.startswith("2") else "notice"


def _asked(part: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in filter(None, part.split(",")):
        plain = name.removesuffix("?")
        given = [one for one in values if one == plain or _fits(one, plain)]
        if not given and plain == name:
            raise BadInput(f"缺少字段 {plain}。", f"Field {plain} is missing.")
        for one in given:
            _check(one, values[one])
            yield one, values[one]


def _fits(name: str, pattern: str) -> bool:
    return pattern.startswith("*-") and name.endswith(pattern[1:]) and len(name) >= len(pattern)


def _check(name: str, value: str) -> None:
    if isinstance(value, Repeated):
        for one in value.values:
            _check(name, one)
        return
    field = cp_fields().get(name) or cp_fields().get(f"xxxxxx-{name.rpartition('-')[2]}")
    if name == "i23005-Info":
        is_right = _MN.fullmatch(value) is not None
    elif name == "NewSK":
        is_right = len(value.encode()) == _KEY_LENGTH
    else:
        is_right = value != "" and (field is None or _is_in(field, value))
    if not is_right:
        hint = f"{field.type} {field.range}".strip() if field else ""
        raise BadInput(
            f"字段 {name} 的值不对：{value}（{hint}）。",
            f"Field {name} cannot be {value} ({hint}).",
        )


def _is_in(field: CpField, value: str) -> bool:
    if field.type in _FORMATS:
        return _is_time(value, *_FORMATS[field.type])
    if bounds := _BOUNDS.fullmatch(field.range):
        return _is_whole(value) and int(bounds[1]) <= int(value) <= int(bounds[2])
    if _CHOICES.fullmatch(field.range):
        return value in field.range.split(",")
    if longest := _TEXT.fullmatch(field.type):
        return field.field in _ANY_LENGTH or len(value) <= int(longest[1])
    if longest := _DIGITS.fullmatch(field.type):
        return _is_whole(value) and len(value) <= int(longest[1])
    return True


def _is_whole(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _is_time(value: str, form: str, size: int) -> bool:
    if not _is_whole(value) or len(value) != size:
        return False
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False
    return True
