"""`kill -9` under load, loggers that come back: nothing acknowledged is missing or twice there."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

ROOT = Path(__file__).parents[3]


def test_killed_twice_under_load() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.gateway_crash", "--times", "2", "--seed", "7"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "missing or wrong: 0" in ran.stdout
