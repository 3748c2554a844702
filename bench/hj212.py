"""The codec of HJ 212 on one core: frames a second, beside a plain decoder and a bare byte count.

Frames of 500 bytes as air stations send them; values are made up, shaped like real ones. Run it
alone with ``python -m bench.hj212``; with a file's name it writes the frames there, for the peers
in ``bench/peers``.
"""

import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from songhua.ingest.hj212 import Decoder, Frame, encode
from songhua.ingest.hj212.values import read_values

FRAMES = 20_000
SIZE = 500
LEAST = 40_000
"""Frames a second that decoding with its check must reach on one core."""
_CHUNK = 65536
_FACTORS = (
    *("a34004", "a34002", "a21026", "a21004", "a21005", "a05024", "a21003", "a21002"),
    *("a01002", "a01006", "a01008", "LA"),
)


def frames(count: int = FRAMES) -> list[bytes]:
    """Return frames of exactly `SIZE` bytes, each another."""
    dice = random.Random(20260301)  # noqa: S311 - made-up values
    made = []
    for number in range(count):
        fields = {
            "QN": f"20260801{number % 240000:09d}",
            "ST": "22",
            "CN": "2011",
            "PW": "123456",
            "MN": f"2201{number:020d}",
            "Flag": "5",
        }
        minutes, seconds = divmod(number, 60)
        groups = [{"DataTime": f"2026080112{minutes % 60:02d}{seconds:02d}"}]
        groups += [
            {f"{code}-Rtd": f"{dice.uniform(51, 99):.1f}", f"{code}-Flag": "N"} for code in _FACTORS
        ]
        short = SIZE - len(encode(fields, groups))
        last = f"{_FACTORS[-1]}-Rtd"
        # The last value takes what is missing as decimals.
        groups[-1][last] += "0" * short
        made.append(encode(fields, groups))
    assert {len(one) for one in made} == {SIZE}
    return made


def plain(data: bytes) -> list[tuple[dict[str, str], list[dict[str, str]]]]:
    """Decode as one would write it down from the standard: delimiters, bits, splits."""
    found = []
    while (start := data.find(b"##")) >= 0:
        end = start + 6 + int(data[start + 2 : start + 6])
        segment, crc = data[start + 6 : end], int(data[end : end + 4], 16)
        data = data[end + 6 :]
        register = 0xFFFF
        for byte in segment:
            register = (register >> 8) ^ byte
            for _ in range(8):
                lowest = register & 1
                register >>= 1
                if lowest:
                    register ^= 0xA001
        if register != crc:
            continue
        head, _, body = segment.decode().partition(";CP=&&")
        fields = dict(item.split("=") for item in head.split(";"))
        body = body.removesuffix("&&")
        groups = [dict(i.split("=") for i in group.split(",")) for group in body.split(";")]
        found.append((fields, groups))
    return found


def rate(work: Callable[[], object], count: int, *, times: int = 5) -> float:
    """Return how many a second, of the shortest of several runs after one to warm up."""
    work()
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return count / min(spent)


def stream(data: bytes) -> int:
    """Decode one long stream in chunks, as from a file; return how many frames there were."""
    decoder = Decoder()
    return sum(len(decoder.feed(data[at : at + _CHUNK])) for at in range(0, len(data), _CHUNK))


def connections(sent: list[bytes]) -> int:
    """Decode one frame a read, each from a connection of its own, as a server does."""
    decoders = [Decoder() for _ in range(1000)]
    return sum(len(decoders[at % 1000].feed(frame)) for at, frame in enumerate(sent))


def halves(sent: list[bytes]) -> int:
    """Decode each frame in two reads."""
    decoder = Decoder()
    cut = SIZE // 2
    return sum(len(decoder.feed(one[:cut])) + len(decoder.feed(one[cut:])) for one in sent)


def main() -> None:
    """Print one line a measure; the word after it says whether the promise is kept."""
    sent = frames()
    data = b"".join(sent)
    few = sent[:500]
    assert stream(data) == connections(sent) == halves(sent) == FRAMES
    pieces = [piece for piece in Decoder().feed(data) if isinstance(piece, Frame)]
    assert len(read_values(pieces[0], now=datetime(2026, 11, 23, tzinfo=UTC)).rows) == len(_FACTORS)
    assert plain(b"".join(few)) == [(one.fields, list(one.groups)) for one in pieces[:500]]

    decoded = rate(lambda: stream(data), FRAMES)
    naive = rate(lambda: plain(b"".join(few)), len(few))
    counted = rate(lambda: data.count(b"\xff"), FRAMES)
    now = datetime(2026, 11, 23, tzinfo=UTC)
    read = rate(lambda: [read_values(one, now=now) for one in pieces], FRAMES, times=2)
    encoded = rate(lambda: [encode(one.fields, one.groups) for one in pieces], FRAMES)
    kept = "kept" if decoded >= LEAST else "NOT kept"
    print(f"decode, one stream:          {decoded:>14,.0f} frames/s (at least {LEAST:,}: {kept})")
    print(
        f"decode, one frame a read:    {rate(lambda: connections(sent), FRAMES):>14,.0f} frames/s"
    )
    print(f"decode, half a frame a read: {rate(lambda: halves(sent), FRAMES):>14,.0f} frames/s")
    print(f"values of a frame, {len(_FACTORS)} rows: {read:>14,.0f} frames/s")
    print(f"encode:                      {encoded:>14,.0f} frames/s")
    print(f"plain decoder:               {naive:>14,.0f} frames/s; ours is {decoded / naive:.1f}×")
    print(f"bytes.count (memory): {counted:>21,.0f} frames/s; ours is 1/{counted / decoded:.0f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_bytes(b"".join(frames()))
    else:
        main()
