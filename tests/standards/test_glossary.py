"""The glossary names what is really in the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "songhua"
TABLE_ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| term")
]
CODE_NAMES = sorted({name for row in TABLE_ROWS for name in re.findall(r"`([^`]+)`", row[3])})


def test_every_row_has_term_chinese_clause_and_code() -> None:
    assert all(len(row) == 4 and all(row) for row in TABLE_ROWS)
    terms = [row[0] for row in TABLE_ROWS]
    assert len(set(terms)) == len(terms)


@pytest.mark.parametrize("name", CODE_NAMES)
def test_a_code_name_of_the_glossary_exists(name: str) -> None:
    *room, last = name.split(".")
    files = [path for kind in ("py", "toml", "csv") for path in SOURCE.rglob(f"*.{kind}")]
    within = [path for path in files if set(room) <= {*path.parts, path.stem}]
    word = re.compile(rf"\b{re.escape(last)}\b")
    assert any(
        last == path.parent.name or word.search(path.read_text(encoding="utf-8")) for path in within
    )
