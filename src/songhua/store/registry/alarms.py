"""Alarms of links on record: raised, closed, acknowledged, shown in groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from songhua.model import BadInput, Raised, Verdict, Watched
from songhua.store.registry import fleet, hours
from songhua.store.registry.models import Alarm, Device, SitePeriod, User

SHARE_OF = timedelta(hours=2)
"""Damaged frames are counted over so long, and the hour under way."""
TOGETHER = timedelta(minutes=5)
"""Loggers of one city that fall silent within so long are one group."""
LEAST_GROUP = 3
MOST_SHOWN = 2000
"""Open alarms that are grouped for a page."""
LONGEST_NOTE = 200


def watched(now: datetime) -> list[Watched]:
    """Return every active logger that was ever heard."""
    devices = fleet.with_state(Device.objects.filter(active=True), now)
    heard = devices.filter(links__last_seen__isnull=False).order_by()
    shares = hours.shares(now.replace(minute=0, second=0, microsecond=0) - SHARE_OF)
    cities = dict(SitePeriod.objects.order_by("valid_from").values_list("site_id", "city_id"))
    rows = heard.annotate(
        allowed_skew=Coalesce("most_skew", fleet.MOST_SKEW),
        allowed_faults=Coalesce("most_faults", fleet.MOST_FAULTS),
        seen=F("links__last_seen"),
        ahead=F("links__skew"),
    ).values_list("mn", "site_id", "seen", "silent", "ahead", "allowed_skew", "allowed_faults")
    return [
        Watched(mn, cities.get(site, ""), seen, silent, skew, most_skew,
                *shares.get(mn, (0, 0)), most_faults)
        for mn, site, seen, silent, skew, most_skew, most_faults in rows
    ]  # fmt: skip


def open_kinds() -> dict[str, frozenset[str]]:
    """Return by identity which alarms are open."""
    found: dict[str, set[str]] = {}
    for mn, kind in Alarm.objects.filter(until=None).order_by().values_list("mn", "kind"):
        found.setdefault(mn, set()).add(kind)
    return {mn: frozenset(kinds) for mn, kinds in found.items()}


@transaction.atomic
def keep(verdict: Verdict, now: datetime) -> None:
    """Write down what begins and what ends."""
    Alarm.objects.bulk_create([_row(one, now) for one in verdict.begin], ignore_conflicts=True)
    for kind in {kind for _, kind in verdict.end}:
        mns = [mn for mn, own in verdict.end if own == kind]
        for begin in range(0, len(mns), _AT_ONCE):
            part = mns[begin : begin + _AT_ONCE]
            Alarm.objects.filter(until=None, kind=kind, mn__in=part).update(until=now)


def _row(one: Raised, now: datetime) -> Alarm:
    return Alarm(
        mn=one.mn, kind=one.kind, city=one.city, since=one.since, raised_at=now,
        value=one.value, limit=one.limit,
    )  # fmt: skip


_AT_ONCE = 500


def of_user(user: User) -> QuerySet[Alarm]:
    """Return the alarms of a person's region."""
    every = Alarm.objects.all()
    if fleet.is_of_province(user):
        return every
    return every.filter(mn__in=fleet.devices_of(user).values("mn"))


def open_alarms(user: User) -> QuerySet[Alarm]:
    """Return the alarms of a person's region that are not over."""
    return of_user(user).filter(until=None)


def waiting(user: User) -> int:
    """Return how many open alarms nobody has acknowledged."""
    return open_alarms(user).filter(acknowledged_at=None).count()


def acknowledge(user: User, ids: Iterable[int], note: str = "") -> int:
    """Note that a person has seen alarms of their region; return how many they were first to.

    Raises
    ------
    BadInput
        If the note is too long.
    """
    if len(note) > LONGEST_NOTE:
        raise BadInput(
            f"说明最多 {LONGEST_NOTE} 个字。", f"A note has {LONGEST_NOTE} characters at most."
        )
    wanted = of_user(user).filter(pk__in=list(ids)[:_AT_ONCE], acknowledged_at=None)
    return wanted.update(
        acknowledged_by=user.get_username(), acknowledged_at=timezone.now(), note=note
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Alarms that are one event, or a single one."""

    alarms: tuple[Any, ...]

    @property
    def first(self) -> Any:
        """The one that began first."""
        return self.alarms[0]

    @property
    def size(self) -> int:
        """How many loggers."""
        return len(self.alarms)

    @property
    def waiting(self) -> bool:
        """Whether one of them is not acknowledged."""
        return any(one.acknowledged_at is None for one in self.alarms)


def grouped(alarms: Sequence[Any] | QuerySet[Alarm]) -> list[Group]:
    """Return alarms with those of one city that fell silent together as one, newest first."""
    groups: list[list[Any]] = []
    running: dict[str, list[Any]] = {}
    for one in sorted(alarms, key=lambda one: (one.raised_at, one.mn)):
        run = running.get(one.city) if one.kind == "silent" and one.city else None
        if run is not None and one.raised_at - run[-1].raised_at <= TOGETHER:
            run.append(one)
            continue
        run = [one]
        groups.append(run)
        if one.kind == "silent" and one.city:
            running[one.city] = run
    told: list[Group] = []
    for run in groups:
        if len(run) >= LEAST_GROUP:
            told.append(Group(tuple(run)))
        else:
            told += [Group((one,)) for one in run]
    told.sort(key=lambda group: (group.waiting, group.first.raised_at), reverse=True)
    return told
