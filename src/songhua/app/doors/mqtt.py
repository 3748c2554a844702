"""Topics of a broker, subscribed at QoS 1: the PUBACK leaves once the journal has the message.

What is not acknowledged the broker sends again, in order; a message that came twice changes
nothing. Payloads are JSON observations, or frames of HJ 212.
"""

import hashlib
import json
import ssl
import threading
import time
from collections import OrderedDict
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from songhua.app.doors.sftp import secret_of
from songhua.app.doors.worker import Kit, Worker, said
from songhua.ingest.observations import MOST_BYTES
from songhua.model import BadInput, KnownSource
from songhua.store.registry import sources

log = structlog.get_logger()

_KEEPALIVE = 30
_SHORTEST, _LONGEST = 1, 120
"""Seconds before it connects again, doubled each time."""
_PATIENCE, _AGAIN = 20.0, 0.5
"""What the journal refuses is tried so long here, then on a new connection. [s]"""
_REMEMBERED = 10_000
_CLIENT_ID = "songhua-"


class MqttWorker(Worker):
    """Listens to one broker."""

    every = 1.0

    def __init__(self, source: KnownSource, kit: Kit) -> None:
        super().__init__(source, kit)
        self._kept: OrderedDict[str, None] = OrderedDict()
        self._client: Client | None = None
        self._lost = threading.Event()

    def once(self) -> None:
        """Connect at first; then see whether the journal refused something."""
        if self._lost.is_set():  # unacknowledged: a new connection brings it again
            self.close()
            self._lost.clear()
            raise BadInput(
                "有报文没有存入日志，重新连接后再收。",
                "A message is not in the journal; it comes again on a new connection.",
            )
        if self._client is None:
            self._client = self._connected()

    def close(self) -> None:
        """Leave the broker; it keeps what comes meanwhile."""
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _connected(self) -> Client:
        settings = self.settings
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings["client_id"] or _CLIENT_ID + self.source.name,
            clean_session=False,
            manual_ack=True,
        )
        if settings["user"]:
            name = settings["password_env"]
            client.username_pw_set(settings["user"], secret_of(name) if name else None)
        if settings["tls"]:
            client.tls_set_context(_tls(settings))
        client.reconnect_delay_set(_SHORTEST, _LONGEST)
        client.max_inflight_messages_set(100)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect_async(settings["host"], settings["port"], _KEEPALIVE)
        client.on_connect_fail = self._on_connect_fail
        client.loop_start()
        return client

    # In the client's thread

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        _flags: ConnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure:
            self._note(BadInput(f"服务器拒绝连接：{code}。", f"The broker refuses: {code}."))
            return
        client.subscribe([(topic, 1) for topic in self.settings["topics"]])

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._note(BadInput("无法连接 MQTT 服务器。", "The broker cannot be reached."))

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if code.is_failure and not self.stopping.is_set():
            self._note(BadInput(f"连接中断：{code}。", f"The connection was lost: {code}."))

    def _on_subscribe(
        self,
        _client: Client,
        _data: Any,
        _mid: int,
        codes: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if refused := [str(code) for code in codes if code.is_failure]:
            words = "、".join(refused)
            self._note(
                BadInput(f"服务器拒绝订阅：{words}。", f"The broker refuses to subscribe: {words}.")
            )
        else:
            self._quietly(lambda: sources.note_state(self.source.id, "connected", seen=True))

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        if self._lost.is_set():  # what comes later may not overtake what comes again
            return
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                self.keep(message.topic, bytes(message.payload), dup=message.dup)
            except Exception as fault:  # noqa: BLE001 - not acknowledged: it is tried, or comes, again
                self._note(fault)
                if time.monotonic() > end or self.stopping.wait(_AGAIN):
                    self._lost.set()
                    return
            else:
                client.ack(message.mid, message.qos)
                return

    def keep(self, topic: str, payload: bytes, *, dup: bool = False) -> None:
        """Bring a message into the journal; when this returns it is on the disk.

        Parameters
        ----------
        dup
            Whether the broker says that it sent this before.
        """
        digest = hashlib.sha256(topic.encode() + b"\x00" + payload).hexdigest()
        if dup and digest in self._kept:
            return
        if payload.startswith(b"##"):
            self.kit.frames.take(payload, f"mqtt:{self.source.name}")
            self._quietly(
                lambda: sources.note_file(self.source.id, new=0, changed=0, same=0, aside=0)
            )
        else:
            self._keep_rows(topic, payload)
        self._kept[digest] = None
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)

    def _keep_rows(self, topic: str, payload: bytes) -> None:
        key = _key_of(payload)
        digest = hashlib.sha256(payload).hexdigest()
        site = self._site_of(topic)
        try:
            self.kit.rows.take(self.source, payload, key=key, sha256=digest, site=site)
        except KeyError:  # the same id with another content: it stands for itself
            self.kit.rows.take(self.source, payload, site=site)

    def _site_of(self, topic: str) -> str:
        """Return the site that a topic stands for; empty where none does."""
        found = (
            site
            for pattern, site in self.settings["sites"].items()
            if topic_matches_sub(pattern, topic)
        )
        return next(found, "")

    def _note(self, fault: Exception) -> None:
        zh, en = said(fault)
        log.warning("a source failed", source=self.source.name, fault=en)
        self._quietly(lambda: sources.note_error(self.source.id, zh, en))


def _key_of(payload: bytes) -> str:
    """Return the ``id`` that a sender gave a message; empty where it gave none."""
    if len(payload) > MOST_BYTES:
        return ""
    try:
        whole = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    key = whole.get("id", "") if isinstance(whole, dict) else ""
    return key if isinstance(key, str) and len(key) <= 200 and "\x00" not in key else ""


def _tls(settings: Any) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings["ca_file"] or None)
        if settings["cert_file"]:
            context.load_cert_chain(settings["cert_file"], settings["key_file"])
    except (OSError, ssl.SSLError) as fault:
        raise BadInput(
            f"TLS 证书无法使用：{fault}。", f"The TLS certificates cannot be used: {fault}."
        ) from fault
    return context
