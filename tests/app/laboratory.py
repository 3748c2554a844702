"""A laboratory for tests: people, an instrument, samples that arrived, a good batch."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from songhua.api.ports import Platform
from songhua.standards.lab import method
from songhua.store.registry import batches, records, samples
from songhua.store.registry.models import Batch, BatchRow, Certificate, Instrument, Sample, User
from songhua.store.registry.samples import FieldSheet, Handover

PASSWORD = "gold-pine-7-river"
SITE = "1119A"
CITY = "220100"
AMMONIA = "HJ 535-2009"
TAKEN = datetime(2026, 11, 3, 2, 15, tzinfo=UTC)
ANALYSED = date(2026, 11, 5)
POINTS = ((0, 0.002), (0.2, 0.041), (0.5, 0.101), (1, 0.199), (2, 0.402), (4, 0.801))
_numbers = count(1)


def person(name: str, role: str, region: str = CITY) -> User:
    found = User.objects.filter(username=name).first()
    return found or records.add_user(name, role=role, region=region, password=PASSWORD)


def instrument(code: str = "UV-01", *, good: bool = True) -> Instrument:
    made, new = Instrument.objects.get_or_create(
        code=code, defaults={"name": "紫外可见分光光度计", "region_id": CITY}
    )
    if new and good:
        Certificate.objects.create(
            instrument=made, kind="calibration", body="吉林省计量科学研究院", number=f"{code}-2026",
            done_on=date(2026, 3, 1), due_on=date(2027, 2, 28), passed=True, author="admin",
            journal_seq=0,
        )  # fmt: skip
    return made


def sheet(**more: Any) -> FieldSheet:
    number = next(_numbers)
    told = {
        "key": f"key-{number:08}",
        "barcode": f"261103-{number:05}",
        "site": SITE,
        "sampled_at": TAKEN.replace(minute=number % 60, second=number // 60),
        "sampler": "王采",
        "items": [AMMONIA],
    }
    return FieldSheet(**{**told, **more})


def arrived(who: User, **more: Any) -> Sample:
    """Return a sample that the laboratory received."""
    told = sheet(**more)
    sample = samples.keep(told, region=samples.check(told, who), author=who.username, seq=1)
    step = Handover("received", TAKEN.replace(hour=6), "李收", giver="王采", temperature=4.0)
    samples.check_step(sample, step)
    samples.keep_step(sample, step, author=who.username, seq=1)
    return sample


def batch(analyst: User, number: str, *, on: Instrument | None = None) -> Batch:
    return batches.new_batch(
        number=number, how=method(AMMONIA), instrument_id=(on or instrument()).pk, region=CITY,
        analyst=analyst.username, analysed_on=ANALYSED,
    )  # fmt: skip


def rows(first: Sample, second: Sample, **told: str) -> list[BatchRow]:
    """Return the rows of a batch that is accepted; `told` changes what was determined."""
    found: list[dict[str, Any]] = [
        *({"kind": "standard", "label": f"S{n}", "nominal": Decimal(str(x)), "signal": y}
          for n, (x, y) in enumerate(POINTS)),
        {"kind": "blank", "label": "B1", "told": "0.010"},
        {"kind": "field_blank", "label": "F1", "told": "ND"},
        {"kind": "sample", "label": first.barcode, "told": told.get("told", "0.52")},
        {"kind": "sample", "label": second.barcode, "told": told.get("second", "0.010")},
        {"kind": "parallel", "label": "P1", "of": first.barcode,
         "told": told.get("parallel", "0.48")},
        {"kind": "spike", "label": "J1", "of": first.barcode, "told": "1.02",
         "nominal": Decimal("0.5")},
        {"kind": "crm", "label": "GSB 07-3164", "told": "1.02", "nominal": Decimal("1"),
         "uncertainty": Decimal("0.05")},
    ]  # fmt: skip
    return [BatchRow(place=n, **one) for n, one in enumerate(found, 1)]


def issued(
    platform: Platform, analyst: User, reviewer: User, signatory: User, number: str
) -> Batch:
    """Return a batch that three persons signed."""
    made = batch(analyst, number)
    batches.set_rows(made, rows(arrived(analyst), arrived(analyst)))
    for level, who in enumerate((analyst, reviewer, signatory), 1):
        platform.sign_batch(number, level, who, "")
    made.refresh_from_db()
    return made
