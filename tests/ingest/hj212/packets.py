"""The public packets: what was seen on lines, printed in standards, or built from either."""

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[2] / "reference/hj212"

EXAMPLE = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;"
    b"Flag=5;CP=&&RtdInterval=30&&1C80\r\n"
)
"""The worked example of HJ 212—2017, annex A."""


@cache
def packets() -> list[dict[str, Any]]:
    """Return every packet with its notes."""
    text = (_FOLDER / "packets.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def packet(name: str) -> bytes:
    """Return the bytes of one packet."""
    return next(one["raw"].encode() for one in packets() if one["id"] == name)


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table beside the packets."""
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
