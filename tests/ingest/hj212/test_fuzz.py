import importlib.util
from collections import Counter
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools/fuzz_hj212.py"
spec = importlib.util.spec_from_file_location("fuzz_hj212", TOOL)
assert spec is not None
assert spec.loader is not None
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

FRAMES = tool.seeds()


@pytest.mark.parametrize("first", range(0, 50, 10))
def test_mutated_frames_break_no_promise(first: int) -> None:
    told: Counter[str] = Counter()
    for seed in range(first, first + 10):
        told += tool.fuzz_batch(seed, FRAMES)
    # Every kind of piece is met: the mutations reach what they are meant for.
    assert {"frame", "crc", "length", "noise", "oversize", "truncated", "tail"} <= told.keys()


def test_a_broken_promise_is_told_with_its_seed() -> None:
    with pytest.raises(AssertionError, match="seed 7"):
        tool._need(False, "a byte is lost", 7)  # noqa: FBT003


def test_the_same_seed_gives_the_same_frames() -> None:
    assert tool.fuzz_batch(7, FRAMES) == tool.fuzz_batch(7, FRAMES)
