"""Secrets by the name of where they are: never in the registry, in logs or on pages."""

import os
from pathlib import Path

from songhua.model import BadInput

_MOST = 4096


def read_secret(source: str) -> str:
    """Return the secret that ``env:NAME`` or ``file:PATH`` names; empty for none.

    Raises
    ------
    BadInput
        If it cannot be found.
    """
    if not source:
        return ""
    kind, _, name = source.partition(":")
    found: str | None = None
    if kind == "env":
        found = os.environ.get(name)
    elif kind == "file":
        try:
            with Path(name).open(encoding="utf-8") as file:
                found = file.read(_MOST).strip()
        except (OSError, UnicodeDecodeError):
            found = None
    if not found:
        raise BadInput(f"找不到密码：{source}。", f"No secret is found at {source}.")
    return found
