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
class HourCount:
    """What a link did within one hour.

    Parameters
    ----------
    damaged
        Pieces that were no frame.
    faults
        Reason → how often something was set aside for it.
    skew_min, skew_max
        By how much its clock was ahead of ours. [s]
    """

    frames: int = 0
    damaged: int = 0
    values: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    skew_min: float | None = None
    skew_max: float | None = None

    def note_skew(self, low: float, high: float) -> None:
        """Widen what its clock showed."""
        self.skew_min = low if self.skew_min is None else min(low, self.skew_min)
        self.skew_max = high if self.skew_max is None else max(high, self.skew_max)

    def add(self, later: "HourCount") -> None:
        """Add what it did after."""
        self.frames += later.frames
        self.damaged += later.damaged
        self.values += later.values
        for reason, number in later.faults.items():
            self.faults[reason] = self.faults.get(reason, 0) + number
        if later.skew_min is not None and later.skew_max is not None:
            self.note_skew(later.skew_min, later.skew_max)


@dataclass(slots=True)
class LinkCount:
    """What a link did since it was last written down.

    Parameters
    ----------
    skew
        By how much its clock is ahead of ours. [s]
    hours
        The same by hour: hours since 1970 → what it did then.
    """

    address: str
    first_seen: datetime
    last_seen: datetime
    last_data: datetime | None = None
    skew: float | None = None
    frames: int = 0
    values: int = 0
    set_aside: int = 0
    hours: dict[int, HourCount] = field(default_factory=dict)

    def hour(self, at: datetime) -> HourCount:
        """Return the count of the hour of an instant."""
        number = int(at.timestamp() // 3600)
        found = self.hours.get(number)
        if found is None:
            found = self.hours[number] = HourCount()
        return found

    def add(self, later: "LinkCount") -> None:
        """Add what it did after."""
        self.address, self.last_seen = later.address, later.last_seen
        self.frames += later.frames
        self.values += later.values
        self.set_aside += later.set_aside
        self.skew = self.skew if later.skew is None else later.skew
        if later.last_data is not None:
            self.last_data = max(later.last_data, self.last_data or later.last_data)
        for number, one in later.hours.items():
            if number in self.hours:
                self.hours[number].add(one)
            else:
                self.hours[number] = one


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
