"""Cities and counties ranked, each beside the same period a year ago and the period before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from songhua.api.v1.cities.when import When
from songhua.assess.rounding import exact, half_even
from songhua.model import BEIJING, BadInput, NoRuleInForce, Period
from songhua.standards import evaluation_rule, regions
from songhua.store import shelf

SCOPES = ("city", "county")
ORDERS = ("composite", "good")
POLLUTANTS = ("pm2_5", "pm10", "o3", "no2", "so2", "co")
"""The six in the order pages list them."""
STATISTIC = {"co": "co_p95", "o3": "o3_p90"}
"""Which statistic of a period stands for a pollutant; its mean where none is named."""
EVER = Period(datetime(2000, 1, 1, tzinfo=BEIJING), datetime(2100, 1, 1, tzinfo=BEIJING))

Summary = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """One pollutant's share of a composite index (综合指数).

    Parameters
    ----------
    value
        Mean or percentile of the period. [µg/m³; mg/m³ for CO]
    index
        Single index (单项指数). [unitless]
    """

    pollutant: str
    value: float | None
    index: float | None
    largest: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a figure since another period; None where either is missing.

    Parameters
    ----------
    composite
        The other period's composite index.
    rise
        Rise of the composite index. [%]
    good_rise
        Rise of the share of good days. [percentage points]
    places
        Places won in the ranking; negative where lost.
    """

    name: str
    composite: float | None
    rise: float | None
    good_rise: float | None
    places: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One region in a ranking.

    Parameters
    ----------
    rank
        None where the period has no valid figure; equal figures share a rank.
    tied
        Whether another region has the same rank.
    good_share
        Days of levels 1 and 2 among the days with an AQI. [%]
    levels
        Days of each level, 1 to 6.
    year, before
        Against the same period a year ago (同比), and the one before (环比).
    reason
        Why there is no index, as the shelf says it; empty where there is one.
    """

    code: str
    zh: str
    en: str
    rank: int | None
    tied: bool
    composite: float | None
    largest: str
    parts: tuple[Part, ...]
    days: int
    valid_days: int
    good_days: int
    good_share: float | None
    levels: tuple[int, ...]
    year: Change
    before: Change
    edition: str
    reason: str
    revision: int
    cause: int
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class Ranking:
    """All regions of one scope in one period, best first; those without a figure come last."""

    scope: str
    when: When
    order: str
    rows: tuple[Row, ...]
    known: tuple[When, ...]


def ranking(*, scope: str, period: str, at: str, order: str, as_of: datetime | None) -> Ranking:
    """Return the ranking that a request asks for; without `at`, the newest that ranks anyone.

    Raises
    ------
    BadInput
        If scope, period, its name or the order is unknown.
    """
    check_choice("scope", scope, SCOPES)
    check_choice("by", order, ORDERS)
    asked = When.named(period, at) if at else None
    summaries = shelf().air_summary(period=period, scope=scope, span=EVER, as_of=as_of)
    when = asked or newest(period, summaries)
    tables = {step: _table(summaries, step, order) for step in (when, when.before(), when.year_ago())}
    rows = [_row(code, tables, when) for code in tables[when]]
    rows.sort(key=lambda row: (row.rank is None, row.rank or 0, -row.valid_days, row.code))
    starts = summaries["time"].unique().sort()
    known = tuple(When.starting(period, start) for start in starts)
    return Ranking(scope, when, order, tuple(rows), known)


def newest(period: str, summaries: pl.DataFrame) -> When:
    """Return the newest period that ranks anyone, else the newest with any row, else this one."""
    ranked = summaries.filter(pl.col("rank") > 0)
    found = (ranked if ranked.height else summaries)["time"].max()
    if isinstance(found, datetime):
        return When.starting(period, found)
    return When.holding(period, datetime.now(UTC).astimezone(BEIJING).date())


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise `BadInput` unless a parameter has one of its known values."""
    if value not in known:
        words = "、".join(known)
        raise BadInput(
            f"{name} 只能是 {words}，不能是“{value[:20]}”。",
            f"{name} must be one of {', '.join(known)}, not “{value[:20]}”.",
        )


