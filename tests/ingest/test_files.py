"""Files of every kind, good and bad: good rows go in, bad rows are kept with line and fault."""

import gzip
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.files import (
    Batch,
    Fault,
    FileMapping,
    OnDisk,
    Origin,
    SiteTable,
    detect,
    dry_run,
    import_file,
    read_batches,
    read_mapping,
    unit_factor,
    write_mapping,
)
from songhua.model import BadInput, Period

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SITES = SiteTable(
    frozenset({"1119A", "1120A", "1121A"}),
    pl.DataFrame({"city_name": ["长春"], "name": ["邮电学院"], "site": ["1121A"]}),
)
WIDE = "site,time,pm2_5,pm10\n1121A,2020-04-04T11:00,47,273\n1120A,2020-04-04T11:00,40,\n"


def read(path: Path, mapping: FileMapping | None = None) -> list[Batch]:
    source = OnDisk(path)
    return list(read_batches(source, mapping or detect(source).mapping, sites=SITES, now=NOW))


def values(batches: list[Batch]) -> set[tuple[str, str, datetime, float]]:
    rows = pl.concat(batch.rows for batch in batches)
    return set(rows.select("site", "quantity", "time", "value").iter_rows())


def faults(batches: list[Batch]) -> list[tuple[int, str]]:
    return [
        (line, fault)
        for batch in batches
        for line, fault in batch.rejects.select("line", "fault").iter_rows()
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


AT = datetime(2020, 4, 4, 3, tzinfo=UTC)  # 11:00 in Beijing
WANTED = {
    ("1121A", "pm2_5", AT, 47.0),
    ("1121A", "pm10", AT, 273.0),
    ("1120A", "pm2_5", AT, 40.0),
}


@pytest.mark.parametrize(
    "data",
    [
        WIDE.encode(),
        b"\xef\xbb\xbf" + WIDE.encode(),
        WIDE.replace("\n", "\r\n").encode(),
        WIDE.replace("site,time", "站点,时间").encode("gb18030"),
        WIDE.replace(",", "\t").encode(),
        gzip.compress(WIDE.encode()),
        b"pm10,time,pm2_5,site\n273,2020/4/4 11:00,47,1121A\n,2020-04-04 11:00:00+08:00,40,1120A\n",
        b"site,time,quantity,value\n1121A,2020-04-04T03:00Z,PM2.5,47\n"
        b"1121A,2020-04-04T11,a34002,273\n1120A,2020-04-04T11:00,PM25,40\n",
        b'"site","time","pm2_5","pm10"\n"1121A","2020-04-04T11:00","47","273"\n'
        b'1120A,2020-04-04T11:00,40,""\n',
    ],
    ids=["utf-8", "bom", "crlf", "gb18030", "tabs", "gzip", "other order", "long", "quoted"],
)
def test_the_same_values_come_from_every_spelling(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    batches = read(file)
    assert values(batches) == WANTED
    assert faults(batches) == []


def test_a_workbook_and_a_parquet_file_say_the_same(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["site", "time", "pm2_5", "pm10"])
    sheet.append(["1121A", datetime(2020, 4, 4, 11), 47, 273])  # noqa: DTZ001 - cells have no zone
    sheet.append(["1120A", "2020-04-04 11:00", 40, None])
    book.save(tmp_path / "a.xlsx")
    assert values(read(tmp_path / "a.xlsx")) == WANTED
    pl.read_csv(io.StringIO(WIDE)).write_parquet(tmp_path / "a.parquet")
    assert values(read(tmp_path / "a.parquet")) == WANTED


def test_every_bad_row_is_kept_with_its_line_and_fault(file: Path) -> None:
    rows = [
        "site,time,pm2_5,pm10",
        "1121A,2020-04-04T11:00,47,273",
        "9999A,2020-04-04T11:00,1,2",
        "1121A,yesterday,1,2",
        "1121A,2020-04-04T12:30,1,2",
        "1121A,2020-04-04T13:00,many,2",
        "1121A,2020-04-04T14:00,-5,99999",
        "1121A,2020-04-04T11:00,48,273",
        "1121A,2020-04-04T15:00,1",
        "1121A,2020-04-04T16:00,1,2,3",
        "1121A,2031-01-01T00:00,1,2",
    ]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    batches = read(file)
    assert faults(batches) == [
        (3, Fault.UNKNOWN_SITE),
        (4, Fault.BAD_TIME),
        (5, Fault.BAD_TIME),
        (6, Fault.NOT_A_NUMBER),
        (7, Fault.IMPOSSIBLE_VALUE),
        (7, Fault.IMPOSSIBLE_VALUE),
        (8, Fault.CONFLICT),
        (8, Fault.DUPLICATE),
        (9, Fault.SHORT_ROW),
        (10, Fault.LONG_ROW),
        (11, Fault.FUTURE_TIME),
    ]
    raw = dict(batches[0].rejects.select("line", "raw").iter_rows())
    assert raw[6] == rows[5]
    good = {(quantity, value) for _, quantity, _, value in values(batches)}
    assert good == {("pm2_5", 47.0), ("pm10", 273.0), ("pm10", 2.0)}


def test_a_mark_is_split_from_its_value(file: Path) -> None:
    file.write_text("site,time,pm2_5,pm10\n1121A,2020-04-04T11:00,31(B),-99(H)\n", encoding="utf-8")
    rows = read(file)[0].rows.sort("quantity")
    assert rows.select("quantity", "value", "mark").rows() == [
        ("pm10", None, "H"),
        ("pm2_5", 31.0, "B"),
    ]


def test_a_cut_archive_gives_the_rows_before_the_cut(tmp_path: Path) -> None:
    start = datetime(2010, 1, 1)  # noqa: DTZ001 - as a file would write it
    whole = "site,time,pm2_5\n" + "".join(
        f"1121A,{(start + timedelta(hours=n)).isoformat()},{n % 97}.{n}\n" for n in range(5000)
    )
    packed = gzip.compress(whole.encode())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) * 2 // 3])
    batches = read(tmp_path / "cut.csv.gz")
    assert [fault for _, fault in faults(batches)].count(Fault.TRUNCATED_FILE) == 1
    assert sum(batch.rows.height for batch in batches) > 1000


@pytest.mark.parametrize("data", [b"", gzip.compress(b"")], ids=["empty", "empty archive"])
def test_an_empty_file_is_said_to_be_empty(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(BadInput, match="空"):
        read(file)


def test_a_header_alone_brings_nothing(file: Path) -> None:
    file.write_text("site,time,pm2_5\n", encoding="utf-8")
    batches = read(file)
    assert sum(batch.rows.height for batch in batches) == 0
    assert faults(batches) == []


def test_the_end_label_is_turned_to_the_start(file: Path) -> None:
    file.write_text("site,time,pm2_5\n1121A,2020-04-05 00:00,47\n", encoding="utf-8")
    mapping = FileMapping(
        layout="wide", time="time", site="site", hour_label="end", quantities={"pm2_5": "pm2_5"}
    )
    ((_, _, time, _),) = values(read(file, mapping))
    assert time == datetime(2020, 4, 4, 15, tzinfo=UTC)  # 23:00–24:00 of 4 April in Beijing


@pytest.mark.parametrize(
    ("quantity", "unit", "factor"),
    [
        ("co", "µg/m³", 0.001),
        ("pm2_5", "mg/m3", 1000.0),
        ("o3", "ppb", 1.962),  # 48.00 / 24.465, GB 3095—2026, 4.3
        ("so2", "ppb", 2.619),
        ("co", "ppm", 1.145),
        ("pm10", "ppb", None),
        ("pm10", "°C", None),
    ],
)
def test_units_are_those_of_the_standard(quantity: str, unit: str, factor: float | None) -> None:
    assert unit_factor(quantity, unit) == factor


def test_a_wrong_unit_is_a_fault_of_its_row(file: Path) -> None:
    file.write_text(
        "site,time,quantity,value,unit\n1121A,2020-04-04T11:00,co,600,µg/m³\n"
        "1121A,2020-04-04T11:00,pm10,60,ppb\n",
        encoding="utf-8",
    )
    batches = read(file)
    assert values(batches) == {("1121A", "co", AT, 0.6)}
    assert faults(batches) == [(3, Fault.WRONG_UNIT)]


@given(
    st.builds(
        FileMapping,
        layout=st.just("wide"),
        time=st.text(min_size=1),
        site=st.text(min_size=1),
        hour_label=st.sampled_from(["start", "end"]),
        quantities=st.dictionaries(
            st.sampled_from(["pm2_5", "co", "o3"]), st.text(min_size=1), min_size=1
        ).map(lambda chosen: {header: key for key, header in chosen.items()}),
        missing=st.lists(st.text()).map(tuple),
        zero_is_missing=st.booleans(),
        note_zh=st.text(),
    )
)
def test_a_mapping_survives_being_written(mapping: FileMapping) -> None:
    assert read_mapping(write_mapping(mapping)) == mapping


class Shelf:
    """A list."""

    def __init__(self) -> None:
        self.rows: list[pl.DataFrame] = []

    def observed(self, period: str) -> Period | None:
        times = [time for frame in self.rows for time in frame["time"]]
        return Period(min(times), max(times) + timedelta(seconds=1)) if times else None

    def delivered(
        self, *, period: str, span: Period, sites: object, quantities: object
    ) -> pl.DataFrame:
        schema = {"site": pl.String, "quantity": pl.String, "time": pl.Datetime("us", "UTC")}
        empty = pl.DataFrame(schema={**schema, "value": pl.Float64, "mark": pl.String})
        kept = [row.select(empty.columns) for row in self.rows]
        return pl.concat([empty, *kept]).unique(
            ["site", "quantity", "time"], keep="last", maintain_order=True
        )

    def save_observations(self, frame: pl.DataFrame) -> None:
        self.rows.append(frame)


def go(shelf: Shelf, file: Path, revision: int) -> tuple[int, int, int]:
    source = OnDisk(file)
    summary = import_file(
        shelf,
        source,
        detect(source).mapping,
        sites=SITES,
        origin=Origin(revision, "analyst", NOW),
        keep_rejects=lambda rows: None,
        step=lambda batch, summary: None,
    )
    return summary.new, summary.changed, summary.same


def test_twice_the_same_file_changes_nothing_and_a_changed_value_is_a_revision(file: Path) -> None:
    shelf = Shelf()
    file.write_text(WIDE, encoding="utf-8")
    source = OnDisk(file)
    tried = dry_run(
        shelf, source, detect(source).mapping, sites=SITES, now=NOW, step=lambda b, s: None
    )
    assert (tried.new, tried.changed, tried.same) == (3, 0, 0)
    assert shelf.rows == []
    assert go(shelf, file, 1) == (3, 0, 0)
    assert go(shelf, file, 2) == (0, 0, 3)
    file.write_text(WIDE.replace("47", "46"), encoding="utf-8")
    assert go(shelf, file, 3) == (0, 1, 2)
    assert shelf.rows[-1].select("quantity", "value", "revision").rows() == [("pm2_5", 46.0, 3)]
