"""A correction checked before it is kept, and what it changed, in words."""

from datetime import datetime

import polars as pl

from songhua.api.ports import CorrectionOrder
from songhua.api.v1.told import told as lines
from songhua.model import BEIJING, BadInput, UnknownName
from songhua.standards import quantity
from songhua.store import Shelf
from songhua.store.registry.models import Site


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


def told(shelf: Shelf, cause: int, *, since: datetime) -> list[dict[str, str]]:
    """Return what one journal entry changed, in words; `since` is when the work on it began."""
    rows = shelf.changes(since=since).filter(pl.col("cause") == cause)
    return [{"zh": line["zh"], "en": line["en"]} for line in lines(shelf, rows, before=since)]
