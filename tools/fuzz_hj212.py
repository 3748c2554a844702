"""Feed the codec of HJ 212 mutated frames: nothing may raise, hang, grow or lose a byte.

Frames of every edition are mutated with knowledge of their structure (lengths, checks,
separators, headers within text, cuts, splices), half of them framed anew afterwards so that the
damage reaches the segment reader, and fed in pieces of any size. Whatever comes of it:

- every byte comes back in exactly one piece, in order;
- the decoder holds no more than one frame of the largest length and its line ends;
- values are read, messages merged, lines written and read back without an exception;
- what encodes, decodes to the same.

    python tools/fuzz_hj212.py --frames 10000000 --processes 2

Seeded: the same seed and number give the same frames. A failure prints the seed of its batch.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from songhua.ingest.hj212 import (
    Damaged,
    Decoder,
    Dialect,
    Frame,
    Merger,
    Piece,
    bytes_of,
    encode,
    framed,
    learn,
    legible,
    line_of,
    reply_to,
)
from songhua.ingest.hj212.dialect import LARGEST_SEGMENT
from songhua.ingest.hj212.values import read_values
from songhua.model import BadInput

BATCH = 100
"""Frames of one stream."""

BOUND = 2 * LARGEST_SEGMENT + 64
"""Most bytes a decoder may hold back."""

SLOWEST_S = 10.0
"""A batch that takes longer hangs."""

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_MOST_HELD = 100_000
_SEEDS = Path(__file__).parents[1] / "tests/reference/hj212/packets.jsonl"
_BITS = (
    *(b"##", b"&&", b"CP=&&", b"##0012", b"##0101QN=", b"##9999", b"##4096", b"#", b"\r\n", b"\n"),
    *(b";", b",", b"=", b"//", b"-Flag=N", b"Flag=", b"PNUM=2;PNO=1;", b"QN=", b"MN=", b"CN=2061;"),
    *(
        b"\xff\xfe",
        "长春".encode(),
        "长春".encode("gb18030"),
        b"\x00",
        b" ",
        b"DataTime=",
        b"RF=1;",
    ),
)
_LINE_ENDS = (b"\r\n", b"\r\n", b"\r\n", b"", b"\n", b"\r\n\r\n", b"\r")


def seeds() -> list[bytes]:
    """Return the frames to start from: the public packets, one line each."""
    lines = _SEEDS.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["raw"].encode() for line in lines]


def mutated(seed: bytes, others: list[bytes], dice: random.Random) -> bytes:
    """Return a frame with one to four mutations, framed anew half of the time."""
    line = seed.rstrip(b"\r\n")
    if dice.random() < 0.1:
        return line
    is_framed = dice.random() < 0.5
    data = line[6:-4] if is_framed else line
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(_MUTATIONS)(data, others, dice)
    return framed(data[:9999]).rstrip(b"\r\n") if is_framed else data


def _flip(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _drop(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + data[at + dice.randint(1, 20) :]


def _cut(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _put(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(_BITS) + data[at:]


def _repeat(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    part = data[at : at + dice.randint(1, 60)]
    return data[:at] + part * dice.randint(1, 4) + data[at:]


def _splice(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    other = dice.choice(others)
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other)) :]


def _nest(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    at = dice.randrange(len(data) + 1)
    return data[:at] + dice.choice(others)[:800] + data[at:]


def _length(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    return b"##%04d" % dice.choice((0, 1, 9999, 4096, 4097, dice.randrange(1200))) + data[6:]


def _check(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    return data[:-4] + dice.choice((b"0000", b"FFFF", b"ffff", b"12", b"+1C8", b" 1C8"))


def _swap(data: bytes, others: list[bytes], dice: random.Random) -> bytes:
    one, other = dice.choice((b";,", b",;", b"=-", b"-=", b"&#", b"NT", b"27"))
    return data.replace(bytes([one]), bytes([other]), dice.randint(1, 3))


_MUTATIONS: tuple[Callable[[bytes, list[bytes], random.Random], bytes], ...] = (
    *(_flip, _drop, _cut, _put, _put, _repeat, _splice, _nest, _length, _check, _swap),
)


def fuzz_batch(seed: int, frames: list[bytes], *, size: int = BATCH) -> Counter[str]:
    """Decode one stream of mutated frames and hold it to every promise; return what came of it.

    Raises
    ------
    AssertionError
        If a promise is broken; the message has the seed.
    """
    dice = random.Random(seed)  # noqa: S311 - the same frames again
    parts = [mutated(dice.choice(frames), frames, dice) for _ in range(size)]
    stream = b"".join(part + dice.choice(_LINE_ENDS) for part in parts)
    began = time.perf_counter()
    pieces = list(_fed(stream, seed, dice))
    _need(b"".join(piece.raw for piece in pieces) == stream, "a byte is lost", seed)
    _use(pieces, seed, dice)
    _need(time.perf_counter() - began < SLOWEST_S, "a batch hangs", seed)
    told = Counter(p.fault.value if isinstance(p, Damaged) else "frame" for p in pieces)
    told["bytes"] = len(stream)
    return told


def _fed(stream: bytes, seed: int, dice: random.Random) -> Iterator[Piece]:
    decoder = Decoder(Dialect())
    # Byte by byte is slow and rarely tells more than seven at a time.
    (longest,) = dice.choices((1, 7, 60, 500, 1460, 65536), (1, 4, 10, 20, 20, 20))
    at = 0
    while at < len(stream):
        size = dice.randint(1, longest)
        yield from decoder.feed(stream[at : at + size])
        _need(decoder.pending <= BOUND, f"{decoder.pending} bytes are held", seed)
        at += size
    yield from decoder.end()
    _need(decoder.pending == 0, "bytes are held after the end", seed)


def _use(pieces: list[Piece], seed: int, dice: random.Random) -> None:
    """Do with the pieces what the platform does."""
    merger = Merger(most_bytes=_MOST_HELD)
    messages = []
    for now, piece in enumerate(pieces):
        if isinstance(piece, Frame):
            reply_to_any(piece)
            messages += merger.add(piece, now=now)
            _need(merger.pending_bytes <= _MOST_HELD + 9999, "the merger grows", seed)
        else:
            legible(piece.raw)
        if dice.random() < 0.05:
            _need(bytes_of(line_of(piece, exact=True)) == piece.raw, "a line is another", seed)
            _need_same_again(piece, seed)
    messages += merger.end()
    for message in messages:
        read_values(message.frame, now=_NOW)
    learn(pieces)


def reply_to_any(frame: Frame) -> bytes | None:
    """Return the answer due, or None where a name cannot be written back."""
    try:
        return reply_to(frame)
    except BadInput:
        return None


def _need_same_again(piece: Piece, seed: int) -> None:
    if not isinstance(piece, Frame):
        return
    try:
        data = encode(piece.fields, piece.groups)
    except BadInput:
        return
    decoder = Decoder(Dialect(largest_segment=9999))
    again = [
        (one.fields, one.groups) if isinstance(one, Frame) else None
        for one in decoder.feed(data) + decoder.end()
    ]
    _need(again == [(piece.fields, piece.groups)], "what was encoded decodes to another", seed)


def _need(holds: bool, what: str, seed: int) -> None:  # noqa: FBT001 - reads like assert
    if not holds:
        raise AssertionError(f"{what}: seed {seed}")


def _work(job: tuple[int, int]) -> Counter[str]:
    first, batches = job
    frames = seeds()
    told: Counter[str] = Counter()
    for number in range(first, first + batches):
        try:
            told += fuzz_batch(number, frames)
        except Exception as fault:
            raise AssertionError(f"batch {number}: {fault!r}") from fault
    return told


def main() -> None:
    """Run until the frames are through; say how far it is, and what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--frames", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first batch")
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    batches = -(-options.frames // BATCH)
    jobs = [(options.seed + at, min(100, batches - at)) for at in range(0, batches, 100)]
    began, done = time.perf_counter(), 0
    told: Counter[str] = Counter()
    with multiprocessing.Pool(options.processes) as pool:
        for number, found in enumerate(pool.imap_unordered(_work, jobs), start=1):
            told += found
            done = min(number * 100 * BATCH, options.frames)
            rate = done / (time.perf_counter() - began)
            sys.stderr.write(f"\r{done:,} of {options.frames:,} frames, {rate:,.0f} frames/s ")
    sys.stderr.write("\n")
    for name, count in told.most_common():
        sys.stdout.write(f"{name:<10} {count:>16,}\n")


if __name__ == "__main__":
    main()
