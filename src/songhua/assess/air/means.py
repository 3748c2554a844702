"""Means of hours, of days' best windows and of sites: the readable reference, on exact decimals.

A value that cannot be had says why (`Missing`). The columnar twin is `means_columns`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import ceil
from typing import TypeVar

from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import (
    POLLUTANTS,
    AmbientAirRule,
    Averaging,
    EvaluationRule,
    ambient_air_rule,
    evaluation_rule,
)

CONCENTRATIONS = (*POLLUTANTS, "o3_8h")

HOURS = 24
WINDOW = 8

Value = Decimal | Missing | None
"""A number, a reason for none, or None where nothing is known."""

Rule = TypeVar("Rule")


@dataclass(frozen=True)
class DayRule:
    """What makes the figures of one natural day (自然日).

    Parameters
    ----------
    min_hours
        Hours a daily mean needs.
    min_hours_8h
        Hours an 8-hour mean needs.
    min_windows
        8-hour means the daily maximum needs, unless it exceeds `max_8h_limit`.
    max_8h_limit
        Class 2 limit of the maximum daily 8-hour mean. [µg/m³]
    places
        Decimal places of a published mean, by quantity.
    share, few_sites, few_share
        An area needs this share of its sites; below `few_sites` sites the other one.
    """

    min_hours: int
    min_hours_8h: int
    min_windows: int
    max_8h_limit: Decimal
    places: Mapping[str, int]
    share: Decimal
    few_sites: int
    few_share: Decimal


def day_rule(on: date) -> DayRule:
    """Return what makes the figures of a natural day, by the editions in force on it."""
    return _day_rule(ambient_air_rule(on=on), evaluation_rule(on=on))


def day_rules(first: date, last: date) -> list[tuple[date, DayRule]]:
    """Return the rules of a span of days, each with its first day; one while no number changes."""
    found: list[tuple[date, DayRule]] = []
    for since, rule in rules_between(first, last, day_rule):
        if not found or rule != found[-1][1]:
            found.append((since, rule))
    return found


def rules_between(
    first: date, last: date, rule_of: Callable[[date], Rule]
) -> list[tuple[date, Rule]]:
    """Return the rules in force in a span of days, each with its first day.

    Parameters
    ----------
    rule_of
        Gives the rule of a day: the same object while it is in force. A rule once replaced
        does not come back.
    """
    begun, ended = rule_of(first), rule_of(last)
    if begun is ended:
        return [(first, begun)]
    if last - first == timedelta(days=1):
        return [(first, begun), (last, ended)]
    middle = first + (last - first) // 2
    earlier = rules_between(first, middle, rule_of)
    later = rules_between(middle, last, rule_of)
    return earlier + [entry for entry in later if entry[1] is not earlier[-1][1]]


def daily_mean(hours: Iterable[Value], *, min_hours: int, places: int) -> Decimal | Missing:
    """Return the daily mean (日平均) of one pollutant from the hours of a natural day.

    Parameters
    ----------
    hours
        Hourly means of the day. [µg/m³; mg/m³ for CO]
    min_hours
        Fewest hours that make a mean; exactly as many are enough.
    places
        Decimal places, rounded once, half to even.

    Examples
    --------
    >>> daily_mean([Decimal(30)] * 19, min_hours=20, places=0)
    Missing(reason=<MissingReason.TOO_FEW_HOURS: 'too_few_hours'>, detail='19/20')
    >>> daily_mean([Decimal(35)] * 10 + [Decimal(36)] * 10, min_hours=20, places=0)
    Decimal('36')

    References
    ----------
    GB 3095—2012 and 2026, table 4; GB/T 8170.
    """
    valid = _valid(hours)
    if not valid:
        return Missing(MissingReason.NOT_RECEIVED)
    if len(valid) < min_hours:
        return Missing(MissingReason.TOO_FEW_HOURS, f"{len(valid)}/{min_hours}")
    return half_even(_mean(valid), places)


def max_1h(hours: Iterable[Value], *, places: int) -> Decimal | Missing:
    """Return the highest hourly mean of a day (日最大1小时平均), from the hours there are."""
    valid = _valid(hours)
    if not valid:
        return Missing(MissingReason.NOT_RECEIVED)
    return half_even(max(valid), places)


def mean_8h(hours: Sequence[Value], *, min_hours: int, places: int) -> Decimal | Missing:
    """Return the mean of eight consecutive hours (8小时滑动平均), named by the last of them."""
    if len(hours) > WINDOW:
        raise ValueError(f"an 8-hour mean has no more than 8 hours: {len(hours)}")
    return daily_mean(hours, min_hours=min_hours, places=places)


def max_8h(hours: Sequence[Value], rule: DayRule) -> Decimal | Missing:
    """Return the maximum daily 8-hour mean of ozone (臭氧日最大8小时平均).

    Of the 17 windows that end with hour 8, 9 … 24 of the day; none reaches into the day before.

    Parameters
    ----------
    hours
        The 24 hours of the natural day in order, absent ones as `None` or `Missing`. [µg/m³]

    Returns
    -------
    Decimal or Missing
        With fewer windows than the rule asks for there is a value only if it exceeds the
        limit: what is missing could not bring it down. [µg/m³]

    References
    ----------
    HJ 663—2013 and 2026, 6.1.2; GB 3095—2026, 3.9.
    """
    if len(hours) != HOURS:
        raise ValueError(f"a natural day has 24 hours: {len(hours)}")
    windows = [window for start in range(17) if (window := _window(hours, start, rule)) is not None]
    if not _valid(hours):
        return Missing(MissingReason.NOT_RECEIVED)
    if not windows:
        return Missing(MissingReason.TOO_FEW_WINDOWS, f"0/{rule.min_windows}")
    highest = half_even(max(windows), rule.places["o3_8h"])
    if len(windows) < rule.min_windows and highest <= rule.max_8h_limit:
        return Missing(MissingReason.TOO_FEW_WINDOWS, f"{len(windows)}/{rule.min_windows}")
    return highest


def area_mean(sites: Sequence[Value], *, quorum: int, places: int) -> Decimal | Missing:
    """Return the mean of an area's sites (点位平均) for one pollutant and hour or day.

    Parameters
    ----------
    sites
        One entry a site of the area, absent values too. [µg/m³; mg/m³ for CO]
    quorum
        Fewest sites with a value; see `site_quorum`.

    Notes
    -----
    The index of an area is the index of its means; indices are never averaged.

    References
    ----------
    HJ 663—2013, station quorum; HJ 633—2012, 4.2.1.
    """
    valid = _valid(sites)
    if not valid:
        return Missing(MissingReason.NOT_RECEIVED)
    if len(valid) < quorum:
        return Missing(MissingReason.TOO_FEW_SITES, f"{len(valid)}/{quorum}")
    return half_even(_mean(valid), places)


def site_quorum(sites: int, rule: DayRule) -> int:
    """Return how many of an area's sites must have a value.

    >>> from datetime import date
    >>> [site_quorum(n, day_rule(date(2026, 11, 23))) for n in (1, 2, 3, 4, 5, 10)]
    [1, 1, 2, 3, 4, 8]
    """
    share = rule.few_share if sites < rule.few_sites else rule.share
    return ceil(share * sites)


@cache
def _day_rule(ambient: AmbientAirRule, evaluation: EvaluationRule) -> DayRule:
    return DayRule(
        min_hours=ambient.validity.min_hours_day,
        min_hours_8h=ambient.validity.min_hours_8h,
        min_windows=evaluation.min_windows,
        max_8h_limit=ambient.limit("o3", Averaging.MAX_8H),
        places=evaluation.places,
        share=evaluation.share,
        few_sites=evaluation.few_sites,
        few_share=evaluation.few_share,
    )


def _window(hours: Sequence[Value], start: int, rule: DayRule) -> Fraction | None:
    valid = _valid(hours[start : start + WINDOW])
    return _mean(valid) if len(valid) >= rule.min_hours_8h else None


def _valid(values: Iterable[Value]) -> list[Decimal]:
    return [value for value in values if isinstance(value, Decimal)]


def _mean(values: Sequence[Decimal]) -> Fraction:
    return sum(map(Fraction, values), Fraction()) / len(values)
