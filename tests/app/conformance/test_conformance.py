"""The trials tell a good platform and a good logger from bad ones."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime

import pytest
from typer.testing import CliRunner

from songhua.app.cli import app
from songhua.app.conformance import Finding, Verdict, try_logger, try_platform
from songhua.app.conformance.platform_trial import Identity
from songhua.app.simulate import Logger, Message, mn_of
from songhua.ingest.hj212 import Decoder, Frame, data_reply
from songhua.model import BEIJING

MN = mn_of("trial")


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    decoder = Decoder()
    while data := await reader.read(65536):
        for piece in decoder.feed(data):
            if isinstance(piece, Frame) and piece.wants_reply:
                writer.write(data_reply(piece))
    writer.close()


async def hasty(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes what comes at once for one frame, and answers without looking at the check."""
    while data := await reader.read(65536):
        if b"QN=" in data and data.startswith(b"##"):
            qn = data.split(b"QN=")[1].split(b";")[0].decode()
            fields = {"QN": qn, "MN": MN, "PW": "123456", "Flag": "5"}
            writer.write(data_reply(Frame(data, fields, ())))
    writer.close()


def tried(serve: Callable[..., object]) -> dict[str, Finding]:
    async def all_of_it() -> list[Finding]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]
        port = server.sockets[0].getsockname()[1]
        found = await try_platform("127.0.0.1", port, Identity(mn=MN, wait=1.0))
        server.close()
        return found

    return {one.en: one for one in asyncio.run(all_of_it())}


def test_a_good_platform_keeps_every_clause() -> None:
    found = tried(good)
    assert len(found) == 14
    assert {one.verdict for one in found.values()} == {Verdict.KEPT}, found


def test_a_hasty_platform_is_told_what_it_breaks() -> None:
    found = tried(hasty)
    broken = {name for name, one in found.items() if one.verdict is Verdict.BROKEN}
    assert {
        "no answer where none is asked for",
        "a wrong check is not acknowledged",
        "two frames that arrive at once",
        "a frame that arrives byte by byte",
        "noise before a frame",
    } <= broken
    assert found["hourly data, 2061, is answered"].verdict is Verdict.KEPT


def test_a_good_logger_keeps_every_clause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songhua.app.simulate.logger.WAIT", 0.3)

    async def all_of_it() -> list[Finding]:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        trial = asyncio.create_task(try_logger("127.0.0.1", 0, seconds=8, ready=port.set_result))
        logger = Logger("127.0.0.1", await port)
        await logger.start()
        hour = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)
        for _ in range(3):
            await logger.send(Message(MN, "2061", hour, ({"a34004-Avg": "35"},)))
        await logger.settle(3)
        found = await trial
        await logger.stop()
        return found

    found = asyncio.run(all_of_it())
    assert {one.verdict for one in found} == {Verdict.KEPT}, found


def test_nobody_comes() -> None:
    found = asyncio.run(try_logger("127.0.0.1", 0, seconds=0.2))
    assert [one.verdict for one in found] == [Verdict.NOT_SEEN]


def test_the_command_says_what_is_broken() -> None:
    done = CliRunner().invoke(app, ["conformance", "127.0.0.1:1", "--mn", MN, "--json"])
    assert done.exit_code == 1
    assert {one["verdict"] for one in json.loads(done.stdout)} == {"broken"}
