"""Killed again and again while it forwards: nothing is missing, a window at most comes twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.forward.conftest import Platform212
from tests.app.forward.forwards import LOGGERS, WINDOW

ROOT = Path(__file__).parents[3]
_FRAMES = 700
_KILLS = (80, 200, 390)
"""How many frames the upstream has when the process is killed."""


@pytest.mark.slow
def test_killed_while_it_forwards_nothing_is_missing(tmp_path: Path) -> None:
    upstream = Platform212()
    upstream.delay = 0.001
    env = os.environ | {
        "SONGHUA_HOME": str(tmp_path),
        "SONGHUA_DATABASE": f"sqlite:///{tmp_path / 'registry.sqlite3'}",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    order = [sys.executable, "-m", "tests.app.forward.forwards", str(upstream.port), str(_FRAMES)]
    try:
        for kill_at in _KILLS:
            with subprocess.Popen(order, env=env, cwd=ROOT) as process:
                came = upstream.wait(kill_at, 30)
                process.send_signal(signal.SIGKILL)
            assert came
        last = subprocess.run(order, env=env, cwd=ROOT, timeout=60, capture_output=True, check=True)
        assert b"caught up" in last.stdout
    finally:
        upstream.stop()
    assert len(upstream.data()) == _FRAMES
    assert len(upstream.frames) - _FRAMES <= len(_KILLS) * (WINDOW + 1)
    mns = {one.mn for one in upstream.frames}
    assert len(mns) == LOGGERS
    for mn in mns:
        mine = [name for name in upstream.data() if name.startswith(mn)]
        assert mine == sorted(mine)
