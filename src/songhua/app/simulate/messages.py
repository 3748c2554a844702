"""What virtual loggers say: the hours of a file as 2061 uploads, or made-up values for load."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from songhua.ingest.hj212 import encode
from songhua.model import BEIJING
from songhua.standards.quantities import quantities

PASSWORD = "123456"  # noqa: S105 - what virtual loggers are registered with, in demos and tests
_AIR = "22"
_VERSIONS = {2005: 0, 2017: 4, 2025: 8}
_MN_LENGTH = 24
_VALUES = 10
_SPREAD = 50.0
_FORM = "%Y%m%d%H%M%S"


@dataclass(frozen=True, slots=True)
class Message:
    """One upload, before it has a request number.

    Parameters
    ----------
    mn
        Identity of the logger.
    cn
        2011, 2051, 2061 or 2031.
    at
        Start of the interval; for 2011 the instant. Beijing time.
    groups
        CP without DataTime.
    is_late
        Sent again or late: the back-fill mark of 2025.
    """

    mn: str
    cn: str
    at: datetime
    groups: tuple[Mapping[str, str], ...]
    is_late: bool = False

    def frame(self, qn: str, *, edition: int = 2017, shift: timedelta = timedelta()) -> bytes:
        """Return the frame; `shift`: by how much the logger's clock is wrong."""
        fields = {"QN": qn, "ST": _AIR, "CN": self.cn, "PW": PASSWORD, "MN": self.mn}
        fields["Flag"] = str(_VERSIONS[edition] + 1)
        if self.is_late and edition == 2025:
            fields["RF"] = "1"
        return encode(fields, [{"DataTime": (self.at + shift).strftime(_FORM)}, *self.groups])


def mn_of(site: str) -> str:
    """Return the identity of a virtual logger at a site: 24 hexadecimal digits, its key in ASCII.

    >>> mn_of("1121A")
    '000000000000003131323141'
    """
    key = site.encode().hex().upper()
    if len(key) > _MN_LENGTH:
        key = hashlib.sha256(site.encode()).hexdigest().upper()
    return key[:_MN_LENGTH].rjust(_MN_LENGTH, "0")


def request_number(at: datetime, number: int) -> str:
    """Return a request number (请求编码): the instant to the second and a running number."""
    return at.strftime(_FORM) + f"{number % 1000:03d}"


def replay_messages(rows: pl.DataFrame, names: Sequence[str]) -> list[Message]:
    """Return the hours of a file as hourly uploads, by time.

    Parameters
    ----------
    rows
        ``site``, ``time`` (start of the hour, UTC) and a column for each of `names`; null where
        missing. [unit of the quantity]
    """
    codes = {name: quantities()[name].codes[0] for name in names}
    return [
        Message(mn_of(row["site"]), "2061", row["time"].astimezone(BEIJING), _groups(row, codes))
        for row in rows.sort("time", "site").iter_rows(named=True)
    ]


def load_messages(stations: int, *, seed: int) -> Iterator[Message]:
    """Yield made-up minutes of many loggers without end: ten values, about 500 bytes each."""
    chance = random.Random(seed)  # noqa: S311 - load, no secret
    known = [quantity for quantity in quantities().values() if quantity.codes][:_VALUES]
    at = datetime(2020, 1, 1, tzinfo=BEIJING)
    while True:
        for number in range(stations):
            groups = tuple(
                {
                    f"{one.codes[0]}-Min": f"{one.lowest:g}",
                    f"{one.codes[0]}-Avg": f"{one.lowest + chance.random() * _SPREAD:.1f}",
                    f"{one.codes[0]}-Flag": "N",
                }
                for one in known
            )
            yield Message(mn_of(f"L{number:05d}"), "2051", at, groups)
        at += timedelta(minutes=1)


def _groups(row: Mapping[str, Any], codes: Mapping[str, str]) -> tuple[Mapping[str, str], ...]:
    return tuple(
        {f"{code}-Avg": f"{row[name]:g}", f"{code}-Flag": "N"}
        for name, code in codes.items()
        if row[name] is not None
    )
