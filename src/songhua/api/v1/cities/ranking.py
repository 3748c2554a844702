"""Cities and counties ranked, each beside the same period a year ago and the period before."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

import polars as pl

from songhua.api.v1.cities.when import PERIODS, When
from songhua.assess.air.ranking import on_previous, rank_by_good_days, year_on_year
from songhua.assess.rounding import exact, half_even_quotient, shifted
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import regions
from songhua.store import shelf

SCOPES = ("city", "county")
PLACE = {"composite": "rank", "good": "rank_good"}
"""What a ranking may go by, and the column that holds the place."""
ORDERS = tuple(PLACE)
POLLUTANTS = ("pm2_5", "pm10", "o3", "no2", "so2", "co")
"""The six in the order pages list them."""
STATISTIC = {"co": "co_p95", "o3": "o3_p90"}
"""Which statistic of a period stands for a pollutant; its mean where none is named."""
_COMPARED = ("subject", "time", "composite", "rank", "rank_good", "good_rate", "reason")
EVER = Period(datetime(2000, 1, 1, tzinfo=BEIJING), datetime(2100, 1, 1, tzinfo=BEIJING))

Summary = Mapping[str, Any]
Kind = Literal["month", "quarter", "year"]


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
        Places won in each order of ranking, negative where lost; None where the two rankings are
        not of the same regions.
    ranked
        How many regions had a rank then.
    reason
        Why the other period is incomplete; empty where it is not.
    """

    name: str
    composite: float | None
    rise: float | None
    good_rise: float | None
    places: Mapping[str, int | None]
    ranked: int
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """One region in a ranking.

    Parameters
    ----------
    rank
        None where there is no figure; equal figures share a rank.
    tied
        Whether another region has the same rank.
    good_share
        Days of levels 1 and 2 among the days with an AQI. [%]
    levels
        Days of each level, 1 to 6.
    year, before
        Against the same period a year ago (同比), and the one before (环比).
    reason
        Why the period is incomplete, as the shelf says it; empty where it is complete.
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
    """All regions of one scope in one period, best first; those without a figure come last.

    Parameters
    ----------
    known
        The periods the shelf has anything of, oldest first.
    summaries
        The rows of the shelf that it was made from: every period of every region.
    """

    scope: str
    when: When
    order: str
    rows: tuple[Row, ...]
    known: tuple[When, ...]
    summaries: pl.DataFrame


def ranking(*, scope: str, period: str, at: str, order: str, as_of: datetime | None) -> Ranking:
    """Return the ranking that a request asks for; without `at`, the newest that is complete.

    Raises
    ------
    BadInput
        If scope, period, its name or the order is unknown.
    """
    check_choice("scope", scope, SCOPES)
    check_choice("period", period, PERIODS)
    check_choice("by", order, ORDERS)
    asked = When.named(period, at) if at else None
    found = summaries(scope=scope, period=period, as_of=as_of)
    when = asked or newest(period, found)
    of_year, of_before = (
        _changes(found, when.year_ago(), when),
        _changes(found, when.before(), when),
    )
    place = PLACE[order]
    own = found.filter(pl.col("time") == when.start)
    shared = Counter(own[place])
    rows = [
        _row(row, row[place], shared, of_year[row["subject"]], of_before[row["subject"]])
        for row in own.to_dicts()
    ]
    rows.sort(key=lambda row: (row.rank is None, row.rank or 0, bool(row.reason), row.code))
    known = tuple(When.starting(period, start) for start in found["time"].unique().sort())
    return Ranking(scope, when, order, tuple(rows), known, found)


def summaries(*, scope: str, period: str, as_of: datetime | None) -> pl.DataFrame:
    """Return every summary of a scope and kind of period, with the share and rank of good days."""
    found = shelf().air_summary(
        period=period, scope=scope, span=EVER, subjects=provincial(scope), as_of=as_of
    )
    return rank_by_good_days(found.with_columns(good_rate=good_share()))


def provincial(scope: str) -> list[str]:
    """Return the codes of the province's own cities or counties."""
    return [region.code for region in regions().values() if region.level == scope]


def good_share() -> pl.Expr:
    """Return the share of good days, levels 1 and 2, among the days with an index."""
    good, valid = (pl.col(name).cast(pl.Int64) for name in ("good_days", "valid_days"))
    return pl.when(valid > 0).then(shifted(half_even_quotient(good * 1000, valid), 1))


def newest(period: str, found: pl.DataFrame) -> When:
    """Return the newest period that is complete somewhere, else the newest, else today's."""
    complete = found.filter((pl.col("reason") == "") & pl.col("composite").is_not_null())
    last = (complete if complete.height else found)["time"].max()
    if isinstance(last, datetime):
        return When.starting(period, last)
    return When.holding(period, datetime.now(UTC).astimezone(BEIJING).date())


def check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise `BadInput` unless a parameter has one of its known values."""
    if value not in known:
        words = "、".join(known)
        raise BadInput(
            f"{name} 只能是 {words}，不能是“{value[:20]}”。",
            f"{name} must be one of {', '.join(known)}, not “{value[:20]}”.",
        )


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


def _changes(found: pl.DataFrame, other: When, when: When) -> dict[str, Change]:
    """Return what became of each region's figures between two periods."""
    both = found.filter(pl.col("time").is_in([other.start, when.start])).select(_COMPARED)
    if other == when.year_ago():
        beside = year_on_year(both)
    else:
        beside = on_previous(both, period=cast("Kind", when.period))
    then = {row["subject"]: row for row in both.filter(pl.col("time") == other.start).to_dicts()}
    now = beside.filter(pl.col("time") == when.start).to_dicts()
    alike = {row["subject"] for row in now if row["rank"]} == {
        code for code, row in then.items() if row["rank"]
    }
    ranked = sum(1 for row in then.values() if row["rank"])
    return {row["subject"]: _change(row, then, other, ranked, alike=alike) for row in now}


def _change(
    row: Summary, others: Mapping[str, Summary], other: When, ranked: int, *, alike: bool
) -> Change:
    then = others.get(row["subject"])
    if then is None:
        return Change(other.name, None, None, None, dict.fromkeys(ORDERS), ranked, "")
    shares = row["good_rate"], then["good_rate"]
    return Change(
        name=other.name,
        composite=then["composite"],
        rise=row["change_composite"],
        good_rise=None if None in shares else float(exact(shares[0]) - exact(shares[1])),
        places={
            order: _won(row[place], then[place]) if alike else None
            for order, place in PLACE.items()
        },
        ranked=ranked,
        reason=then["reason"],
    )


def _won(now: int | None, then: int | None) -> int | None:
    return None if now is None or then is None else then - now


def _row(
    row: Summary, place: int | None, shared: Counter[int | None], year: Change, before: Change
) -> Row:
    zh, en = named(row["subject"])
    return Row(
        code=row["subject"],
        zh=zh,
        en=en,
        rank=place,
        tied=place is not None and shared[place] > 1,
        composite=row["composite"],
        largest=row["largest"],
        parts=parts(row),
        days=row["days"],
        valid_days=row["valid_days"],
        good_days=row["good_days"],
        good_share=row["good_rate"],
        levels=tuple(row[f"level_{number}"] for number in range(1, 7)),
        year=year,
        before=before,
        edition=row["edition"],
        reason=row["reason"],
        revision=row["revision"],
        cause=row["cause"],
        computed_at=row["computed_at"],
    )


def named(code: str) -> tuple[str, str]:
    """Return a region's short names; the code itself where no register holds it."""
    region = regions().get(code)
    return (region.short_zh, region.name_en) if region else (code, code)
