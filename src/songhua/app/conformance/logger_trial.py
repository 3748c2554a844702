"""A logger is tried: it connects to us, and we look at what it sends and how it obeys."""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from songhua.app.conformance.finding import Finding, Verdict
from songhua.app.simulate.messages import request_number
from songhua.ingest.hj212 import Damaged, Decoder, Frame, Piece, command, data_reply, notice_reply
from songhua.model import BEIJING

_LARGEST_SEGMENT = 1024
_AROUND_SEGMENT = 12
"""``##``, the length, the check and the line end. [byte]"""
_SKEW = timedelta(minutes=5)
_OBEYS = 10.0
"""Seconds for an answer to a command (HJ 212—2017, 表 1: 5 or 10 s)."""
_ANSWERS = {"9011", "9012"}


class _Watched:
    """One logger that connected to us."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.pieces: list[Piece] = []
        self.came: list[float] = []
        self.changed = asyncio.Event()
        self.withheld: str | None = None
        self.came_again = False

    @property
    def frames(self) -> list[Frame]:
        return [piece for piece in self.pieces if isinstance(piece, Frame)]

    @property
    def uploads(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.cn not in _ANSWERS]

    def take(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.changed.set()
        if not isinstance(piece, Frame) or piece.cn in _ANSWERS or not piece.wants_reply:
            return
        if self.withheld is None:
            self.withheld = piece.qn  # the first answer is kept back, once
            return
        self.came_again = self.came_again or piece.qn == self.withheld
        reply = notice_reply if piece.cn == "9015" else data_reply
        self.writer.write(reply(piece))

    async def wait(self, seconds: float, until: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not until():
                    self.changed.clear()
                    await self.changed.wait()


async def try_logger(
    host: str, port: int, *, seconds: float = 120.0, ready: Callable[[int], None] = lambda _: None
) -> list[Finding]:
    """Listen, and return what came of each clause for the first logger that connects.

    Parameters
    ----------
    seconds
        How long its uploads are watched, and how long it is waited for.
    ready
        Called with the port once it listens.
    """
    arrived: asyncio.Queue[_Watched] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        watched, decoder = _Watched(writer), Decoder()
        await arrived.put(watched)
        with suppress(OSError):
            while data := await reader.read(65536):
                for piece in decoder.feed(data):
                    watched.take(piece)
        for piece in decoder.end():
            watched.take(piece)
        writer.close()

    server = await asyncio.start_server(serve, host, port)
    ready(server.sockets[0].getsockname()[1])
    try:
        async with asyncio.timeout(seconds):
            logger = await arrived.get()
    except TimeoutError:
        server.close()
        return [
            Finding("6.2", "数采仪连接上来", "the logger connects", Verdict.NOT_SEEN),
        ]
    await logger.wait(seconds, lambda: len(logger.uploads) >= 3 and logger.came_again)
    findings = [*_form(logger), _again(logger)]
    findings += await _obedience(logger)
    logger.writer.transport.abort()
    try:
        async with asyncio.timeout(min(seconds, 60.0)):
            again = await arrived.get()
        again.writer.transport.abort()
        back = Verdict.KEPT
    except TimeoutError:
        back = Verdict.BROKEN
    findings.append(Finding("", "断开后自动重连", "it reconnects after a break", back))
    server.close()
    await asyncio.sleep(0.05)  # the last links close
    return findings


def _form(logger: _Watched) -> list[Finding]:
    """Judge the form of what was sent."""
    damaged = [piece for piece in logger.pieces if isinstance(piece, Damaged)]
    uploads = logger.uploads
    now = datetime.now(BEIJING)
    return [
        _each("6.3", "长度与 CRC 相符", "length and check agree", damaged, lambda _: False)
        if damaged
        else _each("6.3", "长度与 CRC 相符", "length and check agree", uploads, lambda _: True),
        _each(
            "6.3",
            "以回车换行结尾",
            "ends with CR LF",
            uploads,
            lambda one: one.raw.endswith(b"\r\n"),
        ),
        _each(
            "6.3",
            "数据段不超过 1024 字节",
            "the data segment has at most 1024 bytes",
            uploads,
            lambda one: len(one.raw) - _AROUND_SEGMENT <= _LARGEST_SEGMENT,
        ),
        _each(
            "6.3, QN",
            "请求编码 17 位，时钟误差在 5 分钟内",
            "QN has 17 digits; the clock is within 5 minutes",
            [one for one in uploads if one.edition > 2005],
            lambda one: _is_now(one.qn, now),
        ),
        _each(
            "6.3, MN",
            "设备唯一标识 24 位十六进制（2005 版 14 位）",
            "MN has 24 hexadecimal digits (2005: 14 characters)",
            uploads,
            _has_good_mn,
        ),
        _each(
            "6.3, DataTime",
            "数据时间 14 位，不在将来",
            "DataTime has 14 digits and is not in the future",
            [one for one in uploads if one.cn in {"2011", "2051", "2061", "2031"}],
            lambda one: _is_past(one, now),
        ),
    ]


def _again(logger: _Watched) -> Finding:
    if logger.withheld is None:
        verdict = Verdict.NOT_SEEN
    else:
        verdict = Verdict.KEPT if logger.came_again else Verdict.BROKEN
    return Finding(
        "6.2",
        "没有应答的帧再次发送",
        "a frame without answer is sent again",
        verdict,
        logger.withheld or "没有要求应答的帧 no frame asked for an answer",
    )


async def _obedience(logger: _Watched) -> list[Finding]:
    """Ask for the device's time: request, answer, data, result."""
    clause, zh, en = "6.2", "提取现场机时间 1011：9011、数据、9012", "1011 is answered and executed"
    if not logger.uploads:
        return [Finding(clause, zh, en, Verdict.NOT_SEEN)]
    like = logger.uploads[-1]
    qn = request_number(datetime.now(BEIJING), 999)
    asked = command("1011", qn=qn, st=like.st, pw=like.pw, mn=like.mn, edition=like.edition)
    logger.writer.write(asked)

    def came(cn: str) -> list[Frame]:
        return [one for one in logger.frames if one.cn == cn and (one.qn == qn or cn == "1011")]

    await logger.wait(_OBEYS, lambda: bool(came("9012")))
    seen = [cn for cn in ("9011", "1011", "9012") if came(cn)]
    whole = len(seen) == 3
    return [
        Finding(clause, zh, en, Verdict.KEPT if whole else Verdict.BROKEN, " ".join(seen) or "—")
    ]


