"""The door that answers why."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from songhua.api.v1.why import index, summary, words
from songhua.api.v1.why.asking import Question

router = Router(tags=["air"])


@router.get("/air/why")
def why(
    request: HttpRequest,
    period: str = "hour",
    scope: str = "site",
    subject: str = "",
    time: str = "",
    as_of: str = "",
    figure: str = "",
) -> dict[str, Any]:
    """Return how a figure came about: inputs with their source, steps with their clause, changes.

    `period` hour and day explain the index; month, quarter and year the statistics, the composite
    index and the rank. `figure` narrows the latter to one statistic, for example ``o3_p90``.
    """
    ask = Question.read(period=period, scope=scope, subject=subject, time=time, as_of=as_of)
    return explained(ask, figure)


def explained(ask: Question, figure: str = "") -> dict[str, Any]:
    """Return the explanation of a figure, with what it was asked for."""
    is_index = ask.period in {"hour", "day"}
    found = index.explained(ask) if is_index else summary.explained(ask, figure)
    return {
        "period": ask.period,
        "scope": ask.scope,
        "subject": {"key": ask.who.key, "zh": ask.who.zh, "en": ask.who.en},
        "time": words.ms(ask.span.start),
        "as_of": words.ms(ask.as_of) if ask.as_of else None,
        **found,
    }
