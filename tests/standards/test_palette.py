"""The second palette must stay in order for every kind of colour vision; the official one does not.

Colour vision is simulated in linear RGB by Machado, Oliveira and Fernandes (2009), severity 1.
"""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from songhua.standards import levels

VISIONS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
LEAST_STEP = 8.0
"""Two neighbours on a map are told apart from about this step of lightness L*."""


def lightness(colour: str, vision: NDArray[np.float64]) -> float:
    """Return CIE L* of a colour as an eye with this vision sees it."""
    coded = np.frombuffer(bytes.fromhex(colour[1:]), dtype=np.uint8) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    luminance = float(np.clip(vision @ linear, 0, 1) @ (0.2126, 0.7152, 0.0722))
    return float(116 * np.cbrt(luminance) - 16) if luminance > 0.008856 else 903.3 * luminance


@pytest.mark.parametrize("vision", VISIONS)
def test_each_level_is_darker_than_the_one_before(vision: str) -> None:
    seen = [lightness(level.colour_safe, VISIONS[vision]) for level in levels()]
    assert all(better - worse >= LEAST_STEP for better, worse in pairwise(seen))


def test_the_official_colours_are_not_in_order_of_lightness() -> None:
    seen = [lightness(level.colour, VISIONS["full"]) for level in levels()]
    assert seen != sorted(seen, reverse=True)
