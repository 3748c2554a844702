"""What the platform writes into the registry and reads back; no rule of a standard lives here."""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from songhua.model import BadInput, UnknownName
from songhua.standards import QUANTITIES, regions
from songhua.store.registry.models import (
    AppliedEntry,
    Correction,
    Cursor,
    ImportFile,
    Quantity,
    Region,
    Reject,
    ReviewAct,
    Site,
    SiteAlias,
    SitePeriod,
    User,
)
from songhua.store.registry.rights import Role

MOST_REJECTS = 100_000
"""Rejects kept of one file; beyond, they are only counted: the file itself is the evidence."""

_APPLIED = "applied"
_SITE_START = date(2000, 1, 1)


@transaction.atomic
def seed() -> None:
    """Register the divisions and quantities of the law's files; safe to repeat."""
    for region in regions().values():
        Region.objects.update_or_create(
            code=region.code,
            defaults={
                "name_zh": region.name_zh,
                "name_en": region.name_en,
                "short_zh": region.short_zh,
                "level": region.level,
                "parent_id": region.parent or None,
                "lon": region.lon,
                "lat": region.lat,
                "confidence": region.confidence,
            },
        )
    for quantity in QUANTITIES.values():
        Quantity.objects.update_or_create(
            key=quantity.key,
            defaults={
                "symbol": quantity.symbol,
                "name_zh": quantity.name_zh,
                "name_en": quantity.name_en,
                "unit": quantity.unit,
                "places": quantity.places,
                "codes": " ".join(quantity.codes),
                "medium": quantity.medium,
            },
        )


def is_seeded() -> bool:
    """Return whether every division and quantity of the law's files is registered."""
    return Region.objects.filter(code__in=list(regions())).count() == len(
        regions()
    ) and Quantity.objects.count() >= len(QUANTITIES)


def add_user(name: str, *, role: str, region: str, password: str, title: str = "") -> User:
    """Register a person.

    Raises
    ------
    BadInput
        If the name is taken, the role or region unknown, or the password too weak.
    """
    if role not in Role.values:
        raise UnknownName("角色", "role", role)
    if not Region.objects.filter(code=region).exists():
        raise UnknownName("行政区划代码", "region", region)
    if User.objects.filter(username=name).exists():
        raise BadInput(f"登录名 {name} 已被使用。", f"The name {name} is taken.")
    manages = role == Role.ADMINISTRATOR
    user = User(username=name, role=role, region_id=region, title=title)
    user.is_staff = user.is_superuser = manages
    try:
        validate_password(password, user)
    except ValidationError as fault:
        raise BadInput(
            "口令太弱：" + " ".join(fault.messages), "The password is too weak."
        ) from fault
    user.set_password(password)
    user.save()
    return user


@transaction.atomic
def load_sites(path: Path) -> int:
    """Register sites from a CSV file; safe to repeat. Return how many periods the file has.

    Columns: key, name_zh, name_en, city, city_name, city_en, province, county, lon, lat,
    valid_from, valid_until, level, source, confidence, aliases (``|`` between). A city that is
    not of the province is registered as a neighbour.
    """
    text = path.read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    known = set(Region.objects.values_list("code", flat=True))
    for row in rows:
        if row["city"] not in known:
            _add_neighbour(row)
            known.add(row["city"])
        _add_site(row)
    return len(rows)


def _add_neighbour(row: Mapping[str, str]) -> None:
    Region.objects.create(
        code=row["city"],
        name_zh=row["city_name"],
        name_en=row.get("city_en", ""),
        short_zh=row["city_name"].removesuffix("市"),
        level="city",
        own=False,
        confidence=row["confidence"],
    )


def _add_site(row: Mapping[str, str]) -> None:
    Site.objects.update_or_create(
        key=row["key"],
        defaults={
            "level": row["level"],
            "source": row["source"],
            "confidence": row["confidence"],
            "note": row.get("note", ""),
        },
    )
    SitePeriod.objects.update_or_create(
        site_id=row["key"],
        valid_from=date.fromisoformat(row["valid_from"]) if row["valid_from"] else _SITE_START,
        defaults={
            "name_zh": row["name_zh"],
            "name_en": row["name_en"],
            "city_id": row["city"],
            "county_id": row["county"] or None,
            "lon": float(row["lon"]) if row["lon"] else None,
            "lat": float(row["lat"]) if row["lat"] else None,
            "valid_until": date.fromisoformat(row["valid_until"]) if row["valid_until"] else None,
        },
    )
    for alias in filter(None, row.get("aliases", "").split("|")):
        SiteAlias.objects.update_or_create(
            city_name=row["city_name"], name=alias, defaults={"site_id": row["key"]}
        )


