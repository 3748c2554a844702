"""What the pages ask of the platform and cannot do themselves; `app` hands it in at start-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class CorrectionOrder:
    """One value to be corrected.

    Parameters
    ----------
    site, quantity
        Keys of the register.
    time
        Start of the hour, with a zone.
    value
        The right value, or None where the hour has none. [unit of the quantity]
    reason
        Why, in the author's words; shown beside every figure that changes.
    author
        Login name.
    period
        ``hour`` or ``day``.
    """

    site: str
    quantity: str
    time: datetime
    value: float | None
    reason: str
    author: str
    period: str = "hour"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the register by which results become others.

    Parameters
    ----------
    register
        Which register: ``dust``, ``event``.
    words
        What was decided, as the record shows it.
    region
        Code of the region it holds for.
    start, end
        The hours it touches, before and after it was changed.
    author
        Login name.
    """

    register: str
    words: str
    region: str
    start: datetime
    end: datetime
    author: str


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """A file that is here and shall go in.

    Parameters
    ----------
    path
        The file on this machine. It is copied into the journal and may go afterwards.
    name
        The name its sender gave it.
    mapping
        The mapping as TOML text, or empty to detect it.
    author
        Login name.
    dry_run
        True to see what would happen.
    """

    path: Path
    name: str
    mapping: str
    author: str
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of long work.

    Parameters
    ----------
    id, kind
        Its handle and what it is (``import``, ``correct``).
    state
        ``waiting``, ``running``, ``done`` or ``failed``.
    done, total
        How far; total 0 where unknown.
    phase
        What it is doing now: ``read``, ``assess``; empty when over.
    result
        What came of it, once done.
    error_zh, error_en
        What went wrong, once failed.
    """

    id: str
    kind: str
    state: str
    done: int
    total: int
    phase: str
    seconds: float
    result: Mapping[str, Any]
    error_zh: str = ""
    error_en: str = ""


class Platform(Protocol):
    """The platform as its pages see it."""

    def correct(self, order: CorrectionOrder) -> Mapping[str, Any]:
        """Keep a correction and recompute what follows; return what changed."""

    def decide(self, decision: Decision) -> int:
        """Keep a decision of the register on record and return its journal number."""

    def follow(self, seq: int) -> str:
        """Start to recompute what a decision touches and return the id of the job."""

    def import_file(self, order: ImportOrder) -> str:
        """Start an import and return the id of its job."""

    def release(self, aside_id: int, who: str) -> None:
        """Let a frame that was set aside into the record."""

    def release_all(self, mn: str, who: str) -> tuple[int, int]:
        """Let all frames of an identity in that may speak now; return how many, and the rest."""

    def frame(self, aside_id: int) -> bytes | None:
        """Return the bytes of a frame that was set aside, or None when there is none."""

    def request(self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str) -> int:
        """Send a request to a logger; return its number in the registry."""

    def preview(self, mn: str, cn: str, values: Mapping[str, str]) -> tuple[bytes, bool]:
        """Return the frame a request would be, and whether its CP would be encrypted."""

    def ask_gap(self, gap_id: int, who: str) -> None:
        """Ask the logger of a gap for it at once."""

    def sent(self, seq: int) -> bytes:
        """Return the frame that a request was, by its number in the journal."""

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None when there is none of that id."""

    def stop(self, job_id: str) -> None:
        """Ask a job to stop at its next step."""


_platform: Platform | None = None


def connect(platform: Platform | None) -> None:
    """Hand the platform in; called once by `app`."""
    global _platform
    _platform = platform


def platform() -> Platform:
    """Return the platform.

    Raises
    ------
    RuntimeError
        If nothing was connected: a fault of wiring.
    """
    if _platform is None:
        raise RuntimeError("no platform was connected to the pages")
    return _platform
