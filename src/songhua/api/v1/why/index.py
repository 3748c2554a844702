"""Why an hour's or day's index is what it is: from the shelf's inputs to the level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from songhua.api.v1.why import past, words
from songhua.api.v1.why.asking import Question
from songhua.assess.air import (
    AirIndex,
    explain_area_mean,
    explain_daily_mean,
    explain_max_8h,
    read_reasons,
)
from songhua.assess.air.explain import IndexDerivation, PollutantSteps, explain_index
from songhua.assess.air.explain_statistics import StatisticDerivation
from songhua.assess.air.means import max_1h
from songhua.model import BEIJING, Missing, MissingReason, Period
from songhua.standards import (
    POLLUTANTS,
    aqi_rule,
    clause_en,
    evaluation_rule,
    is_valid_mark,
    levels,
    quantity,
)
from songhua.store import shelf
from songhua.store.registry.sites import members, sites

MEANS = ("so2", "no2", "co", "pm10", "pm2_5")
_HOUR = timedelta(hours=1)
_STEP = {"hour": _HOUR, "day": timedelta(days=1)}
Value = Decimal | Missing | None


@dataclass
class Made:
    """What went into an index.

    Parameters
    ----------
    values
        Concentration or reason for none, by quantity.
    means
        How each concentration came about, where it was worked out here.
    inputs
        The values each is made of, as data.
    sources
        Revision → which file or person brought it.
    kind
        ``reported``: values as they came; ``hours``: from the hours of the day; ``sites``: from
        the stations of the area.
    """

    kind: str
    values: dict[str, Value]
    means: dict[str, StatisticDerivation] = field(default_factory=dict)
    inputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)


def explained(ask: Question) -> dict[str, Any]:
    """Return the whole derivation of an hour's or day's index."""
    row, before = _rows(ask)
    made = _made(ask)
    rule = aqi_rule(on=ask.first)
    found = explain_index(made.values, rule, period="hour" if ask.period == "hour" else "day")
    kept = row["aqi"] if row else None
    worked = found.index.aqi if isinstance(found.index.aqi, int) else None
    parts = [_part(one, found, made) for one in found.pollutants]
    return {
        "kind": made.kind,
        "figure": _figure(found, before),
        "kept": kept,
        "agrees": row is None or kept == worked,
        "edition": rule.edition,
        "law": words.law_named(rule.edition),
        "code": row["code"] if row else "",
        "computed_at": words.ms(row["computed_at"]) if row else None,
        "cause": row["cause"] if row else None,
        "parts": parts,
        "steps": words.steps(found.steps, rule.edition),
        "key_step": _key_step(found),
        "editions": [_by_edition(one) for one in (found.index, *found.others)],
        "other": {"zh": found.other_zh, "en": found.other_en},
        "sources": made.sources,
        "changes": past.index_changes(ask),
    }


def _rows(ask: Question) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the kept result, and that of the hour or day before."""
    step = _STEP[ask.period]
    rows = shelf().air_index(
        period=ask.period,
        scope=ask.scope,
        span=Period(ask.span.start - step, ask.span.end),
        subjects=[ask.who.key],
        as_of=ask.as_of,
    )
    by_time = {row["time"]: row for row in rows.to_dicts()}
    return by_time.get(ask.start), by_time.get(ask.start - step)


def _made(ask: Question) -> Made:
    if ask.scope == "site":
        return _site_hour(ask) if ask.period == "hour" else _site_day(ask)
    if ask.period == "day" and not (delivered := _observations(ask)).is_empty():
        return _reported(delivered)
    return _area(ask)


def _observations(ask: Question) -> pl.DataFrame:
    return shelf().observations(
        period=ask.period, span=ask.span, sites=[ask.who.key], as_of=ask.as_of
    )


def _site_hour(ask: Question) -> Made:
    return _reported(_observations(ask).filter(pl.col("quantity").is_in(POLLUTANTS)))


