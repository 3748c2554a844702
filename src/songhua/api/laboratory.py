"""A batch of the register as the rules of quality see it."""

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from songhua.model import BadInput
from songhua.model.determined import Determined, read_determined
from songhua.model.rounding import exact
from songhua.quality.laboratory import batch as rules
from songhua.quality.laboratory.curve import Curve, Weight, fit
from songhua.quality.laboratory.measures import reported
from songhua.standards.lab import control, method
from songhua.store.registry import instruments
from songhua.store.registry.models import Batch, BatchRow

_SHOWN = 9
"""Decimals of what is computed from a signal, as the register keeps them."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a batch comes to.

    Parameters
    ----------
    found
        What was determined, by row of the batch.
    results
        What is reported, by key of the sample; field blanks and field parallels too.
    fault
        Why it could not be judged; then there are no findings.
    """

    curve: Curve | None
    found: dict[int, Determined]
    findings: tuple[rules.Finding, ...]
    results: dict[int, Determined]
    fault: BadInput | None = None

    @property
    def accepted(self) -> bool:
        """Whether it may be signed."""
        return self.fault is None and rules.accepted(self.findings)


def judge(batch: Batch) -> Judged:
    """Judge a batch as it stands; what is wrong is in what is returned."""
    try:
        return judged(batch)
    except BadInput as fault:
        return Judged(None, {}, (), {}, fault)


def judged(batch: Batch) -> Judged:
    """Judge a batch.

    Raises
    ------
    BadInput
        If a row cannot be read or judged; which, and why.
    """
    rows = list(batch.rows.select_related("sample").order_by("place"))
    curve = curve_of(batch)
    found = {row.place: _found(batch, row, curve) for row in rows if row.kind != "standard"}
    asked = rules.Batch(
        method=method(batch.method),
        on=batch.analysed_on,
        rows=[_rule_row(row, found[row.place]) for row in rows if row.place in found],
        curve=curve,
        earlier_curve=batch.curve_of_id is not None,
    )
    results = {
        row.sample_id: _reported(batch, row, found[row.place])
        for row in rows
        if row.kind == "sample" and row.sample_id is not None
    }
    return Judged(curve, found, rules.judge(asked), results)


def refuse_unfit(batch: Batch) -> Judged:
    """Return a batch that may be signed.

    Raises
    ------
    BadInput
        If its instrument was not fit that day, or its control samples are missing or failed.
    """
    instruments.refuse_unfit(batch.instrument, batch.analysed_on)
    found = judged(batch)
    rules.refuse_unaccepted(found.findings)
    return found


def curve_of(batch: Batch) -> Curve | None:
    """Return the curve of a batch, or the earlier one it uses; None where there is none."""
    if method(batch.method).smallest_r is None:
        return None
    source = batch if batch.curve_of is None else batch.curve_of
    points = list(source.rows.filter(kind="standard").order_by("place"))
    if not points:
        return None
    for row in points:
        if row.signal is None or row.nominal is None:
            raise BadInput(
                f"第 {row.place} 行 {row.label}：标准点要有浓度和信号。",
                f"Row {row.place} {row.label}: a standard has a concentration and a signal.",
            )
    return fit(
        [float(row.nominal or 0) for row in points],
        [row.signal or 0.0 for row in points],
        weight=cast(Weight, source.weight),
    )


def _found(batch: Batch, row: BatchRow, curve: Curve | None) -> Determined:
    dilution = exact(row.dilution)
    limit = (batch.detection_limit * dilution).normalize()
    if row.told:
        return _read(row, limit)
    if row.signal is None or curve is None:
        raise BadInput(
            f"第 {row.place} 行 {row.label}：没有测定值，也没有信号和曲线可算。",
            f"Row {row.place} {row.label}: no value, and no signal with a curve to compute one.",
        )
    computed = curve.concentration(row.signal) * row.dilution
    if not math.isfinite(computed) or abs(computed) > 1e8:
        raise BadInput(
            f"第 {row.place} 行 {row.label}：由信号算不出浓度。",
            f"Row {row.place} {row.label}: its signal gives no concentration.",
        )
    _refuse_beyond(row, curve)
    value = round(Decimal(repr(computed)), _SHOWN).normalize()
    return Determined(None if value < limit else value, limit)


def _refuse_beyond(row: BatchRow, curve: Curve) -> None:
    """Refuse a signal above the highest standard: the sample must be diluted."""
    highest = max(curve.concentrations)
    if row.signal is not None and curve.concentration(row.signal) > highest * 1.0000001:
        raise BadInput(
            f"第 {row.place} 行 {row.label}：超出校准曲线最高点 {highest:g}，须稀释后重测。",
            f"Row {row.place} {row.label}: above the highest standard {highest:g}; dilute it.",
        )


def _read(row: BatchRow, limit: Decimal) -> Determined:
    try:
        return read_determined(row.told, limit)
    except BadInput as fault:
        raise BadInput(
            f"第 {row.place} 行 {row.label}：{fault.zh}", f"Row {row.place} {row.label}: {fault.en}"
        ) from fault


def _rule_row(row: BatchRow, found: Determined) -> rules.Row:
    return rules.Row(
        place=row.place,
        kind=cast(rules.Kind, row.kind),
        label=row.label,
        found=found,
        of=row.of,
        nominal=None if row.nominal is None else row.nominal.normalize(),
        uncertainty=None if row.uncertainty is None else row.uncertainty.normalize(),
    )


def _reported(batch: Batch, row: BatchRow, found: Determined) -> Determined:
    limit = found.detection_limit.normalize()
    if found.value is None:
        return Determined(None, limit)
    places = _places(batch.detection_limit.normalize())
    if row.told:  # what a person wrote with two decimals is not known to three
        places = min(places, _places(found.value))
    digits = control(on=batch.analysed_on).measures["digits"].points
    return Determined(reported(found.value, places=places, significant=digits), limit)


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))
