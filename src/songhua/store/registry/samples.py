"""Samples and their chain of custody: checked, then on record."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from songhua.model import BEIJING, BadInput, UnknownName
from songhua.standards.lab import method
from songhua.store.registry.lab import CUSTODY, SAMPLE_KINDS, CustodyStep, Sample
from songhua.store.registry.models import SitePeriod, User
from songhua.store.registry.rights import stem

_BARCODE = re.compile(r"[0-9A-Z][0-9A-Z-]{4,30}[0-9A-Z]")
_KEY = re.compile(r"[0-9A-Za-z-]{8,64}")
_AHEAD = timedelta(minutes=10)
_MOST_ITEMS = 60
_COLDEST, _WARMEST = -90.0, 60.0
_OVER = ("refused", "discarded")


@dataclass(frozen=True, slots=True)
class FieldSheet:
    """What a sampler wrote down.

    Parameters
    ----------
    key
        Of the sheet, made where it was filled in: sent twice, it is one sample.
    items
        Codes of methods.
    """

    key: str
    barcode: str
    site: str
    sampled_at: datetime
    sampler: str
    items: Sequence[str]
    kind: str = "routine"
    matrix: str = "surface_water"
    container: str = ""
    preservation: str = ""
    lon: float | None = None
    lat: float | None = None
    temperature: float | None = None
    remark: str = ""

    def body(self) -> dict[str, Any]:
        """Return the sheet as it is kept on record."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {
            **told,
            "items": list(self.items),
            "sampled_at": self.sampled_at.astimezone(UTC).isoformat(),
        }

    @property
    def digest(self) -> str:
        """Return what tells this sheet from another with the same key."""
        raw = json.dumps(self.body(), sort_keys=True, ensure_ascii=False).encode()
        return hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True, slots=True)
class Handover:
    """One step of custody."""

    what: str
    at: datetime
    taker: str
    giver: str = ""
    temperature: float | None = None
    remark: str = ""


class SheetConflict(BadInput):
    """A sheet that cannot go in beside another: the barcode or the key is taken."""


def already(sheet: FieldSheet) -> Sample | None:
    """Return the sample of a sheet that came before.

    Raises
    ------
    SheetConflict
        If the key came with other content, or the barcode is another sample's.
    """
    known = Sample.objects.filter(key=sheet.key).first()
    if known is not None:
        if known.digest != sheet.digest:
            raise SheetConflict(
                f"这张采样单（{known.barcode}）已经登记，内容不同。请核对。",
                f"This sheet ({known.barcode}) is registered with other content. Compare them.",
            )
        return known
    taken = Sample.objects.filter(barcode=sheet.barcode).first()
    if taken is not None:
        at = taken.sampled_at.astimezone(BEIJING)
        raise SheetConflict(
            f"条码 {sheet.barcode} 已用于 {taken.site_id} {at:%Y-%m-%d %H:%M} 的样品。",
            f"Barcode {sheet.barcode} is that of a sample of {taken.site_id}, {at:%Y-%m-%d %H:%M}.",
        )
    return None


def check(sheet: FieldSheet, who: User) -> str:
    """Return the region of the sheet's site.

    Raises
    ------
    BadInput
        If the sheet cannot be used: every field that is wrong is named.
    """
    faults = [*_faults(sheet)]
    region = region_of(sheet.site, sheet.sampled_at)
    if region is None or not who.covers(region):
        faults.insert(0, ("没有这个点位，或不在您的地区", "no such site in your region"))
    if not faults and sheet.kind == "routine" and (other := _same(sheet)):
        faults.append(
            (
                f"同点位、同时间、同项目已有样品 {other}；现场平行请选“现场平行”",
                f"sample {other} has the same site, time and item; choose field parallel",
            )
        )
    if faults or region is None:
        raise BadInput(
            f"采样单 {sheet.barcode[:32]}：" + "；".join(zh for zh, _ in faults) + "。",
            f"Field sheet {sheet.barcode[:32]}: " + "; ".join(en for _, en in faults) + ".",
        )
    return region


def _faults(sheet: FieldSheet) -> list[tuple[str, str]]:
    tests = [
        (_KEY.fullmatch(sheet.key), "防重编号不对", "the key is none"),
        (
            _BARCODE.fullmatch(sheet.barcode),
            "条码须为 6 至 32 位大写字母、数字或连字符",
            "a barcode has 6 to 32 capital letters, digits or hyphens",
        ),
        (sheet.sampled_at <= timezone.now() + _AHEAD, "采样时间在将来", "sampled in the future"),
        (sheet.sampled_at.year >= 2000, "采样时间过早", "sampled too long ago"),
        (0 < len(sheet.sampler.strip()) <= 150, "没有写采样人", "no sampler"),
        (
            0 < len(sheet.items) <= _MOST_ITEMS and len(set(sheet.items)) == len(sheet.items),
            "项目没有选，或重复",
            "no items, or one twice",
        ),
        (sheet.kind in dict(SAMPLE_KINDS), "类别不对", "no such kind"),
        (
            len(sheet.container) <= 60 and len(sheet.preservation) <= 120,
            "容器或保存剂过长",
            "container or preservation is too long",
        ),
        (len(sheet.remark) <= 1000, "备注过长", "the remark is too long"),
        (
            (sheet.lon is None) == (sheet.lat is None)
            and (sheet.lon is None or 73 <= sheet.lon <= 136)
            and (sheet.lat is None or 3 <= sheet.lat <= 54),
            "坐标不在国内，或只有一个",
            "the coordinates are not in China, or one is missing",
        ),
        (_is_temperature(sheet.temperature), "温度不对", "no such temperature"),
    ]
    faults = [(zh, en) for ok, zh, en in tests if not ok]
    for code in sheet.items:
        try:
            method(code)
        except UnknownName as fault:
            faults.append((fault.zh.rstrip("。"), fault.en.rstrip(".")))
    return faults


