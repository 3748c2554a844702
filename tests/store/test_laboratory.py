"""The laboratory's register on SQLite and PostgreSQL: what the database itself refuses."""

from datetime import date
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from songhua.model import BadInput
from songhua.standards.lab import method
from songhua.store.registry import batches, records, samples
from songhua.store.registry.models import Batch, Certificate, CustodyStep, Signature
from tests.app import laboratory as lab

DEMO = Path(__file__).parents[2] / "demo"


@pytest.fixture
def sites(registry: str) -> str:
    records.seed()
    records.load_sites(DEMO / "sites.csv")
    return registry


def test_one_signature_a_level_and_three_persons(sites: str) -> None:
    zhang = lab.person("zhang", "analyst")
    made = lab.batch(zhang, "B-1")

    def put(level: int, who: str) -> None:
        with transaction.atomic():
            Signature.objects.create(
                batch=made, round=1, level=level, who=who, at=timezone.now(), journal_seq=1
            )

    put(1, "zhang")
    for level, who in ((1, "li"), (2, "zhang")):
        with pytest.raises(IntegrityError):
            put(level, who)
    put(2, "li")


def test_what_is_on_record_is_not_deleted(sites: str) -> None:
    zhang = lab.person("zhang", "analyst")
    sample = lab.arrived(zhang)
    with pytest.raises(ProtectedError):
        sample.delete()
    assert CustodyStep.objects.filter(sample=sample).count() == 2


def test_regions_do_not_see_one_another(sites: str) -> None:
    zhang, far = lab.person("zhang", "analyst"), lab.person("far", "analyst", "220200")
    sample = lab.arrived(zhang)
    made = lab.batch(zhang, "B-2")
    assert list(samples.samples_of(zhang)) == [sample]
    assert not samples.samples_of(far)
    assert not batches.batches_of(far)
    assert list(batches.batches_of(lab.person("province", "analyst", "220000"))) == [made]
    with pytest.raises(BadInput, match="不在您的地区"):
        samples.check(lab.sheet(), far)


def test_a_sample_of_another_item_or_place_enters_no_batch(sites: str) -> None:
    zhang = lab.person("zhang", "analyst")
    made = lab.batch(zhang, "B-3")
    phosphorus = lab.arrived(zhang, items=["GB 11893-1989"])
    good = lab.arrived(zhang)
    with pytest.raises(BadInput, match="采样单上没有这个项目"):
        batches.set_rows(made, lab.rows(good, phosphorus))
    rows = lab.rows(good, good)
    with pytest.raises(BadInput, match="重复"):
        batches.set_rows(made, rows)
    rows[9].label = "NOBODY-1"
    with pytest.raises(BadInput, match="没有这个样品"):
        batches.set_rows(made, rows)
    with pytest.raises(BadInput, match="1 至 500 行"):
        batches.set_rows(made, [])
    assert made.rows.count() == 0


def test_a_batch_that_cannot_begin(sites: str) -> None:
    zhang = lab.person("zhang", "analyst")
    lab.batch(zhang, "B-4")
    with pytest.raises(BadInput, match="批号已用"):
        lab.batch(zhang, "B-4")
    how = method(lab.AMMONIA)
    with pytest.raises(BadInput, match=r"检出限.*将来.*权重"):
        batches.new_batch(
            number="B-5", how=how, instrument_id=lab.instrument().pk, region=lab.CITY,
            analyst="zhang", analysed_on=date(2099, 1, 1), weight="x",
            detection_limit=how.detection_limit * 2,
        )  # fmt: skip
    assert Batch.objects.count() == 1


def test_a_certificate_is_due_after_it_was_done(sites: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(
            instrument=lab.instrument(), kind="check", body="本站", number="X",
            done_on=date(2026, 2, 1), due_on=date(2026, 1, 1), passed=True, author="a",
            journal_seq=1,
        )  # fmt: skip
