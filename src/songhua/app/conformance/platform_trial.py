"""A platform is tried: we speak as one logger, well and badly, and look at the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from songhua.app.conformance.finding import Finding, Verdict
from songhua.app.simulate.messages import request_number
from songhua.ingest.hj212 import Damaged, Decoder, Frame, encode
from songhua.model import BEIJING

_VERSIONS = {2005: 0, 2017: 4, 2025: 8}
_QUIET = 1.0
"""Long enough to say that no answer comes. [s]"""


@dataclass(frozen=True, slots=True)
class Identity:
    """The logger that we are: registered with the platform beforehand.

    Parameters
    ----------
    st
        System: ``22`` air, ``32`` surface water …
    code
        A factor the platform knows.
    wait
        Seconds within which an answer must come.
    """

    mn: str
    pw: str = "123456"
    st: str = "22"
    code: str = "a34004"
    edition: int = 2017
    wait: float = 5.0


class _Line:
    """One connection to the platform under trial."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._decoder = Decoder()

    async def write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answers(self, count: int, seconds: float) -> list[Frame | Damaged]:
        """Return the pieces that come, at most so many, within a time."""
        found: list[Frame | Damaged] = []
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(seconds):
                while len(found) < count:
                    data = await self._reader.read(65536)
                    if not data:
                        break
                    found += self._decoder.feed(data)
        return found

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


class _Trial:
    """The clauses, one after another; each on a connection of its own."""

    def __init__(self, host: str, port: int, who: Identity) -> None:
        self._where = (host, port)
        self._who = who
        self._number = 0
        self._hour = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)

    def frame(
        self,
        cn: str = "2061",
        *,
        answer: bool = True,
        extra: Mapping[str, str] | None = None,
        groups: Sequence[Mapping[str, str]] = (),
    ) -> tuple[str, bytes]:
        """Return an upload of our own and its request number."""
        self._number += 1
        who = self._who
        qn = request_number(datetime.now(BEIJING), self._number)
        fields = {"QN": qn, "ST": who.st, "CN": cn, "PW": who.pw, "MN": who.mn}
        split = 2 if extra and "PNUM" in extra else 0
        fields["Flag"] = str(_VERSIONS[who.edition] + split + answer)
        at = self._hour - timedelta(hours=2)
        data = groups or (
            {"DataTime": at.strftime("%Y%m%d%H%M%S")},
            {f"{who.code}-{'Rtd' if cn == '2011' else 'Avg'}": "35", f"{who.code}-Flag": "N"},
        )
        return qn, encode({**fields, **(extra or {})}, data)

    async def line(self) -> _Line:
        return _Line(*await asyncio.open_connection(*self._where))

    async def answered(
        self, sent: Sequence[bytes], numbers: Sequence[str], *, pause: float = 0.0
    ) -> tuple[Verdict, str]:
        """Send pieces; every number must be answered by 9014 as the standard writes it."""
        line = await self.line()
        for piece in sent:
            await line.write(piece)
            await asyncio.sleep(pause)
        found = await line.answers(len(numbers), self._who.wait)
        await line.close()
        return _judged(found, numbers, self._who.mn)

    async def silent(self, sent: bytes) -> tuple[Verdict, str]:
        """Send a piece; nothing must come, and the link must still serve."""
        line = await self.line()
        await line.write(sent)
        found = await line.answers(1, _QUIET)
        if found:
            await line.close()
            return Verdict.BROKEN, _text(found)
        qn, frame = self.frame()
        await line.write(frame)
        after = await line.answers(1, self._who.wait)
        await line.close()
        return _judged(after, [qn], self._who.mn)


def _judged(
    found: Sequence[Frame | Damaged], numbers: Sequence[str], mn: str
) -> tuple[Verdict, str]:
    wrong = [
        piece
        for piece in found
        if isinstance(piece, Damaged)
        or (piece.st, piece.cn, piece.mn) != ("91", "9014", mn)
        or any(piece.groups)
    ]
    answered = sorted(piece.qn for piece in found if isinstance(piece, Frame))
    if wrong or answered != sorted(numbers):
        return Verdict.BROKEN, _text(found) or "没有应答 no answer"
    return Verdict.KEPT, _text(found[:1])


def _text(found: Sequence[Frame | Damaged]) -> str:
    return " ".join(piece.raw.decode("utf-8", "backslashreplace").strip() for piece in found)[:400]


Clause = tuple[str, str, str, Callable[[_Trial], Awaitable[tuple[Verdict, str]]]]


