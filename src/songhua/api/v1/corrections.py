"""The door by which a person corrects one hourly value: what it would change, then the change."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Router, Schema

from songhua.api import ports
from songhua.api.register import air_register
from songhua.api.v1 import whatif
from songhua.api.v1.asked import moment
from songhua.api.v1.effects import compared, named, ranks
from songhua.api.v1.security import Allowed, check_region
from songhua.api.v1.subject import Subject, site_named
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import POLLUTANTS, QUANTITIES, is_valid_mark
from songhua.store import shelf

router = Router(tags=["air"])

REASONS = {
    "instrument": ("仪器故障", "instrument fault"),
    "calibration": ("校准或质控时段", "calibration or quality control"),
    "transfer": ("传输或录入错误", "error of transfer or entry"),
    "unit": ("单位或换算错误", "wrong unit or conversion"),
    "review": ("复核认定", "found on review"),
    "undo": ("撤销先前的修正", "an earlier correction undone"),
    "other": ("其他", "other"),
}
"""Why a value may be corrected."""
LONGEST_REASON = 200
_SHORTEST_REASON = 2
_HOUR = timedelta(hours=1)


class Wanted(Schema):
    """One hourly value and what it should be.

    `value` null says that the hour has no valid value. `revision` is the revision the person saw:
    if the value has changed since, nothing is done.
    """

    site: str
    quantity: str
    time: str
    value: float | None = None
    revision: int | None = None


class Order(Wanted):
    """A correction with its reason: a kind from the list, and the person's own words."""

    kind: str
    words: str


class Stale(BadInput):
    """The value was changed by someone else in the meantime."""


@router.post("/air/corrections/preview", auth=Allowed("correct"))
def preview(request: HttpRequest, wanted: Wanted) -> dict[str, Any]:
    """Return what a correction would change, worked out by the same jobs; nothing is kept."""
    who, time = _checked(request, wanted)
    change = {"site": who.key, "quantity": wanted.quantity, "time": time, "mark": ""}
    changes = pl.DataFrame([change]).with_columns(value=pl.lit(wanted.value, pl.Float64))
    trial = whatif.after(shelf(), air_register(), changes)
    return {
        "former": _current(who, wanted.quantity, time)[0],
        "value": wanted.value,
        "figures": named(compared(trial)),
        "ranks": named(ranks(trial)),
    }


@router.post("/air/corrections", auth=Allowed("correct"))
def correct(request: HttpRequest, order: Order) -> dict[str, Any]:
    """Correct a value: a new revision with reason and author; what follows is recomputed."""
    who, time = _checked(request, order)
    former, _ = _current(who, order.quantity, time)
    result = ports.platform().correct(
        ports.CorrectionOrder(
            site=who.key,
            quantity=order.quantity,
            time=time,
            value=order.value,
            reason=_reason(order),
            author=request.user.get_username(),
        )
    )
    return {**result, "former": former, "value": order.value}


def _checked(request: HttpRequest, wanted: Wanted) -> tuple[Subject, datetime]:
    """Return the site and hour of a wish that can be fulfilled."""
    who = site_named(wanted.site)
    check_region(request, who.region)
    time = moment(wanted.time, name="time")
    if wanted.quantity not in POLLUTANTS:
        raise BadInput(
            f"这个指标不能修正：{wanted.quantity[:20]}。可选：{'、'.join(POLLUTANTS)}。",
            f"{wanted.quantity[:20]} cannot be corrected. Choose from {', '.join(POLLUTANTS)}.",
        )
    if time != time.replace(minute=0, second=0, microsecond=0) or time > datetime.now(BEIJING):
        raise BadInput(
            "时间必须是已经开始的整点小时。", "The time must be a whole hour that has begun."
        )
    _check_value(wanted)
    value, revision = _current(who, wanted.quantity, time)
    if wanted.revision is not None and wanted.revision != revision:
        raise Stale(
            "这个值刚刚被别人改过，请刷新后再改。",
            "Someone has just changed this value. Reload before you change it.",
        )
    if wanted.value == value:
        raise BadInput("新值与现值相同，没有可改的。", "The new value equals the present one.")
    return who, time.astimezone(UTC)


def _check_value(wanted: Wanted) -> None:
    one = QUANTITIES[wanted.quantity]
    value = wanted.value
    if value is None:
        return
    if not math.isfinite(value) or not one.lowest <= value <= one.highest:
        raise BadInput(
            f"{one.symbol} 应在 {one.lowest:g} 至 {one.highest:g} {one.unit} 之间。",
            f"{one.symbol} must lie between {one.lowest:g} and {one.highest:g} {one.unit}.",
        )


def _reason(order: Order) -> str:
    if order.kind not in REASONS:
        raise BadInput("请从列表中选一个原因。", "Choose a reason from the list.")
    words = " ".join(order.words.split())
    if not _SHORTEST_REASON <= len(words) <= LONGEST_REASON:
        raise BadInput(
            f"请用 {_SHORTEST_REASON} 至 {LONGEST_REASON} 个字说明原因。",
            f"Say why in {_SHORTEST_REASON} to {LONGEST_REASON} characters.",
        )
    return words if order.kind == "undo" else f"{REASONS[order.kind][0]}：{words}"


def _current(who: Subject, quantity: str, time: datetime) -> tuple[float | None, int | None]:
    """Return the present valid value of an hour and its revision."""
    rows = shelf().observations(
        period="hour", span=Period(time, time + _HOUR), sites=[who.key], quantities=[quantity]
    )
    if rows.is_empty():
        return None, None
    value, mark, revision = rows.select("value", "mark", "revision").row(0)
    return (value if is_valid_mark(mark) else None), revision
