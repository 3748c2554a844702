"""Why an index is what it is: the derivation as data, in Chinese and English. Pure.

Every figure comes from the same functions as the index itself (`index`); this module only writes
down the steps between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Literal

from songhua.assess.air.index import (
    EXCEEDS_ABOVE,
    AirIndex,
    daily_index,
    hourly_index,
    iaqi,
    rounded,
)
from songhua.model import Missing, MissingReason
from songhua.standards import (
    POLLUTANTS,
    AqiRule,
    Averaging,
    IndexScale,
    aqi_rule_of,
    editions,
    quantity,
)

Values = Mapping[str, Decimal | Missing | None]
ReportPeriod = Literal["hour", "day"]

_MEANS = {
    ("hour", Averaging.HOURLY): ("1 小时均值", "1-hour mean"),
    ("hour", Averaging.DAILY): (
        "1 小时均值，对照日均浓度限值",
        "1-hour mean, against the daily limits",
    ),
    ("day", Averaging.DAILY): ("日均值", "daily mean"),
    ("day", Averaging.MAX_8H): ("日最大 8 小时均值", "maximum daily 8-hour mean"),
    ("day", Averaging.HOURLY): ("日最大 1 小时均值", "highest hour of the day"),
}
_ABOVE = {("so2", Averaging.HOURLY): "above_so2", ("o3", Averaging.MAX_8H): "above_o3"}
_REASONS = {
    MissingReason.NOT_RECEIVED: ("没有收到有效数据", "no valid value was received"),
    MissingReason.MARKED_INVALID: ("数据无效", "the value is invalid"),
    MissingReason.TOO_FEW_HOURS: ("有效小时不足", "too few valid hours"),
    MissingReason.TOO_FEW_WINDOWS: ("有效 8 小时均值不足", "too few valid 8-hour means"),
    MissingReason.TOO_FEW_SITES: ("有效点位不足", "too few valid sites"),
    MissingReason.ABOVE_SCALE: ("浓度超出分指数表", "the concentration is beyond the table"),
    MissingReason.EXCLUDED: ("已剔除", "excluded"),
}
_FEWEST_DIGITS, _MOST_DIGITS = 3, 30


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a derivation.

    Parameters
    ----------
    name
        What the step does: ``given rounded between formula above missing`` of a pollutant, ``aqi
        primary exceeding level sensitive`` of the whole.
    zh, en
        What is done, for readers.
    formula
        The same in figures; empty where there are none.
    clause
        Where the document says so; empty where it need not.
    """

    name: str
    zh: str
    en: str
    formula: str = ""
    clause: str = ""


@dataclass(frozen=True, slots=True)
class PollutantSteps:
    """How one pollutant came to its individual index.

    Parameters
    ----------
    key
        Which of the six.
    source
        Key of the concentration that fed it: ``o3_8h`` for ozone of a day.
    given
        As it came. [µg/m³; mg/m³ for CO]
    used
        As it entered the formula; None without a value. [µg/m³; mg/m³ for CO]
    result
        The individual index. [unitless]
    """

    key: str
    source: str
    given: Decimal | Missing
    used: Decimal | None
    result: int | Missing
    steps: tuple[Step, ...]

    def formula(self, name: str) -> str:
        """Return the figures of a step by its name, or nothing."""
        return next((step.formula for step in self.steps if step.name == name), "")


@dataclass(frozen=True, slots=True)
class IndexDerivation:
    """How an hour or day came to its index.

    Parameters
    ----------
    index
        The result.
    pollutants
        The six, highest individual index first, those without one last.
    steps
        From the six to AQI, primary pollutants and level.
    others
        The same values under every other edition.
    other_zh, other_en
        The same in a line.
    """

    index: AirIndex
    pollutants: tuple[PollutantSteps, ...]
    steps: tuple[Step, ...]
    others: tuple[AirIndex, ...]
    other_zh: str
    other_en: str


def explain_index(values: Values, rule: AqiRule, *, period: ReportPeriod) -> IndexDerivation:
    """Return how the index of an hour or day follows from its concentrations.

    Parameters
    ----------
    values
        As for `hourly_index` and `daily_index`. [µg/m³; mg/m³ for CO]
    rule
        The edition to explain by: the one in force on the day measured.
    period
        ``hour`` or ``day``.

    Examples
    --------
    >>> values = {"pm10": Decimal(273), "pm2_5": Decimal(47)}
    >>> found = explain_index(values, aqi_rule_of(2012), period="hour")
    >>> found.pollutants[0].formula("between"), found.pollutants[0].formula("formula")
    ('273 ∈ (250, 350] → IAQI (150, 200]', '(200−150)/(350−250)×(273−250)+150 = 161.5 → 162')
    >>> found.other_en
    'By HJ 633—2026 it would be 162 too.'
    """
    judge = hourly_index if period == "hour" else daily_index
    index = judge(values, rule)
    parts = [_pollutant(key, values, rule, period) for key in POLLUTANTS]
    parts.sort(key=lambda part: -part.result if isinstance(part.result, int) else 1)
    years = [edition.year for edition in editions("air", "hj_633") if edition.year != rule.year]
    others = tuple(judge(values, aqi_rule_of(year)) for year in years)
    return IndexDerivation(
        index=index,
        pollutants=tuple(parts),
        steps=(_aqi_step(index, parts, rule), *_result_steps(index, rule)),
        others=others,
        other_zh="".join(_other_zh(index, other) for other in others),
        other_en=" ".join(_other_en(index, other) for other in others),
    )


