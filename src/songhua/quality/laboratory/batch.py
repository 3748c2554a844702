"""A batch judged: every finding with the number found, the limit, and the clause."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from songhua.model import BadInput
from songhua.model.determined import Determined
from songhua.quality.laboratory import measures
from songhua.quality.laboratory.curve import Curve
from songhua.standards.lab import Control, Measure, Method, control

Kind = Literal[
    "sample", "blank", "field_blank", "parallel", "spike", "crm", "midpoint", "drift", "standard"
]
KINDS: tuple[Kind, ...] = (
    "sample", "blank", "field_blank", "parallel", "spike", "crm", "midpoint", "drift", "standard",
)  # fmt: skip
Verdict = Literal["pass", "fail", "not_judged"]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the batch.

    Parameters
    ----------
    place
        Its number among the rows, as a person finds it.
    label
        Barcode of the sample, or name of the control sample.
    found
        What was determined.
    of
        For a parallel or a spike: the label of its sample.
    nominal
        Certified or nominal concentration; for a spike what was added. [unit of the method]
    uncertainty
        Of the certified value. [unit of the method]
    """

    place: int
    kind: Kind
    label: str
    found: Determined
    of: str = ""
    nominal: Decimal | None = None
    uncertainty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing judged.

    Parameters
    ----------
    measure
        Which: ``blank``, ``parallel`` …
    place
        The row; 0 for the batch.
    number, limit
        What was found and what is allowed, in words of one language for both.
    """

    measure: str
    place: int
    label: str
    verdict: Verdict
    number: str
    limit: str
    zh: str
    en: str
    source: str
    confidence: str

    @property
    def said(self) -> tuple[str, str]:
        """What was found and where, in both languages."""
        if not self.place:
            return self.zh, self.en
        return (
            f"第 {self.place} 行 {self.label} {self.zh}",
            f"row {self.place} {self.label}: {self.en}",
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What is judged together.

    Parameters
    ----------
    curve
        None for a titration, or where it is an earlier batch's.
    earlier_curve
        Whether the curve is of an earlier batch: then the mid-point must be checked.
    """

    method: Method
    on: date
    rows: Sequence[Row]
    curve: Curve | None = None
    earlier_curve: bool = False


def judge(batch: Batch) -> tuple[Finding, ...]:
    """Return all findings: what is missing from the batch first, then each control sample."""
    rules = control(on=batch.on)
    return (*_missing(batch, rules), *_curve(batch, rules), *_rows(batch, rules))


def accepted(findings: Sequence[Finding]) -> bool:
    """Return whether nothing failed."""
    return all(one.verdict != "fail" for one in findings)


def refuse_unaccepted(findings: Sequence[Finding]) -> None:
    """Raise `BadInput` with everything that failed and where."""
    failed = [one for one in findings if one.verdict == "fail"]
    if failed:
        raise BadInput(
            "这一批不能签字：" + "；".join(one.said[0] for one in failed) + "。",
            "This batch cannot be signed: " + "; ".join(one.said[1] for one in failed) + ".",
        )


def _missing(batch: Batch, rules: Control) -> Iterator[Finding]:
    samples = sum(row.kind == "sample" for row in batch.rows)
    if not samples:
        raise BadInput("这一批没有样品。", "The batch has no sample.")
    for name, needed in _needed(batch, rules, samples).items():
        measure = rules.measures[name]
        there = sum(row.kind == name for row in batch.rows)
        if there < needed:
            yield _finding(
                measure,
                None,
                ok=False,
                number=str(there),
                limit=f"≥ {needed}",
                zh=f"缺少{measure.zh}：{samples} 个样品应有 {needed} 个，现有 {there} 个",
                en=f"{measure.en} missing: {samples} samples need {needed}, there are {there}",
            )