def _each(
    clause: str,
    zh: str,
    en: str,
    pieces: Sequence[Frame] | Sequence[Damaged],
    holds: Callable[[Any], bool],
) -> Finding:
    if not pieces:
        return Finding(clause, zh, en, Verdict.NOT_SEEN)
    bad = next((one for one in pieces if not holds(one)), None)
    if bad is None:
        return Finding(clause, zh, en, Verdict.KEPT, f"{len(pieces)}")
    shown = bad.raw.decode("utf-8", "backslashreplace").strip()[:200]
    return Finding(clause, zh, en, Verdict.BROKEN, shown)


def _is_now(qn: str, now: datetime) -> bool:
    if not re.fullmatch(r"\d{17}", qn):
        return False
    at = _moment(qn[:14])
    return at is not None and abs(at - now) <= _SKEW


def _has_good_mn(frame: Frame) -> bool:
    if frame.edition == 2005:
        return len(frame.mn) == 14
    return re.fullmatch(r"[0-9A-F]{24}", frame.mn) is not None


def _is_past(frame: Frame, now: datetime) -> bool:
    text = next((group["DataTime"] for group in frame.groups if "DataTime" in group), "")
    at = _moment(text)
    return at is not None and at <= now + _SKEW


def _moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError:
        return None
