"""The form of each command: exactly its fields, with names, bounds and sensible first values."""

import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from songhua.ingest.hj212.commands import changes_device, sendable
from songhua.ingest.hj212.segment import Repeated
from songhua.model import BEIJING, BadInput
from songhua.standards.hj212 import Command, CpField, cp_fields, factors

GROUPS = (
    ("time", "时间", "Time", ("1011", "1012", "1041", "1042")),
    ("refetch", "补取与实时", "Data again", ("2061", "2051", "2031", "2011", "2012", "2013", "2041",
     "2052", "2062", "2071", "2021", "2022")),
    ("interval", "上报间隔", "Intervals", ("1061", "1062", "1063", "1064")),
    ("info", "设备信息", "Device information", ("3019", "3020", "3021")),
    ("calibrate", "校准与核查", "Calibration", ("3011", "3024")),
    ("sample", "采样与留样", "Sampling", ("3012", "3022", "3014", "3015", "3016", "3017", "3018")),
    ("clean", "清洗反吹", "Cleaning", ("3013",)),
    ("secret", "密码与密钥", "Password and key", ("1072", "1014")),
    ("retry", "超时与重发", "Timeout and retries", ("1000",)),
    ("register", "登记", "Registration", ("1002",)),
    ("alarm", "报警与地址", "Alarms and address", ("1001", "1021", "1022", "1031", "1032")),
)  # fmt: skip
"""Groups that people know; what stands in none is under “other”."""
_OTHER = ("other", "其他", "Other")

_UNITS = {"RtdInterval": ("秒", "s"), "MinInterval": ("分钟", "min"), "OverTime": ("秒", "s"),
          "Ctime": ("小时", "h"), "CTime": ("时，空格分隔", "hours, with blanks"),
          "ReCount": ("次", "times")}  # fmt: skip
_PLAIN = {"RtdInterval": "60", "MinInterval": "10", "OverTime": "10", "ReCount": "3",
          "Ctime": "4", "CstartTime": "000000", "ReportTime": "0000", "CTime": "0 6 12 18",
          "CalibrationType": "0"}  # fmt: skip
_CHOICE_WORDS = {"CalibrationType": {"0": ("零点", "zero"), "1": ("量程", "span")}}
_LABELS = {"i23005-Info": ("MN（24 位十六进制）", "MN (24 hexadecimal digits)"),
           "*-Info": ("新的参数值", "new value"),
           "*-LowValue": ("下限", "lower limit"),
           "*-UpValue": ("上限", "upper limit"),
           "CTime": ("采样时刻", "sampling hours")}  # fmt: skip
_SECRETS = ("NewPW", "NewSK")
_CODED = {"*-Info": "InfoId", "*-LowValue": "PolId", "*-UpValue": "PolId"}
_KINDS = ("air/gas", "water", "noise")
_BOUNDS = re.compile(r"(\d+)-(\d+)")
_TEXT = re.compile(r"C(\d+)")
_FORM = "%Y%m%d%H%M%S"
_HISTORY_HOURS = {"2061": 24, "2051": 1, "2031": 24 * 7, "2041": 24 * 7}
_KEY_SIZE = 16


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form.

    Parameters
    ----------
    kind
        ``datetime-local``, ``time``, ``number``, ``select``, ``text``, ``password``.
    value
        What stands there first.
    """

    name: str
    label_zh: str
    label_en: str
    kind: str
    value: str
    required: bool
    unit_zh: str = ""
    unit_en: str = ""
    low: str = ""
    high: str = ""
    longest: int = 60
    choices: tuple[tuple[str, str, str], ...] = ()
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Commands that belong together."""

    key: str
    zh: str
    en: str
    commands: tuple[tuple[Command, bool], ...]


def grouped(edition: int, *, may_change: bool) -> list[Group]:
    """Return the commands of an edition in groups; each with whether it changes the device."""
    left = {one.cn: one for one in sendable(edition)}
    found = []
    for key, zh, en, numbers in GROUPS:
        own = [left.pop(cn) for cn in numbers if cn in left]
        found.append(Group(key, zh, en, tuple((one, changes_device(one)) for one in own)))
    found.append(Group(*_OTHER, tuple((one, changes_device(one)) for one in left.values())))
    chosen = [
        Group(
            one.key,
            one.zh,
            one.en,
            tuple(pair for pair in one.commands if may_change or not pair[1]),
        )
        for one in found
    ]
    return [one for one in chosen if one.commands]


def fields_of(command: Command, *, now: datetime, given: Mapping[str, str]) -> list[Field]:
    """Return the fields of a command, with what was given or else what is usual."""
    names = [name for part in command.asks.split(";") for name in part.split(",") if name]
    usual = _usual(command.cn, now.astimezone(BEIJING))
    return [_field(name, usual, given) for name in names]


