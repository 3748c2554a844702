"""The record's pages: who may read, what is found, a report of influence that stays as it is."""

import csv
import io
from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from songhua.app.platform import Songhua
from songhua.store.registry import records
from songhua.store.registry.models import Act, Influence, Site, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.chdb
ROOMS = ("/record/", "/record/acts.csv", "/record/changes/", "/record/influence/")
FORM = "/record/influence/new/"
TOLD = {
    "tried": "某某", "office": "某局副局长", "happened_at": "2026-02-01T09:30", "means": "site",
    "site": "1121A", "datum": "PM2.5，2 月 1 日上午", "words": "要求在采样口旁喷水。",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


@pytest.fixture(scope="module", autouse=True)
def _leaders(platform: Songhua) -> None:
    del platform
    records.add_user("leader", role="leader", region="220000", password=PASSWORD)
    records.add_user("jilin", role="leader", region="220200", password=PASSWORD)


def client(name: str, language: str = "zh-CN") -> Client:
    made = Client(headers={"accept-language": language})
    made.force_login(User.objects.get(username=name))
    return made


@pytest.mark.parametrize(
    ("who", "status"),
    [("viewer", 403), ("operator", 403), ("analyst", 403), ("leader", 200), ("admin", 200)],
)
def test_who_reads_the_record(who: str, status: int) -> None:
    asks = client(who)
    assert {asks.get(path).status_code for path in ROOMS} == {status}
    assert asks.get(FORM).status_code == 200
    assert ("留痕" in asks.get("/stations/").content.decode()) == (status == 200)
    assert {Client().get(path).status_code for path in (*ROOMS, FORM)} == {302}


def test_acts_are_found_by_who_kind_site_and_time() -> None:
    client("analyst").post("/logout/")
    client("operator").post("/logout/")
    asks = client("admin")
    asks.post("/admin/registry/site/1121A/delete/", {"post": "yes"})

    def found(query: str) -> list[str]:
        text = asks.get(f"/record/acts.csv?{query}").content.decode("utf-8-sig")
        return [row["who"] for row in csv.DictReader(io.StringIO(text))]

    assert set(found("who=analyst")) == {"analyst"}
    assert set(found("kind=deletion")) == {"admin"}
    assert found("to=2020-01-01") == []
    assert found("from=2020-01-01&kind=logout")
    assert found("site=9999A") == []
    assert Act.objects.filter(kind="export", subject="site=9999A").count() == 1
    page = asks.get("/record/?kind=deletion").content.decode()
    assert "object_id=1121A" in page
    act = Act.objects.filter(kind="deletion").first()
    assert act is not None
    assert "拒绝" in asks.get(f"/record/acts/{act.journal_seq}/").content.decode()


def test_a_leader_of_a_city_sees_the_acts_of_the_city() -> None:
    client("analyst").post("/logout/")
    acts = {(act.region, act.who) for act in Act.objects.all()}
    assert ("220000", "analyst") in acts
    page = client("jilin").get("/record/").content.decode()
    assert "analyst" not in page
    seq = Act.objects.filter(who="analyst")[0].journal_seq
    assert client("jilin").get(f"/record/acts/{seq}/").status_code == 404
    assert client("jilin").get("/record/changes/").status_code == 403


def test_influence_is_reported_once_and_for_all(platform: Songhua) -> None:
    sent = {**TOLD, "files": [SimpleUploadedFile("现场.jpg", b"\xff\xd8picture")]}
    answer = client("viewer").post(FORM, sent, follow=True)
    assert "不能修改" in answer.content.decode()
    one = Influence.objects.get()
    assert (one.reporter, one.tried, one.region) == ("viewer", "某某", "220100")
    assert platform.journal.entry(one.journal_seq).kind == "influence"
    asks = client("leader")
    assert "某某" in asks.get("/record/influence/").content.decode()
    page = asks.get(f"/record/influence/{one.journal_seq}/").content.decode()
    assert "要求在采样口旁喷水。" in page
    assert "现场.jpg" in page
    path = page.split('href="/record/influence/')[-1].split('"')[0]
    file = asks.get(f"/record/influence/{path}")
    assert file.content == b"\xff\xd8picture"
    assert Act.objects.filter(kind="export", who="leader").exists()
    assert client("jilin").get(f"/record/influence/{one.journal_seq}/").status_code == 404
    assert client("viewer").get(f"/record/influence/{one.journal_seq}/").status_code == 403
    acts = Act.objects.filter(kind="influence")
    assert [act.why for act in acts] == [""]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"tried": ""}, "何人"),
        ({"words": " "}, "经过"),
        ({"means": "magic"}, "方式"),
        ({"happened_at": "soon"}, "时间"),
        ({"happened_at": "2999-01-01T00:00"}, "将来"),
        ({"site": "9999A"}, "点位"),
        ({"datum": "x" * 301}, "300"),
    ],
)
def test_a_report_that_says_too_little_is_refused(wrong: dict[str, str], words: str) -> None:
    before = Influence.objects.count()
    answer = client("viewer").post(FORM, {**TOLD, **wrong})
    assert words in answer.content.decode()
    assert Influence.objects.count() == before


def test_too_many_attachments_are_refused() -> None:
    files = [SimpleUploadedFile(f"{n}.txt", b"x") for n in range(6)]
    assert "最多 5 个" in client("viewer").post(FORM, {**TOLD, "files": files}).content.decode()


def test_a_change_that_nobody_claims_is_shown() -> None:
    Site.objects.filter(pk="1121A").update(note="直接改库")
    page = client("admin").get("/record/changes/").content.decode()
    assert "直接改库" in page
    assert "Changes of no act" in client("admin", "en").get("/record/changes/").content.decode()
