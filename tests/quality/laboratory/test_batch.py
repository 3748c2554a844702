"""A batch is judged: what is missing, what is beyond the limit, and where."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from songhua.model import BadInput, NoRuleInForce
from songhua.model.determined import Determined, read_determined
from songhua.quality.laboratory.batch import (
    Batch,
    Finding,
    Kind,
    Row,
    accepted,
    judge,
    refuse_unaccepted,
)
from songhua.quality.laboratory.curve import fit
from songhua.standards.lab import method

AMMONIA = method("HJ 535-2009")
COD = method("HJ 828-2017")
DAY = date(2026, 11, 24)
LINE = fit([0, 0.2, 0.5, 1, 2, 4], [0.002, 0.041, 0.101, 0.199, 0.402, 0.801])


def row(place: int, kind: Kind, label: str, told: str, **more: Any) -> Row:
    return Row(place, kind, label, read_determined(told, Decimal("0.025")), **more)


def good() -> list[Row]:
    return [
        row(1, "blank", "B1", "0.010"),
        row(2, "field_blank", "F1", "ND"),
        row(3, "sample", "S1", "0.52"),
        row(4, "sample", "S2", "0.45"),
        row(5, "parallel", "S1-P", "0.48", of="S1"),
        row(6, "spike", "S2-J", "0.95", of="S2", nominal=Decimal("0.5")),
        row(7, "crm", "GSB 07-3164", "1.02", nominal=Decimal("1.00"), uncertainty=Decimal("0.05")),
        row(8, "midpoint", "M", "1.05", nominal=Decimal("1")),
    ]


def found(rows: list[Row], **more: Any) -> tuple[Finding, ...]:
    return judge(Batch(AMMONIA, DAY, rows, **{"curve": LINE, **more}))


def failed(rows: list[Row], **more: Any) -> list[tuple[str, str]]:
    return [(one.measure, one.label) for one in found(rows, **more) if one.verdict == "fail"]


def test_a_good_batch_is_accepted_with_every_number() -> None:
    findings = found(good())
    assert accepted(findings)
    refuse_unaccepted(findings)
    told = {one.measure: (one.number, one.limit) for one in findings}
    # by hand: |0.52-0.48|/1.00 = 4 %, order 1e-7 g/mL: 10 %; (0.95-0.45)/0.5 = 100 %
    assert told["parallel"] == ("4.00 %", "≤ 10 %")
    assert told["spike"] == ("100.00 %", "80–120 %")
    assert told["crm"] == ("1.02", "1.00 ± 0.05")
    assert told["midpoint"] == ("5.00 %", "± 10 %")
    assert all(one.source and one.confidence for one in findings)


@pytest.mark.parametrize("kind", ["blank", "field_blank", "parallel", "spike", "crm"])
def test_what_is_missing_is_named(kind: str) -> None:
    rows = [one for one in good() if one.kind != kind]
    assert failed(rows) == [(kind, "")]
    with pytest.raises(BadInput, match="缺少"):
        refuse_unaccepted(found(rows))


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (0, {"found": Determined(Decimal("0.026"), Decimal("0.025"))}),
        (4, {"found": Determined(Decimal("0.40"), Decimal("0.025"))}),  # 13 %
        (5, {"found": Determined(Decimal("1.10"), Decimal("0.025"))}),  # 130 % of 80-120
        (6, {"found": Determined(Decimal("1.06"), Decimal("0.025"))}),
        (7, {"found": Determined(Decimal("0.89"), Decimal("0.025"))}),
    ],
)
def test_what_is_beyond_its_limit_fails_alone(place: int, change: dict[str, Any]) -> None:
    rows = good()
    rows[place] = replace(rows[place], **change)
    assert failed(rows) == [(rows[place].kind, rows[place].label)]
    with pytest.raises(BadInput, match=f"第 {place + 1} 行"):
        refuse_unaccepted(found(rows))


def test_eleven_samples_need_two_parallels_and_two_spikes() -> None:
    rows = good() + [row(10 + n, "sample", f"T{n}", "0.3") for n in range(9)]
    assert failed(rows) == [("parallel", ""), ("spike", "")]


def test_after_twenty_samples_drift_is_checked() -> None:
    rows = good() + [row(10 + n, "sample", f"T{n}", "0.3") for n in range(18)]
    rows += [replace(good()[4], label=f"P{n}") for n in range(2)]
    rows += [replace(good()[5], label=f"J{n}") for n in range(2)]
    assert failed(rows) == [("drift", "")]
    rows.append(row(40, "drift", "D", "1.02", nominal=Decimal(1)))
    assert failed(rows) == []


def test_a_curve_is_needed_and_must_be_straight() -> None:
    assert failed(good(), curve=None) == [("curve", "")]
    bent = fit([0, 1, 2, 3, 4], [0.0, 1.0, 2.2, 2.9, 4.3])
    assert failed(good(), curve=bent) == [("curve", "")]
    few = fit([0, 1, 2, 4], [0.0, 1.0, 2.0, 4.0])
    assert failed(good(), curve=few) == [("curve", "")]


def test_an_earlier_curve_needs_its_middle_checked() -> None:
    rows = [one for one in good() if one.kind != "midpoint"]
    assert failed(rows) == []
    assert failed(rows, earlier_curve=True) == [("midpoint", "")]


def test_a_titration_has_neither_curve_nor_spike() -> None:
    limit = Decimal(4)
    rows = [
        Row(1, "blank", "B", Determined(None, limit)),
        Row(2, "field_blank", "F", Determined(None, limit)),
        Row(3, "sample", "S", Determined(Decimal(21), limit)),
        Row(4, "parallel", "P", Determined(Decimal(20), limit), of="S"),
        Row(5, "crm", "C", Determined(Decimal(30), limit), nominal=Decimal(31),
            uncertainty=Decimal(2)),
    ]  # fmt: skip
    # |21-20|/41 = 2.44 %, 20.5 mg/L is of order 1e-5 g/mL: 2.5 %
    assert accepted(judge(Batch(COD, DAY, rows)))


def test_parallels_not_detected_have_no_deviation_but_belong_together() -> None:
    rows = good()
    rows[2] = replace(rows[2], found=Determined(None, Decimal("0.025")))
    rows[4] = replace(rows[4], found=Determined(Decimal("0.03"), Decimal("0.025")))
    verdicts = [one.verdict for one in found(rows) if one.measure == "parallel"]
    assert verdicts == ["not_judged"]
    rows[4] = replace(rows[4], found=Determined(Decimal("0.10"), Decimal("0.025")))
    assert failed(rows) == [("parallel", "S1-P")]


@pytest.mark.parametrize(
    ("place", "change", "said"),
    [
        (4, {"of": "S9"}, "没有指明"),
        (5, {"nominal": None}, "加标量"),
        (6, {"nominal": None}, "证书值"),
        (6, {"uncertainty": None}, "不确定度"),
        (7, {"nominal": Decimal(0)}, "标称值"),
    ],
)
def test_a_row_that_cannot_be_judged_is_named(place: int, change: Any, said: str) -> None:
    rows = good()
    rows[place] = replace(rows[place], **change)
    with pytest.raises(BadInput, match=f"第 {place + 1} 行.*{said}"):
        found(rows)


def test_without_samples_or_rules_there_is_no_judgement() -> None:
    with pytest.raises(BadInput, match="没有样品"):
        found([one for one in good() if one.kind != "sample"])
    with pytest.raises(NoRuleInForce):
        judge(Batch(AMMONIA, date(2001, 1, 1), good(), curve=LINE))
