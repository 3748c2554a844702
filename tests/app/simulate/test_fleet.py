"""Virtual loggers keep what is not acknowledged, whatever happens on the link."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from songhua.app.simulate import (
    Faults,
    Message,
    Report,
    load_messages,
    mn_of,
    read_faults,
    replay_messages,
    run_fleet,
)
from songhua.app.simulate.faults import KINDS
from songhua.ingest.hj212 import Damaged, Decoder, Frame, data_reply
from songhua.model import BadInput


class Host:
    """A platform that answers, but for the frames it is told to ignore."""

    def __init__(self, ignores: Callable[[Frame], bool] = lambda _frame: False) -> None:
        self.frames: list[Frame] = []
        self.damaged: list[Damaged] = []
        self._ignores = ignores

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder()
        try:
            while data := await reader.read(65536):
                self._take(decoder.feed(data), writer)
        except OSError:
            pass
        self._take(decoder.end(), writer)
        writer.close()

    def _take(self, pieces: list[Frame | Damaged], writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            if isinstance(piece, Damaged):
                self.damaged.append(piece)
                continue
            self.frames.append(piece)
            if not self._ignores(piece):
                writer.write(data_reply(piece))


def run(host: Host, messages: list[Message], faults: Faults | None = None, **other: int) -> Report:
    async def all_of_it() -> Report:
        server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        report = await run_fleet("127.0.0.1", port, messages, rate=2000, faults=faults, **other)
        server.close()
        return report

    return asyncio.run(all_of_it())


def some(count: int) -> list[Message]:
    source = load_messages(5, seed=1)
    return [next(source) for _ in range(count)]


@pytest.mark.parametrize("edition", [2005, 2017, 2025])
def test_each_edition_is_spoken(edition: int) -> None:
    host = Host()
    report = run(host, some(20), edition=edition)
    assert (report.acknowledged, report.unanswered) == (20, 0)
    assert {frame.edition for frame in host.frames} == {edition}
    assert not host.damaged
    assert 400 < len(host.frames[0].raw) < 650


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("delay", "storm")])
def test_whatever_strikes_all_is_acknowledged_in_the_end(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.simulate.logger.WAIT", 0.3)
    host = Host()
    sent = some(60)
    report = run(host, sent, read_faults(f"{kind}=0.2", seed=4))
    assert report.unanswered == 0
    assert report.acknowledged == len(sent)
    said = {str(frame.groups[1:]) for frame in host.frames}
    assert said >= {str(message.groups) for message in sent}
    if kind != "crc":
        assert len(said) == len(sent)


def test_an_answer_that_does_not_come_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songhua.app.simulate.logger.WAIT", 0.2)
    chance = random.Random(3)  # noqa: S311 - no secret
    host = Host(lambda _frame: chance.random() < 0.3)
    report = run(host, some(50))
    assert report.unanswered == 0
    assert report.sent_again > 0


def test_hours_of_a_file_are_said_as_they_are() -> None:
    rows = pl.DataFrame(
        {
            "site": ["1121A"],
            "time": [datetime(2020, 4, 4, 3, tzinfo=UTC)],
            "pm10": [273.0],
            "co": [0.8],
            "o3": [None],
        },
        schema_overrides={"o3": pl.Float64},
    )
    (message,) = replay_messages(rows, ["pm10", "co", "o3"])
    (frame,) = Decoder().feed(message.frame("20200404120000001"))
    assert isinstance(frame, Frame)
    assert (frame.mn, frame.cn, frame.st) == ("000000000000003131323141", "2061", "22")
    assert len(frame.mn) == 24
    assert frame.groups == (
        {"DataTime": "20200404110000"},
        {"a34002-Avg": "273", "a34002-Flag": "N"},
        {"a21005-Avg": "0.8", "a21005-Flag": "N"},
    )
    late = Message(message.mn, "2061", message.at, message.groups, is_late=True)
    (marked,) = Decoder().feed(late.frame("20200404120000001", edition=2025))
    assert isinstance(marked, Frame)
    assert marked.is_backfill
    (ahead,) = Decoder().feed(message.frame("20200404120000001", shift=timedelta(days=3)))
    assert isinstance(ahead, Frame)
    assert ahead.groups[0] == {"DataTime": "20200407110000"}


def test_every_site_has_an_identity_of_its_own() -> None:
    assert mn_of("jl-jiuzhan") != mn_of("ly-yinying")
    for key in ("1121A", "jl-jiuzhan", "a-key-that-is-very-long"):
        assert len(mn_of(key)) == 24
        assert int(mn_of(key), 16) > 0


@pytest.mark.parametrize("text", ["crash", "crc=2", "crc=x", "crc=-1"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="crc"):
        read_faults(text, seed=0)
