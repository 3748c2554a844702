"""The rules of the checks that are in force."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from songhua.model import BadInput
from songhua.quality.rules import Rule, read_rules
from songhua.quality.standalone import default_rules


def rules() -> tuple[Rule, ...]:
    """Return the rules in force: those of the file that the settings name, else the default.

    Raises
    ------
    BadInput
        If the file cannot be read; which check, and what.
    """
    path = settings.SONGHUA_CHECKS
    if not path:
        return _read("", 0.0)
    try:
        changed = Path(path).stat().st_mtime
        return _read(str(path), changed)
    except OSError as fault:
        raise BadInput(f"读不了检查配置 {path}。", f"No rules of checks at {path}.") from fault


@lru_cache(maxsize=4)
def _read(path: str, _changed: float) -> tuple[Rule, ...]:
    return read_rules(Path(path).read_text(encoding="utf-8") if path else default_rules())
