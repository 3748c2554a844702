"""Who may ask which logger for what, and how a request and a gap are told."""

import re
from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from songhua.api import ports
from songhua.api.v1.security import NotAllowed
from songhua.ingest.hj212.commands import changes_device
from songhua.model import BadInput, UnknownName
from songhua.standards.hj212 import Command as Kind
from songhua.standards.hj212 import command_of, execution_returns, request_returns
from songhua.store.registry import fleet
from songhua.store.registry.models import Command, Device, Gap, Site, User
from songhua.store.registry.rights import Action

PROVINCE = "220000"
CAMERA = {"photo": ("现场照片", "photo of the place"), "video": ("现场视频", "video of the place")}
"""Requests to the camera beside a logger."""
OPEN = ("waiting", "under_way")
MOST_FIELDS, LONGEST_VALUE, LONGEST_WHY = 30, 1000, 500
_FIELD = re.compile(r"[A-Za-z0-9-]{1,40}")


def covers_site(user: User, site: Site) -> bool:
    """Return whether a site lies within a person's region."""
    return user.covers(PROVINCE) or any(user.covers(one.city_id) for one in site.periods.all())


def logger_named(user: User, mn: str) -> Device:
    """Return a logger of the person's region, or raise `UnknownName`."""
    device = Device.objects.filter(mn=mn, active=True).select_related("site").first()
    if device is None or not (
        user.covers(PROVINCE) or (device.site and covers_site(user, device.site))
    ):
        raise UnknownName("数采仪", "logger", mn[:40])
    return device


def requests_of(user: User) -> QuerySet[Command]:
    """Return the requests to the loggers of a person's region, newest first."""
    every = Command.objects.all()
    if user.covers(PROVINCE):
        return every
    return every.filter(mn__in=fleet.devices_of(user).values("mn"))


def gaps_of(user: User) -> QuerySet[Gap]:
    """Return the gaps of the sites of a person's region, newest first."""
    every = Gap.objects.all()
    if user.covers(PROVINCE):
        return every
    return every.filter(site__in=fleet.devices_of(user).values("site"))


def request_numbered(user: User, number: int) -> Command:
    """Return a request, or raise `UnknownName`."""
    found = requests_of(user).filter(pk=number).first() if _is_number(number) else None
    if found is None:
        raise UnknownName("请求", "request", str(number)[:40])
    return found


def gap_numbered(user: User, number: int) -> Gap:
    """Return a gap, or raise `UnknownName`."""
    found = gaps_of(user).filter(pk=number).first() if _is_number(number) else None
    if found is None:
        raise UnknownName("缺数", "gap", str(number)[:40])
    return found


def check_request(user: User, device: Device, cn: str, values: Mapping[str, str], why: str) -> Kind:
    """Return the command, when the person may send it and says why.

    Raises
    ------
    NotAllowed
        If it changes the logger and the person may only ask.
    BadInput
        If no reason is given for a change, or something is too long.
    """
    kind = command_of(cn, direction="down", edition=device.edition)
    if changes_device(kind) and not user.may(Action.MANAGE):
        raise NotAllowed(
            "这个命令会改变现场设备，需要系统管理员。",
            "This command changes the device in the field: an administrator must send it.",
        )
    if changes_device(kind) and not why.strip():
        raise BadInput("会改变设备的命令要写明缘由。", "Say why the device is to be changed.")
    is_small = len(values) <= MOST_FIELDS and len(why) <= LONGEST_WHY
    if not is_small or any(
        not _FIELD.fullmatch(name) or len(value) > LONGEST_VALUE for name, value in values.items()
    ):
        raise BadInput("参数或缘由太长。", "The fields or the reason are too long.")
    return kind


def send(user: User, device: Device, cn: str, values: Mapping[str, str], why: str) -> int:
    """Send a request for a person; return its number."""
    check_request(user, device, cn, values, why)
    return ports.platform().request(
        device.mn, cn, values, author=user.get_username(), why=why.strip()
    )


def name_of(command: Command, edition: int = 2017) -> tuple[str, str]:
    """Return what a request is called, Chinese and English."""
    if command.cn in CAMERA:
        return CAMERA[command.cn]
    try:
        kind = command_of(command.cn, direction="down", edition=edition)
    except UnknownName:
        return command.cn, command.cn
    return kind.name_zh, kind.name_en


def code_words(code: int | None, what: str) -> tuple[str, str]:
    """Return what a code of QnRtn (`answered`) or ExeRtn (`result`) means."""
    tables = {"answered": request_returns, "result": execution_returns}
    found = tables[what]().get(code) if code is not None and what in tables else None
    return (found.meaning_zh, found.meaning_en) if found else ("", "")


def told_request(command: Command) -> dict[str, Any]:
    """Return a request as the API tells it; secrets were never kept with it."""
    zh, en = name_of(command)
    return {
        "id": command.pk,
        "mn": command.mn,
        "cn": command.cn,
        "name": {"zh": zh, "en": en},
        "values": command.values,
        "qn": command.qn,
        "journal": command.journal_seq,
        "author": command.author,
        "why": command.why,
        "asked_at": command.asked_at,
        "ended_at": command.ended_at,
        "state": command.state,
        "code": command.code,
        "data": command.data,
        "steps": [_told_step(step) for step in command.steps],
    }


def told_gap(gap: Gap) -> dict[str, Any]:
    """Return a gap as the API tells it."""
    return {
        "id": gap.pk,
        "site": gap.site_id,
        "mn": gap.mn,
        "quantities": gap.quantities.split(),
        "first": gap.first,
        "last": gap.last,
        "found_at": gap.found_at,
        "state": gap.state,
        "tries": gap.tries,
        "asked_at": gap.asked_at,
        "ended_at": gap.ended_at,
        "reason": gap.reason,
        "explanation": gap.explanation,
        "author": gap.author,
    }


def _told_step(step: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = code_words(step.get("code"), str(step.get("what", "")))
    return {**step, "zh": zh, "en": en} if zh else dict(step)


def _is_number(number: int) -> bool:
    return 0 < number < 1 << 63
