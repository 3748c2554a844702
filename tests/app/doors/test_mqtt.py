"""A broker of another library: what is not in the journal is not acknowledged."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amqtt.broker import Broker
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from songhua.app.doors import Doors
from songhua.app.doors.mqtt import MqttWorker
from songhua.app.platform import Songhua, silent
from songhua.app.simulate import mn_of
from songhua.app.simulate.messages import PASSWORD
from songhua.model import BadInput, check_settings
from songhua.store.registry import links
from songhua.store.registry.models import RowAside, SetAside
from tests.app.doors.saying import ELSEWHERE, SITE, body, eventually, hour, idle, row, values
from tests.app.gateway.speaking import said

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Hub:
    """A broker in a thread of its own."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._loop = asyncio.new_event_loop()
        self._up, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def publish(self, topic: str, payload: bytes) -> None:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"station-{time.monotonic_ns()}")
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        client.publish(topic, payload, qos=1).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        config = {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
            "plugins": plugins,
        }
        broker = Broker(config)
        await broker.start()
        self._up.set()
        await self._end.wait()
        await broker.shutdown()


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    found = Hub()
    yield found
    found.stop()


@pytest.fixture
def worker(doors: Doors, hub: Hub, request: Any) -> Iterator[Callable[..., MqttWorker]]:
    made: list[MqttWorker] = []

    def make(name: str, **more: Any) -> MqttWorker:
        given = {"host": "127.0.0.1", "port": hub.port, "topics": [f"{name}/#"], **more}
        found = MqttWorker(idle(name, "mqtt", given), doors.kit)
        made.append(found)
        found.start()
        assert eventually(lambda: found._client is not None and found._client.is_connected())
        time.sleep(0.1)
        return found

    yield make
    for one in made:
        one.stop()
        one.join()


def test_a_message_becomes_values(
    platform: Songhua, doors: Doors, hub: Hub, worker: Callable[..., MqttWorker]
) -> None:
    worker("air", sites={"air/one": SITE})
    nameless = row(hour(1), 21)
    del nameless["site"]
    hub.publish("air/one", body(nameless))
    hub.publish(
        "air/two", body(row(hour(1), 35, quantity="pm2_5"), row(hour(1), 1, site=ELSEWHERE))
    )
    hub.publish("air/three", "不是 JSON".encode())
    both = [(SITE, "pm10", 21), (SITE, "pm2_5", 35)]
    assert eventually(lambda: values(platform, hour(1)) == both)
    assert eventually(lambda: RowAside.objects.count() == 2)
    assert {one.reason for one in RowAside.objects.all()} == {"outside_scope", "unreadable"}
    assert doors.kit.rows.wait(10)
    platform.replay(silent)
    assert values(platform, hour(1)) == both


