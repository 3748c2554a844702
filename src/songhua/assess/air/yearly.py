"""Does a year meet the standard (达标), and the moving mean of three years."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import polars as pl

from songhua.assess.air.doors import any_frame
from songhua.assess.air.statistics import exceed_multiple, figure_name, quantity_of
from songhua.assess.air.statistics_columns import MEANS, PERCENTILES, subject_column
from songhua.assess.rounding import NANO, exact, half_even, half_even_quotient, nano, shifted
from songhua.standards import AmbientAirRule, EvaluationRule, ambient_air_rule, evaluation_rule

_BEIJING = timedelta(hours=8)  # no summer time since 1992


@dataclass(frozen=True, slots=True)
class Finding:
    """One statistic of a year beside its class 2 limit.

    Parameters
    ----------
    statistic
        ``so2``, ``so2_p98`` …
    value
        As published; None where the year has none. [µg/m³; mg/m³ for CO]
    limit
        A value on the limit meets it. [same]
    multiple
        By how many times the limit is exceeded (超标倍数); None where it is met. [unitless]
    """

    statistic: str
    value: Decimal | None
    limit: Decimal
    multiple: Decimal | None

    @property
    def meets(self) -> bool | None:
        """Whether the limit is met; None where there is no value."""
        return None if self.value is None else self.multiple is None


def findings(
    figures: Mapping[str, Decimal | None], evaluation: EvaluationRule, ambient: AmbientAirRule
) -> list[Finding]:
    """Return every listed statistic of a year beside its limit.

    Parameters
    ----------
    figures
        Statistic (``so2``, ``so2_p98`` …) → published figure of the year.

    References
    ----------
    HJ 663—2013, table 1: each statistic at or below the class 2 limit of its averaging time.
    """
    found = []
    for item in evaluation.yearly:
        name = figure_name(item.quantity, item.percentile)
        limit, value = ambient.limit(item.quantity, item.averaging), figures.get(name)
        places = evaluation.exceed_multiple_places
        over = None if value is None else exceed_multiple(value, limit, places=places)
        found.append(Finding(name, value, limit, over))
    return found


def meets(found: list[Finding]) -> bool | None:
    """Return whether a year meets the standard: one figure above its limit is enough to fail.

    None where none is above but one is missing.
    """
    if any(one.meets is False for one in found):
        return False
    return None if any(one.meets is None for one in found) else True


@any_frame
def compliance(years: pl.DataFrame) -> pl.DataFrame:
    """Return every listed statistic of each year beside its class 2 limit (年评价).

    Parameters
    ----------
    years
        ``year`` rows of `period_statistics`.

    Returns
    -------
    DataFrame
        The subject column, ``time``, ``statistic``, ``value``, ``limit`` [µg/m³; mg/m³ for CO],
        ``meets`` (null where there is no value), ``multiple`` (null where met), ``edition`` (of
        GB 3095), ``year_meets`` and ``reason`` (why the year is not valid; empty where it is).

    Notes
    -----
    The limits are those in force on the last day of the year.
    """
    key = subject_column(years)
    rows = []
    for year in years.iter_rows(named=True):
        last = date((year["time"] + _BEIJING).year, 12, 31)
        ambient = ambient_air_rule(on=last)
        figures = {
            name: None if year[name] is None else exact(year[name])
            for name in (*MEANS, *PERCENTILES)
        }
        found = findings(figures, evaluation_rule(on=last), ambient)
        rows += [
            {
                key: year[key],
                "time": year["time"],
                "statistic": one.statistic,
                "value": year[one.statistic],
                "limit": float(one.limit),
                "meets": one.meets,
                "multiple": None if one.multiple is None else float(one.multiple),
                "edition": ambient.edition,
                "year_meets": meets(found),
                "reason": year["reason"],
            }
            for one in found
        ]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        key: years.schema[key],
        "time": years.schema["time"],
        "statistic": pl.String,
        "value": pl.Float64,
        "limit": pl.Float64,
        "meets": pl.Boolean,
        "multiple": pl.Float64,
        "edition": pl.String,
        "year_meets": pl.Boolean,
        "reason": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def moving_mean(figures: list[Decimal | None], *, places: int) -> Decimal | None:
    """Return the mean of the yearly figures of consecutive years; None where one is missing.

    >>> moving_mean([Decimal(31), Decimal(28), Decimal(27)], places=0)
    Decimal('29')
    """
    known = [Fraction(figure) for figure in figures if figure is not None]
    if not figures or len(known) < len(figures):
        return None
    return half_even(sum(known, Fraction()) / len(known), places)


@any_frame
def three_year_means(years: pl.DataFrame) -> pl.DataFrame:
    """Return the moving means (三年滑动平均) of the years whose edition knows them.

    Parameters
    ----------
    years
        ``year`` rows of `period_statistics`, the two years before included.

    Returns
    -------
    DataFrame
        The subject column, ``time`` (start of the last of the three years), the means and
        percentiles, null where one of the three years has none, and ``reason``: that of the
        first of the three that is not valid.

    References
    ----------
    HJ 663—2026. That it has a three-year moving mean is verified; that it is the arithmetic mean
    of three published yearly figures is not.
    """
    key = subject_column(years)
    names = [*MEANS, *PERCENTILES]
    table = years.select(key, "time", *names, "reason", year=(pl.col("time") + _BEIJING).dt.year())
    parts = [table.select(key, "time", "year").clear()]
    for year in table["year"].unique():
        rule = evaluation_rule(on=date(year, 12, 31))
        if rule.moving_mean_years is None:
            continue
        three = table.filter(pl.col("year").is_between(year - rule.moving_mean_years + 1, year))
        parts.append(_moving_means(three, key, year, rule.moving_mean_years, rule))
    return pl.concat(parts, how="diagonal").sort("time", key).drop("year")


def _moving_means(
    table: pl.DataFrame, key: str, year: int, count: int, rule: EvaluationRule
) -> pl.DataFrame:
    names = [*MEANS, *PERCENTILES]
    reason = pl.col("reason").filter(pl.col("reason") != "").first()
    return (
        table.sort("year")
        .group_by(key)
        .agg(
            pl.col("time", "year").last(),
            *(_moving_mean(name, count, rule) for name in names),
            reason.fill_null("").alias("reason"),
        )
        .filter(pl.col("year") == year)
    )


def _moving_mean(name: str, count: int, rule: EvaluationRule) -> pl.Expr:
    places = rule.places[quantity_of(name)]
    column = pl.col(name)
    whole = half_even_quotient(nano(column).sum() * 10**places, count * NANO)
    return pl.when(column.count() == count).then(shifted(whole, places)).alias(name)
