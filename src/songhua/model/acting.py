"""On whose behalf a thread works: what it writes in either store is found again by this token."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_token: ContextVar[str] = ContextVar("act", default="")
_brought: ContextVar[list[int] | None] = ContextVar("brought", default=None)


def token() -> str:
    """Return the token of the act that this thread carries out; empty for the machine's own."""
    return _token.get()


def note(seq: int) -> None:
    """Note that the act under way brought a journal entry."""
    brought = _brought.get()
    if brought is not None:
        brought.append(seq)


def begin(name: str) -> None:
    """Say on whose behalf this thread works from now on."""
    _token.set(name)


@contextmanager
def acting(name: str) -> Iterator[list[int]]:
    """Carry out an act; yield the numbers of the journal entries that it brings."""
    brought: list[int] = []
    before, noted = _token.set(name), _brought.set(brought)
    try:
        yield brought
    finally:
        _token.reset(before)
        _brought.reset(noted)
