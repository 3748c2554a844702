"""The laboratory's pages and API on a real platform: who may, what is shown, what is refused."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import openpyxl
import pytest
from django.test import Client, override_settings

from songhua.app.platform import Songhua
from songhua.ingest.laboratory.template import write_template
from songhua.standards.lab import method
from songhua.store.registry import batches
from songhua.store.registry.models import Batch, Instrument, Sample, User
from tests.app import laboratory as lab

pytestmark = pytest.mark.chdb
ROOMS = ("/lab/", "/lab/samples/", "/lab/field/", "/lab/labels/", "/lab/field/data.json")
INNER = ("/lab/batches/", "/lab/batches/new/", "/lab/instruments/")


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


def client(who: str | User) -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    user = who if isinstance(who, User) else User.objects.get(username=who)
    made.force_login(user)
    return made


@pytest.mark.parametrize(
    ("who", "rooms", "inner"),
    [("viewer", 403, 403), ("operator", 200, 403), ("analyst", 200, 200), ("admin", 200, 200)],
)
def test_who_sees_the_laboratory(who: str, rooms: int, inner: int) -> None:
    asks = client(who)
    assert {asks.get(one).status_code for one in ROOMS} == {rooms}
    assert {asks.get(one).status_code for one in INNER} == {inner}
    stranger = Client()
    assert all(stranger.get(one).status_code == 302 for one in (*ROOMS, *INNER))


def sheet(**more: Any) -> dict[str, Any]:
    body = lab.sheet(**more).body()
    return {**body, "sampled_at": body["sampled_at"]}


def post(asks: Client, path: str, body: dict[str, Any]) -> Any:
    return asks.post(path, json.dumps(body), content_type="application/json")


def test_a_field_sheet_goes_in_once() -> None:
    asks, told = client("operator"), sheet()
    first, again = (post(asks, "/api/v1/lab/samples", told) for _ in range(2))
    assert (first.status_code, first.json()["again"]) == (201, False)
    assert (again.status_code, again.json()["again"]) == (200, True)
    assert Sample.objects.filter(barcode=told["barcode"]).count() == 1
    other = post(asks, "/api/v1/lab/samples", {**told, "remark": "x"})
    assert other.status_code == 409
    assert "内容不同" in other.json()["zh"]
    taken = post(asks, "/api/v1/lab/samples", sheet(barcode=told["barcode"]))
    assert taken.status_code == 409
    shown = asks.get(f"/lab/samples/{told['barcode']}/").content.decode()
    assert "王采" in shown
    assert "barcode" in shown
    api = asks.get(f"/api/v1/lab/samples/{told['barcode']}").json()
    assert [one["what"] for one in api["custody"]] == ["taken"]


@pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("operator", 201), ("analyst", 201)])
def test_who_sends_a_field_sheet(who: str, status: int) -> None:
    assert post(client(who), "/api/v1/lab/samples", sheet()).status_code == status


def test_a_sheet_of_another_region_or_without_time_is_refused() -> None:
    far = lab.person("far-operator", "operator", "220200")
    assert post(client(far), "/api/v1/lab/samples", sheet()).status_code == 400
    bad = post(client("operator"), "/api/v1/lab/samples", {**sheet(), "sampled_at": "昨天"})
    assert bad.status_code == 400
    assert post(client("operator"), "/api/v1/lab/samples", {"key": "x"}).status_code == 422


def test_a_stranger_without_token_sends_nothing() -> None:
    asks = Client(enforce_csrf_checks=True)
    asks.force_login(User.objects.get(username="operator"))
    assert post(asks, "/api/v1/lab/samples", sheet()).status_code == 403


def test_another_region_sees_neither_sample_nor_batch() -> None:
    zhang = lab.person("zhang", "analyst")
    sample = lab.arrived(zhang)
    lab.batch(zhang, "PAGE-0")
    far = client(lab.person("far", "analyst", "220200"))
    for path in (
        f"/lab/samples/{sample.barcode}/",
        "/lab/batches/PAGE-0/",
        "/lab/instruments/UV-01/",
    ):
        assert far.get(path).status_code == 404
    assert far.get("/api/v1/lab/batches/PAGE-0").status_code == 404
    assert far.post(f"/lab/samples/{sample.barcode}/hand/", {}).status_code == 404


def test_custody_is_handed_on_by_who_holds_it() -> None:
    zhang = lab.person("zhang", "analyst")
    sample, asks = lab.arrived(zhang), client(zhang)
    step = {"what": "stored", "at": "2026-11-03T15:00", "giver": "别人", "taker": "赵库"}
    path = f"/lab/samples/{sample.barcode}/hand/"
    told = asks.post(path, step, follow=True).content.decode()
    assert "现由李收保管" in told
    told = asks.post(
        path, {**step, "giver": "李收", "temperature": "4"}, follow=True
    ).content.decode()
    assert "已登记流转" in told
    assert sample.steps.count() == 3
    told = asks.post(path, {**step, "at": "后天"}, follow=True).content.decode()
    assert "时间应写作" in told


def workbook(batch: Batch, first: Sample, second: Sample, **cells: object) -> io.BytesIO:
    book = openpyxl.load_workbook(io.BytesIO(write_template(method(batch.method))))
    page = book["结果"]
    page["B2"], page["B3"] = batch.number, batch.instrument.code
    page["B4"] = batch.analysed_on.isoformat()
    for place, row in enumerate(lab.rows(first, second), 8):
        words = [
            row.get_kind_display(), row.label, row.of, row.signal, row.dilution, row.told,
            row.nominal, row.uncertainty,
        ]  # fmt: skip
        for column, value in enumerate(words, 1):
            page.cell(place, column).value = "" if value is None else str(value)
    for cell, value in cells.items():
        page[cell] = value
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    out.name = "batch.xlsx"
    return out


def order(level: int) -> dict[str, object]:
    return {"level": level, "password": lab.PASSWORD}


def test_a_batch_from_template_to_three_signatures(platform: Songhua) -> None:
    people = [lab.person(*one) for one in (("zhang", "analyst"), ("li", "analyst"),
                                           ("qian", "signatory"))]  # fmt: skip
    zhang, li, qian = map(client, people)
    lab.instrument()
    form = {"number": "PAGE-1", "method": lab.AMMONIA, "instrument": "UV-01",
            "analysed_on": "2026-11-05"}  # fmt: skip
    assert zhang.post("/lab/batches/new/", {**form, "number": "x/1"}).status_code == 400
    assert zhang.post("/lab/batches/new/", form).status_code == 302
    made = batches.batch_named(people[0], "PAGE-1")
    first, second = lab.arrived(people[0]), lab.arrived(people[0])

    def sent(asks: Client, **cells: object) -> str:
        files = {"file": workbook(made, first, second, **cells), "as": "template"}
        return str(asks.post("/lab/batches/PAGE-1/rows/", files, follow=True).content.decode())

    assert "结果!F16" in sent(zhang, F16="半")
    assert "结果!B2" in sent(zhang, B2="OTHER-1")
    assert "只有分析人员" in sent(li)
    assert made.rows.count() == 0
    assert "已录入 13 行" in sent(zhang)
    shown = zhang.get("/lab/batches/PAGE-1/").content.decode()
    assert "平行样 0.52 与 0.48 相对偏差 4.00 %" in shown
    assert "r = 0.9999" in shown

    def signed(asks: Client, **more: str) -> Any:
        page = asks.get("/lab/batches/PAGE-1/sign/").content.decode()
        seen = re.search(r'name="seen" value="(\w+)"', page)
        body = {"seen": seen[1] if seen else "", "password": lab.PASSWORD, **more}
        return asks.post("/lab/batches/PAGE-1/sign/", body)

    assert post(li, "/api/v1/lab/batches/PAGE-1/sign", order(1)).json()["zh"].startswith("谁出数")
    assert "应由分析" in post(qian, "/api/v1/lab/batches/PAGE-1/sign", order(3)).json()["zh"]
    assert "轮不到" in li.get("/lab/batches/PAGE-1/sign/").content.decode()
    assert "密码不对" in signed(zhang, password="x").content.decode()
    assert "请重新核对" in signed(zhang, seen="x").content.decode()
    assert signed(zhang).status_code == 302
    assert "已签字，不能改" in sent(zhang)
    back = li.post("/lab/batches/PAGE-1/return/", {"opinion": "补原始谱图"}, follow=True)
    assert "已退回" in back.content.decode()
    assert [signed(one).status_code for one in (zhang, li)] == [302, 302]
    answer = post(qian, "/api/v1/lab/batches/PAGE-1/sign", order(3))
    assert answer.status_code == 200
    assert answer.json()["state"] == "issued"
    assert "0.025L" in zhang.get(f"/lab/samples/{second.barcode}/").content.decode()
    assert {"lab", "lab_note"} <= {entry.kind for entry in platform.journal.entries()}


def test_a_retest_is_ordered_and_waits(platform: Songhua) -> None:
    people = [
        lab.person(*one) for one in (("zhang", "analyst"), ("li", "analyst"), ("qian", "signatory"))
    ]
    made = lab.issued(platform, *people, number="PAGE-3")
    result, li = made.results.get(told="0.52"), client(people[1])
    told = li.post(f"/lab/results/{result.pk}/retest/", {"why": "复核存疑"}, follow=True)
    assert "已列入复测" in told.content.decode()
    assert "复测" in li.get("/lab/").content.decode()


def test_an_export_of_the_instrument_fills_a_batch() -> None:
    zhang = lab.person("zhang", "analyst")
    tool = lab.instrument("UV-09")
    tool.profile = {"label": "样品名", "told": "浓度", "prefixes": {"BLK": "blank"}}
    tool.save()
    lab.batch(zhang, "PAGE-2", on=tool)
    sample = lab.arrived(zhang)
    raw = io.BytesIO(f"样品名,浓度\nBLK,0.01\n{sample.barcode},0.52\n".encode("gb18030"))
    raw.name = "uv.csv"
    told = client(zhang).post(
        "/lab/batches/PAGE-2/rows/", {"file": raw, "as": "export"}, follow=True
    )
    assert "已录入 2 行" in told.content.decode()
    assert "缺少平行双样" in told.content.decode()


def test_instruments_and_certificates() -> None:
    asks = client(lab.person("zhang", "analyst"))
    told = asks.post("/lab/instruments/", {"code": "IC-01", "name": "离子色谱仪"}, follow=True)
    assert "没有证书" in told.content.decode()
    assert (
        "已登记"
        in asks.post(
            "/lab/instruments/", {"code": "IC-01", "name": "x"}, follow=True
        ).content.decode()
    )
    form = {"kind": "calibration", "body": "计量院", "number": "C-1", "done_on": "2026-01-05",
            "due_on": "2025-01-05", "passed": "yes"}  # fmt: skip
    path = "/lab/instruments/IC-01/certificate/"
    assert "有效期早于日期" in asks.post(path, form, follow=True).content.decode()
    good = asks.post(path, {**form, "due_on": "2099-01-05"}, follow=True).content.decode()
    assert "有效" in good
    failed = {**form, "number": "C-2", "done_on": "2026-11-01", "due_on": "2026-11-01"}
    told = asks.post(path, {**failed, "passed": "no", "note": "基线漂移"}, follow=True)
    assert "须逐一核查" in told.content.decode()
    assert Instrument.objects.get(code="IC-01").certificates.count() == 2


def test_labels_have_barcodes_and_templates_are_sent() -> None:
    asks = client("analyst")
    page = asks.get("/lab/labels/?n=3").content.decode()
    assert page.count("<figure>") == 3
    assert asks.get("/lab/labels/?n=x").status_code == 200
    sent = asks.get("/lab/template/?method=HJ 535-2009")
    assert sent["Content-Type"].endswith("sheet")
    assert asks.get("/lab/template/?method=no").status_code == 404


def test_the_worker_is_a_script_of_its_own_folder() -> None:
    asks = client("operator")
    worker = asks.get("/lab/field/worker.js")
    assert worker["Content-Type"].startswith("text/javascript")
    assert "geolocation=(self)" in asks.get("/lab/field/")["Permissions-Policy"]
    told = asks.get("/lab/field/data.json").json()
    assert told["who"] == "operator"
    assert all("长春" in one["zh"] for one in told["sites"])
    assert lab.AMMONIA in {one["code"] for one in told["methods"]}
