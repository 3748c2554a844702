"""`songhua hj212`: bytes of loggers as JSON lines, and back; no store, no server."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from songhua.ingest.hj212 import CrcKind, Decoder, Dialect, bytes_of, line_of
from songhua.model import BadInput

app = typer.Typer(no_args_is_help=True, help="HJ 212 报文。 Frames of HJ 212 as JSON, and back.")

_CHUNK = 65536
_Source = Annotated[str, typer.Argument(metavar="FILE|-", help="文件；- 为标准输入 - is stdin")]
_Crc = Annotated[CrcKind, typer.Option(help="设备的校验方式 The check the device computes.")]


@app.callback()
def root() -> None:
    """Read and write frames."""


@app.command("decode")
def decode(
    source: _Source,
    *,
    crc: _Crc = CrcKind.STANDARD,
    exact: Annotated[
        bool, typer.Option("--exact", help="需要时附原文，encode 可逐字节还原 Add raw bytes.")
    ] = False,
) -> None:
    """报文 → JSON：每帧或每处错误一行，按次序。 One JSON object a frame or fault, in order."""
    decoder = Decoder(Dialect(crc=crc))
    out = sys.stdout.buffer
    for chunk in _chunks(source):
        out.writelines(
            line_of(piece, exact=exact).encode() + b"\n" for piece in decoder.feed(chunk)
        )
        out.flush()
    out.writelines(line_of(piece, exact=exact).encode() + b"\n" for piece in decoder.end())


@app.command("encode")
def encode(source: _Source = "-", *, crc: _Crc = CrcKind.STANDARD) -> None:
    """JSON → 报文：decode 的逆。 JSON lines to frames: the inverse of decode."""
    dialect = Dialect(crc=crc)
    out = sys.stdout.buffer
    with _opened(source) as lines:
        for number, line in enumerate(lines, start=1):
            try:
                if line.strip():
                    out.write(bytes_of(line.decode(), dialect))
            except (BadInput, UnicodeDecodeError) as fault:
                out.flush()
                raise BadInput(f"第 {number} 行：", f"line {number}: {fault}") from fault


def _chunks(source: str) -> Iterator[bytes]:
    with _opened(source) as stream:
        # What is there already, not a full chunk: a pipe is shown as it comes.
        read = getattr(stream, "read1", stream.read)
        while chunk := read(_CHUNK):
            yield chunk


def _opened(source: str) -> BinaryIO:
    if source == "-":
        return sys.stdin.buffer
    path = Path(source)
    if not path.is_file():
        raise BadInput(f"没有这个文件：{source}。", f"No such file: {source}.")
    return path.open("rb")
