"""Why a mean, a percentile, an index or a rank is what it is: the derivation as data. Pure.

Every result comes from the same functions as the figure itself (`means`, `statistics`); this
module only writes down what went in and the steps between.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from songhua.assess.air.explain import Step
from songhua.assess.air.means import (
    HOURS,
    WINDOW,
    Value,
    area_mean,
    daily_mean,
    day_rule,
    max_8h,
    site_quorum,
)
from songhua.assess.air.statistics import (
    CompositeIndex,
    Span,
    composite_index,
    ranks,
    span_of,
    statistic,
    too_few_days,
)
from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import (
    RankingRule,
    ambient_air_rule,
    evaluation_rule,
    quantity,
    ranking_rule,
)

_ROUNDING = "GB/T 8170"
_CUT = 6  # places shown of a figure that has no end


@dataclass(frozen=True, slots=True)
class Input:
    """One value that went in, or did not.

    Parameters
    ----------
    label
        Whose or when: a site, the start of an hour (ISO), a day (ISO), a pollutant.
    value
        The value, or why there is none. [unit of the quantity]
    used
        Whether it entered the result.
    """

    label: str
    value: Decimal | Missing
    used: bool


@dataclass(frozen=True, slots=True)
class StatisticDerivation:
    """A figure, what went into it and how.

    Parameters
    ----------
    quantity
        Key of the quantity; ``composite`` or ``rank`` for those.
    unit
        As printed; empty for a bare number.
    result
        The published figure, or why there is none.
    edition
        Code of the edition that decided.
    incomplete
        Why a figure that is given does not hold for its period; None where it does.
    """

    quantity: str
    unit: str
    result: Decimal | Missing
    edition: str
    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    incomplete: Missing | None = None


def explain_daily_mean(
    hours: Sequence[tuple[datetime, Value]], name: str, *, on: date
) -> StatisticDerivation:
    """Return how a daily mean follows from the hours of its day.

    Parameters
    ----------
    hours
        Start of the hour and its mean, the 24 of the day in order. [µg/m³; mg/m³ for CO]
    name
        ``so2 no2 co pm10 pm2_5``.
    on
        The natural day.
    """
    rule = day_rule(on)
    values = [value for _, value in hours]
    result = daily_mean(values, min_hours=rule.min_hours, places=rule.places[name])
    inputs = _inputs((time.isoformat(), value) for time, value in hours)
    count = sum(one.used for one in inputs)
    steps = [
        Step(
            "valid",
            f"有效小时：至少 {rule.min_hours} 个",
            f"Valid hours: at least {rule.min_hours}",
            f"{count} {'≥' if count >= rule.min_hours else '<'} {rule.min_hours}",
            _ambient_clause(on, "validity"),
        )
    ]
    if isinstance(result, Decimal):
        steps += _mean_steps(_used(inputs), rule.places[name], result)
    return StatisticDerivation(
        name, quantity(name).unit, result, evaluation_rule(on=on).edition, inputs, tuple(steps)
    )


def explain_max_8h(hours: Sequence[tuple[datetime, Value]], *, on: date) -> StatisticDerivation:
    """Return how the maximum daily 8-hour mean of ozone follows from the hours of its day.

    Parameters
    ----------
    hours
        Start of the hour and its mean, the 24 of the day in order. [µg/m³]

    Returns
    -------
    StatisticDerivation
        The hours of the highest window are the inputs that were used.
    """
    rule, edition = day_rule(on), evaluation_rule(on=on)
    values = [value for _, value in hours]
    result = max_8h(values, rule)
    windows = _windows(values, rule.min_hours_8h)
    best = max(windows, key=lambda start: windows[start], default=None)
    inside = range(0) if best is None else range(best, best + WINDOW)
    inputs = tuple(
        Input(time.isoformat(), _known(value), isinstance(value, Decimal) and number in inside)
        for number, (time, value) in enumerate(hours)
    )
    steps = [_windows_step(len(windows), result, on)]
    if best is not None:
        steps.append(
            Step(
                "highest",
                f"最大的 8 小时均值：第 {best + 1}—{best + WINDOW} 小时",
                f"The highest 8-hour mean: hours {best + 1} to {best + WINDOW}",
                _mean_formula(_used(inputs)),
                _evaluation_clause(on, "windows"),
            )
        )
    if isinstance(result, Decimal) and best is not None:
        steps.append(_rounded_step(windows[best], rule.places["o3_8h"], result))
    unit = quantity("o3_8h").unit
    return StatisticDerivation("o3_8h", unit, result, edition.edition, inputs, tuple(steps))


def explain_area_mean(sites: Mapping[str, Value], name: str, *, on: date) -> StatisticDerivation:
    """Return how the mean of an area follows from its sites, for one hour or day.

    Parameters
    ----------
    sites
        Every site of the area and its value. [µg/m³; mg/m³ for CO]
    """
    rule, edition = day_rule(on), evaluation_rule(on=on)
    quorum = site_quorum(len(sites), rule)
    result = area_mean([*sites.values()], quorum=quorum, places=rule.places[name])
    inputs = _inputs(sites.items())
    count = sum(one.used for one in inputs)
    share = rule.few_share if len(sites) < rule.few_sites else rule.share
    steps = [
        Step(
            "quorum",
            f"有效点位：至少 {_text(share * 100)}%",
            f"Valid sites: at least {_text(share * 100)} %",
            f"{count}/{len(sites)} {'≥' if count >= quorum else '<'} {quorum}/{len(sites)}",
            _evaluation_clause(on, "quorum"),
        )
    ]
    if isinstance(result, Decimal):
        steps += _mean_steps(_used(inputs), rule.places[name], result)
    return StatisticDerivation(
        name, quantity(name).unit, result, edition.edition, inputs, tuple(steps)
    )


def explain_period(
    days: Mapping[date, Value], name: str, percentile: int | None, *, span: Span
) -> StatisticDerivation:
    """Return how a mean or percentile of a month, quarter or year follows from its days.

    Parameters
    ----------
    days
        Daily figures of one period (``o3_8h`` for ozone); days without one as `Missing`, None
        or absent. At least one. [µg/m³; mg/m³ for CO]
    name
        ``so2 no2 co o3 pm10 pm2_5``.
    percentile
        None for the mean.
    """
    first, last = span_of(min(days), span)
    rule = evaluation_rule(on=last)
    inputs = _inputs((day.isoformat(), days[day]) for day in sorted(days))
    known = _used(inputs)
    months: dict[int, int] = {}
    for day, value in days.items():
        months[day.month] = months.get(day.month, 0) + isinstance(value, Decimal)
    incomplete = too_few_days(months, span, first, rule)
    steps = [_days_step(len(known), incomplete, last)]
    result: Decimal | Missing = Missing(MissingReason.NOT_RECEIVED)
    if known:
        result = half_even(statistic(known, percentile), rule.places[name])
        if percentile is None:
            steps += _mean_steps(known, rule.places[name], result)
        else:
            steps += _percentile_steps(known, percentile, last)
            steps.append(_rounded_step(statistic(known, percentile), rule.places[name], result))
    unit = quantity(name).unit
    return StatisticDerivation(name, unit, result, rule.edition, inputs, tuple(steps), incomplete)


def explain_composite(
    figures: Mapping[tuple[str, int | None], Decimal | Fraction], *, last: date
) -> StatisticDerivation:
    """Return how the composite index follows from the six figures of a period.

    Parameters
    ----------
    figures
        As for `composite_index`; published figures give the same index.
    last
        Last day of the period.
    """
    rule = ranking_rule(on=last)
    found = composite_index(figures, rule)
    if isinstance(found, Missing):
        step = Step(
            "missing",
            f"缺少 {_symbols(found.detail, '、')}，不计综合指数",
            f"Without {_symbols(found.detail, ', ')} there is no composite index",
        )
        return StatisticDerivation("composite", "", found, rule.edition, (), (step,))
    inputs = tuple(
        Input(name, concentration, used=True)
        for name, concentration in found.concentrations.items()
    )
    steps = [*_single_steps(found, rule), *_total_steps(found, rule)]
    return StatisticDerivation("composite", "", found.total, rule.edition, inputs, tuple(steps))


def explain_rank(
    indices: Mapping[str, Decimal | None], subject: str, *, last: date
) -> StatisticDerivation:
    """Return how a place follows from the composite indices of all areas of its kind.

    Parameters
    ----------
    indices
        Area → composite index of the period; None without one. [unitless]
    subject
        Whose place.
    """
    rule = ranking_rule(on=last)
    places = dict(zip(indices, ranks([*indices.values()]), strict=True))
    inputs = tuple(
        Input(name, _known(value), isinstance(value, Decimal))
        for name, value in sorted(indices.items(), key=lambda item: (item[1] is None, item[1] or 0))
    )
    place = places[subject]
    if place is None:
        gone = Missing(MissingReason.POLLUTANT_MISSING)
        step = Step("missing", "没有综合指数，不排名", "No composite index, no place")
        return StatisticDerivation("rank", "", gone, rule.edition, inputs, (step,))
    equal = [name for name, other in places.items() if other == place and name != subject]
    ranked = sum(other is not None for other in places.values())
    steps = [
        Step(
            "rank",
            f"综合指数从小到大排列，{place - 1} 个更小",
            f"Ascending by composite index: {place - 1} are lower",
            f"{place - 1} + 1 = {place}（{ranked}）",
            f"{rule.edition} {rule.clauses['rank']}",
        )
    ]
    if equal:
        steps.append(
            Step("ties", "数值相同者并列", "Equal indices share a place", ", ".join(equal))
        )
    return StatisticDerivation("rank", "", Decimal(place), rule.edition, inputs, tuple(steps))


def _mean_steps(known: Sequence[Decimal], places: int, result: Decimal) -> list[Step]:
    exactly = sum(map(Fraction, known), Fraction()) / len(known)
    return [
        Step("mean", "算术平均", "Arithmetic mean", _mean_formula(known)),
        _rounded_step(exactly, places, result),
    ]


def _mean_formula(known: Sequence[Decimal]) -> str:
    total = sum(map(Fraction, known), Fraction())
    return f"Σ = {_text(total)}；{_text(total)} / {len(known)} = {_text(total / len(known))}"


def _rounded_step(exactly: Fraction, places: int, result: Decimal) -> Step:
    return Step(
        "rounded",
        f"修约到{f' {places} 位小数' if places else '整数'}（四舍六入五成双）",
        f"Rounded half to even to {f'{places} decimal' if places else 'a whole number'}",
        f"{_text(exactly)} → {result}",
        _ROUNDING,
    )


def _windows_step(count: int, result: Decimal | Missing, on: date) -> Step:
    rule = day_rule(on)
    limit, enough = _text(rule.max_8h_limit), count >= rule.min_windows
    formula = f"{count} {'≥' if enough else '<'} {rule.min_windows}"
    if not enough and isinstance(result, Decimal):
        formula += f"；{result} > {limit}"
    return Step(
        "valid",
        f"有效 8 小时均值（各含至少 {rule.min_hours_8h} 小时）：至少 {rule.min_windows} 个，"
        f"或最大值超过 {limit}",
        f"Valid 8-hour means (each of at least {rule.min_hours_8h} hours): at least "
        f"{rule.min_windows}, or the highest is above {limit}",
        formula,
        _evaluation_clause(on, "windows"),
    )


def _windows(values: Sequence[Value], min_hours: int) -> dict[int, Fraction]:
    """Return the valid 8-hour means of a day by the number of their first hour."""
    found = {}
    for start in range(HOURS - WINDOW + 1):
        known = [value for value in values[start : start + WINDOW] if isinstance(value, Decimal)]
        if len(known) >= min_hours:
            found[start] = sum(map(Fraction, known), Fraction()) / len(known)
    return found


def _days_step(count: int, incomplete: Missing | None, last: date) -> Step:
    rule = evaluation_rule(on=last)
    formula = f"{count}" if incomplete is None else f"{count}（{incomplete.detail}）"
    return Step(
        "valid",
        f"有效天数：每月至少 {rule.min_days_month} 天（2 月 {rule.min_days_february} 天），"
        f"全年至少 {rule.min_days_year} 天",
        f"Valid days: at least {rule.min_days_month} a month ({rule.min_days_february} in "
        f"February), {rule.min_days_year} a year",
        formula,
        _ambient_clause(last, "validity"),
    )


def _percentile_steps(known: Sequence[Decimal], percentile: int, last: date) -> list[Step]:
    ordered = sorted(known)
    n = len(ordered)
    k = 1 + Fraction((n - 1) * percentile, 100)
    s = int(k)
    below, above = ordered[s - 1], ordered[min(s, n - 1)]
    exactly = statistic(known, percentile)
    clause = _evaluation_clause(last, "percentile")
    place = f"k = 1 + ({n} − 1) × {percentile}% = {_text(k)}"
    between = (
        f"X({s}) + (X({min(s + 1, n)}) − X({s})) × {_text(k - s)} = "
        f"{_text(below)} + ({_text(above)} − {_text(below)}) × {_text(k - s)} = {_text(exactly)}"
    )
    return [
        Step(
            "place",
            f"从小到大排列，第 {percentile} 百分位数的序位",
            f"Ascending; the place of the {percentile}th percentile",
            place,
            clause,
        ),
        Step("between", "相邻两值间线性内插", "Linear between its neighbours", between, clause),
    ]


def _single_steps(found: CompositeIndex, rule: RankingRule) -> list[Step]:
    standards = {item.quantity: item for item in rule.items}
    steps = []
    for name, single in found.singles.items():
        concentration, item = found.concentrations[name], standards[name]
        of = quantity(name)
        zh = f"第 {item.percentile} 百分位数" if item.percentile else "均值"
        en = f"{item.percentile}th percentile" if item.percentile else "mean"
        exactly = Fraction(concentration) / Fraction(item.standard)
        steps.append(
            Step(
                f"single_{name}",
                f"{of.symbol} {zh} {_text(concentration)} {of.unit} 的单项指数",
                f"Single index of {of.symbol}, {en} {_text(concentration)} {of.unit}",
                f"{_text(concentration)} / {_text(item.standard)} = {_text(exactly)} → {single}",
                f"{rule.edition} {rule.clauses['index']}",
            )
        )
    return steps


def _total_steps(found: CompositeIndex, rule: RankingRule) -> list[Step]:
    listed = " + ".join(str(single) for single in found.singles.values())
    zh, en = (_symbols("+".join(found.largest), between) for between in ("、", ", "))
    return [
        Step(
            "sum",
            "六项单项指数相加",
            "The six single indices added",
            f"{listed} = {found.total}",
            f"{rule.edition} {rule.clauses['sum']}",
        ),
        Step(
            "largest",
            f"最大单项指数：{zh}",
            f"Largest single index: {en}",
            f"{max(found.singles.values())}",
        ),
    ]


def _inputs(values: Iterable[tuple[str, Value]]) -> tuple[Input, ...]:
    return tuple(Input(label, _known(value), isinstance(value, Decimal)) for label, value in values)


def _used(inputs: Sequence[Input]) -> list[Decimal]:
    return [one.value for one in inputs if one.used and isinstance(one.value, Decimal)]


def _known(value: Value) -> Decimal | Missing:
    return Missing(MissingReason.NOT_RECEIVED) if value is None else value


def _ambient_clause(on: date, name: str) -> str:
    rule = ambient_air_rule(on=on)
    return f"{rule.edition} {rule.clauses[name]}"


def _evaluation_clause(on: date, name: str) -> str:
    rule = evaluation_rule(on=on)
    return f"{rule.edition} {rule.clauses[name]}"


def _symbols(keys: str, between: str) -> str:
    return between.join(quantity(key).symbol for key in keys.split("+"))


def _text(value: Decimal | Fraction) -> str:
    """Return an exact figure for reading: in full where it ends, else cut and with dots.

    >>> _text(Fraction(321, 8)), _text(Fraction(100, 3)), _text(Decimal("20.0"))
    ('40.125', '33.333333…', '20')
    """
    exactly = Fraction(value)
    cut = Decimal(int(exactly * 10**_CUT)).scaleb(-_CUT)
    text = f"{cut:f}".rstrip("0").rstrip(".")
    return text if Fraction(cut) == exactly else f"{cut:f}…"
