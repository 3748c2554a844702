"""Lines in the spectrum: what a replayed or generated wave leaves."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from songhua.quality.fraud.lead import Trace
from songhua.quality.fraud.panel import Panel
from songhua.quality.fraud.windows import edges, means
from songhua.quality.verdict import Floats

_DAYS = 10
_AROUND = 8


def periodic(panel: Panel) -> Iterator[Trace]:
    """Yield how far a line, not of a day or its parts, stands out of the spectrum."""
    size = panel.hours(_DAYS * 24)
    starts, ends = edges(panel.times.size, size, panel.hours(48))
    size = int(ends[0] - starts[0])
    if size < 48:
        return
    hours = size * panel.step / 3.6e9 / np.maximum(np.arange(size // 2 + 1), 0.5)
    parts = 24 / hours
    usable = (np.abs(parts - np.rint(parts)) > 1.5 * 24 * 3.6e9 / (size * panel.step)) & (
        hours < 72
    )
    usable[:10] &= hours[:10] < 48
    shape = np.hanning(size)
    for quantity, table in panel.values.items():
        if quantity in {"power", "running"}:
            continue
        for site, row in enumerate(table):
            stat = _lines(row, starts, size, shape, usable)
            yield Trace("periodic", site, quantity, starts, ends, stat)


def _lines(
    row: Floats, starts: NDArray[np.int64], size: int, shape: Floats, usable: NDArray[np.bool_]
) -> Floats:
    held = np.isfinite(row)
    stat = np.full(starts.size, np.nan)
    if not held.any():
        return stat
    share = means(held.astype(float), starts, starts + size)
    at = np.arange(row.size)
    filled = np.interp(at, at[held], row[held])
    moves = np.diff(filled, append=filled[-1])
    windows = np.lib.stride_tricks.sliding_window_view(moves, size)[starts]
    limit = np.quantile(np.abs(windows), 0.98, axis=1, keepdims=True)  # one spike is no wave
    power = np.abs(np.fft.rfft(np.clip(windows, -limit, limit) * shape, axis=1)) ** 2
    padded = np.pad(power, ((0, 0), (_AROUND, _AROUND)), mode="reflect")
    around = np.median(
        np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1, axis=1), axis=2
    )
    ratio = power / (around + 1e-4 * power.mean(axis=1, keepdims=True) + 1e-12)
    told = (share >= 0.8) & (limit[:, 0] > 0)
    stat[told] = np.max(ratio[told][:, usable], axis=1, initial=0.0)
    return stat