def values_of(command: Command, told: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of CP from what a form says.

    Raises
    ------
    BadInput
        If a field that others are named by is missing.
    """
    values: dict[str, str] = {}
    for part in command.asks.split(";"):
        for name in filter(None, part.split(",")):
            plain = name.removesuffix("?")
            text = told.get(plain, "").strip()
            if plain == "NewSK" and not text:
                text = _new_key()
            if not text and name != plain:
                continue
            if plain in _CODED:
                code = told.get(_CODED[plain], "").strip()
                if not code:
                    raise BadInput("请先填编码。", "Give the code first.")
                plain = code + plain[1:]
            values[plain] = _written(plain, text)
    return values


@cache
def known_codes() -> tuple[tuple[str, str], ...]:
    """Return factors of air, water and noise as code and name, for a person to choose from."""
    return tuple(
        (one.code, one.name_zh)
        for one in factors().values()
        if one.kind in _KINDS and "x" not in one.code
    )


@cache
def info_codes() -> tuple[tuple[str, str], ...]:
    """Return what a device says of itself, as code and name."""
    return tuple((one.code, one.name_zh) for one in factors().values() if one.kind == "device info")


def _field(name: str, usual: Mapping[str, str], given: Mapping[str, str]) -> Field:
    plain = name.removesuffix("?")
    told = cp_fields().get(plain)
    zh, en = _LABELS.get(plain, ("", ""))
    if not zh:
        zh, en = (told.meaning_zh, told.meaning_en) if told else (plain, plain)
    kind, low, high, longest, choices = _shape(plain, told)
    secret = plain in _SECRETS
    value = "" if secret else given.get(plain, usual.get(plain, _PLAIN.get(plain, "")))
    unit_zh, unit_en = _UNITS.get(plain, ("", ""))
    return Field(
        plain, zh, en, kind, _shown(kind, value), name == plain and plain != "NewSK",
        unit_zh, unit_en, low, high, longest, choices,
        {"PolId": "known-codes", "InfoId": "info-codes"}.get(plain, ""),
    )  # fmt: skip


def _shape(
    name: str, told: CpField | None
) -> tuple[str, str, str, int, tuple[tuple[str, str, str], ...]]:
    """Return kind of input, bounds, longest text and choices."""
    if name in _SECRETS:
        return "password", "", "", _KEY_SIZE if name == "NewSK" else 6, ()
    if told is None or name == "CTime":
        return "text", "", "", 60, ()
    if told.type == "YYYYMMDDhhmmss":
        return "datetime-local", "", "", 60, ()
    if told.type in ("hhmmss", "hhmm"):
        return "time", "", "", 60, ()
    if bounds := _BOUNDS.match(told.range):
        return "number", bounds[1], bounds[2], 60, ()
    if re.fullmatch(r"\d+(?:,\d+)+", told.range):
        words = _CHOICE_WORDS.get(name, {})
        one_of = tuple((one, *words.get(one, (one, one))) for one in told.range.split(","))
        return "select", "", "", 60, one_of
    longest = _TEXT.fullmatch(told.type)
    free = name in ("PolId", "InfoId")
    return "text", "", "", int(longest[1]) if longest and not free else 60, ()


def _usual(cn: str, now: datetime) -> dict[str, str]:
    hour = now.replace(minute=0, second=0, microsecond=0)
    begin = hour - timedelta(hours=_HISTORY_HOURS.get(cn, 24))
    usual = {"SystemTime": f"{now:{_FORM}}", "PolId": "a34004", "InfoId": "i13001"}
    usual["SKCreateTime"] = f"{now:{_FORM}}{now.microsecond // 1000:03d}"
    if cn in _HISTORY_HOURS or cn not in ("2011", "3020"):
        usual |= {"BeginTime": f"{begin:{_FORM}}", "EndTime": f"{hour:{_FORM}}"}
    if cn in ("1011", "1012"):
        usual["PolId"] = ""  # the clock of the logger itself
    return usual


def _shown(kind: str, value: str) -> str:
    """Return a value as a native input takes it."""
    if kind == "datetime-local" and len(value) == 14 and value.isdigit():
        return f"{value[:4]}-{value[4:6]}-{value[6:8]}T{value[8:10]}:{value[10:12]}:{value[12:]}"
    if kind == "time" and value.isdigit():
        return ":".join(value[at : at + 2] for at in range(0, len(value), 2))
    return value


def _written(name: str, text: str) -> str:
    """Return a value as the protocol writes it."""
    told = cp_fields().get(name)
    if name == "CTime":
        return Repeated(text.split())
    if told is None or told.type not in ("YYYYMMDDhhmmss", "hhmmss", "hhmm"):
        return text
    digits = "".join(sign for sign in text if sign.isdigit())
    sizes = {"YYYYMMDDhhmmss": 14, "hhmmss": 6, "hhmm": 4}
    size = sizes[told.type]
    return digits[:size].ljust(size, "0") if len(digits) >= size - 2 else text


def _new_key() -> str:
    signs = string.ascii_letters + string.digits
    return "".join(secrets.choice(signs) for _ in range(_KEY_SIZE))
