"""Requests and gaps: who may ask which logger for what, and that each form makes its frame."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client, override_settings
from django.utils import timezone

from songhua.api import ports
from songhua.ingest.hj212 import Decoder, Frame, request
from songhua.ingest.hj212.commands import sendable
from songhua.model import BadInput
from songhua.standards.hj212 import Command as Kind
from songhua.store import configure
from songhua.store.registry import exchanges, links, records
from songhua.store.registry.keys import opened, seal, sealed, unseal
from songhua.store.registry.models import Command, Device, Gap, LinkState, SetAside, User
from songhua.web.links import forms
from tests.web.conftest import PASSWORD

HERE, THERE = "0" * 23 + "A", "0" * 23 + "B"
NEW = "010000A8900016F000169DC0"
SECRET = "987654"
HEAD = {"qn": "20260301000000000", "st": "22", "pw": SECRET}
REGISTER = (
    b"QN=20260301000000000;ST=22;CN=1001;PW=123456;MN=%b;Flag=9;CP=&&i23005-Info=LOGGER-7;"
    b"i23006-Info=CPU-1;i23007-Info=00-11-22-33-44-55&&" % NEW.encode()
)


class Desk(ports.Platform):
    """Notes what it is asked to send."""

    def __init__(self) -> None:
        self.sent_: list[tuple[str, str, Mapping[str, str], str, str]] = []
        self.asked: list[tuple[int, str]] = []

    def request(self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str) -> int:
        self.preview(mn, cn, values)
        self.sent_.append((mn, cn, values, author, why))
        return exchanges.add_command(mn, cn, values, qn="1", seq=5, author=author, why=why)

    def preview(self, mn: str, cn: str, values: Mapping[str, str]) -> tuple[bytes, bool]:
        edition = Device.objects.get(mn=mn).edition
        return request(cn, values, mn=mn, edition=edition, **HEAD), False

    def ask_gap(self, gap_id: int, who: str) -> None:
        if Gap.objects.get(pk=gap_id).tries:
            raise BadInput("数采仪不在线。", "The logger is not connected.")
        self.asked.append((gap_id, who))

    def sent(self, seq: int) -> bytes:
        del seq
        return request("1072", {"NewPW": "654321"}, mn=HERE, **HEAD)

    def frame(self, aside_id: int) -> bytes | None:
        del aside_id
        from songhua.ingest.hj212.encode import framed

        return framed(REGISTER)

    def release_all(self, mn: str, who: str) -> tuple[int, int]:
        del mn, who
        return 1, 0


class Hours:
    """A shelf on which every second hour of one site came."""

    def received(self, **asked: Any) -> pl.DataFrame:
        span = asked["span"]
        times = pl.datetime_range(
            span.start, span.end, "2h", closed="left", time_zone="UTC", time_unit="us", eager=True
        )
        rows = times.alias("time").to_frame()
        return rows.select(pl.lit("1121A").alias("site"), pl.lit("so2").alias("quantity"), "time")

    def series(self, **_asked: Any) -> pl.DataFrame:
        return pl.DataFrame({"site": ["1121A"], "quantity": ["so2"]})


@pytest.fixture(scope="module")
def people(registry: None) -> Iterator[None]:
    records.add_user("keeper", role="administrator", region="220000", password=PASSWORD)
    records.add_user("local", role="operator", region="220100", password=PASSWORD)
    records.add_user("thinker", role="analyst", region="220000", password=PASSWORD)
    records.add_user("reader", role="viewer", region="220000", password=PASSWORD)
    links.register_devices(
        [
            {"mn": HERE, "name": "甲站", "site_id": "1121A", "password": SECRET},
            {"mn": THERE, "name": "乙站", "site_id": "1772A", "edition": 2025},
        ]
    )
    long_ago = timezone.now() - timedelta(days=60)
    LinkState.objects.create(mn=HERE, address="", first_seen=long_ago, last_seen=long_ago)
    yield
    for model in (Gap, Command, SetAside, LinkState, Device):
        model.objects.all().delete()
    User.objects.filter(username__in=["keeper", "local", "reader", "thinker"]).delete()


@pytest.fixture
def desk(people: None) -> Iterator[Desk]:
    made = Desk()
    ports.connect(made)
    configure(Hours())  # type: ignore[arg-type]
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield made
    configure(None)
    ports.connect(None)
    Command.objects.all().delete()
    Gap.objects.all().delete()


def person(name: str, language: str = "zh-CN") -> Client:
    client = Client(headers={"accept-language": language})
    assert client.login(username=name, password=PASSWORD)
    return client


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def gap(site: str = "1121A", **more: Any) -> Gap:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    made = {"mn": HERE, "first": at, "last": at, "found_at": at, **more}
    return Gap.objects.create(site_id=site, **made)


EVERY = [(year, kind) for year in (2005, 2017, 2025) for kind in sendable(year)]


@pytest.mark.parametrize(("edition", "kind"), EVERY, ids=lambda one: getattr(one, "cn", one))
def test_the_form_of_every_command_makes_a_frame_that_reads_back(edition: int, kind: Kind) -> None:
    fields = forms.fields_of(kind, now=datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC), given={})
    usual = {"NewPW": "654321"}
    filled = {
        one.name: one.value or (usual.get(one.name, "20") if one.required else "") for one in fields
    }
    if "i23005-Info" in filled:
        filled["i23005-Info"] = NEW
    filled.pop("NewSK", None)  # the platform makes one
    values = forms.values_of(kind, filled)
    data = request(kind.cn, values, mn=HERE, edition=edition, **HEAD)
    (frame,) = Decoder().feed(data)
    assert isinstance(frame, Frame)
    assert (frame.cn, frame.edition, frame.wants_reply) == (kind.cn, edition, True)
    read = {name: str(value) for group in frame.groups for name, value in group.items()}
    assert read == {name: str(value) for name, value in values.items()}


def test_every_command_stands_in_one_group() -> None:
    for edition in (2005, 2017, 2025):
        shown = [
            one.cn for group in forms.grouped(edition, may_change=True) for one, _ in group.commands
        ]
        assert sorted(shown) == sorted(one.cn for one in sendable(edition))


def test_a_request_is_confirmed_in_words_and_bytes_and_sent_once(desk: Desk) -> None:
    keeper, path = person("keeper"), f"/links/{HERE}/request/"
    told = {"cn": "1012", "SystemTime": "2026-03-01T12:05:06", "PolId": "", "why": "时钟快了"}
    page = text(keeper.post(path, told))
    assert "设备的时钟会被改" in page
    assert "CN=1012;PW=***;" in page
    assert "SystemTime=20260301120506" in page
    assert SECRET not in page
    assert not desk.sent_
    draft = re.findall(r'name="draft" value="([^"]+)"', page)[0]
    assert keeper.post(f"{path}send/", {"draft": draft}).status_code == 302
    assert keeper.post(f"{path}send/", {"draft": draft}).status_code == 302
    values = {"SystemTime": "20260301120506"}
    assert desk.sent_ == [(HERE, "1012", values, "keeper", "时钟快了")]
    # What one person confirmed, another cannot send; nor what was made elsewhere.
    assert "过期" in text(person("local").post(f"{path}send/", {"draft": draft}), 400)
    assert "过期" in text(keeper.post(f"{path}send/", {"draft": "x"}), 400)


def test_what_changes_a_device_needs_a_reason_and_an_administrator(desk: Desk) -> None:
    path = f"/links/{HERE}/request/"
    told = {"cn": "1072", "NewPW": "654321", "why": "更换"}
    assert "写明缘由" in text(person("keeper").post(path, {**told, "why": " "}), 400)
    assert "需要系统管理员" in text(person("local").post(path, told), 400)
    assert "1072" not in text(person("local").get(path))
    page = text(person("keeper").post(path, told))
    assert "NewPW=***" in page
    assert "654321" not in page
    assert "CN=2061" in text(person("local").post(path, {
        "cn": "2061", "BeginTime": "2026-03-01T00:00", "EndTime": "2026-03-01T23:00"}))  # fmt: skip


def test_only_loggers_of_the_region_are_asked_and_only_by_those_who_may(desk: Desk) -> None:
    assert person("local").get(f"/links/{THERE}/request/").status_code == 404
    for name in ("reader", "thinker"):
        assert person(name).get(f"/links/{HERE}/request/").status_code == 403
    number = exchanges.add_command(THERE, "1011", {}, qn="1", seq=1, author="keeper", why="")
    assert person("local").get(f"/links/requests/{number}/").status_code == 404
    assert "乙站" not in text(person("local").get("/links/requests/"))
    assert person("reader").get("/links/requests/").status_code == 403
    assert person("reader").get("/links/gaps/").status_code == 403
    shown = text(person("thinker").get("/links/requests/"))
    assert "乙站" in shown
    assert "提取现场机时间" in shown


def test_a_request_under_way_asks_for_itself_and_says_what_codes_mean(desk: Desk) -> None:
    number = exchanges.add_command(
        HERE, "1072", {"NewPW": "654321"}, qn="1", seq=1, author="keeper", why=""
    )
    keeper, path = person("keeper"), f"/links/requests/{number}/"
    at = "2026-03-01T00:00:00+00:00"
    assert "htmx.min.js" in text(keeper.get(path))
    steps: list[dict[str, Any]] = [{"at": at, "what": "sent"}]
    exchanges.keep_steps(number, steps, state="under_way", code=None, data=0)
    assert "hx-trigger" in text(keeper.get(path, headers={"HX-Request": "true"}))
    steps += [{"at": at, "what": "answered", "code": 3}, {"at": at, "what": "over"}]
    exchanges.keep_steps(number, steps, state="refused", code=3, data=0)
    page = text(keeper.get(path))
    assert "hx-trigger" not in page
    assert "PW错误" in page  # HJ 212—2017, 表7
    assert "bad password" in text(person("keeper", "en").get(path))
    assert "654321" not in page
    frame = text(keeper.get(f"/links/console/?request={number}"))
    assert "NewPW" in frame
    assert "654321" not in frame
    assert SECRET not in frame


def test_requests_of_the_api(desk: Desk) -> None:
    keeper, path = person("keeper"), f"/api/v1/links/{HERE}/requests"
    wish = {"cn": "1062", "values": {"RtdInterval": "60"}, "why": "加密"}
    sent = keeper.post(path, wish, content_type="application/json")
    number = sent.json()["id"]
    assert keeper.get(path).json()[0]["name"] == {
        "zh": "设置实时数据间隔",
        "en": "set real-time interval",
    }
    assert keeper.get(f"/api/v1/links/requests/{number}").json()["values"] == {"RtdInterval": "60"}
    local = person("local")
    assert local.post(path, wish, content_type="application/json").status_code == 403
    assert local.post(path, {"cn": "1061"}, content_type="application/json").status_code == 200
    assert local.get(f"/api/v1/links/{THERE}/requests").status_code == 404
    thinker = person("thinker")
    assert thinker.post(path, {"cn": "1061"}, content_type="application/json").status_code == 403
    bad = {**wish, "values": {"RtdInterval": "5"}}  # 30–3600: HJ 212—2017, 表4
    assert keeper.post(path, bad, content_type="application/json").status_code == 400
    assert keeper.get("/api/v1/links/requests/99999999").status_code == 404
    assert person("reader").get(path).status_code == 403


def test_gaps_of_the_api(desk: Desk) -> None:
    own, other = gap(), gap("1772A", mn=THERE)
    local = person("local")
    assert [one["id"] for one in local.get("/api/v1/links/gaps").json()] == [own.pk]
    path = f"/api/v1/links/gaps/{own.pk}"
    assert local.post(f"{path}/ask").status_code == 200
    assert desk.asked == [(own.pk, "local")]
    told = {"reason": "power", "words": "线路改造"}
    answer = local.post(f"{path}/explain", told, content_type="application/json").json()
    assert (answer["state"], answer["reason"], answer["author"]) == ("explained", "power", "local")
    again = local.post(f"{path}/explain", told, content_type="application/json")
    assert again.status_code == 400
    assert local.post(f"/api/v1/links/gaps/{other.pk}/ask").status_code == 404
    assert person("thinker").post(f"/api/v1/links/gaps/{other.pk}/ask").status_code == 403


def test_a_week_of_deliveries_is_drawn_and_gaps_are_asked_for_and_explained(desk: Desk) -> None:
    own, tried = gap(), gap(tries=1, first=datetime(2026, 2, 1, tzinfo=UTC))
    gap("1772A", mn=THERE)
    local = person("local")
    page = text(local.get("/links/gaps/"))
    assert "甲站" in page
    assert "乙站" not in page
    # Every second hour of whole days: 12 of 24.
    assert re.search(r'class="share s3" title="[\d-]+ 12 / 24">50<', page)
    answer = local.post(f"/links/gaps/{own.pk}/ask/", {"state": "open"}, follow=True)
    assert "已向数采仪补取" in text(answer)
    assert desk.asked == [(own.pk, "local")]
    assert "不在线" in text(local.post(f"/links/gaps/{tried.pk}/ask/", follow=True))
    told = {"reason": "other", "words": ""}
    assert "请写明原因" in text(local.post(f"/links/gaps/{own.pk}/explain/", told, follow=True))
    told = {"reason": "instrument", "words": "泵更换"}
    local.post(f"/links/gaps/{own.pk}/explain/", told)
    shown = text(local.get("/links/gaps/?state=explained"))
    assert "仪器故障" in shown
    assert "泵更换 · local" in shown
    assert person("thinker").post(f"/links/gaps/{own.pk}/ask/").status_code == 403
    assert "说明原因" not in text(person("thinker").get("/links/gaps/"))


def test_a_logger_that_wants_to_register_is_accepted_by_an_administrator(desk: Desk) -> None:
    row = SetAside.objects.create(
        journal_seq=9, place=0, mn=NEW, cn="1001", address="10.0.0.7", reason="wants_to_register",
        detail_zh="数采仪请求登记", detail_en="wants", raw="", received_at=timezone.now(),
    )  # fmt: skip
    assert "接受登记" in text(person("keeper").get("/links/aside/"))
    path = f"/links/aside/{row.pk}/accept/"
    assert person("local").post(path).status_code == 403
    assert "没有这个点位" in text(person("keeper").post(path, {"site": "nowhere"}), 400)
    assert "已登记" in text(person("keeper").post(path, {"site": "1121A"}, follow=True))
    made = Device.objects.get(mn=NEW)
    assert (made.name, made.edition, made.password) == ("LOGGER-7", 2025, "123456")
    assert made.site_id == "1121A"
    made.delete()


def test_keys_are_sealed_and_never_shown(desk: Desk) -> None:
    key = b"0123456789abcdef"
    exchanges.add_key(THERE, key, is_current=True)
    exchanges.add_key(THERE, b"fedcba9876543210", is_current=False)
    kept = Device.objects.get(mn=THERE).sm4_keys
    assert key.decode() not in kept
    assert opened(kept) == (key, b"fedcba9876543210")
    assert links.known_devices(THERE)[THERE].keys == opened(kept)
    assert "0123456789" not in repr(links.known_devices(THERE)[THERE])
    with override_settings(SECRET_KEY="another"):
        assert opened(sealed([key])) == (key,)
        assert opened(kept) == ()
    assert unseal(seal(b"x"), within=60) == b"x"
    page = text(person("keeper").get(f"/admin/registry/device/{THERE}/change/"))
    assert kept.split()[0] not in page
