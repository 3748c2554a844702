"""Words and figures as readers see them, in the reader's language."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils.translation import get_language, gettext, gettext_lazy

from songhua.model import BEIJING
from songhua.standards import QUANTITIES, clause_en, levels, quantity, regions, span_words

register = template.Library()

DASH = "—"
MINUS = "−"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_REASONS = {
    "not_received": gettext_lazy("没有收到数据"),
    "marked_invalid": gettext_lazy("数据标记为无效"),
    "too_few_hours": gettext_lazy("有效小时数不足"),
    "too_few_windows": gettext_lazy("有效 8 小时时段不足"),
    "too_few_days": gettext_lazy("有效日数不足"),
    "too_few_days_in_month": gettext_lazy("月内有效日数不足"),
    "too_few_sites": gettext_lazy("有效站点数不足"),
    "above_scale": gettext_lazy("浓度超出该标准的指数表"),
    "pollutant_missing": gettext_lazy("缺少应有的污染物"),
    "excluded": gettext_lazy("按规定剔除"),
}
"""Every `MissingReason` in words."""
_CONFIDENCE = {
    "verified": gettext_lazy("已核实"),
    "derived": gettext_lazy("由已核实的数推算"),
    "single": gettext_lazy("单一来源"),
    "memory": gettext_lazy("凭记忆，未核对"),
    "unconfirmed": gettext_lazy("未能核实"),
}


def is_english() -> bool:
    """Return whether the reader reads English."""
    return (get_language() or "").startswith("en")


@register.filter
def both(thing: Any) -> str:
    """Return the name of a thing that has `zh` and `en`, or of a pair of the two."""
    zh, en = thing if isinstance(thing, tuple) else (_field(thing, "zh"), _field(thing, "en"))
    return str(en or zh) if is_english() else str(zh)


@register.filter
def words(thing: Any, name: str) -> str:
    """Return `name_zh` or `name_en` of a thing."""
    own, other = ("en", "zh") if is_english() else ("zh", "en")
    return str(_field(thing, f"{name}_{own}") or _field(thing, f"{name}_{other}") or "")


def _field(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, "")


@register.filter
def day(value: date | datetime | None) -> str:
    """Say a day: 2026年3月1日, 1 Mar 2026."""
    if value is None:
        return DASH
    at = value.astimezone(BEIJING) if isinstance(value, datetime) else value
    if is_english():
        return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
    return f"{at.year}年{at.month}月{at.day}日"


@register.simple_tag
def days(first: date, last: date | None) -> str:
    """Say from when to when something holds: 2026年3月1日起, from 1 Mar 2026."""
    return both(span_words(first, last))


@register.filter
def short_day(value: date) -> str:
    """Say a day of a year that is known: 3月1日, 1 Mar."""
    return (
        f"{value.day} {_MONTHS[value.month - 1]}"
        if is_english()
        else f"{value.month}月{value.day}日"
    )


@register.filter
def instant(value: datetime | None) -> str:
    """Say an instant to the minute, Beijing time."""
    return DASH if value is None else f"{day(value)} {value.astimezone(BEIJING):%H:%M}"


@register.filter
def clock(value: datetime | None) -> str:
    """Say the time of day to the second, Beijing time."""
    return DASH if value is None else f"{value.astimezone(BEIJING):%H:%M:%S}"


@register.filter
def hour(value: datetime) -> str:
    """Say an hour by both its ends: 2020年4月4日 11–12 时."""
    at = value.astimezone(BEIJING)
    return f"{day(at)} {at.hour}–{at.hour + 1}{' h' if is_english() else ' 时'}"


@register.filter
def figure(value: float | Decimal | None, places: int = 0) -> str:
    """Say a number with its decimals; a dash where there is none."""
    return (
        f"{value:,.{places}f}".replace("-", MINUS)
        if isinstance(value, int | float | Decimal)
        else DASH
    )


@register.filter
def signed(value: float | None, places: int = 0) -> str:
    """Say a change with its sign."""
    if value is None:
        return DASH
    return f"{value:+,.{places}f}".replace("-", MINUS) if value else f"{value:.{places}f}"


@register.filter
def shortest(value: float | None) -> str:
    """Say a number as it was delivered: 486.1, 60."""
    return DASH if value is None else f"{value:.10g}".replace("-", MINUS)


@register.filter
def place(key: str) -> str:
    """Return the name of a region, or the key of a site as it is."""
    region = regions().get(key)
    return words(region, "name") if region else key


@register.filter
def corrected_time(correction: Any) -> str:
    """Say the hour or the day whose value was corrected."""
    return hour(correction.time) if correction.period == "hour" else day(correction.time)


@register.filter
def count(value: int | None) -> str:
    """Say a whole number with its thousands apart."""
    return f"{value:,}" if isinstance(value, int) else DASH


@register.filter
def symbols(keys: str) -> str:
    """Say pollutants joined by `+` by their symbols: PM₁₀、O₃."""
    found = [quantity(key).symbol for key in keys.split("+") if key]
    return (", " if is_english() else "、").join(found) or DASH


@register.filter
def unit(key: str) -> str:
    """Return the unit of a quantity."""
    return quantity(key).unit


@register.filter
def level_word(number: int | None) -> str:
    """Return the word of a level: 轻度污染."""
    if not number:
        return gettext("无 AQI")
    level = levels()[number - 1]
    return level.category_en if is_english() else level.category_zh


@register.filter
def confidence(grade: str) -> str:
    """Say how sure a number is."""
    return str(_CONFIDENCE.get(grade, grade))


@register.filter
def clause(text: str) -> str:
    """Say where a rule stands in its document: 表1 注2, table 1 note 2."""
    return clause_en(text) if is_english() else text


@register.filter
def reasons(text: str) -> str:
    """Say why a figure is missing, from the text kept with it; pollutants alike said together."""
    if not text:
        return ""
    said: dict[str, list[str]] = {}
    for part in text.split("; "):
        name, why = _reason(part)
        said.setdefault(why, []).append(name)
    between, listed = ("; ", ", ") if is_english() else ("；", "、")
    return between.join(f"{listed.join(names)} {why}".strip() for why, names in said.items())


def _reason(part: str) -> tuple[str, str]:
    """Return whose reason it is, and the words of `reason detail` or `quantity reason detail`."""
    first, _, rest = part.partition(" ")
    if first in _REASONS or not first:
        return "", reason_words(first, rest)
    reason, _, detail = rest.partition(" ")
    symbol = quantity(first).symbol if first in QUANTITIES else first.upper()
    return symbol, reason_words(reason, detail)


def reason_words(reason: str, detail: str = "") -> str:
    """Say one reason of absence."""
    return f"{_REASONS.get(reason, reason)} {detail}".rstrip()


@register.filter
def part_of(value: float | None, whole: float) -> str:
    """Return a part of a whole as the length of a bar: 62.5%."""
    return f"{min(100.0, 100 * value / whole):.2f}%" if value and whole else "0"


@register.simple_tag(takes_context=True)
def address(context: Any, **changes: Any) -> str:
    """Return the page's own query with some parts changed; an empty one is left out."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag(takes_context=True)
def why(context: Any, *, period: str, scope: str, subject: str, time: datetime) -> str:
    """Return the address of the page that derives a figure."""
    at = time.astimezone(BEIJING)
    query = {"period": period, "scope": scope, "subject": subject}
    query["time"] = f"{at:%Y-%m-%dT%H}" if period == "hour" else f"{at:%Y-%m-%d}"
    if as_of := context["request"].GET.get("as_of"):
        query["as_of"] = as_of
    return f"/why/?{urlencode(query)}"


@register.filter
def figure_name(key: str) -> str:
    """Say which figure of a period a column holds."""
    if key == "composite":
        return gettext("综合指数")
    if key == "good_rate":
        return gettext("优良天数比例")
    name, _, percentile = key.rpartition("_p")
    if name and percentile.isdigit() and name in QUANTITIES:
        return f"{quantity(name).symbol} P{percentile}"
    return quantity(key).symbol


@register.filter
def trend_figure(value: float | None, key: str) -> str:
    """Say a figure of a period with the decimals it is published with."""
    places = {"composite": 2, "good_rate": 1, "co_p95": 1}.get(key, 0)
    return figure(value, places)
