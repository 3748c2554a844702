"""Main pollution indicators (主要污染指标) of sections, with their excess multiples."""

import polars as pl

from songhua.assess.rounding import NANO, half_even_quotient, nano
from songhua.assess.water.columns import items_of, value_of
from songhua.standards import SurfaceWaterRule, WaterBody


def main_indicators(classed: pl.DataFrame, rule: SurfaceWaterRule, *, mode: str) -> pl.DataFrame:
    """Return classified rows with ``main_indicators``, such as ``cod_mn(1.0)+nh3_n(0.8)``.

    Items worse than class III: cyanide and heavy metals first, then the worst class, then the
    largest multiple; at most three. An item without a multiple (pH, DO) comes after those of its
    class that have one. Null where the section is class III or better.

    Parameters
    ----------
    classed
        As `section_columns` gives it.

    References
    ----------
    环办〔2011〕22号: multiple = (C − C_III) / C_III, one decimal.
    """
    rows = classed.with_row_index("_row")
    bad = rows.filter(pl.col("class") > rule.exceeds_class)
    items = [key for key in items_of(mode, rule) if f"class_{key}" in classed.columns]
    parts = [_exceeding(bad, key, order, rule, mode) for order, key in enumerate(items)]
    if not parts or bad.is_empty():
        return classed.with_columns(main_indicators=pl.lit(None, pl.String))
    named = (
        pl.concat(parts)
        .sort(
            ["_row", "first", "class", "multiple", "order"],
            descending=[False, True, True, True, False],
            nulls_last=True,
        )
        .group_by("_row", maintain_order=True)
        .agg(pl.col("name").head(rule.named).str.join("+").alias("main_indicators"))
    )
    return rows.join(named, on="_row", how="left", maintain_order="left").drop("_row")


def _exceeding(
    bad: pl.DataFrame, key: str, order: int, rule: SurfaceWaterRule, mode: str
) -> pl.DataFrame:
    value = value_of(key, rule, rounded=mode == "monthly")
    rows = bad.filter(pl.col(f"class_{key}") > rule.exceeds_class)
    tenths = None if key in rule.no_multiple else _multiple(value, key, rule)
    shown = pl.lit(key)
    if tenths is not None:
        unit = 10**rule.multiple_places
        whole, rest = (tenths // unit).cast(pl.String), (tenths % unit).cast(pl.String)
        shown = pl.concat_str(
            pl.lit(f"{key}("), whole, pl.lit("."), rest.str.zfill(rule.multiple_places), pl.lit(")")
        )
    exact = None if tenths is None else _excess(value, key, rule)
    return rows.select(
        "_row",
        first=pl.lit(key in rule.first),
        **{"class": pl.col(f"class_{key}")},
        multiple=pl.lit(None, pl.Float64) if exact is None else exact,
        order=pl.lit(order),
        name=shown,
    )


def _limit(key: str, rule: SurfaceWaterRule) -> tuple[float, float]:
    at = rule.exceeds_class - 1
    river, lake = (float(rule.limits[key, body].limits[at]) for body in WaterBody)
    return river, lake


def _of_body(key: str, rule: SurfaceWaterRule) -> pl.Expr:
    river, lake = _limit(key, rule)
    is_lake = pl.col("water_body") == WaterBody.LAKE.value
    return pl.when(is_lake).then(pl.lit(lake)).otherwise(pl.lit(river))


def _excess(value: pl.Expr, key: str, rule: SurfaceWaterRule) -> pl.Expr:
    return value / _of_body(key, rule) - 1


def _multiple(value: pl.Expr, key: str, rule: SurfaceWaterRule) -> pl.Expr:
    """Return the multiple in whole last places, half to even on the exact decimals."""
    limit = nano(_of_body(key, rule))
    # Beyond some 10⁸ mg/L ten times the billionths no longer fit; no water is there.
    value = nano(value.clip(upper_bound=NANO / 20))
    return half_even_quotient((value - limit) * 10**rule.multiple_places, limit)
