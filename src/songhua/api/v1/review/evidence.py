"""What the checks found, in words."""

import re
from collections.abc import Mapping
from typing import Any

from songhua.api.rules import rules
from songhua.quality.rules import Rule
from songhua.quality.verdict import WORDS

_ONE = re.compile(r"(\S+?)=(suspect|fail|not checked)\(([^)]*)\)")
_HOUR = 3600.0
KIND_WORDS = {
    "range": ("超出范围", "out of range"),
    "season": ("超出本季常见范围", "unusual for the season"),
    "rate": ("变化过快", "changes too fast"),
    "spike": ("尖峰", "spike"),
    "flat": ("长时间不变", "does not move"),
    "calm": ("起伏过小", "too calm"),
    "gap": ("之前缺数", "a gap before"),
    "shift": ("水平突变", "shift of level"),
    "outlier": ("偏离前后的值", "off its surroundings"),
    "restless": ("起伏过大", "too restless"),
    "course": ("不合日变化", "off the course of the day"),
    "residual": ("与其他项目不符", "at odds with other quantities"),
    "neighbours": ("与周边站点不一致", "at odds with its neighbours"),
    "relation": ("与相关项目矛盾", "contradicts a related quantity"),
}


def in_words(evidence: str, known: Mapping[str, Rule]) -> list[dict[str, Any]]:
    """Return every finding of a text of evidence: its check, verdict, and words.

    >>> from songhua.api.rules import base_rules
    >>> known = {one.name: one for one in base_rules()}
    >>> found = in_words("pm2_5-spike=fail(556.0)", known)
    >>> found[0]["zh"]
    '尖峰 556（可疑 120，不通过 360）'

    A change is told for an hour, though rules and evidence have it for a second:

    >>> rate = in_words("pm10-rate=suspect(0.176389)", known)
    >>> rate[0]["zh"]
    '变化过快 635/h（可疑 400/h）'
    """
    return [
        _said(name, verdict, measured, known.get(name))
        for name, verdict, measured in _ONE.findall(evidence)
    ]


def rules_by_name() -> dict[str, Rule]:
    """Return the rules by name, each as it first held."""
    found: dict[str, Rule] = {}
    for one in rules():
        if one.name not in found or one.since < found[one.name].since:
            found[one.name] = one
    return found


def _said(name: str, verdict: str, measured: str, rule: Rule | None) -> dict[str, Any]:
    kind = rule.kind if rule else ""
    zh, en = KIND_WORDS.get(kind, (name, name))
    per = _HOUR if kind == "rate" else None
    if verdict == "not checked":
        told = measured or "—"
        return _row(name, verdict, rule, f"检查出错：{told}", f"the check failed: {told}")
    number = f" {_number(float(measured), per=per)}" if measured else ""
    zh_limits, en_limits = _limits(rule.settings if rule else {}, per)
    return _row(name, verdict, rule, f"{zh}{number}{zh_limits}", f"{en}{number}{en_limits}")


def _row(name: str, verdict: str, rule: Rule | None, zh: str, en: str) -> dict[str, Any]:
    return {
        "check": name,
        "kind": rule.kind if rule else "",
        "verdict": verdict,
        "zh": zh,
        "en": en,
        "why": rule.why if rule else "",
        "set_by": rule.set_by if rule else "",
        "since": rule.since.isoformat() if rule else "",
    }


def _limits(settings: Mapping[str, Any], per: float | None) -> tuple[str, str]:
    words = {en: zh for zh, en in WORDS.values()}
    found = [
        (key.removesuffix("_s"), _number(settings[key], hours=key.endswith("_s"), per=per))
        for key in ("suspect", "fail", "suspect_s", "fail_s")
        if key in settings
    ]
    if not found:
        return "", ""
    zh = "，".join(f"{words[key]} {value}" for key, value in found)
    en = ", ".join(f"{key} {value}" for key, value in found)
    return f"（{zh}）", f" ({en})"


def _number(value: Any, *, hours: bool = False, per: float | None = None) -> str:
    """Return a number in words; seconds in hours, and what is per second per hour."""
    if isinstance(value, list):
        return "–".join(f"{one:g}" for one in value)
    if per is not None:
        return f"{value * per:.4g}/h"
    return f"{value / _HOUR:g} h" if hours else f"{value:g}"
