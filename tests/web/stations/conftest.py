"""A whole platform for the stations' pages: journal, registry, a real shelf, the demo's hours."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings

from songhua.api import ports
from songhua.api.ports import ImportOrder
from songhua.app.platform import Songhua, silent
from songhua.store import Journal, configure, open_shelf
from songhua.store.registry import records
from tests.web.conftest import PASSWORD, ROOT

_FACE = ROOT / "tests/store/http_face.py"
_FILES = ("air_city_daily_2013-2015", "air_hourly_2020-04")

Ask = Callable[..., Any]


@pytest.fixture(scope="session")
def whole(registry: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Songhua]:
    """The platform with the demo's observations on a shelf of its own process."""
    folder = tmp_path_factory.mktemp("stations")
    command = [sys.executable, str(_FACE), str(folder / "db"), "songhua", "secret"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as face:
        assert face.stdin is not None
        assert face.stdout is not None
        address = f"127.0.0.1:{int(face.stdout.readline())}"
        shelf = open_shelf(f"clickhouse://songhua:secret@{address}/stations")
        shelf.migrate()
        configure(shelf)
        platform = Songhua(Journal.open(folder / "journal"), shelf)
        for name in _FILES:
            platform.run_import(_order(ROOT / "demo", name), silent)
        records.add_user(
            "elsewhere", role="analyst", region="220200", password=PASSWORD, title="吉林市分析员"
        )
        configure(None)
        yield platform
        platform.close()
        face.stdin.close()


@pytest.fixture
def platform(whole: Songhua) -> Iterator[Songhua]:
    """The platform, connected to the pages for one test."""
    configure(whole.shelf)
    ports.connect(whole)
    with override_settings(
        SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"], STORAGES=settings.STORAGES
    ):
        yield whole
    ports.connect(None)
    configure(None)


@pytest.fixture
def reader(platform: Songhua) -> Client:
    """A visitor where reading is open."""
    return Client(headers={"accept-language": "zh-CN"})


@pytest.fixture
def person(platform: Songhua) -> Callable[[str], Client]:
    """Return someone who has logged in."""

    def logged_in(name: str) -> Client:
        client = Client(headers={"accept-language": "zh-CN"})
        assert client.login(username=name, password=PASSWORD)
        return client

    return logged_in


@pytest.fixture
def ask(reader: Client) -> Ask:
    """Ask the API as a visitor: ``ask("series", site="1121A", **{"from": …})``."""

    def answer(path: str, status: int = 200, **asked: str) -> Any:
        found = reader.get(f"/api/v1/air/{path}", asked)
        assert found.status_code == status, found.content[:400]
        return found.json()

    return answer


def _order(folder: Path, name: str) -> ImportOrder:
    return ImportOrder(
        path=folder / f"{name}.csv.gz",
        name=f"{name}.csv.gz",
        mapping=(folder / f"{name}.toml").read_text(encoding="utf-8"),
        author="demo",
    )