# Files


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def find_same(sha256: str, mapping: str) -> ImportFile | None:
    """Return an import of the same bytes by the same mapping that is done, if any."""
    return ImportFile.objects.filter(
        sha256=sha256, mapping_sha256=text_digest(mapping), state="done"
    ).first()


def begin_file(seq: int, meta: Mapping[str, Any], *, sha256: str, size: int, at: datetime) -> int:
    """Register a file that is in the journal, or take up its record again; return its id."""
    record, _ = ImportFile.objects.update_or_create(
        journal_seq=seq,
        defaults={
            "name": str(meta["name"])[:255],
            "sha256": sha256,
            "size": size,
            "mapping": meta["mapping"],
            "mapping_sha256": text_digest(meta["mapping"]),
            "author": str(meta["author"])[:150],
            "received_at": at,
            "state": "reading",
            "fault": "",
        },
    )
    record.rejects.all().delete()
    return int(record.pk)


class RejectKeeper:
    """Keep the rejected rows of a file, up to `MOST_REJECTS`."""

    def __init__(self, file_id: int) -> None:
        self._file_id = file_id
        self._room = MOST_REJECTS

    def keep(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep rows: line, raw, fault, detail_zh, detail_en."""
        kept = [Reject(file_id=self._file_id, **row) for row in rows[: self._room]]
        Reject.objects.bulk_create(kept, batch_size=1000)
        self._room -= len(kept)


def finish_file(file_id: int, **fields: Any) -> None:
    """Note what came of a file."""
    ImportFile.objects.filter(pk=file_id).update(finished_at=timezone.now(), **fields)


def rejects(file_id: int | None, *, most: int = 1000) -> list[Reject]:
    """Return rejected rows of an import, or of the latest one."""
    chosen = file_id or ImportFile.objects.values_list("pk", flat=True).first()
    return list(Reject.objects.filter(file_id=chosen)[:most])


# Corrections and the watermark


def add_correction(seq: int, fields: Mapping[str, Any], *, at: datetime) -> None:
    """Register a correction that is in the journal; safe to repeat."""
    Correction.objects.update_or_create(journal_seq=seq, defaults={**fields, "at": at})


def corrections_by_seq(seqs: Iterable[int]) -> dict[int, Correction]:
    """Return corrections by their journal sequence."""
    return {c.journal_seq: c for c in Correction.objects.filter(journal_seq__in=list(seqs))}


def reviews_by_seq(seqs: Iterable[int]) -> dict[int, ReviewAct]:
    """Return acts of reviewers by their journal sequence."""
    return {one.journal_seq: one for one in ReviewAct.objects.filter(journal_seq__in=list(seqs))}


def files_by_seq(seqs: Iterable[int]) -> dict[int, ImportFile]:
    """Return imports by their journal sequence."""
    return {f.journal_seq: f for f in ImportFile.objects.filter(journal_seq__in=list(seqs))}


def applied(*, after: int = 0) -> set[int]:
    """Return the journal entries behind a number that are on the shelf."""
    found = AppliedEntry.objects.filter(journal_seq__gt=after)
    return set(found.values_list("journal_seq", flat=True))


def applied_to() -> int:
    """Return up to which journal number nothing waits to be applied; 0 where that is not known."""
    return Cursor.objects.filter(name=_APPLIED).values_list("seq", flat=True).first() or 0


def note_applied_to(seq: int) -> None:
    """Note that up to a journal number nothing waits: no start needs to look there again."""
    Cursor.objects.update_or_create(name=_APPLIED, defaults={"seq": seq})


def progress() -> int:
    """Return a number that grows whenever rows and results of journal entries are on the shelf.

    Files and decisions are applied entry by entry; what links send, by how far it is read.
    """
    applied = AppliedEntry.objects.aggregate(last=Max("journal_seq"))["last"] or 0
    read = Cursor.objects.exclude(name=_APPLIED).aggregate(sum=Sum("seq"))["sum"] or 0
    return int(applied + read)


def mark_applied(seq: int) -> None:
    """Note that an entry's rows are on the shelf and its results computed."""
    AppliedEntry.objects.update_or_create(journal_seq=seq, defaults={"at": timezone.now()})
