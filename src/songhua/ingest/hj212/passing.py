"""A frame is passed on to another platform: its header is written anew, its data stay as received.

Pure: no socket, no clock.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from songhua.ingest.hj212.encode import framed
from songhua.ingest.hj212.segment import FIELDS
from songhua.ingest.hj212.times import start_of
from songhua.model import BEIJING, BadInput

_BEFORE, _CRC = 6, 4
_CP = re.compile(rb"CP\s*=\s*&&")
_DATA_TIME = re.compile(rb"DataTime=(\d{12,14})", re.IGNORECASE)
_SPELLED = {name.upper(): name for name in FIELDS}
_ANSWER, _PARTS = 1, 2
_VERSIONS = {2017: 4, 2025: 8}
_ON_TIME = {
    "2031": timedelta(hours=49),
    "2041": timedelta(hours=49),
    "2051": timedelta(minutes=30),
    "2061": timedelta(hours=3),
}
"""Start of an interval to arrival, its own length and an hour or so; later is back-filled."""
_ON_TIME_ELSE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Passing:
    """A frame read as far as passing it on needs.

    Parameters
    ----------
    fields
        Header fields in the order of the standard, without CP.
    body
        From ``CP=&&`` on, byte for byte.
    """

    fields: dict[str, str]
    body: bytes

    @property
    def mn(self) -> str:
        """Identity of the logger."""
        return self.fields.get("MN", "")

    @property
    def cn(self) -> str:
        """Command."""
        return self.fields.get("CN", "")

    @property
    def st(self) -> str:
        """System."""
        return self.fields.get("ST", "")

    def is_late(self, at: datetime) -> bool:
        """Return whether the data came later than they are due, or say so themselves."""
        if self.fields.get("RF", "").strip() == "1":
            return True
        found = _DATA_TIME.search(self.body)
        told = start_of(found[1].decode(), "instant", label_end=False) if found else None
        return told is not None and at - told > _ON_TIME.get(self.cn, _ON_TIME_ELSE)


def read_passing(raw: bytes) -> Passing | None:
    r"""Return what a received frame says; None where it has no header and no data.

    >>> read_passing(b"##0025QN=1;CN=2011;MN=A;CP=&&x=1&&1234\r\n").mn
    'A'
    """
    whole = raw.strip(b"\r\n")
    segment = whole[_BEFORE:-_CRC]
    found = _CP.search(segment)
    if found is None or not segment.endswith(b"&&"):
        return None
    told: dict[str, str] = {}
    for item in segment[: found.start()].decode("ascii", "replace").split(";"):
        name, equals, value = item.partition("=")
        known = _SPELLED.get(name.strip().upper())
        if equals and known is not None:
            told.setdefault(known, value.strip())
    if not told.get("MN") or not told.get("CN"):
        return None
    return Passing(told, segment[found.start() :])


def passed_on(
    passing: Passing,
    *,
    qn: str,
    mn: str,
    password: str = "",
    edition: int = 0,
    late: bool = False,
) -> bytes:
    """Return the frame as it goes to the upstream, asking for an answer.

    Parameters
    ----------
    password
        Empty: as received.
    edition
        The upstream's: 2017 or 2025; 0 as received. What speaks the codes of 2005 keeps saying so.
    late
        Back-filled: marked RF=1 where the edition has the mark.

    Raises
    ------
    BadInput
        If it becomes longer than a frame may be, or the header holds what cannot be written.

    References
    ----------
    HJ 212—2017, 6.3.2, 表3; RF: HJ 212—2025.
    """
    flag = _whole(passing.fields.get("Flag", ""))
    version = flag >> 2 << 2
    if edition and version:
        version = _VERSIONS[edition]
    fields = passing.fields | {"QN": qn, "MN": mn}
    fields["PW"] = password or passing.fields.get("PW", "")
    fields["Flag"] = str(version | (flag & _PARTS) | _ANSWER)
    fields.pop("RF", None)
    if late and version == _VERSIONS[2025]:
        fields["RF"] = "1"
    head = "".join(f"{name}={fields[name]};" for name in FIELDS if name in fields)
    if not head.isascii() or not head.isprintable():
        raise BadInput("报文头含不可转发的字符。", "The header holds what cannot be passed on.")
    return framed(head.encode("ascii") + passing.body)


class Numbers:
    """Request numbers, unique for each logger, never going back."""

    def __init__(self) -> None:
        self._last: dict[str, datetime] = {}

    def next(self, mn: str, now: datetime) -> str:
        """Return YYYYMMDDhhmmsszzz of this moment, or of the first free one after it."""
        moment = now.astimezone(BEIJING)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        last = self._last.get(mn)
        if last is not None and moment <= last:
            moment = last + timedelta(milliseconds=1)
        self._last[mn] = moment
        return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03d}"


def _whole(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
