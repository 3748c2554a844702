"""Loggers with their links as lists ask for them: region, state and page in one query."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from songhua.store.registry.models import Device, LinkState, SitePeriod, User
from songhua.store.registry.rights import stem

PROVINCE = "220000"
STATES = ("unknown", "silent", "late", "online", "never")
"""How a link may stand, those that want a person first."""

FAST = 600
"""Who speaks at least so often sends in real time. [s]"""
LATE = {"fast": 5, "slow": 65, "": 10}
SILENT = {"fast": 10, "slow": 70, "": 70}
"""After how long a logger is late, and silent, by how often it speaks. [min]"""
MOST_SKEW = 300
"""A clock that is further out files hours wrongly before long. [s]"""
MOST_FAULTS = 20
"""[%]"""


LINK = (
    *("address", "pace", "first_seen", "last_seen", "last_data", "skew"),
    *("frames", "values", "set_aside"),
)
"""What is said of a link beside its state."""
COLUMNS = ("mn", "name", "site_id", "edition", "state", "late", "silent", *LINK)


class _Epoch(Func):
    """Seconds since 1970 of an instant, on either database."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "CAST(EXTRACT(EPOCH FROM %(expressions)s) AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, **more)


def is_of_province(user: User) -> bool:
    """Return whether a person sees everything, also what no register holds."""
    return user.covers(PROVINCE)


def devices_of(user: User) -> QuerySet[Device]:
    """Return the active loggers of a person's region."""
    every = Device.objects.filter(active=True)
    if is_of_province(user):
        return every
    if not user.region_id:
        return every.none()
    begin = stem(user.region_id)
    within = Q(city__code__startswith=begin) | Q(county__code__startswith=begin)
    return every.filter(Exists(SitePeriod.objects.filter(within, site=OuterRef("site"))))


def mns_of(user: User) -> frozenset[str] | None:
    """Return the identities that a person may see; None for all."""
    if is_of_province(user):
        return None
    return frozenset(devices_of(user).values_list("mn", flat=True))


def with_state(devices: QuerySet[Device], now: datetime) -> QuerySet[Any]:
    """Return loggers with `state`, `late` and `silent` [min] and the columns of their link."""
    linked = devices.annotate(
        late=Coalesce("late_after", _by_pace(LATE)),
        silent=Coalesce("silent_after", _by_pace(SILENT)),
        quiet=Value(int(now.timestamp()), output_field=BigIntegerField())
        - _Epoch("links__last_seen"),
    )
    state = Case(
        When(quiet__isnull=True, then=Value("never")),
        When(quiet__gt=F("silent") * 60, then=Value("silent")),
        When(quiet__gt=F("late") * 60, then=Value("late")),
        default=Value("online"),
    )
    place = Case(*(When(state=name, then=Value(n)) for n, name in enumerate(STATES)))
    return linked.annotate(state=state).annotate(
        place=place, **{name: F(f"links__{name}") for name in LINK}
    )


def rows(user: User, now: datetime, *, state: str = "", text: str = "") -> QuerySet[Any]:
    """Return the loggers of a person's region, those that want a person first."""
    found = with_state(searched(devices_of(user), text), now)
    if state:
        found = found.filter(state=state)
    return found.order_by("place", "mn").values(*COLUMNS)


def searched(devices: QuerySet[Device], text: str) -> QuerySet[Device]:
    """Return loggers whose identity, name or site holds a text."""
    if not text:
        return devices
    held = Q(mn__icontains=text) | Q(name__icontains=text) | Q(site_id__icontains=text)
    return devices.filter(held)


def counts(user: User, now: datetime, *, text: str = "") -> dict[str, int]:
    """Return how many links stand how."""
    states = with_state(searched(devices_of(user), text), now).order_by().values_list("state")
    return {"unknown": strangers(user, text=text).count(), **dict(states.annotate(Count("mn")))}


def strangers(user: User, *, text: str = "") -> QuerySet[LinkState]:
    """Return identities that speak and that no register holds: for people of the province."""
    if not is_of_province(user):
        return LinkState.objects.none()
    found = LinkState.objects.filter(~Exists(Device.objects.filter(pk=OuterRef("mn"))))
    found = found.order_by("-last_seen")
    return found.filter(mn__icontains=text) if text else found


def _by_pace(minutes: Mapping[str, int]) -> Case:
    return Case(
        When(links__pace__lte=FAST, then=Value(minutes["fast"])),
        When(links__pace__gt=FAST, then=Value(minutes["slow"])),
        default=Value(minutes[""]),
        output_field=IntegerField(),
    )


def one(user: User, mn: str, now: datetime) -> Mapping[str, Any] | None:
    """Return one logger of a person's region as `rows` would, or one that no register holds."""
    found = rows(user, now).filter(mn=mn).first()
    if found is not None:
        return dict(found)
    stranger = strangers(user).filter(mn=mn).values("mn", *LINK).first()
    if stranger is None:
        return None
    nothing = {"name": "", "site_id": None, "edition": None, "state": "unknown"}
    return {**nothing, "late": LATE[""], "silent": SILENT[""], **stranger}
