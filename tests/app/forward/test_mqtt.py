"""MQTT: the broker's receipt counts, and what it was given is there."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from songhua.app.forward.lines import as_json
from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of
from songhua.store.registry.models import Upstream, UpstreamState
from tests.app.gateway.speaking import HOUR, OTHER, SITE, said, send

pytestmark = [
    pytest.mark.chdb,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


class Broker:
    """A broker in a thread of its own."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> None:
        from amqtt.broker import Broker as Amqtt

        self._broker = Amqtt(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{self.port}"}},
                "plugins": {
                    "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
                },
            }
        )
        await self._broker.start()

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._broker.shutdown(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    made = Broker()
    yield made
    made.stop()


def test_what_arrives_is_published_in_order_and_confirmed(
    platform: Songhua, gateway: GatewayService, soon: None, broker: Broker
) -> None:
    heard: list[tuple[str, bytes]] = []
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
    listener.on_message = lambda _c, _d, message: heard.append((message.topic, message.payload))
    listener.connect("127.0.0.1", broker.port)
    listener.loop_start()
    listener.subscribe("songhua/#", qos=1)
    time.sleep(0.2)
    made = Upstream.objects.create(
        name="mqtt", kind="mqtt", host="127.0.0.1", port=broker.port, active=True, payload="json"
    )
    end = time.monotonic() + 10
    while not UpstreamState.objects.filter(pk=made.pk, state__in=("online", "caught_up")):
        assert time.monotonic() < end
        time.sleep(0.02)
    at = HOUR + timedelta(days=90)
    send(gateway, [said(site, at + timedelta(hours=n)) for n in range(4) for site in (SITE, OTHER)])
    while UpstreamState.objects.get(pk=made.pk).acknowledged < 8 or len(heard) < 8:
        assert time.monotonic() < end + 10
        time.sleep(0.02)
    Upstream.objects.filter(pk=made.pk).update(active=False)
    listener.disconnect()
    listener.loop_stop()
    assert {topic for topic, _ in heard} == {f"songhua/22/{mn_of(s)}/2061" for s in (SITE, OTHER)}
    mine = [payload for topic, payload in heard if mn_of(SITE) in topic]
    times = [text.split(b'"DataTime": "')[1][:14] for text in mine]
    assert times == sorted(times)
    assert b"PW" not in mine[0]


def test_json_leaves_the_password_out() -> None:
    told = as_json(said(SITE, HOUR).frame("20190610090000001"))
    assert b"123456" not in told
    assert b"a34004-Avg" in told
