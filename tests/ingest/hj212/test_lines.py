import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.hj212 import Decoder, bytes_of, framed, line_of
from songhua.model import BadInput
from tests.ingest.hj212.packets import EXAMPLE, packet, packets

SONGHUA = [sys.executable, "-c", "from songhua.app.cli import main; main()"]


def lines(stream: bytes, *, exact: bool = False) -> list[str]:
    decoder = Decoder()
    return [line_of(piece, exact=exact) for piece in decoder.feed(stream) + decoder.end()]


def test_a_frame_is_one_object_with_values_as_received() -> None:
    assert [json.loads(line) for line in lines(packet("pk021"))] == [
        {
            "ok": True,
            "QN": "20160801085857534",
            "ST": "32",
            "CN": "2061",
            "PW": "123456",
            "MN": "010000A8900016F000169DC0",
            "Flag": "7",
            "PNUM": "2",
            "PNO": "1",
            "CP": [
                {"DataTime": "20160801080000"},
                {
                    "w00000-Cou": "63.0",
                    "w00000-Min": "16.4",
                    "w00000-Avg": "17.5",
                    "w00000-Max": "20.1",
                    "w00000-Flag": "N",
                },
                {
                    "w01001-Min": "7.1",
                    "w01001-Avg": "7.5",
                    "w01001-Max": "7.8",
                    "w01001-Flag": "N",
                },
            ],
        },
        {
            "ok": True,
            "QN": "20160801085857535",
            "ST": "32",
            "CN": "2061",
            "PW": "123456",
            "MN": "010000A8900016F000169DC0",
            "Flag": "7",
            "PNUM": "2",
            "PNO": "2",
            "CP": [
                {"DataTime": "20160801080000"},
                {
                    "w01018-Cou": "63.0",
                    "w01018-Min": "40.1",
                    "w01018-Avg": "40.1",
                    "w01018-Max": "40.1",
                    "w01018-Flag": "N",
                },
            ],
        },
    ]


def test_absent_fields_are_absent() -> None:
    assert list(json.loads(lines(packet("pk046"))[0])) == ["ok", "ST", "CN", "PW", "MN", "CP"]


def test_a_fault_is_one_object_with_its_bytes_as_text() -> None:
    assert [
        json.loads(line) for line in lines("长春".encode("gb18030") + b"\r\n\xff\xfe\x00\r\n")
    ] == [
        {"ok": False, "fault": "noise", "raw": "长春\r\n", "hex": "b3a4b4ba0d0a"},
        {"ok": False, "fault": "noise", "raw": "\\xff\\xfe\x00\r\n", "hex": "fffe000d0a"},
    ]
    assert json.loads(lines(packet("pk014"))[0]) == {
        "ok": False,
        "fault": "oversize",
        "raw": packet("pk014").decode(),
    }


def test_a_field_that_is_called_like_a_key_of_the_line_hides_none() -> None:
    strange = framed(b"CN=1;CP=5;ok=no;raw=x;hex=y;CP=&&a=1&&")
    (line,) = lines(strange, exact=True)
    assert json.loads(line) == {
        "ok": True,
        "CN": "1",
        "CP": [{"a": "1"}],
        "raw": strange.decode(),
    }
    assert bytes_of(line) == strange


def test_a_repeated_key_is_a_list() -> None:
    line = '{"ok":true,"CN":"3014","CP":[{"PolId":"101","CTime":["04","10"]}]}'
    assert lines(bytes_of(line)) == [line]


@pytest.mark.parametrize("one", packets(), ids=lambda one: one["id"])
def test_every_public_packet_comes_back_byte_for_byte(one: dict[str, Any]) -> None:
    stream = one["raw"].encode()
    assert b"".join(map(bytes_of, lines(stream, exact=True))) == stream


def test_frames_of_the_standard_need_no_raw_to_come_back() -> None:
    standard = [one for one in packets() if one["ok"] and one["crlf"] and one["id"] < "pk006"]
    for stream in (*(one["raw"].encode() for one in standard), packet("pk021"), EXAMPLE):
        assert b"".join(map(bytes_of, lines(stream))) == stream


@given(st.lists(st.one_of(st.just(EXAMPLE), st.binary(max_size=30)), max_size=4).map(b"".join))
def test_any_bytes_come_back_the_same(stream: bytes) -> None:
    assert b"".join(map(bytes_of, lines(stream, exact=True))) == stream


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "[]",
        "3",
        "null",
        '{"ok":true,"QN":null}',
        '{"CP":[3]}',
        '{"CP":[{"a":{}}]}',
        '{"hex":"x"}',
    ],
)
def test_what_is_no_such_line_is_refused(line: str) -> None:
    with pytest.raises(BadInput):
        bytes_of(line)


def test_numbers_are_written_as_they_stand() -> None:
    assert b"a=7.10;b=1e3&&" in bytes_of('{"CN":2011,"CP":[{"a":7.10},{"b":1e3}]}')


def test_the_command_decodes_a_file_and_encodes_a_pipe(tmp_path: Path) -> None:
    source = tmp_path / "frames.txt"
    source.write_bytes(b"noise\r\n" + EXAMPLE * 3)
    told = subprocess.run([*SONGHUA, "hj212", "decode", source], capture_output=True, check=True)
    assert [json.loads(line)["ok"] for line in told.stdout.splitlines()] == [False, *[True] * 3]
    back = subprocess.run(
        [*SONGHUA, "hj212", "encode"], input=told.stdout, capture_output=True, check=True
    )
    assert back.stdout == source.read_bytes()


def test_the_command_says_which_line_is_wrong() -> None:
    told = subprocess.run(
        [*SONGHUA, "hj212", "encode", "-"], input=b"\nx\n", capture_output=True, check=False
    )
    assert told.returncode == 2
    assert "line 2" in told.stderr.decode()


def test_the_command_starts_neither_django_nor_a_store() -> None:
    slow = {"django", "chdb", "polars", "numpy"}
    code = f"import sys, songhua.app.cli; assert not {slow} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
