"""Pages and API of leads and cases: who may, what is shown, what is refused."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.utils import timezone

from songhua.api import ports
from songhua.model import BadInput
from songhua.store.registry import leads, records
from songhua.store.registry.leads import Finding
from songhua.store.registry.models import Case, FraudRun, Lead, User

PASSWORD = "gold-pine-7-river"
T0 = datetime(2026, 10, 1, tzinfo=UTC)
WHY = "数值连续相同，需要核查"
_numbers = count(1)


class Platform:
    """As much of the platform as these pages ask."""

    playback = None

    def __init__(self) -> None:
        self.noted: list[tuple[str, str]] = []
        self.papers: dict[int, bytes] = {}
        self.orders: list[ports.FraudOrder] = []
        self.busy = False

    def note_case(self, what: str, body: Mapping[str, Any], who: str) -> int:
        json.dumps(body)
        self.noted.append((what, who))
        return len(self.noted)

    def keep_document(self, body: bytes, who: str) -> int:
        self.papers[len(self.papers) + 900] = body
        return len(self.papers) + 899

    def document(self, seq: int) -> bytes:
        return self.papers[seq]

    def look_for_fraud(self, order: ports.FraudOrder) -> str:
        if self.busy:
            raise BadInput("正在检测，请稍后再试。", "At work.")
        self.orders.append(order)
        return "job-1"

    def job(self, job_id: str) -> ports.Job | None:
        result = {"found": 3, "new": 2, "sites": 10, "values": 1000, "left_out": 0}
        return (
            ports.Job("job-1", "fraud", "done", 14, 14, "", 2.0, result)
            if job_id == "job-1"
            else None
        )

    def stop(self, job_id: str) -> None:
        self.busy = False


@pytest.fixture
def platform(registry: None) -> Iterator[Platform]:
    made = Platform()
    ports.connect(made)  # type: ignore[arg-type]
    with override_settings(ALLOWED_HOSTS=["testserver"], SONGHUA_OPEN_READING=True):
        yield made
    ports.connect(None)


def client(role: str, region: str = "220100", language: str = "zh-CN") -> Client:
    name = f"case-{role}-{region}"
    user = User.objects.filter(username=name).first() or records.add_user(
        name, role=role, region=region, password=PASSWORD
    )
    made = Client(headers={"accept-language": language})
    made.force_login(user)
    return made


def lead(**more: Any) -> Lead:
    number = next(_numbers)
    start = T0 + timedelta(days=40 * number)
    series = {
        "first": int(start.timestamp()) - 86_400, "step": 3600,
        "values": [40.0 + n % 7 for n in range(24)] + [41.0] * 24 + [None] * 4 + [50.0],
        "reference": [42.0] * 53,
    }  # fmt: skip
    told: dict[str, Any] = {
        "detector": "constant", "site": "1119A", "other_site": "", "region": "220100",
        "quantity": "pm2_5", "start": start, "end": start + timedelta(hours=23), "score": 0.95,
        "evidence": {
            "series": series, "reference_is": "neighbours", "limit": None,
            "numbers": {"stat": 12.0, "median": 41.0},
        },
        "innocent": [
            {"key": "coarse", "zh": "分辨率", "en": "coarse", "outcome": "excluded", "number": 3},
            {"key": "floor", "zh": "检出限", "en": "low", "outcome": "not_excluded", "number": 1},
            {"key": "windless", "zh": "静稳", "en": "still", "outcome": "not_tested",
             "number": None, "because_zh": "没有风速", "because_en": "no wind"},
        ],
    }  # fmt: skip
    run = FraudRun(
        asked_by="nightly", began_at=T0, ended_at=timezone.now(), region="220000", start=T0,
        end=T0 + timedelta(days=60),
        configuration={"least": 0.9, "code": "0.1", "calibration": "ab" * 32},
    )  # fmt: skip
    one = Finding(**{**told, **more})
    leads.keep_run(run, [one], lambda _what, _body: 1)
    return Lead.objects.get(key=one.key)


def case_of(asks: Client, one: Lead, **more: str) -> Case:
    told = {"title": "某站疑似造假", "region": "220100", "why": WHY, **more}
    assert asks.post(f"/cases/leads/{one.key}/join/", told).status_code == 302
    return Case.objects.latest("pk")


@pytest.mark.parametrize(
    ("role", "region", "status", "one"),
    [
        ("viewer", "220000", 403, 403),
        ("operator", "220100", 403, 403),  # those who run the site never see its leads
        ("signatory", "220000", 403, 403),
        ("analyst", "220100", 200, 200),
        ("analyst", "220200", 200, 404),
        ("leader", "220000", 200, 200),
        ("administrator", "220000", 200, 200),
    ],
)
def test_who_sees_what(platform: Platform, role: str, region: str, status: int, one: int) -> None:
    asks, kept = client(role, region), lead()
    case = case_of(client("leader", "220000"), lead())
    for path in ("/cases/", "/cases/files/", "/api/v1/leads", "/api/v1/cases"):
        assert asks.get(path).status_code == status, path
    for path in (
        f"/cases/leads/{kept.key}/", f"/api/v1/leads/{kept.key}", f"/cases/files/{case.number}/",
        f"/cases/files/{case.number}/print/", f"/api/v1/cases/{case.number}",
    ):  # fmt: skip
        assert asks.get(path).status_code == one, path
    acts = ("dismiss", "restore", "join")
    for path in (*(f"/cases/leads/{kept.key}/{act}/" for act in acts),
                 f"/cases/files/{case.number}/move/", f"/cases/files/{case.number}/people/",
                 f"/cases/files/{case.number}/documents/"):  # fmt: skip
        if one != 200:
            assert asks.post(path, {"why": WHY}).status_code == one, path
    shown = "/cases/" in asks.get("/law/").content.decode()
    assert shown is (status == 200)
    found = asks.get("/api/v1/leads").json()
    if region == "220200":
        assert all(told["region"].startswith("2202") for told in found["leads"])


def test_a_stranger_logs_in_first(platform: Platform) -> None:
    kept = lead()
    for path in ("/cases/", f"/cases/leads/{kept.key}/", "/cases/files/"):
        assert Client().get(path).status_code == 302
    assert Client().get(f"/api/v1/leads/{kept.key}").status_code == 401


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_lead_shows_picture_and_explanations(platform: Platform, language: str) -> None:
    kept = lead()
    page = client("analyst", language=language).get(f"/cases/leads/{kept.key}/").content.decode()
    said = {
        "zh-CN": ("已检验：已排除", "已检验：未能排除", "未能检验", "没有风速"),
        "en": ("tested: excluded", "tested: not excluded", "could not be tested", "no wind"),
    }[language]
    for words in (*said, 'class="span"', 'class="own"', 'class="near"', "abababab"):
        assert words in page
    assert page.count('<polyline class="own"') == 2  # a gap stays a gap


def test_limit_digits_and_source_are_drawn(platform: Platform) -> None:
    base = lead().evidence
    asks = client("analyst")
    drawn = {
        "hugging": ({**base, "limit": 60.0}, 'class="limit"'),
        "digits": ({**base, "digits": {"here": [0.4, 0.6, *[0.0] * 8], "all": [0.1] * 10}},
                   'class="here"'),
        "repeated": ({**base, "reference_is": "source"}, "所重复的那一段"),
        "constant": ({**base, "series": None, "too_long": True}, "证据过长"),
        "clock": ({**base, "days": 3.7}, "只有 3.7 天的数据"),
    }  # fmt: skip
    for detector, (evidence, words) in drawn.items():
        kept = lead(detector=detector, evidence=evidence)
        assert words in asks.get(f"/cases/leads/{kept.key}/").content.decode(), detector


def test_the_list_is_filtered_and_paged(platform: Platform) -> None:
    asks = client("analyst")
    kept = lead(detector="digits", quantity="no2", score=0.31)
    other = lead(detector="clock", score=0.97)

    def keys(query: str) -> set[str]:
        page = asks.get(f"/cases/?{query}").content.decode()
        return set(re.findall(r"/cases/leads/([0-9a-f]{12})/", page))

    assert kept.key in keys("detector=digits")
    assert other.key not in keys("detector=digits")
    assert kept.key not in keys("least=0.5")
    assert other.key in keys("site=1119A&region=220100&least=0.96")
    assert keys("site=9999A") == keys("region=220200") == set()
    assert keys("least=nonsense&state=nonsense") >= {kept.key}
    asks.post(f"/cases/leads/{kept.key}/dismiss/", {"why": WHY})
    assert kept.key not in keys("detector=digits")
    assert kept.key in keys("detector=digits&state=dismissed")
    assert "strip" in asks.get("/cases/").content.decode()


def test_dismissing_and_taking_up_again_need_a_reason(platform: Platform) -> None:
    asks, kept = client("analyst"), lead()
    for why, state in (("", "new"), (WHY, "dismissed")):
        asks.post(f"/cases/leads/{kept.key}/dismiss/", {"why": why})
        kept.refresh_from_db()
        assert kept.state == state
    asks.post(f"/cases/leads/{kept.key}/restore/", {"why": "又出现同样情况"})
    kept.refresh_from_db()
    assert kept.state == "new"
    assert platform.noted == [
        ("dismissed", "case-analyst-220100"), ("restored", "case-analyst-220100"),
    ]  # fmt: skip


def test_a_case_is_opened_joined_and_filled(platform: Platform) -> None:
    asks, leader = client("analyst"), client("leader", "220000")
    one, two = lead(), lead()
    case = case_of(asks, one)
    asks.post(f"/cases/leads/{two.key}/join/", {"case": case.number, "why": WHY})
    assert case.joins.count() == 2
    at = f"/cases/files/{case.number}/"
    asks.post(f"{at}leads/{two.key}/remove/", {"why": "与本案无关，另查"})
    asks.post(f"{at}people/", {"name": "张某<b>", "part": "witness"})
    paper = SimpleUploadedFile("../证\u202e据.pdf", b"%PDF-1.4 x")
    asks.post(f"{at}documents/", {"file": paper})
    asks.post(f"{at}documents/", {"file": SimpleUploadedFile("x.html", b"<script>")})
    page = asks.get(at).content.decode()
    assert "张某&lt;b&gt;" in page
    kept = case.documents.get()
    assert kept.name == "证据.pdf"
    sent = asks.get(f"{at}documents/{kept.pk}/")
    assert (sent.content, sent["Content-Type"]) == (b"%PDF-1.4 x", "application/octet-stream")
    assert asks.get(f"{at}documents/{kept.pk + 99}/").status_code == 404
    assert client("analyst", "220200").get(f"{at}documents/{kept.pk}/").status_code == 404
    asks.post(f"{at}documents/{kept.pk}/end/", {"why": "重复的材料"})
    asks.post(f"{at}people/{case.people.get().pk}/end/", {"why": "登记有误"})
    asks.post(f"{at}move/", {"to": "investigating", "why": "开始调查"})
    decided = {
        "text": "该站数据系堵塞采样口所致",
        "person": "王某",
        "clause": "第四条规定",
        "on": "x",
    }
    assert asks.post(f"{at}decide/", decided).status_code == 403
    leader.post(f"{at}decide/", decided)
    case.refresh_from_db()
    assert case.state == "investigating"
    told = leader.get(f"/api/v1/cases/{case.number}").json()
    assert [event["what"] for event in told["events"]] == [
        "opened", "joined", "joined", "removed", "person", "document", "document_ended",
        "person_ended", "moved",
    ]  # fmt: skip
    assert [one["ended"] for one in told["documents"]] == [True]
    assert len(told["documents"][0]["sha256"]) == 64


def test_a_provincial_case_is_no_city_s(platform: Platform) -> None:
    kept = lead()
    case = case_of(client("leader", "220000"), kept, region="220000")
    city = client("analyst")
    assert city.get(f"/cases/files/{case.number}/").status_code == 404
    page = city.get(f"/cases/leads/{kept.key}/").content.decode()
    assert case.number in page
    assert f'href="/cases/files/{case.number}/"' not in page
    refused = city.post(
        f"/cases/leads/{lead().key}/join/",
        {"title": "想立全省案件", "region": "220000", "why": WHY}, follow=True,
    )  # fmt: skip
    assert "不在您的管辖范围内" in refused.content.decode()


def test_the_detectors_are_started_from_the_page(platform: Platform) -> None:
    asks = client("analyst")
    told = {"region": "220100", "start": "2026-10-01", "end": "2026-10-31", "least": "0.8"}
    answer = asks.post("/cases/run/", told)
    assert answer.status_code == 302
    order = platform.orders[0]
    assert (order.region, order.least, order.author) == ("220100", 0.8, "case-analyst-220100")
    assert order.start == datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert order.end == datetime(2026, 10, 31, 16, tzinfo=UTC)
    page = asks.get(answer["Location"]).content.decode()
    assert "其中新线索 2 条" in page
    assert asks.post(f"{answer['Location']}stop/").status_code == 302
    for wrong in ({"region": "220000"}, {"least": "x"}, {"start": "昨天"}):
        assert asks.post("/cases/run/", {**told, **wrong}).status_code == 400
    platform.busy = True
    assert "正在检测" in asks.post("/cases/run/", told).content.decode()
    assert asks.get("/cases/run/other/").status_code == 404
    assert client("operator").post("/cases/run/", told).status_code == 403
