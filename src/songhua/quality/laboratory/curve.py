"""Calibration curves: least squares of signal over concentration, weighted where asked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from songhua.model import BadInput

Weight = Literal["1", "1/x", "1/x2"]
WEIGHTS: tuple[Weight, ...] = ("1", "1/x", "1/x2")


@dataclass(frozen=True, slots=True)
class Curve:
    """A straight line: signal = slope · concentration + intercept.

    Parameters
    ----------
    slope, intercept
        [signal a unit of concentration], [signal]
    r
        Coefficient of correlation, weighted as the line is.
    concentrations, signals, residuals
        The points and what each lies above the line. [unit, signal, signal]
    """

    slope: float
    intercept: float
    r: float
    concentrations: tuple[float, ...]
    signals: tuple[float, ...]
    residuals: tuple[float, ...]

    def concentration(self, signal: float) -> float:
        """Return the concentration that a signal stands for, in the unit of the points."""
        return (signal - self.intercept) / self.slope


def fit(
    concentrations: Sequence[float], signals: Sequence[float], *, weight: Weight = "1"
) -> Curve:
    """Return the line of least squares through the points.

    Parameters
    ----------
    weight
        ``1``, or ``1/x``, ``1/x2`` where small concentrations count more; then none may be zero.

    Raises
    ------
    BadInput
        If the points make no line.

    Examples
    --------
    >>> line = fit([0, 1, 2, 3, 4], [1, 3, 5, 7, 9])
    >>> round(line.slope, 9), round(line.intercept, 9), round(line.r, 9), line.concentration(4.0)
    (2.0, 1.0, 1.0, 1.5)
    """
    x, y = np.asarray(concentrations, float), np.asarray(signals, float)
    _check(x, y, weight)
    w = np.ones_like(x) if weight == "1" else x ** (-1.0 if weight == "1/x" else -2.0)
    w = w / w.sum()
    mean_x, mean_y = float(w @ x), float(w @ y)
    dx, dy = x - mean_x, y - mean_y
    sxx, syy, sxy = float(w @ dx**2), float(w @ dy**2), float(w @ (dx * dy))
    if not (sxx > 0 and syy > 0) or sxy == 0:
        raise BadInput(
            "校准曲线没有斜率：各点的信号相同或与浓度无关。",
            "The calibration curve has no slope: the signals do not follow the concentrations.",
        )
    slope = sxy / sxx
    intercept = mean_y - slope * mean_x
    return Curve(
        slope=slope,
        intercept=intercept,
        r=max(-1.0, min(1.0, sxy / math.sqrt(sxx * syy))),
        concentrations=tuple(x.tolist()),
        signals=tuple(y.tolist()),
        residuals=tuple((y - (slope * x + intercept)).tolist()),
    )


def _check(x: np.ndarray, y: np.ndarray, weight: str) -> None:
    if x.size != y.size or x.size < 3:
        raise BadInput(
            f"校准曲线至少要三个点，每点有浓度和信号；现有 {x.size} 个浓度、{y.size} 个信号。",
            "A calibration curve needs three points or more, each with concentration and signal; "
            f"there are {x.size} concentrations and {y.size} signals.",
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()) or (x < 0).any():
        raise BadInput(
            "校准曲线的浓度不能为负，数值必须有限。",
            "Concentrations of a calibration curve are not negative, and all numbers finite.",
        )
    if weight not in WEIGHTS:
        raise BadInput(f"没有这种权重：{weight}。", f"There is no such weight: {weight}.")
    if weight != "1" and (x == 0).any():
        raise BadInput(
            "浓度为零的点不能按 1/x 加权。", "A point of concentration zero has no weight 1/x."
        )
