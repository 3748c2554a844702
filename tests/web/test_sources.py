"""Page and register of the doors: who sees which source, secrets shown once, rows released."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from typer.testing import CliRunner

from songhua.api import ports
from songhua.app.cli import app
from songhua.model import BadInput
from songhua.store.registry import records, sources
from songhua.store.registry.models import RowAside, Source, SourceState
from tests.web.conftest import PASSWORD


class Desk(ports.Platform):
    """Releases all there is, but for a source that it cannot."""

    def release_rows(self, source_id: int, who: str) -> tuple[int, int]:
        source = Source.objects.get(pk=source_id)
        if source.name == "far":
            raise BadInput("接入没有运行。", "The doors are not open.")
        for seq, rows in sources.asides_of(source_id).items():
            sources.mark_released(seq, rows, who)
        return 1, 0


@pytest.fixture(scope="module")
def people(registry: None) -> Iterator[None]:
    people = {"root": ("administrator", "220000"), "near-op": ("operator", "220100")}
    for name, (role, region) in people.items():
        records.add_user(name, role=role, region=region, password=PASSWORD)
    records.add_user("looker", role="viewer", region="220000", password=PASSWORD)
    near, _ = sources.add("near", "http", {}, region="220100", author="root")
    sources.add("far", "http", {}, region="220200", author="root")
    SourceState.objects.create(
        pk=near.pk, state="error", error_zh="坏了", error_en="broken", error_at=timezone.now()
    )
    RowAside.objects.create(
        source=near,
        journal_seq=7,
        row=3,
        reason="unknown_site",
        detail_zh="未登记的点位：X",
        detail_en="unknown site: X",
        raw='{"site": "<b>X</b>"}',
        received_at=timezone.now(),
    )
    ports.connect(Desk())
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield
    ports.connect(None)


def person(name: str, language: str = "zh-CN") -> Client:
    client = Client(headers={"accept-language": language})
    assert client.login(username=name, password=PASSWORD)
    return client


def test_each_sees_the_sources_of_their_region(people: None) -> None:
    near = Source.objects.get(name="near")
    page = person("root").get("/links/sources/").content.decode()
    assert all(word in page for word in ("near", "far", "坏了", "出错"))
    page = person("near-op", "en").get("/links/sources/").content.decode()
    assert "broken" in page
    assert "far" not in re.sub(r"<head>.*</head>", "", page, flags=re.S)
    far = Source.objects.get(name="far")
    assert person("near-op").get(f"/links/sources/{far.pk}/").status_code == 404
    assert person("looker").get("/links/sources/").status_code == 403
    assert Client().get("/links/sources/").status_code == 302
    told = person("near-op").get("/api/v1/sources").json()
    assert [(one["name"], one["set_aside"], one["state"]) for one in told] == [("near", 1, "error")]
    page = person("near-op").get(f"/links/sources/{near.pk}/").content.decode()
    assert "&lt;b&gt;X" in page
    assert "放行" not in page.replace("含已放行", "").replace("管理员可以放行", "")


def test_rows_are_released_by_an_administrator(people: None) -> None:
    near, far = (Source.objects.get(name=name) for name in ("near", "far"))
    assert person("near-op").post(f"/links/sources/{near.pk}/release/").status_code == 403
    root = person("root")
    assert root.get(f"/links/sources/{near.pk}/release/").status_code == 405
    page = root.post(f"/links/sources/{near.pk}/release/", follow=True).content.decode()
    assert "已放行 1 行" in page
    assert RowAside.objects.get(journal_seq=7).released_by == "root"
    page = root.post(f"/links/sources/{far.pk}/release/", follow=True).content.decode()
    assert "接入没有运行" in page


def test_a_token_is_shown_once_and_secrets_never(people: None) -> None:
    root = person("root")
    sent: dict[str, Any] = {"name": "new", "kind": "http", "region": "220100", "settings": "{}"}
    page = root.post("/admin/registry/source/add/", {**sent, "active": "on"}, follow=True)
    found = re.search(r"shs_[\w-]{43}", page.content.decode())
    assert found is not None
    source = sources.by_token(found[0])
    assert source is not None
    assert source.name == "new"
    assert Source.objects.get(name="new").author == "root"
    again = root.get(f"/admin/registry/source/{source.id}/change/").content.decode()
    assert "shs_" not in again
    assert Source.objects.get(name="new").token_sha256 not in again
    bad = {**sent, "name": "bad", "kind": "mqtt", "settings": '{"host": "h"}'}
    page = root.post("/admin/registry/source/add/", bad)
    assert "缺少设置 topics" in page.content.decode()
    assert not Source.objects.filter(name="bad").exists()


def test_the_command_registers_and_renews(people: None) -> None:
    run = CliRunner().invoke
    told = run(app, ["source", "add", "cli", "--region", "220100"])
    assert told.exit_code == 0, told.output
    token = told.output.split()[-1]
    assert sources.by_token(token) is not None
    renewed = run(app, ["source", "token", "cli"]).output.split()[-1]
    assert sources.by_token(token) is None
    assert sources.by_token(renewed) is not None
    assert renewed not in run(app, ["source", "list"]).output
    for args in (
        ["cli", "--region", "220100"],
        ["two words", "--region", "220100"],
        ["other"],
        ["other", "--region", "999999"],
        ["other", "--site", "9999X"],
        ["other", "--region", "220100", "--kind", "fax"],
        ["other", "--region", "220100", "--settings", "{"],
    ):
        assert isinstance(run(app, ["source", "add", *args]).exception, Exception)
    assert not Source.objects.filter(name="other").exists()
