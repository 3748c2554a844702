"""The proof of one value: record, path to the root, signed checkpoint; and its verification.

A proof stands alone: whoever has it and the public key needs nothing of the platform.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from songhua.app.audit.checkpoint import (
    Checkpoint,
    checkpoints,
    leaves_of,
    read_checkpoint,
    split,
)
from songhua.app.audit.findings import Verdict
from songhua.ingest.hj212.received import KIND as FRAMES
from songhua.ingest.hj212.received import unpack
from songhua.model import BadInput, Period
from songhua.model.merkle import Tree, leaf_hash, proves_inclusion
from songhua.store import Journal, Shelf

FORMAT = "songhua-proof 1"
_MOST_BODY = 256 * 1024
"""Larger bodies are named by their digest only. [bytes]"""
_MOST_TEXT = 64 * 1024 * 1024
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def prove(
    home: Path,
    journal: Journal,
    shelf: Shelf,
    *,
    site: str,
    quantity: str,
    period: str,
    time: datetime,
) -> dict[str, Any]:
    """Return the proof of the value that is current.

    Raises
    ------
    BadInput
        If there is none, or no checkpoint covers it yet.
    """
    span = Period(time, time + timedelta(seconds=1))
    rows = shelf.observations(period=period, span=span, sites=[site], quantities=[quantity])
    if rows.is_empty():
        raise BadInput(
            f"{site} 的 {quantity} 在 {time.isoformat()} 没有值。",
            f"{site} has no {quantity} at {time.isoformat()}.",
        )
    row = rows.to_dicts()[0]
    seq, paths = int(row["revision"]), checkpoints(home)
    last = read_checkpoint(paths[-1].read_bytes()) if paths else None
    if last is None or last.size < seq:
        raise BadInput(
            "还没有检查点包含这个值：请先 songhua audit checkpoint。",
            "No checkpoint covers this value yet: run songhua audit checkpoint.",
        )
    tree = _tree(home, last)
    header = next(journal.headers(after=seq - 1))
    body = journal.read(seq) if journal.entry(seq).size <= _MOST_BODY else None
    return {
        "format": FORMAT,
        "value": {
            "site": site,
            "quantity": quantity,
            "period": period,
            "time": time.astimezone(UTC).isoformat(),
            "value": row["value"],
            "mark": row["mark"],
            "reason": row["reason"],
            "author": row["author"],
            "line": int(row["line"]),
            "recorded_at": row["recorded_at"].isoformat(),
        },
        "record": seq,
        "header": header.decode(),
        "body": None if body is None else base64.b64encode(body).decode(),
        "path": [one.hex() for one in tree.inclusion(seq - 1)],
        "checkpoint": last.written().decode(),
    }


def _tree(home: Path, last: Checkpoint) -> Tree:
    path = leaves_of(home, last.tree_hash)
    tree = Tree(split(path.read_bytes()) if path.is_file() else (), last.tree_hash)
    if len(tree) != last.size or tree.root() != last.root:
        raise BadInput(
            "叶散列与检查点不符，请先核验：songhua audit verify。",
            "The leaves are not those of the checkpoint: run songhua audit verify.",
        )
    return tree


def read_proof(raw: bytes) -> dict[str, Any]:
    """Return the proof of a file: JSON, or the PDF that carries it.

    Raises
    ------
    BadInput
        If there is none in it.
    """
    for piece in _pieces(raw):
        try:
            told = json.loads(piece)
        except ValueError:
            continue
        if isinstance(told, dict) and told.get("format") == FORMAT:
            return told
    raise BadInput("文件中没有证明。", "The file carries no proof.")


def _pieces(raw: bytes) -> Iterator[bytes]:
    if not raw.startswith(b"%PDF"):
        yield raw
        return
    for found in _STREAM.finditer(raw):
        piece = found[1]
        try:
            unzipped = zlib.decompressobj().decompress(piece, 16 * 1024 * 1024)
        except zlib.error:
            unzipped = piece
        if unzipped.lstrip().startswith(b"{"):
            yield unzipped


def check_proof(told: Mapping[str, Any], public: str, verdict: Verdict) -> None:
    """Look whether a proof holds, step by step."""
    try:
        _check(told, public, verdict)
    except (KeyError, TypeError, ValueError, BadInput) as fault:
        verdict.fail("proof", "proof", f"证明不完整：{fault}", f"The proof is not whole: {fault}")


def _check(told: Mapping[str, Any], public: str, verdict: Verdict) -> None:
    made = read_checkpoint(told["checkpoint"].encode())
    key = public or str(made.told["key"])
    if not made.is_genuine(key):
        return verdict.fail("key", "checkpoint", "检查点签名不符", "The checkpoint is not signed")
    verdict.ok(
        "key",
        f"第 {made.number} 号检查点（{made.told['time'][:19]}Z）的签名有效，公钥 {key}",
        f"Checkpoint {made.number} ({made.told['time'][:19]}Z) is signed by {key}",
    )
    if not public:
        verdict.warn(
            "key", "公钥取自证明本身，请与公布的公钥核对", "The key is the proof's own: compare it"
        )
    header, seq = told["header"].encode(), int(told["record"])
    path = [bytes.fromhex(one) for one in told["path"]]
    leaf = leaf_hash(header, made.tree_hash)
    if not proves_inclusion(leaf, seq - 1, made.size, path, made.root, made.tree_hash):
        return verdict.fail(
            "journal", str(seq), f"第 {seq} 条不在树中", f"Record {seq} is not in it"
        )
    inner = json.loads(header)
    verdict.ok(
        "journal",
        f"日志第 {seq} 条（共 {made.size:,} 条）于 {inner['time'][:19]}Z 写入",
        f"Record {seq} of {made.size:,} was written at {inner['time'][:19]}Z",
    )
    return _check_body(told, inner, verdict)


def _check_body(told: Mapping[str, Any], inner: Mapping[str, Any], verdict: Verdict) -> None:
    if told["body"] is None:
        return verdict.warn(
            "body",
            f"原文较大，未随附；其 SHA-256 为 {inner['sha256']}",
            f"The body is large and not enclosed; its SHA-256 is {inner['sha256']}",
        )
    body = base64.b64decode(told["body"])
    if hashlib.sha256(body).hexdigest() != inner["sha256"]:
        return verdict.fail("body", str(inner["seq"]), "原文被改动", "The body was altered")
    said = excerpt(inner["kind"], body, told["value"])
    if told["value"]["value"] is not None and not _says(said, told["value"]):
        return verdict.warn(
            "body",
            "原文完好；数值须对照原文阅读",
            "The body is whole; read the value in it yourself",
        )
    return verdict.ok("body", "原文完好，数值见于原文", "The body is whole and says the value")


def excerpt(kind: str, body: bytes, value: Mapping[str, Any]) -> str:
    """Return the part of a body that says a value: the frame, or the row of a file."""
    if kind == FRAMES:
        frames = [one.raw.decode("utf-8", "replace").strip() for one in unpack(body)]
        return frames[value["line"]] if value["line"] < len(frames) else ""
    if body.startswith(b"\x1f\x8b"):
        body = zlib.decompressobj(wbits=31).decompress(body, _MOST_TEXT)
    text = body.decode("utf-8", "replace")
    if kind == "file":
        lines = text.splitlines()
        return lines[value["line"] - 1] if 0 < value["line"] <= len(lines) else text[:600]
    return text


def _says(said: str, value: Mapping[str, Any]) -> bool:
    """Return whether a text has the number, however it is written."""
    wanted = float(value["value"])
    numbers = re.findall(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", said)
    return any(abs(float(one) - wanted) <= 1e-9 * max(1.0, abs(wanted)) for one in numbers)
