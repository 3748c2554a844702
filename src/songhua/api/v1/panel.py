"""Why one figure of the map is what it is, in a line or two; `/why/` has the whole derivation."""

from decimal import Decimal
from typing import Any, Literal
from urllib.parse import urlencode

from django.http import HttpRequest
from ninja import Router

from songhua.api.v1.asked import known_at
from songhua.api.v1.map import PeriodName, asked_time, span_of
from songhua.assess.air.explain import IndexDerivation, PollutantSteps, explain_index
from songhua.model import BEIJING
from songhua.standards import POLLUTANTS, aqi_rule, clause_en, quantity
from songhua.store import shelf

router = Router(tags=["air"])

Scope = Literal["site", "county", "city"]
_NAMES = (*POLLUTANTS, "o3_8h")


@router.get("/air/why-short")
def why_short(
    request: HttpRequest,
    scope: Scope,
    subject: str,
    time: str,
    period: PeriodName = "hour",
    q: str = "aqi",
    as_of: str = "",
) -> dict[str, Any]:
    """Return the formulas behind one AQI, or behind one pollutant's index, and the clause.

    `lines` is empty where the shelf has no such figure.
    """
    at = asked_time(time, period)
    rows = shelf().air_index(
        period=period,
        scope=scope,
        span=span_of(at, period),
        subjects=[subject],
        as_of=known_at(as_of),
        columns=_NAMES,
    )
    named = {"scope": scope, "subject": subject, "time": time, "period": period, "as_of": as_of}
    address = "/why/?" + urlencode({key: value for key, value in named.items() if value})
    if rows.is_empty():
        nothing = dict.fromkeys(("clause", "clause_en", "note_zh", "note_en"), "")
        return {"lines": [], **nothing, "url": address}
    rule = aqi_rule(on=at.astimezone(BEIJING).date())
    row = rows.row(0, named=True)
    values = {name: Decimal(str(row[name])) for name in _NAMES if row[name] is not None}
    found = explain_index(values, rule, period=period)
    return {**_said(found, q), "edition": rule.edition, "url": address}


def _said(found: IndexDerivation, q: str) -> dict[str, Any]:
    part = _asked_part(found, q)
    steps = [step for step in part.steps if step.formula]
    clause = next((step.clause for step in reversed(part.steps) if step.clause), "")
    return {
        "lines": [f"{quantity(part.source).symbol} {step.formula}" for step in steps[:1]]
        + [step.formula for step in steps[1:]],
        "clause": clause,
        "clause_en": clause_en(clause),
        "note_zh": found.other_zh if q == "aqi" else "",
        "note_en": found.other_en if q == "aqi" else "",
    }


def _asked_part(found: IndexDerivation, q: str) -> PollutantSteps:
    return next((part for part in found.pollutants if part.key == q), found.pollutants[0])
