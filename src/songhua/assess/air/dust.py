"""Sand and dust (沙尘): which hours may be deducted, and the deduction itself.

People decide what is deducted; `dust_candidates` only proposes. Deducted hours of PM10 and PM2.5
leave the means and the composite index; the ratio of good days keeps them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl

from songhua.assess.air.events import Exclusion
from songhua.assess.air.statistics_columns import subject_column
from songhua.assess.rounding import exact
from songhua.model import BEIJING
from songhua.standards import DustRule, dust_rule

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DustSpan:
    """A span that looks like sand and dust.

    Parameters
    ----------
    start, end
        From the first hour of it up to, not including, the hour that is back to normal.
    before
        Mean PM10 of the hours before the start. [µg/m³]
    peak
        Highest PM10 within. [µg/m³]
    over
        False where the data end before the air is back to normal.
    """

    start: datetime
    end: datetime
    before: Fraction
    peak: Decimal
    over: bool


def dust_spans(hours: Mapping[datetime, tuple[Decimal, Decimal]], rule: DustRule) -> list[DustSpan]:
    """Return the spans of one place that look like sand and dust.

    Parameters
    ----------
    hours
        Start of the hour → PM10 and PM2.5; hours without both are absent. [µg/m³]

    Notes
    -----
    A span starts where PM10 is above the floor and has risen to the given multiple of its mean
    over the hours before, while the share of PM2.5 in it has fallen to the given part of its
    mean over the same hours; all of these hours must be there. It ends with the first hour
    whose PM10 is back near the mean before the start. Hours without data inside belong to it.

    References
    ----------
    环办监测〔2016〕120号; the criteria are from memory and set by the rule.
    """
    spans: list[DustSpan] = []
    for time in sorted(hours):
        if (spans and time < spans[-1].end) or not _starts(hours, time, rule):
            continue
        spans.append(_span(hours, time, rule))
    return spans


def dust_candidates(hours: pl.DataFrame) -> pl.DataFrame:
    """Return the spans of all sites that look like sand and dust.

    Parameters
    ----------
    hours
        ``site`` (or ``subject``, ``region``), ``time`` (start of the hour), ``pm10``, ``pm2_5``.
        [µg/m³]

    Returns
    -------
    DataFrame
        The subject column, ``start``, ``end``, ``before`` and ``peak`` (PM10) [µg/m³], ``over``
        (false where the data end first); by subject and start.
    """
    key = subject_column(hours)
    found = []
    complete = hours.filter(pl.col("pm10").is_finite(), pl.col("pm2_5").is_finite())
    for (subject,), part in complete.sort(key, "time").group_by(key, maintain_order=True):
        rule = dust_rule(on=part["time"][0].astimezone(BEIJING).date())
        # Most places see none: no need to walk through their hours.
        if part.select((pl.col("pm10") > float(rule.floor)).any()).item():
            rows = part.select("time", "pm10", "pm2_5").iter_rows()
            known = {time: (exact(coarse), exact(fine)) for time, coarse, fine in rows}
            found += [(subject, span) for span in dust_spans(known, rule)]
    return pl.DataFrame(
        {
            key: [subject for subject, _ in found],
            "start": [span.start for _, span in found],
            "end": [span.end for _, span in found],
            "before": [float(span.before) for _, span in found],
            "peak": [float(span.peak) for _, span in found],
            "over": [span.over for _, span in found],
        },
        schema={
            key: hours.schema[key],
            "start": pl.Datetime("us", "UTC"),
            "end": pl.Datetime("us", "UTC"),
            "before": pl.Float64,
            "peak": pl.Float64,
            "over": pl.Boolean,
        },
    )


def dust_exclusion(subject: str, start: datetime, end: datetime, *, record: str) -> Exclusion:
    """Return what a decided dust period excludes: PM10 and PM2.5 of its hours."""
    rule = dust_rule(on=start.astimezone(BEIJING).date())
    return Exclusion(subject, start, end, rule.quantities, record)


def _starts(
    hours: Mapping[datetime, tuple[Decimal, Decimal]], time: datetime, rule: DustRule
) -> bool:
    before = _before(hours, time, rule)
    coarse, fine = map(Fraction, hours[time])
    if before is None or coarse <= rule.floor:
        return False
    shares = [Fraction(b) / Fraction(a) for a, b in before if a > 0]
    return (
        coarse >= Fraction(rule.rise) * _mean_coarse(before)
        and len(shares) == len(before)
        and fine / coarse <= Fraction(rule.ratio) * sum(shares, Fraction()) / len(shares)
    )


def _span(
    hours: Mapping[datetime, tuple[Decimal, Decimal]], start: datetime, rule: DustRule
) -> DustSpan:
    before = _mean_coarse(_before(hours, start, rule) or [])
    calm = before * (1 + Fraction(rule.back_within))
    later = sorted(time for time in hours if time > start)
    end = next((time for time in later if hours[time][0] <= calm), None)
    inside = [start, *(time for time in later if end is None or time < end)]
    return DustSpan(
        start=start,
        end=end or inside[-1] + _HOUR,
        before=before,
        peak=max(hours[time][0] for time in inside),
        over=end is not None,
    )


def _before(
    hours: Mapping[datetime, tuple[Decimal, Decimal]], time: datetime, rule: DustRule
) -> list[tuple[Decimal, Decimal]] | None:
    times = [time - lag * _HOUR for lag in range(1, rule.hours_before + 1)]
    return [hours[one] for one in times] if all(one in hours for one in times) else None


def _mean_coarse(hours: Sequence[tuple[Decimal, Decimal]]) -> Fraction:
    return sum((Fraction(coarse) for coarse, _ in hours), Fraction()) / len(hours)
