"""Levels judged: zones, boundaries, grades; each judgement with its limit and where it stands."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from songhua.assess.explained import Reason
from songhua.assess.noise.levels import rounded
from songhua.assess.rounding import half_even
from songhua.model import BadInput, UnknownName
from songhua.standards.noise_rules import BoundaryRule, NoiseGrade, NoiseLimit, NoiseRule

PERIODS = {"day": ("昼间", "day"), "night": ("夜间", "night")}
EVENTS = {"频发": "frequent", "偶发": "occasional"}


def limit_of(limits: Mapping[str, NoiseLimit], zone: str) -> NoiseLimit:
    """Return the limits of a zone; raise `UnknownName` when there is none."""
    if zone not in limits:
        raise UnknownName("声环境功能区", "zone", zone)
    return limits[zone]


def zone_compliance(
    zone: str,
    levels: Mapping[str, float],
    rule: NoiseRule,
    *,
    lmax_night: float | None = None,
) -> tuple[Reason, ...]:
    """Judge Ld and Ln of a functional zone, and the loudest sudden noise of the night.

    Parameters
    ----------
    levels
        ``day`` and ``night`` → equivalent level; one may be absent. [dB(A)]
    lmax_night
        Highest level of a sudden noise at night. [dB(A)]

    References
    ----------
    GB 3096—2008, table 1.
    """
    limit = limit_of(rule.limits, zone)
    found = []
    for period, name in (("day", "Ld"), ("night", "Ln")):
        if period in levels:
            value = rounded(levels[period], rule.places)
            found.append(_judged(PERIODS[period], name, value, limit.of(period), "表1", rule))
    if lmax_night is not None:
        top = limit.night + rule.night_lmax_over
        value = rounded(lmax_night, rule.places)
        found.append(_judged(PERIODS["night"], "Lmax", value, top, "5", rule))
    return tuple(found)


def _judged(
    period: tuple[str, str],
    name: str,
    value: Decimal,
    limit: Decimal,
    clause: str,
    rule: NoiseRule | BoundaryRule,
) -> Reason:
    return Reason(
        f"{period[0]} {name}", f"{period[1]} {name}",
        str(value), str(limit), value <= limit, clause, rule.edition,
    )  # fmt: skip


def grade(mean: float | Decimal, *, kind: str, period: str, rule: NoiseRule) -> NoiseGrade:
    """Return the grade of a city's mean: ``region`` or ``road``, by ``day`` or ``night``.

    References
    ----------
    HJ 640—2012: an upper bound belongs to the better grade.
    """
    value = rounded(mean, rule.places)
    for one in rule.grades[kind, period]:
        if one.to is None or value <= one.to:
            return one
    raise AssertionError("the last grade has no upper bound")


def compliance_rate(passed: Sequence[bool]) -> Decimal | None:
    """Return how many of a hundred passed, one decimal; None of none, in %."""
    if not passed:
        return None
    return half_even(Decimal(100) * sum(passed) / len(passed), 1)


def background_corrected(
    measured: float, background: float, rule: BoundaryRule
) -> tuple[Decimal, int] | None:
    """Return the level without its background and the correction; None below the table.

    Parameters
    ----------
    measured, background
        [dB(A)]

    References
    ----------
    GB 12348—2008, table 4: the difference in whole dB.
    """
    level = rounded(measured, 1)
    difference = int(half_even(level - rounded(background, 1), 0))
    found = [correction for least, correction in rule.corrections if difference >= least]
    if not found:
        return None
    return level + found[-1], found[-1]


def boundary_compliance(
    zone: str,
    period: str,
    level: float | Decimal,
    rule: BoundaryRule,
    *,
    lmax: float | None = None,
    event: str = "",
    indoors: bool = False,
) -> tuple[Reason, ...]:
    """Judge a level at a boundary, and at night its highest one.

    Parameters
    ----------
    level
        Corrected for the background. [dB(A)]
    event
        ``频发`` or ``偶发`` where the standard tells them apart.
    indoors
        It had to be measured indoors, less than 1 m from a sensitive building.

    References
    ----------
    GB 12348—2008, GB 22337—2008, GB 12523: table 1.
    """
    limit = limit_of(rule.limits, "all" if "all" in rule.limits else zone).of(period)
    if indoors and rule.indoor_less is not None:
        limit -= rule.indoor_less
    value = rounded(level, rule.places)
    found = [_judged(PERIODS[period], "Leq", value, limit, "表1", rule)]
    if lmax is not None and period == "night" and rule.lmax_over:
        kind = "any" if "any" in rule.lmax_over else EVENTS.get(event, event)
        if kind not in rule.lmax_over:
            raise BadInput(
                f"夜间最大声级须说明频发或偶发：{event or '空'}。",
                f"The highest level at night needs 频发 or 偶发: {event or 'empty'}.",
            )
        top = limit + rule.lmax_over[kind]
        value = rounded(lmax, rule.places)
        found.append(_judged(PERIODS[period], "Lmax", value, top, "4", rule))
    return tuple(found)
