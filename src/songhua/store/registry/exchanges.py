"""Requests to the field and gaps of its data, as the registry keeps them."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from songhua.model import BadInput, MissingHours
from songhua.store.registry.keys import opened, sealed
from songhua.store.registry.models import Device, LinkState
from songhua.store.registry.twoway import GAP_REASONS, Command, Gap

_SECRET = ("NewPW", "NewSK")
_LOOK_EVERY = 0.1
_OPEN = ("waiting", "under_way")


def add_command(
    mn: str, cn: str, values: Mapping[str, str], *, qn: str, seq: int, author: str, why: str
) -> int:
    """Register a request that is in the journal; return its number. Secrets are not shown."""
    shown = {name: "***" if name in _SECRET else value for name, value in values.items()}
    made = Command.objects.create(
        mn=mn,
        cn=cn,
        values=shown,
        qn=qn,
        journal_seq=seq,
        author=author[:150],
        why=why,
        asked_at=timezone.now(),
    )
    return int(made.pk)


def keep_steps(
    command_id: int, steps: Sequence[Mapping[str, Any]], *, state: str, code: int | None, data: int
) -> None:
    """Keep what has happened to a request so far."""
    ended = None if state in _OPEN else timezone.now()
    Command.objects.filter(pk=command_id).update(
        steps=list(steps), state=state, code=code, data=data, ended_at=ended
    )


def wait_for(command_id: int, *, seconds: float) -> dict[str, Any]:
    """Return how a request stands once it has ended, or when time is up.

    Returns
    -------
    dict
        number, state, state_zh, code, data (frames), steps.
    """
    end = time.monotonic() + seconds
    while True:
        command = Command.objects.get(pk=command_id)
        if command.ended_at is not None or time.monotonic() > end:
            return {
                "number": command.pk,
                "state": command.state,
                "state_zh": command.get_state_display(),
                "code": command.code,
                "data": command.data,
                "steps": command.steps,
            }
        time.sleep(_LOOK_EVERY)


def interrupt_commands() -> int:
    """Note that a stop of the platform ended what was under way; return how many."""
    return Command.objects.filter(state__in=_OPEN).update(
        state="interrupted", ended_at=timezone.now()
    )


def set_password(mn: str, password: str) -> None:
    """Register the password that a device has taken."""
    Device.objects.filter(mn=mn).update(password=password)


def add_key(mn: str, key: bytes, *, is_current: bool) -> None:
    """Keep an SM4 key of a device: the one it has now, or one that it may have taken."""
    device = Device.objects.filter(mn=mn).first()
    if device is None:
        return
    others = [one for one in opened(device.sm4_keys) if one != key]
    device.sm4_keys = sealed([key, *others] if is_current else [*others, key])
    device.save(update_fields=["sm4_keys"])


@transaction.atomic
def rename_device(mn: str, new: str) -> None:
    """Register a device under the identity that it has taken; the former speaks no more."""
    device = Device.objects.filter(mn=mn).first()
    if device is None or Device.objects.filter(mn=new).exists():
        return
    Device.objects.filter(mn=mn).update(active=False)
    device.mn, device.note = new, f"{device.note}\n曾用 MN {mn}".strip()
    device.save(force_insert=True)


# Gaps


def expected_since() -> dict[str, tuple[str, datetime]]:
    """Return site → identity of its logger and since when it speaks, of loggers in use."""
    seen = dict(LinkState.objects.values_list("mn", "first_seen"))
    rows = Device.objects.filter(active=True).exclude(site=None).values_list("site_id", "mn")
    return {site: (mn, seen[mn]) for site, mn in rows if mn in seen}


@transaction.atomic
def keep_gaps(
    missing: Iterable[MissingHours], *, loggers: Mapping[str, str], since: datetime
) -> tuple[int, int]:
    """Bring the gaps that are open in line with what is missing now.

    A gap keeps its history while it shrinks or grows; one of which nothing is missing any more is
    closed. What was explained, or what the field has no data for, is not opened again.

    Parameters
    ----------
    missing
        What is missing from `since` on.
    loggers
        Site → identity.

    Returns
    -------
    tuple
        How many were found new, and how many closed.
    """
    now = timezone.now()
    known = list(Gap.objects.filter(last__gte=since).order_by("first"))
    left = {gap.pk: gap for gap in known if gap.state == "open"}
    new = 0
    for one in missing:
        settled = [g for g in known if g.state in ("nothing", "explained") and _covers(g, one)]
        if settled:
            continue
        gap = next((g for g in left.values() if _is_same(g, one)), None)
        if gap is None:
            Gap.objects.create(
                site_id=one.site,
                mn=loggers[one.site],
                quantities=" ".join(one.quantities),
                first=one.first,
                last=one.last,
                found_at=now,
            )
            new += 1
            continue
        del left[gap.pk]
        if (gap.first, gap.last) != (one.first, one.last):
            gap.first, gap.last = one.first, one.last
            gap.save(update_fields=["first", "last"])
    Gap.objects.filter(pk__in=list(left)).update(state="closed", ended_at=now)
    return new, len(left)


def explain_gap(gap_id: int, words: str, author: str, *, reason: str = "other") -> None:
    """Note why the data of a gap will not come.

    Parameters
    ----------
    reason
        One of `GAP_REASONS`; what is ``other`` needs words.

    Raises
    ------
    BadInput
        If there is no such open gap, or nothing is said.
    """
    if reason not in dict(GAP_REASONS):
        raise BadInput("没有这种原因。", "There is no such reason.")
    if reason == "other" and not words.strip():
        raise BadInput("请写明原因。", "Say why.")
    changed = Gap.objects.filter(pk=gap_id, state__in=("open", "nothing")).update(
        state="explained",
        reason=reason,
        explanation=words.strip()[:1000],
        author=author[:150],
        ended_at=timezone.now(),
    )
    if not changed:
        raise BadInput("没有这个缺数时段，或已结束。", "No such gap, or it has ended.")


def open_gaps() -> list[Gap]:
    """Return the gaps that are open, newest first: what a map shows comes before what is old."""
    return list(Gap.objects.filter(state="open").order_by("-last"))


def gap_named(gap_id: int) -> Gap | None:
    """Return a gap that may still be filled: open, explained or said to be nothing."""
    return Gap.objects.filter(pk=gap_id).exclude(state="closed").first()


def oldest_open_gap() -> datetime | None:
    """Return the first hour of the oldest gap that is open."""
    return (
        Gap.objects.filter(state="open").order_by("first").values_list("first", flat=True).first()
    )


def note_asked(gap_id: int, command_id: int, *, is_new_try: bool) -> None:
    """Note that a gap, or a part of it, was asked for."""
    gap = Gap.objects.get(pk=gap_id)
    gap.tries += is_new_try
    gap.asked_at = timezone.now()
    gap.save(update_fields=["tries", "asked_at"])
    gap.commands.add(command_id)


def note_nothing(gap_id: int) -> None:
    """Note that the field says it has no such data."""
    Gap.objects.filter(pk=gap_id, state="open").update(
        state="nothing",
        explanation="数采仪回答：没有数据 (ExeRtn=100)。",
        ended_at=timezone.now(),
    )


def _covers(gap: Gap, one: MissingHours) -> bool:
    return (
        gap.site_id == one.site
        and gap.first <= one.first
        and gap.last >= one.last
        and (not gap.quantities or set(one.quantities) <= set(gap.quantities.split()))
        and bool(one.quantities or not gap.quantities)
    )


def _is_same(gap: Gap, one: MissingHours) -> bool:
    return (
        gap.site_id == one.site
        and gap.quantities == " ".join(one.quantities)
        and gap.first <= one.last
        and gap.last >= one.first
    )
