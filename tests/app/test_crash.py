"""Acknowledged means kept: `kill -9` after the journal has a file, and the next start brings it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import DEMO

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

IMPORT = """
import json, sys, time
from pathlib import Path
from songhua.app.wiring import set_up
set_up()
from songhua.api.ports import ImportOrder
from songhua.app import imports, platform, server
from songhua.store.registry import records

server.migrate_stores()
demo, moment = Path(sys.argv[1]), sys.argv[2]
records.load_sites(demo / "sites.csv")
name = "air_hourly_2020-04"
mapping = (demo / f"{name}.toml").read_text(encoding="utf-8")
order = ImportOrder(demo / f"{name}.csv.gz", f"{name}.csv.gz", mapping, "crash")

def stand_still():
    print(opened.journal.last_seq, flush=True)
    time.sleep(600)

def report(step):
    if step["phase"] == moment:
        stand_still()

opened = platform.Songhua.open()
if moment == "acknowledged":
    imports.receive(opened.journal, order, platform.silent)
    stand_still()
opened.run_import(order, report)
opened.close()
"""
"""Imports the demo's hours and stands still at a moment, to be killed there."""

LOOK = """
import json
from datetime import UTC, datetime
from songhua.app.wiring import set_up
set_up()
from songhua.app import platform, server
from songhua.model import Period
from songhua.store.registry import records
from songhua.store.registry.models import ImportFile

server.migrate_stores()
opened = platform.Songhua.open()
ever = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
shelf = opened.shelf
file = ImportFile.objects.get()
observed = shelf.observations(period="hour", span=ever)
found = {"observations": observed.height, "sum": observed["value"].sum()}
for period in ("hour", "day"):
    for scope in ("site", "county", "city"):
        rows = shelf.air_index(period=period, scope=scope, span=ever)
        found[f"{period} {scope}"] = [rows.height, rows["aqi"].count(), rows["aqi"].sum()]
for scope in ("site", "county", "city"):
    rows = shelf.air_summary(period="month", scope=scope, span=ever)
    found[f"month {scope}"] = [rows.height, rows["days"].sum()]
found["state"] = file.state
found["lines"] = file.lines
found["applied"] = sorted(records.applied())
print(json.dumps(found))
opened.close()
"""
"""Opens the platform as any start does and says what it holds."""


def start(program: str, home: Path, *args: str) -> "subprocess.Popen[str]":
    own = {k: v for k, v in os.environ.items() if not k.startswith(("SONGHUA_", "DJANGO_"))}
    return subprocess.Popen(
        [sys.executable, "-c", program, *args],
        env={**own, "SONGHUA_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )


def look(home: Path) -> dict[str, Any]:
    with start(LOOK, home) as asked:
        said, _ = asked.communicate(timeout=120)
    assert asked.returncode == 0
    found: dict[str, Any] = json.loads(said)
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a platform holds whose import nobody killed."""
    home = tmp_path_factory.mktemp("undisturbed")
    with start(IMPORT, home, str(DEMO), "never") as ran:
        ran.communicate(timeout=120)
    assert ran.returncode == 0
    return look(home)


@pytest.mark.parametrize("moment", ["acknowledged", "read", "hours", "area_days", "periods"])
def test_nothing_acknowledged_is_lost_wherever_the_platform_is_killed(
    tmp_path: Path, undisturbed: dict[str, Any], moment: str
) -> None:
    with start(IMPORT, tmp_path, str(DEMO), moment) as killed:
        assert killed.stdout is not None
        assert int(killed.stdout.readline()) >= 1
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    assert look(tmp_path) == undisturbed