def share(good: int, valid: int, on: date) -> float | None:
    """Return the share of good days with the decimals HJ 663 gives a rate. [%]"""
    return float(half_even(Decimal(100 * good) / valid, _rate_places(on))) if valid else None


def rise(now: float | None, then: float | None, on: date) -> float | None:
    """Return how much a figure rose, with the decimals of a rate. [%]

    >>> rise(4.5, 5.0, date(2015, 1, 31))
    -10.0
    """
    if now is None or not then:
        return None
    return float(half_even(100 * (exact(now) - exact(then)) / exact(then), _rate_places(on)))


def parts(summary: Summary) -> tuple[Part, ...]:
    """Return the six parts of a composite index."""
    largest = str(summary["largest"] or "").split("+")
    return tuple(
        Part(
            pollutant,
            summary[STATISTIC.get(pollutant, pollutant)],
            summary[f"index_{pollutant}"],
            pollutant in largest,
        )
        for pollutant in POLLUTANTS
    )


def _rate_places(on: date) -> int:
    try:
        return evaluation_rule(on=on).rate_places
    except NoRuleInForce:
        return 1


def _table(summaries: pl.DataFrame, when: When, order: str) -> dict[str, dict[str, Any]]:
    """Return the summaries of one period by region, with `place`: the rank in the order asked."""
    rows = summaries.filter(pl.col("time") == when.span.start).with_columns(
        good=pl.col("good_days") / pl.when(pl.col("valid_days") > 0).then("valid_days")
    )
    place = pl.when(pl.col("rank") > 0).then(pl.col("rank").cast(pl.Int64))
    if order == "good":
        ranked = pl.when(pl.col("rank") > 0).then("good")  # an incomplete period is not ranked
        place = ranked.rank("min", descending=True).cast(pl.Int64)
    return {row["subject"]: row for row in rows.with_columns(place=place).to_dicts()}


def _row(code: str, tables: Mapping[When, Mapping[str, Summary]], when: When) -> Row:
    own = tables[when][code]
    places = Counter(row["place"] for row in tables[when].values())
    last = when.last
    zh, en = named(code)
    return Row(
        code=code,
        zh=zh,
        en=en,
        rank=own["place"],
        tied=own["place"] is not None and places[own["place"]] > 1,
        composite=own["composite"],
        largest=own["largest"] or "",
        parts=parts(own),
        days=own["days"],
        valid_days=own["valid_days"],
        good_days=own["good_days"],
        good_share=share(own["good_days"], own["valid_days"], last),
        levels=tuple(own[f"level_{number}"] for number in range(1, 7)),
        year=_change(own, tables[when.year_ago()].get(code), when.year_ago(), last),
        before=_change(own, tables[when.before()].get(code), when.before(), last),
        edition=own["edition"] or "",
        reason=own["reason"] or "",
        revision=own["revision"],
        cause=own["cause"],
        computed_at=own["computed_at"],
    )


def _change(own: Summary, other: Summary | None, when: When, on: date) -> Change:
    if other is None:
        return Change(when.name, None, None, None, None)
    now, then = (share(row["good_days"], row["valid_days"], on) for row in (own, other))
    ranks = own["place"], other["place"]
    return Change(
        name=when.name,
        composite=other["composite"],
        rise=rise(own["composite"], other["composite"], on),
        good_rise=None if now is None or then is None else float(exact(now) - exact(then)),
        places=None if None in ranks else ranks[1] - ranks[0],
    )


def named(code: str) -> tuple[str, str]:
    """Return a region's short names; the code itself where no register holds it."""
    for region in regions():
        if region.code == code:
            return region.short_zh, region.name_en
    return code, code
