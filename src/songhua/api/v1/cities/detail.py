"""One city or county in one period: its figures, its bad days, its course."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from songhua.api.v1.cities.calendar import Line, line_of
from songhua.api.v1.cities.history import Turn, turns
from songhua.api.v1.cities.ranking import Ranking, Row, Summary, ranking
from songhua.api.v1.cities.when import When
from songhua.assess.air.statistics import figure_name
from songhua.assess.air.yearly import Finding, findings, meets, three_year_means
from songhua.assess.rounding import exact
from songhua.model import UnknownName
from songhua.standards import Region, ambient_air_rule, evaluation_rule, ranking_rule, regions


@dataclass(frozen=True, slots=True)
class Point:
    """One period of a region's course."""

    when: When
    composite: float | None
    good_share: float | None
    rank: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Detail:
    """All there is to say of one region in one period.

    Parameters
    ----------
    findings
        Every evaluated figure of HJ 663 beside its class 2 limit; only years are held to it.
    meets
        Whether a year meets the standard (达标); None for other periods and where unknown.
    moving
        Figure → mean of three years (三年滑动平均), None where one of them is missing; empty
        where the edition knows none.
    """

    region: Region
    scope: str
    when: When
    row: Row
    regions_ranked: int
    findings: tuple[Finding, ...]
    meets: bool | None
    moving: Mapping[str, float | None]
    edition: str
    limits_edition: str
    ranking_edition: str
    days: Line
    course: tuple[Point, ...]
    turns: tuple[Turn, ...]


def detail(
    *, code: str, period: str, at: str, as_of: datetime | None, among: Ranking | None = None
) -> Detail | None:
    """Return one region in one period; None where the shelf has nothing of it then.

    Raises
    ------
    UnknownName
        If no register holds the region.
    BadInput
        If the period is unknown or its name does not fit.
    """
    region = region_named(code)
    scope = region.level
    table = among or ranking(scope=scope, period=period, at=at, order="composite", as_of=as_of)
    row = next((row for row in table.rows if row.code == code), None)
    if row is None:
        return None
    when = table.when
    mine = table.summaries.filter(pl.col("subject") == code)
    own = mine.filter(pl.col("time") == when.start).row(0, named=True)
    found = _findings(own, when)
    return Detail(
        region=region,
        scope=scope,
        when=when,
        row=row,
        regions_ranked=sum(1 for other in table.rows if other.rank is not None),
        findings=found,
        meets=meets(list(found)) if when.period == "year" else None,
        moving=_moving(mine, when),
        edition=evaluation_rule(on=when.last).edition,
        limits_edition=ambient_air_rule(on=when.last).edition,
        ranking_edition=ranking_rule(on=when.last).edition,
        days=line_of(code, scope=scope, when=when, as_of=as_of),
        course=_course(mine, period),
        turns=tuple(turns(scope=scope, code=code, when=when, as_of=as_of)),
    )


def region_named(code: str) -> Region:
    """Return a region of the province, or raise `UnknownName`."""
    region = regions().get(code)
    if region is None or region.level not in {"city", "county"}:
        raise UnknownName("地区", "region", code[:20])
    return region


def _findings(own: Summary, when: When) -> tuple[Finding, ...]:
    rule, limits = evaluation_rule(on=when.last), ambient_air_rule(on=when.last)
    names = (figure_name(item.quantity, item.percentile) for item in rule.yearly)
    figures = {name: None if own[name] is None else exact(own[name]) for name in names}
    return tuple(findings(figures, rule, limits))


def _moving(mine: pl.DataFrame, when: When) -> dict[str, float | None]:
    rule = evaluation_rule(on=when.last)
    if when.period != "year" or rule.moving_mean_years is None:
        return {}
    means = three_year_means(mine).filter(pl.col("time") == when.start)
    names = [figure_name(item.quantity, item.percentile) for item in rule.yearly]
    return {name: means[name][0] for name in names} if means.height else dict.fromkeys(names)


def _course(mine: pl.DataFrame, period: str) -> tuple[Point, ...]:
    return tuple(
        Point(
            When.starting(period, row["time"]),
            row["composite"],
            row["good_rate"],
            row["rank"],
            row["reason"],
        )
        for row in mine.sort("time").to_dicts()
    )
