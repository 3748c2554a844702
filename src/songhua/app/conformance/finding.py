"""What a trial found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a clause came out."""

    KEPT = "kept"
    BROKEN = "broken"
    NOT_SEEN = "not_seen"


@dataclass(frozen=True, slots=True)
class Finding:
    """One clause tried.

    Parameters
    ----------
    clause
        Of HJ 212—2017, or of the edition named; empty where it is good practice and no clause.
    zh, en
        What was tried.
    evidence
        What was seen: the frame, or what came instead.
    """

    clause: str
    zh: str
    en: str
    verdict: Verdict
    evidence: str = ""
