"""Links to upstreams: HJ 212 over TCP or TLS, and MQTT. Each sends, and tells what was taken."""

import json
import re
import select
import socket
import ssl
import time
from collections import deque
from typing import Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from songhua.app.forward.window import Item, Place
from songhua.ingest.hj212 import Decoder, Frame, request_reply
from songhua.ingest.hj212.passing import read_passing
from songhua.model import UnknownName
from songhua.standards.hj212 import command_of
from songhua.store.registry.upstreams import Upstream

_CONNECT_S = 10.0
_SEND_S = 20.0
_KEEP_ALIVE_S = 60
_CHUNK = 65536
_RECEIPT = "9014"
_UNFIT = re.compile(r"[^0-9A-Za-z._-]")
_REFUSED = 2  # QnRtn: the request is refused (HJ 212—2017, 表 C.1)


class LineBroken(Exception):
    """The link is gone."""


class Line(Protocol):
    """An open link."""

    def send(self, item: Item) -> None:
        """Send a frame; raise `LineBroken` where the link is gone."""

    def heard(self, seconds: float) -> list[Place]:
        """Wait at most so long; return the places of what the upstream confirms."""

    def close(self) -> None:
        """Close it."""


def open_line(upstream: Upstream, secret: str) -> Line:
    """Connect to an upstream.

    Raises
    ------
    LineBroken
        If it cannot be reached.
    """
    made: Line
    try:
        made = MqttLine(upstream, secret) if upstream.kind == "mqtt" else HjLine(upstream)
    except (OSError, ValueError) as fault:
        raise LineBroken(getattr(fault, "strerror", None) or str(fault)) from fault
    return made


class HjLine:
    """HJ 212: a receipt is a 9014 with our request number."""

    def __init__(self, upstream: Upstream) -> None:
        made = socket.create_connection((upstream.host, upstream.port), _CONNECT_S)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if upstream.tls:
                context = _context(upstream)
                made = context.wrap_socket(made, server_hostname=upstream.host)
            made.settimeout(_SEND_S)
        except BaseException:
            made.close()
            raise
        self._socket = made
        self._decoder = Decoder()
        # By number and identity; by number alone for upstreams that answer with another MN.
        self._open: dict[tuple[str, str], Place] = {}
        self._numbers: dict[str, set[tuple[str, str]]] = {}

    def send(self, item: Item) -> None:
        """Send a frame."""
        passing = read_passing(item.frame)
        key = item.qn, passing.mn if passing else ""
        self._open[key] = item.place
        self._numbers.setdefault(item.qn, set()).add(key)
        self._write(item.frame)

    def heard(self, seconds: float) -> list[Place]:
        """Return what was confirmed."""
        pending = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        if not pending and not select.select([self._socket], [], [], seconds)[0]:
            return []
        try:
            data = self._socket.recv(_CHUNK)
        except OSError as fault:
            raise LineBroken(fault.strerror or str(fault)) from fault
        if not data:
            raise LineBroken("closed by the upstream")
        places = []
        for piece in self._decoder.feed(data):
            if isinstance(piece, Frame):
                if piece.cn != _RECEIPT:
                    self._asked(piece)
                elif (place := self._receipt(piece)) is not None:
                    places.append(place)
        return places

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _receipt(self, frame: Frame) -> Place | None:
        key = frame.qn, frame.mn
        if key not in self._open:
            keys = self._numbers.get(frame.qn, set())
            if len(keys) != 1:
                return None
            key = next(iter(keys))
        self._numbers[key[0]].discard(key)
        if not self._numbers[key[0]]:
            del self._numbers[key[0]]
        return self._open.pop(key)

    def _asked(self, frame: Frame) -> None:
        """Refuse what the upstream asks of our loggers: it is not its to command."""
        try:
            kind = command_of(frame.cn, direction="down", edition=frame.edition).kind
        except UnknownName:
            return
        if kind == "request" and frame.qn:
            self._write(request_reply(frame, _REFUSED))

    def _write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as fault:
            raise LineBroken(fault.strerror or str(fault)) from fault


class MqttLine:
    """MQTT 3.1.1, QoS 1: a receipt is the broker's PUBACK. Reconnecting is the caller's."""

    def __init__(self, upstream: Upstream, secret: str) -> None:
        self._upstream = upstream
        self._places: dict[int, Place] = {}
        self._done: deque[Place] = deque()
        self._state = ""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"songhua-{upstream.pk}",
            clean_session=True,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(upstream.window)
        client.connect_timeout = _CONNECT_S
        if upstream.user:
            client.username_pw_set(upstream.user, secret or None)
        if upstream.tls:
            client.tls_set_context(_context(upstream))
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        self._client = client
        client.connect(upstream.host, upstream.port, _KEEP_ALIVE_S)
        end = time.monotonic() + _CONNECT_S
        while not self._state and time.monotonic() < end:
            client.loop(0.05)
        if self._state != "connected":
            client.disconnect()
            raise LineBroken(self._state or "no CONNACK")

    def send(self, item: Item) -> None:
        """Send a frame."""
        passing = read_passing(item.frame)
        if passing is None:
            raise LineBroken("a frame cannot be read")
        topic = topic_of(self._upstream.topic, st=passing.st, mn=passing.mn, cn=passing.cn)
        payload = item.frame if self._upstream.payload == "raw" else as_json(item.frame)
        info = self._client.publish(topic, payload, qos=1)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise LineBroken(mqtt.error_string(info.rc))
        self._places[info.mid] = item.place

    def heard(self, seconds: float) -> list[Place]:
        """Return what was confirmed."""
        if not self._done:
            code = self._client.loop(max(seconds, 0.001))
            if code != mqtt.MQTT_ERR_SUCCESS:
                raise LineBroken(mqtt.error_string(code))
        found = list(self._done)
        self._done.clear()
        return found

    def close(self) -> None:
        """Close it."""
        self._client.disconnect()
        self._client.loop(0.01)

    def _on_connect(
        self, client: mqtt.Client, data: object, flags: object, code: object, properties: object
    ) -> None:
        del client, data, flags, properties
        failed = bool(getattr(code, "is_failure", False))
        self._state = f"refused: {code}" if failed else "connected"

    def _on_publish(
        self, client: mqtt.Client, data: object, mid: int, code: object, properties: object
    ) -> None:
        del client, data, code, properties
        place = self._places.pop(mid, None)
        if place is not None:
            self._done.append(place)

    def _on_disconnect(
        self, client: mqtt.Client, data: object, flags: object, code: object, properties: object
    ) -> None:
        del client, data, flags, properties
        if self._state != "connected":
            self._state = f"closed: {code}"


def topic_of(template: str, **named: str) -> str:
    """Return the topic; what a logger wrote cannot make it another's, or a wildcard.

    >>> topic_of("songhua/{st}/{mn}", st="22", mn="A/#")
    'songhua/22/A__'
    """
    for name, value in named.items():
        template = template.replace(f"{{{name}}}", _UNFIT.sub("_", value))
    return template


def as_json(frame: bytes) -> bytes:
    """Return a frame as JSON: its header without the password, and its data as text and groups."""
    piece = next((one for one in Decoder().feed(frame) if isinstance(one, Frame)), None)
    if piece is None:
        return frame
    header = {name: value for name, value in piece.fields.items() if name != "PW"}
    told = {**header, "CP": [dict(group) for group in piece.groups]}
    return json.dumps(told, ensure_ascii=False).encode()


def _context(upstream: Upstream) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=upstream.authority or None)