def _needed(batch: Batch, rules: Control, samples: int) -> dict[str, int]:
    """Return how many of each control sample a batch must have."""
    found: dict[str, int] = {}
    for name, measure in rules.measures.items():
        least = max(int(measure.needs_one), math.ceil(samples * measure.share))
        if measure.every and batch.method.smallest_r is not None:
            least = max(least, samples // measure.every)
        if name == "spike" and batch.method.spike is None:
            least = 0
        if name == "midpoint":
            least = int(batch.earlier_curve)
        if least:
            found[name] = least
    return found


def _curve(batch: Batch, rules: Control) -> Iterator[Finding]:
    least = batch.method.smallest_r
    if least is None:
        return
    measure = rules.measures["curve"]
    if batch.curve is None:
        yield _finding(
            measure, None, ok=False, number="—", limit=f"r ≥ {least}",
            zh="没有校准曲线", en="There is no calibration curve",
        )  # fmt: skip
        return
    points = len(batch.curve.concentrations)
    if points < measure.points:
        yield _finding(
            measure, None, ok=False, number=str(points), limit=f"≥ {measure.points}",
            zh=f"校准曲线只有 {points} 个点", en=f"The calibration curve has only {points} points",
        )  # fmt: skip
    # Full-value comparison: 0.99896 is below 0.999 though it rounds to it.
    shown = math.floor(abs(batch.curve.r) * 1e5) / 1e5
    yield _finding(
        measure, None, ok=abs(batch.curve.r) >= least, number=f"r = {shown:.5f}",
        limit=f"≥ {least}", zh=f"校准曲线相关系数 {shown:.5f}，应不小于 {least}",
        en=f"Correlation of the calibration curve {shown:.5f}, at least {least} is needed",
    )  # fmt: skip


def _rows(batch: Batch, rules: Control) -> Iterator[Finding]:
    samples = {row.label: row for row in batch.rows if row.kind == "sample"}
    for row in batch.rows:
        if row.kind in ("sample", "standard"):
            continue
        measure = rules.measures[row.kind]
        if row.kind in ("blank", "field_blank"):
            yield _blank(row, measure)
        elif row.kind == "parallel":
            yield _parallel(row, _sample_of(row, samples), measure, rules)
        elif row.kind == "spike":
            yield _spike(row, _sample_of(row, samples), measure, batch.method)
        elif row.kind == "crm":
            yield _crm(row, measure)
        else:
            yield _check(row, measure)


def _blank(row: Row, measure: Measure) -> Finding:
    limit = row.found.detection_limit
    return _finding(
        measure, row, ok=row.found.value is None or row.found.value <= limit,
        number=_told(row.found), limit=f"≤ {limit:f}",
        zh=f"{measure.zh} {_told(row.found)}，应不大于检出限 {limit:f}",
        en=f"{measure.en} {_told(row.found)}, may not exceed the detection limit {limit:f}",
    )  # fmt: skip


def _parallel(row: Row, sample: Row, measure: Measure, rules: Control) -> Finding:
    a, b = sample.found, row.found
    if a.value is None or b.value is None:
        return _below(row, measure, a, b)
    # The table is by g/mL; every method here reports mg/L.
    limit = measures.largest_deviation((a.value + b.value) / 2, rules.deviations)
    apart = measures.relative_deviation(a.value, b.value)
    one, other, by = _told(a), _told(b), _shown(apart)
    return _finding(
        measure, row, ok=apart <= limit, number=f"{by} %", limit=f"≤ {limit} %",
        zh=f"平行样 {one} 与 {other} 相对偏差 {by} %，应不大于 {limit} %",
        en=f"Parallels {one} and {other} deviate by {by} %, {limit} % is allowed",
    )  # fmt: skip


def _below(row: Row, measure: Measure, a: Determined, b: Determined) -> Finding:
    """Judge parallels of which one was not detected: they must still belong together."""
    least = 4 * max(a.detection_limit, b.detection_limit)  # limit of determination, HJ 168—2020
    apart = max(a.value or Decimal(0), b.value or Decimal(0)) >= least
    one, other = _told(a), _told(b)
    zh = "一个未检出，另一个不小于测定下限" if apart else "有未检出，不计算相对偏差"
    en = "one not detected, the other not below the limit of determination"
    en = en if apart else "not detected, no deviation is computed"
    return _finding(
        measure, row, ok=False if apart else None, number=f"{one} / {other}",
        limit=f"< {least:f}", zh=f"平行样 {one} 与 {other}：{zh}",
        en=f"Parallels {one} and {other}: {en}",
    )  # fmt: skip


def _spike(row: Row, sample: Row, measure: Measure, method: Method) -> Finding:
    low, high = method.spike or (measure.lowest, measure.highest)
    if low is None or high is None:
        raise TypeError("a spike has limits")
    found = measures.recovery(
        row.found.for_totals, sample.found.for_totals, _nominal(row, "加标量", "what was added")
    )
    return _finding(
        measure, row, ok=low <= found <= high, number=f"{_shown(found)} %",
        limit=f"{low}–{high} %", zh=f"加标回收率 {_shown(found)} %，应为 {low}–{high} %",
        en=f"Recovery {_shown(found)} %, {low}–{high} % is needed",
    )  # fmt: skip


def _crm(row: Row, measure: Measure) -> Finding:
    nominal = _nominal(row, "证书值", "certified value")
    if row.uncertainty is None or row.uncertainty <= 0:
        raise BadInput(
            f"第 {row.place} 行 {row.label} 没有证书上的不确定度。",
            f"Row {row.place} {row.label} has no certified uncertainty.",
        )
    found = row.found.for_totals
    return _finding(
        measure, row, ok=abs(found - nominal) <= row.uncertainty, number=_told(row.found),
        limit=f"{nominal:f} ± {row.uncertainty:f}",
        zh=f"{measure.zh} {_told(row.found)}，证书值 {nominal:f} ± {row.uncertainty:f}",
        en=f"{measure.en} {_told(row.found)}, certified {nominal:f} ± {row.uncertainty:f}",
    )  # fmt: skip


def _check(row: Row, measure: Measure) -> Finding:
    error = measures.relative_error(row.found.for_totals, _nominal(row, "标称值", "nominal value"))
    limit = measure.highest or Decimal(0)
    return _finding(
        measure, row, ok=abs(error) <= limit, number=f"{_shown(error)} %", limit=f"± {limit} %",
        zh=f"{measure.zh}相对误差 {_shown(error)} %，应在 ± {limit} % 之内",
        en=f"{measure.en} off by {_shown(error)} %, ± {limit} % is allowed",
    )  # fmt: skip


def _sample_of(row: Row, samples: dict[str, Row]) -> Row:
    found = samples.get(row.of)
    if found is None:
        raise BadInput(
            f"第 {row.place} 行 {row.label} 没有指明这一批里的样品（现为“{row.of[:40]}”）。",
            f"Row {row.place} {row.label} names no sample of this batch (“{row.of[:40]}”).",
        )
    return found


def _nominal(row: Row, zh: str, en: str) -> Decimal:
    if row.nominal is None or row.nominal <= 0:
        raise BadInput(
            f"第 {row.place} 行 {row.label} 没有填{zh}。",
            f"Row {row.place} {row.label} lacks the {en}.",
        )
    return row.nominal


def _told(found: Determined) -> str:
    """Return what was found with four digits: a value computed from a signal has more."""
    return str(found) if found.value is None else f"{float(f'{found.value:.4g}'):.9g}"


def _shown(percent: Decimal) -> str:
    """Return a percentage with one decimal more than limits have."""
    return f"{percent:.2f}"


def _finding(
    measure: Measure, row: Row | None, *, ok: bool | None, number: str, limit: str, zh: str, en: str
) -> Finding:
    return Finding(
        measure=measure.name,
        place=0 if row is None else row.place,
        label="" if row is None else row.label,
        verdict="not_judged" if ok is None else "pass" if ok else "fail",
        number=number,
        limit=limit,
        zh=zh,
        en=en,
        source=measure.source,
        confidence=measure.confidence,
    )
