"""The doors, opened: each active source at work, the register followed."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.db import connections

from songhua.api.ports import KeyTaken
from songhua.api.v1.observations import answer_of, digest_of
from songhua.app.doors.worker import Kit, Worker, said
from songhua.model import KnownSource, SourceKind
from songhua.store.registry import sources

log = structlog.get_logger()

_LOOK_EVERY = 3.0
ANSWER_WITHIN = 10.0
"""A sender waits so long for the store; then the journal's number is the answer. [s]"""

Make = Callable[[KnownSource, Kit], Worker]


def _makers() -> Mapping[str, Make]:
    """Return what works a door; libraries are imported only where a door is open."""
    from songhua.app.doors.drop import DropWorker
    from songhua.app.doors.modbus import ModbusWorker
    from songhua.app.doors.mqtt import MqttWorker
    from songhua.app.doors.sftp import SftpWorker

    return {
        SourceKind.DROP: DropWorker,
        SourceKind.SFTP: SftpWorker,
        SourceKind.MQTT: MqttWorker,
        SourceKind.MODBUS: ModbusWorker,
    }


class Doors:
    """Starts and stops sources as the register says."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self._workers: dict[int, Worker] = {}
        self._stopping = threading.Event()
        self._looking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="doors", daemon=True)

    def start(self) -> None:
        """Take up what is left in the journal and start the active sources."""
        self.kit.rows.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop all sources, then finish what came."""
        self._stopping.set()
        self._thread.join(30)
        with self._looking:
            for worker in self._workers.values():
                worker.stop()
            for worker in self._workers.values():
                worker.join()
            self._workers.clear()
        self.kit.rows.stop()

    def take(self, source: KnownSource, body: bytes, key: str) -> Mapping[str, Any]:
        """Keep a message of the HTTP door, as `ports.Platform.take`."""
        try:
            seq, again = self.kit.rows.take(source, body, key=key, sha256=digest_of(body))
        except KeyError:
            raise KeyTaken from None
        if again:
            known = sources.receipt(source.id, key)
            if known is not None and known.answer is not None:
                return answer_of(seq, known.answer)
        return answer_of(seq, self.kit.rows.answer(seq, seconds=ANSWER_WITHIN))

    def look(self) -> None:
        """Start and stop sources as the register says now."""
        wanted = {
            number: one
            for number, one in sources.active_sources().items()
            if one.kind != SourceKind.HTTP
        }
        with self._looking:
            for number, worker in list(self._workers.items()):
                if wanted.get(number) != worker.source or not worker.alive:
                    worker.stop()
                    if worker.alive:
                        worker.join()
                    del self._workers[number]
            if self._stopping.is_set():
                return
            for number, one in wanted.items():
                if number not in self._workers:
                    self._begin(number, one)

    def _begin(self, number: int, source: KnownSource) -> None:
        try:
            worker = _makers()[source.kind](source, self.kit)
        except Exception as fault:  # noqa: BLE001 - of this source only
            log.warning("a source cannot start", source=source.name, fault=repr(fault)[:300])
            sources.note_error(number, *said(fault))
            return
        self._workers[number] = worker
        worker.start()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self.look()
                except Exception:
                    log.exception("the register of sources cannot be read")
                self._stopping.wait(_LOOK_EVERY)
        finally:
            connections.close_all()
