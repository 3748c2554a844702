"""Bytes as lines: archives whole, cut and altered; every line ending; lines beyond all bounds."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.files import streams
from songhua.ingest.files.streams import Blocks, Unpacked, check_archive
from songhua.model import BadInput

TEXT = b"".join(b"1121A,2020-04-%02d,%d\n" % (n % 30 + 1, n * n % 977) for n in range(3000))
PACKED = gzip.compress(TEXT)
sizes = st.integers(min_value=1, max_value=5000)


def unpacked(packed: bytes, size: int) -> tuple[bytes, bool]:
    archive, pieces = Unpacked(io.BytesIO(packed)), []
    while piece := archive.read(size):
        pieces.append(piece)
    return b"".join(pieces), archive.broken


@given(sizes)
def test_an_archive_gives_its_bytes_in_pieces_of_any_size(size: int) -> None:
    assert unpacked(PACKED, size) == (TEXT, False)


@pytest.mark.parametrize("after", [PACKED, PACKED + PACKED])
def test_archives_in_a_row_are_one(after: bytes) -> None:
    found, broken = unpacked(PACKED + after, 4096)
    assert found == TEXT * (1 + len(after) // len(PACKED))
    assert not broken


@pytest.mark.parametrize("padding", [b"\0" * 700, b"no archive"])
def test_what_pads_an_archive_is_no_part_of_it(padding: bytes) -> None:
    assert unpacked(PACKED + padding, 4096) == (TEXT, False)


@given(st.integers(min_value=1, max_value=len(PACKED) - 1), sizes)
def test_a_cut_archive_gives_what_comes_before_the_cut(cut: int, size: int) -> None:
    found, broken = unpacked(PACKED[:cut], size)
    assert broken
    assert TEXT.startswith(found)


def test_hardly_anything_is_lost_at_a_cut() -> None:
    assert unpacked(PACKED[:-8], 4096) == (TEXT, True)  # only the check sum is gone


@given(st.integers(min_value=20, max_value=len(PACKED) - 1), st.integers(1, 255))
def test_an_altered_archive_is_never_taken_for_a_whole_one(at: int, by: int) -> None:
    altered = bytearray(PACKED)
    altered[at] ^= by
    try:
        check_archive(io.BytesIO(altered))
    except BadInput as fault:
        assert "损坏" in fault.zh  # noqa: PT017 - a change may also look like a cut
    else:
        assert unpacked(bytes(altered), 4096)[1]


def test_a_bomb_is_unpacked_in_bounded_pieces() -> None:
    archive = Unpacked(io.BytesIO(gzip.compress(b"0" * 50_000_000)))
    assert len(archive.read(1000)) == 1000


def lines_of(data: bytes, size: int, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    monkeypatch.setattr(streams, "BLOCK", size)
    return b"".join(Blocks(io.BytesIO(data), packed=False)).split(b"\n")[:-1]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [b"", b"end"])
def test_lines_are_the_same_however_they_end_and_arrive(
    size: int, end: bytes, last: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"\xef\xbb\xbf" * (size > 3) + b"a,b" + end + end + b"1,2" + end + last
    assert lines_of(data, size, monkeypatch) == [b"a,b", b"", b"1,2", *([last] if last else [])]


def test_old_mac_lines_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_of(b"a,b\r1,2\r3,4", 1000, monkeypatch) == [b"a,b", b"1,2", b"3,4"]


def test_of_a_line_beyond_all_bounds_the_start_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LONGEST_LINE", 10)
    data = b"a,b\n" + b"x" * 100 + b"\n1,2\n"
    assert lines_of(data, 16, monkeypatch) == [b"a,b", b"x" * 10, b"1,2"]
    assert lines_of(data[:-5], 16, monkeypatch) == [b"a,b", b"x" * 10]


@pytest.mark.parametrize("data", ["a,b\n1,2\n".encode("utf-16"), b"\0\1\2\3", b"MZ\0\0"])
def test_what_is_no_text_is_refused_with_advice(data: bytes) -> None:
    with pytest.raises(BadInput, match="UTF-8"):
        list(Blocks(io.BytesIO(data), packed=False))
