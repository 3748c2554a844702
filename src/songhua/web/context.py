"""What every page is given: rooms, look, and the edition in force."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from songhua.api import ports
from songhua.model import BEIJING, NoRuleInForce
from songhua.standards import aqi_rule
from songhua.store.registry.alarms import waiting
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action

_Rooms = tuple[tuple[str, object], ...]
_ROOMS: tuple[tuple[object, _Rooms], ...] = (
    ("", (("/", _("一张图")), ("/stations/", _("站点")), ("/cities/", _("城市")))),
    (
        _("数据工作"),
        (
            ("/review/", _("审核")),
            ("/verdicts/", _("数据检查")),
            ("/imports/", _("导入")),
            ("/links/", _("链路")),
            ("/capture/", _("捕获率")),
            ("/lab/", _("实验室")),
        ),
    ),
    (
        _("监督"),
        (("/notices/", _("更正公告")), ("/cases/", _("案件")), ("/record/", _("留痕"))),
    ),
    ("", (("/law/", _("法规")), ("/admin/", _("管理")))),
)
"""Rooms in the bar, some of them in a menu with a name; a menu of one room is that room."""
_NEEDS = {
    "/review/": Action.SEE_IMPORTS,
    "/verdicts/": Action.SEE_IMPORTS,
    "/lab/": Action.SAMPLE,
    "/cases/": Action.INVESTIGATE,
    "/record/": Action.SEE_RECORD,
}
"""What a person must be allowed to do for a room to be shown."""
THEMES = ("auto", "light", "dark")
SCALES = ("official", "safe")


def page(request: HttpRequest) -> Mapping[str, Any]:
    """Return the variables that `base.html` needs; a view's own values win over these."""
    return {
        "rooms": _rooms(request),
        "theme": _choice(request, "theme", THEMES),
        "scale": _choice(request, "scale", SCALES),
        "who": _who(request),
        "edition": _edition_today(),
        "playback": ports.playback(),
        "open_reading": settings.SONGHUA_OPEN_READING,
    }


def _rooms(request: HttpRequest) -> list[dict[str, Any]]:
    """Return what the bar shows: rooms, and menus of rooms under ``rooms``."""
    shown: list[dict[str, Any]] = []
    for menu, members in _ROOMS:
        rooms = [_room(request, path, name) for path, name in members if _is_shown(request, path)]
        if menu and len(rooms) > 1:
            here = next((room for room in rooms if room["here"]), None)
            alarms = sum(room["alarms"] for room in rooms)
            shown.append({"name": menu, "rooms": rooms, "here": here, "alarms": alarms})
        else:
            shown += rooms
    return shown


def _room(request: HttpRequest, path: str, name: object) -> dict[str, Any]:
    here = request.path == path if path == "/" else request.path.startswith(path)
    return {"path": path, "name": name, "here": here, "alarms": _alarms(request, path)}


def _alarms(request: HttpRequest, path: str) -> int:
    """Return how many alarms of the links wait for a person on duty."""
    user = request.user
    if path != "/links/" or not isinstance(user, User) or not user.may(Action.SEE_IMPORTS):
        return 0
    return waiting(user)


def _is_shown(request: HttpRequest, path: str) -> bool:
    if path == "/admin/":
        return bool(getattr(request.user, "is_staff", False))
    if path in _NEEDS:
        return isinstance(request.user, User) and request.user.may(_NEEDS[path])
    return _exists(path)


@cache
def _exists(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _choice(request: HttpRequest, name: str, choices: tuple[str, ...]) -> str:
    chosen = request.COOKIES.get(name, "")
    return chosen if chosen in choices else choices[0]


def _who(request: HttpRequest) -> str:
    user = request.user
    if not user.is_authenticated:
        return ""
    return getattr(user, "title", "") or user.get_full_name() or user.get_username()


def _edition_today() -> str:
    try:
        return aqi_rule(on=datetime.now(BEIJING).date()).edition
    except NoRuleInForce:
        return ""
