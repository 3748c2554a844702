"""The dated configuration of the checks: which, of what, where, since when, by whom, and why."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any

from songhua.model import BadInput
from songhua.standards import QUANTITIES
from songhua.standards.hj212 import factor

_CYCLES = ("hour", "dayofweek", "dayofyear", "weekofyear", "month", "quarter")


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of one quantity.

    Parameters
    ----------
    name
        What verdicts name it by.
    kind
        ``range``, ``season``, ``rate``, ``spike``, ``flat``, ``calm``, ``gap``, ``shift``,
        ``outlier``, ``restless``, ``course``, ``residual``, ``neighbours``, ``relation``.
    sites
        Which; empty for all.
    since, until
        First and last day on which it holds, in Beijing; `until` None while it does.
    settings
        Its limits, as the kind asks for them.
    """

    name: str
    kind: str
    quantity: str
    period: str
    since: date
    set_by: str
    why: str
    settings: Mapping[str, Any]
    until: date | None = None
    sites: tuple[str, ...] = ()


Fits = Callable[[Any], bool]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


def _not_negative(value: Any) -> bool:
    return _number(value) and value >= 0


def _count(value: Any) -> bool:
    return type(value) is int and value > 0


def _span(value: Any) -> bool:
    is_pair = isinstance(value, list) and len(value) == 2 and all(map(_number, value))
    return is_pair and value[0] <= value[1]


def _names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_number, value))


def _one_of(*words: str) -> Fits:
    return lambda value: value in words


