"""Indices of life in rivers from lists of species."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from songhua.assess.rounding import exact
from songhua.standards.ecology_rules import HydroRule, Step

_EPT = ("ephemeroptera", "plecoptera", "trichoptera", "蜉蝣目", "襀翅目", "毛翅目")
_NAMES = (("健康", "healthy"), ("亚健康", "sub-healthy"), ("一般", "fair"), ("较差", "poor"),
          ("极差", "very poor"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bmwp:
    """BMWP of a sample: total, mean of the scoring families, and families that the list lacks."""

    score: int
    aspt: float | None
    unknown: tuple[str, ...]


def shannon(counts: Sequence[float], base: float = 2) -> float:
    """Return H′ of the individuals of each taxon; the base is 2 or e.

    >>> round(shannon([50, 30, 20]), 3)
    1.485
    """
    total = math.fsum(counts)
    shares = [one / total for one in counts if one > 0]
    return abs(math.fsum(share * math.log(share, base) for share in shares))


def pielou(counts: Sequence[float]) -> float | None:
    """Return the evenness J; None of a single taxon."""
    taxa = sum(one > 0 for one in counts)
    return shannon(counts, 2) / math.log2(taxa) if taxa > 1 else None


def margalef(taxa: int, individuals: float) -> float | None:
    """Return the richness d; None of a single individual."""
    return (taxa - 1) / math.log(individuals) if individuals > 1 else None


def simpson(counts: Sequence[float]) -> float:
    """Return 1 − Σp²."""
    total = math.fsum(counts)
    return 1 - math.fsum((one / total) ** 2 for one in counts)


def bmwp(families: Iterable[str], rule: HydroRule) -> Bmwp:
    """Return the score of the families present, each once; families not listed are named."""
    present = {one.strip(): None for one in families if one.strip()}
    scores = [rule.scores[one.casefold()] for one in present if one.casefold() in rule.scores]
    unknown = tuple(one for one in present if one.casefold() not in rule.scores)
    return Bmwp(sum(scores), sum(scores) / len(scores) if scores else None, unknown)


def biotic_index(counts: Sequence[float], tolerance: Sequence[float]) -> float:
    """Return the mean tolerance of the individuals, 0–10."""
    total = math.fsum(n * t for n, t in zip(counts, tolerance, strict=True))
    return total / math.fsum(counts)


def ept(taxa: Iterable[tuple[str, str]]) -> int:
    """Return how many taxa are mayflies, stoneflies or caddisflies, of taxa and their orders."""
    return len({taxon for taxon, order in taxa if order.strip().casefold() in _EPT})


def band(index: str, value: float, rule: HydroRule, *, band_set: str = "a") -> Step:
    """Return the band of ``shannon``, ``margalef`` or ``pielou``, of the set a or b."""
    return [one for one in rule.bands[index, band_set] if exact(value) >= one.start][-1]


def ibi_grades(reference: Sequence[float], rule: HydroRule) -> tuple[Step, ...]:
    """Return the grades of B-IBI from the scores of reference sites, best first.

    The 25th percentile (linear) bounds healthy; below it are four equal parts.
    """
    ordered = sorted(reference)
    at = (len(ordered) - 1) * rule.ibi_percentile / 100
    low, part = ordered[int(at)], at - int(at)
    healthy = low + part * (ordered[min(int(at) + 1, len(ordered) - 1)] - low)
    return ibi_grades_from(exact(healthy), rule)


def ibi_grades_from(healthy: Decimal, rule: HydroRule) -> tuple[Step, ...]:
    """Return the grades of B-IBI from the lower bound of healthy.

    >>> from datetime import date
    >>> from songhua.standards.ecology_rules import hydro_rule
    >>> found = ibi_grades_from(Decimal("3.24"), hydro_rule(on=date(2026, 1, 1)))
    >>> [float(one.start) for one in found]
    [3.24, 2.43, 1.62, 0.81, 0.0]
    """
    return tuple(
        Step(healthy * (rule.ibi_parts - n) / rule.ibi_parts, zh, en)
        for n, (zh, en) in enumerate(_NAMES)
    )
