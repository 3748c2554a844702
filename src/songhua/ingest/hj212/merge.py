"""Split messages (拆分包) put together again: in any order, repeated or not, bounded.

The parts of a message share MN, ST, CN, ``DataTime`` and PNUM; each has a QN of its own
(HJ 212—2017, 表C.50), so QN tells nothing. Each part is answered on its own, before this.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from songhua.ingest.hj212.frame import Frame

WAIT_S = 60.0
"""How long a message waits for its next part: it may be sent four times, ten seconds apart
(HJ 212—2017, 表1)."""

MOST_PARTS = 1000
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of parts held at once, of all devices; the oldest message gives way."""

_Base = tuple[str, str, str, int]
_Key = tuple[_Base, str]


@dataclass(frozen=True, slots=True)
class Message:
    """What one or more frames say together.

    Parameters
    ----------
    frame
        The frame itself, or one made of the parts: their bytes, the first one's fields without
        PNUM and PNO, the groups of all in order of PNO, ``DataTime`` once.
    parts
        The frames it was made of, in order of PNO.
    missing
        Numbers of the parts that did not come in time.
    """

    frame: Frame
    parts: tuple[Frame, ...]
    missing: tuple[int, ...] = ()


@dataclass(slots=True)
class _Open:
    total: int
    touched: float
    parts: dict[int, Frame] = field(default_factory=dict)
    is_given: bool = False

    @property
    def size(self) -> int:
        return sum(len(part.raw) for part in self.parts.values())

    def message(self) -> Message:
        parts = tuple(self.parts[number] for number in sorted(self.parts))
        missing = tuple(n for n in range(1, self.total + 1) if n not in self.parts)
        return Message(_joined(parts), parts, missing)


class Merger:
    """Give it frames; it gives messages. The time of each is handed in, in seconds.

    A part that comes again changes nothing; one that comes again with other values gives the
    message again. Nothing is dropped: a message that stays incomplete is given as it is.
    """

    def __init__(self, *, wait_s: float = WAIT_S, most_bytes: int = MOST_BYTES) -> None:
        self._wait_s = wait_s
        self._most_bytes = most_bytes
        self._open: OrderedDict[_Key, _Open] = OrderedDict()
        self._times: dict[_Base, list[str]] = {}
        self._bytes = 0

    @property
    def pending(self) -> int:
        """Messages that still lack a part."""
        return sum(not one.is_given for one in self._open.values())

    @property
    def pending_bytes(self) -> int:
        """Bytes held, also of messages given a short while ago."""
        return self._bytes

    def add(self, frame: Frame, *, now: float) -> list[Message]:
        """Return what became whole or can wait no longer; a frame that is not split, at once."""
        late = self.expire(now=now)
        part = frame.part
        if part is None or part[1] > MOST_PARTS:
            return [*late, Message(frame, (frame,))]
        number, total = part
        one = self._of(frame, number, total, now)
        before = one.parts.get(number)
        if before is not None and before.groups == frame.groups:
            return late
        self._bytes += len(frame.raw) - (len(before.raw) if before else 0)
        one.parts[number] = frame
        one.touched = now
        if len(one.parts) == total:
            one.is_given = True
            late.append(one.message())
        return late + self._make_room()

    def expire(self, *, now: float) -> list[Message]:
        """Return the messages that have waited too long, incomplete as they are."""
        given: list[Message] = []
        while self._open:
            oldest = next(iter(self._open.values()))
            if now - oldest.touched < self._wait_s:
                break
            given += self._give_up_oldest()
        return given

    def end(self) -> list[Message]:
        """Return all that is still incomplete."""
        given: list[Message] = []
        while self._open:
            given += self._give_up_oldest()
        return given

    def _of(self, frame: Frame, number: int, total: int, now: float) -> _Open:
        base, time = (frame.mn, frame.st, frame.cn, total), _data_time(frame)
        known = self._known(base, time, number)
        if known is None:
            one = _Open(total, now)
        else:
            one = self._remove((base, known))
            time = time or known
        self._open[base, time] = one
        self._times.setdefault(base, []).append(time)
        return one

    def _known(self, base: _Base, time: str, number: int) -> str | None:
        """Return the time of the message that a part belongs to; None: of none yet."""
        times = self._times.get(base, [])
        if time in times:
            return time
        for other in times:
            # Some devices give the time in one part only.
            one = self._open[base, other]
            if "" in (time, other) and not one.is_given and number not in one.parts:
                return other
        return None

    def _remove(self, key: _Key) -> _Open:
        base, time = key
        times = self._times[base]
        times.remove(time)
        if not times:
            del self._times[base]
        return self._open.pop(key)

    def _make_room(self) -> list[Message]:
        given: list[Message] = []
        while self._bytes > self._most_bytes and len(self._open) > 1:
            given += self._give_up_oldest()
        return given

    def _give_up_oldest(self) -> list[Message]:
        one = self._remove(next(iter(self._open)))
        self._bytes -= one.size
        return [] if one.is_given else [one.message()]


def _joined(parts: tuple[Frame, ...]) -> Frame:
    first = parts[0]
    fields = {name: value for name, value in first.fields.items() if name not in ("PNUM", "PNO")}
    time = next((_data_time(part) for part in parts if _data_time(part)), "")
    groups = [{"DataTime": time}] if time else []
    for part in parts:
        groups += [dict(group) for group in part.groups if dict(group) != {"DataTime": time}]
    return Frame(b"".join(part.raw for part in parts), fields, tuple(groups))


def _data_time(frame: Frame) -> str:
    for group in frame.groups:
        if "DataTime" in group:
            return group["DataTime"]
    return ""
