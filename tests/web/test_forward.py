"""The page of forwarding: who sees it, who may pause, what it says."""

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.test import Client, override_settings
from django.utils import timezone

from songhua.store.registry import records
from songhua.store.registry.models import Unsent, Upstream, UpstreamState, User
from tests.web.conftest import PASSWORD


@pytest.fixture(scope="module")
def upstream(registry: None) -> Iterator[Upstream]:
    for name, role, region in (
        ("chief", "administrator", "220000"),
        ("local2", "operator", "220100"),
        ("reader2", "viewer", "220000"),
    ):
        records.add_user(name, role=role, region=region, password=PASSWORD)
    made = Upstream.objects.create(name="国家平台", host="10.9.8.7", port=9000, active=True)
    now = timezone.now()
    UpstreamState.objects.create(
        upstream=made, seq=5, state="broken", backlog=12, acknowledged=3456, oldest=now,
        fault_zh="连接中断：拒绝", fault_en="The link broke: refused", fault_at=now,
        receipts=[{"mn": "A" * 24, "cn": "2061", "at": now.isoformat()}],
    )  # fmt: skip
    Unsent.objects.create(
        upstream=made, seq=3, place=1, mn="B" * 24, cn="2011", reason_zh="没有应答",
        reason_en="never confirmed", at=now,
    )  # fmt: skip
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield made
    Upstream.objects.all().delete()
    User.objects.filter(username__in=["chief", "local2", "reader2"]).delete()


def as_person(name: str, language: str = "zh-CN") -> Client:
    client = Client(headers={"accept-language": language})
    assert client.login(username=name, password=PASSWORD)
    return client


def test_the_page_says_how_an_upstream_stands(upstream: Upstream) -> None:
    page = as_person("chief").get("/links/forward/").content.decode()
    for text in ("国家平台", "10.9.8.7:9000", "中断", "连接中断：拒绝", "A" * 24, "没有应答"):
        assert text in page
    english = as_person("chief", "en").get("/links/forward/").content.decode()
    assert "The link broke: refused" in english
    assert "never confirmed" in english


def test_only_who_manages_pauses_and_only_the_region_sees(upstream: Upstream) -> None:
    assert as_person("reader2").get("/links/forward/").status_code == 403
    assert "国家平台" not in as_person("local2").get("/links/forward/").content.decode()
    path = f"/links/forward/{upstream.pk}/switch/"
    assert as_person("local2").post(path, {"active": "0"}).status_code == 403
    as_person("chief").post(path, {"active": "0"})
    upstream.refresh_from_db()
    assert not upstream.active
    as_person("chief").post(path, {"active": "1"})
    upstream.refresh_from_db()
    assert upstream.active


def test_a_secret_in_clear_is_refused(upstream: Upstream) -> None:
    for field, value in (
        ("secret_from", "hunter2"),
        ("password_from", "123456"),
        ("topic", "a/#"),
        ("topic", "{nobody}"),
        ("identities", {"A": "B;PW=1"}),
    ):
        wrong = Upstream(name="x", host="h", port=1, **{field: value})
        with pytest.raises(ValidationError):
            wrong.clean()
    Upstream(name="x", host="h", port=1, secret_from="env:X").clean()
