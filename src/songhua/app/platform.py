"""The opened platform: journal, shelf and registry, and the work that people ask of it."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import polars as pl
import structlog
from django.conf import settings

from songhua.api import ports
from songhua.api.register import air_register
from songhua.api.reviews import KIND as KIND_OF_REVIEW
from songhua.api.reviews import ReviewOrder
from songhua.app import corrections, decisions, imports, laboratory, leads, reviews
from songhua.app.audit import checkpoint
from songhua.app.audit.acts import Record
from songhua.app.checks import check_affected, check_again
from songhua.app.doors import Doors, RowKeeper, rows
from songhua.app.doors.frames import Frames
from songhua.app.doors.worker import Kit, Refused
from songhua.app.forward import Forwarding
from songhua.app.forward.source import RELEASED
from songhua.app.gateway import GatewayService, Keeper, Limits, NodeLink, tls_context
from songhua.app.gateway import keeper as gateway_keeper
from songhua.app.gateway.camera import take_photo
from songhua.app.gateway.commander import KIND as SENT
from songhua.app.gateway.proxy import read_networks
from songhua.app.gateway.relay import read_secret
from songhua.app.jobs import Jobs, Stopped
from songhua.app.pipeline import run_pipeline
from songhua.app.version import code_version
from songhua.assess.job import Affected, Stamp
from songhua.ingest.hj212.dialect import read_dialect
from songhua.ingest.hj212.received import KIND, Received, unpack
from songhua.ingest.hj212.search import Found, Tailed, Wanted, search
from songhua.ingest.observations import KIND as ROWS
from songhua.model import BadInput, KnownSource, Period, UnknownName
from songhua.store import Journal, Shelf, configure, open_shelf
from songhua.store.journal import Entry
from songhua.store.registry import exchanges, links, records
from songhua.store.registry.models import Batch, Source, User

Report = Callable[[Mapping[str, Any]], None]

log = structlog.get_logger()

_APPLY = {
    "file": imports.apply_file,
    "correction": imports.apply_correction,
    "decision": decisions.apply_decision,
    KIND_OF_REVIEW: reviews.apply_review,
    laboratory.ISSUED: laboratory.apply_issue,
}
"""Kind of a journal entry → what it does."""

_NOTE_EVERY = 1000
"""Journal entries of other kinds after which it is noted that none of ours waits among them."""


_MOST_RELEASED = 20_000
"""Frames released at once."""


def silent(_step: Mapping[str, Any]) -> None:
    """Report to nobody."""


class Songhua:
    """One opened platform. Only one process at a time holds it: the journal's lock says so."""

    def __init__(self, journal: Journal, shelf: Shelf) -> None:
        self.journal = journal
        self.shelf = shelf
        self.jobs = Jobs()
        self.fraud = Jobs()
        """The detectors take minutes: imports do not wait for them."""
        self.record = Record(journal)
        self.gateway: GatewayService | None = None
        self.playback: ports.Playback | None = None
        """What virtual loggers are playing back; set by who runs them."""
        self.doors: Doors | None = None
        self.forwarding: Forwarding | None = None
        self._work = threading.Lock()  # imports, corrections and replays go one after another
        self._waiting: set[int] = set()  # entries of our kinds that are not applied
        self._numbering = threading.Lock()  # none has a number and is not yet among them
        self._noted: int | None = None  # up to where nothing waits; None before `catch_up`

    @classmethod
    def open(cls) -> Self:
        """Open journal and shelf as the settings name them, and take up unfinished work.

        Raises
        ------
        BadInput
            If another process holds them, or a store cannot be reached.
        """
        journal = Journal.open(settings.SONGHUA_JOURNAL, hash_name=settings.SONGHUA_JOURNAL_HASH)
        shelf = open_shelf(settings.SONGHUA_OBSERVATIONS)
        shelf.migrate()
        configure(shelf)
        platform = cls(journal, shelf)
        platform.catch_up(silent)
        platform.record.catch_up()
        return platform

    def listen(self, host: str | None, port: int) -> int:
        """Open the gateway, with no host for nodes alone; return its port.

        Raises
        ------
        BadInput
            If the address cannot be listened on.
        """
        tls = _tls(settings.SONGHUA_GATEWAY_CERTIFICATE, settings.SONGHUA_GATEWAY_KEY)
        balancers = read_networks(settings.SONGHUA_PROXY_FROM)
        if tls is not None and balancers:
            raise BadInput(
                "在发送 PROXY 头的均衡器之后，由均衡器负责 TLS。",
                "Behind a balancer that sends PROXY headers, TLS is the balancer's.",
            )
        try:
            self.gateway = GatewayService.open(
                self.journal,
                self.shelf,
                self._assess_links,
                host=host,
                port=port,
                limits=Limits(connections_per_address=settings.SONGHUA_GATEWAY_PER_ADDRESS),
                tls=tls,
                balancers=balancers,
            )
        except OSError as fault:
            raise _in_use(host or "", port, fault) from fault
        self.forwarding = Forwarding(self.journal)
        self.forwarding.start()
        return self.gateway.port

    def open_doors(self) -> Doors:
        """Start the sources of the register; after `listen`, so that frames have one keeper."""
        rows = RowKeeper(self.journal, self.shelf, self._assess_links)
        home = settings.SONGHUA_HOME / "doors"
        frames = Frames(self.journal, self.shelf, self._assess_links, self.gateway)
        self.doors = Doors(Kit(rows, self.take_file, frames, home))
        self.doors.start()
        return self.doors

    def accept_nodes(self, host: str, port: int) -> int:
        """Listen to gateway nodes; return the port.

        Raises
        ------
        BadInput
            If the address cannot be listened on, or there is no secret.
        """
        secret = read_secret(settings.SONGHUA_NODE_SECRET, settings.SONGHUA_NODE_SECRET_FILE)
        tls = _tls(settings.SONGHUA_NODES_CERTIFICATE, settings.SONGHUA_NODES_KEY)
        if self.gateway is None:
            self.listen(None, 0)
        assert self.gateway is not None  # noqa: S101 - `listen` opened it
        try:
            return self.gateway.accept_nodes(host, port, secret, tls=tls)
        except OSError as fault:
            raise _in_use(host, port, fault) from fault

    def nodes(self) -> list[ports.NodeState]:
        """Return the gateway nodes that are connected."""
        return [] if self.gateway is None else [_state_of(one) for one in self.gateway.nodes()]

    def close(self) -> None:
        """Finish the step under way and let go of the stores."""
        if self.doors is not None:
            self.doors.stop()
            self.doors.kit.frames.close()
        if self.gateway is not None:
            self.gateway.close()
        if self.forwarding is not None:
            self.forwarding.stop()
        self.jobs.close()
        self.fraud.close()
        self.record.carry()
        configure(None)
        self.shelf.close()
        self.journal.close()

    # What the doors bring

    def take_file(self, order: ports.ImportOrder) -> Mapping[str, Any]:
        """Bring a file of a source in; one that is in the journal is not written there again.

        Raises
        ------
        Refused
            If it cannot be used, whatever is tried.
        BadInput
            If it cannot be kept now: try again.
        """
        try:
            text, digest = imports.recognised(order)
        except BadInput as fault:
            raise Refused(fault.zh, fault.en) from fault
        with self._work:
            seq = imports.received_as(digest, text, order.author)
            if seq is not None and seq not in self._waiting:
                if (words := imports.fault_of(seq)) is not None:
                    raise Refused(*words)
                return {"again": True, "sha256": digest, "journal": seq}
            if seq is None:
                arrived = imports.receive(self.journal, order, silent)
                if isinstance(arrived, Mapping):
                    return {"again": True, "sha256": digest, **arrived}
                seq = arrived.seq
            try:
                told = self._apply(self.journal.entry(seq), silent)
            except BadInput as fault:
                raise Refused(fault.zh, fault.en) from fault
        return {**told, "sha256": digest, "journal": seq}

    def take(self, source: KnownSource, body: bytes, key: str) -> Mapping[str, Any]:
        """Keep a message of observations, as `ports.Platform.take`."""
        return self._doors().take(source, body, key)

    def release_rows(self, source_id: int, who: str) -> tuple[int, int]:
        """Let rows of a source in that may go in now, as `ports.Platform.release_rows`.

        Raises
        ------
        BadInput
            If there is no such source, or the doors are not open.
        """
        source = Source.objects.filter(pk=source_id).first()
        if source is None:
            raise UnknownName("来源", "source", str(source_id))
        doors = self._doors()
        body = json.dumps({"source": source.name}).encode()
        self.journal.append("release-rows", body, {"author": who, "source": source.name})
        return doors.kit.rows.release(source, who)

    def _doors(self) -> Doors:
        if self.doors is None:
            raise BadInput("接入没有运行。", "The doors are not open.")
        return self.doors

    # What the pages ask (`web.ports.Platform`)

    def import_file(self, order: ports.ImportOrder) -> str:
        """Start an import in the background and return the id of its job."""
        return self.jobs.start("import", lambda report: self.run_import(order, report))

    def decide(self, decision: ports.Decision) -> int:
        """Keep a decision of the register on record and return its journal number."""
        with self._numbering:
            entry = decisions.receive(self.journal, decision)
            self._waiting.add(entry.seq)
        return entry.seq

    def follow(self, seq: int) -> str:
        """Start to recompute what a decision touches and return the id of the job."""
        return self.jobs.start("decision", lambda report: self._follow(seq, report))

    def job(self, job_id: str) -> ports.Job | None:
        """Return how a job stands."""
        return self.jobs.find(job_id) or self.fraud.find(job_id)

    def stop(self, job_id: str) -> None:
        """Ask a job to stop."""
        self.jobs.stop(job_id)
        self.fraud.stop(job_id)

    # Work

    def run_import(self, order: ports.ImportOrder, report: Report) -> Mapping[str, Any]:
        """Bring a file in: journal first, then rows, then everything that follows from them."""
        if order.dry_run:
            return imports.try_file(self.shelf, order, report)
        with self._work:
            arrived = imports.receive(self.journal, order, report)
            if isinstance(arrived, Mapping):
                return arrived
            return self._apply(arrived, report)

    def correct(self, order: ports.CorrectionOrder) -> Mapping[str, Any]:
        """Keep a correction as a new revision and recompute what follows from it.

        Raises
        ------
        BadInput
            If the site or quantity is unknown, the hour is none, the value impossible, or the
            reason empty.
        """
        corrections.check(order)
        began = datetime.now(UTC)
        with self._work:
            former = self._current(order)
            body = {
                "site": order.site,
                "quantity": order.quantity,
                "period": order.period,
                "time": order.time.astimezone(UTC).isoformat(),
                "value": order.value,
                "former": former,
                "reason": order.reason,
                "author": order.author,
            }
            raw = json.dumps(body, ensure_ascii=False).encode()
            entry = self.journal.append("correction", raw, {"author": order.author})
            result = self._apply(entry, silent)
        return {**result, "changes": corrections.told(self.shelf, entry.seq, since=began)}

    def review(self, order: ReviewOrder) -> Mapping[str, Any]:
        """Keep an act of a reviewer on record and recompute what follows from it.

        Raises
        ------
        BadInput
            As `reviews.receive`.
        """
        with self._work:
            return self._apply(reviews.receive(self.journal, self.shelf, order), silent)

    def would_review(self, order: ReviewOrder) -> pl.DataFrame:
        """Return what an act would make of its values, as `reviews.changed_rows`."""
        return reviews.changed_rows(self.journal, self.shelf, order)

    def note_lab(self, what: str, body: Mapping[str, Any], who: str) -> int:
        """Keep on record what the laboratory did; return the number in the journal."""
        return laboratory.note(self.journal, what, body, who)

    def note_case(self, what: str, body: Mapping[str, Any], who: str) -> int:
        """Put in the journal what was done with a lead or case; return the number."""
        return leads.note(self.journal, what, body, who)

    def keep_document(self, body: bytes, who: str) -> int:
        """Keep a document of a case in the journal; return the number."""
        return self.journal.append_stream(leads.DOCUMENT, [body], {"author": who}).seq

    def document(self, seq: int) -> bytes:
        """Return a document of a case; nothing where the entry is none."""
        entry = self.journal.entry(seq)
        return self.journal.read(seq) if entry.kind == leads.DOCUMENT else b""

    def look_for_fraud(self, order: ports.FraudOrder) -> str:
        """Start the detectors of fraud and return the id of the job.

        Raises
        ------
        BadInput
            If they are at work.
        """
        if self.fraud.busy:
            raise BadInput("正在检测，请稍后再试。", "The detectors are at work: try again later.")
        return self.fraud.start("fraud", lambda report: self.run_fraud(order, report))

    def run_fraud(self, order: ports.FraudOrder, report: Report) -> Mapping[str, Any]:
        """Look for leads to tampering, as `leads.run_fraud`."""
        return leads.run_fraud(self.journal, self.shelf, order, report)

    def check_again(
        self, span: Period, author: str, report: Report, *, site: str = ""
    ) -> Mapping[str, Any]:
        """Check what is held anew by the rules as they are now, a journal entry its cause."""
        asked = {"start": span.start.isoformat(), "end": span.end.isoformat(), "site": site}
        with self._work:
            seq = leads.note(self.journal, "check_again", asked, author)
            stamp = Stamp(cause=seq, code=code_version())
            return {"changed": check_again(self.shelf, span, stamp, report, site=site)}

    def sign_batch(self, number: str, level: int, who: User, opinion: str) -> None:
        """Sign a batch; the third signature brings its results onto the shelf.

        Raises
        ------
        BadInput
            As `laboratory.sign`.
        """
        with self._work:
            batch = Batch.objects.select_related("instrument").get(number=number)
            entry = laboratory.sign(self.journal, batch, level, who, opinion)
            if entry is not None:
                self._apply(entry, silent)

    def return_batch(self, number: str, who: User, opinion: str) -> None:
        """Return a batch to its analyst.

        Raises
        ------
        BadInput
            As `laboratory.give_back`.
        """
        with self._work:
            batch = Batch.objects.get(number=number)
            laboratory.give_back(self.journal, batch, who, opinion)

    def checkpoint(self, *, whole: bool = False) -> checkpoint.Checkpoint:
        """Sign what journal and shelf are now.

        Raises
        ------
        BadInput
            If the journal is not what the last checkpoint says.
        """
        with self._work:
            self.record.carry()
            return checkpoint.make(
                settings.SONGHUA_HOME,
                self.journal,
                self.shelf,
                hash_name=settings.SONGHUA_JOURNAL_HASH,
                reached=self._reached(),
                whole=whole,
            )

    def _reached(self) -> int:
        """Return up to which journal number everything is on the shelf."""
        waiting = [*self._waiting]
        for reader, kind in ((gateway_keeper.READER, KIND), (rows.READER, ROWS)):
            after = links.read_to(reader)
            unread = next(self.journal.entries(after=after, kinds=(kind,)), None)
            waiting += [] if unread is None else [unread.seq]
        return min(waiting, default=self.journal.last_seq + 1) - 1

    def catch_up(self, report: Report) -> int:
        """Apply journal entries that a stop left unapplied; return how many.

        Only what was written since nothing waited is read, not the whole journal.
        """
        last, reached = self.journal.last_seq, records.applied_to()
        after = reached if reached <= last else 0
        done = records.applied(after=after)
        entries = self.journal.entries(after=after, kinds=tuple(_APPLY))
        waiting = [entry for entry in entries if entry.seq not in done]
        with self._work:
            self._waiting |= {entry.seq for entry in waiting}
            for entry in waiting:
                self._apply_again(entry, report)
            self._noted = after
            self._note_applied(last)
        return len(waiting)

    def replay(self, report: Report) -> int:
        """Apply the whole journal again; current values stay what they are."""
        entries = list(self.journal.entries(kinds=tuple(_APPLY)))
        with self._work:
            for entry in entries:
                self._apply_again(entry, report)
        return len(entries) + self._replay_links() + self._replay_rows()

    def _replay_rows(self) -> int:
        """Read again what the doors brought, also where none is open."""
        if self.doors is not None:
            return self.doors.kit.rows.replay()
        return RowKeeper(self.journal, self.shelf, self._assess_links).replay()

    def _replay_links(self) -> int:
        """Read again what loggers sent, also where no gateway runs."""
        if self.gateway is not None:
            return self.gateway.keeper.replay()
        keeper = Keeper(self.journal, self.shelf, self._assess_links)
        try:
            return keeper.replay()
        finally:
            keeper.stop()

    def reassess(self, affected: Affected, report: Report) -> dict[str, int]:
        """Run the pipeline on what was affected."""
        stamp = Stamp(cause=affected.cause, code=code_version())
        changed = run_pipeline(self.shelf, air_register(), affected, stamp, report)
        report({"phase": "checks"})
        return {**changed, "verdicts": check_affected(self.shelf, affected, stamp)}

    def _assess_links(self, affected: Affected) -> None:
        with self._work:
            self.reassess(affected, silent)
            self._note_applied(affected.cause, every=_NOTE_EVERY)

    def frame(self, aside_id: int) -> bytes | None:
        """Return the bytes of a frame that was set aside, or None when there is none."""
        where = links.aside(aside_id, released=True)
        if where is None:
            return None
        seq, place = where
        pieces = enumerate(unpack(self.journal.read(seq)))
        return next((one.raw for number, one in pieces if number == place), None)

    def release(self, aside_id: int, who: str) -> None:
        """Let a frame that was set aside into the record, now that the register is mended.

        Raises
        ------
        BadInput
            If it may still not speak, there is no such frame, or no gateway runs.
        """
        places = links.parts_aside(aside_id)
        if not places or self.gateway is None:
            raise BadInput("没有这条报文，或网关没有运行。", "No such frame, or no gateway runs.")
        self._note_release(places, who)
        self.gateway.keeper.release(places)
        self._note_released(places)
        links.mark_released(places, who)

    def release_all(self, mn: str, who: str) -> tuple[int, int]:
        """Let all frames of an identity into the record that may speak now.

        Returns
        -------
        tuple
            How many were released, and how many stay set aside.

        Raises
        ------
        BadInput
            If no gateway runs.
        """
        if self.gateway is None:
            raise BadInput("网关没有运行。", "No gateway runs.")
        places = links.places_aside(mn, most=_MOST_RELEASED)
        if not places:
            return 0, 0
        self._note_release(places, who)
        released = self.gateway.keeper.release_all(places)
        self._note_released(released)
        links.mark_released(released, who)
        return len(released), len(places) - len(released)

    def frames(self, wanted: Wanted) -> Found:
        """Return frames of the journal, newest first."""
        return search(self.journal, wanted)

    def piece(self, seq: int, place: int) -> Received | None:
        """Return a frame of the journal, or None when there is none."""
        with suppress(KeyError, BadInput):
            if self.journal.entry(seq).kind == KIND:
                pieces = enumerate(unpack(self.journal.read(seq)))
                return next((one for number, one in pieces if number == place), None)
        return None

    def tail(self, after: int, most: int) -> Tailed | None:
        """Return what came since; None where no gateway runs."""
        return None if self.gateway is None else self.gateway.gateway.tail.watch(after, most)

    def adopt(self, mn: str, settings: Mapping[str, Any], who: str) -> None:
        """Keep on record that a logger speaks a dialect, and read it so from now on.

        Raises
        ------
        BadInput
            If no such logger is registered, or the settings are none of a dialect.
        """
        read_dialect(settings)
        former = links.dialect_settings(mn)
        body = {"mn": mn, "dialect": dict(settings), "former": former, "author": who}
        raw = json.dumps(body, ensure_ascii=False).encode()
        self.journal.append("dialect", raw, {"author": who, "mn": mn})
        links.adopt_dialect(mn, settings, who)
        if self.gateway is not None:
            self.gateway.keeper.refresh()

    def request(self, mn: str, cn: str, values: Mapping[str, str], *, author: str, why: str) -> int:
        """Send a request to a logger; return its number in the registry.

        Raises
        ------
        BadInput
            If no gateway runs, or as `Commander.send`.
        """
        return self._listening().commander.send(mn, cn, values, author=author, why=why)

    def photo(self, mn: str, *, author: str, why: str) -> int:
        """Fetch a photo from the camera beside a logger; return its number among the requests.

        What goes wrong is on record too: the request ends as refused.
        """
        camera, header = links.camera_of(mn)
        asked = {"mn": mn, "camera": camera, "author": author, "why": why}
        entry = self.journal.append("photo_asked", json.dumps(asked).encode(), {"mn": mn})
        number = exchanges.add_command(
            mn, "photo", {}, qn="", seq=entry.seq, author=author, why=why
        )
        steps: list[dict[str, Any]] = [{"at": datetime.now(UTC).isoformat(), "what": "sent"}]
        state = "done"
        try:
            photo = take_photo(camera, header)
            kept = self.journal.append("photo", photo, {"mn": mn, "author": author})
            steps.append({"at": datetime.now(UTC).isoformat(), "what": "data", "seq": kept.seq})
        except BadInput as fault:
            state = "failed"
            steps.append(
                {
                    "at": datetime.now(UTC).isoformat(),
                    "what": "over",
                    "fault_zh": fault.zh,
                    "fault_en": fault.en,
                }
            )
        exchanges.keep_steps(number, steps, state=state, code=None, data=int(state == "done"))
        return number

    def video(self, mn: str, *, author: str, why: str) -> int:
        """Note that a person looks at the video beside a logger; return the number."""
        asked = {"mn": mn, "author": author, "why": why}
        entry = self.journal.append("video_asked", json.dumps(asked).encode(), {"mn": mn})
        number = exchanges.add_command(
            mn, "video", {}, qn="", seq=entry.seq, author=author, why=why
        )
        steps = [{"at": datetime.now(UTC).isoformat(), "what": "sent"}]
        exchanges.keep_steps(number, steps, state="done", code=None, data=0)
        return number

    def preview(self, mn: str, cn: str, values: Mapping[str, str]) -> tuple[bytes, bool]:
        """Return the frame a request would be, and whether its CP would be encrypted."""
        return self._listening().commander.preview(mn, cn, values)

    def ask_gap(self, gap_id: int, who: str) -> None:
        """Ask the logger of a gap for it at once.

        Raises
        ------
        BadInput
            If no gateway runs, there is no such gap, or its logger cannot be asked now.
        """
        gap = exchanges.gap_named(gap_id)
        if gap is None:
            raise BadInput("没有这个缺数时段，或已补齐。", "No such gap, or it is closed.")
        self._listening().gaps.ask_now(gap, author=who)

    def sent(self, seq: int) -> bytes:
        """Return the frame that a request was, or the photo that came of one."""
        entry = self.journal.entry(seq)
        return self.journal.read(seq) if entry.kind in {SENT, "photo"} else b""

    def _listening(self) -> GatewayService:
        if self.gateway is None:
            raise BadInput("网关没有运行。", "No gateway runs.")
        return self.gateway

    def _note_release(self, places: Sequence[tuple[int, int]], who: str) -> None:
        body = json.dumps({"of": places}).encode()
        self.journal.append("release", body, {"author": who, "frames": len(places)})

    def _note_released(self, places: Sequence[tuple[int, int]]) -> None:
        """Name what did go into the record: upstreams receive it from here on."""
        if places:
            self.journal.append(RELEASED, json.dumps({"of": places}).encode(), {})

    def _apply(self, entry: Entry, report: Report) -> Mapping[str, Any]:
        self._waiting.add(entry.seq)
        applied = _APPLY[entry.kind](self.journal, self.shelf, entry, report)
        changed: dict[str, int] = {}
        if applied.affected is not None:
            changed = self.reassess(applied.affected, _to_the_end(report))
        records.mark_applied(entry.seq)
        self._waiting.discard(entry.seq)
        self._note_applied(entry.seq)
        if applied.fault is not None:
            raise applied.fault
        return {**applied.told, "recomputed": changed}

    def _note_applied(self, seq: int, *, every: int = 1) -> None:
        """Note up to where nothing waits, `seq` at most: what lies behind it may not be kept yet.

        Called by who holds the work, so that no file or correction is between number and waiting.
        """
        if self._noted is None:
            return
        with self._numbering:
            reached = min(seq, min(self._waiting, default=seq + 1) - 1)
        if reached >= self._noted + every:
            records.note_applied_to(reached)
            self._noted = reached

    def _follow(self, seq: int, report: Report) -> Mapping[str, Any]:
        with self._work:
            return self._apply(self.journal.entry(seq), report)

    def _apply_again(self, entry: Entry, report: Report) -> None:
        """Apply an entry; what is wrong with it is noted and stops no other."""
        try:
            self._apply(entry, report)
        except BadInput as fault:
            log.warning("entry not usable", seq=entry.seq, fault=fault.en)
        except Exception:
            log.exception("entry not applied", seq=entry.seq)

    def _current(self, order: ports.CorrectionOrder) -> float | None:
        rows = self.shelf.observations(
            period=order.period,
            span=Period(order.time, order.time + timedelta(seconds=1)),
            sites=[order.site],
            quantities=[order.quantity],
        )
        return None if rows.is_empty() else rows["value"][0]


def _state_of(link: NodeLink) -> ports.NodeState:
    return ports.NodeState(
        name=link.name,
        address=link.address,
        since=link.since,
        kept=link.kept,
        backlog=max(0, link.last - link.kept),
        loggers=frozenset(link.systems.copy()),
    )


def _tls(certificate: str, key: str) -> ssl.SSLContext | None:
    return tls_context(Path(certificate), Path(key)) if certificate and key else None


def _in_use(host: str, port: int, fault: OSError) -> BadInput:
    return BadInput(
        f"网关无法使用 {host}:{port}（{fault.strerror}）。",
        f"The gateway cannot listen on {host}:{port} ({fault.strerror}).",
    )


def _to_the_end(report: Report) -> Report:
    """Report on, but heed no wish to stop: what is on the shelf must be assessed."""

    def told(step: Mapping[str, Any]) -> None:
        with suppress(Stopped):
            report(step)

    return told
