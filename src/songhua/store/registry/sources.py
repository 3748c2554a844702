"""What the doors read from the registry and write into it."""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from songhua.model import BadInput, KnownSource, SourceKind, UnknownName, check_settings
from songhua.model.source import AUTHOR, check_name
from songhua.store.registry.models import (
    Receipt,
    Region,
    RowAside,
    Site,
    SitePeriod,
    Source,
    SourceState,
    TakenFile,
)
from songhua.store.registry.rights import covers

_TOKEN = "shs_"  # noqa: S105 - how every token begins, so that a leaked one is recognised
MOST_ASIDE = 200_000
"""Rows of one source shown as set aside; beyond, they are counted, and only in the journal."""


@dataclass(slots=True)
class Came:
    """What one message brought.

    Parameters
    ----------
    answer
        What is said to who asks by its key.
    """

    source: int
    seq: int
    at: datetime
    key: str = ""
    sha256: str = ""
    new: int = 0
    changed: int = 0
    same: int = 0
    aside: list[Mapping[str, Any]] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)


def token_digest(token: str) -> str:
    """Return what is kept of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(source: Source) -> str:
    """Give a source a new token and return it; the former one is void. It is not kept."""
    token = _TOKEN + secrets.token_urlsafe(32)
    source.token_sha256 = token_digest(token)
    Source.objects.filter(pk=source.pk).update(token_sha256=source.token_sha256)
    return token


def add(
    name: str,
    kind: str,
    settings: Mapping[str, Any],
    *,
    region: str,
    sites: Sequence[str] = (),
    author: str,
) -> tuple[Source, str]:
    """Register a source; return it and its token, empty where its door needs none.

    Raises
    ------
    BadInput
        If the name is taken, or anything cannot be used.
    """
    check_name(name)
    checked = check_settings(kind, settings)
    if not region and not sites:
        raise BadInput("请给出区域或点位。", "Give a region or sites.")
    if region and not Region.objects.filter(pk=region).exists():
        raise UnknownName("行政区划代码", "region", region)
    unknown = set(sites) - set(Site.objects.filter(pk__in=sites).values_list("pk", flat=True))
    if unknown:
        raise UnknownName("点位", "site", min(unknown))
    source = Source(
        name=name,
        kind=kind,
        settings=checked,
        region_id=region or None,
        sites=" ".join(sites),
        author=author,
    )
    if Source.objects.filter(name=name).exists():
        raise BadInput(f"来源名称 {name} 已被使用。", f"The name {name} is taken.")
    try:
        source.full_clean()
    except ValidationError as fault:
        words = " ".join(fault.messages)
        raise BadInput(words, words) from fault
    source.save()
    return source, new_token(source) if kind == SourceKind.HTTP else ""


def named(name: str) -> Source:
    """Return a source, or raise `UnknownName`."""
    found = Source.objects.filter(name=name).first()
    if found is None:
        raise UnknownName("来源", "source", name[:40])
    return found


def by_token(token: str) -> KnownSource | None:
    """Return the active source that a token belongs to."""
    if not token.startswith(_TOKEN):
        return None
    found = Source.objects.filter(
        token_sha256=token_digest(token), active=True, kind=SourceKind.HTTP
    ).first()
    return None if found is None else known(found)


def by_author(author: str) -> KnownSource | None:
    """Return the source that stands as author of a file; None for a person."""
    if not author.startswith(AUTHOR):
        return None
    found = Source.objects.filter(name=author.removeprefix(AUTHOR)).first()
    # A source that is gone speaks for nothing.
    return KnownSource(0, "", "", "", (), {}) if found is None else known(found)


def known(source: Source) -> KnownSource:
    """Return a source as the doors know it."""
    return KnownSource(
        source.pk,
        source.name,
        source.kind,
        source.region_id or "",
        tuple(source.sites.split()),
        source.settings,
    )


def active_sources() -> dict[int, KnownSource]:
    """Return every active source by its number."""
    return {one.pk: known(one) for one in Source.objects.filter(active=True)}


def scope_of(source: KnownSource) -> tuple[frozenset[str], Callable[[str], bool]]:
    """Return every registered site, and whether a source may speak for one."""
    every = frozenset(Site.objects.values_list("pk", flat=True))
    return every, scoped(source.region, source.sites).__contains__


def scoped(region: str, named_sites: Iterable[str]) -> frozenset[str]:
    """Return the sites of a region, and those named."""
    if not region:
        return frozenset(named_sites)
    places = SitePeriod.objects.values_list("site_id", "city_id", "county_id")
    own = {site for site, city, county in places if _lies(region, city, county)}
    return frozenset({*own, *named_sites})


def _lies(region: str, city: str, county: str | None) -> bool:
    return covers(region, city) or (county is not None and covers(region, county))


# How they stand


def note_state(source: int, state: str, *, seen: bool = False) -> None:
    """Note how a source's worker stands; its last error stays, with its time."""
    values: dict[str, Any] = {"state": state}
    if seen:
        values["last_seen"] = timezone.now()
    _update(source, **values)


