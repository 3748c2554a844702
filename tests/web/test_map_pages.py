"""The shell of every page: rooms, languages, look, policy, door; and what is vendored."""

import importlib.util
import json
import re
from types import ModuleType

import pytest
from django.test import Client, override_settings

from tests.web.conftest import PASSWORD, ROOT, MemoryShelf

PAGES = ("/", "/wall", "/login/")


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_inline_script_or_style(client: Client, path: str) -> None:
    page = client.get(path)
    text = page.content.decode()
    assert page.status_code == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-inline'" not in re.findall(r"script-src[^;]*|style-src [^;]*", policy).__str__()
    assert not re.search(r"<style|\son\w+=|\sstyle=", text)
    for script in re.findall(r"<script[^>]*>", text):
        assert "src=" in script or 'type="application/json"' in script
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)


@pytest.mark.parametrize("path", PAGES)
def test_no_identifier_stands_twice_on_a_page(client: Client, path: str) -> None:
    found = re.findall(r'\sid="([^"]+)"', client.get(path).content.decode())
    assert len(found) == len(set(found))


def test_rooms_stand_in_the_order_of_the_plan(client: Client) -> None:
    text = client.get("/").content.decode()
    rooms = re.search(r'<nav class="rooms".*?</nav>', text, re.DOTALL)
    assert rooms is not None
    names = re.findall(r">([^<\s]+)</a>", rooms[0])
    assert names == [*("一张图", "站点", "城市", "导入", "链路", "捕获率", "更正公告", "法规")]


def test_the_page_speaks_the_language_that_was_chosen(client: Client) -> None:
    assert 'lang="zh-CN"' in client.get("/").content.decode()
    client.post("/language/", {"language": "en", "next": "/?q=pm10"})
    text = client.get("/").content.decode()
    assert 'lang="en"' in text
    assert not re.search(
        "[一-鿿]", re.sub(r"<script.*?</script>|lang=\"zh-CN\"[^<]*<", "", text, flags=re.DOTALL)
    )


def test_the_look_is_kept_in_cookies_and_nothing_else_is_taken(client: Client) -> None:
    client.cookies["theme"], client.cookies["scale"] = "dark", "safe"
    assert 'data-theme="dark" data-scale="safe"' in client.get("/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="auto"' in client.get("/").content.decode()


def test_colours_of_levels_are_served_from_the_standard(client: Client) -> None:
    page = client.get("/levels.css")
    assert page.headers["Content-Type"].startswith("text/css")
    assert "--level-4: #ff0000; --ink-4: #000000" in page.content.decode()


def test_a_stranger_is_sent_to_the_door_where_reading_is_not_open(shelf: MemoryShelf) -> None:
    with override_settings(SONGHUA_OPEN_READING=False, ALLOWED_HOSTS=["testserver"]):
        stranger = Client()
        assert stranger.get("/").headers["Location"].startswith("/login/")
        assert stranger.get("/api/v1/air/times").status_code == 401
        assert stranger.login(username="viewer", password=PASSWORD)
        assert stranger.get("/").status_code == 200
        assert stranger.get("/api/v1/air/times").status_code == 200


def test_who_is_reading_is_said(client: Client) -> None:
    client.login(username="analyst", password=PASSWORD)
    text = client.get("/").content.decode()
    assert "的analyst" in text
    assert "退出" in text


def test_sample_logins_are_shown_in_a_demo_only(client: Client) -> None:
    from django.conf import settings

    path = settings.SONGHUA_HOME / "demo_logins.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"name": "viewer", "password": "secret-words", "title": "查看员"}]))
    try:
        with override_settings(SONGHUA_DEMO=True):
            assert "secret-words" in client.get("/login/").content.decode()
        with override_settings(SONGHUA_DEMO=False):
            assert "secret-words" not in client.get("/login/").content.decode()
    finally:
        path.unlink()


def test_a_wrong_password_is_said(client: Client) -> None:
    page = client.post("/login/", {"username": "viewer", "password": "wrong"})
    assert "账号或口令不对" in page.content.decode()


def test_vendored_files_are_what_the_lock_says() -> None:
    vendor = tool("vendor")
    lock = json.loads(vendor.LOCK.read_text(encoding="utf-8"))
    assert vendor.faults(lock, vendor.VENDOR) == []
    for package in lock.values():
        assert package["version"]
        assert package["licence"]


def test_a_changed_vendored_file_is_noticed(tmp_path: pytest.TempPathFactory) -> None:
    vendor = tool("vendor")
    lock = {
        "a": {"version": "1", "licence": "MIT", "files": {"a.js": {"from": "a.js", "sha256": "0"}}}
    }
    assert vendor.faults(lock, tmp_path) == ["missing: a.js"]
    (tmp_path / "a.js").write_text("changed")  # type: ignore[operator]
    (tmp_path / "b.js").write_text("alien")  # type: ignore[operator]
    assert vendor.faults(lock, tmp_path) == ["differs from the lock: a.js", "not in the lock: b.js"]


def test_every_string_has_its_english_and_the_catalogue_is_fresh() -> None:
    messages = tool("messages")
    words = messages.catalogue(messages.LOCALE)
    missing = [source for source in messages.used() if source not in words]
    assert missing == []
    assert messages.COMPILED.read_bytes() == messages.compiled(words)


def test_a_page_that_is_not_there_says_what_to_do(client: Client) -> None:
    page = client.get("/no/such/page/")
    assert page.status_code == 404
    assert "没有这一页" in page.content.decode()


def test_a_form_without_its_token_changes_nothing_and_says_so(shelf: MemoryShelf) -> None:
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        page = Client(enforce_csrf_checks=True).post("/login/", {"username": "a", "password": "b"})
    assert page.status_code == 403
    assert "没有任何内容被改动" in page.content.decode()
