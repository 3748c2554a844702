"""HJ 212—2025: a logger says what it is (1001), gets its MN (1002) and its SM4 key (1014)."""

from dataclasses import dataclass

from songhua.ingest.hj212.frame import Frame

_HARDWARE = "1001"
_KEY = "1014"
_HEARTBEAT = "9015"


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a logger says of itself; empty where it says nothing.

    Parameters
    ----------
    logger
        Number of the logger (i23005).
    cpu
        Of its processor (i23006).
    macs
        Of its network cards (i23007, i23008).
    """

    logger: str
    cpu: str
    macs: tuple[str, ...]


def hardware_of(frame: Frame) -> Hardware | None:
    """Return what a logger says of itself in 1001; None for another frame.

    In the edition of 2005 the same number sets an alarm time and comes from the host.
    """
    told = {name: value for group in frame.groups for name, value in group.items()}
    if frame.cn != _HARDWARE or not any(f"i2300{number}-Info" in told for number in (5, 6, 7, 8)):
        return None
    logger, cpu, *macs = (told.get(f"i2300{number}-Info", "") for number in (5, 6, 7, 8))
    return Hardware(logger, cpu, tuple(mac for mac in macs if mac))


def asks_for_key(frame: Frame) -> bool:
    """Return whether a logger asks for a new SM4 key; `request` with 1014 gives it."""
    told = {name for group in frame.groups for name in group}
    return frame.cn == _KEY and "SKCreateTime" in told and "NewSK" not in told


def is_heartbeat(frame: Frame) -> bool:
    """Return whether a frame says only that its sender lives."""
    return frame.cn == _HEARTBEAT
