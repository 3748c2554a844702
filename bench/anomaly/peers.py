"""Flags of the peers for every setting of a grid. Runs in their interpreter, which lacks ours.

``python peers.py IN.npz OUT.npz [IN OUT …]``: `values`, `times` [µs], `starts`, `first` in;
flags by name out.
Thresholds are quantiles of what each check measures on the first half.
"""

import sys
import warnings

import numpy as np
import pandas as pd
from ioos_qc import qartod
from saqc import SaQC

warnings.simplefilter("ignore")
TAILS = np.array([0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2])


def _limits(measured: np.ndarray, *, low: bool = False) -> list[float]:
    told = measured[np.isfinite(measured)]
    if not told.size:
        return []
    return sorted({float(one) for one in np.quantile(told, TAILS if low else 1 - TAILS)})


def ioos(values: np.ndarray, times: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Return the flags of QARTOD's tests (suspect or fail), by test and setting."""
    stamps = times.astype("datetime64[us]").astype("datetime64[ns]")
    step = float(np.median(np.diff(times))) / 1e6
    early = values[first]
    found = {}
    for low in _limits(early, low=True):
        found[f"range low {low:.6g}"] = qartod.gross_range_test(values, (low, np.inf)) > 2
    for high in _limits(early):
        found[f"range high {high:.6g}"] = qartod.gross_range_test(values, (-np.inf, high)) > 2
    away = np.abs(early[1:-1] - (early[:-2] + early[2:]) / 2)
    for method in ("average", "differential"):
        for limit in _limits(away):
            told = qartod.spike_test(values, limit, limit, method=method)
            found[f"spike {method} {limit:.6g}"] = told > 2
    rates = np.abs(np.diff(early)) / (np.diff(times[first]) / 1e6)
    for limit in _limits(rates):
        found[f"rate {limit:.6g}"] = qartod.rate_of_change_test(values, stamps, limit) > 2
    spread = float(np.nanquantile(early, 0.75) - np.nanquantile(early, 0.25))
    for steps in (3, 6, 12, 24, 48):
        for tolerance in (1e-9, 0.001 * spread, 0.01 * spread, 0.05 * spread):
            told = qartod.flat_line_test(values, stamps, steps * step, 9e9, tolerance)
            found[f"flat {steps} {tolerance:.3g}"] = told > 2
    for steps in (12, 48, 96):
        rolled = pd.Series(early).rolling(steps, min_periods=3).std(ddof=0).to_numpy()
        for limit in _limits(rolled, low=True):
            told = qartod.attenuated_signal_test(
                values, stamps, limit, 0, test_period=steps * step, min_obs=3
            )
            found[f"attenuated {steps} {limit:.3g}"] = told == 3
    return {f"ioos_qc {name}": np.ma.filled(told, fill_value=False) for name, told in found.items()}


def saqc(values: np.ndarray, times: np.ndarray, first: np.ndarray) -> dict[str, np.ndarray]:
    """Return the flags of SaQC's univariate methods, by method and setting."""
    index = pd.DatetimeIndex(times.astype("datetime64[us]"))
    unique = ~index.duplicated()
    column = pd.Series(values[unique], index=index[unique])
    data = SaQC(pd.DataFrame({"x": column}))
    step = float(np.median(np.diff(times))) / 1e6
    early = values[first]
    spread = float(np.nanquantile(early, 0.75) - np.nanquantile(early, 0.25)) or 1.0
    found = {}
    for method, told in _calls(early, step, spread):
        try:
            flags = getattr(data, method)("x", **told).flags["x"].to_numpy() > 0
        except Exception as fault:  # noqa: BLE001 - then it has no flags
            print(f"{method} {told}: {fault!r}"[:160], file=sys.stderr)
            continue
        whole = np.zeros(values.size, bool)
        whole[unique] = flags
        found[f"saqc {method} {told}"] = whole & np.isfinite(values)
    return found


def _calls(early: np.ndarray, step: float, spread: float) -> list[tuple[str, dict]]:
    """Return methods with settings; flagByVariance takes minutes a setting and is left out."""
    return [
        *(("flagRange", {"min": low}) for low in _limits(early, low=True)),
        *(("flagRange", {"max": high}) for high in _limits(early)),
        *(
            ("flagZScore", {"method": method, "window": window, "thresh": thresh})
            for window in (11, 49, 97)
            for thresh in (3, 4, 6, 10, 20, 40)
            for method in ("modified", "standard")
        ),
        *(("flagZScore", {"method": "modified", "thresh": thresh}) for thresh in (3, 4, 5, 7)),
        *(("flagUniLOF", {"n": 20, "thresh": thresh}) for thresh in (1.5, 3, 6)),
        *(
            ("flagConstants", {"window": f"{int(steps * step)}s", "thresh": share * spread})
            for steps in (3, 6, 12, 24, 48)
            for share in (0, 0.001, 0.01, 0.05)
        ),
        *(
            ("flagJumps", {"window": f"{int(steps * step)}s", "thresh": many * spread})
            for steps in (6, 24)
            for many in (0.5, 1, 2, 4)
        ),
        *(
            (
                "flagOffset",
                {
                    "window": f"{int(12 * step)}s",
                    "tolerance": 0.25 * spread,
                    "thresh": many * spread,
                },
            )
            for many in (0.5, 1, 2, 4)
        ),
    ]


def main(source: str, out: str) -> None:
    """Judge each series of a file by each peer; flags of several series of one setting follow."""
    told = np.load(source)
    values, times, starts, first = (told[key] for key in ("values", "times", "starts", "first"))
    found: dict[str, np.ndarray] = {}
    ends = np.append(starts[1:], values.size)
    for peer in (ioos, saqc):
        parts = [
            peer(values[a:b], times[a:b], first[a:b])
            for a, b in zip(starts, ends, strict=True)
            if np.isfinite(values[a:b][first[a:b]]).any()
        ]
        # Settings that hang on a series of its own are matched by their place in the grid.
        for names in zip(*parts, strict=False):
            whole = np.zeros(values.size, bool)
            for part, name, a, b in zip(parts, names, starts, ends, strict=False):
                whole[a:b] = part[name]
            found[names[0]] = whole
    np.savez_compressed(out, **{name: np.packbits(flags) for name, flags in found.items()})


if __name__ == "__main__":
    for place in range(1, len(sys.argv), 2):
        main(*sys.argv[place : place + 2])
        print(sys.argv[place], flush=True)
