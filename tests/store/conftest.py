"""Every store twice: chDB in process and over HTTP, SQLite and a real PostgreSQL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from songhua.store import Shelf, open_shelf

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))  # so that tests share `tests.store.rows` and the like

from tests.store import postgres  # noqa: E402

_numbers = count(1)


@pytest.fixture(scope="session")
def http_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("http")
    command = [sys.executable, str(HERE / "http_face.py"), str(folder / "db"), "songhua", "p@ss"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as face:
        assert face.stdin is not None
        assert face.stdout is not None
        yield f"clickhouse://songhua:p%40ss@127.0.0.1:{int(face.stdout.readline())}"
        face.stdin.close()


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.chdb) for name in ("chdb", "http")])
def url(request: pytest.FixtureRequest) -> str:
    """Address of a database that nobody used yet."""
    if request.param == "chdb":
        return f"{request.getfixturevalue('embedded_url')}?database=test_{next(_numbers)}"
    return f"{request.getfixturevalue('http_url')}/test_{next(_numbers)}"


@pytest.fixture
def shelf(url: str) -> Iterator[Shelf]:
    opened = open_shelf(url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of a real PostgreSQL; without one, CI fails and a laptop skips."""
    if postgres.programs() is None:
        if os.environ.get("CI"):
            pytest.fail("no PostgreSQL found: CI must have one (initdb)")
        pytest.skip("no PostgreSQL found (initdb)")
    with postgres.server() as url:
        yield url


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A registry with its tables; yields the name of its engine."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('registry')}/registry.sqlite3"
    else:
        url = request.getfixturevalue("postgres_url")
    with registry_at(url):
        yield request.param


@pytest.fixture
def registry(database: str) -> Iterator[str]:
    """A registry that forgets what a test does; yields the name of its engine."""
    from django.db import transaction

    with transaction.atomic():
        yield database
        transaction.set_rollback(True)


@contextmanager
def registry_at(url: str) -> Iterator[None]:
    """Make a database the default one for a while, with its tables."""
    from django.core.management import call_command
    from django.db import connections

    from songhua.app.settings import _database

    before = connections.settings["default"]
    connections["default"].close()
    settings = {"default": _database(url)}
    connections.settings["default"] = connections.configure_settings(settings)["default"]
    del connections["default"]
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = before
        del connections["default"]
