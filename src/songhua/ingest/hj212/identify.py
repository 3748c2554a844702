"""May this frame speak for its site? If not, why."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network

from songhua.ingest.hj212.dialect import STANDARD, Dialect, read_dialect
from songhua.ingest.hj212.frame import Damaged, Frame, Piece
from songhua.ingest.hj212.times import start_of
from songhua.ingest.hj212.values import WORDS as VALUE_WORDS
from songhua.model import BadInput, KnownDevice

WORDS = {
    "unknown_device": ("MN 未登记", "the MN is not registered"),
    "wrong_password": ("访问密码不符", "wrong password"),
    "wrong_address": ("来源地址不符", "not from an address of the device"),
    "unreadable": ("报文无法读出", "the frame could not be read"),
    "incomplete": ("拆分包不全", "parts of a split message are missing"),
    "no_site": ("数采仪未对应点位", "the device has no site"),
    "crc": ("校验错误", "the check differs"),
    "length": ("长度不符", "wrong length"),
    "noise": ("不属于任何报文", "belongs to no frame"),
    "tail": ("报文尾缺失", "no check at the end"),
    "oversize": ("报文过长", "the frame is too long"),
    "truncated": ("报文中断", "the frame breaks off"),
} | {fault.value: words for fault, words in VALUE_WORDS.items()}
"""Why something is set aside: Chinese, English."""

_MN = re.compile(rb"MN=([0-9A-Za-z._-]{1,40})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a frame is set aside, and what shows it."""

    reason: str
    shown: str = ""


def mn_in(piece: Piece) -> str:
    """Return the identity that a frame, or what is left of one, names; empty where none."""
    if isinstance(piece, Frame):
        return piece.mn[:40]
    found = _MN.search(piece.raw)
    return found[1].decode() if found else ""


def refusal(piece: Piece, device: KnownDevice | None, address: str) -> Refusal | None:
    """Return why a frame may not speak; None where it may."""
    if isinstance(piece, Damaged):
        return Refusal(piece.fault.value)
    if device is None:
        return Refusal("unknown_device")
    if device.addresses and not _is_within(address, device.addresses):
        return Refusal("wrong_address", address)
    if device.password and piece.pw != device.password:
        return Refusal("wrong_password")  # what was sent may be another door's: it is not shown
    return None


def dialect_of(device: KnownDevice | None) -> Dialect:
    """Return how a device departs from the standard."""
    if device is None or not device.dialect:
        return STANDARD
    return _dialect(json.dumps(device.dialect, sort_keys=True))


@lru_cache(maxsize=4096)
def _dialect(settings: str) -> Dialect:
    try:
        return read_dialect(json.loads(settings))
    except BadInput:
        return STANDARD  # a setting that nobody can read departs from nothing


def skew_of(frame: Frame, at: datetime) -> float | None:
    """Return by how many seconds the device's clock is ahead; None where QN is no time."""
    told = start_of(frame.qn[:14], "realtime", label_end=False)
    return None if told is None else (told - at).total_seconds()


@lru_cache(maxsize=65_536)
def _is_within(address: str, allowed: tuple[str, ...]) -> bool:
    try:
        own = ip_address(address)
        return any(own in ip_network(one, strict=False) for one in allowed)
    except ValueError:
        return False
