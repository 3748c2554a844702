"""HJ 212 of 2005, 2017 and 2025: bytes to frames, frames to values, and back."""

from songhua.ingest.hj212.commands import reply_to, request, request_groups
from songhua.ingest.hj212.crc import CrcKind, crc16
from songhua.ingest.hj212.dialect import STANDARD, Dialect, read_dialect, written_dialect
from songhua.ingest.hj212.encode import (
    command,
    data_reply,
    encode,
    executed,
    framed,
    login_reply,
    notice_reply,
    request_reply,
)
from songhua.ingest.hj212.frame import Damaged, Decoder, Fault, Frame, Piece
from songhua.ingest.hj212.learn import Departure, Evidence, Proposal, learn
from songhua.ingest.hj212.lines import bytes_of, line_of
from songhua.ingest.hj212.merge import Merger, Message
from songhua.ingest.hj212.registering import Hardware, asks_for_key, hardware_of, is_heartbeat
from songhua.ingest.hj212.segment import Repeated, legible, read_segment, text_of
from songhua.ingest.hj212.sm4 import encrypt_frame

__all__ = [
    "STANDARD",
    "CrcKind",
    "Damaged",
    "Decoder",
    "Departure",
    "Dialect",
    "Evidence",
    "Fault",
    "Frame",
    "Hardware",
    "Merger",
    "Message",
    "Piece",
    "Proposal",
    "Repeated",
    "asks_for_key",
    "bytes_of",
    "command",
    "crc16",
    "data_reply",
    "encode",
    "encrypt_frame",
    "executed",
    "framed",
    "hardware_of",
    "is_heartbeat",
    "learn",
    "legible",
    "line_of",
    "login_reply",
    "notice_reply",
    "read_dialect",
    "read_segment",
    "reply_to",
    "request",
    "request_groups",
    "request_reply",
    "text_of",
    "written_dialect",
]
