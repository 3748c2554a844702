"""A correction checked before it is kept, and what it changed, in words."""

from datetime import datetime
from typing import Any

import polars as pl

from songhua.api.ports import CorrectionOrder
from songhua.model import BEIJING, BadInput, UnknownName
from songhua.standards import quantity
from songhua.store.registry.models import Site
from songhua.store.registry.sites import region_names, sites

_PERIODS = {
    "hour": ("小时", "hour"),
    "day": ("日", "day"),
    "month": ("月", "month"),
    "quarter": ("季", "quarter"),
    "year": ("年", "year"),
}


def check(order: CorrectionOrder) -> None:
    """Raise `BadInput` when a correction cannot be kept."""
    if not Site.objects.filter(pk=order.site).exists():
        raise UnknownName("点位", "site", order.site)
    known = quantity(order.quantity)
    if not order.reason.strip():
        raise BadInput("请写明更正的原因。", "Say why the value is corrected.")
    if order.period == "hour" and (order.time.minute or order.time.second):
        raise BadInput("时间应为整点。", "The time must be on the hour.")
    if order.time > datetime.now(BEIJING):
        raise BadInput("时间在将来。", "The time lies in the future.")
    if order.value is not None and not known.lowest <= order.value <= known.highest:
        unit = known.unit
        raise BadInput(
            f"{known.symbol} 应在 {known.lowest:g} 与 {known.highest:g} {unit} 之间。",
            f"{known.symbol} must lie between {known.lowest:g} and {known.highest:g} {unit}.",
        )


def told(changes: pl.DataFrame, cause: int) -> list[dict[str, Any]]:
    """Return what one journal entry changed, a line a figure."""
    rows = changes.filter(pl.col("cause") == cause)
    names = dict(region_names().select("code", "short_zh").iter_rows())
    names |= dict(sites().select("site", "name_zh").iter_rows())
    return [_told(row, names.get(row["subject"], row["subject"])) for row in rows.to_dicts()]


def _told(row: dict[str, Any], name: str) -> dict[str, Any]:
    zh, en = _PERIODS[row["period"]]
    at: datetime = row["time"].astimezone(BEIJING)
    when = f"{at:%Y-%m-%d %H}时" if row["period"] == "hour" else f"{at:%Y-%m-%d}"
    figure = ("AQI", "AQI") if row["table"] == "air_index" else ("综合指数", "composite index")
    values = f"{_shown(row['former'])} → {_shown(row['value'])}"
    rank = ""
    if row["former_rank"] != row["rank"]:
        rank = f"，名次 rank {_shown(row['former_rank'])} → {_shown(row['rank'])}"
    return {
        "zh": f"{name} {when} {zh}{figure[0]} {values}{rank}",
        "en": f"{row['subject']} {en} {figure[1]} {values}",
    }


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
