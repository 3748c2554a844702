"""One data segment: its fields and the groups of its CP. Tolerant: errata and real devices.

Accepted beside the standard: a comma for a semicolon between fields, a missing ``;`` before
``CP``, spaces around names, empty items, a field name in another case, a key repeated in a group,
log text between ``//`` and ``//`` with any sign in it, text in GB 18030. Values stay as received.
"""

import re
from collections.abc import Iterator, Sequence

Fields = dict[str, str]

FIELDS = ("QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF")
"""Names of the fields in the order of the standard (HJ 212—2017, 表3; RF: 2025)."""

_NAMES = frozenset(FIELDS)
_SPELLED = {name.upper(): name for name in FIELDS}
_CP = re.compile(r"CP\s*=\s*(?=&&)")
_ITEM = re.compile(r"([^=;,]*)(=[^;,]*)?([;,]|$)")
_ITEM_WITH_LOG = re.compile(r"([^=;,]*)(=(?://.*?//(?=[;,]|$)|[^;,]*))?([;,]|$)", re.DOTALL)
_LOG_CLOSED = re.compile(r"//(?=[;,]|$)")


class Repeated(str):
    """The values of a key that one group holds more than once; as text, joined by commas.

    >>> found = Repeated(["04", "10"])
    >>> found, found.values
    ('04,10', ('04', '10'))
    """

    __slots__ = ("values",)
    values: tuple[str, ...]

    def __new__(cls, values: Sequence[str]) -> "Repeated":
        """Join the values."""
        made = super().__new__(cls, ",".join(values))
        made.values = tuple(values)
        return made


def text_of(data: bytes) -> str:
    """Return bytes as text: UTF-8, else GB 18030, else with each foreign byte kept apart.

    What is neither can be turned back with the error handler ``surrogateescape``.
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def read_segment(segment: bytes) -> tuple[Fields, tuple[Fields, ...]]:
    """Return the fields without CP, and one mapping a ``;`` group of CP, in order.

    Examples
    --------
    >>> fields, groups = read_segment(b"CN=2011;CP=&&DataTime=2026;w01018-Rtd=9.1,w01018-Flag=N&&")
    >>> groups
    ({'DataTime': '2026'}, {'w01018-Rtd': '9.1', 'w01018-Flag': 'N'})
    """
    text = text_of(segment)
    head, found, rest = text.partition(";CP=&&")
    # Most are as the standard says; only what is not is read sign by sign.
    if found and rest.endswith("&&") and "//" not in rest and len(text.split(None, 1)) == 1:
        try:
            return _plain_fields(head), _plain_groups(rest[:-2].removesuffix(";"))
        except _NotPlain:
            pass
    return _read_tolerant(text)


def legible(raw: bytes) -> tuple[Fields, tuple[Fields, ...]]:
    """Return what can be read of a damaged frame: whose it claims to be, for a person to see.

    >>> legible(b"##0121ST=39;CN=2051;MN=0507A0;CP=&&a34001-Avg=92;Flag=N65C0")[0]["MN"]
    '0507A0'
    """
    begin = raw.find(b"##")
    segment = raw[begin + 2 :].lstrip(b"0123456789") if begin >= 0 else raw
    close = segment.rfind(b"&&")
    # The opening of CP alone closes nothing.
    return read_segment(segment if close < segment.find(b"&&") + 2 else segment[: close + 2])


class _NotPlain(Exception):
    """An item has no name or value, or a name comes twice or is spelled otherwise."""


def _plain_fields(head: str) -> Fields:
    fields = _plain_items(head.split(";"))
    if "," in head or not fields.keys() <= _NAMES:
        raise _NotPlain
    return fields


def _plain_groups(body: str) -> tuple[Fields, ...]:
    return tuple([_plain_items(text.split(",")) for text in body.split(";")]) if body else ()


def _plain_items(items: list[str]) -> Fields:
    found: Fields = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or name in found:
            raise _NotPlain
        found[name] = value
    return found


def _read_tolerant(text: str) -> tuple[Fields, tuple[Fields, ...]]:
    mark = _CP.search(text)
    head, rest = (text[: mark.start()], text[mark.end() + 2 :]) if mark else (text, "")
    fields: Fields = {}
    for name, value in _items(head.replace(",", ";")):
        fields.setdefault(_SPELLED.get(name.upper(), name), value)
    end = rest.rfind("&&")
    return fields, tuple(_groups(rest if end < 0 else rest[:end]))


def _items(head: str) -> Iterator[tuple[str, str]]:
    for item in head.split(";"):
        name, equals, value = item.partition("=")
        if name.strip() or equals:
            yield name.strip(), value


def _groups(body: str) -> Iterator[Fields]:
    group: dict[str, list[str]] = {}
    last = ""
    for found in _cut(body):
        name, value, end = found[1].strip(), found[2], found[3]
        if value is not None:
            group.setdefault(name, []).append(value[1:])
            last = name
        elif name and group:  # a value with a comma in it
            group[last][-1] += f",{name}"
        elif name:
            group[""] = [name]
            last = ""
        if end != "," and group:
            yield {key: one[0] if len(one) == 1 else Repeated(one) for key, one in group.items()}
            group = {}


def _cut(body: str) -> Iterator[re.Match[str]]:
    # Behind the last place where log text closes none is looked for: many that open and never
    # close would cost the square of their number.
    closed = max((found.end() for found in _LOG_CLOSED.finditer(body)), default=0)
    at, end = 0, len(body)
    while at < end:
        found = (_ITEM_WITH_LOG if at < closed else _ITEM).match(body, at)
        if found is None:  # cannot be: an item may be empty
            return
        yield found
        at = found.end()
