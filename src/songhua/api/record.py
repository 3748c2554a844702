"""Where the pages put acts of people on record; `app` hands it in at start-up."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from songhua.model import BadInput


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did or tried to do.

    Parameters
    ----------
    kind
        One of `store.registry.record.KINDS`.
    who
        Login name; empty for a visitor.
    address
        Where from: an address, or the command line.
    door
        Method and path, or the command.
    site, subject
        Key of the site that it touches; what else it is about.
    why, by_order
        The reason and on whose order, in the person's words.
    outcome
        Status of the answer: 200 and 302 are done, 4xx refused.
    token
        Of the changes of tables that it brought.
    region
        Code; empty to take that of the site.
    brought
        Numbers of the journal entries that it brought.
    """

    kind: str
    who: str
    address: str
    door: str
    outcome: int
    token: str
    site: str = ""
    subject: str = ""
    why: str = ""
    by_order: str = ""
    region: str = ""
    brought: Sequence[int] = field(default=())

    def body(self) -> dict[str, Any]:
        """Return it as the journal keeps it."""
        return {**asdict(self), "brought": list(self.brought)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Someone tried to influence a datum (插手干预), as it is reported.

    Parameters
    ----------
    files
        Name and bytes of each attachment.
    """

    reporter: str
    region: str
    tried: str
    office: str
    happened_at: datetime
    means: str
    site: str
    datum: str
    words: str
    files: Sequence[tuple[str, bytes]] = ()


class Recorder(Protocol):
    """The record as the pages see it."""

    def keep(self, deed: Deed) -> int:
        """Put an act on record and return its journal number."""

    def report(self, attempt: Attempt) -> int:
        """Put an attempt to influence a datum on record and return its journal number."""

    def file(self, seq: int) -> bytes:
        """Return an attachment by its journal number."""


_recorder: Recorder | None = None


def connect(made: Recorder | None) -> None:
    """Hand the record in; called once by `app`."""
    global _recorder
    _recorder = made


def keep(deed: Deed) -> None:
    """Put an act on record, where there is a record."""
    if _recorder is not None:
        _recorder.keep(deed)


def recorder() -> Recorder:
    """Return the record.

    Raises
    ------
    BadInput
        If none was connected.
    """
    if _recorder is None:
        raise BadInput("留痕没有启用。", "The record is not connected.")
    return _recorder
