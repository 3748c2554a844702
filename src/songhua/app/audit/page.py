"""A proof as one page: Chinese first, with a QR code, and the proof itself attached."""

import base64
import hashlib
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import segno
import typst

from songhua.app.audit.checkpoint import read_checkpoint
from songhua.app.audit.prove import excerpt
from songhua.model import BEIJING, UnknownName
from songhua.standards import quantity

_PERIODS = {
    "minute": "分钟 minute",
    "hour": "小时 hour",
    "day": "日 day",
    "sample": "样品 sample",
}
_MOST_SHOWN = 700
_PAGE = r"""
#let told = json("told.json")
#set document(title: told.title)
#set page(paper: "a4", margin: (x: 20mm, y: 16mm))
#set text(font: ("Noto Serif CJK SC", "Source Han Serif SC", "SimSun", "Libertinus Serif"),
  size: 9.5pt, lang: "zh", fallback: true)
#set par(leading: 0.6em)
#let soft = rgb("#5a6472")
#let mono(it) = text(size: 7.6pt, font: ("DejaVu Sans Mono", "Noto Sans Mono CJK SC"),
  it.clusters().join("\u{200b}"))
#grid(columns: (1fr, auto), column-gutter: 8mm,
  [#text(size: 19pt, weight: "bold")[监测数据存证证明]
   #v(-2mm)
   #text(size: 11pt, fill: soft)[Proof of a monitoring datum]
   #v(3mm)
   #text(size: 9pt)[本页证明：下列数值自写入日志之日起未被改动、删除或替换。\
   #text(fill: soft)[This page proves that the value below has not been altered, removed or replaced
   since it was written.]]],
  image("code.svg", width: 40mm))
#v(2mm)
#line(length: 100%, stroke: 0.8pt)
#for part in told.parts {
  v(1.2mm)
  text(size: 11pt, weight: "bold")[#part.title]
  v(-1mm)
  table(columns: (37mm, 1fr), stroke: none, inset: (x: 0pt, y: 2.4pt),
    ..part.rows.map(row => (
      text(fill: soft, size: 8.5pt)[#row.at(0)],
      if row.at(2) { mono(row.at(1)) } else { [#row.at(1)] },
    )).flatten())
}
#v(1fr)
#line(length: 100%, stroke: 0.4pt)
#text(size: 8pt)[核验：#mono("songhua audit verify --proof 本文件.pdf --key 公钥")
  证明数据附于本文件之内，核验不需要平台。公钥由保存检查点的见证单位公布。\
  #text(fill: soft)[To verify: the proof itself is attached to this file and is checked without the
  platform; the witness that keeps the checkpoints publishes the key.]]
#pdf.attach("proof.json", relationship: "data", mime-type: "application/json",
  description: "songhua-proof 1")
"""


def write_page(told: Mapping[str, Any]) -> bytes:
    """Return the page of a proof as a PDF."""
    raw = json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
    code = io.BytesIO()
    segno.make(_code(told, raw), error="m").save(code, kind="svg", border=1, scale=3)
    files = {
        "main.typ": _PAGE.encode(),
        "told.json": json.dumps(_shown(told), ensure_ascii=False).encode(),
        "code.svg": code.getvalue(),
        "proof.json": raw,
    }
    with tempfile.TemporaryDirectory(prefix="songhua-") as place:
        for name, content in files.items():
            (Path(place) / name).write_bytes(content)
        return typst.compile(Path(place) / "main.typ", format="pdf")


def _code(told: Mapping[str, Any], raw: bytes) -> str:
    """Return what the QR code says: enough to know the value, its record and its checkpoint."""
    made, value = read_checkpoint(told["checkpoint"].encode()), told["value"]
    return "\n".join(
        (
            "SONGHUA PROOF 1",
            f"{value['site']} {value['quantity']} {value['period']} {value['time']}",
            f"value {value['value']} {value['mark']}".strip(),
            f"record {told['record']}/{made.size}",
            f"checkpoint {made.number} {made.root.hex()}",
            f"proof {hashlib.sha256(raw).hexdigest()}",
        )
    )


def _shown(told: Mapping[str, Any]) -> dict[str, Any]:
    value = told["value"]
    made, header = read_checkpoint(told["checkpoint"].encode()), json.loads(told["header"])
    names, unit = _quantity(value["quantity"])
    period = _PERIODS.get(value["period"], value["period"])
    number = "无 none" if value["value"] is None else f"{value['value']:g}"
    body = b"" if told["body"] is None else base64.b64decode(told["body"])
    said = excerpt(header["kind"], body, value) if body else "（较大，未随附 large, not enclosed）"
    rows = [
        ["点位 Site", f"{told.get('site_name', '')}　{value['site']}".strip("　"), False],
        ["指标 Quantity", names, False],
        ["时间 Time", f"{_when(value['time'])}　{period}", False],
        ["数值 Value", f"{number} {unit}　{value['mark']}", False],
        ["经手 By", value["author"] or "—", False],
        ["原因 Reason", value["reason"] or "—", False],
    ]
    record = [
        ["日志序号 Number", f"{told['record']:,} / {made.size:,}　（{header['kind']}）", False],
        ["写入时间 Written", _when(header["time"]), False],
        ["原文 SHA-256", header["sha256"], True],
        ["原文 Body", said[:_MOST_SHOWN] + ("…" if len(said) > _MOST_SHOWN else ""), True],
    ]
    proof = [
        ["检查点 Checkpoint", f"{made.number}　{_when(made.told['time'])}", False],
        [f"树根 Root（{made.tree_hash}）", made.root.hex(), True],
        ["路径 Path", f"{len(told['path'])} 个散列 hashes（RFC 6962）", False],
        ["公钥 Key（Ed25519）", made.told["key"], True],
        ["签名 Signature", made.signature, True],
    ]
    return {
        "title": f"{value['site']} {value['quantity']} {value['time']}",
        "parts": [
            {"title": "数值 The value", "rows": rows},
            {"title": "日志记录 The record", "rows": record},
            {"title": "证明 The proof", "rows": proof},
        ],
    }


def _quantity(key: str) -> tuple[str, str]:
    """Return how a quantity is called, and its unit."""
    try:
        known = quantity(key)
    except UnknownName:
        return key, ""
    return f"{known.name_zh} {known.symbol}　{known.name_en}　{key}", known.unit


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}（北京时间）"
