"""Pieces of an explanation as readers see them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django import template
from django.urls import reverse

from songhua.model import BEIJING
from songhua.standards import law_show
from songhua.web.law.tables import sheets
from songhua.web.templatetags.say import DASH, figure, is_english

register = template.Library()


@register.filter
def said(thing: Mapping[str, Any] | None, prefix: str = "") -> str:
    """Return the words of a thing that has `zh` and `en`, or `…_zh` and `…_en`."""
    if not thing:
        return ""
    stem = f"{prefix}_" if prefix else ""
    own, other = ("en", "zh") if is_english() else ("zh", "en")
    return str(thing.get(stem + own) or thing.get(stem + other) or "")


@register.filter
def moment(ms: int | None) -> datetime | None:
    """Return the instant that a number of milliseconds names."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=UTC)


@register.filter
def plain(value: float | None) -> str:
    """Say a value as it came, without idle decimals."""
    return DASH if value is None else f"{value:g}"


@register.filter
def places(value: float | None, places: int) -> str:
    """Say a value with the decimals of its quantity."""
    return figure(value, places)


@register.filter
def iso(at: datetime) -> str:
    """Write an instant as an address takes it."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def clock_hour(at: datetime) -> str:
    """Say an hour of a day that is known: 11–12."""
    hour = at.astimezone(BEIJING).hour
    return f"{hour}–{hour + 1}"


@register.filter
def at(things: Mapping[str, Any], key: int | None) -> Any:
    """Return what stands under a number, or nothing."""
    return things.get(str(key))


@register.simple_tag
def why_day(found: Mapping[str, Any], day: str) -> str:
    """Return the address that explains one day of a longer period."""
    query = {"period": "day", "scope": found["scope"], "subject": found["subject"]["key"]}
    return f"{reverse('stations:why')}?{urlencode({**query, 'time': day})}"


@register.filter
def law_address(step: Mapping[str, Any]) -> str:
    """Return where the law page shows the clause of a step, or nothing."""
    law = step.get("law")
    if not law:
        return ""
    address = reverse("law:show", args=[law["family"], law["year"]])
    return address + _place(law["family"], law["year"], step.get("clause", ""))


def _place(family: str, year: int, clause: str) -> str:
    """Return the anchor of the table that a clause names; empty where no table is named."""
    named = {part.strip() for part in clause.replace("；", "，").replace("、", "，").split("，")}
    for number, sheet in enumerate(sheets(law_show(family, year).cells), 1):
        if any(part and part in sheet.clause for part in named):
            return f"#sheet-{number}"
    return ""