def _reported(rows: pl.DataFrame) -> Made:
    """Return values that entered as they came."""
    made = Made("reported", {}, sources=past.sources(rows))
    for row in rows.to_dicts():
        made.values[row["quantity"]] = _value(row)
        made.inputs[row["quantity"]] = [_input(row, used=_is_used(row))]
    return made


def _site_day(ask: Question) -> Made:
    """Return a station's day from its 24 hours."""
    rows = shelf().observations(
        period="hour",
        span=ask.span,
        sites=[ask.who.key],
        quantities=POLLUTANTS,
        as_of=ask.as_of,
    )
    by_name: dict[str, dict[datetime, dict[str, Any]]] = {name: {} for name in POLLUTANTS}
    for row in rows.to_dicts():
        by_name[row["quantity"]][row["time"]] = row
    hours = [ask.start + number * _HOUR for number in range(24)]
    made = Made("hours", {}, sources=past.sources(rows))
    for name, found in by_name.items():
        series = [(time, _value(found.get(time))) for time in hours]
        if name == "o3":
            made.means["o3_8h"] = explain_max_8h(series, on=ask.first)
            places = evaluation_rule(on=ask.first).places["o3"]
            made.values["o3"] = max_1h([value for _, value in series], places=places)
        else:
            made.means[name] = explain_daily_mean(series, name, on=ask.first)
        key = "o3_8h" if name == "o3" else name
        made.values[key] = made.means[key].result
        used = [one.used for one in made.means[key].inputs]
        made.inputs[key] = [
            _input(found.get(time) or {"time": time}, used=is_used)
            for time, is_used in zip(hours, used, strict=True)
        ]
    return made


def _area(ask: Question) -> Made:
    """Return an area's hour or day from its stations."""
    register = members(ask.first).filter(pl.col(ask.scope) == ask.who.key)
    keys = register["site"].to_list()
    rows = shelf().air_index(
        period=ask.period, scope="site", span=ask.span, subjects=keys, as_of=ask.as_of
    )
    by_site = {row["subject"]: row for row in rows.to_dicts()}
    names = _names(keys)
    made = Made("sites", {})
    for name in POLLUTANTS if ask.period == "hour" else (*MEANS, "o3_8h", "o3"):
        values = {key: _result(by_site.get(key), name) for key in keys}
        if not values:
            continue
        found = explain_area_mean(values, name, on=ask.first)
        made.means[name], made.values[name] = found, found.result
        made.inputs[name] = [
            {
                "site": one.label,
                **names[one.label],
                "value": words.number(one.value),
                "why": words.reason(one.value),
                "used": one.used,
            }
            for one in found.inputs
        ]
    return made


def _names(keys: Sequence[str]) -> dict[str, dict[str, str]]:
    rows = sites().filter(pl.col("site").is_in(keys)).select("site", "name_zh", "name_en")
    return {key: {"zh": zh, "en": en or zh} for key, zh, en in rows.rows()}


def _result(row: Mapping[str, Any] | None, name: str) -> Value:
    if row is None:
        return Missing(MissingReason.NOT_RECEIVED)
    if row[name] is None:
        return read_reasons(row["reason"]).get(name, Missing(MissingReason.NOT_RECEIVED))
    return Decimal(str(row[name]))


def _is_used(row: Mapping[str, Any]) -> bool:
    return row.get("value") is not None and is_valid_mark(row.get("mark", ""))


def _value(row: Mapping[str, Any] | None) -> Value:
    if row is None or row.get("value") is None:
        return None
    if not is_valid_mark(row["mark"]):
        return Missing(MissingReason.MARKED_INVALID, row["mark"])
    return Decimal(str(row["value"]))


def _input(row: Mapping[str, Any], *, used: bool) -> dict[str, Any]:
    value = _value(row)
    absent = value if isinstance(value, Missing) else Missing(MissingReason.NOT_RECEIVED)
    return {
        "time": words.ms(row["time"]),
        "hour": row["time"].astimezone(BEIJING).hour,
        "value": row.get("value"),
        "mark": row.get("mark", ""),
        "used": used,
        "why": None if isinstance(value, Decimal) else words.said(absent),
        "revision": row.get("revision"),
        "line": row.get("line") or None,
        "changed": bool(row.get("changed")),
    }


