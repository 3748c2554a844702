"""Requests to loggers: one at a time for each, every step on record."""

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from django.db import connections

from songhua.app.gateway.switchboard import Switchboard
from songhua.ingest.hj212 import Frame, request
from songhua.ingest.hj212.exchange import Exchange, Outcome, Step
from songhua.ingest.hj212.identify import dialect_of
from songhua.ingest.hj212.sm4 import encrypt_frame
from songhua.model import BEIJING, BadInput, KnownDevice
from songhua.store import Entry
from songhua.store.registry import exchanges, links

log = structlog.get_logger()

KIND = "hj212_sent"
_CALIBRATION_WANTED, _SET_TIME, _SET_PASSWORD = "1013", "1012", "1072"
_SET_MN, _KEY = "1002", "1014"
_NEW_MN = "i23005-Info"
_TAKEN = {_SET_PASSWORD: ("NewPW",), _KEY: ("NewSK",), _SET_MN: (_NEW_MN,)}
_MAY_HAVE_TAKEN = (Outcome.DONE, Outcome.SILENT, Outcome.BROKEN)
"""After which a device may use a new key: what comes with it can be read either way."""
_MOST_WAITING = 100
_SET_AGAIN = 60.0
"""A clock is set no more often. [s]"""
_ENCRYPTS = 2025
_FORM = "%Y%m%d%H%M%S"

Ended = Callable[[int, Outcome], None]
"""Called with the number of a request and how it ended, in the recorder's thread."""


class JournalDoor(Protocol):
    """What requests need from the journal."""

    def append(self, kind: str, body: bytes, meta: Mapping[str, Any]) -> Entry:
        """Keep a body; when this returns it is on the disk."""


@dataclass(slots=True)
class _Request:
    """One request, while it waits or is under way.

    Parameters
    ----------
    secrets
        What the register takes over once the device has taken it, by name of the field.
    """

    number: int
    mn: str
    exchange: Exchange
    ended: Ended
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    steps: list[dict[str, Any]] = field(default_factory=list)


