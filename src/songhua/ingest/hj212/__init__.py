"""HJ 212 of 2005, 2017 and 2025: bytes to frames, frames to values, and back."""

from songhua.ingest.hj212.crc import CrcKind, crc16
from songhua.ingest.hj212.dialect import STANDARD, Dialect, read_dialect, written_dialect
from songhua.ingest.hj212.encode import (
    command,
    data_reply,
    encode,
    executed,
    framed,
    notice_reply,
    request_reply,
)
from songhua.ingest.hj212.frame import Damaged, Decoder, Fault, Frame, Piece
from songhua.ingest.hj212.learn import Departure, Evidence, Proposal, learn
from songhua.ingest.hj212.lines import bytes_of, line_of
from songhua.ingest.hj212.merge import Merger, Message
from songhua.ingest.hj212.segment import Repeated, legible, read_segment, text_of

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
    "Merger",
    "Message",
    "Piece",
    "Proposal",
    "Repeated",
    "bytes_of",
    "command",
    "crc16",
    "data_reply",
    "encode",
    "executed",
    "framed",
    "learn",
    "legible",
    "line_of",
    "notice_reply",
    "read_dialect",
    "read_segment",
    "request_reply",
    "text_of",
    "written_dialect",
]
