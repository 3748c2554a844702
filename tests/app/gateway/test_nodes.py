"""Gateways beside each other: a platform, two nodes, loggers behind a balancer."""

import asyncio
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from songhua.app.gateway import GatewayService, tls_context
from songhua.app.gateway.intake import Intake
from songhua.app.gateway.node import Node, NodeOrder
from songhua.app.gateway.proxy import read_networks
from songhua.app.gateway.relay import Holder, Secret
from songhua.app.gateway.relay.cursor import Cursor, identity_of
from songhua.app.platform import Songhua
from songhua.app.simulate import Message, mn_of, run_fleet
from songhua.app.simulate.balancer import Balancer
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212 import encode, executed, request_reply
from songhua.ingest.hj212.received import KIND, unpack
from songhua.model import BEIJING, BadInput
from songhua.store import Journal
from songhua.store.registry.models import Command, Device
from tests.app.gateway.certificate import self_signed
from tests.app.gateway.speaking import OTHER, SITE, Line, hours, said

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

SECRET = "pine-needles-on-the-river"
AT = datetime(2018, 3, 1, tzinfo=BEIJING)
_numbers = iter(range(1, 10_000))


@pytest.fixture(scope="module")
def door(platform: Songhua, gateway: GatewayService) -> int:
    with override_settings(SONGHUA_NODE_SECRET=SECRET):
        return platform.accept_nodes("127.0.0.1", 0)


@contextmanager
def running(folder: Path, order: NodeOrder) -> Iterator[Node]:
    node = Node.open(folder, order)
    try:
        yield node
    finally:
        node.close()


def order(door: int, name: str = "a") -> NodeOrder:
    return NodeOrder(name, ("127.0.0.1", 0), ("127.0.0.1", door), Secret(SECRET))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(is_so: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.02)
    return False


def an_hour(value: float = 60) -> tuple[datetime, Message]:
    at = AT + timedelta(hours=next(_numbers))
    return at, said(SITE, at, a34002=value)


def acknowledged(port: int, message: Message, *, within: float = 5.0) -> bool:
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        line = Line(plain)
        plain.settimeout(within)
        line.say(message.frame(f"20180301{next(_numbers):09d}"))
        try:
            return line.hear().cn == "9014"
        except TimeoutError:
            return False


def pm10(platform: Songhua, gateway: GatewayService, at: datetime) -> list[float]:
    assert gateway.keeper.wait(20)
    rows = hours(platform, SITE, at)
    return rows.filter(rows["quantity"] == "pm10")["value"].to_list()