def _pollutant(key: str, values: Values, rule: AqiRule, period: ReportPeriod) -> PollutantSteps:
    averaging = (rule.hourly if period == "hour" else rule.daily)[key]
    source = "o3_8h" if averaging == Averaging.MAX_8H else key
    found = _by_scale(key, source, values, rule, period, averaging)
    hour = values.get("o3")
    if source == key or not _is_beyond(found.result) or not isinstance(hour, Decimal):
        return found
    instead = _by_scale(key, key, values, rule, period, Averaging.HOURLY)
    if isinstance(instead.result, Missing):
        return found
    return PollutantSteps(
        key, key, instead.given, instead.used, instead.result, (*found.steps, *instead.steps)
    )


def _by_scale(
    key: str,
    source: str,
    values: Values,
    rule: AqiRule,
    period: ReportPeriod,
    averaging: Averaging,
) -> PollutantSteps:
    value = values.get(source)
    if isinstance(value, Decimal) and not (value.is_finite() and value >= 0):
        value = Missing(MissingReason.MARKED_INVALID, "negative or not a number")
    if value is None:
        value = Missing(MissingReason.NOT_RECEIVED)
    if isinstance(value, Missing):
        return PollutantSteps(key, source, value, None, value, (_missing_step(value),))
    scale = rule.scale(key, averaging)
    used = rounded(value, key, rule)
    result = iaqi(used, scale)
    steps = [_given_step(value, key, rule, period, averaging)]
    if key in rule.places:
        steps.append(_rounded_step(value, used, rule.places[key], rule))
    if used > scale.limits[-1]:
        steps.append(_above_step(used, scale, rule, _ABOVE.get((key, averaging), "iaqi")))
    else:
        steps += _formula_steps(used, scale, rule, result)
    return PollutantSteps(key, source, value, used, result, tuple(steps))


def _missing_step(value: Missing) -> Step:
    zh, en = _REASONS.get(value.reason, ("没有数据", "no value"))
    return Step("missing", f"{zh}，不计分指数。", f"No individual index: {en}.")


def _given_step(
    value: Decimal, key: str, rule: AqiRule, period: ReportPeriod, averaging: Averaging
) -> Step:
    zh, en = _MEANS[period, averaging]
    of = quantity(key)
    by_practice = period == "hour" and averaging == Averaging.DAILY
    return Step(
        name="given",
        zh=f"{of.symbol} {zh} {_text(value)} {of.unit}",
        en=f"{of.symbol}, {en}: {_text(value)} {of.unit}",
        clause=rule.clause("pm_hourly") if by_practice else "",
    )


def _rounded_step(value: Decimal, used: Decimal, places: int, rule: AqiRule) -> Step:
    return Step(
        name="rounded",
        zh=f"先修约到{f' {places} 位小数' if places else '整数'}（四舍六入五成双）",
        en=f"Rounded half to even to {f'{places} decimal' if places else 'a whole number'} first",
        formula=f"{_text(value)} → {_text(used)}",
        clause=f"{rule.clause('round_value')}，GB/T 8170",
    )


def _above_step(used: Decimal, scale: IndexScale, rule: AqiRule, clause: str) -> Step:
    last, beyond = f"{_text(used)} > {_text(scale.limits[-1])}", scale.above
    where = rule.clause(clause) or rule.clause("iaqi")
    if beyond is None:
        return Step("above", "超出该列限值，不计分指数", "Beyond the column: no index", last, where)
    zh, en = f"超出该列限值，分指数取 {beyond}", f"Beyond the column: the index is {beyond}"
    return Step("above", zh, en, f"{last} → IAQI {beyond}", where)


def _formula_steps(
    used: Decimal, scale: IndexScale, rule: AqiRule, result: int | Missing
) -> tuple[Step, Step]:
    columns = pairwise(zip(scale.limits, scale.index, strict=True))
    (bp_lo, iaqi_lo), (bp_hi, iaqi_hi) = next(pair for pair in columns if used <= pair[1][0])
    lo, hi, opening = _text(bp_lo), _text(bp_hi), "(" if bp_lo else "["
    share = (Fraction(used) - Fraction(bp_lo)) / Fraction(bp_hi - bp_lo)
    between = Step(
        name="between",
        zh="浓度所在的限值区间",
        en="The two limits around the concentration",
        formula=f"{_text(used)} ∈ {opening}{lo}, {hi}] → IAQI {opening}{iaqi_lo}, {iaqi_hi}]",
        clause=rule.clause("iaqi"),
    )
    figures = f"({iaqi_hi}−{iaqi_lo})/({hi}−{lo})×({_text(used)}−{lo})+{iaqi_lo}"
    return between, Step(
        name="formula",
        zh="线性内插，向上取整",
        en="Linear between them, rounded up",
        formula=f"{figures} {_equals(iaqi_lo + (iaqi_hi - iaqi_lo) * share, result)}",
        clause=f"{rule.clause('iaqi')}；{rule.clause('round_up')}",
    )


