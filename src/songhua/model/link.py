"""Loggers as their register holds them, and what their links did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A logger as the register holds it.

    Parameters
    ----------
    site
        Key of the site it speaks for; empty where it has none.
    addresses
        Addresses or networks it may speak from; empty for any.
    dialect
        Its departures from the standard, as settings.
    keys
        Its SM4 keys, the one it has now first; older ones read what came before.
    """

    mn: str
    site: str
    edition: int
    password: str
    addresses: tuple[str, ...]
    dialect: Mapping[str, Any]
    keys: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class LinkCount:
    """What a link did since it was last written down.

    Parameters
    ----------
    skew
        By how much its clock is ahead of ours. [s]
    """

    address: str
    first_seen: datetime
    last_seen: datetime
    last_data: datetime | None = None
    skew: float | None = None
    frames: int = 0
    values: int = 0
    set_aside: int = 0

    def add(self, later: "LinkCount") -> None:
        """Add what it did after."""
        self.address, self.last_seen = later.address, later.last_seen
        self.frames += later.frames
        self.values += later.values
        self.set_aside += later.set_aside
        self.skew = self.skew if later.skew is None else later.skew
        if later.last_data is not None:
            self.last_data = max(later.last_data, self.last_data or later.last_data)


@dataclass(frozen=True, slots=True)
class MissingHours:
    """Hours in a row that a site did not deliver.

    Parameters
    ----------
    quantities
        Which; empty for all that it usually delivers.
    first, last
        Starts of the first and the last hour, UTC.
    """

    site: str
    quantities: tuple[str, ...]
    first: datetime
    last: datetime
