"""A judged value among its hours and its neighbours, as places in a small picture."""

from collections.abc import Mapping, Sequence
from typing import Any

from songhua.api.v1.verdicts.beside import SIDE, Around

WIDTH, HEIGHT = 168, 44
_EDGE = 4


def small(around: Around) -> Mapping[str, Any] | None:
    """Return the value, its hours and those of its neighbours; None where nothing is known."""
    series = [around.own, *(values for _name, _at, values in around.near)]
    known = [one for values in series for one in values if one is not None]
    if not known:
        return None
    low, high = min(known), max(known)
    tall = (high - low) or 1.0

    def x(n: int) -> float:
        return round(_EDGE + n / (2 * SIDE) * (WIDTH - 2 * _EDGE), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _EDGE - (value - low) / tall * (HEIGHT - 2 * _EDGE), 1)

    def pieces(values: Sequence[float | None]) -> list[str]:
        found: list[list[str]] = [[]]
        for n, value in enumerate(values):
            if value is not None:
                found[-1].append(f"{x(n)},{y(value)}")
            elif found[-1]:
                found.append([])
        return [" ".join(one if len(one) > 1 else one * 2) for one in found if one]

    here = around.own[SIDE]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "middle": x(SIDE),
        "own": pieces(around.own),
        "near": [piece for _name, _at, values in around.near for piece in pieces(values)],
        "dot": None if here is None else {"x": x(SIDE), "y": y(here)},
    }
