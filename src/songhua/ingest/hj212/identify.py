"""May this frame speak for its site? If not, why."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network

from songhua.ingest.hj212.dialect import STANDARD, Dialect, read_dialect
from songhua.ingest.hj212.frame import Damaged, Fault, Frame, Piece
from songhua.ingest.hj212.registering import hardware_of
from songhua.ingest.hj212.sm4 import is_plain
from songhua.ingest.hj212.times import start_of
from songhua.ingest.hj212.values import WORDS as VALUE_WORDS
from songhua.model import BadInput, KnownDevice
from songhua.standards.hj212 import must_encrypt

WORDS = {
    "unknown_device": ("MN 未登记", "the MN is not registered"),
    "wants_to_register": ("数采仪请求登记", "a logger wants to be registered"),
    "undecryptable": ("无法解密：密钥缺失或不符", "cannot be decrypted: no key, or another"),
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

_CN = re.compile(rb"CN=([0-9]{4})")
_ENCRYPTS = 2025
_BLANKS = "\r\n\t"
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
        is_hidden = piece.fault is Fault.CRC and _is_encrypted(piece.raw)
        return Refusal("undecryptable" if is_hidden else piece.fault.value)
    if device is None:
        hardware = hardware_of(piece)
        if hardware is not None:
            return Refusal("wants_to_register", hardware.logger[:40])
        return Refusal("unknown_device")
    if device.addresses and not _is_within(address, device.addresses):
        return Refusal("wrong_address", address)
    if device.password and piece.pw != device.password:
        return Refusal("wrong_password")  # what was sent may be another door's: it is not shown
    return Refusal("undecryptable") if _is_unread(piece) else None


def _is_encrypted(raw: bytes) -> bool:
    """Return whether a frame says what HJ 212—2025 encrypts, and is no text."""
    found = _CN.search(raw)
    return found is not None and must_encrypt(found[1].decode()) and not is_plain(raw)


def _is_unread(frame: Frame) -> bool:
    """Return whether what a frame of 2025 says is no text, though its check agrees."""
    return (
        frame.edition == _ENCRYPTS
        and must_encrypt(frame.cn)
        and not all(
            all(sign.isprintable() or sign in _BLANKS for sign in f"{name}{value}")
            for group in frame.groups
            for name, value in group.items()
        )
    )


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
