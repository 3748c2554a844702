"""Segments that come twice: within a site, or from one site to another."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.lead import Trace
from songhua.quality.fraud.panel import Panel, resolution
from songhua.quality.verdict import Floats

_WINDOW = 8  # differences in a hash
_MOVED = 6  # of them at least this many not 0
_DISTINCT = 4
_MOST_PAIRS = 50_000
_BASE = np.uint64(0x9E3779B97F4A7C15)
_GONE = -(2**31)


def repeated(panel: Panel) -> Iterator[Trace]:
    """Yield stretches whose differences come again elsewhere: how improbable (log10) by chance.

    Windows of differences are hashed, equal hashes compared exactly and stretched both ways. The
    later of the two is named, with the site and place it repeats.
    """
    for quantity, table in panel.values.items():
        if quantity == "running":
            continue
        units = np.rint(table / resolution(table))
        jumps = np.diff(units, axis=1)
        steps = np.where(np.isfinite(jumps), jumps, _GONE).astype(np.int64)
        steps = np.column_stack((steps, np.full(steps.shape[0], _GONE)))  # a row ends
        flat = steps.ravel()
        wonder = _wonder(flat)
        lines = steps.shape[1]
        seen = 0  # up to where, of the later stretch, the last find reached
        for first, second in _pairs(flat):
            if second < seen:
                continue
            start, length = _stretch(flat, first, second)
            seen = second + length
            stat = float(wonder[second - start : second + length].sum())
            site, place = divmod(second - start, lines)
            origin = divmod(first - start, lines)
            yield Trace(
                "repeated",
                int(site),
                quantity,
                np.array([place]),
                np.array([place + start + length + 1]),
                np.array([stat]),
                (int(origin[0]), int(origin[1])),
            )


def _wonder(flat: NDArray[np.int64]) -> Floats:
    """Return how improbable each difference is: -log10 of its share."""
    kinds, where, counts = np.unique(flat, return_inverse=True, return_counts=True)
    share = counts / max(1, int((flat != _GONE).sum()))
    found: Floats = np.where(kinds == _GONE, 0, -np.log10(np.minimum(share, 1)))[where]
    return found


def _pairs(flat: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return places of equal windows, earlier and later, ordered by the later."""
    count = flat.size - _WINDOW + 1
    if count < 2:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(flat, _WINDOW)
    good = (windows != _GONE).all(axis=1) & ((windows != 0).sum(axis=1) >= _MOVED)
    places = np.flatnonzero(good)
    ordered = np.sort(windows[places], axis=1)
    distinct = (np.diff(ordered, axis=1) != 0).sum(axis=1) + 1
    places = places[distinct >= _DISTINCT]
    hashes = np.zeros(places.size, np.uint64)
    with np.errstate(over="ignore"):
        for number in range(_WINDOW):
            hashes = (hashes ^ flat[places + number].astype(np.uint64)) * _BASE
            hashes ^= hashes >> np.uint64(29)
    order = np.lexsort((places, hashes))
    same = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])[:_MOST_PAIRS]
    pairs = zip(places[order][same], places[order][same + 1], strict=True)
    found = [(int(a), int(b)) for a, b in pairs if b - a >= _WINDOW]
    equal = ((b, a) for a, b in found if (windows[a] == windows[b]).all())
    return [(a, b) for b, a in sorted(equal)]


def _stretch(flat: NDArray[np.int64], first: int, second: int) -> tuple[int, int]:
    """Return how far before and after two places all differences are equal."""
    before = 0
    while first - before > 0 and _same(flat, first - before - 1, second - before - 1):
        before += 1
    after = 0
    while second + after < flat.size and _same(flat, first + after, second + after):
        after += 1
    return before, after


def _same(flat: NDArray[np.int64], first: int, second: int) -> bool:
    return bool(flat[first] == flat[second] and flat[first] != _GONE)
