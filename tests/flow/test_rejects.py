"""Bad rows are kept with their line and fault, and stop no other: one row of each fault."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from songhua.app.platform import Songhua
from songhua.ingest.files import Fault
from songhua.model import BadInput, Period
from songhua.store.registry import records
from songhua.store.registry.models import ImportFile
from tests.flow.deliveries import WIDE, bring

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

LONG = """
layout = "long"
time = "time"
site = "site"
quantity = "item"
value = "value"
unit = "unit"
encoding = "utf-8"
"""
ROWS: list[tuple[bytes, Fault | None]] = [
    (b"1119A,2020-05-01 00:00,SO2,5,ug/m3", None),
    (b"1119A,2020-05-01 01:00,SO2,5,ug/m3", None),
    (b"9999A,2020-05-01 00:00,SO2,5,ug/m3", Fault.UNKNOWN_SITE),
    (b"1119A,2020-05-01 00:00,CS2,5,ug/m3", Fault.UNKNOWN_QUANTITY),
    (b"1119A,2020-13-01 00:00,SO2,5,ug/m3", Fault.BAD_TIME),
    (b"1119A,2120-05-01 00:00,SO2,5,ug/m3", Fault.FUTURE_TIME),
    (b"1119A,2020-05-01 02:00,SO2,abc,ug/m3", Fault.NOT_A_NUMBER),
    (b"1119A,2020-05-01 02:00,SO2,-5,ug/m3", Fault.IMPOSSIBLE_VALUE),
    (b"1119A,2020-05-01 02:00,SO2,5,bananas", Fault.WRONG_UNIT),
    (b"1119A,2020-05-01 00:00,SO2,5,ug/m3", Fault.DUPLICATE),
    (b"1119A,2020-05-01 01:00,SO2,7,ug/m3", Fault.CONFLICT),
    (b"1119A,2020-05-01 02:00", Fault.SHORT_ROW),
    (b"1119A,2020-05-01 02:00,SO2,5,ug/m3,6,7", Fault.LONG_ROW),
    (b"1119A,2020-05-01 02:00,SO2,\xff\xfe5,ug/m3", Fault.BAD_ENCODING),
    ("1119A,2020-05-01 02:00,PM2.5,0.035,mg/m³".encode(), None),
    (b'1119A,2020-05-01 02:00,"SO2,5,ug/m3', Fault.BAD_QUOTES),
]
"""Lines 2 to 17 of a file and what is wrong with each; the last opens a quote and never closes."""


def kept(platform: Songhua) -> list[tuple[str, str, float]]:
    span = Period(datetime(2020, 4, 30, tzinfo=UTC), datetime(2020, 5, 3, tzinfo=UTC))
    rows = platform.shelf.observations(period="hour", span=span, sites=["1119A"])
    return [
        (name, f"{time:%d %H}", value)
        for name, time, value in rows.select("quantity", "time", "value").iter_rows()
    ]


def test_every_fault_is_named_with_its_line(platform: Songhua, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"\n".join([b"site,time,item,value,unit", *(row for row, _ in ROWS)]) + b"\n")
    found = bring(platform, path, LONG)

    expected = [
        (line, str(fault)) for line, (_, fault) in enumerate(ROWS, start=2) if fault is not None
    ]
    rejects = sorted(records.rejects(found["id"]), key=lambda row: row.line)
    assert [(row.line, row.fault) for row in rejects] == expected
    assert {fault for _, fault in expected} | {Fault.TRUNCATED_FILE} == set(Fault)
    for row in rejects:
        assert row.raw.startswith(("1119A", "9999A"))
        assert row.detail_zh
        assert row.detail_en
    assert found["rejected"] == len(expected)
    assert found["faults"] == dict.fromkeys(dict(expected).values(), 1)
    # The good rows went in, in the quantity's unit, the first of a duplicate.
    assert kept(platform) == [
        ("pm2_5", "30 18", 35.0),
        ("so2", "30 16", 5.0),
        ("so2", "30 17", 5.0),
    ]


def test_what_came_of_a_file_cut_off_is_kept_and_said(platform: Songhua, tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    hours = [f"2020-06-{day:02d} {hour:02d}:00" for day in range(1, 31) for hour in range(24)]
    lines = [f"1119A,{hour},{number % 100}" for number, hour in enumerate(hours)]
    whole = gzip.compress("\n".join(["site,time,so2", *lines]).encode())
    path.write_bytes(whole[: len(whole) // 2])
    found = bring(platform, path, WIDE.split("no2")[0])
    assert 0 < found["new"] < len(lines)
    assert found["faults"] == {Fault.TRUNCATED_FILE: 1}
    file = ImportFile.objects.get(pk=found["id"])
    assert (file.state, file.rows_rejected) == ("done", 1)


@pytest.mark.parametrize("body", [b"", b"\n", b"\xff\xfe\x00", b"site,time\n"])
def test_a_file_that_cannot_be_read_is_refused_with_words_and_stops_nothing(
    platform: Songhua, tmp_path: Path, body: bytes
) -> None:
    path = tmp_path / "empty.csv"
    path.write_bytes(body)
    with pytest.raises(BadInput) as caught:
        bring(platform, path, WIDE)
    assert caught.value.zh
    assert caught.value.en
    latest = ImportFile.objects.order_by("-pk")[0]
    assert (latest.name, latest.state) == ("empty.csv", "failed")
    assert caught.value.zh in latest.fault


def test_a_replay_goes_on_past_a_file_that_cannot_be_read(platform: Songhua) -> None:
    failed = ImportFile.objects.filter(state="failed").count()
    assert failed
    before = kept(platform)
    assert platform.replay(lambda _: None) == len(ImportFile.objects.all())
    assert kept(platform) == before
    assert ImportFile.objects.filter(state="failed").count() == failed


def test_a_start_goes_on_past_a_file_that_cannot_be_read(platform: Songhua, tmp_path: Path) -> None:
    """Acknowledged, then killed before it was read: the next start must not fail on it."""
    bad = platform.journal.append(
        "file", b"", {"name": "nothing.csv", "author": "flow", "mapping": WIDE}
    )
    good = platform.journal.append_stream(
        "file",
        [b"site,time,so2,no2,co,o3,pm10,pm2_5\n1119A,2020-05-01 05:00,9,,,,,\n"],
        {"name": "one.csv", "author": "flow", "mapping": WIDE},
    )
    assert platform.catch_up(lambda _: None) == 2
    assert ImportFile.objects.get(journal_seq=bad.seq).state == "failed"
    assert ImportFile.objects.get(journal_seq=good.seq).rows_new == 1
    assert ("so2", "30 21", 9.0) in kept(platform)
    assert platform.catch_up(lambda _: None) == 0
