"""What forwarding reads from the registry and writes into it; never a query a frame."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from songhua.store.registry.models import Device, SetAside, SitePeriod
from songhua.store.registry.rights import covers
from songhua.store.registry.upstreams import Unsent, Upstream, UpstreamState

_OF_VALUES = (
    "unknown_factor",
    "not_a_number",
    "no_value",
    "impossible_value",
    "wrong_unit",
    "conflict",
)
"""Reasons of single values: the frame itself was taken in."""


def active_upstreams() -> dict[int, Upstream]:
    """Return the upstreams that are to receive."""
    return {one.pk: one for one in Upstream.objects.filter(active=True)}


def state_of(upstream: Upstream, *, begin_at: int) -> UpstreamState:
    """Return how far an upstream has received; from an entry on where it never began."""
    found, _made = UpstreamState.objects.get_or_create(
        upstream=upstream, defaults={"seq": begin_at, "place": 0}
    )
    return found


def chosen_loggers(upstream: Upstream) -> frozenset[str]:
    """Return the identities whose frames go to an upstream: registered, active, with a site."""
    found = Device.objects.filter(active=True, site__isnull=False)
    if mns := upstream.mns.split():
        found = found.filter(mn__in=mns)
    if sites := upstream.sites.split():
        found = found.filter(site__in=sites)
    rows = found.values_list("mn", "site_id")
    if upstream.region:
        periods = SitePeriod.objects.values_list("site_id", "city_id")
        within = {site for site, city in periods if covers(upstream.region, city)}
        return frozenset(mn for mn, site in rows if site in within)
    return frozenset(mn for mn, _site in rows)


def places_not_taken(first: int, last: int) -> frozenset[tuple[int, int]]:
    """Return where, among entries, frames lie that were set aside as a whole."""
    rows = SetAside.objects.filter(journal_seq__range=(first, last)).exclude(reason__in=_OF_VALUES)
    return frozenset(rows.values_list("journal_seq", "place"))


def refused_reasons(mn: str) -> frozenset[str]:
    """Return for which reasons frames of an identity were ever set aside."""
    return frozenset(SetAside.objects.filter(mn=mn).values_list("reason", flat=True).distinct())


@transaction.atomic
def note(
    upstream: int, values: Mapping[str, Any], unsent: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write down how far an upstream has received, and what it did not take."""
    Unsent.objects.bulk_create(
        [Unsent(upstream_id=upstream, at=datetime.now(UTC), **row) for row in unsent],
        ignore_conflicts=True,
    )
    UpstreamState.objects.filter(pk=upstream).update(noted_at=datetime.now(UTC), **values)


def set_active(upstream: int, *, active: bool) -> None:
    """Pause forwarding to an upstream, or let it go on."""
    Upstream.objects.filter(pk=upstream).update(active=active)
