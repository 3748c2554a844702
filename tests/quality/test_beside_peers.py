"""The shared checks against ioos_qc and SaQC on random series, where they are at hand.

They want versions of their own: ``SONGHUA_BENCH_PEERS`` names their interpreter; else nothing
here runs. Differences that are meant: at a tolerance of 0 our flat line finds equal values and that
of ioos_qc none (it is given 1e-9 here); by range, ioos_qc does not check a window with a missing
value in it, ours looks at the values that are there.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.limits import gross_range
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.stack import Stack
from songhua.quality.verdict import Found, Verdict

PEERS = os.environ.get("SONGHUA_BENCH_PEERS", "")
pytestmark = pytest.mark.skipif(not PEERS, reason="SONGHUA_BENCH_PEERS names no interpreter")
HOUR = 3600
SERIES = 200

SCRIPT = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from ioos_qc import qartod
import pandas as pd
from saqc import SaQC
told, found = np.load(sys.argv[1]), {}
for n in range(int(told["count"])):
    x, t = told[f"x{n}"], told[f"t{n}"].astype("datetime64[us]").astype("datetime64[ns]")
    found[f"range{n}"] = qartod.gross_range_test(x, (-4, 4), (-2, 2))
    for method in ("average", "differential"):
        found[f"{method}{n}"] = qartod.spike_test(x, 1, 3, method=method)
    found[f"rate{n}"] = qartod.rate_of_change_test(x, t, 1 / 3600, 3 / 3600)
    for name, tolerance in (("flat", 1e-9), ("near", 0.15)):
        found[f"{name}{n}"] = qartod.flat_line_test(x, t, 2 * 3600, 4 * 3600, tolerance)
    for kind in ("std", "range"):
        found[f"calm_{kind}{n}"] = qartod.attenuated_signal_test(
            x, t, 0.50123, 0.10123, test_period=6 * 3600, min_obs=2, check_type=kind)
    data = SaQC(pd.DataFrame({"x": pd.Series(x, index=pd.DatetimeIndex(t))}))
    flags = data.flagRange("x", min=-2, max=2).flags["x"].to_numpy() > 0
    found[f"saqc_range{n}"] = flags
np.savez(sys.argv[2], **{k: np.ma.filled(v, 9) for k, v in found.items()})
"""


def random_series() -> list[tuple[np.ndarray, np.ndarray]]:
    chance = np.random.default_rng(20261124)
    made = []
    for _ in range(SERIES):
        size = int(chance.integers(8, 80))
        values = np.round(np.cumsum(chance.normal(0, 0.6, size)) * chance.choice([0.3, 1]), 1)
        for _ in range(int(chance.integers(0, 4))):  # repeats
            at = int(chance.integers(0, size))
            values[at : at + int(chance.integers(2, 9))] = values[at]
        values[chance.random(size) < 0.08] = np.nan
        keep = np.sort(chance.permutation(size)[: size - size // 8])  # gaps
        made.append((values[keep], keep.astype(np.int64) * HOUR * 1_000_000))
    return made


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder: Path = tmp_path_factory.mktemp("peers")
    told = {"count": np.array(SERIES)}
    for number, (values, times) in enumerate(random_series()):
        told |= {f"x{number}": values, f"t{number}": times}
    np.savez(folder / "in.npz", **told)
    command = [PEERS, "-c", SCRIPT, str(folder / "in.npz"), str(folder / "out.npz")]
    subprocess.run(command, check=True, timeout=120, env={"OMP_NUM_THREADS": "1"})
    with np.load(folder / "out.npz") as found:
        return {name: found[name] for name in found.files}


OURS: dict[str, Callable[[Stack], Found]] = {
    "range": lambda s: gross_range(s, fail=(-4, 4), suspect=(-2, 2)),
    "average": lambda s: spike(s, suspect=1, fail=3),
    "differential": lambda s: spike(s, suspect=1, fail=3, method="differential"),
    "rate": lambda s: rate_of_change(s, suspect=1 / HOUR, fail=3 / HOUR),
    "flat": lambda s: flat_line(s, suspect_s=2 * HOUR, fail_s=4 * HOUR),
    "near": lambda s: flat_line(s, suspect_s=2 * HOUR, fail_s=4 * HOUR, tolerance=0.15),
    "calm_std": lambda s: attenuated(s, suspect=0.50123, fail=0.10123, window_s=6 * HOUR, fewest=2),
    "calm_range": lambda s: attenuated(
        s, suspect=0.50123, fail=0.10123, window_s=6 * HOUR, fewest=2, by="range"
    ),
}


@pytest.mark.parametrize("check", list(OURS))
def test_flags_are_those_of_ioos_qc(check: str, judged: dict[str, np.ndarray]) -> None:
    differ = []
    for number, (values, times) in enumerate(random_series()):
        theirs = judged[f"{check}{number}"]
        compared = theirs != Verdict.NOT_CHECKED if check == "calm_range" else theirs > 0
        ours = OURS[check](Stack.of(values, times)).flags
        if (ours != theirs)[compared].any():
            differ.append((number, values.tolist(), ours.tolist(), theirs.tolist()))
    assert not differ, f"{len(differ)} of {SERIES}: {differ[0]}"


def test_a_range_is_that_of_saqc(judged: dict[str, np.ndarray]) -> None:
    for number, (values, times) in enumerate(random_series()):
        ours = gross_range(Stack.of(values, times), fail=(-2, 2)).flags
        assert (ours == 4).tolist() == judged[f"saqc_range{number}"].tolist()
