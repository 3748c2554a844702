"""The rules of the checks: those of a file, and over them those that people set."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
from django.conf import settings

from songhua.model import BadInput
from songhua.quality.rules import Rule, read_rule, read_rules
from songhua.quality.standalone import default_rules
from songhua.store.registry.models import CheckRule
from songhua.store.registry.rights import covers
from songhua.store.registry.sites import sites

_DAY = timedelta(days=1)


def rules() -> tuple[Rule, ...]:
    """Return all rules with the days on which each holds.

    The base is the file that the settings name, else the default. A rule that people set takes the
    place of those of its kind, quantity and period: for all sites, then a region, then sites by
    name; before it began and after it ended, the others hold.

    Raises
    ------
    BadInput
        If the file cannot be read; which check, and what.
    """
    rows = list(CheckRule.objects.all())
    if not rows:
        return base_rules()
    every = sites().select("site", pl.coalesce("county", "city").alias("at")).unique("site")
    return laid_over(base_rules(), rows, dict(every.rows()))


def base_rules() -> tuple[Rule, ...]:
    """Return the rules of the file, as nobody changed them."""
    path = settings.SONGHUA_CHECKS
    if not path:
        return _read("", 0.0)
    try:
        changed = Path(path).stat().st_mtime
        return _read(str(path), changed)
    except OSError as fault:
        raise BadInput(f"读不了检查配置 {path}。", f"No rules of checks at {path}.") from fault


def laid_over(
    base: Sequence[Rule], rows: Iterable[CheckRule], places: Mapping[str, str]
) -> tuple[Rule, ...]:
    """Return rules of a file and of people, none of which hold at the same place and time twice.

    Parameters
    ----------
    places
        Site → the region it lies in.
    """
    found = list(base)
    for row in sorted(rows, key=_breadth):
        if row.until is not None and row.until < row.since:  # ended before it began
            continue
        rule = rule_of(row, places)
        if row.region_id is not None and not rule.sites:
            continue  # a region without sites
        found = [part for one in found for part in _without(one, rule, places)]
        found.append(rule)
    return tuple(found)


def rule_of(row: CheckRule, places: Mapping[str, str]) -> Rule:
    """Return the rule of a row of the register.

    Raises
    ------
    BadInput
        If anything is unknown or impossible.
    """
    told: dict[str, Any] = {
        **row.settings,
        "name": row.name,
        **{key: getattr(row, key) for key in ("kind", "quantity", "period", "since")},
        **{key: getattr(row, key) for key in ("set_by", "why")},
    }
    if row.until is not None:
        told["until"] = row.until
    keys = tuple(row.sites)
    if row.region_id is not None:
        keys = tuple(sorted(key for key, at in places.items() if covers(row.region_id, at)))
    return replace(read_rule(told), sites=keys)


def _breadth(row: CheckRule) -> tuple[int, date]:
    """Order rows so that what is said of few places comes after what is said of many."""
    if row.sites:
        return (9, row.since)
    return (0 if row.region_id is None else len(row.region_id.rstrip("0")), row.since)


def _without(one: Rule, over: Rule, places: Mapping[str, str]) -> list[Rule]:
    """Return what is left of a rule where another takes its place."""
    same = (one.kind, one.quantity, one.period) == (over.kind, over.quantity, over.period)
    last, over_last = one.until or date.max, over.until or date.max
    if not same or last < over.since or over_last < one.since:
        return [one]
    elsewhere = set(one.sites or places) - set(over.sites or places)
    if one.sites and not set(one.sites) - elsewhere:
        return [one]
    parts = []
    if one.since < over.since:
        parts.append(replace(one, until=over.since - _DAY))
    if elsewhere:
        middle = replace(one, since=max(one.since, over.since), sites=tuple(sorted(elsewhere)))
        parts.append(
            replace(
                middle, until=None if min(last, over_last) == date.max else min(last, over_last)
            )
        )
    if over_last < last:
        parts.append(replace(one, since=over_last + _DAY))
    return parts


@lru_cache(maxsize=4)
def _read(path: str, _changed: float) -> tuple[Rule, ...]:
    return read_rules(Path(path).read_text(encoding="utf-8") if path else default_rules())
