"""Lines as cells: what was written is read, and a bad line harms no other."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.ingest.files import streams
from songhua.ingest.files.cells import Cells
from songhua.ingest.files.source import read_cells
from songhua.model import BadInput
from tests.ingest.held import Held

NAMES = ["site", "time", "note", "pm2_5"]
cells = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd\ufeff\u2028\u2029\x85"
    )
    | st.sampled_from('",\n;'),
    max_size=8,
).map(lambda text: f"x{text}")
rows = st.lists(st.lists(cells, min_size=4, max_size=4), min_size=1, max_size=20)
blocks = st.sampled_from([8, 64, 300, 1 << 20])


def split(source: Held, *, size: int = 1 << 20, encoding: str = "utf-8") -> list[Cells]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK", size)
        return list(read_cells(source, encoding=encoding, delimiter=","))


def good(parts: list[Cells]) -> list[tuple[int, tuple[str, ...]]]:
    return [
        (line, row)
        for part in parts
        for line, row in zip(part.lines, part.table.iter_rows(), strict=True)
    ]


def refused(parts: list[Cells]) -> list[tuple[int, str, str]]:
    return [(bad.line, bad.fault.value, bad.raw) for part in parts for bad in part.refused]


@settings(deadline=None)
@given(rows, blocks, st.sampled_from(["utf-8", "gb18030"]), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(
    table: list[list[str]], size: int, encoding: str, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(NAMES)
    starts = []
    for row in table:
        starts.append(text.getvalue().count("\n") + 1)
        writer.writerow(row)
    data = text.getvalue().replace("\n", end).encode(encoding)
    parts = split(Held(data), size=size, encoding=encoding)
    assert refused(parts) == []
    assert good(parts) == [(line, tuple(row)) for line, row in zip(starts, table, strict=True)]


def test_a_line_that_looks_compressed_is_text() -> None:
    # 0x78 0x5E, "x^", is also how RFC 1950 (section 2.2) lets deflated bytes begin.
    data = b"site,time,note,pm2_5\n1121A,1,a,1\nx^1,1,b,2\n"
    rows = [("1121A", "1", "a", "1"), ("x^1", "1", "b", "2")]
    for size in (8, 1 << 20):
        parts = split(Held(data), size=size)
        assert refused(parts) == []
        assert [row for _, row in good(parts)] == rows


BAD = {
    'x,"y,z,1': "bad_quotes",
    "x,y,z": "short_row",
    "x,y,z,1,2": "long_row",
    "x,y,\udcff\udcfe,1": "bad_encoding",
    '"x","y"",z,1': "bad_quotes",
}


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*BAD, "good"]), min_size=1, max_size=300),
    st.sampled_from([64, 700, 1 << 20]),
)
def test_a_bad_line_harms_no_other(kinds: list[str], size: int) -> None:
    lines = [f"1121A,{n},z,{n}" if kind == "good" else kind for n, kind in enumerate(kinds)]
    data = "\n".join([",".join(NAMES), *lines, ""]).encode("utf-8", "surrogateescape")
    parts = split(Held(data), size=size)
    at = dict(enumerate(kinds, 2))
    assert [line for line, _ in good(parts)] == [n for n, kind in at.items() if kind == "good"]
    assert [(line, fault) for line, fault, _ in refused(parts)] == [
        (n, BAD[kind]) for n, kind in at.items() if kind != "good"
    ]


def test_a_refused_line_is_kept_as_it_stood() -> None:
    parts = split(Held(b'site,time,note,pm2_5\n1121A,"a,b\n\xff,2,3,4\n1,2,3\n'))
    assert refused(parts) == [
        (2, "bad_quotes", '1121A,"a,b'),
        (3, "bad_encoding", "\ufffd,2,3,4"),
        (4, "short_row", "1,2,3"),
    ]


def test_the_text_of_a_good_row_can_be_shown_whole() -> None:
    source = Held(b'site,time,note,pm2_5\n1,"2\n3","a ""b""",4\n5,6,7,8\n')
    (part,) = split(source)
    assert [part.raw(0), part.raw(1)] == ['1,"2\n3","a ""b""",4', "5,6,7,8"]
    assert list(part.lines) == [2, 4]


def test_of_a_very_long_line_five_hundred_signs_are_kept() -> None:
    parts = split(Held.text("site,time,note,pm2_5", "x" * 200_000, f'1,"{"y" * 200_000}"'))
    assert [(line, len(raw)) for line, _, raw in refused(parts)] == [(2, 500), (3, 500)]


def test_blank_lines_are_no_rows() -> None:
    parts = split(Held(b"site,time,note,pm2_5\n\n1,2,3,4\n,,,\n \n5,6,7,8\n\n"))
    assert good(parts) == [(3, ("1", "2", "3", "4")), (6, ("5", "6", "7", "8"))]
    assert refused(parts) == []


def test_a_slip_of_a_quote_takes_no_second_with_it() -> None:
    """Looking for the other quote costs no more the longer the file is."""
    lines = [f"1121A,{n},z,1" for n in range(100_000)]
    lines[10] = '1121A,"10,z,1'
    parts = split(Held.text(",".join(NAMES), *lines))
    assert len(good(parts)) == 99_999
    assert [line for line, _, _ in refused(parts)] == [12]


@pytest.mark.parametrize(
    "above", ["", "长春市空气质量小时值,,,\n单位：µg/m³,,,\n", "\n\n", "# exported 2020-04-02\n"]
)
def test_the_header_is_found_below_titles(above: str) -> None:
    source = Held(f"{above}site,time,note,pm2_5\n1,2,3,4\n".encode())
    parts = list(
        read_cells(source, encoding="utf-8", delimiter=",", is_header=lambda cells: "time" in cells)
    )
    assert parts[0].table.columns == NAMES
    assert good(parts) == [(above.count("\n") + 2, ("1", "2", "3", "4"))]


def test_a_header_may_hold_line_feeds_and_blanks() -> None:
    (part,) = split(Held('site,time,"PM2.5\n(µg/m³)", ,\n1,2,3,4,5\n'.encode()))
    assert part.table.columns == ["site", "time", "PM2.5 (µg/m³)", "#4", "#5"]
    assert list(part.lines) == [3]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \n"])
def test_a_file_with_nothing_in_it_is_said_to_be_empty(data: bytes) -> None:
    with pytest.raises(BadInput, match="空"):
        split(Held(data))


def test_a_file_without_a_header_is_refused_with_its_first_line() -> None:
    with pytest.raises(BadInput, match="just words"):
        split(Held(b"just words\nand more\n"))


def test_a_header_alone_is_a_table_without_rows() -> None:
    (part,) = split(Held(b"site,time\n"))
    assert part.table.schema == {"site": pl.String, "time": pl.String}
    assert part.done == part.total == 10
