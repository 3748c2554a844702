"""Whether a figure of each region rises or falls over the periods on the shelf."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from songhua.api.v1.cities.ranking import SCOPES, check_choice, named, summaries
from songhua.api.v1.cities.when import PERIODS, When
from songhua.assess.air.trend import FEWEST, Trend, trend
from songhua.assess.rounding import exact
from songhua.standards import evaluation_rule

FIGURES = ("composite", "pm2_5", "pm10", "o3_p90", "no2", "so2", "co_p95", "good_rate")
"""What a trend may be asked of: columns of a summary."""


@dataclass(frozen=True, slots=True)
class Course:
    """One region's figure over time and what the test says of it.

    Parameters
    ----------
    values
        One a period of `Trends.whens`; None where it has none or is incomplete.
    trend
        None with fewer than five values.
    complete, incomplete
        How many values stand on a complete period, and how many on an incomplete one.
    """

    code: str
    zh: str
    en: str
    values: tuple[float | None, ...]
    trend: Trend | None
    complete: int
    incomplete: int

    @property
    def newest(self) -> float | None:
        """Its newest value."""
        return next((value for value in reversed(self.values) if value is not None), None)


@dataclass(frozen=True, slots=True)
class Trends:
    """One figure of every region."""

    scope: str
    period: str
    figure: str
    whens: tuple[When, ...]
    courses: tuple[Course, ...]
    fewest: int
    edition: str


def trends(*, scope: str, period: str, figure: str, as_of: datetime | None) -> Trends:
    """Return the trend of a figure for every region of a scope.

    Only complete periods enter the test.

    Raises
    ------
    BadInput
        If scope, period or figure is unknown.
    """
    check_choice("scope", scope, SCOPES)
    check_choice("period", period, PERIODS)
    check_choice("figure", figure, FIGURES)
    found = summaries(scope=scope, period=period, as_of=as_of)
    starts = found["time"].unique().sort().to_list()
    whens = tuple(When.starting(period, start) for start in starts)
    newest = whens[-1] if whens else When.named("year", "2026")
    rule = evaluation_rule(on=newest.last)
    courses = []
    for (code,), own in found.sort("subject", "time").group_by(["subject"], maintain_order=True):
        rows = {row["time"]: row for row in own.select("time", "reason", figure).to_dicts()}
        whole = {start: row[figure] for start, row in rows.items() if not row["reason"]}
        values = [whole.get(start) for start in starts]
        known = [value for value in values if value is not None]
        part = own.filter((pl.col("reason") != "") & pl.col(figure).is_not_null()).height
        zh, en = named(str(code))
        judged = trend([exact(value) for value in known], rule)
        courses.append(Course(str(code), zh, en, tuple(values), judged, len(known), part))
    return Trends(scope, period, figure, whens, tuple(courses), FEWEST, rule.edition)
