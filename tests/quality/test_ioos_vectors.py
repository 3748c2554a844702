"""The checks we share with ioos_qc say what its own tests expect, literally."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from songhua.quality.checks.calm import attenuated, flat_line
from songhua.quality.checks.limits import Season, climatology, gross_range
from songhua.quality.checks.steps import rate_of_change, spike
from songhua.quality.stack import Stack
from songhua.quality.verdict import Found

VECTORS = json.loads(
    (Path(__file__).parents[1] / "reference/quality/ioos_qc.json").read_text(encoding="utf-8")
)["vectors"]


def found(check: str, args: dict[str, Any]) -> Found:
    values = np.array([np.nan if one is None else one for one in args["inp"]], float)
    # Some calls give more times than values: there only the usual step is asked for.
    times = np.array(args.get("tinp", range(values.size)), np.int64)[: values.size]
    stack = Stack.of(values, times, zone=0)
    low, high = args.get("suspect_threshold"), args.get("fail_threshold")
    match check:
        case "gross_range_test":
            return gross_range(stack, fail=args["fail_span"], suspect=args.get("suspect_span"))
        case "spike_test":
            # 0 switches a limit off there.
            return spike(
                stack, suspect=low or None, fail=high or None, method=args.get("method", "average")
            )
        case "rate_of_change_test":
            return rate_of_change(stack, suspect=args["threshold"], fail=high)
        case "flat_line_test":
            return flat_line(stack, suspect_s=low, fail_s=high, tolerance=args.get("tolerance", 0))
        case "attenuated_signal_test":
            return attenuated(
                stack,
                suspect=low,
                fail=high,
                window_s=args.get("test_period"),
                fewest=_fewest(args, times),
                by=args.get("check_type", "std"),
            )
        case "climatology_test":
            return climatology(stack, [_season(one) for one in args["config"]["climatology"]])
    raise AssertionError(check)


def _fewest(args: dict[str, Any], times: np.ndarray) -> int:
    if args.get("min_period"):
        return int(args["min_period"] / (np.median(np.diff(times)) / 1e6))
    return args.get("min_obs") or 1


def _season(one: dict[str, Any]) -> Season:
    first, last = (x["t"] if isinstance(x, dict) else x for x in one["tspan"])
    return Season((first, last), tuple(one["vspan"]), one["fspan"], one["period"])


def _has_depth(vector: dict[str, Any]) -> bool:
    return any(one["zspan"] for one in vector["args"].get("config", {}).get("climatology", []))


@pytest.mark.parametrize(
    "vector",
    [one for one in VECTORS if not _has_depth(one)],  # nothing of ours lies at a depth
    ids=lambda one: one["check"],
)
def test_flags_are_the_same(vector: dict[str, Any]) -> None:
    assert found(vector["check"], vector["args"]).flags.tolist() == vector["flags"]
