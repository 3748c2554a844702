"""Air beyond the six, as the documents write it: the readable reference."""

import math
from collections.abc import Mapping, Sequence

from songhua.assess.explained import Reason
from songhua.standards.air_beyond import DustClass, RainRule, Species


def mean_ph(values: Sequence[float], volumes: Sequence[float]) -> float:
    """Return the pH of mixed samples, weighted by their volumes.

    >>> round(mean_ph([4.0, 5.0], [1, 1]), 2)
    4.26
    """
    acid = math.fsum(v * 10**-ph for ph, v in zip(values, volumes, strict=True))
    return -math.log10(acid / math.fsum(volumes))


def rain_grade(ph: float, rule: RainRule) -> str:
    """Return the grade of a year's pH."""
    at = round(ph, rule.places)
    return next(zh for below, zh, _ in rule.grades if below is None or at < below)


def ozone_potential(values: Mapping[str, float], species: Mapping[str, Species]) -> float:
    """Return the ozone-formation potential of concentrations by name, in µg/m³ of O₃."""
    return math.fsum(value * species[name.casefold()].mir for name, value in values.items())


def explain_potential(
    values: Mapping[str, float], species: Mapping[str, Species], edition: str
) -> tuple[Reason, ...]:
    """Return each compound with its concentration, reactivity and potential, largest first."""
    rows = [(species[name.casefold()], value) for name, value in values.items()]
    return tuple(
        Reason(one.zh, one.name, f"{value} × {one.mir} = {value * one.mir:.4g}", "", None, "",
               edition)
        for one, value in sorted(rows, key=lambda row: -row[1] * row[0].mir)
    )  # fmt: skip


def ion_sums(
    values: Mapping[str, float], ions: Mapping[str, tuple[float, int]]
) -> tuple[float, float]:
    """Return the equivalents of cations and of anions, in thousandths of the unit of mass."""
    sums = {1: 0.0, -1: 0.0}
    for name, value in values.items():
        mass, sign = ions[name]
        sums[sign] += value / mass
    return sums[1], sums[-1]


def reconstructed(
    values: Mapping[str, float], factors: Mapping[str, tuple[str, float]]
) -> dict[str, float]:
    """Return the parts of the mass of particles, of their components."""
    parts: dict[str, float] = {}
    for name, value in values.items():
        if name in factors:
            part, factor = factors[name]
            parts[part] = parts.get(part, 0.0) + factor * value
    return parts


def dust_class(visibility_km: float, *, windy: bool, classes: Sequence[DustClass]) -> str | None:
    """Return the class of dust weather; without wind it is floating dust; None: clear."""
    own = classes[1:] if windy else classes[:1]
    fitting = [one.zh for one in own if one.start <= visibility_km < one.below]
    return fitting[-1] if fitting else None
