"""The page `docs/assess-air.md` says what the library does: its blocks are run as they stand."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "assess-air.md"


def blocks() -> list[str]:
    parts = PAGE.read_text(encoding="utf-8").split("```python\n")[1:]
    return [part.split("```")[0] for part in parts]


def statements(block: str) -> Iterator[tuple[str, str]]:
    """Yield each statement with the comment below it: what it should give."""
    lines = block.splitlines()
    for node in ast.parse(block).body:
        below = lines[node.end_lineno or 0 :][:1]
        said = below[0].removeprefix("# ") if below and below[0].startswith("# ") else ""
        yield ast.unparse(node), said


def test_every_block_of_the_page_gives_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, Any] = {}
    told = 0
    for block in blocks():
        for code, said in statements(block):
            if said:
                assert eval(code, names) == ast.literal_eval(said), code  # noqa: S307 - our page
                told += 1
            else:
                exec(code, names)  # noqa: S102 - our own page
    assert told == 6


def test_the_picture_is_the_one_that_its_script_draws() -> None:
    names: dict[str, Any] = {"__name__": "drawing", "__file__": str(ROOT / "docs" / "x.py")}
    exec((ROOT / "docs" / "make_assess_air.py").read_text(encoding="utf-8"), names)  # noqa: S102
    hours, air = names["hours"](), names["air"]
    both = [air.hourly_columns(hours, edition=edition) for edition in ("2012", "2026")]
    drawn = (ROOT / "docs" / "img" / "assess-air.svg").read_text(encoding="utf-8")
    assert names["drawn"](*both) == drawn
