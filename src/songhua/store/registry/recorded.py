"""What the record shows: acts within a person's region, and the changes that each brought."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from songhua.model import BEIJING
from songhua.store.registry.models import Act, Change, Influence, SitePeriod, User
from songhua.store.registry.protected import PROTECTED
from songhua.store.registry.rights import stem

_MACHINE = ("found", "schema")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader of the record looks for; empty is everything."""

    who: str = ""
    kind: str = ""
    site: str = ""
    first: date | None = None
    last: date | None = None


def acts_of(user: User, wanted: Wanted) -> QuerySet[Act]:
    """Return the acts within a person's region, newest first."""
    found = Act.objects.filter(_within(user))
    if wanted.who:
        found = found.filter(who=wanted.who)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.site:
        found = found.filter(site=wanted.site)
    if wanted.first is not None:
        found = found.filter(at__gte=datetime.combine(wanted.first, time(), BEIJING))
    if wanted.last is not None:
        end = datetime.combine(wanted.last, time(), BEIJING) + timedelta(days=1)
        found = found.filter(at__lt=end)
    return found


def influences_of(user: User) -> QuerySet[Influence]:
    """Return the reports of influence within a person's region, newest first."""
    return Influence.objects.filter(_within(user))


def _within(user: User) -> Q:
    if user.is_of_province:
        return Q()
    return Q(region__startswith=stem(user.region_id or "-")) & ~Q(region="")


def region_of(site: str, user: User) -> str:
    """Return the region that a report belongs to: that of its site, else that of the person."""
    periods = SitePeriod.objects.filter(site_id=site).order_by("-valid_from")
    city = periods.values_list("city_id", flat=True).first() if site else None
    return str(city or user.region_id or "")


def files_of(report: Influence) -> list[dict[str, Any]]:
    """Return name, size, sha256 and journal number of each attachment."""
    found: list[dict[str, Any]] = json.loads(report.files) if report.files else []
    return found


@dataclass(frozen=True, slots=True)
class Turned:
    """One column of a row, before and after. Names in Chinese as the register has them."""

    name: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that was added, changed or removed."""

    change: Change
    table: str
    columns: list[Turned]


def changes_of(act: Act, most: int = 200) -> list[RowChange]:
    """Return the rows that an act changed."""
    if not act.token:
        return []
    return [told(change) for change in Change.objects.filter(token=act.token)[:most]]


def unclaimed() -> QuerySet[Change]:
    """Return changes that belong to no act, newest first: by commands, the machine, nobody."""
    claimed = Act.objects.exclude(token="").values("token")
    found = Change.objects.exclude(op__in=_MACHINE).exclude(token__in=claimed)
    return found.order_by("-id")


def told(change: Change) -> RowChange:
    """Return a change with its columns side by side."""
    before, after = _row(change.before), _row(change.after)
    model = _MODELS.get(change.table)
    names = {} if model is None else {
        field.column: str(field.verbose_name) for field in model._meta.concrete_fields  # noqa: SLF001
    }  # fmt: skip
    columns = [
        Turned(names.get(name, name), name, _text(before, name), _text(after, name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    title = change.table if model is None else str(model._meta.verbose_name)  # noqa: SLF001
    return RowChange(change, title, columns)


def _row(text: str | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text) if text else {}
    return found


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


_MODELS = {model._meta.db_table: model for model in PROTECTED}  # noqa: SLF001
