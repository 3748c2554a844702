"""A calibration curve as a picture: points, line, and what each point lies above it."""

from collections.abc import Mapping
from typing import Any

from songhua.quality.laboratory.curve import Curve

WIDTH, HEIGHT = 520, 260
_LEFT, _BOTTOM, _TOP, _RIGHT = 52, 34, 12, 12


def drawn(curve: Curve) -> Mapping[str, Any]:
    """Return the places of points and line in the picture, and the numbers beside it."""
    far = max(curve.concentrations) or 1.0
    ends = [curve.intercept, curve.slope * far + curve.intercept]
    low, high = min(0.0, *curve.signals, *ends), max(*curve.signals, *ends)
    tall = (high - low) or 1.0

    def x(concentration: float) -> float:
        return round(_LEFT + concentration / far * (WIDTH - _LEFT - _RIGHT), 1)

    def y(signal: float) -> float:
        return round(_TOP + (high - signal) / tall * (HEIGHT - _TOP - _BOTTOM), 1)

    points = zip(curve.concentrations, curve.signals, curve.residuals, strict=True)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "base": HEIGHT - _BOTTOM,
        "right": WIDTH - _RIGHT,
        "points": [
            {
                "x": x(c),
                "y": y(s),
                "concentration": f"{c:g}",
                "signal": f"{s:g}",
                "off": f"{e:+.4g}",
            }
            for c, s, e in points
        ],
        "line": {"x1": x(0), "y1": y(ends[0]), "x2": x(far), "y2": y(ends[1])},
        "marks_x": [{"x": x(far * n / 4), "words": f"{far * n / 4:.3g}"} for n in range(5)],
        "marks_y": [
            {"y": y(low + tall * n / 4), "words": f"{low + tall * n / 4:.3g}"} for n in range(5)
        ],
        "slope": f"{curve.slope:.5g}",
        "intercept": f"{curve.intercept:.4g}",
        "r": f"{int(curve.r * 1e5) / 1e5:.5f}",
    }
