"""Why a mean, a percentile, the composite index or the rank of a longer period is what it is."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from songhua.api.v1.why import past, words
from songhua.api.v1.why.asking import Question
from songhua.assess.air import explain_composite, explain_period, explain_rank, read_reasons
from songhua.assess.air.explain_statistics import StatisticDerivation
from songhua.assess.air.statistics import DAY_COLUMN, Span, figure_name
from songhua.assess.job import DEDUCTED
from songhua.model import BEIJING, BadInput, Missing, MissingReason
from songhua.standards import PROVINCE, quantity, ranking_rule
from songhua.store import SUMMARY_VALUES, shelf
from songhua.store.registry.sites import region_names

FIGURES: Mapping[str, tuple[str, int | None]] = {
    "pm2_5": ("pm2_5", None),
    "pm10": ("pm10", None),
    "so2": ("so2", None),
    "no2": ("no2", None),
    "co_p95": ("co", 95),
    "o3_p90": ("o3", 90),
    "pm2_5_p95": ("pm2_5", 95),
    "pm10_p95": ("pm10", 95),
    "so2_p98": ("so2", 98),
    "no2_p98": ("no2", 98),
}
"""Column of the shelf → pollutant and percentile; None for the mean."""
Value = Decimal | Missing | None


def explained(ask: Question, figure: str) -> dict[str, Any]:
    """Return how the figures of a month, quarter or year follow from its days.

    Parameters
    ----------
    figure
        One statistic to explain, or empty for those that make the composite index.
    """
    if figure and figure not in FIGURES:
        raise BadInput(
            f"figure 可选：{'、'.join(FIGURES)}。", f"figure must be one of {', '.join(FIGURES)}."
        )
    summaries = shelf().air_summary(
        period=ask.period, scope=ask.scope, span=ask.span, as_of=ask.as_of
    )
    row = next(iter(summaries.filter(pl.col("subject") == ask.who.key).to_dicts()), None)
    days = shelf().air_index(
        period="day",
        scope=ask.scope,
        span=ask.span,
        subjects=[ask.who.key],
        as_of=ask.as_of,
    )
    days = _deducted(days, ask)
    shown = [figure] if figure else [figure_name(*one) for one in _ranked_figures(ask.last)]
    parts = [_part(name, days, row, ask) for name in shown] if not days.is_empty() else []
    composite = explain_composite(_composite_figures(days, ask), last=ask.last)
    rule = ranking_rule(on=ask.last)
    return {
        "kind": "days",
        "figure": _figure(row),
        "days": _days(row),
        "edition": rule.edition,
        "law": words.law_named(rule.edition),
        "code": row["code"] if row else "",
        "computed_at": words.ms(row["computed_at"]) if row else None,
        "cause": row["cause"] if row else None,
        "agrees": row is None or _float(row["composite"]) == words.number(composite.result),
        "parts": parts,
        "composite": _derived(composite),
        "rank": _rank(summaries, ask),
        "changes": past.summary_changes(ask),
    }


def _deducted(days: pl.DataFrame, ask: Question) -> pl.DataFrame:
    """Return the days with the figures that dust and events left; ``whole_…``: with their hours."""
    names = list(dict.fromkeys(DAY_COLUMN.values()))
    left = shelf().air_index(
        period=DEDUCTED,
        scope=ask.scope,
        span=ask.span,
        subjects=[ask.who.key],
        as_of=ask.as_of,
    )
    whole = days.with_columns(pl.col(names).name.prefix("whole_"))
    return whole.drop(names).join(
        pl.concat([days.join(left, on="time", how="anti"), left]).select("time", *names), on="time"
    )


def _ranked_figures(last: date) -> list[tuple[str, int | None]]:
    return [(item.quantity, item.percentile) for item in ranking_rule(on=last).items]


def _day_values(days: pl.DataFrame, pollutant: str) -> dict[date, Value]:
    column = DAY_COLUMN[pollutant]
    return {
        time.astimezone(BEIJING).date(): _value(value, reason, column)
        for time, value, reason in days.select("time", column, "reason").rows()
    }


def _value(value: float | None, reason: str, column: str) -> Value:
    if value is not None:
        return Decimal(str(value))
    return read_reasons(reason).get(column, Missing(MissingReason.NOT_RECEIVED))


def _explained_period(days: pl.DataFrame, name: str, ask: Question) -> StatisticDerivation:
    pollutant, percentile = FIGURES[name]
    values = _day_values(days, pollutant)
    return explain_period(values, pollutant, percentile, span=Span(ask.period))


def _part(
    name: str, days: pl.DataFrame, row: Mapping[str, Any] | None, ask: Question
) -> dict[str, Any]:
    found = _explained_period(days, name, ask)
    pollutant, percentile = FIGURES[name]
    column = DAY_COLUMN[pollutant]
    of = quantity(column)
    whole = {
        time.astimezone(BEIJING).date().isoformat(): value
        for time, value, left in days.select("time", f"whole_{column}", column).rows()
        if value != left
    }
    value = words.number(found.result)
    return {
        "name": name,
        "symbol": of.symbol,
        "percentile": percentile,
        "unit": of.unit,
        "places": of.places,
        "value": value,
        "kept": _float(row[name]) if row else None,
        "agrees": row is None or _float(row[name]) == value,
        "reason": words.reason(found.result),
        "incomplete": words.said(found.incomplete) if found.incomplete else None,
        "edition": found.edition,
        "steps": words.steps(found.steps, found.edition),
        "inputs": [
            {
                "day": one.label,
                "value": words.number(one.value),
                "why": words.reason(one.value),
                "used": one.used,
                "whole": whole.get(one.label),
            }
            for one in found.inputs
        ],
    }


def _composite_figures(days: pl.DataFrame, ask: Question) -> dict[tuple[str, int | None], Decimal]:
    if days.is_empty():
        return {}
    found = {
        pair: _explained_period(days, figure_name(*pair), ask).result
        for pair in _ranked_figures(ask.last)
    }
    return {pair: value for pair, value in found.items() if isinstance(value, Decimal)}


def _rank(summaries: pl.DataFrame, ask: Question) -> dict[str, Any] | None:
    """Return how the place follows; None where none is given: a station, or a neighbour."""
    if ask.scope == "site" or not ask.who.key.startswith(PROVINCE[:2]):
        return None
    own = summaries.filter(pl.col("subject").str.starts_with(PROVINCE[:2]))
    indices = {
        subject: None if composite is None else Decimal(str(composite))
        for subject, composite in own.select("subject", "composite").rows()
    }
    if ask.who.key not in indices:
        return None
    names = {
        code: {"zh": zh, "en": en}
        for code, zh, en in region_names().select("code", "name_zh", "name_en").rows()
    }
    found = explain_rank(indices, ask.who.key, last=ask.last)
    return {
        **_derived(found),
        "inputs": [
            {
                "region": one.label,
                **names.get(one.label, {"zh": one.label, "en": one.label}),
                "value": words.number(one.value),
                "why": words.reason(one.value),
                "own": one.label == ask.who.key,
            }
            for one in found.inputs
        ],
    }


def _derived(found: StatisticDerivation) -> dict[str, Any]:
    return {
        "result": words.number(found.result),
        "reason": words.reason(found.result),
        "edition": found.edition,
        "steps": words.steps(found.steps, found.edition),
    }


def _figure(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {"composite": None, "rank": None, "largest": []}
    largest = [quantity(name).symbol for name in row["largest"].split("+") if name]
    return {"composite": row["composite"], "rank": row["rank"], "largest": largest}


def _days(row: Mapping[str, Any] | None) -> dict[str, Any]:
    names = [name for name in SUMMARY_VALUES if name.endswith("days") or name.startswith("level_")]
    return {name: row[name] if row else None for name in names}


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