def _part(one: PollutantSteps, found: IndexDerivation, made: Made) -> dict[str, Any]:
    """Return one pollutant with its way from inputs to its individual index."""
    of = quantity(one.source)
    index = one.result if isinstance(one.result, int) else None
    mean = made.means.get(one.source)
    reported = made.inputs.get(one.source, [])
    return {
        "name": one.source,
        "pollutant": one.key,
        "symbol": of.symbol,
        "zh": of.name_zh,
        "en": of.name_en,
        "unit": of.unit,
        "places": of.places,
        "value": words.number(one.given),
        "reason": words.reason(one.given) or words.reason(one.result),
        "iaqi": index,
        "level": _level(index),
        "main": index is not None and index == found.index.aqi,
        "steps": words.steps(one.steps, found.index.edition),
        "mean": None if mean is None else _mean(mean),
        "inputs": reported,
        "revision": reported[0].get("revision") if made.kind == "reported" and reported else None,
    }


def _mean(mean: StatisticDerivation) -> dict[str, Any]:
    return {
        "result": words.number(mean.result),
        "reason": words.reason(mean.result),
        "edition": mean.edition,
        "steps": words.steps(mean.steps, mean.edition),
    }


def _figure(found: IndexDerivation, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the index with its level and primary pollutants, or why there is none."""
    index, level = found.index, found.index.level
    return {
        "aqi": index.aqi if isinstance(index.aqi, int) else None,
        "level": level.number if level else 0,
        "level_zh": level.category_zh if level else "",
        "level_en": level.category_en if level else "",
        "grade": level.grade_zh if level else "",
        "advice_zh": level.advice_zh if level else "",
        "advice_en": level.advice_en if level else "",
        "primary": [_symbol(name) for name in index.primary],
        "exceeding": [_symbol(name) for name in index.exceeding],
        "reasons": _reasons(found),
        "before": before["aqi"] if before else None,
    }


def _reasons(found: IndexDerivation) -> list[dict[str, str]]:
    """Return why there is no index: what keeps the pollutants from having one, each said once."""
    if not isinstance(found.index.aqi, Missing):
        return []
    if found.index.aqi.reason != MissingReason.NOT_RECEIVED:
        return [words.said(found.index.aqi)]
    kinds = dict.fromkeys(
        part.result.reason for part in found.pollutants if isinstance(part.result, Missing)
    )
    nothing = MissingReason.NOT_RECEIVED
    told: list[MissingReason] = [kind for kind in kinds if kind != nothing]
    return [words.said(Missing(kind)) for kind in told or [nothing]]


def _symbol(name: str) -> dict[str, str]:
    return {"name": name, "symbol": quantity(name).symbol}


def _level(index: int | None) -> int:
    return 0 if index is None else next(one.number for one in levels() if index <= one.index_hi)


def _key_step(found: IndexDerivation) -> dict[str, Any] | None:
    """Return the two lines that show best where the index comes from."""
    top = found.pollutants[0]
    lines = [step for step in top.steps if step.name in {"between", "formula", "above"}]
    if not isinstance(top.result, int) or not lines:
        return None
    return {
        "symbol": quantity(top.source).symbol,
        "formula": [step.formula for step in lines],
        "clause": lines[-1].clause,
        "clause_en": clause_en(lines[-1].clause),
    }


def _by_edition(index: AirIndex) -> dict[str, Any]:
    return {
        "edition": index.edition,
        "law": words.law_named(index.edition),
        "aqi": index.aqi if isinstance(index.aqi, int) else None,
        "why": words.reason(index.aqi),
        "level": index.level.number if index.level else 0,
        "level_zh": index.level.category_zh if index.level else "",
        "level_en": index.level.category_en if index.level else "",
        "primary": [_symbol(name) for name in index.primary],
    }
