"""What the gateway reads from the registry and writes into it; never a query a frame."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection, transaction
from django.utils import timezone

from songhua.model import BadInput, KnownDevice, LinkCount
from songhua.store.registry.hours import write_hours
from songhua.store.registry.keys import opened
from songhua.store.registry.models import Cursor, Device, SetAside, Site, User

MOST_SET_ASIDE = 100_000
"""Frames shown as set aside; beyond, the oldest are only in the journal."""


def camera_of(mn: str) -> tuple[str, str]:
    """Return where the camera beside a logger shows its photo, and what names its header."""
    found = Device.objects.filter(mn=mn).values_list("camera", "camera_header").first()
    return found or ("", "")


def known_devices(mn: str | None = None) -> dict[str, KnownDevice]:
    """Return every active logger by its identity, or that of one identity."""
    chosen = Device.objects.filter(active=True)
    if mn is not None:
        chosen = chosen.filter(mn=mn)
    rows = chosen.values_list(
        "mn", "site_id", "edition", "password", "addresses", "dialect", "sm4_keys"
    )
    return {
        mn: KnownDevice(
            mn, site or "", edition, password, tuple(addresses.split()), dialect, opened(keys)
        )
        for mn, site, edition, password, addresses, dialect, keys in rows
    }


def register_devices(rows: Iterable[Mapping[str, Any]]) -> int:
    """Register loggers that no register holds yet; return how many are asked for."""
    made = [Device(**row) for row in rows]
    Device.objects.bulk_create(made, ignore_conflicts=True)
    return len(made)


def load_devices(path: Path) -> int:
    """Register the loggers of a CSV file; return how many it names.

    Parameters
    ----------
    path
        Columns ``mn``, ``name`` and optionally ``site``, ``edition``, ``password``,
        ``addresses``.

    Raises
    ------
    BadInput
        If a column is missing, an identity is empty or a site is not registered.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    sites = set(Site.objects.values_list("key", flat=True))
    made = []
    for number, row in enumerate(rows, start=2):
        mn, site = (row.get("mn") or "").strip(), (row.get("site") or "").strip()
        if not mn or (site and site not in sites):
            raise BadInput(
                f"第 {number} 行：{f'点位 {site} 未登记' if mn else '没有 mn'}。",
                f"Line {number}: {f'site {site} is not registered' if mn else 'no mn'}.",
            )
        made.append(
            {
                "mn": mn,
                "name": row.get("name") or mn,
                "site_id": site or None,
                "edition": int(row.get("edition") or 2017),
                "password": row.get("password") or "",
                "addresses": row.get("addresses") or "",
            }
        )
    return register_devices(made)


@transaction.atomic
def write_down(
    seq: int, counts: Mapping[str, LinkCount], aside: Sequence[Mapping[str, Any]], *, reader: str
) -> None:
    """Keep how the links stand, what was set aside, and how far the journal was read.

    Safe to repeat but for the counts, which may count again what a stop interrupted.
    """
    SetAside.objects.bulk_create([SetAside(**row) for row in aside], ignore_conflicts=True)
    at = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:  # thousands of links in a moment: too many for models
        cursor.executemany(
            _ADD,
            [
                (
                    *(mn, one.address, at(one.first_seen), at(one.last_seen), at(one.last_data)),
                    *(one.skew, one.frames, one.values, one.set_aside),
                )
                for mn, one in counts.items()
            ],
        )
    write_hours(counts)
    Cursor.objects.update_or_create(name=reader, defaults={"seq": seq})


_ADD = """
    INSERT INTO registry_linkstate AS known
        (mn, address, first_seen, last_seen, last_data, skew, frames, "values", set_aside)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (mn) DO UPDATE SET
        address = excluded.address,
        last_seen = excluded.last_seen,
        last_data = CASE
            WHEN known.last_data IS NULL OR excluded.last_data > known.last_data
            THEN excluded.last_data ELSE known.last_data END,
        skew = COALESCE(excluded.skew, known.skew),
        frames = known.frames + excluded.frames,
        "values" = known."values" + excluded."values",
        set_aside = known.set_aside + excluded.set_aside
"""


def dialect_settings(mn: str) -> dict[str, Any]:
    """Return how a logger departs from the standard.

    Raises
    ------
    BadInput
        If no such logger is registered.
    """
    found = Device.objects.filter(pk=mn).values_list("dialect", flat=True).first()
    if found is None:
        raise BadInput(f"没有登记这台数采仪：{mn[:40]}。", f"No such logger: {mn[:40]}.")
    return dict(found)


@transaction.atomic
def adopt_dialect(mn: str, settings: Mapping[str, Any], who: str) -> None:
    """Write a dialect that a person confirmed into the register, and into its log."""
    device = Device.objects.get(pk=mn)
    device.dialect = dict(settings)
    device.save(update_fields=["dialect"])
    note_change(device, f"采用方言 {json.dumps(dict(settings), ensure_ascii=False)}", who)


def note_change(device: Device, words: str, who: str) -> None:
    """Write into the log of the register what a person changed outside its own pages."""
    person = User.objects.filter(username=who).first()
    if person is not None:
        LogEntry.objects.log_actions(
            person.pk, [device], CHANGE, change_message=words, single_object=True
        )


def read_to(reader: str) -> int:
    """Return how far a reader of the journal has come; 0 when it never began."""
    return Cursor.objects.filter(name=reader).values_list("seq", flat=True).first() or 0


def aside(aside_id: int, *, released: bool = False) -> tuple[int, int] | None:
    """Return journal number and place of a frame that is set aside; None where there is none.

    Parameters
    ----------
    released
        Whether one that was released meanwhile is wanted too.
    """
    found = SetAside.objects.filter(pk=aside_id)
    if not released:
        found = found.filter(released_at=None)
    return found.values_list("journal_seq", "place").first()


def parts_aside(aside_id: int) -> list[tuple[int, int]]:
    """Return where a frame that is set aside lies, and the other parts of its message.

    Empty where it is not set aside, or no more.
    """
    row = SetAside.objects.filter(pk=aside_id, released_at=None).first()
    if row is None:
        return []
    places = {(row.journal_seq, row.place)}
    if _PART in row.raw:
        near = (row.received_at - _NEAR, row.received_at + _NEAR)
        others = SetAside.objects.filter(
            mn=row.mn, cn=row.cn, released_at=None, received_at__range=near, raw__contains=_PART
        )
        places |= set(others.values_list("journal_seq", "place"))
    return sorted(places)


def places_aside(mn: str, *, most: int) -> list[tuple[int, int]]:
    """Return where the frames of an identity lie that are set aside, oldest first."""
    rows = SetAside.objects.filter(mn=mn, released_at=None).order_by("journal_seq", "place")
    return list(rows.values_list("journal_seq", "place").distinct()[:most])


def mark_released(places: Iterable[tuple[int, int]], who: str) -> None:
    """Note who let frames into the record."""
    now = timezone.now()
    with transaction.atomic():
        for seq, place in places:
            rows = SetAside.objects.filter(journal_seq=seq, place=place, released_at=None)
            rows.update(released_at=now, released_by=who)


_PART = "PNUM="
_NEAR = timedelta(minutes=2)
"""Parts of one message come within a minute of each other."""
