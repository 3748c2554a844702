"""Frames are written: the inverse of the decoder, the answers, and commands to the field."""

from collections.abc import Mapping, Sequence

from songhua.ingest.hj212.crc import CHECKS, EMPTY
from songhua.ingest.hj212.dialect import LARGEST_DECLARED, STANDARD, Dialect
from songhua.ingest.hj212.frame import Frame
from songhua.ingest.hj212.segment import FIELDS, Repeated, read_segment
from songhua.model import BadInput

_VERSIONS = {2005: 0, 2017: 4, 2025: 8}
_INTERACTION = "91"
_ANSWER_WANTED = 1
_NAMES = frozenset(FIELDS)
_PLAIN = frozenset(", \t\r\n&")
_SPACES = frozenset(" \t\r\n&")


def encode(
    fields: Mapping[str, str],
    groups: Sequence[Mapping[str, str]],
    dialect: Dialect = STANDARD,
) -> bytes:
    r"""Return the frame of these fields and groups; decoding it gives them back.

    Raises
    ------
    BadInput
        If they cannot be written so that they read back the same, or are too long.

    Examples
    --------
    >>> fields = {"QN": "20160801085857223", "ST": "32", "CN": "1062", "PW": "100000"}
    >>> fields |= {"MN": "010000A8900016F000169DC0", "Flag": "5"}
    >>> encode(fields, [{"RtdInterval": "30"}])[-22:]
    b'RtdInterval=30&&1C80\r\n'

    References
    ----------
    HJ 212—2017, 6.3 and annex A, whose example this is.
    """
    head = ";".join([f"{name}={value}" for name, value in fields.items()])
    body = ";".join([",".join(_written(group)) for group in groups])
    text = f"{head};CP=&&{body}&&" if head else f"CP=&&{body}&&"
    plain = _is_plain(head, body, fields, groups)
    try:
        segment = text.encode("utf-8", "strict" if plain else "surrogateescape")
    except UnicodeEncodeError:
        raise _unwritable(text) from None
    if not plain:
        wanted = dict(fields), tuple(dict(group) for group in groups)
        if read_segment(segment) != wanted:
            raise _unwritable(text)
    return framed(segment, dialect)


def framed(segment: bytes, dialect: Dialect = STANDARD) -> bytes:
    """Return a data segment between its length and its check."""
    if len(segment) > LARGEST_DECLARED:
        raise BadInput(
            f"数据段 {len(segment)} 字节，最多 {LARGEST_DECLARED}。请拆分。",
            f"The data segment has {len(segment)} bytes, at most {LARGEST_DECLARED}. Split it.",
        )
    check = CHECKS.get(dialect.crc)
    crc = b"%04X" % (check(segment) if check else EMPTY)
    if dialect.lower_case_crc:
        crc = crc.lower()
    return b"##%04d%b%b%b" % (len(segment), segment, crc, b"\r\n" if dialect.line_end else b"")


def _written(group: Mapping[str, str]) -> list[str]:
    items: list[str] = []
    for name, value in group.items():
        if isinstance(value, Repeated):
            items += [f"{name}={one}" for one in value.values]
        else:
            items.append(f"{name}={value}" if name else value)
    return items


def _is_plain(
    head: str, body: str, fields: Mapping[str, str], groups: Sequence[Mapping[str, str]]
) -> bool:
    """Return whether no separator stands within a name or a value: told by counting."""
    items = sum(map(len, groups))
    return (
        fields.keys() <= _NAMES
        and len(fields) > 0
        and head.count(";") == len(fields) - 1
        and head.count("=") == len(fields)
        and body.count("=") == items
        and body.count(",") == items - len(groups)
        and body.count(";") == max(len(groups) - 1, 0)
        and all(groups)
        and not any("" in group for group in groups)
        and head.isascii()
        and _PLAIN.isdisjoint(head)
        and (body.isascii() or body.isprintable())
        and "//" not in body
        and _SPACES.isdisjoint(body)
    )


def _unwritable(text: str) -> BadInput:
    shown = text[:80].encode("ascii", "backslashreplace").decode()
    return BadInput(
        f"不能按 HJ 212 写出：{shown}。字段里有分隔符，或为空。",
        f"Cannot be written in HJ 212: {shown}. A field holds a separator, or is empty.",
    )


def data_reply(frame: Frame, dialect: Dialect = STANDARD) -> bytes:
    """Return the acknowledgement of data (数据应答, 9014)."""
    return _answer(frame, "9014", (), dialect)


def notice_reply(frame: Frame, dialect: Dialect = STANDARD) -> bytes:
    """Return the acknowledgement of a notice (通知应答, 9013)."""
    return _answer(frame, "9013", (), dialect)


def login_reply(frame: Frame, dialect: Dialect = STANDARD) -> bytes:
    """Return the answer to 9021, a login that practice knows and no standard (9022)."""
    return _answer(frame, "9022", (), dialect)


def request_reply(frame: Frame, code: int, dialect: Dialect = STANDARD) -> bytes:
    """Return the answer to a request (请求应答, 9011); `code`: QnRtn."""
    return _answer(frame, "9011", ({"QnRtn": str(code)},), dialect)


def executed(frame: Frame, code: int, dialect: Dialect = STANDARD) -> bytes:
    """Return the result of a request (执行结果, 9012); `code`: ExeRtn."""
    return _answer(frame, "9012", ({"ExeRtn": str(code)},), dialect)


def command(
    number: str,
    groups: Sequence[Mapping[str, str]] = (),
    *,
    qn: str,
    st: str,
    pw: str,
    mn: str,
    edition: int = 2017,
    wants_reply: bool = True,
    dialect: Dialect = STANDARD,
) -> bytes:
    """Return a command (命令编码 `number`) from the host to the field.

    Parameters
    ----------
    qn
        YYYYMMDDhhmmsszzz of this moment; answers carry it back.
    edition
        2005, 2017 or 2025: the version bits of Flag.

    References
    ----------
    HJ 212—2017, 6.3.2 and annex C.
    """
    flag = _VERSIONS[edition] + (_ANSWER_WANTED if wants_reply else 0)
    fields = {"QN": qn, "ST": st, "CN": number, "PW": pw, "MN": mn, "Flag": str(flag)}
    return encode(fields, groups, dialect)


def _answer(
    frame: Frame, number: str, groups: Sequence[Mapping[str, str]], dialect: Dialect
) -> bytes:
    fields = {"QN": frame.qn} if frame.qn else {}
    fields |= {"ST": _INTERACTION, "CN": number, "PW": frame.pw, "MN": frame.mn}
    fields["Flag"] = str(_VERSIONS[frame.edition])
    return encode(fields, groups, dialect)
