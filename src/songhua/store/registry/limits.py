"""When a logger is late, silent or wrong: what a person set, and the default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from songhua.model import BadInput
from songhua.store.registry import fleet
from songhua.store.registry.links import note_change
from songhua.store.registry.models import Device

_WEEK = 7 * 24 * 60
NAMES = {
    "late_after": (1, _WEEK, ("多久算迟到", "late after"), ("分钟", "min")),
    "silent_after": (2, _WEEK, ("多久算静默", "silent after"), ("分钟", "min")),
    "most_skew": (1, 86_400, ("时钟差限值", "most clock difference"), ("秒", "s")),
    "most_faults": (1, 100, ("错误报文限值", "most damaged frames"), ("%", "%")),
}
"""Name → smallest, greatest, what it is called, unit."""


@dataclass(frozen=True, slots=True)
class Field:
    """One limit as a form shows it."""

    name: str
    zh: str
    en: str
    unit_zh: str
    unit_en: str
    low: int
    high: int
    value: str
    default: int


def fields(
    device: Device, row: Mapping[str, Any], wanted: Mapping[str, str] | None = None
) -> list[Field]:
    """Return the limits of a logger.

    Parameters
    ----------
    row
        Of `fleet.rows`: with what holds for it now.
    wanted
        What a person typed that could not be kept.
    """
    pace = row["pace"]
    speed = "" if pace is None else "fast" if pace <= fleet.FAST else "slow"
    defaults = {
        "late_after": fleet.LATE[speed],
        "silent_after": fleet.SILENT[speed],
        "most_skew": fleet.MOST_SKEW,
        "most_faults": fleet.MOST_FAULTS,
    }
    own = wanted or {name: str(getattr(device, name) or "") for name in NAMES}
    return [
        Field(name, *words, *unit, low, high, own.get(name, ""), defaults[name])
        for name, (low, high, words, unit) in NAMES.items()
    ]


def keep(device: Device, wanted: Mapping[str, str], who: str) -> None:
    """Keep the limits that a person wants; empty is the default.

    Raises
    ------
    BadInput
        If one is no whole number within bounds, or late comes after silent.
    """
    read = {name: _read(name, wanted.get(name, "").strip()) for name in NAMES}
    late, silent = read["late_after"], read["silent_after"]
    if late is not None and silent is not None and late >= silent:
        raise BadInput("迟到须早于静默。", "A logger is late before it is silent.")
    changed = {name: value for name, value in read.items() if value != getattr(device, name)}
    if not changed:
        return
    for name, value in changed.items():
        setattr(device, name, value)
    device.save(update_fields=list(changed))
    told = "，".join(
        f"{NAMES[name][2][0]} {'默认' if value is None else value}"
        for name, value in changed.items()
    )
    note_change(device, f"报警限值：{told}", who)


def _read(name: str, text: str) -> int | None:
    if not text:
        return None
    low, high, (zh, en), _ = NAMES[name]
    if not (text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high):
        raise BadInput(
            f"{zh}须是 {low} 至 {high} 的整数。", f"“{en}” is a whole number from {low} to {high}."
        )
    return int(text)
