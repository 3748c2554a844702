"""Values between two calibrations, corrected for the drift that the second one found."""

import math
from datetime import UTC, timedelta
from typing import Any

import polars as pl

from songhua.api.reviews import Drift
from songhua.model import BEIJING, BadInput
from songhua.standards import quantity, station_marks

MARK = "T"
"""Of a revised value (修订数据); it enters statistics."""
_LONGEST = timedelta(days=400)
_MOST_PERCENT = 50.0


def corrected(now: pl.DataFrame, drift: Drift | None) -> pl.DataFrame:
    """Return values as they would be without the drift; those that do not count are left out.

    Parameters
    ----------
    now
        site, quantity, time, value, mark, was_mark and more, as they stand.

    Raises
    ------
    BadInput
        If the drift cannot be, a value lies outside the two calibrations, or none is left.
    """
    if drift is None:
        raise BadInput("请写明两次校准和漂移。", "Give the two calibrations and the drift.")
    _check(drift)
    beyond = now.filter(~pl.col("time").is_between(_utc(drift.start), _utc(drift.end)))
    if not beyond.is_empty():
        raise BadInput(
            f"有 {beyond.height} 个值不在两次校准之间。",
            f"{beyond.height} values do not lie between the two calibrations.",
        )
    valid = [mark for mark, one in station_marks().items() if one.valid]
    length = (drift.end - drift.start).total_seconds()
    share = (pl.col("time") - pl.lit(_utc(drift.start))).dt.total_seconds() / length
    exact = (pl.col("value") - drift.zero * share) / (1 + drift.span / 100 * share)
    found = now.filter(pl.col("was_mark").is_in(valid), pl.col("value").is_not_null())
    parts = [
        part.with_columns(exact.round(quantity(str(name)).places).alias("value"))
        for (name,), part in found.group_by("quantity", maintain_order=True)
    ]
    left = pl.concat(parts or [found]).filter(pl.col("value") != pl.col("was_value"))
    if left.is_empty():
        raise BadInput("这样的漂移不改变任何值。", "Such a drift changes no value.")
    _check_range(left)
    return left.with_columns(mark=pl.lit(MARK)).sort("site", "quantity", "time")


def drift_body(drift: Drift) -> dict[str, Any]:
    """Return a drift as the journal keeps it."""
    return {
        "start": drift.start.isoformat(),
        "end": drift.end.isoformat(),
        "zero": drift.zero,
        "span": drift.span,
    }


def drift_words(drift: Drift) -> str:
    """Say a drift beside the values it changed."""
    start, end = (at.astimezone(BEIJING) for at in (drift.start, drift.end))
    return (
        f"漂移（{start:%Y-%m-%d %H:%M} 至 {end:%Y-%m-%d %H:%M} 两次校准，"
        f"零点 {drift.zero:+g}，量程 {drift.span:+g} %）"
    )


def _check(drift: Drift) -> None:
    if not (math.isfinite(drift.zero) and math.isfinite(drift.span)):
        raise BadInput("漂移须为数字。", "A drift is a number.")
    if not drift.start < drift.end <= drift.start + _LONGEST:
        raise BadInput(
            "后一次校准须晚于前一次，且相隔不超过 400 天。",
            "The second calibration follows the first, within 400 days.",
        )
    if not (drift.zero or drift.span):
        raise BadInput("漂移为零，没有可订正的。", "A drift of nothing corrects nothing.")
    if abs(drift.span) > _MOST_PERCENT:
        raise BadInput(
            f"量程漂移超过 {_MOST_PERCENT:g} % 的数据应标为无效，不能订正。",
            f"Data with a span drift beyond {_MOST_PERCENT:g} % are invalid, not to be corrected.",
        )


def _check_range(rows: pl.DataFrame) -> None:
    for (name,), part in rows.group_by("quantity", maintain_order=True):
        one = quantity(str(name))
        count = part.filter(~pl.col("value").is_between(one.lowest, one.highest)).height
        if count:
            raise BadInput(
                f"订正后有 {count} 个值不在 {one.lowest:g} 至 {one.highest:g} {one.unit} 之间。",
                f"{count} corrected values would not lie between {one.lowest:g} and "
                f"{one.highest:g} {one.unit}.",
            )


def _utc(at: Any) -> Any:
    return at.astimezone(UTC)