def test_the_acknowledgement_is_withheld_until_the_journal_has_it(
    platform: Songhua,
    hub: Hub,
    worker: Callable[..., MqttWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acked: list[int] = []
    own_ack = Client.ack

    def ack(client: Client, mid: int, qos: int) -> Any:
        acked.append(platform.journal.last_seq)
        return own_ack(client, mid, qos)

    monkeypatch.setattr(Client, "ack", ack)
    worker("held")
    before = platform.journal.last_seq
    with monkeypatch.context() as disk:

        def full(*_: Any) -> None:
            raise BadInput("磁盘已满。", "The disk is full.")

        disk.setattr(platform.journal, "append", full)
        hub.publish("held/a", body(row(hour(2), 1)))
        hub.publish("held/a", body(row(hour(2), 2)))
        time.sleep(0.5)
        assert acked == []
    assert eventually(lambda: values(platform, hour(2)) == [(SITE, "pm10", 2)], 20)
    assert eventually(lambda: len(acked) >= 2)
    assert all(seq > before for seq in acked)


class Strict:
    """A broker of one client that sends what was not acknowledged again (MQTT 3.1.1, 4.4)."""

    def __init__(self, payloads: list[bytes]) -> None:
        self._payloads, self.acked, self.connections = payloads, list[int](), 0
        self.hellos: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            with line:
                self._serve(line)

    def _serve(self, line: socket.socket) -> None:
        while packet := self._packet(line):
            kind, data = packet
            if kind == 0x10:  # CONNECT
                self.hellos.append(data)
                line.sendall(bytes([0x20, 2, self.connections > 1, 0]))
            elif kind == 0x82:  # SUBSCRIBE
                line.sendall(bytes([0x90, 3, *data[:2], 1]))
                for number, payload in enumerate(self._payloads, 1):
                    if number not in self.acked:
                        again = 0x08 if self.connections > 1 else 0
                        rest = b"\x00\x01t" + number.to_bytes(2, "big") + payload
                        size = bytes([len(rest) % 128 | 128, len(rest) // 128])
                        line.sendall(bytes([0x32 | again]) + size + rest)
            elif kind == 0x40:  # PUBACK
                self.acked.append(int.from_bytes(data[:2], "big"))
            elif kind == 0xE0:  # DISCONNECT
                return

    @staticmethod
    def _packet(line: socket.socket) -> tuple[int, bytes] | None:
        try:
            head = line.recv(2)
            return (head[0], line.recv(head[1])) if len(head) == 2 else None
        except OSError:
            return None


def test_what_was_not_acknowledged_comes_again_in_its_order(
    platform: Songhua, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.doors.mqtt._PATIENCE", 0.05)
    monkeypatch.setattr("songhua.app.doors.mqtt._AGAIN", 0.01)
    monkeypatch.setattr(MqttWorker, "every", 0.05)
    broker = Strict([body(row(hour(7), value), row(hour(8), value, mark="N")) for value in (1, 2)])
    given = {"host": "127.0.0.1", "port": broker.port, "topics": ["t"]}
    door = MqttWorker(idle("strict", "mqtt", given), doors.kit)
    with monkeypatch.context() as disk:

        def full(*_: Any) -> None:
            raise BadInput("磁盘已满。", "The disk is full.")

        disk.setattr(platform.journal, "append", full)
        door.start()
        assert eventually(lambda: broker.connections >= 2)
        assert broker.acked == []
    assert eventually(lambda: broker.acked == [1, 2], 15)
    # The session is kept (bit 1 of the flags is off) and is always the same client's.
    assert {hello[7] & 2 for hello in broker.hellos} == {0}
    assert {hello[12:] for hello in broker.hellos} == {b"songhua-strict"}
    door.stop()
    door.join()
    broker.stop()
    assert doors.kit.rows.wait(10)
    assert values(platform, hour(7)) == values(platform, hour(8)) == [(SITE, "pm10", 2)]


def test_the_same_message_twice_changes_nothing(
    platform: Songhua, doors: Doors, worker: Callable[..., MqttWorker]
) -> None:
    door = worker("twice")
    one, two = body(row(hour(4), 1)), body(row(hour(4), 2))
    door.keep("twice/a", one)
    door.keep("twice/a", two)
    door.keep("twice/a", one, dup=True)
    named = b'{"id": "m1", ' + body(row(hour(5), 1))[1:]
    door.keep("twice/a", named)
    door.keep("twice/a", body(row(hour(5), 2)))
    door.keep("twice/a", named)
    assert doors.kit.rows.wait(10)
    assert values(platform, hour(4)) == [(SITE, "pm10", 2)]
    assert values(platform, hour(5)) == [(SITE, "pm10", 2)]


def test_frames_go_the_way_of_frames(
    platform: Songhua, doors: Doors, hub: Hub, worker: Callable[..., MqttWorker]
) -> None:
    mn = mn_of(SITE)
    links.register_devices([{"mn": mn, "name": "甲", "site_id": SITE, "password": PASSWORD}])
    worker("frames")
    hub.publish("frames/a", said(SITE, hour(6), a34002=66).frame("20190506000000001"))
    hub.publish("frames/a", b"##0010broken")
    assert eventually(lambda: (SITE, "pm10", 66) in values(platform, hour(6)), 20)
    assert doors.kit.frames.keeper.wait(10)
    assert eventually(lambda: SetAside.objects.count() == 1)
    before = values(platform, hour(6))
    platform.replay(silent)
    assert values(platform, hour(6)) == before


def test_a_broker_that_is_away_is_named_and_settings_say_what_is_wrong(doors: Doors) -> None:
    for bad, words in (
        ({"topics": ["a/#/b"]}, "a/#/b"),
        ({"topics": []}, "topics"),
        ({"password_env": "secret-in-clear"}, "password_env"),
        ({"ca_file": "/x"}, "tls"),
        ({"tls": "yes"}, "tls"),
    ):
        with pytest.raises(BadInput) as fault:
            check_settings("mqtt", {"host": "h", "topics": ["a"], **bad})
        assert words in fault.value.zh
        assert words in fault.value.en
    given = {"host": "127.0.0.1", "port": 1, "topics": ["a"], "tls": True, "ca_file": "/none"}
    door = MqttWorker(idle("tls", "mqtt", given), doors.kit)
    with pytest.raises(BadInput, match="TLS"):
        door.once()
