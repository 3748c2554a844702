"""Imports: who may see and send, what the columns are taken for, what came of it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from songhua.api import ports
from songhua.ingest.files import read_mapping
from songhua.store.registry.models import ImportFile, Reject
from tests.web.conftest import PASSWORD

HOURS = "站点编码,时间,PM2.5,SO2\n1121A,2020-04-04 12:00,47,4\n1121A,2020-04-04 13:00,48,5\n"


class Desk(ports.Platform):
    """A platform that notes what it was asked."""

    def __init__(self) -> None:
        self.orders: list[ports.ImportOrder] = []
        self.bodies: list[bytes] = []
        self.stopped: list[str] = []
        self.state, self.result = "done", dict[str, Any]()
        self.error = ("", "")

    def correct(self, order: ports.CorrectionOrder) -> Mapping[str, Any]:
        raise NotImplementedError

    def import_file(self, order: ports.ImportOrder) -> str:
        self.orders.append(order)
        self.bodies.append(order.path.read_bytes())
        return "7" * 32

    def job(self, job_id: str) -> ports.Job | None:
        if job_id != "7" * 32:
            return None
        return ports.Job(
            id=job_id,
            kind="import",
            state=self.state,
            done=50,
            total=200,
            phase="read",
            seconds=3.0,
            result=self.result,
            error_zh=self.error[0],
            error_en=self.error[1],
        )

    def stop(self, job_id: str) -> None:
        self.stopped.append(job_id)


@pytest.fixture
def desk(tmp_path: Path, registry: None) -> Iterator[Desk]:
    made = Desk()
    ports.connect(made)
    with override_settings(
        SONGHUA_HOME=tmp_path, SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]
    ):
        yield made
    ports.connect(None)


def as_(role: str) -> Client:
    client = Client(headers={"accept-language": "zh-CN"})
    if role:
        assert client.login(username=role, password=PASSWORD)
    return client


def send(client: Client, body: bytes | str = HOURS, name: str = "hours.csv") -> Any:
    data = body.encode() if isinstance(body, str) else body
    return client.post("/imports/upload/", {"file": SimpleUploadedFile(name, data)})


@pytest.fixture
def arrived(registry: None) -> Iterator[ImportFile]:
    file = ImportFile.objects.create(
        journal_seq=601,
        name="<b>april</b>.csv",
        sha256="ab" * 32,
        size=1234,
        mapping='layout = "wide"\n',
        mapping_sha256="0",
        author="analyst",
        received_at=datetime(2020, 4, 6, tzinfo=UTC),
        state="done",
        lines=5311,
        rows_new=31215,
        rows_rejected=3,
    )
    rows = [(12, "unknown_site", "未登记的点位"), (32, "not_a_number", "数值不是数：PM₁₀ “abc”")]
    for line, fault, said in [*rows, (40, "not_a_number", "数值不是数：CO “=1+1”")]:
        Reject.objects.create(
            file=file, line=line, raw="=cmd,<i>x</i>", fault=fault, detail_zh=said, detail_en="?"
        )
    yield file
    file.delete()


PAGES = ("/imports/", "/imports/upload/")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_asked_to_log_in(desk: Desk, path: str) -> None:
    answer = as_("").get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/?next=/imports/")


@pytest.mark.parametrize("path", PAGES)
def test_a_viewer_is_told_which_role_it_needs(desk: Desk, path: str) -> None:
    answer = as_("viewer").get(path)
    assert answer.status_code == 403
    assert "需要运维员、分析员或系统管理员的角色" in answer.content.decode()


@pytest.mark.parametrize("role", ["operator", "analyst"])
@pytest.mark.parametrize("path", PAGES)
def test_operators_and_analysts_may_enter(desk: Desk, role: str, path: str) -> None:
    assert as_(role).get(path).status_code == 200


def test_a_viewer_cannot_send_a_file(desk: Desk) -> None:
    assert send(as_("viewer")).status_code == 403
    assert as_("viewer").post("/api/v1/imports", {}).status_code == 403
    assert as_("").post("/api/v1/imports", {}).status_code in {401, 403}
    assert desk.orders == []


def test_a_file_without_the_pages_token_is_refused(desk: Desk) -> None:
    client = Client(enforce_csrf_checks=True)
    client.login(username="analyst", password=PASSWORD)
    assert send(client).status_code == 403
    sent = {"file": SimpleUploadedFile("a.csv", HOURS.encode())}
    assert client.post("/api/v1/imports", sent).status_code == 403
    assert desk.orders == []


def test_a_file_over_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    with override_settings(SONGHUA_UPLOAD_BYTES=1 << 20):
        answer = send(as_("analyst"), b"x" * (3 << 20))
    assert answer.status_code == 413
    assert "超过上限 1.0 MB" in answer.content.decode()


@pytest.mark.parametrize("body", [b""])
def test_an_empty_file_is_refused(desk: Desk, body: bytes) -> None:
    answer = send(as_("analyst"), body)
    assert answer.status_code == 400
    assert "文件是空的" in answer.content.decode()


def test_no_file_at_all_is_refused(desk: Desk) -> None:
    answer = as_("analyst").post("/imports/upload/", {})
    assert answer.status_code == 400
    assert "请选择一个文件" in answer.content.decode()


def test_what_was_sent_is_seen_only_by_who_sent_it(desk: Desk) -> None:
    place = send(as_("analyst")).headers["Location"]
    assert as_("analyst").get(place).status_code == 200
    assert as_("operator").get(place).status_code == 404
    assert as_("analyst").get("/imports/upload/" + "0" * 32 + "/").status_code == 404
    assert as_("analyst").get("/imports/upload/etc-passwd/").status_code == 404


def test_the_columns_are_guessed_and_the_first_rows_shown(desk: Desk) -> None:
    client = as_("analyst")
    text = client.get(send(client).headers["Location"]).content.decode()
    chosen = re.findall(r'<option value="([^"]+)" selected>', text)
    assert chosen[:4] == ["site", "time", "q:pm2_5", "q:so2"]
    assert "2020-04-04 13:00" in text
    assert "时间标签是开始还是结束" in text  # what the guess is not sure of


def test_what_a_person_changes_goes_with_the_file(desk: Desk) -> None:
    client = as_("analyst")
    place = send(client).headers["Location"]
    form = {
        "role-0": "site",
        "role-1": "time",
        "role-2": "q:pm10",
        "role-3": "",
        "unit-2": "mg/m3",
        "period": "hour",
        "hour_label": "end",
        "time_zone": "UTC",
        "encoding": "utf-8",
        "delimiter": ",",
        "zero_is_missing": "on",
        "note_zh": "试运行",
        "do": "import",
    }
    answer = client.post(place, form)
    assert answer.status_code == 200
    order = desk.orders[0]
    assert (order.name, order.author, order.dry_run) == ("hours.csv", "analyst", False)
    assert desk.bodies[0] == HOURS.encode()
    mapping = read_mapping(order.mapping)
    assert mapping.quantities == {"PM2.5": "pm10"}
    assert mapping.units == {"pm10": "mg/m3"}
    assert (mapping.hour_label, mapping.time_zone) == ("end", "UTC")
    assert (mapping.zero_is_missing, mapping.note_zh) == (True, "试运行")


def test_a_trial_changes_nothing_and_says_what_would_come(desk: Desk) -> None:
    desk.result = {
        "dry_run": True,
        "lines": 2,
        "new": 3,
        "changed": 1,
        "same": 0,
        "missing": 0,
        "rejected": 1,
        "faults": {"unknown_site": 1},
        "examples": [{"line": 3, "detail_zh": "未登记的点位", "detail_en": "?", "raw": "9Z,<b>"}],
        "sites": 1,
    }
    client = as_("operator")
    place = send(client).headers["Location"]
    text = client.post(place, {**_guessed(), "do": "try"}).content.decode()
    assert desk.orders[0].dry_run
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
    assert "导入的话： 行 2 新增 3 修订 1 未变 0 空值 0 拒收 1" in said
    assert "9Z,&lt;b&gt;" in text


def test_a_mapping_that_cannot_be_is_refused_in_words(desk: Desk) -> None:
    client = as_("analyst")
    place = send(client).headers["Location"]
    answer = client.post(place, {**_guessed(), "role-0": "", "do": "import"})
    assert answer.status_code == 400
    assert "列对照应指明站点列" in answer.content.decode()
    wrong = client.post(place, {**_guessed(), "unit-2": "degC", "do": "import"})
    assert "单位不能是 degC" in wrong.content.decode()
    assert desk.orders == []


def test_a_file_nobody_can_guess_can_be_mapped_by_hand(desk: Desk) -> None:
    client = as_("analyst")
    place = send(client, "a,b,c\n1121A,2020-04-04 12:00,47\n").headers["Location"]
    text = client.get(place).content.decode()
    assert "没有认出" in text
    assert "1121A" in text
    form = {**_guessed(), "role-3": "", "do": "import"}
    assert client.post(place, form).status_code == 200
    assert read_mapping(desk.orders[0].mapping).site == "a"


def test_gb18030_can_be_chosen_and_the_rows_read_again(desk: Desk) -> None:
    client = as_("analyst")
    place = send(
        client, "站点,时间,二氧化硫\n1121A,2020-04-04 12:00,5\n".encode("gb18030")
    ).headers["Location"]
    assert "二氧化硫" in client.get(place).content.decode()
    form = {**_guessed(), "encoding": "utf-8", "do": "look"}
    assert client.post(place, form).status_code == 200
    assert desk.orders == []


def test_progress_asks_again_until_it_is_over(desk: Desk) -> None:
    client = as_("analyst")
    desk.state = "running"
    text = client.get("/imports/job/" + "7" * 32 + "/").content.decode()
    assert "25 %" in text
    assert "约还需 9 秒" in text  # 3 s for a quarter
    assert 'hx-trigger="load delay' in text
    desk.state, desk.error = "failed", ("文件缺少列。", "A column is missing.")
    text = client.get("/imports/job/" + "7" * 32 + "/").content.decode()
    assert "文件缺少列。" in text
    assert "hx-trigger" not in text
    assert "重新启动过" in client.get("/imports/job/" + "8" * 32 + "/").content.decode()


def test_work_can_be_stopped_by_those_who_may_import(desk: Desk) -> None:
    place = "/imports/job/" + "7" * 32 + "/stop/"
    assert as_("viewer").post(place).status_code == 403
    assert as_("analyst").get(place).status_code == 405
    assert as_("analyst").post(place).status_code == 302
    assert desk.stopped == ["7" * 32]


def test_the_same_file_again_is_said_to_change_nothing(desk: Desk) -> None:
    desk.result = {"already": "2020-04-06 08:00", "id": 1}
    text = as_("analyst").get("/imports/job/" + "7" * 32 + "/").content.decode()
    assert "已经导入过，没有变化" in text


def test_the_list_has_every_file_and_what_came_of_it(desk: Desk, arrived: ImportFile) -> None:
    text = as_("analyst").get("/imports/").content.decode()
    assert "&lt;b&gt;april&lt;/b&gt;.csv" in text
    assert "31,215" in text
    assert "没有这样的导入" in as_("analyst").get("/imports/?state=failed").content.decode()


def test_rejects_show_line_row_and_fault_and_can_be_filtered(
    desk: Desk, arrived: ImportFile
) -> None:
    client = as_("analyst")
    text = client.get(f"/imports/{arrived.pk}/").content.decode()
    assert "未登记的点位 1" in text
    assert "数值不是数 2" in text
    assert "=cmd,&lt;i&gt;x&lt;/i&gt;" in text
    one = client.get(f"/imports/{arrived.pk}/?fault=unknown_site").content.decode()
    assert "“abc”" not in one
    assert client.get(f"/imports/{arrived.pk}/?fault=magic").status_code == 404
    assert client.get("/imports/999999/").status_code == 404


def test_rejects_can_be_taken_away_and_are_never_formulas(desk: Desk, arrived: ImportFile) -> None:
    client = as_("analyst")
    csv = client.get(f"/api/v1/imports/{arrived.pk}/rejects/export?fault=not_a_number")
    text = csv.getvalue().decode("utf-8-sig")
    assert "'=cmd" in text
    assert "未登记的点位" not in text
    assert as_("viewer").get(f"/api/v1/imports/{arrived.pk}/rejects/export").status_code == 403


def test_the_api_says_the_same(desk: Desk, arrived: ImportFile) -> None:
    client = as_("operator")
    told = next(row for row in client.get("/api/v1/imports").json() if row["id"] == arrived.pk)
    assert (told["new"], told["rejected"]) == (31215, 3)
    own = client.get(f"/api/v1/imports/{arrived.pk}").json()
    assert own["faults"] == {"not_a_number": 2, "unknown_site": 1}
    rows = client.get(f"/api/v1/imports/{arrived.pk}/rejects?after=12").json()
    assert [row["line"] for row in rows] == [32, 40]
    assert client.get("/api/v1/imports/999999").status_code == 404
    assert client.get("/api/v1/imports/jobs/none").status_code == 404


def test_a_program_can_send_a_file(desk: Desk) -> None:
    client = as_("operator")
    file = SimpleUploadedFile("a.csv", HOURS.encode())
    answer = client.post("/api/v1/imports", {"file": file, "dry_run": "true"})
    assert answer.json() == {"job": "7" * 32}
    assert desk.orders[0].dry_run
    stand = client.get("/api/v1/imports/jobs/" + "7" * 32).json()
    assert (stand["state"], stand["done"], stand["total"]) == ("done", 50, 200)


def _guessed() -> dict[str, str]:
    return {
        "role-0": "site",
        "role-1": "time",
        "role-2": "q:pm2_5",
        "role-3": "q:so2",
        "period": "hour",
        "hour_label": "start",
        "time_zone": "Asia/Shanghai",
        "encoding": "utf-8",
        "delimiter": ",",
    }
