"""Which code computed a result."""

from functools import cache
from importlib.metadata import version


@cache
def code_version() -> str:
    """Return the version that every result carries, such as ``0.1.0``."""
    return version("songhua")
