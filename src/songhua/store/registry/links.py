"""What the gateway reads from the registry and writes into it; never a query a frame."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from songhua.model import BadInput
from songhua.store.registry.models import Cursor, Device, LinkState, SetAside, Site

MOST_SET_ASIDE = 100_000
"""Frames shown as set aside; beyond, the oldest are only in the journal."""


@dataclass(frozen=True, slots=True)
class KnownDevice:
    """A logger as the register holds it."""

    mn: str
    site: str
    edition: int
    password: str
    addresses: tuple[str, ...]
    dialect: Mapping[str, Any]


@dataclass(slots=True)
class LinkCount:
    """What a link did since it was last written down."""

    address: str
    first_seen: datetime
    last_seen: datetime
    last_data: datetime | None = None
    skew: float | None = None
    frames: int = 0
    values: int = 0
    set_aside: int = 0


def known_devices() -> dict[str, KnownDevice]:
    """Return every active logger by its identity."""
    rows = Device.objects.filter(active=True).values_list(
        "mn", "site_id", "edition", "password", "addresses", "dialect"
    )
    return {
        mn: KnownDevice(mn, site or "", edition, password, tuple(addresses.split()), dialect)
        for mn, site, edition, password, addresses, dialect in rows
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
    former = {state.mn: state for state in LinkState.objects.filter(mn__in=list(counts))}
    states = [_added(former.get(mn), mn, count) for mn, count in counts.items()]
    LinkState.objects.bulk_create(
        states,
        update_conflicts=True,
        unique_fields=["mn"],
        update_fields=[
            "address",
            "last_seen",
            "last_data",
            "skew",
            "frames",
            "values",
            "set_aside",
        ],
    )
    Cursor.objects.update_or_create(name=reader, defaults={"seq": seq})


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


def mark_released(aside_id: int, who: str) -> None:
    """Note who let a frame into the record."""
    SetAside.objects.filter(pk=aside_id).update(released_at=timezone.now(), released_by=who)


def _added(former: LinkState | None, mn: str, count: LinkCount) -> LinkState:
    state = former or LinkState(mn=mn, first_seen=count.first_seen)
    state.address, state.last_seen = count.address, count.last_seen
    if count.last_data is not None:
        state.last_data = max(count.last_data, state.last_data or count.last_data)
    if count.skew is not None:
        state.skew = count.skew
    state.frames += count.frames
    state.values += count.values
    state.set_aside += count.set_aside
    return state
