"""A value that stands still → a lead → a case → a decision; every step in the journal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from songhua.api.ports import FraudOrder
from songhua.app.leads import DOCUMENT, NOTE
from songhua.app.platform import Songhua, silent
from songhua.model import BEIJING, BadInput
from songhua.store.registry import records
from songhua.store.registry.leads import digest_of
from songhua.store.registry.models import Case, FraudRun, Lead, User
from songhua.store.registry.sites import sites
from tests.conftest import PASSWORD

pytestmark = pytest.mark.chdb
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 40 * 24
STILL = slice(20 * 24, 22 * 24)
ORDER = FraudOrder("220000", "nightly", FIRST, FIRST + timedelta(hours=HOURS))


@pytest.fixture(scope="module")
def site(platform: Songhua) -> str:
    """Forty days of eight sites whose values move with each other; one stands still for two."""
    keys = sites().filter(pl.col("city") == "220100")["site"].unique().sort().to_list()[:8]
    noise = np.random.default_rng(212)
    hours = np.arange(HOURS)
    course = 45 + 20 * np.sin(hours / 24 * 2 * np.pi) + 15 * np.sin(hours / 90)
    frames = []
    for key in keys:
        values = np.round(np.maximum(course + noise.normal(0, 6, HOURS), 3))
        if key == keys[0]:
            values[STILL] = 41
        frames.append(
            pl.DataFrame(
                {"value": values, "time": [FIRST + timedelta(hours=int(h)) for h in hours]}
            ).with_columns(
                site=pl.lit(key), quantity=pl.lit("pm2_5"), period=pl.lit("hour"),
                revision=pl.lit(1, pl.UInt64), mark=pl.lit("N"), reason=pl.lit(""),
                author=pl.lit(""), recorded_at=pl.lit(FIRST),
            )
        )  # fmt: skip
    platform.shelf.save_observations(pl.concat(frames))
    records.add_user("leader", role="leader", region="220000", password=PASSWORD)
    return str(keys[0])


@pytest.fixture(autouse=True)
def _open() -> Iterator[None]:
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


def client(who: str) -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    made.force_login(User.objects.get(username=who))
    return made


@pytest.fixture(scope="module")
def lead(platform: Songhua, site: str) -> Lead:
    """What the detectors make of it, found twice."""
    first = platform.run_fraud(ORDER, silent)
    again = platform.run_fraud(ORDER, silent)
    assert first["new"] == first["found"] > 0
    assert (again["found"], again["new"]) == (first["found"], 0)
    return Lead.objects.get(site=site, detector="constant")


def test_the_platform_finds_what_stands_still(platform: Songhua, lead: Lead) -> None:
    still = FIRST + timedelta(hours=STILL.start), FIRST + timedelta(hours=STILL.stop - 1)
    assert (lead.start, lead.end, lead.times) == (*still, 2)
    assert lead.score >= 0.9
    outcomes = {one["key"]: one["outcome"] for one in lead.innocent}
    assert (outcomes["windless"], outcomes["maintenance"]) == ("not_tested", "excluded")
    assert outcomes["neighbours_still"] == "excluded"
    run = FraudRun.objects.earliest("pk")
    kept = json.loads(platform.journal.read(run.journal_seq))
    assert {one["key"]: one["digest"] for one in kept["leads"]}[lead.key] == digest_of(
        lead.evidence
    )


def test_from_a_lead_to_a_decision(platform: Songhua, lead: Lead) -> None:
    leader, path = client("leader"), f"/cases/leads/{lead.key}/"
    assert "未能检验" in leader.get(path).content.decode()
    why = "两昼夜同一个值，周边在变"
    leader.post(f"{path}join/", {"title": "采样口疑似被堵", "region": "220100", "why": why})
    case = Case.objects.get()
    at = f"/cases/files/{case.number}/"
    leader.post(f"{at}people/", {"name": "张某", "part": "concerned", "unit": "某公司"})
    body = b"%PDF-1.7 on-site record"
    paper = SimpleUploadedFile("现场记录.pdf", body)
    leader.post(f"{at}documents/", {"file": paper, "note": "现场"})
    for to in ("investigating", "on_site"):
        leader.post(f"{at}move/", {"to": to, "why": "按程序进行"})
    today = timezone.now().astimezone(BEIJING).date().isoformat()
    decision = {
        "text": "采样口被堵塞，属于篡改监测数据。", "person": "王某某", "on": today,
        "clause": "《环境监测数据弄虚作假行为判定及处理办法（环发〔2015〕175号）》第四条",
    }  # fmt: skip
    client("analyst").post(f"{at}decide/", decision)
    case.refresh_from_db()
    assert case.state == "on_site"
    leader.post(f"{at}decide/", decision)
    leader.post(f"{at}move/", {"to": "closed", "why": "处理完毕，结案"})
    case.refresh_from_db()
    assert case.state == "closed"

    assert [one.what for one in case.events.all()] == [
        "opened", "joined", "person", "document", "moved", "moved", "decided", "moved",
    ]  # fmt: skip
    _refuse_other_than_the_journal(platform, case)
    document = case.documents.get()
    assert platform.journal.entry(document.journal_seq).kind == DOCUMENT
    sent = leader.get(f"{at}documents/{document.pk}/")
    assert sent.content == body
    assert sent["Content-Disposition"].startswith("attachment;")
    file = leader.get(f"{at}print/").content.decode()
    for words in ("采样口被堵塞", "王某某", "第四条", "张某", document.sha256, lead.key, why):
        assert words in file
    assert platform.journal.verify() is None


def _refuse_other_than_the_journal(platform: Songhua, case: Case) -> None:
    for one in case.events.all():
        noted = json.loads(platform.journal.read(one.journal_seq))
        assert (platform.journal.entry(one.journal_seq).kind, noted["what"]) == (NOTE, one.what)
        assert (noted["after"], noted["why"], noted["author"]) == (one.after, one.why, one.who)


def test_only_the_region_asked_for_gives_leads(platform: Songhua, site: str) -> None:
    del site
    far = FraudOrder("220200", "nightly", ORDER.start, ORDER.end)
    assert platform.run_fraud(far, silent)["found"] == 0


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (FraudOrder("220000", "a", FIRST, FIRST + timedelta(days=101)), "100 天"),
        (FraudOrder("220000", "a", FIRST, FIRST), "早于"),
        (FraudOrder("220000", "a", least=1.0), "0 与 1"),
        (FraudOrder("999999", "a"), "999999"),
    ],
)
def test_what_cannot_be_looked_at(platform: Songhua, order: FraudOrder, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        platform.run_fraud(order, silent)


def test_an_empty_span_gives_no_lead(platform: Songhua) -> None:
    order = FraudOrder("220000", "a", FIRST - timedelta(days=90), FIRST - timedelta(days=60))
    assert platform.run_fraud(order, silent)["found"] == 0
