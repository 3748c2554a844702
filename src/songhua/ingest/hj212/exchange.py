"""One request to the field and what comes back, as the standard has it. Pure: no socket, no clock.

A request is answered by 9011, then by data if it asks for some, then by 9012; a notice by 9013.
What is not answered is sent again; what was answered and then not done is not.
"""

from dataclasses import dataclass
from enum import StrEnum

from songhua.ingest.hj212.frame import Frame
from songhua.standards.hj212 import command_of, link_times

_ANSWER, _RESULT, _NOTED = "9011", "9012", "9013"
_READY, _DONE, _NOTHING = 1, 1, 100
_STREAMS = ("2011", "2021")
"""What begins with such a request goes on until it is stopped: its first data are the result."""
_LONGEST_S = 600.0
"""No exchange takes longer, however often a device says something."""


class Outcome(StrEnum):
    """How an exchange ended.

    ``done``; ``nothing``: done, there are no such data; ``refused``: 9011 says no; ``failed``:
    9012 says no; ``silent``: never answered; ``broken``: answered, then nothing more came;
    ``offline``: there was no link.
    """

    DONE = "done"
    NOTHING = "nothing"
    REFUSED = "refused"
    FAILED = "failed"
    SILENT = "silent"
    BROKEN = "broken"
    OFFLINE = "offline"


class Step(StrEnum):
    """What happened in an exchange."""

    SENT = "sent"
    AGAIN = "again"
    ANSWERED = "answered"
    DATA = "data"
    RESULT = "result"
    NOTED = "noted"
    OVER = "over"


@dataclass(slots=True)
class Exchange:
    """A request on its way.

    Parameters
    ----------
    cn, qn
        Its command and request number.
    frame
        Its bytes.
    timeout_s, retries
        How long to wait for each answer, and how often to send again.

    Attributes
    ----------
    deadline
        When `late` must be called, unless something is heard. [s, of the caller's clock]
    outcome
        None while it is under way.
    ends
        When it is over whatever is heard. [s]
    code
        QnRtn or ExeRtn of the last answer that had one.
    data
        Frames of data that came.

    References
    ----------
    HJ 212—2017, 6.2 and 表1, 表6, 表7.
    """

    cn: str
    qn: str
    frame: bytes
    is_notice: bool
    timeout_s: float
    retries: int
    sent: int = 0
    is_answered: bool = False
    deadline: float = 0.0
    ends: float = 0.0
    outcome: Outcome | None = None
    code: int | None = None
    data: int = 0

    @classmethod
    def of(cls, cn: str, qn: str, frame: bytes, *, edition: int = 2017) -> "Exchange":
        """Return the exchange that a command begins, with the times of a mobile link."""
        kind = command_of(cn, direction="down", edition=edition).kind
        times = link_times()[0]
        return cls(cn, qn, frame, kind == "notice", times.timeout_s, times.retries)

    def begin(self, now: float) -> bytes:
        """Return what to send."""
        self.sent += 1
        self.ends = self.ends or now + _LONGEST_S
        self.deadline = now + self.timeout_s
        return self.frame

    def end(self, outcome: Outcome) -> None:
        """End it."""
        self.outcome = outcome

    def heard(self, frame: Frame, now: float) -> Step | None:
        """Take a frame of the device; return what it is here, None where it is none of ours."""
        if self.outcome is not None:
            return None
        if frame.cn == self.cn and not self.is_notice:
            return self._data(frame, now)
        if frame.qn != self.qn:
            return None
        if frame.cn == _ANSWER:
            return self._answered(_code(frame, "QnRtn"), now)
        if frame.cn == _RESULT:
            return self._resulted(_code(frame, "ExeRtn"))
        if frame.cn == _NOTED and self.is_notice:
            self.outcome = Outcome.DONE
            return Step.NOTED
        return None

    def late(self, now: float) -> bytes | None:
        """Return what to send again when time is up; None where it is over now."""
        if self.outcome is not None:
            return None
        if self.is_answered:
            self.outcome = Outcome.BROKEN
            return None
        if self.sent > self.retries:
            self.outcome = Outcome.SILENT
            return None
        return self.begin(now)

    def _data(self, frame: Frame, now: float) -> Step | None:
        # Data of a history have request numbers of their own, as those have that come anyway:
        # before the answer only what carries ours is meant.
        if not self.is_answered and frame.qn != self.qn:
            return None
        self.data += 1
        self.is_answered = True
        self.deadline = min(now + self.timeout_s, self.ends)
        if self.cn in _STREAMS:
            self.outcome = Outcome.DONE
        return Step.DATA

    def _answered(self, code: int | None, now: float) -> Step:
        self.code = code
        self.is_answered = True
        self.deadline = now + self.timeout_s
        if code != _READY:
            self.outcome = Outcome.REFUSED
        return Step.ANSWERED

    def _resulted(self, code: int | None) -> Step:
        self.code = code
        outcomes = {_DONE: Outcome.DONE, _NOTHING: Outcome.NOTHING}
        self.outcome = Outcome.FAILED if code is None else outcomes.get(code, Outcome.FAILED)
        return Step.RESULT


def _code(frame: Frame, name: str) -> int | None:
    text = next((group[name] for group in frame.groups if name in group), "").strip()
    return int(text) if text.isascii() and text.isdigit() else None
