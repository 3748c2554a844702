"""A source (接入来源): by which door it comes, what it may speak for, and how it is reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from songhua.model.errors import BadInput


class SourceKind(StrEnum):
    """The doors."""

    HTTP = "http"
    DROP = "drop"
    SFTP = "sftp"
    MQTT = "mqtt"
    MODBUS = "modbus"


@dataclass(frozen=True, slots=True)
class KnownSource:
    """An active source of the register.

    Parameters
    ----------
    region
        Code of the region whose sites it may speak for; empty where `sites` says it all.
    sites
        Sites it may speak for beside those of its region.
    settings
        Checked by `check_settings`.
    """

    id: int
    name: str
    kind: str
    region: str
    sites: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def author(self) -> str:
        """What stands as author beside its values; no person's login has a colon."""
        return f"{AUTHOR}{self.name}"


AUTHOR = "source:"

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}")
_ENVIRONMENT = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_REQUIRED = object()

REGISTER_TYPES = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2}
"""What registers hold, and how many of 16 bits it takes."""

_TEXT, _WHOLE, _SECONDS, _FLAG, _TEXTS, _MAP, _LIST = (
    "text",
    "whole",
    "seconds",
    "flag",
    "texts",
    "map",
    "list",
)
_WORDS = {
    _TEXT: ("应为文字", "must be text"),
    _WHOLE: ("应为不小于零的整数", "must be a whole number, not below zero"),
    _SECONDS: ("应为 0.05 到 86400 之间的秒数", "must be seconds between 0.05 and 86400"),
    _FLAG: ("应为 true 或 false", "must be true or false"),
    _TEXTS: ("应为文字的列表", "must be a list of texts"),
    _MAP: ("应为“名称: 文字”的对照", "must map names to texts"),
    _LIST: ("应为列表", "must be a list"),
}

_FIELDS: Mapping[str, Mapping[str, tuple[str, Any]]] = {
    SourceKind.HTTP: {},
    SourceKind.DROP: {
        "folder": (_TEXT, _REQUIRED),
        "mapping": (_TEXT, ""),
        "every": (_SECONDS, 5),
        "settle": (_SECONDS, 5),
    },
    SourceKind.SFTP: {
        "host": (_TEXT, _REQUIRED),
        "port": (_WHOLE, 22),
        "user": (_TEXT, _REQUIRED),
        "key_file": (_TEXT, ""),
        "password_env": (_TEXT, ""),
        "known_hosts": (_TEXT, _REQUIRED),
        "folder": (_TEXT, _REQUIRED),
        "mapping": (_TEXT, ""),
        "after": (_TEXT, "keep"),
        "move_to": (_TEXT, ""),
        "every": (_SECONDS, 60),
    },
    SourceKind.MQTT: {
        "host": (_TEXT, _REQUIRED),
        "port": (_WHOLE, 1883),
        "topics": (_TEXTS, _REQUIRED),
        "sites": (_MAP, {}),
        "client_id": (_TEXT, ""),
        "user": (_TEXT, ""),
        "password_env": (_TEXT, ""),
        "tls": (_FLAG, False),
        "ca_file": (_TEXT, ""),
        "cert_file": (_TEXT, ""),
        "key_file": (_TEXT, ""),
    },
    SourceKind.MODBUS: {
        "host": (_TEXT, _REQUIRED),
        "port": (_WHOLE, 502),
        "device": (_WHOLE, 1),
        "site": (_TEXT, _REQUIRED),
        "period": (_TEXT, "minute"),
        "every": (_SECONDS, 60),
        "timeout": (_SECONDS, 3),
        "stale_after": (_WHOLE, 0),
        "maps": (_LIST, _REQUIRED),
    },
}

_REGISTER: Mapping[str, tuple[str, Any]] = {
    "quantity": (_TEXT, _REQUIRED),
    "address": (_WHOLE, _REQUIRED),
    "type": (_TEXT, "uint16"),
    "table": (_TEXT, "holding"),
    "words": (_TEXT, "big"),
    "unit": (_TEXT, ""),
}

_CHOICES = {
    "after": ("keep", "delete", "move"),
    "period": ("realtime", "minute"),
    "type": tuple(REGISTER_TYPES),
    "table": ("holding", "input"),
    "words": ("big", "little"),
}


def check_name(name: str) -> str:
    """Return a name that may stand in files, addresses and records; raise `BadInput` else."""
    if not _NAME.fullmatch(name):
        raise BadInput(
            "来源名称只用字母、数字、点、横线和下划线，最多 40 个。",
            "A source's name has letters, digits, dots, dashes and underscores, at most 40.",
        )
    return name


def check_settings(kind: str, given: Any) -> dict[str, Any]:
    """Return the settings of a door with what was left out filled in.

    Raises
    ------
    BadInput
        If something is missing, unknown or impossible; it says what.

    Examples
    --------
    >>> check_settings("drop", {"folder": "/srv/drop"})["every"]
    5
    """
    if kind not in _FIELDS:
        raise BadInput(f"没有这种接入：{kind}。", f"There is no such door: {kind}.")
    settings = _checked(_FIELDS[kind], given, "")
    if kind == SourceKind.DROP:
        _check_absolute("folder", settings["folder"])
    elif kind == SourceKind.SFTP:
        _check_sftp(settings)
    elif kind == SourceKind.MQTT:
        _check_mqtt(settings)
    elif kind == SourceKind.MODBUS:
        settings["maps"] = _checked_maps(settings["maps"])
    return settings


