"""What a link did hour by hour, as small drawings one under another."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from songhua.store.registry.models import LinkHour

HOURS = 7 * 24
STEP, HEIGHT = 4, 48
_MOST_KINDS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle: which hour, which kind (0 for the first), and what it says."""

    x: float
    y: float
    height: float
    kind: int
    hour: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars on one scale.

    Parameters
    ----------
    top, bottom
        What the upper and the lower edge mean.
    total
        Of all bars.
    zero
        Where nought lies.
    """

    bars: tuple[Bar, ...]
    top: float
    bottom: float
    total: float
    zero: float

    @property
    def width(self) -> int:
        """Of the drawing."""
        return HOURS * STEP


@dataclass(frozen=True, slots=True)
class Charts:
    """The drawings of one logger, with the kinds of faults that the third shows."""

    frames: Chart
    values: Chart
    faults: Chart
    skew: Chart
    kinds: tuple[tuple[str, int], ...]
    first: datetime


def charts(hours: Sequence[LinkHour], end: datetime) -> Charts:
    """Return the drawings of the hours before an instant.

    Parameters
    ----------
    end
        End of the last hour.
    """
    first = end - timedelta(hours=HOURS)
    by_hour = {round((one.hour - first).total_seconds() / 3600): one for one in hours}
    kinds = _kinds(hours)
    names = [name for name, _ in kinds]
    return Charts(
        _counted({at: [one.frames + one.damaged] for at, one in by_hour.items()}, first),
        _counted({at: [one.values] for at, one in by_hour.items()}, first),
        _counted({at: _stack(one, names) for at, one in by_hour.items()}, first),
        _spread({at: (one.skew_min, one.skew_max) for at, one in by_hour.items()}, first),
        kinds,
        first,
    )


def _kinds(hours: Sequence[LinkHour]) -> tuple[tuple[str, int], ...]:
    sums: Counter[str] = Counter()
    for one in hours:
        sums.update(one.faults)
    most = sums.most_common(_MOST_KINDS)
    rest = sum(sums.values()) - sum(number for _, number in most)
    return (*most, ("", rest)) if rest else tuple(most)


def _stack(one: LinkHour, names: Sequence[str]) -> list[int]:
    told = [one.faults.get(name, 0) for name in names if name]
    return [*told, sum(one.faults.values()) - sum(told)] if "" in names else told


def _counted(stacks: Mapping[int, Sequence[int]], first: datetime) -> Chart:
    top = max((sum(stack) for stack in stacks.values()), default=0)
    bars = []
    for at, stack in stacks.items():
        floor = float(HEIGHT)
        for kind, number in enumerate(stack):
            if number:
                height = round(max(number / top * HEIGHT, 1.0), 2)
                floor -= height
                hour = first + timedelta(hours=at)
                bars.append(Bar(at * STEP, round(floor, 2), height, kind, hour, number))
    total = sum(sum(stack) for stack in stacks.values())
    return Chart(tuple(bars), top, 0, total, HEIGHT)


def _spread(spans: Mapping[int, tuple[float | None, float | None]], first: datetime) -> Chart:
    known = {at: (low, high) for at, (low, high) in spans.items()
             if low is not None and high is not None}  # fmt: skip
    top = max([high for _, high in known.values()] + [1.0])
    bottom = min([low for low, _ in known.values()] + [-1.0])
    scale = HEIGHT / (top - bottom)
    bars = tuple(
        Bar(at * STEP, round((top - high) * scale, 2), round(max((high - low) * scale, 2.0), 2),
            0, first + timedelta(hours=at), high if abs(high) > abs(low) else low)
        for at, (low, high) in known.items()
    )  # fmt: skip
    return Chart(bars, top, bottom, 0, round(top * scale, 2))
