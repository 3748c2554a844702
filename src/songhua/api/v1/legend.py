"""The levels and limits that lie behind a chart: from the rules in force on the days it shows."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby, pairwise
from typing import Any

from songhua import standards
from songhua.api.v1.asked import INDEX
from songhua.model import BEIJING, NoRuleInForce, Period
from songhua.standards import (
    AmbientAirRule,
    AqiRule,
    Averaging,
    IndexScale,
    Level,
    ambient_air_rule,
    aqi_rule,
    editions,
)

MEASURED = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
"""What every hour is expected to bring."""


def edition_codes(span: Period) -> list[str]:
    """Return the editions of the index that judged the days of a span, oldest first."""
    return list(dict.fromkeys(rule.edition for _, rule in _rules(span)))


def levels() -> list[dict[str, Any]]:
    """Return the six levels with their words and colours; every edition has the same."""
    return [
        {
            "number": level.number,
            "index_lo": level.index_lo,
            "index_hi": level.index_hi,
            "grade": level.grade_zh,
            "zh": level.category_zh,
            "en": level.category_en,
            "colour": level.colour,
            "safe": level.colour_safe,
            "advice_zh": level.advice_zh,
            "advice_en": level.advice_en,
        }
        for level in standards.levels()
    ]


def bands(name: str, period: str, span: Period) -> list[dict[str, Any]]:
    """Return, for each edition that touches a span, where the levels of a series begin and end.

    Parameters
    ----------
    name
        ``aqi`` or a pollutant.
    period
        ``hour`` or ``day``.
    """
    found = []
    for days, rule in _rules(span):
        steps = _index_steps(rule) if name == INDEX else _steps(rule, name, period)
        found.append(
            {
                "edition": rule.edition,
                "from": _ms(days.start),
                "to": _ms(days.end),
                "levels": [{"number": level.number, "lo": lo, "hi": hi} for level, lo, hi in steps],
            }
        )
    return found


def limits(name: str, period: str, span: Period) -> list[dict[str, Any]]:
    """Return the limits of GB 3095 for a pollutant, for each phase that touches a span."""
    found = []
    for days, rule in _ambient_rules(span):
        both = rule.limits.get((_pollutant(name), _averaging(name, period)))
        if both is not None:
            found.append(
                {
                    "edition": rule.edition,
                    "phase_zh": rule.phase_zh,
                    "phase_en": rule.phase_en,
                    "from": _ms(days.start),
                    "to": _ms(days.end),
                    "class_1": float(both[0]),
                    "class_2": float(both[1]),
                }
            )
    return found


def _pollutant(name: str) -> str:
    return "o3" if name == "o3_8h" else name


def _averaging(name: str, period: str) -> Averaging:
    if name == "o3_8h":
        return Averaging.MAX_8H
    if name == "o3" or period == "hour":
        return Averaging.HOURLY
    return Averaging.DAILY


def _scale(rule: AqiRule, name: str, period: str) -> IndexScale:
    if name in {"o3", "o3_8h"}:
        return rule.scale("o3", _averaging(name, period))
    return rule.scale(name, (rule.hourly if period == "hour" else rule.daily)[name])


def _index_steps(rule: AqiRule) -> Iterator[tuple[Level, float, float | None]]:
    below = 0
    for level in rule.levels:
        last = level is rule.levels[-1]
        yield level, below, None if last else level.index_hi
        below = level.index_hi


def _steps(rule: AqiRule, name: str, period: str) -> Iterator[tuple[Level, float, float | None]]:
    """Yield each level with the concentrations between which it holds; None is without end."""
    scale = _scale(rule, name, period)
    limit_at = dict(zip(scale.index, scale.limits, strict=True))
    below = 0
    for level in rule.levels:
        if below not in limit_at or below == scale.index[-1]:
            return
        top = limit_at.get(level.index_hi)
        ends = level is rule.levels[-1] or level.index_hi >= scale.index[-1]
        if ends and scale.above is not None:
            top = None  # the column holds its last index above its last limit
        elif top is None:
            top = scale.limits[-1]
        yield level, float(limit_at[below]), None if top is None else float(top)
        below = level.index_hi


def _rules(span: Period) -> Iterator[tuple[Period, AqiRule]]:
    for days in _pieces(span, {edition.in_force for edition in editions("air", "hj_633")}):
        try:
            yield days, aqi_rule(on=days.start.astimezone(BEIJING).date())
        except NoRuleInForce:
            continue


def _ambient_rules(span: Period) -> Iterator[tuple[Period, AmbientAirRule]]:
    years = range(span.start.year, span.end.year + 1)
    changes = {edition.in_force for edition in editions("air", "gb_3095")}
    changes |= {date(year, 1, 1) for year in years}  # an edition may change its phase with a year
    judged = []
    for days in _pieces(span, changes):
        try:
            judged.append((days, ambient_air_rule(on=days.start.astimezone(BEIJING).date())))
        except NoRuleInForce:
            continue
    for rule, run in groupby(judged, key=lambda one: one[1]):
        together = [days for days, _ in run]
        yield Period(together[0].start, together[-1].end), rule


def _pieces(span: Period, changes: set[date]) -> Iterator[Period]:
    """Yield the span cut at the midnights on which a rule may change."""
    midnights = {datetime(day.year, day.month, day.day, tzinfo=BEIJING) for day in changes}
    inside = {at for at in midnights if span.start < at < span.end}
    for start, end in pairwise(sorted({span.start, *inside, span.end})):
        yield Period(start, end)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