class Commander:
    """Sends requests to wherever a logger is and follows what comes of them.

    Parameters
    ----------
    changed
        Told that the register changed: a password, a key or an identity that a device took.
    """

    def __init__(
        self,
        gateway: Switchboard,
        journal: JournalDoor,
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._changed = changed
        self._gateway, self._journal = gateway, journal
        self._waiting: dict[str, deque[_Request]] = {}
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="gateway-commands")
        self._numbers = _Numbers()
        self._set_at: dict[str, float] = {}
        self._closed = False
        gateway.on_frames(self._heard, self._asked_for_time)
        exchanges.interrupt_commands()

    def close(self) -> None:
        """Record what there is to record; what is under way is interrupted."""
        self._closed = True
        self._recorder.submit(connections.close_all)
        self._recorder.shutdown(wait=True)
        exchanges.interrupt_commands()

    def send(
        self,
        mn: str,
        cn: str,
        values: Mapping[str, str],
        *,
        author: str,
        why: str = "",
        ended: Ended = lambda _number, _outcome: None,
    ) -> int:
        """Send a request to a logger and return its number in the registry.

        Parameters
        ----------
        cn, values
            Command number and the fields of its CP, as `request` takes them.
        author
            Who asks.
        ended
            Told how it ended.

        Raises
        ------
        BadInput
            If the logger is not registered or not connected, too much waits for it, or the
            request is none of its edition.
        """
        device, st = self._spoken_with(mn)
        if len(self._waiting.get(mn, ())) >= _MOST_WAITING:
            raise BadInput(f"等待这台数采仪的请求太多：{mn}。", f"Too much waits for {mn} already.")
        qn = self._numbers.next()
        frame = _sealed(_frame(device, cn, values, qn=qn, st=st), device)
        entry = self._journal.append(KIND, frame, {"to": mn, "cn": cn, "author": author})
        number = exchanges.add_command(mn, cn, values, qn=qn, seq=entry.seq, author=author, why=why)
        exchange = Exchange.of(cn, qn, frame, edition=device.edition)
        secrets = {name: values[name] for name in _TAKEN.get(cn, ()) if name in values}
        made = _Request(number, mn, exchange, ended, secrets)
        self._gateway.soon(lambda: self._queue(made))
        return number

    def preview(self, mn: str, cn: str, values: Mapping[str, str]) -> tuple[bytes, bool]:
        """Return the frame that a request would be, before encryption, and whether it has any.

        Raises
        ------
        BadInput
            As `send`.
        """
        device, st = self._spoken_with(mn)
        frame = _frame(device, cn, values, qn=self._numbers.next(), st=st)
        return frame, _sealed(frame, device) != frame

    def _spoken_with(self, mn: str) -> tuple[KnownDevice, str]:
        device = links.known_devices(mn).get(mn)
        if device is None:
            raise BadInput(f"没有登记这台数采仪：{mn}。", f"No such logger is registered: {mn}.")
        st = self._gateway.system_of(mn)
        if st is None:
            raise BadInput(f"数采仪不在线：{mn}。", f"The logger is not connected: {mn}.")
        return device, st

    # In the loop's thread

    def _queue(self, one: _Request) -> None:
        waiting = self._waiting.setdefault(one.mn, deque())
        waiting.append(one)
        self._gateway.listening.add(one.mn)
        if len(waiting) == 1:
            self._begin(one)

    def _begin(self, one: _Request) -> None:
        exchange = one.exchange
        frame = exchange.begin(self._gateway.now)
        if self._gateway.write(one.mn, frame):
            self._note(one, Step.SENT)
            self._gateway.after(exchange.timeout_s, lambda: self._late(one))
        else:
            exchange.end(Outcome.OFFLINE)
            self._end(one)

    def _heard(self, frame: Frame) -> None:
        waiting = self._waiting.get(frame.mn)
        if not waiting:
            return
        one = waiting[0]
        step = one.exchange.heard(frame, self._gateway.now)
        if step is None:
            return
        if step is not Step.DATA or one.exchange.data == 1:
            self._note(one, step, code=one.exchange.code)
        if one.exchange.outcome is not None:
            self._end(one)

    def _late(self, one: _Request) -> None:
        exchange = one.exchange
        if exchange.outcome is not None:
            return
        left = exchange.deadline - self._gateway.now
        if left > 0:  # something was heard meanwhile
            self._gateway.after(left, lambda: self._late(one))
            return
        frame = exchange.late(self._gateway.now)
        if frame is not None:
            self._note(one, Step.AGAIN)
            self._gateway.write(one.mn, frame)
            self._gateway.after(exchange.timeout_s, lambda: self._late(one))
            return
        self._end(one)

    def _end(self, one: _Request) -> None:
        """End it and begin the next."""
        self._note(one, Step.OVER)
        waiting = self._waiting[one.mn]
        waiting.popleft()
        if waiting:
            self._begin(waiting[0])
        else:
            del self._waiting[one.mn]
            self._gateway.listening.discard(one.mn)

    def _asked_for_time(self, frame: Frame) -> None:
        """Set the clock of a logger that asks for it (1013)."""
        now = self._gateway.now
        if now - self._set_at.get(frame.mn, -_SET_AGAIN) < _SET_AGAIN:
            return
        self._set_at[frame.mn] = now
        pol = next((group["PolId"] for group in frame.groups if group.get("PolId")), "")
        values = {"PolId": pol} if pol else {}
        self._record(lambda: self._set_time(frame.mn, values))

    def _note(self, one: _Request, step: Step, *, code: int | None = None) -> None:
        told: dict[str, Any] = {"at": datetime.now(UTC).isoformat(), "what": step.value}
        if code is not None:
            told["code"] = code
        exchange = one.exchange
        if step is Step.OVER and exchange.outcome is not None:
            told["how"] = exchange.outcome.value
        one.steps.append(told)
        steps, data, code = list(one.steps), exchange.data, exchange.code
        is_over, outcome = step is Step.OVER, exchange.outcome
        state = outcome.value if is_over and outcome is not None else "under_way"

        def kept() -> None:
            try:  # who reads that it is done finds the register as it is now
                if is_over and outcome is not None:
                    self._take_over(one, outcome)
            finally:
                exchanges.keep_steps(one.number, steps, state=state, code=code, data=data)
                if is_over and outcome is not None:
                    one.ended(one.number, outcome)

        self._record(kept)

    def _record(self, work: Callable[[], None]) -> None:
        if not self._closed:
            self._recorder.submit(_logged, work)

    # In the recorder's thread

    def _take_over(self, one: _Request, outcome: Outcome) -> None:
        """Register what a device has taken."""
        taken = one.secrets
        if not taken:
            return
        if outcome is Outcome.DONE and "NewPW" in taken:
            exchanges.set_password(one.mn, taken["NewPW"])
        if outcome is Outcome.DONE and _NEW_MN in taken:
            exchanges.rename_device(one.mn, taken[_NEW_MN])
        if "NewSK" in taken and outcome in _MAY_HAVE_TAKEN:
            key = taken["NewSK"].encode()
            exchanges.add_key(one.mn, key, is_current=outcome is Outcome.DONE)
        self._changed()

    def _set_time(self, mn: str, values: Mapping[str, str]) -> None:
        now = f"{datetime.now(BEIJING):{_FORM}}"
        try:
            self.send(
                mn, _SET_TIME, {**values, "SystemTime": now}, author="系统 system", why="1013"
            )
        except BadInput as fault:
            log.warning("time not set", mn=mn, fault=fault.en)


class _Numbers:
    """Request numbers (请求编码): the instant in milliseconds, never one twice."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def next(self) -> str:
        """Return the next."""
        with self._lock:
            self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
            at = self._last.astimezone(BEIJING)
            return f"{at:{_FORM}}{at.microsecond // 1000:03d}"


def _frame(device: KnownDevice, cn: str, values: Mapping[str, str], *, qn: str, st: str) -> bytes:
    return request(
        cn,
        values,
        qn=qn,
        st=st,
        pw=device.password,
        mn=device.mn,
        edition=device.edition,
        dialect=dialect_of(device),
    )


def _sealed(frame: bytes, device: KnownDevice) -> bytes:
    """Return a frame with its CP encrypted where the device has a key and the standard asks."""
    if device.edition < _ENCRYPTS or not device.keys:
        return frame
    return encrypt_frame(frame, device.keys[0])


def _logged(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception:
        log.exception("a request is not on record")