async def _one(trial: _Trial, cn: str) -> tuple[Verdict, str]:
    qn, frame = trial.frame(cn)
    return await trial.answered([frame], [qn])


async def _twice(trial: _Trial) -> tuple[Verdict, str]:
    qn, frame = trial.frame()
    return await trial.answered([frame, frame], [qn, qn], pause=0.2)


async def _together(trial: _Trial) -> tuple[Verdict, str]:
    both = [trial.frame(), trial.frame()]
    return await trial.answered([b"".join(frame for _, frame in both)], [qn for qn, _ in both])


async def _halves(trial: _Trial) -> tuple[Verdict, str]:
    qn, frame = trial.frame()
    return await trial.answered([frame[:40], frame[40:]], [qn], pause=0.5)


async def _bytewise(trial: _Trial) -> tuple[Verdict, str]:
    qn, frame = trial.frame()
    return await trial.answered([frame[n : n + 1] for n in range(len(frame))], [qn], pause=0.001)


async def _noise(trial: _Trial) -> tuple[Verdict, str]:
    qn, frame = trial.frame()
    return await trial.answered([b"\x00\xff garbage ##12\r\n" + frame], [qn])


async def _no_answer(trial: _Trial) -> tuple[Verdict, str]:
    return await trial.silent(trial.frame(answer=False)[1])


async def _bad_check(trial: _Trial) -> tuple[Verdict, str]:
    frame = trial.frame()[1]
    check = b"0000" if frame[-6:-2] != b"0000" else b"FFFF"
    return await trial.silent(frame[:-6] + check + b"\r\n")


async def _lower_case(trial: _Trial) -> tuple[Verdict, str]:
    qn, frame = trial.frame()
    return await trial.answered([frame[:-6] + frame[-6:-2].lower() + b"\r\n"], [qn])


async def _split(trial: _Trial) -> tuple[Verdict, str]:
    parts = [trial.frame(extra={"PNUM": "2", "PNO": str(number)}) for number in (1, 2)]
    return await trial.answered([frame for _, frame in parts], [qn for qn, _ in parts])


async def _oversize(trial: _Trial) -> tuple[Verdict, str]:
    line = await trial.line()
    with suppress(OSError):
        await line.write(b"##9999" + b"A" * 200_000)
    await line.close()
    return await _one(trial, "2061")


_CLAUSES: tuple[Clause, ...] = (
    ("6.2", "小时数据 2061 得到 9014", "hourly data, 2061, is answered", lambda t: _one(t, "2061")),
    ("6.2", "分钟数据 2051 得到 9014", "minute data, 2051, is answered", lambda t: _one(t, "2051")),
    (
        "6.2",
        "实时数据 2011 得到 9014",
        "real-time data, 2011, is answered",
        lambda t: _one(t, "2011"),
    ),
    ("6.2", "日数据 2031 得到 9014", "daily data, 2031, is answered", lambda t: _one(t, "2031")),
    ("6.3, Flag", "不要应答的不应答", "no answer where none is asked for", _no_answer),
    ("6.3, CRC", "校验错的不应答，链路照常", "a wrong check is not acknowledged", _bad_check),
    ("6.3, CRC", "CRC 小写也认", "a check in lower case is read", _lower_case),
    ("6.3, PNUM/PNO", "拆分包每包都应答", "each part of a split message is answered", _split),
    ("6.2", "重发的同一帧再次应答", "a frame sent again is answered again", _twice),
    ("6.3", "粘包：两帧一次到达", "two frames that arrive at once", _together),
    ("6.3", "半包：一帧分两次到达", "a frame that arrives in halves", _halves),
    ("6.3", "逐字节到达", "a frame that arrives byte by byte", _bytewise),
    ("", "帧前有乱码", "noise before a frame", _noise),
    ("", "超长之后照常服务", "service goes on after an oversize frame", _oversize),
)


async def try_platform(host: str, port: int, who: Identity) -> list[Finding]:
    """Return what came of each clause.

    Parameters
    ----------
    host, port
        The platform's gateway.
    who
        The logger that we are. The values we send say 35 for two hours ago: use an identity that
        is registered for trials only.
    """
    trial, findings = _Trial(host, port, who), []
    for clause, zh, en, run in _CLAUSES:
        try:
            verdict, evidence = await run(trial)
        except OSError as fault:
            verdict, evidence = Verdict.BROKEN, f"连接失败 no connection: {fault}"
        findings.append(Finding(clause, zh, en, verdict, evidence))
    return findings