def test_what_a_node_takes_in_is_on_the_shelf_once(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    before = platform.journal.last_seq
    at, message = an_hour()
    with running(tmp_path / "a", order(door)) as node:
        assert acknowledged(node.port, message)
        (state,) = platform.nodes()
        assert (state.name, state.address, state.backlog) == ("a", "127.0.0.1", 0)
        assert pm10(platform, gateway, at) == [60]
        assert eventually(lambda: node.relay.delivered == 1)
    kept = list(platform.journal.entries(after=before, kinds=[KIND]))
    identity = identity_of(tmp_path / "a")
    assert [dict(one.meta) for one in kept] == [
        {"pieces": 1, "node": "a", "journal": identity, "of": 1}
    ]
    assert SECRET not in str([one.meta for one in kept])
    (piece,) = unpack(platform.journal.read(kept[0].seq))
    assert piece.address == "127.0.0.1"
    # Offered again, for the cursor is lost: confirmed, and not kept twice.
    (tmp_path / "a" / "delivered").unlink()
    with running(tmp_path / "a", order(door)) as node:
        assert eventually(lambda: node.relay.delivered == 1)
    assert platform.journal.last_seq == kept[0].seq
    assert eventually(lambda: platform.nodes() == [])


def test_a_new_journal_of_the_same_name_is_not_taken_for_the_old(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    for value in (41, 42):
        at, message = an_hour(value)
        with running(tmp_path / "a", order(door)) as node:
            assert acknowledged(node.port, message)
        shutil.rmtree(tmp_path / "a")
        assert pm10(platform, gateway, at) == [value]


def test_nobody_to_copy_to_no_answer(tmp_path: Path, gateway: GatewayService) -> None:
    del gateway
    nowhere = order(free_port())
    at, message = an_hour()
    del at
    with (
        pytest.MonkeyPatch.context() as soon,
        running(tmp_path / "a", nowhere) as node,
    ):
        soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
        assert not acknowledged(node.port, message, within=1.5)
        assert node.relay.delivered == 0
    with (
        pytest.MonkeyPatch.context() as soon,
        running(tmp_path / "b", replace(nowhere, alone=True)) as node,
    ):
        soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
        soon.setattr("songhua.app.gateway.relay.sender._ALONE_AFTER", 0.2)
        assert acknowledged(node.port, message)


def test_a_mate_stands_in_while_the_platform_is_away_and_delivers_for_a_lost_node(
    platform: Songhua, gateway: GatewayService, tmp_path: Path
) -> None:
    later = free_port()
    at, message = an_hour(77)
    with running(tmp_path / "b", replace(order(later, "b"), nodes=("127.0.0.1", 0))) as mate:
        with pytest.MonkeyPatch.context() as soon:
            soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
            mates = (("127.0.0.1", mate.nodes_port),)
            with running(tmp_path / "a", replace(order(later), mates=mates)) as node:
                assert acknowledged(node.port, message)
        shutil.rmtree(tmp_path / "a")  # the node is lost with all it had
        holder = Holder(
            platform.journal,
            Intake(platform.journal, gateway.keeper.offer),
            Secret(SECRET),
            role="platform",
        )
        holder.start("127.0.0.1", later)
        try:
            assert eventually(lambda: mate.relay.delivered == 1)
            assert pm10(platform, gateway, at) == [77]
        finally:
            holder.stop()
    entry = platform.journal.entry(platform.journal.last_seq)
    assert (entry.meta["node"], entry.meta["of"]) == ("a", 1)


def test_a_node_that_comes_back_delivers_what_its_mate_delivered_and_nothing_doubles(
    platform: Songhua, gateway: GatewayService, tmp_path: Path
) -> None:
    later = free_port()
    at, message = an_hour(78)
    before = platform.journal.last_seq
    first = replace(order(later, "b"), nodes=("127.0.0.1", free_port()))
    assert first.nodes is not None
    second = replace(order(later), mates=(first.nodes,))
    with running(tmp_path / "b", first) as mate, running(tmp_path / "a", second) as node:
        assert acknowledged(node.port, message)
        holder = Holder(
            platform.journal,
            Intake(platform.journal, gateway.keeper.offer),
            Secret(SECRET),
            role="platform",
        )
        holder.start("127.0.0.1", later)
        try:
            assert eventually(lambda: mate.relay.delivered == node.relay.delivered == 1)
        finally:
            holder.stop()
    assert pm10(platform, gateway, at) == [78]
    assert platform.journal.last_seq == before + 1


def test_a_wrong_secret_is_refused(
    platform: Songhua, door: int, tmp_path: Path, gateway: GatewayService
) -> None:
    del gateway
    before = platform.journal.last_seq
    wrong = replace(order(door), secret=Secret("another secret of nobody"))
    _at, message = an_hour()
    with pytest.MonkeyPatch.context() as soon, running(tmp_path / "a", wrong) as node:
        soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
        assert not acknowledged(node.port, message, within=1.0)
        assert platform.nodes() == []
    assert platform.journal.last_seq == before
    with socket.create_connection(("127.0.0.1", door), 5) as stranger:
        stranger.sendall(b"\x7f\xff\xff\xff\x04" + b"x" * 1000)
        stranger.settimeout(5)
        heard = b""
        while data := _received(stranger):
            heard += data
        assert b"nonce" in heard  # the challenge, and no word more


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_copy_with_oneself_or_with_no_platform_is_none(
    tmp_path: Path, gateway: GatewayService
) -> None:
    del gateway
    here = free_port()
    own = replace(order(here), nodes=("127.0.0.1", here), mates=(("127.0.0.1", here),))
    _at, message = an_hour()
    with pytest.MonkeyPatch.context() as soon, running(tmp_path / "a", own) as node:
        soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
        assert not acknowledged(node.port, message, within=1.0)
        assert node.relay.confirmed == 0


def test_a_request_goes_through_the_node(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    at, message = an_hour()
    del at
    with (
        running(tmp_path / "a", order(door)) as node,
        socket.create_connection(("127.0.0.1", node.port), 5) as plain,
    ):
        line = Line(plain)
        line.say(message.frame("20180301000000001"))
        assert line.hear().cn == "9014"
        assert eventually(lambda: mn_of(SITE) in platform.nodes()[0].loggers)
        number = gateway.send(mn_of(SITE), "1011", {}, author="admin")
        asked = line.hear()
        assert (asked.cn, asked.pw) == ("1011", PASSWORD)
        line.say(request_reply(asked, 1))
        fields = {"QN": asked.qn, "ST": asked.st, "CN": "1011", "PW": asked.pw, "MN": asked.mn}
        line.say(encode({**fields, "Flag": "4"}, [{"SystemTime": "20180301000000"}]))
        line.say(executed(asked, 1))
        assert eventually(lambda: Command.objects.get(pk=number).ended_at is not None)
        assert Command.objects.get(pk=number).state == "done"
        plain.close()
        assert eventually(lambda: not platform.nodes()[0].loggers)
        with pytest.raises(BadInput, match="not connected"):
            gateway.send(mn_of(SITE), "1011", {}, author="admin")


HEADER = b"PROXY TCP4 10.1.2.3 127.0.0.1 40000 9212\r\n"


def test_a_balancer_says_whose_connection_it_is(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    Device.objects.filter(mn=mn_of(SITE)).update(addresses="10.1.0.0/16")
    gateway.keeper.refresh()
    balanced = replace(order(door), balancers=read_networks("127.0.0.1"))
    at, message = an_hour(55)
    try:
        with running(tmp_path / "a", balanced) as node:
            balancer = Balancer([node.port], HEADER)
            try:
                assert acknowledged(balancer.port, message)
                assert eventually(lambda: not node.gateway.links)
            finally:
                balancer.close()
            assert not node.gateway._addresses  # nobody is counted for ever
            with socket.create_connection(("127.0.0.1", node.port), 5) as plain:
                plain.sendall(message.frame("20180301000000002"))  # no header, no words
                assert _received(plain) == b""
        assert pm10(platform, gateway, at) == [55]
        # Who is no balancer cannot say so: its header is noise, its address is its own.
        stranger = replace(order(door), balancers=read_networks("10.9.9.9"))
        at, message = an_hour(56)
        with running(tmp_path / "a", stranger) as node:
            balancer = Balancer([node.port], HEADER)
            try:
                assert acknowledged(balancer.port, message)
            finally:
                balancer.close()
        assert pm10(platform, gateway, at) == []
    finally:
        Device.objects.filter(mn=mn_of(SITE)).update(addresses="")
        gateway.keeper.refresh()


def test_nodes_restarted_in_turn_lose_nothing(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    first = datetime(2017, 1, 1, tzinfo=BEIJING)
    messages = [
        said(site, first + timedelta(hours=n), a34002=n + 1)
        for n in range(240)
        for site in (SITE, OTHER)
    ]
    told: list[Message] = []
    nodes = [Node.open(tmp_path / name, order(door, name)) for name in "ab"]
    balancer = Balancer([node.port for node in nodes])

    async def load() -> int:
        fleet = asyncio.create_task(
            run_fleet(
                "127.0.0.1", balancer.port, messages, rate=150, told=lambda _qn, m: told.append(m)
            )
        )
        for number, name in enumerate("ab"):
            await asyncio.sleep(0.8)
            at = nodes[number].port
            await asyncio.to_thread(nodes[number].close)
            again = replace(order(door, name), listen=("127.0.0.1", at))
            nodes[number] = await asyncio.to_thread(Node.open, tmp_path / name, again)
        report = await fleet
        return report.unanswered

    try:
        with pytest.MonkeyPatch.context() as soon:
            soon.setattr("songhua.app.simulate.logger.WAIT", 0.5)
            assert asyncio.run(load()) == 0
    finally:
        for node in nodes:
            node.close()
        balancer.close()
    assert len(told) == len(messages)
    assert gateway.keeper.wait(20)
    for site in (SITE, OTHER):
        rows = hours(platform, site, first, 240)
        values = rows.filter(rows["quantity"] == "pm10").sort("time")["value"].to_list()
        assert values == list(range(1, 241))
        assert not rows.filter("changed").height


def test_copies_may_go_over_tls(platform: Songhua, gateway: GatewayService, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    holder = Holder(
        platform.journal,
        Intake(platform.journal, gateway.keeper.offer),
        Secret(SECRET),
        role="platform",
        tls=tls_context(certificate, key),
    )
    at = holder.start("127.0.0.1", 0)
    relay_tls = ssl.create_default_context(cafile=str(certificate))
    hour, message = an_hour(51)
    named = replace(order(at), platform=("localhost", at), relay_tls=relay_tls)
    try:
        with running(tmp_path / "a", named) as node:
            assert acknowledged(node.port, message)
        assert pm10(platform, gateway, hour) == [51]
        with pytest.MonkeyPatch.context() as soon, running(tmp_path / "b", order(at)) as plain:
            soon.setattr("songhua.app.gateway.node._DRAIN", 0.2)
            assert not acknowledged(plain.port, message, within=1.0)
    finally:
        holder.stop()


def test_lost_under_load_with_their_folders() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.gateway_nodes", "--times", "3", "--seed", "7"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "missing or wrong: 0" in ran.stdout


def test_the_cursor_and_the_identity_stay(tmp_path: Path) -> None:
    Journal.open(tmp_path).close()
    identity = identity_of(tmp_path)
    assert identity_of(tmp_path) == identity
    cursor = Cursor(tmp_path)
    assert cursor.read() == 0
    cursor.write(7)
    assert Cursor(tmp_path).read() == 7
    (tmp_path / "delivered").write_text("what?")
    assert cursor.read() == 0


def test_a_node_is_started_and_drained_by_its_command(
    platform: Songhua, gateway: GatewayService, door: int, tmp_path: Path
) -> None:
    from django.db import connection

    port = free_port()
    env = {
        **os.environ,
        "SONGHUA_HOME": str(tmp_path),
        "SONGHUA_DATABASE": f"sqlite:///{connection.settings_dict['NAME']}",
        "SONGHUA_NODE_SECRET": SECRET,
    }
    words = ["gateway", "--node", "c", "--listen", f"127.0.0.1:{port}"]
    words += ["--platform", f"127.0.0.1:{door}"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from songhua.app.cli import main; main()", *words], env=env
    )
    try:
        assert eventually(lambda: [one.name for one in platform.nodes()] == ["c"], 30)
        at, message = an_hour(33)
        assert eventually(lambda: _listens(port), 10)
        assert acknowledged(port, message)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(10)
    assert pm10(platform, gateway, at) == [33]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