def note_error(source: int, zh: str, en: str, *, state: str = "error") -> None:
    """Note what went wrong with a source."""
    _update(source, state=state, error_zh=zh[:1000], error_en=en[:1000], error_at=timezone.now())


def note_file(source: int, *, new: int, changed: int, same: int, aside: int) -> None:
    """Count a file that came."""
    _update(
        source,
        last_seen=timezone.now(),
        messages=F("messages") + 1,
        rows_new=F("rows_new") + new,
        rows_changed=F("rows_changed") + changed,
        rows_same=F("rows_same") + same,
        rows_aside=F("rows_aside") + aside,
    )


def _update(source: int, **values: Any) -> None:
    if SourceState.objects.filter(pk=source).update(**values):
        return
    if Source.objects.filter(pk=source).exists():
        SourceState.objects.get_or_create(pk=source)
        SourceState.objects.filter(pk=source).update(**values)


# Messages


def receipt(source: int, key: str) -> Receipt | None:
    """Return what is known of a key."""
    return Receipt.objects.filter(source_id=source, key=key).first()


def keep_receipt(source: int, key: str, *, sha256: str, seq: int, at: datetime) -> None:
    """Note that a message with a key is in the journal; safe to repeat."""
    Receipt.objects.get_or_create(
        source_id=source,
        key=key,
        defaults={"sha256": sha256, "journal_seq": seq, "received_at": at},
    )


@transaction.atomic
def write_down(came: Sequence[Came], *, again: bool) -> None:
    """Keep receipts, rows set aside and counts; safe to repeat but for the counts.

    Parameters
    ----------
    again
        Whether these were taken up again after a stop: they are not counted twice.
    """
    there = set(
        Source.objects.filter(pk__in={one.source for one in came}).values_list("pk", flat=True)
    )
    for one in came:
        if one.source not in there:
            continue
        if one.key:
            keep_receipt(one.source, one.key, sha256=one.sha256, seq=one.seq, at=one.at)
            Receipt.objects.filter(
                source_id=one.source, key=one.key, journal_seq=one.seq, answer__isnull=True
            ).update(answer=one.answer)
        _keep_aside(one)
        if not again:
            note_file(
                one.source,
                new=one.new,
                changed=one.changed,
                same=one.same,
                aside=len(one.aside),
            )


def _keep_aside(one: Came) -> None:
    if not one.aside:
        return
    room = MOST_ASIDE - RowAside.objects.filter(source_id=one.source, released_at=None).count()
    rows = [
        RowAside(source_id=one.source, journal_seq=one.seq, received_at=one.at, **row)
        for row in one.aside[: max(room, 0)]
    ]
    RowAside.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def rows_aside(seq: int) -> set[int]:
    """Return the rows of a message that are set aside and were not released."""
    found = RowAside.objects.filter(journal_seq=seq, released_at=None)
    return set(found.values_list("row", flat=True))


def asides_of(source: int) -> dict[int, set[int]]:
    """Return the rows of a source that are set aside, by message, oldest first."""
    found: dict[int, set[int]] = {}
    rows = RowAside.objects.filter(source_id=source, released_at=None).order_by("journal_seq")
    for seq, row in rows.values_list("journal_seq", "row"):
        found.setdefault(seq, set()).add(row)
    return found


@transaction.atomic
def mark_released(seq: int, rows: Iterable[int], who: str) -> None:
    """Note who let rows of a message into the record."""
    found = RowAside.objects.filter(journal_seq=seq, row__in=list(rows), released_at=None)
    found.update(released_at=timezone.now(), released_by=who)


def open_asides() -> dict[int, int]:
    """Return how many rows of each source are set aside."""
    open_only = Count("asides", filter=Q(asides__released_at=None))
    return dict(Source.objects.annotate(n=open_only).values_list("pk", "n"))


# Remote files


def is_taken(source: int, name: str, size: int, mtime: int) -> bool:
    """Return whether a remote file is in the journal already."""
    return TakenFile.objects.filter(source_id=source, name=name, size=size, mtime=mtime).exists()


def note_taken(source: int, name: str, size: int, mtime: int, sha256: str) -> None:
    """Note that a remote file is in the journal."""
    TakenFile.objects.get_or_create(
        source_id=source, name=name, size=size, mtime=mtime, defaults={"sha256": sha256}
    )
