"""Acts of people: first in the journal, then in the table that finds them."""

import json
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from songhua.api.record import Attempt, Deed
from songhua.model import BadInput
from songhua.store import Entry, Journal
from songhua.store.registry.models import Act, Change, Influence, SitePeriod, User
from songhua.store.registry.record import KINDS

ACT = "act"
CHANGES = "changes"
INFLUENCE = "influence"
ATTACHMENT = "influence_file"

_AT_ONCE = 2000
"""Changes of tables in one journal entry."""
_LONGEST = {"who": 150, "address": 100, "door": 300, "site": 40, "subject": 200, "why": 4000}
_FIELDS = ("id", "at", "token", "table", "key", "op", "before", "after")


class Record:
    """The record of one platform; its threads may write at the same time."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._carrying = threading.Lock()
        self._carried: int | None = None

    def keep(self, deed: Deed) -> int:
        """Put an act on record, behind the changes it made; return its journal number."""
        if deed.kind not in dict(KINDS):
            raise ValueError(deed.kind)
        self.carry()
        body = deed.body()
        body |= {name: " ".join(str(body[name]).split())[:most] for name, most in _LONGEST.items()}
        body["by_order"] = " ".join(deed.by_order.split())[:150]
        body["region"] = deed.region or region_of(deed.site, deed.who)
        raw = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        entry = self._journal.append(ACT, raw, {"kind": deed.kind})
        Act.objects.create(**act_row(entry.seq, entry.time, body))
        return entry.seq

    def report(self, attempt: Attempt) -> int:
        """Put an attempt to influence a datum on record; return its journal number."""
        files = []
        for name, raw in attempt.files:
            kept = self._journal.append(ATTACHMENT, raw, {"name": name})
            files.append({"name": name, "size": len(raw), "sha256": kept.sha256, "seq": kept.seq})
        body = {
            **{name: getattr(attempt, name) for name in _REPORTED},
            "happened_at": attempt.happened_at.isoformat(),
            "files": files,
        }
        raw = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        entry = self._journal.append(INFLUENCE, raw, {})
        Influence.objects.create(**influence_row(entry.seq, entry.time, body))
        return entry.seq

    def file(self, seq: int) -> bytes:
        """Return an attachment.

        Raises
        ------
        BadInput
            If the entry is none.
        """
        if self._journal.entry(seq).kind != ATTACHMENT:
            raise BadInput("没有这个附件。", "No such attachment.")
        return self._journal.read(seq)

    def carry(self) -> int:
        """Bring changes of tables into the journal that are not there yet; return how many."""
        with self._carrying:
            if self._carried is None:
                self._carried = self._last_carried()
            count = 0
            while rows := self._waiting(self._carried):
                body = b"\n".join(change_line(row) for row in rows)
                first, last = rows[0][0], rows[-1][0]
                self._journal.append(CHANGES, body, {"first": first, "last": last})
                self._carried = last
                count += len(rows)
            return count

    def catch_up(self) -> None:
        """Bring into the tables what a stop left in the journal only; then carry changes."""
        last = Act.objects.order_by("-journal_seq").values_list("journal_seq", flat=True).first()
        also = Influence.objects.order_by("-journal_seq").values_list("journal_seq", flat=True)
        after = min(last or 0, also.first() or 0)
        for entry in self._journal.entries(after=after, kinds=(ACT, INFLUENCE)):
            self._restore(entry)
        self.carry()

    def _restore(self, entry: Entry) -> None:
        body = json.loads(self._journal.read(entry.seq))
        if entry.kind == ACT:
            row = act_row(entry.seq, entry.time, body)
            Act.objects.bulk_create([Act(**row)], ignore_conflicts=True)
        else:
            told = influence_row(entry.seq, entry.time, body)
            Influence.objects.bulk_create([Influence(**told)], ignore_conflicts=True)

    def _last_carried(self) -> int:
        found = self._journal.latest(before=self._journal.last_seq + 1, kinds=(CHANGES,))
        return next((int(entry.meta["last"]) for _, entry, _ in found if entry is not None), 0)

    def _waiting(self, after: int) -> list[tuple[Any, ...]]:
        with transaction.atomic():
            if connection.vendor == "postgresql":  # numbers may become visible out of order
                with connection.cursor() as cursor:
                    cursor.execute("LOCK TABLE registry_change IN SHARE MODE")
            found = Change.objects.filter(id__gt=after).order_by("id")
            return list(found.values_list(*_FIELDS)[:_AT_ONCE])


_REPORTED = ("reporter", "region", "tried", "office", "means", "site", "datum", "words")


def change_line(row: Iterable[Any]) -> bytes:
    """Return a change of a table as the journal keeps it."""
    return json.dumps(list(row), ensure_ascii=False, separators=(",", ":")).encode()


def act_row(seq: int, at: datetime, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of an act, as its journal entry says it is."""
    names = ("kind", "who", "address", "door", "region", "site", "subject", "why", "by_order")
    return {
        "journal_seq": seq,
        "at": at,
        **{name: body[name] for name in (*names, "outcome", "token")},
        "brought": " ".join(map(str, body["brought"])),
    }


def influence_row(seq: int, at: datetime, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a report, as its journal entry says it is."""
    return {
        "journal_seq": seq,
        "at": at,
        **{name: body[name] for name in _REPORTED},
        "happened_at": datetime.fromisoformat(body["happened_at"]),
        "files": json.dumps(body["files"], ensure_ascii=False) if body["files"] else "",
    }


def region_of(site: str, who: str) -> str:
    """Return the region that an act belongs to: that of its site, else that of the person."""
    if site:
        periods = SitePeriod.objects.filter(site_id=site).order_by("-valid_from")
        if city := periods.values_list("city_id", flat=True).first():
            return str(city)
    found = User.objects.filter(username=who).values_list("region_id", flat=True).first()
    return found or ""
