"""A figure over time as a line a few words long."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spark:
    """A line with gaps where values are missing.

    Parameters
    ----------
    runs
        Points of each unbroken piece, as an SVG polyline takes them.
    last
        Where the line ends: x, y; None where there is no value.
    """

    width: int
    height: int
    runs: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    last: tuple[float, float] | None


def spark(values: Sequence[float | None], *, width: int = 120, height: int = 24) -> Spark:
    """Return the line of some values in order of time.

    >>> spark([1.0, None, 3.0, 2.0], width=30, height=12).runs
    ('19.3,2.0 28.0,6.0',)
    """
    known = [value for value in values if value is not None]
    if not known:
        return Spark(width, height, (), (), None)
    low, high = min(known), max(known)
    pad = 2
    across = (width - 2 * pad) / max(len(values) - 1, 1)
    up = (height - 2 * pad) / ((high - low) or 1)
    points = [
        None
        if value is None
        else (round(pad + k * across, 1), round(height - pad - (value - low) * up, 1))
        for k, value in enumerate(values)
    ]
    runs = _runs(points)
    return Spark(
        width,
        height,
        tuple(" ".join(f"{x},{y}" for x, y in run) for run in runs if len(run) > 1),
        tuple(run[0] for run in runs if len(run) == 1),
        next((point for point in reversed(points) if point), None),
    )


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is not None:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
