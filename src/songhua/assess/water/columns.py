"""Classes of items and sections, column by column; bounded by the frame it is given."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from songhua.assess.rounding import NANO, half_even_quotient, nano, shifted
from songhua.model import BadInput
from songhua.standards import SurfaceWaterRule, WaterBody, surface_water_rule

MODES = ("realtime", "monthly")
RESULTS = ("edition", "class", "wording", "main_indicators")
_CLASS = pl.UInt8
_INFERIOR = 6


def section_columns(
    frame: pl.DataFrame | pl.LazyFrame, *, mode: str, rule: SurfaceWaterRule | None = None
) -> pl.LazyFrame:
    """Return the frame with the class of each section at each time.

    Parameters
    ----------
    frame
        ``water_body`` (``river`` or ``lake``) and any of the assessed items by key; null or NaN
        where there is no value. [units of the quantity table]
    mode
        ``realtime``: the five automatic items, as they are; ``monthly``: the 21 items, rounded
        first.
    rule
        Of the day measured; without one: of today's edition, the only one since 2002.

    Returns
    -------
    LazyFrame
        With ``class_<item>`` of each item given, ``class`` 1–6 (6: inferior V, 劣Ⅴ; null without
        an item or a known water body), ``wording`` and ``edition``.

    References
    ----------
    GB 3838—2002, table 1; 环办〔2011〕22号: the worst item decides, TN and faecal coliforms
    never.
    """
    rule = rule or surface_water_rule(on=date.max)
    lazy = frame.lazy()
    given = set(lazy.collect_schema().names())
    if "water_body" not in given:
        raise BadInput("缺少 water_body 列。", "There is no column water_body.")
    items = [key for key in items_of(mode, rule) if key in given]
    known = pl.col("water_body").is_in([body.value for body in WaterBody])
    words = {grade.number: grade.wording_zh for grade in rule.grades}
    classes = [item_class(key, rule, rounded=mode == "monthly") for key in items]
    worst = pl.max_horizontal(*(f"class_{key}" for key in items)) if items else pl.lit(None, _CLASS)
    return (
        lazy.with_columns(classes)
        .with_columns(pl.when(known).then(worst).alias("class"))
        .with_columns(
            pl.col("class")
            .replace_strict(words, default=None, return_dtype=pl.String)
            .alias("wording"),
            pl.when(pl.col("class").is_not_null()).then(pl.lit(rule.edition)).alias("edition"),
        )
    )


def items_of(mode: str, rule: SurfaceWaterRule) -> tuple[str, ...]:
    """Return the items that enter the class.

    Raises
    ------
    BadInput
        If the mode is unknown.
    """
    if mode not in MODES:
        raise BadInput("mode 只能是 realtime 或 monthly。", "mode must be realtime or monthly.")
    return rule.automatic if mode == "realtime" else rule.assessed


def item_class(key: str, rule: SurfaceWaterRule, *, rounded: bool) -> pl.Expr:
    """Return the class of one item as ``class_<item>``; TP of lakes has limits of its own."""
    value = value_of(key, rule, rounded=rounded)
    of_river, of_lake = (_class(value, key, body, rule) for body in WaterBody)
    same = rule.limits[key, WaterBody.RIVER] == rule.limits[key, WaterBody.LAKE]
    lake = pl.col("water_body") == WaterBody.LAKE.value
    found = of_river if same else pl.when(lake).then(of_lake).otherwise(of_river)
    return pl.when(value.is_finite()).then(found).cast(_CLASS).alias(f"class_{key}")


def value_of(key: str, rule: SurfaceWaterRule, *, rounded: bool) -> pl.Expr:
    """Return an item's values as they are classified."""
    value = pl.col(key).cast(pl.Float64)
    return round_assess(value, rule.places[key]) if rounded and key in rule.places else value


def round_assess(value: pl.Expr, places: int) -> pl.Expr:
    """Return values rounded half to even; where 0 would result, to one significant digit.

    >>> frame = pl.DataFrame({"tp": [0.0035, 0.0045, 0.00005]})
    >>> frame.select(round_assess(pl.col("tp"), 3))["tp"].to_list()
    [0.004, 0.004, 5e-05]

    References
    ----------
    地表水环境质量监测数据统计技术规定（试行）; GB/T 8170—2008.
    """
    whole = half_even_quotient(nano(value.fill_nan(None)), NANO // 10**places)
    kept = shifted(whole, places)
    return pl.when((whole == 0) & (value > 0)).then(value.round_sig_figs(1)).otherwise(kept)


def _class(value: pl.Expr, key: str, body: WaterBody, rule: SurfaceWaterRule) -> pl.Expr:
    limits = rule.limits[key, body]
    best = pl.lit(1, _CLASS)
    if limits.kind == "range":
        inside = (value >= float(limits.limits[0])) & (value <= float(limits.upper[0]))
        return pl.when(inside).then(best).otherwise(pl.lit(_INFERIOR, _CLASS))
    # A float and a limit compare as their decimals do: the nearest float keeps the order.
    missed: Sequence[pl.Expr] = [
        (value < float(limit) if limits.kind == "min" else value > float(limit)).cast(_CLASS)
        for limit in limits.limits
    ]
    return sum(missed, start=best)
