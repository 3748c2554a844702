"""What the pages ask of the platform and cannot do themselves; `app` hands it in at start-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from songhua.api.reviews import ReviewOrder
from songhua.ingest.hj212.received import Received
from songhua.ingest.hj212.search import Found, Tailed, Wanted
from songhua.model import BadInput, KnownSource
from songhua.store.registry.models import User


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
class FraudOrder:
    """A region and span in which to look for leads to tampering.

    Parameters
    ----------
    region
        Code; leads are kept of its sites.
    start, end
        None for the last days of what is held.
    least
        The least score of a lead that is kept.
    author
        Login name.
    """

    region: str
    author: str
    start: datetime | None = None
    end: datetime | None = None
    least: float = 0.9


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


@dataclass(frozen=True, slots=True)
class Playback:
    """Hours of the past that virtual loggers are sending now, so that nobody takes them for news.

    Parameters
    ----------
    day
        The day they were observed on, in words of ISO 8601.
    seconds
        How long an hour takes. [s]
    """

    day: str
    seconds: float


class KeyTaken(BadInput):
    """A key came again with another body."""

    def __init__(self) -> None:
        super().__init__(
            "这个 Idempotency-Key 已用于另一份内容。",
            "This Idempotency-Key came with another body before.",
        )


@dataclass(frozen=True, slots=True)
class NodeState:
    """A gateway node that is connected.

    Parameters
    ----------
    address
        Of the node.
    since
        When it connected.
    kept
        Number of its last entry that the platform confirmed.
    backlog
        Entries it has beyond.
    loggers
        Identities that have a link there.
    """

    name: str
    address: str
    since: datetime
    kept: int
    backlog: int
    loggers: frozenset[str]


class Platform(Protocol):
    """The platform as its pages see it."""

    @property
    def playback(self) -> Playback | None:
        """What is being played back now; None where all that comes is news."""

    def nodes(self) -> list[NodeState]:
        """Return the gateway nodes that are connected."""

    def correct(self, order: CorrectionOrder) -> Mapping[str, Any]:
        """Keep a correction and recompute what follows; return what changed."""

    def review(self, order: ReviewOrder) -> Mapping[str, Any]:
        """Keep an act of a reviewer on record and recompute what follows.

        Raises
        ------
        ReviewStale
            If a value is no longer what the reviewer saw: nothing was done.
        BadInput
            If the act cannot be.
        """

    def would_review(self, order: ReviewOrder) -> pl.DataFrame:
        """Return what an act would make of its values; nothing is kept.

        site, quantity, time, value, mark, was_value, was_mark, was (the revision now).
        """

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

    def take(self, source: KnownSource, body: bytes, key: str) -> Mapping[str, Any]:
        """Keep a message of observations and return what came of it.

        `state` is ``done``, or ``waiting`` where it is in the journal and not yet on the shelf.

        Raises
        ------
        KeyTaken
            If the key came before with another body.
        BadInput
            If nothing can be kept now: try again.
        """

    def release_rows(self, source_id: int, who: str) -> tuple[int, int]:
        """Let rows of a source in that may go in now; return how many, and how many stay."""

    def frames(self, wanted: Wanted) -> Found:
        """Return frames of the journal, newest first."""

    def piece(self, seq: int, place: int) -> Received | None:
        """Return a frame of the journal, or None when there is none."""

    def tail(self, after: int, most: int) -> Tailed | None:
        """Return what came since; None where no gateway runs."""

    def adopt(self, mn: str, settings: Mapping[str, Any], who: str) -> None:
        """Keep on record that a logger speaks a dialect, and read it so from now on."""

    def request(self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str) -> int:
        """Send a request to a logger; return its number in the registry."""

    def preview(self, mn: str, cn: str, values: Mapping[str, str]) -> tuple[bytes, bool]:
        """Return the frame a request would be, and whether its CP would be encrypted."""

    def photo(self, mn: str, *, author: str, why: str) -> int:
        """Fetch a photo from the camera beside a logger; return its number among the requests."""

    def video(self, mn: str, *, author: str, why: str) -> int:
        """Note that a person looks at the video beside a logger; return the number."""

    def ask_gap(self, gap_id: int, who: str) -> None:
        """Ask the logger of a gap for it at once."""

    def sent(self, seq: int) -> bytes:
        """Return the frame that a request was, by its number in the journal."""

    def note_lab(self, what: str, body: Mapping[str, Any], who: str) -> int:
        """Keep on record what the laboratory did; return the number in the journal."""

    def note_case(self, what: str, body: Mapping[str, Any], who: str) -> int:
        """Put in the journal what was done with a lead or case; return the number."""

    def keep_document(self, body: bytes, who: str) -> int:
        """Keep a document of a case in the journal; return the number."""

    def document(self, seq: int) -> bytes:
        """Return a document of a case by its number in the journal."""

    def look_for_fraud(self, order: FraudOrder) -> str:
        """Start the detectors of fraud and return the id of the job."""

    def sign_batch(self, number: str, level: int, who: User, opinion: str) -> None:
        """Sign a batch; the third signature brings its results onto the shelf."""

    def return_batch(self, number: str, who: User, opinion: str) -> None:
        """Return a batch to its analyst with an opinion."""

    def job(self, job_id: str) -> Job | None:
        """Return a job, or None when there is none of that id."""

    def stop(self, job_id: str) -> None:
        """Ask a job to stop at its next step."""


_platform: Platform | None = None


def connect(platform: Platform | None) -> None:
    """Hand the platform in; called once by `app`."""
    global _platform
    _platform = platform


def playback() -> Playback | None:
    """Return what is being played back now, also where nothing is connected."""
    return None if _platform is None else _platform.playback


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
