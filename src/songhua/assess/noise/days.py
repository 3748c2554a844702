"""A station's samples as days: streamed hour by hour, a histogram a day and one a night."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from songhua.assess.noise.counts import EMPTY, LevelCounts, counted, energies, hundredths
from songhua.assess.noise.levels import ldn
from songhua.standards.noise_rules import NoiseRule

EPOCH = date(1970, 1, 1)
_DAY = 24
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Span:
    """A day or a night of a station.

    Parameters
    ----------
    leq
        Energy mean of its valid hours; None when too few are valid. [dB(A)]
    hours
        How many hours are valid.
    samples
        How many samples were heard, those of other hours too.
    l10, l50, l90, lmax, lmin, deviation
        Of all samples; None without one. [dB(A)]
    """

    leq: float | None
    hours: int
    samples: int
    l10: float | None = None
    l50: float | None = None
    l90: float | None = None
    lmax: float | None = None
    lmin: float | None = None
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class NoiseDay:
    """A day of a station: its day, the night that begins on it, and both together."""

    day: date
    daytime: Span
    night: Span
    ldn: float | None


@dataclass(slots=True)
class NoiseDays:
    """Hours of one station, added in any order; they give days.

    Parameters
    ----------
    step
        Seconds from a sample to the next.
    """

    rule: NoiseRule
    step: float
    _hours: dict[int, tuple[int, float]] = field(default_factory=dict)
    _spans: dict[tuple[int, str], LevelCounts] = field(default_factory=dict)

    def add(self, hour: int, levels: NDArray[np.floating]) -> None:
        """Add samples of one hour.

        Parameters
        ----------
        hour
            Hours since 1970-01-01 00:00 local time.
        levels
            NaN or impossible is no sample. Shape (sample,). [dB(A)]
        """
        codes = hundredths(levels)
        low, high = self.rule.lowest * 100, self.rule.highest * 100
        if codes.size and (codes.min() < low or codes.max() > high):
            codes = codes[(codes >= low) & (codes <= high)]
        if not codes.size:
            return
        found = counted(codes)
        n, energy = self._hours.get(hour, (0, 0.0))
        heard = float(found.counts @ energies(found.lowest, found.counts.size))
        self._hours[hour] = (n + found.samples, energy + heard)
        key = self._span_of(hour)
        self._spans[key] = self._spans.get(key, EMPTY) + found

    def hours(self) -> dict[int, float]:
        """Return the equivalent level of each valid hour, in dB(A)."""
        least = self.rule.hour_share * _HOUR_S / self.step
        return {
            hour: 10 * math.log10(energy / n)
            for hour, (n, energy) in sorted(self._hours.items())
            if n >= least
        }

    def days(self) -> Iterator[NoiseDay]:
        """Yield the days in order."""
        by_span: dict[tuple[int, str], list[float]] = {}
        for hour, level in self.hours().items():
            by_span.setdefault(self._span_of(hour), []).append(level)
        rule = self.rule
        for day in sorted({day for day, _ in self._spans}):
            needed = {"day": rule.hours_day, "night": rule.hours_night}
            parts = {
                period: _span(by_span.get((day, period), []), self._spans.get((day, period)), least)
                for period, least in needed.items()
            }
            light, dark = parts["day"], parts["night"]
            both = None
            if light.leq is not None and dark.leq is not None:
                both = ldn(
                    light.leq,
                    dark.leq,
                    hours_day=rule.night_from - rule.day_from,
                    penalty=rule.ldn_penalty,
                )
            yield NoiseDay(EPOCH + timedelta(days=day), light, dark, both)

    def _span_of(self, hour: int) -> tuple[int, str]:
        """Return to which day an hour belongs and whether it is day or night."""
        day, clock = divmod(hour, _DAY)
        return (day - 1 if clock < self.rule.day_from else day), self.rule.period_of(clock)


def _span(hours: list[float], counts: LevelCounts | None, least: int) -> Span:
    level = None
    if hours and len(hours) >= least:
        level = 10 * math.log10(math.fsum(10 ** (0.1 * one) for one in hours) / len(hours))
    if counts is None:
        return Span(level, len(hours), 0)
    l10, l50, l90 = counts.exceeded(10, 50, 90)
    lmin, lmax = counts.extremes()
    return Span(level, len(hours), counts.samples, l10, l50, l90, lmax, lmin, counts.deviation())


def days_of_array(
    levels: NDArray[np.floating], *, start_hour: int, step: float, rule: NoiseRule
) -> NoiseDays:
    """Return the days of an even series, which may be a file mapped into memory.

    Parameters
    ----------
    levels
        Shape (sample,). [dB(A)]
    start_hour
        The full hour of the first sample, since 1970-01-01 00:00 local time.
    step
        Seconds between samples; an hour holds a whole number of them.
    """
    each = round(_HOUR_S / step)
    found = NoiseDays(rule, step)
    for number, at in enumerate(range(0, len(levels), each)):
        found.add(start_hour + number, levels[at : at + each])
    return found
