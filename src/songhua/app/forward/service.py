"""A thread an upstream: from the journal to the link, and the cursor over what is confirmed."""

import random
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from django.db import connections
from django.forms.models import model_to_dict

from songhua.app.forward.lines import Line, LineBroken, open_line
from songhua.app.forward.secrets import read_secret
from songhua.app.forward.source import Found, Source
from songhua.app.forward.window import Item, Late, Why, Window
from songhua.ingest.hj212.passing import Numbers, passed_on
from songhua.model import BadInput
from songhua.standards.hj212 import link_times
from songhua.store import Journal
from songhua.store.registry import forwarding
from songhua.store.registry.upstreams import Upstream

log = structlog.get_logger()

_LOOK_EVERY = 2.0
_READ_EVERY = 0.5
_NOTE_EVERY = 1.0
_SPAN = 2000
_BYTES = 8 * 1024 * 1024
"""Frames read and not finished: at most so many, and bytes of them."""
_BACK_OFF = (1.0, 60.0)
_IDLE_S = 0.05
_TIMEOUT_S = float(link_times()[0].timeout_s)
_BUSY_S = 0.005
_RECEIPTS = 10
_WHY = {
    Why.SILENT: ("多次发送均无 9014 应答，而其他报文有", "never confirmed, while others were"),
    Why.CUTS: ("每次发送后对方都断开连接", "the upstream closes the link whenever it is sent"),
}


class Forwarding:
    """Every active upstream, each in a thread of its own, as the register has them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._running: dict[int, Forwarder] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forward", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write down how far all has come."""
        self._stopping.set()
        self._thread.join(30)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._look()
                except Exception:
                    log.exception("the register of upstreams cannot be read; it is tried again")
                self._stopping.wait(_LOOK_EVERY)
        finally:
            for one in self._running.values():
                one.ask_to_stop()
            for one in self._running.values():
                one.join()
            connections.close_all()

    def _look(self) -> None:
        wanted = forwarding.active_upstreams()
        for key, one in list(self._running.items()):
            if key not in wanted or one.settings != model_to_dict(wanted[key]):
                one.ask_to_stop()
                one.join()
                del self._running[key]
        for key, upstream in wanted.items():
            if key not in self._running:
                self._running[key] = Forwarder(self._journal, upstream)
                self._running[key].start()