def _checked(
    fields: Mapping[str, tuple[str, Any]], given: Any, where: str, *, also: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise BadInput(f"{where}设置应为 JSON 对象。", f"{where}Settings must be a JSON object.")
    for name in given:
        if name not in fields and name not in also:
            known = "、".join((*fields, *also)) or "—"
            raise BadInput(
                f"{where}没有名为 {str(name)[:40]} 的设置。可用：{known}。",
                f"{where}There is no setting {str(name)[:40]}. Choose from {known}.",
            )
    found: dict[str, Any] = {}
    for name, (shape, default) in fields.items():
        value = given.get(name, default)
        if value is _REQUIRED or (default is _REQUIRED and value in ("", [], {})):
            raise BadInput(f"{where}缺少设置 {name}。", f"{where}The setting {name} is missing.")
        if not _has_shape(value, shape):
            zh, en = _WORDS[shape]
            raise BadInput(f"{where}{name} {zh}。", f"{where}{name} {en}.")
        if name in _CHOICES and value not in _CHOICES[name]:
            choices = "、".join(_CHOICES[name])
            raise BadInput(
                f"{where}{name} 只能是 {choices}。", f"{where}{name} is one of {choices}."
            )
        if name == "port" and not 1 <= value <= 65535:
            raise BadInput(f"{where}port 应在 1 与 65535 之间。", f"{where}port is 1 to 65535.")
        if name.endswith("_env") and value and not _ENVIRONMENT.fullmatch(value):
            raise BadInput(
                f"{where}{name} 是环境变量的名称（大写），不是口令本身。",
                f"{where}{name} names an environment variable (capitals), not the password itself.",
            )
        found[name] = value
    return {**found, **{name: given[name] for name in also if name in given}}


def _has_shape(value: Any, shape: str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if shape == _SECONDS:
        return is_number and 0.05 <= value <= 86_400
    if shape == _WHOLE:
        return is_number and isinstance(value, int) and value >= 0
    if shape == _FLAG:
        return isinstance(value, bool)
    if shape == _MAP:
        return isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values())
    if shape == _TEXT:
        return isinstance(value, str) and "\x00" not in value
    is_list = isinstance(value, list)
    return is_list and (shape == _LIST or all(isinstance(one, str) and one for one in value))


def _check_absolute(name: str, path: str) -> None:
    if not path.startswith("/"):
        raise BadInput(f"{name} 应为绝对路径。", f"{name} must be an absolute path.")


def _check_sftp(settings: Mapping[str, Any]) -> None:
    _check_absolute("known_hosts", settings["known_hosts"])
    if settings["key_file"]:
        _check_absolute("key_file", settings["key_file"])
    if not settings["key_file"] and not settings["password_env"]:
        raise BadInput(
            "请给出 key_file（私钥文件）或 password_env（存放口令的环境变量）。",
            "Give key_file (a private key) or password_env (the variable that holds a password).",
        )
    if (settings["after"] == "move") != bool(settings["move_to"]):
        raise BadInput(
            "after 为 move 时须给出 move_to，否则不要给。",
            "Give move_to where after is move, and only there.",
        )


def _check_mqtt(settings: Mapping[str, Any]) -> None:
    for topic in (*settings["topics"], *settings["sites"]):
        parts = topic.split("/")
        bad = any("#" in one and (one != "#" or n != len(parts) - 1) for n, one in enumerate(parts))
        if bad or any("+" in one and one != "+" for one in parts) or len(topic) > 500:
            raise BadInput(f"主题写法不对：{topic[:60]}。", f"This is no topic: {topic[:60]}.")
    for name in ("ca_file", "cert_file", "key_file"):
        if settings[name]:
            _check_absolute(name, settings[name])
            if not settings["tls"]:
                raise BadInput(f"{name} 需要 tls: true。", f"{name} needs tls: true.")
    if bool(settings["cert_file"]) != bool(settings["key_file"]):
        raise BadInput("cert_file 与 key_file 须同时给出。", "cert_file and key_file go together.")


def _checked_maps(maps: list[Any]) -> list[dict[str, Any]]:
    found = []
    for number, one in enumerate(maps, 1):
        where = f"maps[{number}]："
        if not isinstance(one, Mapping) or set(one) != {"from", "registers"}:
            raise BadInput(
                f"{where}应有 from（启用日期）与 registers。",
                f"{where}It needs from (its first day) and registers.",
            )
        registers = one["registers"]
        if not isinstance(registers, list) or not 1 <= len(registers) <= 200:
            raise BadInput(
                f"{where}应有 1 到 200 个寄存器。", f"{where}It needs 1 to 200 registers."
            )
        try:
            day = date.fromisoformat(str(one["from"])).isoformat()
        except ValueError as fault:
            raise BadInput(f"{where}from 不是日期。", f"{where}from is no date.") from fault
        found.append({"from": day, "registers": [_checked_register(r, where) for r in registers]})
    return sorted(found, key=lambda one: one["from"])


def _checked_register(given: Any, where: str) -> dict[str, Any]:
    register = _checked(_REGISTER, given, where, also=("scale", "offset"))
    if register["address"] + REGISTER_TYPES[register["type"]] > 65_536:
        raise BadInput(f"{where}地址超出 65535。", f"{where}The address is beyond 65535.")
    for name, default in (("scale", 1), ("offset", 0)):
        value = register.setdefault(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"{where}{name} 应为数。", f"{where}{name} must be a number.")
    return register
