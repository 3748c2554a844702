"""Derivations as plain data, in both languages: steps, inputs, reasons, times."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from songhua.assess.air.explain import Step
from songhua.model import Missing, MissingReason
from songhua.standards import Edition, clause_en, law_list, quantity, station_marks

_REASONS = {
    MissingReason.NOT_RECEIVED: ("没有收到数据", "nothing was received"),
    MissingReason.MARKED_INVALID: ("数据标记为无效", "the value is marked invalid"),
    MissingReason.TOO_FEW_HOURS: ("有效小时数不足", "too few valid hours"),
    MissingReason.TOO_FEW_WINDOWS: ("有效 8 小时均值不足", "too few valid 8-hour means"),
    MissingReason.TOO_FEW_DAYS: ("有效日数不足", "too few valid days"),
    MissingReason.TOO_FEW_DAYS_IN_MONTH: (
        "月内有效日数不足",
        "too few valid days in a month",
    ),
    MissingReason.TOO_FEW_SITES: ("有效点位数不足", "too few stations with a value"),
    MissingReason.ABOVE_SCALE: ("浓度超出分指数表", "the concentration is beyond the table"),
    MissingReason.POLLUTANT_MISSING: ("缺少", "without"),
    MissingReason.EXCLUDED: ("按规定剔除", "excluded by rule"),
}

_OTHER_STANDARDS = ("GB/T 8170",)
"""What a clause may name that is no edition of ours."""


def said(why: Missing) -> dict[str, str]:
    """Return a reason of absence in words."""
    zh, en = _REASONS[why.reason]
    if why.reason == MissingReason.POLLUTANT_MISSING:
        symbols = [quantity(name).symbol for name in why.detail.split("+") if name]
        return {"zh": f"{zh} {'、'.join(symbols)}", "en": f"{en} {', '.join(symbols)}"}
    detail = why.detail
    if why.reason == MissingReason.MARKED_INVALID and detail in station_marks():
        mark = station_marks()[detail]
        return {
            "zh": f"{zh}（{detail} {mark.name_zh}）",
            "en": f"{en} ({detail}: {mark.name_en})",
        }
    return {"zh": f"{zh}（{detail}）", "en": f"{en} ({detail})"} if detail else {"zh": zh, "en": en}


def number(value: Decimal | Missing | None) -> float | None:
    """Return a value for a chart or table, None where there is none."""
    return float(value) if isinstance(value, Decimal) else None


def reason(value: Decimal | int | Missing | None) -> dict[str, str] | None:
    """Return why there is no value, None where there is one."""
    return said(value) if isinstance(value, Missing) else None


def steps(found: Sequence[Step], edition: str) -> list[dict[str, Any]]:
    """Return steps with the edition their clause belongs to.

    Parameters
    ----------
    edition
        Code of the edition where a clause names none itself.
    """
    return [_step(one, edition) for one in found]


def _step(step: Step, edition: str) -> dict[str, Any]:
    own = next((law for law in law_list() if step.clause.startswith(law.code)), None)
    foreign = own is None and step.clause.startswith(_OTHER_STANDARDS)
    law = own or next((law for law in law_list() if law.code == edition), None)
    clause = step.clause.removeprefix(own.code).strip() if own else step.clause
    return {
        "name": step.name,
        "zh": step.zh,
        "en": step.en,
        "formula": step.formula,
        "clause": clause,
        "clause_en": clause_en(clause),
        "law": law_of(law) if clause and not foreign else None,
    }


def law_of(law: Edition | None) -> dict[str, Any] | None:
    """Return the code of an edition and what names it in an address."""
    return None if law is None else {"code": law.code, "family": law.family, "year": law.year}


def law_named(code: str) -> dict[str, Any] | None:
    """Return an edition by its code."""
    return law_of(next((law for law in law_list() if law.code == code), None))


def ms(at: datetime) -> int:
    """Return an instant as programs of pages count it: ms since 1970."""
    return round(at.timestamp() * 1000)
