"""The tables whose every change is on record, and the rows as the record shows them.

A row is written down by the database itself, as JSON text, so that what is compared later is what
the database holds and not what a program made of it. Of secrets only a keyed digest is written.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import models

from songhua.store.registry.casework import (
    Case,
    CaseDecision,
    CaseDocument,
    CaseEvent,
    CaseLead,
    CasePerson,
    FraudRun,
    Lead,
)
from songhua.store.registry.checking import CheckRule
from songhua.store.registry.doors import Source
from songhua.store.registry.lab import (
    Batch,
    BatchRow,
    Certificate,
    CustodyStep,
    Instrument,
    Result,
    Sample,
    Signature,
)
from songhua.store.registry.models import (
    Correction,
    Device,
    DustPeriod,
    ExceptionalEvent,
    ImportFile,
    Quantity,
    Region,
    Site,
    SiteAlias,
    SitePeriod,
    User,
)
from songhua.store.registry.record import Act, Change, Influence
from songhua.store.registry.reviewing import ReviewAct, ReviewDay, ReviewTouch
from songhua.store.registry.twoway import Command
from songhua.store.registry.upstreams import Upstream

PROTECTED: tuple[type[models.Model], ...] = (
    *(User, User.groups.through, User.user_permissions.through, Region, Quantity),
    *(Site, SitePeriod, SiteAlias, Device, DustPeriod, ExceptionalEvent, Source, Upstream),
    *(ImportFile, Correction, Command, ReviewAct, ReviewTouch, ReviewDay),
    *(Instrument, Certificate, Sample, CustodyStep, Batch, BatchRow, Result, Signature),
    CheckRule,
    *(FraudRun, Lead, Case, CaseLead, CasePerson, CaseDocument, CaseDecision, CaseEvent),
)
GROWING: tuple[type[models.Model], ...] = (Act, Influence, Change)
"""Tables of which no row is ever changed or removed."""

_SECRET = {"registry_user": ("password",), "registry_device": ("password", "sm4_keys")}
_LEFT_OUT = {
    "registry_user": ("last_login",),
    "registry_lead": ("last_found_at", "times", "run_id"),
}
"""What the platform itself writes day after day, and nobody decides."""


@dataclass(frozen=True, slots=True)
class Table:
    """A protected table: its name, its key, and how its columns are written down."""

    name: str
    key: str
    plain: tuple[str, ...]
    real: tuple[str, ...]
    secret: tuple[str, ...]


def tables() -> list[Table]:
    """Return the protected tables."""
    return [_table(model) for model in PROTECTED]


def _table(model: type[models.Model]) -> Table:
    name = model._meta.db_table  # noqa: SLF001 - Django's public name for it
    key = str(model._meta.pk.column)  # noqa: SLF001
    secret, left_out = _SECRET.get(name, ()), _LEFT_OUT.get(name, ())
    plain: list[str] = []
    real: list[str] = []
    for field in model._meta.concrete_fields:  # noqa: SLF001
        if field.column in (*secret, *left_out):
            continue
        is_real = isinstance(field, models.FloatField | models.DecimalField)
        (real if is_real else plain).append(str(field.column))
    return Table(name, key, tuple(plain), tuple(real), secret)


def growing() -> list[str]:
    """Return the tables that only grow."""
    return [model._meta.db_table for model in GROWING]  # noqa: SLF001


def salt() -> str:
    """Return what digests of secrets are keyed with."""
    return hashlib.sha256(b"songhua record " + settings.SECRET_KEY.encode()).hexdigest()


def digest(value: object) -> str | None:
    """Return the keyed digest of a secret; none of none."""
    if value is None:
        return None
    raw = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    return hmac.new(salt().encode(), raw, "sha256").hexdigest()


def row_text(table: Table, row: str, vendor: str) -> str:
    """Return the SQL that writes a row (``NEW``, ``OLD`` or an alias) down as text."""
    if vendor == "sqlite":
        pairs = [f"'{name}', {row}.\"{name}\"" for name in table.plain]
        pairs += [f"'{name}', quote({row}.\"{name}\")" for name in table.real]
        pairs += [f"'{name}', songhua_digest({row}.\"{name}\")" for name in table.secret]
        return f"json_object({', '.join(pairs)})"
    named = [f"'{name}', {row}.\"{name}\"" for name in (*table.plain, *table.real)]
    named += [f"'{name}', {_postgres_digest(row, name)}" for name in table.secret]
    parts = [named[begin : begin + 40] for begin in range(0, len(named), 40)]
    built = " || ".join(f"jsonb_build_object({', '.join(part)})" for part in parts)
    return f"({built})::text"


def _postgres_digest(row: str, name: str) -> str:
    value = f"current_setting('songhua.salt', true) || {row}.\"{name}\""
    return f"encode(sha256(convert_to({value}, 'UTF8')), 'hex')"


def stamp(table: Table, vendor: str) -> str:
    """Return what changes whenever rows of a table are written down otherwise."""
    return hashlib.sha256(row_text(table, "x", vendor).encode()).hexdigest()


def columns(table: Table) -> Sequence[str]:
    """Return every column that is written down."""
    return (*table.plain, *table.real, *table.secret)
