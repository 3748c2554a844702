"""Run the peers on every series, in their own interpreter; keep what they flag in a folder."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.anomaly.tasks import Task

_SCRIPT = Path(__file__).with_name("peers.py")
Flags = dict[str, np.ndarray]


def run_peers(tasks: Sequence[Task], interpreter: str, kept: Path) -> None:
    """Judge every column of every task that is not yet in the folder."""
    pairs = []
    for task in tasks:
        for name in task.names:
            source, out = _paths(task, name, kept)
            if out.exists():
                continue
            np.savez(
                source,
                values=task.columns[name],
                times=task.times,
                starts=task.starts,
                first=task.first,
            )
            pairs += [str(source), str(out)]
    if pairs:
        subprocess.run([interpreter, str(_SCRIPT), *pairs], check=True)


def peer_flags(task: Task, kept: Path) -> dict[str, Flags]:
    """Return for each peer its flags by column and setting."""
    found: dict[str, Flags] = {"ioos_qc": {}, "saqc": {}}
    for name in task.names:
        with np.load(_paths(task, name, kept)[1]) as told:
            for setting in told.files:
                flags = np.unpackbits(told[setting], count=task.times.size).astype(bool)
                found[setting.split(" ")[0]][f"{name}: {setting}"] = flags
    return found


def _paths(task: Task, name: str, kept: Path) -> tuple[Path, Path]:
    return kept / f"{task.file}-{name}.npz", kept / f"{task.file}-{name}-flags.npz"