class Forwarder:
    """Forwards to one upstream until it is asked to stop."""

    def __init__(self, journal: Journal, upstream: Upstream) -> None:
        self._journal, self._upstream = journal, upstream
        self.settings = model_to_dict(upstream)
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"forward-{upstream.pk}", daemon=True
        )
        self._numbers = Numbers()
        self._receipts: deque[Mapping[str, Any]] = deque(maxlen=_RECEIPTS)
        self._unsent: list[Mapping[str, Any]] = []
        self._waiting: dict[tuple[int, int], Found] = {}
        self._fault: tuple[str, str] | None = None
        self._connected_at: datetime | None = None
        self._sent = self._acknowledged = self._refused = 0
        self._failures = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Ask it to stop."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until it has."""
        self._thread.join(30)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._begin()
                    self._stay()
                except Exception as fault:
                    log.exception("forwarding stumbled; it goes on", upstream=self._upstream.name)
                    self._fault = f"内部错误：{type(fault).__name__}", type(fault).__name__
                    self._stopping.wait(_BACK_OFF[0])
            with suppress(Exception):
                self._note("off")
        finally:
            connections.close_all()

    def _begin(self) -> None:
        """Take up what was written down."""
        self._source = Source(self._journal, self._upstream)
        begin_at = 0
        if not hasattr(self._upstream, "state"):
            begin_at = self._source.begin_at(self._upstream.start)
        state = forwarding.state_of(self._upstream, begin_at=begin_at)
        self._sent, self._acknowledged = state.sent, state.acknowledged
        self._refused = state.refused
        self._receipts.extend(state.receipts)
        self._at = (state.seq, state.place)
        self._window = Window(
            size=self._upstream.window,
            span=_SPAN,
            timeout_s=_TIMEOUT_S,
            tries=self._upstream.tries,
            read_to=self._at,
            done=[(seq, place) for seq, place in state.done],
        )
        self._waiting.clear()
        self._bytes = 0
        self._at_end = False
        self._found: Iterator[Found] | None = None
        self._read_at = self._noted_at = self._rated_at = 0.0
        self._rated = self._acknowledged
        self._rate = 0.0

    def _stay(self) -> None:
        """Connect, and connect again."""
        while not self._stopping.is_set():
            line: Line | None = None
            before = self._acknowledged
            try:
                self._note("connecting")
                self._password = read_secret(self._upstream.password_from)
                line = open_line(self._upstream, read_secret(self._upstream.secret_from))
                self._connected_at = datetime.now(UTC)
                self._note("online")
                self._speak(line)
            except LineBroken as fault:
                self._fault = f"连接中断：{fault}", f"The link broke: {fault}"
            except BadInput as fault:
                self._fault = fault.zh, fault.en
            finally:
                self._connected_at = None
                if line is not None:
                    with suppress(OSError):
                        line.close()
            self._give_up(self._window.disconnected())
            if self._stopping.is_set():
                return
            self._note("broken")
            self._failures = 0 if self._acknowledged > before else self._failures + 1
            least, most = _BACK_OFF
            pause = min(most, least * 2 ** min(self._failures, 10))
            self._stopping.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _speak(self, line: Line) -> None:
        """Send and hear until the link breaks or it is time to stop."""
        allowed, allowed_at = 1.0, time.monotonic()
        rate = float(self._upstream.rate)
        while not self._stopping.is_set():
            now = time.monotonic()
            allowed = min(max(rate / 10, 1.0), allowed + (now - allowed_at) * rate)
            allowed_at = now
            self._fill(now)
            while allowed >= 1 and (item := self._window.next(time.monotonic())) is not None:
                if self._write(item):
                    allowed -= 1
                    line.send(item)
                    self._sent += 1
            has_more = allowed < 1 and self._window.waiting > self._window.under_way
            for place in line.heard(_BUSY_S if has_more else _IDLE_S):
                self._confirmed(place)
            self._keep_time(line)
            self._note_if_due()

    def _keep_time(self, line: Line) -> None:
        late: Late = self._window.late(time.monotonic())
        for item in late.again:
            line.send(item)
        self._give_up(late.refused)
        if late.broken:
            raise LineBroken("no receipts / 没有回执")

    def _fill(self, now: float) -> None:
        """Read on while there is room."""
        while self._window.room and self._bytes < _BYTES:
            if self._found is None:
                if now - self._read_at < _READ_EVERY:
                    return
                self._read_at = now
                self._found, self._read_from = self._source.read(self._at), self._at
            found = next(self._found, None)
            if found is None:
                self._found = None
                if self._at > self._read_from:
                    self._read_at = 0.0  # there may be more
                    continue
                self._at_end = True
                return
            self._at_end = False
            self._take(found)

    def _take(self, found: Found) -> None:
        if found.passing is None:
            self._at = found.place
            self._window.passed(found.place)
            return
        self._at = (found.place[0], found.place[1] + 1)
        before = self._window.waiting
        self._window.add(Item(found.place, found.passing.mn))
        if self._window.waiting > before:
            self._waiting[found.place] = found
            self._bytes += len(found.passing.body)

    def _write(self, item: Item) -> bool:
        """Write the frame as it is sent; what cannot be written is set aside."""
        if item.frame:
            return True
        found = self._waiting[item.place]
        passing = found.passing
        assert passing is not None  # noqa: S101 - only frames wait
        mn = self._upstream.identities.get(passing.mn, passing.mn)
        parts = passing.fields.get("PNUM", "1") not in ("", "1")
        # Parts of a message belong together by their number; one at a time is under way.
        item.qn = (
            passing.fields.get("QN", "") if parts else self._numbers.next(mn, datetime.now(UTC))
        )
        try:
            item.frame = passed_on(
                passing,
                qn=item.qn,
                mn=mn,
                password=self._password,
                edition=self._upstream.edition,
                late=passing.is_late(found.at),
            )
        except BadInput as fault:
            self._window.refused(item)
            self._aside(item, fault.zh, fault.en)
            return False
        return True

    def _confirmed(self, place: tuple[int, int]) -> None:
        if not self._window.acknowledged(place):
            return  # said twice
        self._acknowledged += 1
        found = self._forget(place)
        if found is not None and found.passing is not None:
            self._receipts.append(
                {
                    "mn": found.passing.mn,
                    "cn": found.passing.cn,
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            )

    def _give_up(self, refused: list[tuple[Item, Why]]) -> None:
        for item, why in refused:
            self._aside(item, *_WHY[why])

    def _aside(self, item: Item, zh: str, en: str) -> None:
        self._refused += 1
        found = self._forget(item.place)
        passing = found.passing if found else None
        self._unsent.append(
            {
                "seq": item.place[0],
                "place": item.place[1],
                "mn": item.key,
                "cn": passing.cn[:8] if passing else "",
                "reason_zh": zh,
                "reason_en": en,
            }
        )

    def _forget(self, place: tuple[int, int]) -> Found | None:
        found = self._waiting.pop(place, None)
        if found is not None and found.passing is not None:
            self._bytes -= len(found.passing.body)
        return found

    def _note_if_due(self) -> None:
        since = time.monotonic() - self._noted_at
        if 2 * self._window.un_noted >= self._upstream.window or since > _NOTE_EVERY:
            self._note("caught_up" if self._has_all() else "online")

    def _has_all(self) -> bool:
        """Return whether the upstream has what there is for it."""
        return self._at_end and not self._window.waiting

    def _note(self, state: str) -> None:
        """Write down how far all is confirmed: a crash goes on from here."""
        now = time.monotonic()
        if now - self._rated_at > _LOOK_EVERY:
            self._rate = (self._acknowledged - self._rated) / (now - self._rated_at)
            self._rated_at, self._rated = now, self._acknowledged
        cursor = self._window.cursor
        oldest = self._waiting.get(cursor)
        values: dict[str, Any] = {
            "seq": cursor[0],
            "place": cursor[1],
            "done": self._window.done,
            "state": state,
            "since": self._connected_at,
            "sent": self._sent,
            "acknowledged": self._acknowledged,
            "refused": self._refused,
            "rate": self._rate,
            "oldest": oldest.at if oldest else None,
            "backlog": 0 if self._has_all() else max(0, self._journal.last_seq + 1 - cursor[0]),
            "receipts": list(self._receipts),
        }
        if self._fault is not None:
            values["fault_zh"], values["fault_en"] = self._fault
            values["fault_at"] = datetime.now(UTC)
        forwarding.note(self._upstream.pk, values, self._unsent)
        self._unsent = []
        self._fault = None
        self._window.noted()
        self._noted_at = now
