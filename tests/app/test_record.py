"""What people do is on record: who, from where, what before and after, why, on whose order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from songhua.app.platform import Songhua
from songhua.app.works import works
from songhua.store.registry.models import Act, Change, DustPeriod, User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.chdb


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


def client(name: str) -> Client:
    made = Client(headers={"accept-language": "zh-CN"}, REMOTE_ADDR="10.1.2.3")
    made.force_login(User.objects.get(username=name))
    return made


def last() -> Act:
    found = Act.objects.first()
    assert found is not None
    return found


def told(platform: Songhua, act: Act) -> dict[str, Any]:
    entry = platform.journal.entry(act.journal_seq)
    assert entry.kind == "act"
    body: dict[str, Any] = json.loads(platform.journal.read(entry.seq))
    return body


def test_log_ins_are_on_record_failed_ones_too(platform: Songhua) -> None:
    asks = Client(REMOTE_ADDR="10.9.9.9")
    asks.post("/login/", {"username": "analyst", "password": "wrong"})
    act = last()
    assert (act.kind, act.who, act.address) == ("login_failed", "analyst", "10.9.9.9")
    assert "wrong" not in json.dumps(told(platform, act))
    asks.post("/login/", {"username": "analyst", "password": PASSWORD})
    assert (last().kind, last().who) == ("login", "analyst")
    assert PASSWORD not in json.dumps(told(platform, last()))
    asks.post("/logout/")
    assert (last().kind, last().who) == ("logout", "analyst")


def test_a_setting_is_on_record_with_before_and_after(platform: Songhua) -> None:
    asks = client("admin")
    form = {
        "region": "220100", "start_0": "2026-03-01", "start_1": "00:00",
        "end_0": "2026-03-02", "end_1": "00:00", "document": "吉环 12 号",
        "why": "省厅通知", "by_order": "监测处",
    }  # fmt: skip
    answer = asks.post("/admin/registry/dustperiod/add/", form)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    act = last()
    assert (act.kind, act.who, act.address) == ("setting", "admin", "10.1.2.3")
    assert (act.why, act.by_order) == ("省厅通知", "监测处")
    (change,) = Change.objects.filter(token=act.token, table="registry_dustperiod")
    assert change.op == "insert"
    assert json.loads(change.after or "")["document"] == "吉环 12 号"
    entries = list(platform.journal.entries(kinds=("changes",)))
    assert entries[-1].meta["last"] >= change.id
    assert entries[-1].seq < act.journal_seq
    carried = platform.journal.read(entries[-1].seq).decode().splitlines()
    assert [change.id, change.token] == [json.loads(carried[-1])[0], json.loads(carried[-1])[2]]
    form["document"] = "吉环 13 号"
    pk = DustPeriod.objects.get().pk
    asks.post(f"/admin/registry/dustperiod/{pk}/change/", form)
    (change,) = Change.objects.filter(token=last().token, table="registry_dustperiod")
    assert json.loads(change.before or "")["document"] == "吉环 12 号"
    assert json.loads(change.after or "")["document"] == "吉环 13 号"


def test_an_attempt_to_delete_is_on_record_though_refused(platform: Songhua) -> None:
    del platform
    answer = client("admin").post("/admin/registry/site/1121A/delete/", {"post": "yes"})
    assert answer.status_code == 403
    act = last()
    assert (act.kind, act.who, act.outcome) == ("deletion", "admin", 403)
    assert "1121A" in act.door


def test_what_leaves_as_a_file_is_on_record(platform: Songhua) -> None:
    del platform
    answer = client("analyst").get("/lab/template/?method=HJ 535-2009")
    assert answer.status_code == 200
    assert (last().kind, last().who, last().outcome) == ("export", "analyst", 200)


def test_reading_is_not_on_record(platform: Songhua) -> None:
    del platform
    before = Act.objects.count()
    client("analyst").get("/stations/")
    client("analyst").post("/language/", {"language": "en"})
    assert Act.objects.count() == before


def test_a_correction_says_why_and_on_whose_order(platform: Songhua) -> None:
    order = {"site": "1121A", "quantity": "pm2_5", "time": "2026-01-02T03:00", "value": 5,
             "reason": "仪器断电", "by_order": "王局长"}  # fmt: skip
    client("analyst").post("/api/v1/air/corrections", json.dumps(order), "application/json")
    act = last()
    assert (act.kind, act.site, act.why, act.by_order) == (
        "correction", "1121A", "仪器断电", "王局长"
    )  # fmt: skip
    assert act.region == "220100"
    assert told(platform, act)["door"] == "POST /api/v1/air/corrections"


def test_acts_that_only_the_journal_has_come_back_into_the_table(platform: Songhua) -> None:
    from django.db import connection

    from songhua.store.registry import triggers

    client("viewer").post("/logout/")
    act = last()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER songhua_registry_act_keep_delete")
        cursor.execute("DELETE FROM registry_act WHERE journal_seq = %s", [act.journal_seq])
    triggers.install()
    platform.record.catch_up()
    assert last().journal_seq == act.journal_seq
    assert last().at == act.at


def test_people_loggers_and_sources_from_the_command_line_are_on_record(
    platform: Songhua, tmp_path: Path
) -> None:
    named = works(platform)
    known = {"name": "li", "role": "leader", "region": "220000", "password": "a long secret 1"}
    named["user"](known, lambda _: None)
    loggers = tmp_path / "loggers.csv"
    loggers.write_text("mn,name\nA1234567890123456789012X,gate\n", "utf-8")
    named["devices"]({"path": str(loggers), "name": loggers.name}, lambda _: None)
    source = {"name": "rain", "source_kind": "http", "settings": {}, "region": "220100"}
    made = named["source"]({**source, "sites": [], "author": "wang"}, lambda _: None)
    again = named["source_token"]({"name": "rain"}, lambda _: None)
    acts = list(Act.objects.filter(kind="setting").order_by("journal_seq"))[-4:]
    assert [act.door for act in acts] == [
        f"songhua {one}" for one in ("user", "devices", "source", "source_token")
    ]
    assert acts[0].subject == "name=li role=leader region=220000"
    assert acts[2].who == "wang"
    assert Change.objects.filter(token=acts[0].token, table="registry_user").exists()
    told = "".join(act.subject + act.why for act in acts)
    assert not any(one in told for one in ("secret", made["token"], again["token"]))
