"""Instruments of laboratories: certificates, due dates, and the results that rest on them."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from songhua.model import BadInput, UnknownName
from songhua.store.registry.lab import CERTIFICATE_KINDS, Certificate, Instrument, Result
from songhua.store.registry.models import User
from songhua.store.registry.rights import stem

SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an instrument stands on a day.

    Parameters
    ----------
    state
        ``good``, ``soon`` (due within a month), ``overdue``, ``failed`` or ``none``.
    """

    instrument: Instrument
    state: str
    certificate: Certificate | None


def instruments_of(who: User) -> QuerySet[Instrument]:
    """Return the instruments of a person's region."""
    if who.is_superuser:
        return Instrument.objects.all()
    if who.region_id is None:
        return Instrument.objects.none()
    return Instrument.objects.filter(region__code__startswith=stem(who.region_id))


def instrument_named(who: User, code: str) -> Instrument:
    """Return an instrument of a person's region.

    Raises
    ------
    UnknownName
        If there is none.
    """
    found = instruments_of(who).filter(code=code).first()
    if found is None:
        raise UnknownName("仪器", "instrument", code[:40])
    return found


def standing(instrument: Instrument, on: date) -> Standing:
    """Return how an instrument stood on a day, by the certificate that was newest then."""
    newest = instrument.certificates.filter(done_on__lte=on).order_by("-done_on", "-pk").first()
    if newest is None:
        return Standing(instrument, "none", None)
    state = "good"
    if not newest.passed:
        state = "failed"
    elif newest.due_on < on:
        state = "overdue"
    elif newest.due_on - SOON < on:
        state = "soon"
    return Standing(instrument, state, newest)


def refuse_unfit(instrument: Instrument, on: date) -> None:
    """Raise `BadInput` unless an instrument may be used on a day."""
    found = standing(instrument, on)
    if found.state in ("good", "soon"):
        return
    number = "" if found.certificate is None else f"（{found.certificate.number}）"
    zh, en = {
        "none": ("没有检定校准证书", "has no certificate"),
        "failed": ("检定校准不合格", "failed its calibration"),
        "overdue": ("检定校准已过期", "is overdue for calibration"),
    }[found.state]
    raise BadInput(
        f"仪器 {instrument.code} 在 {on.isoformat()} {zh}{number}。",
        f"Instrument {instrument.code} {en} on {on.isoformat()} {number}.",
    )


def check_certificate(certificate: Certificate) -> None:
    """Raise `BadInput` when a certificate cannot be kept."""
    tests = [
        (certificate.kind in dict(CERTIFICATE_KINDS), "没有这个类别", "no such kind"),
        (0 < len(certificate.body.strip()) <= 120, "没有写机构", "no body"),
        (0 < len(certificate.number.strip()) <= 80, "没有写证书编号", "no number"),
        (certificate.due_on >= certificate.done_on, "有效期早于日期", "due before it was done"),
        (
            certificate.passed or certificate.note.strip(),
            "不合格须写明情况",
            "say what failed",
        ),
        (
            not Certificate.objects.filter(
                instrument=certificate.instrument, number=certificate.number
            ).exists(),
            "这个编号已登记",
            "the number is registered",
        ),
    ]
    faults = [(zh, en) for ok, zh, en in tests if not ok]
    if faults:
        raise BadInput(
            "证书：" + "；".join(zh for zh, _ in faults) + "。",
            "Certificate: " + "; ".join(en for _, en in faults) + ".",
        )


def resting_on(certificate: Certificate) -> QuerySet[Result]:
    """Return the results that rest on an instrument that failed.

    They are those analysed since it was last found good, up to the day it is found good again:
    nobody knows when it went wrong in between.
    """
    others = certificate.instrument.certificates.filter(passed=True)
    before = others.filter(done_on__lt=certificate.done_on).order_by("-done_on").first()
    after = others.filter(done_on__gt=certificate.done_on).order_by("done_on").first()
    within = Q(batch__instrument=certificate.instrument)
    if before is not None:
        within &= Q(batch__analysed_on__gte=before.done_on)
    if after is not None:
        within &= Q(batch__analysed_on__lt=after.done_on)
    return Result.objects.filter(within).select_related("batch", "sample")


def resting_on_material(label: str) -> QuerySet[Result]:
    """Return the results of batches that were accepted by a reference material."""
    return (
        Result.objects.filter(batch__rows__kind="crm", batch__rows__label=label)
        .select_related("batch", "sample")
        .distinct()
    )