def _seasons(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict)
            and set(one) <= {"cycle", "when", "usual", "possible"}
            and one.get("cycle") in _CYCLES
            and isinstance(one.get("when"), list)
            and len(one["when"]) == 2
            and all(map(_number, one["when"]))
            and _span(one.get("usual"))
            and ("possible" not in one or _span(one["possible"]))
            for one in value
        )
    )


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of check asks for.

    Parameters
    ----------
    needs, may
        Settings it must have, and may have.
    by_less
        Whether less is worse: `fail` lies below `suspect` then.
    """

    needs: Mapping[str, Fits]
    may: Mapping[str, Fits] = field(default_factory=dict)
    by_less: bool = False


_SIDE = _one_of("both", "above", "below")

KINDS: Mapping[str, Kind] = {
    "range": Kind({"fail": _span}, {"suspect": _span}),
    "season": Kind({"seasons": _seasons}),
    "rate": Kind({"suspect": _positive}, {"fail": _positive}),
    "spike": Kind(
        {"suspect": _positive},
        {
            "fail": _positive,
            "method": _one_of("average", "differential"),
            "within_s": _positive,
        },
    ),
    "flat": Kind({"suspect_s": _positive}, {"fail_s": _positive, "tolerance": _not_negative}),
    "calm": Kind(
        {"suspect": _positive, "fail": _not_negative, "window_s": _positive},
        {"fewest": _count, "by": _one_of("std", "range")},
        by_less=True,
    ),
    "gap": Kind({"suspect_s": _positive}, {"fail_s": _positive}),
    "shift": Kind(
        {"window": _count, "suspect": _positive, "floor": _positive}, {"fail": _positive}
    ),
    "outlier": Kind(
        {"window": _count, "suspect": _positive, "floor": _positive},
        {"fail": _positive, "side": _SIDE},
    ),
    "restless": Kind(
        {"window_s": _positive, "suspect": _positive}, {"fail": _positive, "fewest": _count}
    ),
    "course": Kind({"days": _count, "suspect": _positive}, {"fail": _positive, "side": _SIDE}),
    "residual": Kind(
        {"of": _names, "weights": _numbers, "offset": _number, "suspect": _positive},
        {"fail": _positive},
    ),
    "neighbours": Kind(
        {"suspect": _positive, "floor": _positive, "within_km": _positive},
        {"fail": _positive, "share": _not_negative, "fewest": _count},
    ),
    "relation": Kind(
        {"law": _one_of("not_above", "equal"), "of": _names, "suspect": _not_negative},
        {"fail": _not_negative, "share": _not_negative},
    ),
}

_ROW = {"name", "kind", "quantity", "period", "since", "until", "set_by", "why", "sites"}
_PERIODS = ("realtime", "minute", "hour", "day")


def read_rules(text: str) -> tuple[Rule, ...]:
    """Return the rules of a configuration (TOML, a ``[[check]]`` for each).

    Raises
    ------
    BadInput
        If anything is unknown, missing or impossible; which check, and what.
    """
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadInput(
            f"配置不是 TOML：{fault}", f"The configuration is no TOML: {fault}"
        ) from fault
    rows = told.get("check", [])
    if not isinstance(rows, list) or not rows or set(told) - {"check"}:
        raise BadInput("配置须由 [[check]] 组成。", "A configuration consists of [[check]] tables.")
    rules = tuple(_rule(number, row) for number, row in enumerate(rows, start=1))
    names = [rule.name for rule in rules]
    for number, name in enumerate(names, start=1):
        if name in names[: number - 1]:
            raise _fault(number, name, f"名称重复：{name}", f"the name {name} is there twice")
    return rules


def read_rule(row: Mapping[str, Any]) -> Rule:
    """Return the rule of one table, as `read_rules`.

    Raises
    ------
    BadInput
        If anything is unknown, missing or impossible.
    """
    return _rule(1, dict(row))


def _rule(number: int, row: Any) -> Rule:
    if not isinstance(row, dict):
        raise _fault(number, "", "不是表", "it is no table")
    name = str(row.get("name", ""))
    missing = {"name", "kind", "quantity", "period", "since", "set_by", "why"} - set(row)
    if missing:
        words = ", ".join(sorted(missing))
        raise _fault(number, name, f"缺少 {words}", f"{words} missing")
    kind = KINDS.get(row["kind"])
    if kind is None:
        raise _fault(number, name, f"没有这种检查：{row['kind']}", f"no such kind: {row['kind']}")
    settings = {key: value for key, value in row.items() if key not in _ROW}
    _check_row(number, name, row)
    _check_settings(number, name, kind, settings)
    return Rule(
        name=name,
        kind=row["kind"],
        quantity=row["quantity"],
        period=row["period"],
        since=row["since"],
        until=row.get("until"),
        set_by=row["set_by"],
        why=row["why"],
        sites=tuple(row.get("sites", ())),
        settings=settings,
    )


def _check_row(number: int, name: str, row: Mapping[str, Any]) -> None:
    for key in ("name", "set_by", "why"):
        if not isinstance(row[key], str) or not row[key].strip():
            raise _fault(number, name, f"{key} 为空", f"{key} is empty")
    if not _is_quantity(row["quantity"]):
        raise _fault(
            number, name, f"没有这个指标：{row['quantity']}", f"unknown quantity {row['quantity']}"
        )
    if row["period"] not in _PERIODS:
        words = " ".join(_PERIODS)
        raise _fault(number, name, f"period 只能是 {words}", f"period is one of {words}")
    for key in ("since", "until"):
        if key in row and type(row[key]) is not date:
            raise _fault(number, name, f"{key} 须为日期", f"{key} must be a date")
    if row.get("until", row["since"]) < row["since"]:
        raise _fault(number, name, "until 早于 since", "until lies before since")
    if "sites" in row and not _names(row["sites"]):
        raise _fault(number, name, "sites 须为点位编码的列表", "sites must be a list of keys")


def _check_settings(number: int, name: str, kind: Kind, settings: Mapping[str, Any]) -> None:
    known = {**kind.needs, **kind.may}
    for key in kind.needs:
        if key not in settings:
            raise _fault(number, name, f"缺少 {key}", f"{key} missing")
    for key, value in settings.items():
        if key not in known:
            raise _fault(number, name, f"未知的设置 {key}", f"unknown setting {key}")
        if not known[key](value):
            raise _fault(number, name, f"{key} 不可能是 {value}", f"{key} cannot be {value}")
    for low, high in (("suspect", "fail"), ("suspect_s", "fail_s")):
        if (
            low in settings
            and high in settings
            and not _is_stricter(settings[low], settings[high], by_less=kind.by_less)
        ):
            raise _fault(
                number,
                name,
                f"{low} = {settings[low]} 比 {high} = {settings[high]} 更宽",
                f"{low} = {settings[low]} is wider than {high} = {settings[high]}",
            )
    _check_others(number, name, settings)


def _check_others(number: int, name: str, settings: Mapping[str, Any]) -> None:
    if "weights" in settings and len(settings["weights"]) != len(settings["of"]):
        raise _fault(number, name, "of 与 weights 个数不同", "of and weights differ in number")
    for other in settings.get("of", ()):
        if not _is_quantity(other):
            raise _fault(number, name, f"没有这个指标：{other}", f"unknown quantity {other}")


def _is_stricter(suspect: Any, fail: Any, *, by_less: bool) -> bool:
    if isinstance(suspect, list):
        return bool(fail[0] <= suspect[0] and suspect[1] <= fail[1])
    return bool(suspect >= fail if by_less else suspect <= fail)


def _is_quantity(name: Any) -> bool:
    return isinstance(name, str) and (name in QUANTITIES or factor(name) is not None)


def _fault(number: int, name: str, zh: str, en: str) -> BadInput:
    which = f"{number}（{name}）" if name else str(number)
    which_en = f"{number} ({name})" if name else str(number)
    return BadInput(f"第 {which} 项检查：{zh}。", f"Check {which_en}: {en}.")
