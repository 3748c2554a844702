"""Noise events: spans that stay above a level."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NoiseEvent:
    """A span above a level.

    Parameters
    ----------
    first, last
        Numbers of its first and last sample.
    lmax, leq, sel
        Highest level, equivalent level, and exposure level as if in one second. [dB(A)]
    """

    first: int
    last: int
    lmax: float
    leq: float
    sel: float


def noise_events(
    levels: NDArray[np.floating],
    *,
    above: float,
    step: float = 1,
    shortest: float = 3,
    pause: float = 3,
) -> list[NoiseEvent]:
    """Return the spans above a level.

    Parameters
    ----------
    levels
        An even series; NaN is below. Shape (sample,). [dB(A)]
    step, shortest, pause
        Seconds: between samples; of the shortest event; a pause up to this does not end one.
    """
    loud = np.flatnonzero(levels > above)
    if not loud.size:
        return []
    breaks = np.flatnonzero(np.diff(loud) > pause / step + 1)
    firsts = loud[np.concatenate([[0], breaks + 1])]
    lasts = loud[np.concatenate([breaks, [loud.size - 1]])]
    found = []
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        seconds = (last - first + 1) * step
        if seconds < shortest:
            continue
        heard = levels[first : last + 1].astype(np.float64)
        energy = float(np.nansum(10 ** (0.1 * heard))) * step
        leq, sel = 10 * np.log10(energy / seconds), 10 * np.log10(energy)
        found.append(NoiseEvent(first, last, float(np.nanmax(heard)), float(leq), float(sel)))
    return found
