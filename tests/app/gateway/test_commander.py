"""Requests to loggers over real sockets; each step is on record."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua, silent
from songhua.app.simulate import mn_of
from songhua.app.simulate.messages import PASSWORD
from songhua.app.works import works
from songhua.ingest.hj212 import encode, executed, notice_reply, request_reply
from songhua.model import BEIJING, BadInput
from songhua.store.registry import links
from songhua.store.registry.models import Command, Device
from tests.app.gateway.speaking import OTHER, SITE, Line, hours, said

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

AT = datetime(2019, 12, 1, 8, tzinfo=BEIJING)


@contextmanager
def connected(gateway: GatewayService, site: str, number: int) -> Iterator[Line]:
    """Connect a logger that says one hour first."""
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as plain:
        line = Line(plain)
        line.say(said(site, AT + timedelta(hours=number)).frame(f"2019120108000000{number}"))
        assert line.hear().cn == "9014"
        yield line


def ended(number: int, seconds: float = 10.0) -> Command:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        command = Command.objects.get(pk=number)
        if command.ended_at is not None:
            return command
        time.sleep(0.05)
    raise AssertionError(command.steps)


def what(command: Command) -> list[str]:
    return [step["what"] for step in command.steps]


def test_a_setting_is_asked_for_answered_and_done(
    platform: Songhua, gateway: GatewayService
) -> None:
    with connected(gateway, SITE, 1) as line:
        number = gateway.send(
            mn_of(SITE), "1062", {"RtdInterval": "60"}, author="admin", why="试验"
        )
        asked = line.hear()
        assert (asked.cn, asked.st, asked.pw, asked.mn) == ("1062", "22", PASSWORD, mn_of(SITE))
        assert asked.groups == ({"RtdInterval": "60"},)
        assert asked.wants_reply
        line.say(request_reply(asked, 1))
        line.say(executed(asked, 1))
        command = ended(number)
    assert (command.state, command.code, command.author) == ("done", 1, "admin")
    assert what(command) == ["sent", "answered", "result", "over"]
    # What was sent is evidence too.
    entry = platform.journal.entry(command.journal_seq)
    assert (entry.kind, entry.meta["to"]) == ("hj212_sent", mn_of(SITE))
    assert platform.journal.read(entry.seq) == asked.raw
    assert PASSWORD not in json.dumps(command.steps)


def test_a_history_that_is_asked_for_goes_onto_the_shelf(
    platform: Songhua, gateway: GatewayService
) -> None:
    first = datetime(2019, 12, 3, tzinfo=BEIJING)
    with connected(gateway, SITE, 2) as line:
        span = {"BeginTime": "20191203000000", "EndTime": "20191203020000"}
        number = gateway.send(mn_of(SITE), "2061", span, author="admin")
        asked = line.hear()
        line.say(request_reply(asked, 1))
        for n in range(3):
            line.say(said(SITE, first + timedelta(hours=n)).frame(f"2019120308000000{n}"))
            assert line.hear().cn == "9014"
        line.say(executed(asked, 1))
        command = ended(number)
    assert (command.state, command.data) == ("done", 3)
    assert what(command) == ["sent", "answered", "data", "result", "over"]
    assert gateway.keeper.wait(20)
    assert hours(platform, SITE, first, 3).height == 18


@pytest.mark.parametrize(
    ("answers", "state", "code"),
    [
        ([("9011", "QnRtn", 2)], "refused", 2),
        ([("9011", "QnRtn", 1), ("9012", "ExeRtn", 5)], "failed", 5),
        ([("9011", "QnRtn", 1), ("9012", "ExeRtn", 100)], "nothing", 100),
    ],
)
def test_what_a_logger_will_not_do_is_on_record(
    gateway: GatewayService, answers: list[tuple[str, str, int]], state: str, code: int
) -> None:
    with connected(gateway, SITE, 3) as line:
        number = gateway.send(mn_of(SITE), "3012", {"PolId": "a34004"}, author="admin")
        asked = line.hear()
        for cn, _name, value in answers:
            line.say((request_reply if cn == "9011" else executed)(asked, value))
        command = ended(number)
    assert (command.state, command.code) == (state, code)


def test_who_does_not_answer_is_asked_again_three_times(
    gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    with connected(gateway, SITE, 4) as line:
        number = gateway.send(mn_of(SITE), "1011", {}, author="admin")
        frames = [line.hear() for _ in range(4)]
        command = ended(number)
    assert len({one.raw for one in frames}) == 1  # the same request number each time
    assert command.state == "silent"
    assert what(command) == ["sent", "again", "again", "again", "over"]


def test_who_answers_and_then_says_nothing_is_not_asked_again(
    gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick(monkeypatch)
    with connected(gateway, SITE, 5) as line:
        number = gateway.send(mn_of(SITE), "1011", {}, author="admin")
        line.say(request_reply(line.hear(), 1))
        assert ended(number).state == "broken"
        assert line.is_silent(0.5)


def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    from songhua.ingest.hj212.exchange import Exchange

    of = Exchange.of.__func__  # type: ignore[attr-defined]

    def quicker(cls: type[Exchange], *args: Any, **named: Any) -> Exchange:
        made: Exchange = of(cls, *args, **named)
        made.timeout_s = 0.2
        return made

    monkeypatch.setattr(Exchange, "of", classmethod(quicker))


def test_a_logger_is_asked_one_thing_at_a_time(gateway: GatewayService) -> None:
    with connected(gateway, SITE, 6) as line:
        numbers = [gateway.send(mn_of(SITE), "1011", {}, author="admin") for _ in range(3)]
        qns = []
        for _ in numbers:
            asked = line.hear()
            qns.append(asked.qn)
            assert line.is_silent(0.2)
            line.say(request_reply(asked, 1))
            line.say(executed(asked, 1))
        assert len(set(qns)) == 3
        assert [ended(number).state for number in numbers] == ["done"] * 3


def test_a_notice_is_noted(gateway: GatewayService) -> None:
    with connected(gateway, SITE, 7) as line:
        number = gateway.send(mn_of(SITE), "2012", {}, author="admin")
        line.say(notice_reply(line.hear()))
        assert what(ended(number)) == ["sent", "noted", "over"]


def test_the_password_goes_only_where_it_was_said(gateway: GatewayService) -> None:
    """Who merely names a logger is not asked, and hears nothing meant for it."""
    links.register_devices(
        [{"mn": mn_of("2231A"), "name": "x", "site_id": "2231A", "password": "888888"}]
    )
    gateway.keeper.refresh()
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as plain:
        stranger = Line(plain)
        stranger.say(said("2231A", AT).frame("20191201080000009"))  # with another password
        assert stranger.hear().cn == "9014"
        with pytest.raises(BadInput, match="不在线"):
            gateway.send(mn_of("2231A"), "1011", {}, author="admin")
        assert stranger.is_silent(0.3)


@pytest.mark.parametrize(
    ("mn", "cn", "values", "words"),
    [
        ("0" * 24, "1011", {}, "没有登记"),
        (mn_of(OTHER), "1011", {}, "不在线"),
        (mn_of(SITE), "1062", {"RtdInterval": "x"}, "RtdInterval"),
        (mn_of(SITE), "1062", {}, "缺少字段"),
    ],
)
def test_what_cannot_be_asked_says_why(
    gateway: GatewayService, mn: str, cn: str, values: dict[str, str], words: str
) -> None:
    before = Command.objects.count()
    with connected(gateway, SITE, 8), pytest.raises(BadInput, match=words):
        gateway.send(mn, cn, values, author="admin")
    assert Command.objects.count() == before


def test_a_new_password_is_registered_once_the_logger_has_it(gateway: GatewayService) -> None:
    mn = mn_of("2232A")
    links.register_devices([{"mn": mn, "name": "x", "site_id": "2232A", "password": PASSWORD}])
    gateway.keeper.refresh()
    with connected(gateway, "2232A", 9) as line:
        number = gateway.send(mn, "1072", {"NewPW": "777777"}, author="admin")
        asked = line.hear()
        assert Device.objects.get(mn=mn).password == PASSWORD
        line.say(request_reply(asked, 1))
        line.say(executed(asked, 1))
        command = ended(number)
    assert command.values == {"NewPW": "***"}
    assert Device.objects.get(mn=mn).password == "777777"


def test_a_clock_is_set_when_a_logger_asks_for_it(gateway: GatewayService) -> None:
    with connected(gateway, SITE, 0) as line:
        fields = {"QN": "20191201090000001", "ST": "22", "CN": "1013", "PW": PASSWORD}
        line.say(encode({**fields, "MN": mn_of(SITE), "Flag": "5"}, [{"PolId": "a34004"}]))
        assert line.hear().cn == "9013"
        asked = line.hear()
        assert asked.cn == "1012"
        told = {name: value for group in asked.groups for name, value in group.items()}
        assert told["PolId"] == "a34004"
        set_to = datetime.strptime(told["SystemTime"], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
        assert abs((set_to - datetime.now(BEIJING)).total_seconds()) < 5
        line.say(executed(asked, 1))
        assert ended(Command.objects.get(cn="1012").pk).state == "done"


def test_a_command_of_this_machine_asks_and_waits(
    platform: Songhua, gateway: GatewayService
) -> None:
    args = {"mn": mn_of(SITE), "cn": "1011", "values": {}, "author": "me", "why": "", "seconds": 10}
    with connected(gateway, SITE, 0) as line, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(works(platform)["request"], args, silent)
        asked = line.hear()
        line.say(request_reply(asked, 1))
        line.say(executed(asked, 1))
        result = waiting.result(20)
        pool.submit(connections.close_all).result(5)
    assert (result["state"], result["code"]) == ("done", 1)
    assert [step["what"] for step in result["steps"]] == ["sent", "answered", "result", "over"]
