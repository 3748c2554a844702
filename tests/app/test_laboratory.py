"""From the field sheet to the record: custody, signatures in order, results on the shelf."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from songhua.app.platform import Songhua, silent
from songhua.model import BadInput, Period
from songhua.store.registry import batches, instruments, samples
from songhua.store.registry.models import Certificate, Result, User
from tests.app import laboratory as lab

pytestmark = pytest.mark.chdb
SPAN = Period(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def people(platform: Songhua) -> tuple[User, User, User]:
    del platform
    return (
        lab.person("zhang", "analyst"),
        lab.person("li", "analyst"),
        lab.person("qian", "signatory"),
    )


def shelf_rows(platform: Songhua) -> pl.DataFrame:
    return platform.shelf.observations(period="sample", span=SPAN)


def test_three_signatures_make_observations_and_a_replay_makes_them_again(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    before = shelf_rows(platform).height
    made = lab.issued(platform, *people, number="NH3-1")
    assert made.state == "issued"
    told = {one.told: one.state for one in made.results.all()}
    assert told == {"0.52": "issued", "0.025L": "issued"}
    rows = shelf_rows(platform).filter(pl.col("revision") == made.journal_seq)
    assert rows.height == 2
    assert shelf_rows(platform).height == before + 2
    # 0.010 is below the detection limit: the limit stands, with its mark.
    assert set(rows.select("value", "mark").rows()) == {(0.52, ""), (0.025, "L")}
    assert rows["author"].unique().to_list() == ["qian"]
    platform.replay(silent)
    assert shelf_rows(platform).height == before + 2


def test_a_stop_before_the_shelf_is_made_good(
    platform: Songhua, people: tuple[User, User, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(platform.shelf, "save_observations", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lab.issued(platform, *people, number="NH3-STOP")
    made = batches.batch_named(people[0], "NH3-STOP")
    assert made.state == "signed_2"
    assert platform.catch_up(silent) == 1
    made.refresh_from_db()
    assert made.state == "issued"
    assert [one.who for one in made.signatures.all()] == ["zhang", "li", "qian"]
    assert shelf_rows(platform).filter(pl.col("revision") == made.journal_seq).height == 2


def test_signatures_have_an_order_and_three_persons(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang, li, qian = people
    made = lab.batch(zhang, "NH3-2")
    batches.set_rows(made, lab.rows(lab.arrived(zhang), lab.arrived(zhang)))
    for level, who, said in [
        (2, li, "应由分析人员签字"),
        (3, qian, "应由分析人员签字"),
        (1, li, "谁出数谁签字"),
        (7, li, "还轮不到7"),
    ]:
        with pytest.raises(BadInput, match=said):
            platform.sign_batch("NH3-2", level, who, "")
    platform.sign_batch("NH3-2", 1, zhang, "")
    with pytest.raises(BadInput, match="三个人"):
        platform.sign_batch("NH3-2", 2, zhang, "")
    with pytest.raises(BadInput, match="应由复核人员签字"):
        platform.sign_batch("NH3-2", 3, qian, "")
    with pytest.raises(BadInput, match="已签字，不能改"):
        batches.set_rows(made.__class__.objects.get(pk=made.pk), [])
    platform.sign_batch("NH3-2", 2, li, "曲线、质控核对无误")
    with pytest.raises(BadInput, match="没有授权签字人的签字权"):
        platform.sign_batch("NH3-2", 3, lab.person("sun", "analyst"), "")
    with pytest.raises(BadInput, match="没有授权签字人的签字权"):
        platform.sign_batch("NH3-2", 3, lab.person("far", "signatory", "220200"), "")
    platform.sign_batch("NH3-2", 3, qian, "")
    with pytest.raises(BadInput, match="已签发"):
        platform.sign_batch("NH3-2", 3, qian, "")


def test_a_batch_is_returned_with_an_opinion_and_begins_again(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang, li, qian = people
    made = lab.batch(zhang, "NH3-3")
    batches.set_rows(made, lab.rows(lab.arrived(zhang), lab.arrived(zhang)))
    with pytest.raises(BadInput, match="没有待您签审"):
        platform.return_batch("NH3-3", li, "不对")
    platform.sign_batch("NH3-3", 1, zhang, "")
    with pytest.raises(BadInput, match="退回须写明意见"):
        platform.return_batch("NH3-3", li, " ")
    platform.return_batch("NH3-3", li, "平行样原始吸光度请附上")
    made.refresh_from_db()
    assert (made.state, made.round, made.results.count()) == ("draft", 2, 0)
    for level, who in enumerate((zhang, li, qian), 1):
        platform.sign_batch("NH3-3", level, who, "")
    told = [(one.round, one.level, one.returned) for one in made.signatures.all()]
    assert told == [(1, 1, False), (1, 2, True), (2, 1, False), (2, 2, False), (2, 3, False)]


@pytest.mark.parametrize(
    ("gone", "said"),
    [("blank", "缺少空白"), ("crm", "缺少有证标准物质"), ("standard", "没有校准曲线")],
)
def test_a_batch_that_lacks_a_control_is_not_signed(
    platform: Songhua, people: tuple[User, User, User], gone: str, said: str
) -> None:
    zhang = people[0]
    made = lab.batch(zhang, f"NH3-{gone}")
    kept = [one for one in lab.rows(lab.arrived(zhang), lab.arrived(zhang)) if one.kind != gone]
    batches.set_rows(made, kept)
    with pytest.raises(BadInput, match=said):
        platform.sign_batch(made.number, 1, zhang, "")
    assert made.signatures.count() == 0


def test_a_control_beyond_its_limit_is_named_with_row_and_number(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang = people[0]
    made = lab.batch(zhang, "NH3-4")
    batches.set_rows(made, lab.rows(lab.arrived(zhang), lab.arrived(zhang), parallel="0.40"))
    # |0.52 - 0.40| / 0.92 = 13.04 %
    with pytest.raises(BadInput, match=r"第 11 行 P1 .*13\.04 %，应不大于 10 %"):
        platform.sign_batch(made.number, 1, zhang, "")


def test_a_signal_is_read_off_the_curve_and_what_lies_beyond_must_be_diluted(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang = people[0]
    made = lab.batch(zhang, "NH3-5")
    found = lab.rows(lab.arrived(zhang), lab.arrived(zhang))
    found[8].told, found[8].signal, found[8].dilution = "", 0.902, 2.0
    batches.set_rows(made, found)
    with pytest.raises(BadInput, match=r"第 9 行 .*须稀释"):
        platform.sign_batch(made.number, 1, zhang, "")
    found[8].signal = 0.0525  # about 0.26 of the curve, twice diluted
    for one in found:
        one.pk = None
    batches.set_rows(made, found)
    platform.sign_batch(made.number, 1, zhang, "")
    value = made.results.get(sample__barcode=found[8].label).value
    assert value == pytest.approx(Decimal("0.51"), abs=Decimal("0.01"))


def test_an_issued_result_is_determined_again_and_replaced(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang, li, qian = people
    first = lab.issued(platform, *people, number="NH3-6").results.get(told="0.52")
    with pytest.raises(BadInput, match="原因"):
        batches.order_retest(first, why="", who="li")
    batches.order_retest(first, why="与历史值相差过大", who="li")
    with pytest.raises(BadInput, match="已签发的结果"):
        batches.order_retest(first, why="再来一次", who="li")
    waiting = [one for one in batches.waiting_samples(samples.samples_of(zhang)) if one["retest"]]
    assert [one["sample"].barcode for one in waiting] == [first.sample.barcode]
    made = lab.batch(zhang, "NH3-7")
    batches.set_rows(made, lab.rows(first.sample, lab.arrived(zhang), told="0.50"))
    for level, who in enumerate((zhang, li, qian), 1):
        platform.sign_batch("NH3-7", level, who, "")
    again = Result.objects.get(batch=made, sample=first.sample)
    first.refresh_from_db()
    assert (first.state, again.state, again.retest_of) == ("replaced", "issued", first)
    at = first.sample.sampled_at
    rows = platform.shelf.observations(period="sample", span=Period(at, at + timedelta(seconds=1)))
    assert rows.filter(pl.col("site") == lab.SITE)["value"].to_list() == [0.5]


def test_an_instrument_that_is_not_fit_signs_nothing_and_a_failed_one_names_its_results(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    zhang = people[0]
    bare = lab.instrument("UV-02", good=False)
    made = lab.batch(zhang, "NH3-8", on=bare)
    batches.set_rows(made, lab.rows(lab.arrived(zhang), lab.arrived(zhang)))
    with pytest.raises(BadInput, match="没有检定校准证书"):
        platform.sign_batch("NH3-8", 1, zhang, "")
    lab.issued(platform, *people, number="NH3-9")
    failed = Certificate(
        instrument=lab.instrument(), kind="check", body="本站", number="QC-7",
        done_on=date(2026, 11, 20), due_on=date(2026, 11, 20), passed=False, note="",
        author="li", journal_seq=1,
    )  # fmt: skip
    with pytest.raises(BadInput, match="不合格须写明"):
        instruments.check_certificate(failed)
    failed.note = "波长偏移 3 nm"
    instruments.check_certificate(failed)
    failed.save()
    resting = instruments.resting_on(failed)
    assert {one.batch.instrument.code for one in resting} == {"UV-01"}
    assert "NH3-9" in {one.batch.number for one in resting}
    assert instruments.standing(lab.instrument(), date(2026, 11, 21)).state == "failed"
    assert instruments.standing(lab.instrument(), date(2026, 11, 19)).state == "good"
    assert "NH3-9" in {one.batch.number for one in instruments.resting_on_material("GSB 07-3164")}


def test_a_sample_passes_only_from_the_hand_that_holds_it(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    del platform
    sample = lab.arrived(people[0])
    at = lab.TAKEN.replace(hour=7)
    for step, said in [
        (samples.Handover("stored", at, "赵", giver="王采"), "现由李收保管"),
        (samples.Handover("stored", lab.TAKEN, "赵", giver="李收"), "早于上一环节"),
        (samples.Handover("refused", at, "赵", giver="李收"), "写明原因"),
        (samples.Handover("flown", at, "赵", giver="李收"), "没有这个环节"),
        (samples.Handover("stored", at, "", giver="李收", temperature=300), "接收人；温度"),
    ]:
        with pytest.raises(BadInput, match=said):
            samples.check_step(sample, step)
    over = samples.Handover("discarded", at, "赵", giver="李收", remark="超过保存期")
    samples.check_step(sample, over)
    samples.keep_step(sample, over, author="li", seq=1)
    assert not samples.is_in_laboratory(sample)
    with pytest.raises(BadInput, match="不再流转"):
        samples.check_step(sample, samples.Handover("stored", at, "王", giver="赵"))
    with pytest.raises(BadInput, match="没有接收"):
        batches.set_rows(lab.batch(people[0], "NH3-10"), lab.rows(sample, sample))


def test_a_sheet_sent_twice_is_one_sample_and_a_conflict_is_shown(
    platform: Songhua, people: tuple[User, User, User]
) -> None:
    del platform
    zhang, told = people[0], lab.sheet()
    assert samples.already(told) is None
    samples.keep(told, region=samples.check(told, zhang), author="zhang", seq=1)
    assert samples.already(told) is not None
    for other in (lab.sheet(key=told.key), lab.sheet(barcode=told.barcode)):
        with pytest.raises(samples.SheetConflict):
            samples.already(other)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"site": "nowhere"}, "没有这个点位"),
        ({"barcode": "a"}, "条码"),
        ({"sampled_at": datetime(2099, 1, 1, tzinfo=UTC)}, "将来"),
        ({"sampler": " "}, "采样人"),
        ({"items": []}, "项目"),
        ({"items": ["HJ 1"]}, "分析方法"),
        ({"kind": "x"}, "类别"),
        ({"lon": 126.0}, "坐标"),
        ({"temperature": 99.0}, "温度"),
    ],
)
def test_a_sheet_that_cannot_be_used_names_what(
    platform: Songhua, people: tuple[User, User, User], wrong: dict[str, object], said: str
) -> None:
    del platform
    with pytest.raises(BadInput, match=said):
        samples.check(lab.sheet(**wrong), people[0])
