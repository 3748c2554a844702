"""Gaps are known, asked for and closed: what should have come against what came, hour by hour."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from django.db import connections

from songhua.app.gateway.commander import Commander
from songhua.assess.gaps import missing_hours
from songhua.ingest.hj212.exchange import Outcome
from songhua.model import BEIJING, BadInput, Period
from songhua.store import Shelf
from songhua.store.registry import exchanges, links
from songhua.store.registry.twoway import Gap

log = structlog.get_logger()

LOOK_BACK = timedelta(days=7)
LONGEST = timedelta(days=60)
"""How far back a gap that is open is looked at, lest it be closed unseen."""
USUAL = timedelta(days=30)
"""What a site delivered within so long is what it usually delivers."""
GRACE = timedelta(minutes=30)
"""An hour that has not come so long after its end is missing."""
WAITS = (
    timedelta(0),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
"""How long to wait before each try; afterwards a person explains it or asks."""

_HOUR = timedelta(hours=1)
_ONE_REQUEST = 24
"""Hours asked for at once."""
_AT_ONCE = 4
"""Loggers asked at the same time: after an outage of all, the lines are not flooded."""
_EVERY = 600.0
_SOON = 30.0
_HISTORY = "2061"
_FORM = "%Y%m%d%H%M%S"
_AUTHOR = "系统 system"


class Gaps:
    """Looks for gaps and asks loggers for them, in a thread of its own."""

    def __init__(self, shelf: Shelf, commander: Commander) -> None:
        self._shelf, self._commander = shelf, commander
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._looked_at = 0.0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="gateway-gaps", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what was asked for stays on record."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(30)

    def look(self, *, now: datetime) -> tuple[int, int]:
        """Bring the gaps on record in line with the shelf; return how many are new and closed."""
        end = (now - GRACE).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        oldest = exchanges.oldest_open_gap() or end
        span = Period(max(min(end - LOOK_BACK, oldest), end - LONGEST), end)
        expected = exchanges.expected_since()
        if not expected:
            return 0, 0
        sites = sorted(expected)
        missing = missing_hours(
            self._shelf.received(period="hour", span=span, sites=sites),
            self._shelf.series(period="hour", span=Period(end - USUAL, end), sites=sites),
            {site: since for site, (_mn, since) in expected.items()},
            span,
        )
        loggers = {site: mn for site, (mn, _since) in expected.items()}
        return exchanges.keep_gaps(missing, loggers=loggers, since=span.start)

    def ask(self, *, now: datetime) -> int:
        """Ask for what is missing, a few loggers at a time; return how many were asked."""
        count = 0
        for gap in exchanges.open_gaps():
            if not _is_due(gap, now):
                continue
            with self._lock:
                if len(self._asked) >= _AT_ONCE:
                    break
                if gap.mn in self._asked:
                    continue
                self._asked.add(gap.mn)
            count += self._ask_from(gap, gap.first, had_nothing=True)
        return count

    def ask_now(self, gap: Gap, *, author: str) -> None:
        """Ask for a gap at once because a person wants it.

        Raises
        ------
        BadInput
            If the logger is being asked already, or is not connected.
        """
        with self._lock:
            if gap.mn in self._asked:
                raise BadInput("正在补取这台数采仪的数据。", "This logger is being asked already.")
            self._asked.add(gap.mn)
        if not self._ask_from(gap, gap.first, had_nothing=True, author=author):
            raise BadInput(f"数采仪不在线：{gap.mn}。", f"The logger is not connected: {gap.mn}.")

    def _run(self) -> None:
        self._wake.wait(_SOON)
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                self._look_and_ask()
                if self._wake.wait(_EVERY):
                    self._stopping.wait(_SOON / 10)
        finally:
            connections.close_all()

    def _look_and_ask(self) -> None:
        now = datetime.now(UTC)
        try:
            if not self._asked or time.monotonic() - self._looked_at > _SOON:
                self.look(now=now)
                self._looked_at = time.monotonic()
            self.ask(now=now)
        except Exception:
            log.exception("gaps could not be looked for; it is tried again")

    def _ask_from(
        self, gap: Gap, first: datetime, *, had_nothing: bool, author: str = _AUTHOR
    ) -> bool:
        """Ask for a part of a gap; the next part when it is done. False when it cannot be."""
        last = min(gap.last, first + (_ONE_REQUEST - 1) * _HOUR)

        def ended(_number: int, outcome: Outcome) -> None:
            nothing = had_nothing and outcome is Outcome.NOTHING
            goes_on = outcome in (Outcome.DONE, Outcome.NOTHING) and last < gap.last
            if goes_on and self._ask_from(gap, last + _HOUR, had_nothing=nothing, author=author):
                return
            if nothing and last == gap.last:
                exchanges.note_nothing(gap.pk)
            self._let_go(gap.mn)

        try:
            number = self._send(gap, first, last, ended, author)
        except BadInput:  # it is not connected now
            self._let_go(gap.mn)
            return False
        exchanges.note_asked(gap.pk, number, is_new_try=first == gap.first)
        return True

    def _send(
        self,
        gap: Gap,
        first: datetime,
        last: datetime,
        ended: Callable[[int, Outcome], None],
        author: str,
    ) -> int:
        device = links.known_devices(gap.mn).get(gap.mn)
        later = _HOUR if device is not None and device.dialect.get("label_end") else timedelta(0)
        values = {
            "BeginTime": f"{(first + later).astimezone(BEIJING):{_FORM}}",
            "EndTime": f"{(last + later).astimezone(BEIJING):{_FORM}}",
        }
        why = f"补取缺数 gap {gap.pk}"
        return self._commander.send(gap.mn, _HISTORY, values, author=author, why=why, ended=ended)

    def _let_go(self, mn: str) -> None:
        with self._lock:
            self._asked.discard(mn)
        self._wake.set()


def _is_due(gap: Gap, now: datetime) -> bool:
    if gap.tries >= len(WAITS):
        return False
    return gap.asked_at is None or now - gap.asked_at >= WAITS[gap.tries]
