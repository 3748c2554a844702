"""Detection on the labelled water series beside ioos_qc and SaQC: `python -m bench.anomaly FOLDER`.

Settings from the first half in time, score on the second. All three are tuned twice by the same
code (plainly for F1 of values, and carefully); a peer's better one on the second half counts.
``SONGHUA_BENCH_PEERS`` names the peers' interpreter; their flags are kept in the folder
``SONGHUA_BENCH_KEPT``.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.anomaly.peer_flags import Flags, peer_flags, run_peers
from bench.anomaly.tasks import Task, tasks
from songhua.quality.tune import Score, candidates, choose, score

_YEAR_US = 365.25 * 86_400e6


def ours(task: Task) -> Flags:
    """Return what our checks flag, by column, kind and settings."""
    found = {}
    for name in task.names:
        others = {key: column for key, column in task.columns.items() if key != name}
        beside = None if task.starts.size > 1 else others
        for one in candidates(task.stack(name), task.first, beside):
            found[f"{name} {one.kind} {one.settings}"] = one.flags
    return found


def judge(task: Task, flags: Flags, *, careful: bool) -> tuple[Score, list[str]]:
    """Return the score on the second half of what was chosen on the first, and the choice."""
    early, late = task.first & task.present, ~task.first & task.present
    names = list(flags)
    chosen = choose([flags[one][early] for one in names], task.labels[early], careful=careful)
    union = np.zeros(task.times.size, bool)
    for place in chosen:
        union |= flags[names[place]]
    return score(union[late], task.labels[late]), [names[place] for place in chosen]


def years(task: Task) -> float:
    """Return the sensor-years of the second half."""
    late = task.times[~task.first]
    return float(late.max() - late.min()) / _YEAR_US * task.starts.size * len(task.names)


def main(folder: Path, kept: Path, interpreter: str) -> None:
    """Print a row a quantity, then a row a file."""
    every = list(tasks(folder))
    if interpreter:
        run_peers(every, interpreter, kept)
    sums: dict[str, dict[str, Score]] = {}
    spans: dict[str, float] = {}
    for task in every:
        contenders = {"ours": ours(task)} | (peer_flags(task, kept) if interpreter else {})
        cells = []
        spans[task.file] = spans.get(task.file, 0.0) + years(task)
        for who, flags in contenders.items():
            for careful in (True, False):
                if who == "ours" and not careful:
                    continue
                found, names = judge(task, flags, careful=careful)
                key = f"{who} {'careful' if careful else 'plain'}"
                total = sums.setdefault(task.file, {})
                total[key] = total.get(key, Score(0, 0, 0)) + found
                cells.append(f"{found.f1:.2f} ({found.false})")
                if who == "ours":
                    print("   ", [name[:90] for name in names], file=sys.stderr)
        print("|", " | ".join([task.file, task.name, *cells]), "|", flush=True)
    for file, total in sums.items():
        cells = [
            f"{name}: F1 {one.f1:.3f} P {one.precision:.2f} R {one.recall:.2f}, "
            f"{one.false / spans[file]:.0f} false a sensor-year"
            for name, one in total.items()
        ]
        print("\n  ".join([file, *cells]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(
            Path(sys.argv[1]),
            Path(os.environ.get("SONGHUA_BENCH_KEPT", scratch)),
            os.environ.get("SONGHUA_BENCH_PEERS", ""),
        )
