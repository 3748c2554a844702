"""Batches: rows in, signatures in order, results out. What is judged, the caller judges."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from songhua.model import BadInput, UnknownName
from songhua.model.determined import Determined
from songhua.standards.lab import Method, method
from songhua.store.registry.lab import Batch, BatchRow, Result, Sample, Signature
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action, stem
from songhua.store.registry.samples import is_in_laboratory

MOST_ROWS = 500
_NUMBER = re.compile(r"(?=.*\d)[\w.-]{3,40}")
LEVELS = {1: ("分析人员", "analyst"), 2: ("复核人员", "reviewer"), 3: ("授权签字人", "signatory")}
_WAITING = {"draft": 1, "signed_1": 2, "signed_2": 3}
_AFTER = {1: "signed_1", 2: "signed_2", 3: "issued"}
_NEEDS = {1: Action.ANALYSE, 2: Action.ANALYSE, 3: Action.ISSUE}


def batches_of(who: User) -> QuerySet[Batch]:
    """Return the batches of a person's region."""
    if who.is_superuser:
        return Batch.objects.all()
    if who.region_id is None:
        return Batch.objects.none()
    return Batch.objects.filter(region__code__startswith=stem(who.region_id))


def batch_named(who: User, number: str) -> Batch:
    """Return a batch of a person's region.

    Raises
    ------
    UnknownName
        If there is none.
    """
    found = batches_of(who).select_related("instrument").filter(number=number).first()
    if found is None:
        raise UnknownName("分析批", "batch", number[:40])
    return found


def level_due(batch: Batch) -> int | None:
    """Return which signature is due; None when all are there."""
    return _WAITING.get(batch.state)


def refuse_edit(batch: Batch) -> None:
    """Raise `BadInput` unless a batch may still be changed."""
    if batch.state != "draft":
        raise BadInput(
            f"批 {batch.number} 已签字，不能改。请复核人员退回后再改。",
            f"Batch {batch.number} is signed and cannot be changed until it is returned.",
        )


@transaction.atomic
def set_rows(batch: Batch, rows: Sequence[BatchRow]) -> None:
    """Put the rows of a draft on record in place of what it had.

    Raises
    ------
    BadInput
        If it is signed, a row names a sample that is not in the laboratory, or an item that the
        sample was not taken for.
    """
    refuse_edit(batch)
    if not 0 < len(rows) <= MOST_ROWS:
        raise BadInput(
            f"一批应有 1 至 {MOST_ROWS} 行，现有 {len(rows)} 行。",
            f"A batch has 1 to {MOST_ROWS} rows; there are {len(rows)}.",
        )
    item = method(batch.method).item
    known = {one.barcode: one for one in Sample.objects.filter(
        barcode__in=[row.label for row in rows], region__code__startswith=stem(batch.region_id)
    ).prefetch_related("steps")}  # fmt: skip
    faults: list[tuple[str, str]] = []
    seen: set[str] = set()
    for row in rows:
        row.batch = batch
        row.sample = known.get(row.label)
        if row.kind == "sample":
            faults += _row_faults(row, item, seen)
            seen.add(row.label)
    if faults:
        raise BadInput(
            "；".join(zh for zh, _ in faults) + "。", "; ".join(en for _, en in faults) + "."
        )
    batch.rows.all().delete()
    BatchRow.objects.bulk_create(rows)


def _row_faults(row: BatchRow, item: str, seen: set[str]) -> list[tuple[str, str]]:
    where = (f"第 {row.place} 行 {row.label[:40]} ", f"row {row.place} {row.label[:40]} ")
    if row.sample is None:
        told = ("没有这个样品", "is no sample of this region")
    elif item not in {method(code).item for code in row.sample.items}:
        told = ("采样单上没有这个项目", "was not taken for this item")
    elif not is_in_laboratory(row.sample):
        told = ("实验室没有接收，或已拒收、处置", "is not in the laboratory")
    elif row.label in seen:
        told = ("重复", "is there twice")
    else:
        return []
    return [(where[0] + told[0], where[1] + told[1])]


def refuse_signature(batch: Batch, level: int, who: User) -> None:
    """Raise `BadInput` unless a person may put a signature on a batch now."""
    due = level_due(batch)
    zh, en = LEVELS.get(level, ("", ""))
    if due is None:
        raise BadInput(f"批 {batch.number} 已签发。", f"Batch {batch.number} is issued.")
    if level != due:
        next_zh, next_en = LEVELS[due]
        raise BadInput(
            f"批 {batch.number} 现在应由{next_zh}签字（第 {due} 级），还轮不到{zh or level}。",
            f"Batch {batch.number} awaits the {next_en} (level {due}), not the {en or level}.",
        )
    if not who.may(_NEEDS[level]) or not who.covers(batch.region_id):
        raise BadInput(f"您没有{zh}的签字权。", f"You may not sign as {en}.")
    name = who.get_username()
    if level == 1 and name != batch.analyst:
        raise BadInput(
            f"谁出数谁签字：这一批由 {batch.analyst} 分析。",
            f"Who analysed signs: that was {batch.analyst}.",
        )
    signed = batch.signatures.filter(round=batch.round, who=name).first()
    if signed is not None:
        raise BadInput(
            f"三级签字须由三个人完成：您已签第 {signed.level} 级。",
            f"Three persons sign: you signed level {signed.level}.",
        )
    if level > 1 and name == batch.analyst:
        raise BadInput("分析人员不能复核或签发自己的数据。", "An analyst cannot review own data.")