def region_of(site: str, at: datetime) -> str | None:
    """Return the city of a site on a day, or None where it did not stand."""
    day = at.astimezone(BEIJING).date()
    still = Q(valid_until__isnull=True) | Q(valid_until__gte=day)
    found = SitePeriod.objects.filter(still, site_id=site, valid_from__lte=day).first()
    return None if found is None else found.city_id


def _same(sheet: FieldSheet) -> str | None:
    at = sheet.sampled_at.replace(microsecond=0)
    items = {method(code).item for code in sheet.items}
    near = Sample.objects.filter(
        site_id=sheet.site,
        kind="routine",
        sampled_at__gte=at,
        sampled_at__lt=at + timedelta(seconds=1),
    )
    for other in near:
        if items & {method(code).item for code in other.items}:
            return other.barcode
    return None


@transaction.atomic
def keep(sheet: FieldSheet, *, region: str, author: str, seq: int) -> Sample:
    """Put a checked sheet on record, with its first step of custody."""
    sample = Sample.objects.create(
        barcode=sheet.barcode,
        key=sheet.key,
        digest=sheet.digest,
        kind=sheet.kind,
        site_id=sheet.site,
        region_id=region,
        sampled_at=sheet.sampled_at,
        sampler=sheet.sampler.strip(),
        matrix=sheet.matrix[:20],
        items=list(sheet.items),
        container=sheet.container,
        preservation=sheet.preservation,
        lon=sheet.lon,
        lat=sheet.lat,
        remark=sheet.remark,
        sent_at=timezone.now(),
        author=author,
        journal_seq=seq,
    )
    CustodyStep.objects.create(
        sample=sample,
        what="taken",
        at=sheet.sampled_at,
        taker=sample.sampler,
        temperature=sheet.temperature,
        author=author,
        journal_seq=seq,
    )
    return sample


def check_step(sample: Sample, step: Handover) -> None:
    """Raise `BadInput` unless a step follows from the last one."""
    last = sample.steps.order_by("-pk").first()
    if last is None:
        raise BadInput("样品没有采样记录。", "The sample has no record of its taking.")
    tests = [
        (
            step.what in dict(CUSTODY) and step.what != "taken",
            "没有这个环节",
            "no such step",
        ),
        (last.what not in _OVER, "样品已拒收或处置，不再流转", "the sample has left custody"),
        (
            step.giver.strip() == last.taker,
            f"样品现由{last.taker}保管，只能由其交出",
            f"the sample is with {last.taker}, who alone can hand it on",
        ),
        (0 < len(step.taker.strip()) <= 150, "没有写接收人", "nobody takes it"),
        (step.at >= last.at, "时间早于上一环节", "it is earlier than the step before"),
        (step.at <= timezone.now() + _AHEAD, "时间在将来", "it lies in the future"),
        (_is_temperature(step.temperature), "温度不对", "no such temperature"),
        (
            step.what not in _OVER or step.remark.strip(),
            "拒收或处置须写明原因",
            "say why it is refused or discarded",
        ),
        (len(step.remark) <= 1000, "备注过长", "the remark is too long"),
    ]
    faults = [(zh, en) for ok, zh, en in tests if not ok]
    if faults:
        raise BadInput(
            f"样品 {sample.barcode}：" + "；".join(zh for zh, _ in faults) + "。",
            f"Sample {sample.barcode}: " + "; ".join(en for _, en in faults) + ".",
        )


def keep_step(sample: Sample, step: Handover, *, author: str, seq: int) -> CustodyStep:
    """Put a checked step on record."""
    return CustodyStep.objects.create(
        sample=sample,
        what=step.what,
        at=step.at,
        giver=step.giver.strip(),
        taker=step.taker.strip(),
        temperature=step.temperature,
        remark=step.remark.strip(),
        author=author,
        journal_seq=seq,
    )


def samples_of(who: User) -> QuerySet[Sample]:
    """Return the samples of a person's region."""
    if who.is_superuser:
        return Sample.objects.all()
    if who.region_id is None:
        return Sample.objects.none()
    return Sample.objects.filter(region__code__startswith=stem(who.region_id))


def sample_named(who: User, barcode: str) -> Sample:
    """Return a sample of a person's region.

    Raises
    ------
    UnknownName
        If there is none.
    """
    found = samples_of(who).filter(barcode=barcode).first()
    if found is None:
        raise UnknownName("样品", "sample", barcode[:32])
    return found


def is_in_laboratory(sample: Sample) -> bool:
    """Return whether a sample was received and neither refused nor discarded."""
    steps = list(sample.steps.order_by("pk").values_list("what", flat=True))
    return "received" in steps and steps[-1] not in _OVER


def _is_temperature(value: float | None) -> bool:
    return value is None or _COLDEST <= value <= _WARMEST
