"""Faults of real links, by chance but from a seed, so that a run can be repeated."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from songhua.model import BadInput

KINDS = {
    "cut": "断在半帧 closes within a frame",
    "duplicate": "重复发送 sends a frame twice",
    "reorder": "次序颠倒 swaps two frames",
    "delay": "延迟 waits before a frame",
    "clock": "时钟错误 is days ahead",
    "crc": "校验错误 spoils a byte",
    "half": "分成两半 sends a frame in two pieces",
    "noise": "夹杂乱码 sends bytes between frames",
    "storm": "同时重连 all loggers reconnect at once",
}
_AHEAD = timedelta(days=3)


@dataclass(slots=True)
class Faults:
    """Which faults happen, each in this share of the frames.

    Parameters
    ----------
    shares
        Kind → 0 to 1; for ``storm`` the share of seconds in which it breaks out.
    seed
        The same seed gives the same faults.
    """

    shares: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    _chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - faults, no secret

    def strikes(self, kind: str) -> bool:
        """Return whether a fault happens now."""
        share = self.shares.get(kind, 0.0)
        return share > 0 and self._chance.random() < share

    def shift(self) -> timedelta:
        """Return by how much the clock is wrong for the next frame."""
        return _AHEAD if self.strikes("clock") else timedelta()

    def pause(self) -> float:
        """Return the seconds to wait before the next frame."""
        return self._chance.uniform(0.05, 1.0) if self.strikes("delay") else 0.0

    def spoiled(self, frame: bytes) -> bytes:
        """Return the frame with one byte of its data changed."""
        at = self._chance.randrange(6, len(frame) - 6)
        return frame[:at] + bytes([frame[at] ^ 0x01]) + frame[at + 1 :]

    def pieces(self, frame: bytes) -> Iterator[bytes]:
        """Yield what goes over the wire for a frame, in one piece or more."""
        if self.strikes("noise"):
            yield bytes(self._chance.choices(b"\x00\x7fabc#\r\n", k=self._chance.randint(1, 40)))
        if self.strikes("half"):
            at = self._chance.randrange(1, len(frame))
            yield frame[:at]
            yield frame[at:]
        else:
            yield frame
        if self.strikes("duplicate"):
            yield frame

    def cut(self, frame: bytes) -> bytes:
        """Return the part of a frame that gets out before the link breaks."""
        return frame[: self._chance.randrange(1, len(frame))]


def read_faults(text: str, *, seed: int) -> Faults:
    """Return the faults named: ``crc=0.01,cut=0.005``, or ``all`` for one in a hundred of each.

    Raises
    ------
    BadInput
        If a kind is unknown or a share is none.
    """
    if text.strip() == "all":
        return Faults(dict.fromkeys(KINDS, 0.01), seed)
    shares: dict[str, float] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        kind, _, share = part.partition("=")
        try:
            shares[kind] = float(share or 0.01)
        except ValueError:
            shares[kind] = -1.0
        if kind not in KINDS or not 0 <= shares[kind] <= 1:
            raise BadInput(
                f"不认识的故障“{part}”。可选：{'、'.join(KINDS)}，如 crc=0.01。",
                f"Unknown fault “{part}”. Choose of {', '.join(KINDS)}, as crc=0.01.",
            )
    return Faults(shares, seed)