def _aqi_step(index: AirIndex, parts: list[PollutantSteps], rule: AqiRule) -> Step:
    known = [part.result for part in parts if isinstance(part.result, int)]
    listed = ", ".join(str(number) for number in known)
    if isinstance(index.aqi, int):
        formula = f"max({listed}) = {index.aqi}"
        return Step("aqi", "取最大的分指数", "The largest of them", formula, rule.clause("aqi"))
    if not known:
        return Step("aqi", "没有分指数，不计 AQI", "No individual index, no AQI")
    return Step(
        name="aqi",
        zh="有缺项且其余分指数不超过 100，不发布 AQI",
        en="A pollutant is missing and the others do not exceed 100: no AQI is published",
        formula=f"max({listed}) = {max(known)} ≤ 100",
        clause=rule.clause("missing"),
    )


def _result_steps(index: AirIndex, rule: AqiRule) -> list[Step]:
    if index.level is None:
        return []
    level, zh, en = index.level, _symbols(index.primary, "、"), _symbols(index.primary, ", ")
    steps = [
        Step(
            name="level",
            zh=f"{level.grade_zh}（{level.category_zh}）",
            en=f"Level {level.number}: {level.category_en}",
            formula=f"{level.index_lo} ≤ {index.aqi} ≤ {level.index_hi}",
            clause=rule.clause("levels"),
        ),
        Step(
            name="primary",
            zh=f"首要污染物 {zh}：分指数最大" if zh else "AQI 不超过 50，无首要污染物",
            en=f"Primary pollutant: {en}" if en else "AQI up to 50: no primary pollutant",
            clause=rule.clause("primary"),
        ),
    ]
    if index.exceeding:
        zh, en = _symbols(index.exceeding, "、"), _symbols(index.exceeding, ", ")
        steps.append(
            Step(
                name="exceeding",
                zh=f"超标污染物 {zh}：分指数大于 100",
                en=f"Exceeding pollutants: {en}, with an index above 100",
                clause=rule.clause("exceeding"),
            )
        )
    return steps + _sensitive_steps(index, rule)


def _sensitive_steps(index: AirIndex, rule: AqiRule) -> list[Step]:
    groups = {
        group.key: group
        for key, found in index.iaqi.items()
        if isinstance(found, int) and found > EXCEEDS_ABOVE
        for group in rule.sensitive_groups.get(key, ())
    }
    if not groups:
        return []
    zh = "、".join(group.zh for group in groups.values())
    en = ", ".join(group.en for group in groups.values())
    return [
        Step(
            name="sensitive",
            zh=f"敏感人群：{zh}",
            en=f"Sensitive groups: {en}",
            clause=rule.clause("sensitive"),
        )
    ]


def _other_zh(index: AirIndex, other: AirIndex) -> str:
    if isinstance(other.aqi, Missing):
        return f"按 {other.edition} 不发布。" if isinstance(index.aqi, int) else ""
    if other.aqi == index.aqi:
        return f"按 {other.edition} 亦为 {other.aqi}。"
    return f"按 {other.edition} 为 {other.aqi}。"


def _other_en(index: AirIndex, other: AirIndex) -> str:
    if isinstance(other.aqi, Missing):
        return f"By {other.edition} none is published." if isinstance(index.aqi, int) else ""
    too = " too" if other.aqi == index.aqi else ""
    return f"By {other.edition} it would be {other.aqi}{too}."


def _is_beyond(result: int | Missing) -> bool:
    return isinstance(result, Missing) and result.reason == MissingReason.ABOVE_SCALE


def _symbols(keys: tuple[str, ...], between: str) -> str:
    return between.join(quantity(key).symbol for key in keys)


def _text(value: Decimal) -> str:
    """Return a number as a person writes it: no exponent, no idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _equals(value: Fraction, result: int | Missing) -> str:
    """Return ``= 161.5 → 162``; ``≈ 1.333… → 2`` where more decimals follow than are shown."""
    if value.denominator == 1:
        return f"= {result}"
    places = _FEWEST_DIGITS
    while floor(value * 10**places) % 10**places == 0 and places < _MOST_DIGITS:
        places += 1  # 100.0000004 must not look like 100
    cut = floor(value * 10**places)
    shown = Decimal(cut).scaleb(-places)
    if cut == value * 10**places:
        return f"= {_text(shown)} → {result}"
    return f"≈ {shown:f}… → {result}"
