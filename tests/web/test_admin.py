"""The registers in the admin: in Chinese, for administrators; nothing that results name goes."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client, override_settings

from songhua.api import ports
from songhua.store.registry import records
from songhua.store.registry.models import DustPeriod, ExceptionalEvent, Site, User
from tests.web.conftest import PASSWORD

REGISTERS = {
    "region": "行政区划",
    "quantity": "监测指标",
    "site": "监测点位",
    "user": "用户",
    "dustperiod": "沙尘时段",
    "exceptionalevent": "例外事件",
    "importfile": "导入",
    "reject": "拒收的行",
    "correction": "更正",
    "device": "数采仪",
    "command": "对现场的请求",
    "gap": "缺数",
}
SHOWN = ("region", "quantity", "importfile", "reject", "correction", "command", "gap")


@pytest.fixture(scope="module")
def keeper(registry: None) -> Iterator[User]:
    user = records.add_user(
        "keeper", role="administrator", region="220000", password=PASSWORD, title="登记员"
    )
    yield user
    User.objects.filter(pk=user.pk).delete()


@pytest.fixture
def client(keeper: User) -> Iterator[Client]:
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        client = Client(headers={"accept-language": "zh-CN"})
        assert client.login(username="keeper", password=PASSWORD)
        yield client


def test_the_admin_wears_the_platforms_own_bar(client: Client) -> None:
    text = client.get("/admin/").content.decode()
    assert "<title>登记簿 · 松花</title>" in text
    assert 'class="bar"' in text
    assert "Django" not in re.sub(r"<[^>]+>", "", text)
    assert "登录名" not in text


@pytest.mark.parametrize(("name", "said"), REGISTERS.items())
def test_every_register_is_there_in_chinese(client: Client, name: str, said: str) -> None:
    text = client.get(f"/admin/registry/{name}/").content.decode()
    assert said in re.sub(r"<[^>]+>", "", text)
    assert not re.search(r"<style|\son\w+=", text)


@pytest.mark.parametrize("role", ["", "viewer", "operator", "analyst"])
def test_only_administrators_enter(registry: None, role: str) -> None:
    with override_settings(ALLOWED_HOSTS=["testserver"], SONGHUA_OPEN_READING=True):
        other = Client()
        if role:
            assert other.login(username=role, password=PASSWORD)
        answer = other.get("/admin/registry/user/")
    assert answer.status_code == 302
    assert "login" in answer.headers["Location"]


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_evidence_or_law_is_only_shown(client: Client, name: str) -> None:
    assert client.get(f"/admin/registry/{name}/add/").status_code == 403


@pytest.mark.parametrize(("name", "key"), [("site", "1121A"), ("region", "220100")])
def test_what_results_name_is_never_deleted(client: Client, name: str, key: str) -> None:
    assert client.post(f"/admin/registry/{name}/{key}/delete/", {"post": "yes"}).status_code == 403


def test_a_person_gets_the_rights_of_the_role(client: Client) -> None:
    form = {
        "username": "newcomer",
        "title": "新来的",
        "role": "administrator",
        "region": "220100",
        "password1": "quiet-lake-42-stone",
        "password2": "quiet-lake-42-stone",
        "usable_password": "true",
    }
    assert client.post("/admin/registry/user/add/", form).status_code == 302
    person = User.objects.get(username="newcomer")
    assert person.is_staff
    assert person.may("manage")
    change = {"username": "newcomer", "title": "新来的", "role": "viewer", "region": "220100"}
    client.post(f"/admin/registry/user/{person.pk}/change/", {**change, "is_active": "on"})
    person.refresh_from_db()
    assert (person.role, person.is_staff, person.is_superuser) == ("viewer", False, False)
    assert not person.may("import")
    person.delete()


def test_a_weak_password_is_refused(client: Client) -> None:
    form = {"username": "weak", "role": "viewer", "password1": "1234", "password2": "1234"}
    answer = client.post("/admin/registry/user/add/", form)
    assert answer.status_code == 200
    assert not User.objects.filter(username="weak").exists()


def test_nobody_takes_the_administrators_role_from_themselves(client: Client, keeper: User) -> None:
    form = {"username": "keeper", "title": "登记员", "role": "viewer", "region": "220100"}
    client.post(f"/admin/registry/user/{keeper.pk}/change/", form)
    keeper.refresh_from_db()
    assert (keeper.role, keeper.is_active, keeper.is_staff) == ("administrator", True, True)


def test_a_site_is_found_by_its_name_and_shows_its_periods(client: Client) -> None:
    found = client.get("/admin/registry/site/?q=邮电学院").content.decode()
    assert "1121A" in found
    assert "1122A" not in found
    page = client.get("/admin/registry/site/1121A/change/").content.decode()
    assert "点位沿革" in page
    assert 'value="邮电学院"' in page
    closed = client.get("/admin/registry/site/?stands=no").content.decode()
    assert "1121A" not in closed


def test_a_site_is_closed_by_the_end_of_its_period(client: Client) -> None:
    site = Site.objects.create(key="9999A")
    period = site.periods.create(name_zh="试验", city_id="220100", valid_from="2000-01-01")
    form = {
        "medium": site.medium,
        "level": site.level,
        "source": site.source,
        "confidence": site.confidence,
        "periods-TOTAL_FORMS": "1",
        "periods-INITIAL_FORMS": "1",
        "periods-0-id": str(period.pk),
        "periods-0-site": site.pk,
        "periods-0-name_zh": period.name_zh,
        "periods-0-city": period.city_id,
        "periods-0-valid_from": "2000-01-01",
        "periods-0-valid_until": "1999-01-01",
        "aliases-TOTAL_FORMS": "0",
        "aliases-INITIAL_FORMS": "0",
    }
    refused = client.post("/admin/registry/site/9999A/change/", form)
    assert refused.status_code == 200  # a period cannot end before it begins
    form["periods-0-valid_until"] = "2030-01-01"
    assert client.post("/admin/registry/site/9999A/change/", form).status_code == 302
    period.refresh_from_db()
    assert str(period.valid_until) == "2030-01-01"
    site.delete()


class Record(ports.Platform):
    """Keeps the decisions it is told of."""

    def __init__(self) -> None:
        self.kept: list[ports.Decision] = []
        self.followed: list[int] = []

    def decide(self, decision: ports.Decision) -> int:
        self.kept.append(decision)
        return len(self.kept)

    def follow(self, seq: int) -> str:
        self.followed.append(seq)
        return ""


@pytest.fixture
def record() -> Iterator[Record]:
    made = Record()
    ports.connect(made)
    yield made
    ports.connect(None)


def test_who_registered_a_dust_period_is_written_by_the_platform(
    client: Client, record: Record
) -> None:
    form = {
        "region": "220800",
        "start_0": "2020-04-03",
        "start_1": "08:00",
        "end_0": "2020-04-03",
        "end_1": "20:00",
        "document": "认定函",
        "author": "someone else",
    }
    assert client.post("/admin/registry/dustperiod/add/", form).status_code == 302
    kept = DustPeriod.objects.get(region_id="220800")
    assert kept.author == "keeper"
    assert kept.start == datetime(2020, 4, 3, 0, tzinfo=UTC)
    assert [(one.region, one.author) for one in record.kept] == [("220800", "keeper")]
    assert record.followed == [1]

    form = {**form, "region": "220700", "end_1": "22:00"}
    changed = client.post(f"/admin/registry/dustperiod/{kept.pk}/change/", form)
    assert changed.status_code == 302
    assert [one.region for one in record.kept[1:]] == ["220800", "220700"]  # where it was, and is
    taken = client.post(f"/admin/registry/dustperiod/{kept.pk}/delete/", {"post": "yes"})
    assert taken.status_code == 302
    assert record.kept[-1].words.startswith("撤销")


def test_the_pollutants_of_an_event_are_ticked(client: Client, record: Record) -> None:
    form = {
        "region": "220800",
        "kind": "境外沙尘",
        "quantities": ["pm10", "pm2_5"],
        "start_0": "2026-04-03",
        "start_1": "08:00",
        "end_0": "2026-04-03",
        "end_1": "20:00",
        "document": "认定函",
    }
    bad = client.post("/admin/registry/exceptionalevent/add/", {**form, "quantities": ["pm9"]})
    assert bad.status_code == 200
    assert client.post("/admin/registry/exceptionalevent/add/", form).status_code == 302
    kept = ExceptionalEvent.objects.get(region_id="220800")
    assert kept.quantities == "pm10+pm2_5"
    shown = client.get(f"/admin/registry/exceptionalevent/{kept.pk}/change/").content.decode()
    assert shown.count("checked") >= 2
    kept.delete()
