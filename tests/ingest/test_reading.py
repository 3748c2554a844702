"""Cells as observations: values, marks, units, duplicates; what cannot go in is named."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.ingest.files import Fault, FileMapping, streams
from songhua.ingest.files.seen import Seen
from songhua.model import BadInput
from songhua.standards import QUANTITIES
from tests.ingest.held import NOW, Held, faults, read, values

AT = datetime(2020, 4, 2, tzinfo=UTC)
LONG = FileMapping(
    layout="long",
    time="time",
    site="site",
    quantity="item",
    value="value",
    unit="unit",
    mark="mark",
)


def wide(*headers: str, **changes: object) -> FileMapping:
    keys = {"PM2.5": "pm2_5", "CO": "co", "SO2": "so2", "PM10": "pm10", "TEMP": "temperature"}
    columns = {header: keys[header.split("(")[0]] for header in headers}
    fields = {"layout": "wide", "time": "time", "site": "site", "quantities": columns, **changes}
    return FileMapping(**fields)  # type: ignore[arg-type]


def one(text: str, header: str = "PM2.5", **changes: object) -> list[tuple[float | None, str]]:
    """Return value and mark of a single cell."""
    source = Held.text(f"site,time,{header}", f"1121A,2020-04-02 08:00,{text}")
    batches = read(source, wide(header, **changes))
    return [(value, mark) for _, _, _, value, mark in values(batches)]


# Values and marks


@pytest.mark.parametrize(
    "text", ["35", "35.0", " 35 ", "3.5e1", "0035", "35.", "+35", "35（N）", "35(T)"]
)
def test_a_number_is_read_however_it_is_written(text: str) -> None:
    ((value, _),) = one(text)
    assert value == 35.0


@given(st.decimals(0, 5000, allow_nan=False, places=3))
def test_a_decimal_is_read_exactly(number: Decimal) -> None:
    assert one(str(number)) == [(float(number), "")]


@pytest.mark.parametrize(
    ("text", "value", "mark"),
    [
        ("31(B)", 31.0, "B"),
        ("31（B）", 31.0, "B"),
        ("31 (B)", 31.0, "B"),
        ("-99(H)", None, "H"),
        ("-99.0(H)", None, "H"),
        ("(H)", None, "H"),
        ("H", None, "H"),
        ("PZ", None, "PZ"),
        ("—(BB)", None, "BB"),
        ("31(Zz)", 31.0, "Zz"),
        ("9999999(HSp)", None, "HSp"),
    ],
)
def test_a_mark_is_split_from_its_value(text: str, value: float | None, mark: str) -> None:
    assert one(text) == [(value, mark)]


@pytest.mark.parametrize("text", ["—", "-", "--", "NA", "NULL", "-99", "-99.0", "-999", "/", "NaN"])
def test_no_value_in_so_many_words_is_kept_as_such(text: str) -> None:
    assert one(text) == [(None, "")]


def test_an_empty_cell_says_nothing() -> None:
    batches = read(
        Held.text("site,time,PM2.5,CO", "1121A,2020-04-02 08:00,, "), wide("PM2.5", "CO")
    )
    assert values(batches) == []
    assert faults(batches) == []
    assert batches[0].missing == 2


def test_zero_is_a_value_unless_the_mapping_says_otherwise() -> None:
    assert one("0") == [(0.0, "")]
    assert one("0.0", zero_is_missing=True) == [(None, "")]


def test_words_for_no_value_are_those_of_the_mapping() -> None:
    assert one("缺", missing=("缺",)) == [(None, "")]
    assert one("—", missing=("缺",)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("abc", Fault.NOT_A_NUMBER),
        ("35 µg", Fault.NOT_A_NUMBER),
        ('"1,234"', Fault.NOT_A_NUMBER),
        ("abc(B)", Fault.NOT_A_NUMBER),
        ("=1+1", Fault.NOT_A_NUMBER),
        ("-0.1", Fault.IMPOSSIBLE_VALUE),
        ("5000.1", Fault.IMPOSSIBLE_VALUE),
        ("inf", Fault.IMPOSSIBLE_VALUE),
        ("1e400", Fault.IMPOSSIBLE_VALUE),
        ("-5(N)", Fault.IMPOSSIBLE_VALUE),
    ],
)
def test_what_is_no_value_is_rejected(text: str, fault: Fault) -> None:
    source = Held.text("site,time,PM2.5", f"1121A,2020-04-02 08:00,{text}")
    batches = read(source, wide("PM2.5"))
    assert values(batches) == []
    assert faults(batches) == [(2, fault)]
    reject = batches[0].rejects.row(0, named=True)
    assert reject["raw"] == f"1121A,2020-04-02 08:00,{text}"
    assert "PM₂.₅" in reject["detail_zh"]
    assert "PM₂.₅" in reject["detail_en"]


@pytest.mark.parametrize("key", QUANTITIES)
def test_the_bounds_themselves_are_possible(key: str) -> None:
    quantity = QUANTITIES[key]
    lines = [
        f"1121A,2020-04-02 0{n}:00,{value}"
        for n, value in enumerate((quantity.lowest, quantity.highest, quantity.highest + 0.01))
    ]
    mapping = FileMapping(
        layout="wide", time="time", site="site", quantities={"v": key}, missing=("",)
    )
    batches = read(Held.text("site,time,v", *lines), mapping)
    assert [value for *_, value, _ in values(batches)] == [quantity.lowest, quantity.highest]
    assert faults(batches) == [(4, Fault.IMPOSSIBLE_VALUE)]


# Units


def converted(item: str, value: str, unit: str, day: str = "2020-04-02") -> float | None:
    line = f"1121A,{day} 08:00,{item},{value},{unit},"
    ((_, _, _, found, _),) = values(read(Held.text("site,time,item,value,unit,mark", line), LONG))
    return found


@pytest.mark.parametrize(
    ("item", "value", "unit", "expected"),
    [
        ("PM2.5", "0.035", "mg/m³", 35.0),
        ("PM2.5", "0.0287", "mg/m3", 28.7),
        ("PM2.5", "35", "μg/m³", 35.0),
        ("CO", "400", "ug/m3", 0.4),
        ("CO", "0.4", "毫克/立方米", 0.4),
        ("SO2", "10", "ppb", 26.19),  # 10 × 64.06 / 24.465 = 26.18
        ("CO", "1", "ppm", 1.145),  # 28.01 / 24.465 = 1.1449
        ("O3", "0.1", "ppm", 196.2),  # 100 ppb × 48.00 / 24.465
        ("气压", "998.5", "hPa", 99.85),
    ],
)
def test_values_are_turned_into_our_unit(item: str, value: str, unit: str, expected: float) -> None:
    assert converted(item, value, unit) == expected


def test_before_september_2018_gases_were_counted_at_273_k() -> None:
    """GB 3095—2012, 3.14; its amendment of 2018 counts at 298.15 K from 2018-09-01."""
    assert converted("SO2", "10", "ppb", "2018-09-01") == 26.19
    assert converted("SO2", "10", "ppb", "2018-08-31") == pytest.approx(26.19 * 298.15 / 273)
    assert converted("SO2", "26", "µg/m³", "2018-08-31") == 26.0


@pytest.mark.parametrize(("item", "unit"), [("PM10", "ppb"), ("SO2", "°C"), ("CO", "bananas")])
def test_a_unit_that_cannot_be_is_a_fault_of_its_row(item: str, unit: str) -> None:
    source = Held.text(
        "site,time,item,value,unit,mark",
        f"1121A,2020-04-02 08:00,{item},1,{unit},",
        "1121A,2020-04-02 08:00,NO2,1,,",
    )
    batches = read(source, LONG)
    assert faults(batches) == [(2, Fault.WRONG_UNIT)]
    assert unit in batches[0].rejects["detail_zh"][0]
    assert [value for *_, value, _ in values(batches)] == [1.0]


def test_a_unit_in_the_header_counts_unless_the_mapping_says_otherwise() -> None:
    assert one("0.035", "PM2.5(mg/m³)") == [(35.0, "")]
    assert one("35", "PM2.5(mg/m³)", units={"pm2_5": "µg/m³"}) == [(35.0, "")]
    assert one("35", "PM2.5(ppb)") == []


def test_an_empty_mark_is_none_and_a_mark_may_stand_alone() -> None:
    source = Held.text(
        "site,time,item,value,unit,mark",
        "1121A,2020-04-02 08:00,PM2.5,35,,B",
        "1121A,2020-04-02 08:00,PM10,,,H",
        "1121A,2020-04-02 08:00,SO2,abc,,H",
    )
    batches = read(source, LONG)
    assert [(value, mark) for *_, value, mark in values(batches)] == [(None, "H"), (35.0, "B")]
    assert faults(batches) == [(4, Fault.NOT_A_NUMBER)]


# Rows


def test_what_is_wrong_with_a_whole_row_is_said_once_with_what_was_wrong() -> None:
    source = Held.text(
        "site,time,PM2.5,CO",
        "9999A,2020-04-02 08:00,35,0.4",
        "1121A,someday,35,0.4",
        "1121A,2026-11-24 08:00,35,0.4",
        "9999A,someday,35,0.4",
    )
    rejects = read(source, wide("PM2.5", "CO"))[0].rejects
    assert rejects.select("line", "fault", "detail_zh", "detail_en").rows() == [
        (2, "unknown_site", "未登记的点位：“9999A”", "unknown site: “9999A”"),
        (3, "bad_time", "时间无法识别：“someday”", "time cannot be read: “someday”"),
        (
            4,
            "future_time",
            "时间在将来：“2026-11-24 08:00”",
            "time lies in the future: “2026-11-24 08:00”",
        ),
        (5, "unknown_site", "未登记的点位：“9999A”", "unknown site: “9999A”"),
    ]


def test_an_unknown_name_in_a_long_file_is_named() -> None:
    source = Held.text("site,time,item,value,unit,mark", "1121A,2020-04-02 08:00,PM3,35,,")
    rejects = read(source, LONG)[0].rejects
    assert rejects.select("fault", "detail_en").rows() == [
        ("unknown_quantity", "unknown quantity: “PM3”")
    ]


def test_an_hour_that_has_not_begun_lies_in_the_future() -> None:
    lines = ["1121A,2026-11-23 08:00,1", "1121A,2026-11-23 09:00,2"]
    batches = read(Held.text("site,time,PM2.5", *lines), wide("PM2.5"), now=NOW)
    assert [value for *_, value, _ in values(batches)] == [1.0]  # begins at this very instant
    assert faults(batches) == [(3, Fault.FUTURE_TIME)]


def test_sites_may_be_given_by_city_and_name() -> None:
    mapping = wide("PM2.5", site="", city="城市", name="点位")
    source = Held.text(
        "城市,点位,time,PM2.5",
        "长春,邮电学院 ,2020-04-02 08:00,35",
        "四平,植物园,2020-04-02 08:00,36",
        "白山,植物园,2020-04-02 08:00,37",
    )
    batches = read(source, mapping)
    assert [(site, value) for site, _, _, value, _ in values(batches)] == [
        ("1119A", 36.0),
        ("1121A", 35.0),
    ]
    assert batches[0].rejects["detail_zh"].to_list() == ["未登记的点位：“白山 植物园”"]


def test_days_of_a_city_are_its_own() -> None:
    mapping = wide("CO", period="day")
    batches = read(Held.text("site,time,CO", "220100,2015-01-01,0.9", "长春,2015-01-02,1"), mapping)
    assert values(batches) == [
        ("220100", "co", datetime(2014, 12, 31, 16, tzinfo=UTC), 0.9, ""),
        ("220100", "co", datetime(2015, 1, 1, 16, tzinfo=UTC), 1.0, ""),
    ]
    assert batches[0].rows["period"].unique().to_list() == ["day"]
    hours = read(Held.text("site,time,CO", "220100,2015-01-01 08:00,0.9"), wide("CO"))
    assert faults(hours) == [(2, Fault.UNKNOWN_SITE)]


@pytest.mark.parametrize("absent", ["site", "time", "PM2.5"])
def test_a_column_that_the_mapping_names_must_be_there(absent: str) -> None:
    header = ",".join(name for name in ("site", "time", "PM2.5", "x") if name != absent)
    with pytest.raises(BadInput, match=absent):
        read(Held.text(header, "1,2,3"), wide("PM2.5"))


def test_a_column_that_stands_twice_is_not_chosen_by_chance() -> None:
    with pytest.raises(BadInput, match="不止一次"):
        read(Held.text("site,time,PM2.5,PM2.5", "1121A,2020-04-02 08:00,1,2"), wide("PM2.5"))
    assert one("1", "PM2.5") == [(1.0, "")]


# Duplicates


def test_the_first_of_two_stands_and_the_second_says_whether_it_differs() -> None:
    source = Held.text(
        "site,time,PM2.5,CO",
        "1121A,2020-04-02 08:00,35,0.4",
        "1121A,2020-04-02 09:00,36,0.4",
        "1121A,2020-04-02 08:00:00,35.0,0.5",
        "1121a,2020/4/2 8:00,34,0.4",
    )
    batches = read(source, wide("PM2.5", "CO"))
    assert {(key, value) for _, key, at, value, _ in values(batches) if at == AT} == {
        ("pm2_5", 35.0),
        ("co", 0.4),
    }
    assert faults(batches) == [
        (4, Fault.DUPLICATE),
        (4, Fault.CONFLICT),
        (5, Fault.CONFLICT),
        (5, Fault.DUPLICATE),
    ]


def test_a_rejected_value_does_not_take_the_place_of_a_good_one() -> None:
    lines = ["1121A,2020-04-02 08:00,abc", "1121A,2020-04-02 08:00,35"]
    batches = read(Held.text("site,time,PM2.5", *lines), wide("PM2.5"))
    assert [value for *_, value, _ in values(batches)] == [35.0]
    assert faults(batches) == [(2, Fault.NOT_A_NUMBER)]


rows = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(["1", "2"])), min_size=1, max_size=120
)


@settings(deadline=None)
@given(rows, st.sampled_from([64, 200, 1 << 20]))
def test_duplicates_are_found_however_far_apart(hours: list[tuple[int, str]], size: int) -> None:
    start = datetime(2020, 4, 1)  # noqa: DTZ001 - as a file writes it
    lines = [f"1121A,{start + timedelta(hours=hour)},{value}" for hour, value in hours]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streams, "BLOCK", size)
        batches = read(Held.text("site,time,PM2.5", *lines), wide("PM2.5"))
    first: dict[int, str] = {}
    expected = []
    for line, (hour, value) in enumerate(hours, 2):
        if first.setdefault(hour, value) != value:
            expected.append((line, Fault.CONFLICT))
        elif hour in [h for h, _ in hours[: line - 2]]:
            expected.append((line, Fault.DUPLICATE))
    assert faults(batches) == expected
    assert sorted(value for *_, value, _ in values(batches)) == sorted(map(float, first.values()))


def test_runs_of_what_was_seen_are_merged_but_not_without_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("songhua.ingest.files.seen._LARGEST_RUN", 400)
    seen = Seen()
    for part in range(20):
        hours = [AT + timedelta(hours=part * 100 + n) for n in range(100)]
        frame = pl.DataFrame({"time": hours}).with_columns(
            site=pl.lit("1121A"), quantity=pl.lit("co"), value=pl.lit(1.0), mark=pl.lit("")
        )
        again, differs = seen.again(frame)
        assert not again.any()
        again, differs = seen.again(frame.with_columns(value=pl.lit(2.0)))
        assert again.all()
        assert differs.all()
    assert sum(run.size for run, _ in seen._runs) == 2000
    assert max(run.size for run, _ in seen._runs) <= 400


# The same values in another shape


table = st.lists(
    st.tuples(
        st.sampled_from(["1119A", "1120A", "1121A"]),
        st.integers(0, 200),
        st.lists(
            st.sampled_from(["", "35", "0.4", "-99(H)", "31(B)", "—", "abc", "-7"]),
            min_size=3,
            max_size=3,
        ),
    ),
    max_size=30,
    unique_by=lambda row: row[:2],
)
KEYS = ("PM2.5", "CO", "SO2")


def written(rows_: list[tuple[str, int, list[str]]], order: list[str], sign: str) -> Held:
    start = datetime(2020, 4, 1)  # noqa: DTZ001 - as a file writes it
    lines = [sign.join(order)]
    for site, hour, cells in rows_:
        row = {"site": site, "time": str(start + timedelta(hours=hour)), "序号": "7"}
        row |= dict(zip(KEYS, cells, strict=True))
        lines.append(sign.join(row[name] for name in order))
    return Held.text(*lines, encoding="gb18030")


@settings(deadline=None)
@given(table, st.permutations(["site", "time", "序号", *KEYS]), st.sampled_from(",\t;|"))
def test_order_and_delimiter_and_encoding_and_layout_do_not_matter(
    rows_: list[tuple[str, int, list[str]]], order: list[str], sign: str
) -> None:
    first = wide(*KEYS, encoding="gb18030")
    plain = read(written(rows_, ["site", "time", "序号", *KEYS], ","), first)
    other = wide(*KEYS, encoding="gb18030", delimiter=sign)
    shuffled = read(written(rows_, order, sign), other)
    assert values(plain) == values(shuffled)
    start = datetime(2020, 4, 1)  # noqa: DTZ001 - as a file writes it
    lines = [
        f"{start + timedelta(hours=hour)},{site},{key},{cell},,"
        for site, hour, cells in rows_
        for key, cell in zip(KEYS, cells, strict=True)
    ]
    long = read(Held.text("time,site,item,value,unit,mark", *lines), LONG)
    assert values(long) == values(plain)
    assert [fault for _, fault in faults(long)] == [fault for _, fault in faults(plain)]
    assert sum(batch.missing for batch in long) == sum(batch.missing for batch in plain)
