"""What more than one room's tests use: one embedded engine, and platforms of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from songhua.api import ports, record
from songhua.app.platform import Songhua
from songhua.app.server import migrate_stores
from songhua.app.settings import _database
from songhua.store import Entry
from songhua.store.registry import records

DEMO = Path(__file__).parents[1] / "demo"
PASSWORD = "gold-pine-7-river"
PEOPLE = (
    ("viewer", "viewer", "220100"),
    ("operator", "operator", "220100"),
    ("analyst", "analyst", "220000"),
    ("admin", "administrator", "220000"),
)
"""Name, role and region of those who can log in to a platform of the tests."""

_numbers = count(1)


def data_of(opened: Songhua) -> list[Entry]:
    """Return the journal's entries that are no part of the record of acts."""
    return [one for one in opened.journal.entries() if one.kind not in ("act", "changes")]


@pytest.fixture(scope="session")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One folder for the process: chDB is one engine a process, with many databases."""
    return f"chdb://{tmp_path_factory.mktemp('chdb') / 'observations'}"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, embedded_url: str) -> Iterator[Songhua]:
    """Open a platform for the tests of one file: the demo's sites, a person a role, no rows."""
    url = f"{embedded_url}?database=platform_{next(_numbers)}"
    with opened_platform(tmp_path_factory.mktemp("home"), url) as opened:
        yield opened


@contextmanager
def opened_platform(home: Path, observations: str) -> Iterator[Songhua]:
    """Open a platform at a home of its own and connect the pages to it."""
    own = {
        "SONGHUA_HOME": home,
        "SONGHUA_JOURNAL": home / "journal",
        "SONGHUA_OBSERVATIONS": observations,
        "SONGHUA_OPEN_READING": False,
        "ALLOWED_HOSTS": ["testserver"],
    }
    with registry_at(f"sqlite:///{home / 'registry.sqlite3'}"), override_settings(**own):
        migrate_stores()
        records.load_sites(DEMO / "sites.csv")
        for name, role, region in PEOPLE:
            records.add_user(name, role=role, region=region, password=PASSWORD)
        opened = Songhua.open()
        ports.connect(opened)
        record.connect(opened.record)
        try:
            yield opened
        finally:
            ports.connect(None)
            record.connect(None)
            opened.close()


@contextmanager
def registry_at(url: str) -> Iterator[None]:
    """Make a database the default one for a while, with its tables."""
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
