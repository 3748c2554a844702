"""Questions to the engine: names and operators are ours, values are bound."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from songhua.model import Period
from songhua.store.engine import sql_time

_OPERATORS = {
    "period": "period = {period:String}",
    "scope": "scope = {scope:String}",
    "start": "time >= {start:DateTime('UTC')}",
    "end": "time < {end:DateTime('UTC')}",
    "scopes": "scope IN {scopes:Array(String)}",
    "sites": "site IN {sites:Array(String)}",
    "subjects": "subject IN {subjects:Array(String)}",
    "quantities": "quantity IN {quantities:Array(String)}",
}


def asked(
    period: str, span: Period, *, as_of: datetime | None = None, **others: Any
) -> dict[str, Any]:
    """Return the values of a question, to be bound by the engine; what is None is not asked."""
    found = {"period": period, "start": sql_time(span.start), "end": sql_time(span.end)}
    if as_of is not None:
        found["as_of"] = sql_time(as_of, "microseconds")
    given = {name: value for name, value in others.items() if value is not None}
    return {**found, **{k: v if isinstance(v, str) else list(v) for k, v in given.items()}}


def where(told: Mapping[str, Any], *, known: str) -> str:
    """Return the conditions of a question; `known` is the column that says since when."""
    operators = {**_OPERATORS, "as_of": f"{known} <= {{as_of:DateTime64(6, 'UTC')}}"}
    return " AND ".join(operators[name] for name in told)