@transaction.atomic
def sign(batch: Batch, level: int, who: str, *, opinion: str, at: datetime, seq: int) -> None:
    """Put a signature on record; one that is there stays as it is."""
    Signature.objects.get_or_create(
        batch=batch,
        round=batch.round,
        level=level,
        defaults={"who": who, "at": at, "opinion": opinion, "journal_seq": seq},
    )
    batch.state = _AFTER[level]
    if level == 3:
        batch.journal_seq = seq
    batch.save(update_fields=["state", "journal_seq"])


@transaction.atomic
def return_batch(batch: Batch, level: int, who: str, *, opinion: str, seq: int) -> None:
    """Give a batch back to its analyst: the next round begins."""
    Signature.objects.create(
        batch=batch,
        round=batch.round,
        level=level,
        who=who,
        at=timezone.now(),
        returned=True,
        opinion=opinion,
        journal_seq=seq,
    )
    batch.results.all().delete()
    batch.round += 1
    batch.state = "draft"
    batch.save(update_fields=["round", "state"])


@transaction.atomic
def set_results(batch: Batch, found: Mapping[int, Determined]) -> None:
    """Freeze what the analyst signs: a result for each sample, by its key."""
    how = method(batch.method)
    Result.objects.filter(batch=batch).delete()
    for sample_id, one in found.items():
        Result.objects.create(
            batch=batch,
            sample_id=sample_id,
            item=how.item,
            value=one.value,
            detection_limit=one.detection_limit,
            told=str(one),
            unit=how.unit,
            retest_of=awaiting_retest(sample_id, how.item),
        )


def awaiting_retest(sample_id: int, item: str) -> Result | None:
    """Return the issued result of a sample that waits for a re-test."""
    return Result.objects.filter(sample_id=sample_id, item=item, state="retest").first()


def order_retest(result: Result, *, why: str, who: str) -> None:
    """Note that an issued result shall be determined again."""
    if result.state != "issued":
        raise BadInput(
            "只有已签发的结果可以要求复测。", "Only an issued result can be determined again."
        )
    if len(why.strip()) < 2:
        raise BadInput("请写明复测的原因。", "Say why it is determined again.")
    result.state, result.retest_why, result.retest_by = "retest", why.strip()[:1000], who
    result.save(update_fields=["state", "retest_why", "retest_by"])


@transaction.atomic
def issue(number: str, signature: Mapping[str, Any], *, seq: int, at: datetime) -> None:
    """Make a batch's results issued, and those they replace replaced; safe to repeat."""
    batch = Batch.objects.filter(number=number, round=signature["round"]).first()
    if batch is None or batch.journal_seq not in (None, seq):
        return
    sign(batch, 3, signature["who"], opinion=signature["opinion"], at=at, seq=seq)
    batch.results.filter(state="signing").update(state="issued")
    replaced = batch.results.exclude(retest_of=None).values_list("retest_of", flat=True)
    Result.objects.filter(pk__in=list(replaced), state="retest").update(state="replaced")


def waiting_samples(samples: QuerySet[Sample], *, most: int = 500) -> list[Mapping[str, Any]]:
    """Return what is to be analysed: sample, method, and whether it is a re-test."""
    found: list[Mapping[str, Any]] = []
    for sample in samples.prefetch_related("steps", "results")[:most]:
        steps = [one.what for one in sample.steps.all()]
        if "received" not in steps or steps[-1] in ("refused", "discarded"):
            continue
        states: dict[str, str] = {}
        for one in sample.results.all():  # the newest first
            states.setdefault(one.item, one.state)
        for code in sample.items:
            state = states.get(method(code).item)
            if state in (None, "retest"):
                found.append(
                    {"sample": sample, "method": method(code), "retest": state is not None}
                )
    return found


def new_batch(
    *,
    number: str,
    how: Method,
    instrument_id: int,
    region: str,
    analyst: str,
    analysed_on: date,
    detection_limit: Decimal | None = None,
    weight: str = "1",
    curve_of: Batch | None = None,
) -> Batch:
    """Begin a batch.

    Raises
    ------
    BadInput
        If the number is taken, the limit is above the method's, or the curve is another method's.
    """
    limit = how.detection_limit if detection_limit is None else detection_limit
    tests = [
        (
            _NUMBER.fullmatch(number),
            "批号须为 3 至 40 位字母、数字或 . _ -",
            "a number has 3 to 40 letters, digits, dots, dashes",
        ),
        (not Batch.objects.filter(number=number).exists(), "批号已用", "the number is taken"),
        (
            0 < limit <= how.detection_limit,
            f"检出限须大于零且不高于方法的 {how.detection_limit:f} {how.unit}",
            f"the detection limit is above zero and at most the method's {how.detection_limit:f}",
        ),
        (analysed_on <= timezone.localdate(), "分析日期在将来", "analysed in the future"),
        (weight in ("1", "1/x", "1/x2"), "没有这种权重", "no such weight"),
        (
            curve_of is None
            or (curve_of.method, curve_of.instrument_id) == (how.code, instrument_id),
            "沿用的曲线不是同一方法、同一仪器的",
            "the earlier curve is of another method or instrument",
        ),
    ]  # fmt: skip
    faults = [(zh, en) for ok, zh, en in tests if not ok]
    if faults:
        raise BadInput(
            "分析批：" + "；".join(zh for zh, _ in faults) + "。",
            "Batch: " + "; ".join(en for _, en in faults) + ".",
        )
    return Batch.objects.create(
        number=number,
        method=how.code,
        instrument_id=instrument_id,
        region_id=region,
        analyst=analyst,
        analysed_on=analysed_on,
        detection_limit=limit,
        weight=weight,
        curve_of=curve_of,
        made_at=timezone.now(),
    )
