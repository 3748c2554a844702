"""The one shelf of this process."""

from songhua.store.shelf import Shelf

_shelf: Shelf | None = None


def configure(opened: Shelf | None) -> None:
    """Set the shelf that this process reads and writes; None when it closes."""
    global _shelf
    _shelf = opened


def shelf() -> Shelf:
    """Return the shelf of this process.

    Raises
    ------
    RuntimeError
        If none was opened: a fault of wiring.
    """
    if _shelf is None:
        raise RuntimeError("no shelf was opened")
    return _shelf
