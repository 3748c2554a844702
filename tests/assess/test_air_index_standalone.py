"""A file of concentrations in, a file of indices out."""

import csv
import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from songhua.assess.air import AssessedFile, BadCell, assess_csv, daily_index, lines
from songhua.assess.air import standalone as module
from songhua.model import BadInput
from songhua.standards import aqi_rule_of

HEAD = "site,time,so2,no2,co,o3,pm10,pm2_5\n"
DUSTY = "4,17,0.6,92,273,47"
OUT_HEAD = (
    "site,time,edition,aqi,level,primary,iaqi_so2,iaqi_no2,iaqi_co,iaqi_o3,iaqi_pm10,iaqi_pm2_5"
)

Assess = Callable[..., tuple[AssessedFile, list[dict[str, str]]]]


@pytest.fixture
def assess(tmp_path: Path) -> Assess:
    """Return what assesses a file's content and reads back what came out."""

    def run(
        content: str | bytes, *, name: str = "in.csv", period: str = "hour", on: str = "auto"
    ) -> tuple[AssessedFile, list[dict[str, str]]]:
        source, out = tmp_path / name, tmp_path / "out.csv"
        source.write_bytes(content if isinstance(content, bytes) else content.encode())
        summary = assess_csv(source, out, period=period, on_edition=on)
        with out.open(encoding="utf-8", newline="") as file:
            return summary, list(csv.DictReader(file))

    return run


def test_the_file_that_comes_out(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(
        f"{HEAD}1121A,2020-04-04T11:00,{DUSTY}\n"
        f"1121A,2026-04-04 11:00:00+08:00,{DUSTY}\n"
        "1121A,2026-04-04T12:00,,17,0.6,92,73,47\n",
        encoding="utf-8",
    )
    summary = assess_csv(source, out, period="hour")
    assert out.read_text(encoding="utf-8") == (
        f"{OUT_HEAD}\n"
        "1121A,2020-04-04T11:00,HJ 633—2012,162,4,pm10,2,9,6,29,162,65\n"
        "1121A,2026-04-04 11:00:00+08:00,HJ 633—2026,162,4,pm10,2,9,6,29,162,74\n"
        "1121A,2026-04-04T12:00,HJ 633—2026,,,,,9,6,29,67,74\n"
    )
    assert summary == AssessedFile(rows=3, with_aqi=2, bad_cells=0, examples=())


@pytest.mark.parametrize("content", [HEAD, HEAD.strip(), HEAD + "\n\n"])
def test_a_file_without_rows_gives_one_without_rows(content: str, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(content, encoding="utf-8")
    assert assess_csv(source, out, period="day").rows == 0
    assert out.read_text(encoding="utf-8") == f"{OUT_HEAD}\n"


@pytest.mark.parametrize(
    ("time", "edition"),
    [
        ("2026-02-28T23:00", "2012"),
        ("2026-03-01T00:00", "2026"),
        ("2026-02-28T15:59:59Z", "2012"),
        ("2026-02-28T16:00Z", "2026"),
        ("2026-02-28T11:00:00-05:00", "2026"),
        ("2026-03-01T00:30+0900", "2012"),
        ("2026-02-28", "2012"),
        ("2026-03-01", "2026"),
        ("2026/3/1 0:00", "2026"),
        ("2026-03-01 00:00:00.5", "2026"),
        ("20260228T2300", "2012"),
        ("20260301T0000", "2026"),
        ("20260228T235959", "2012"),
        ("20260228T16Z", "2026"),
        ("20260228T155959Z", "2012"),
        ("20260228T1100-0500", "2026"),
        ("20260301T003000+09", "2012"),
        ("2026-02-28T16+00", "2026"),
        ("20260228", "2012"),
        ("20260301", "2026"),
        ("2026-02-28T24:00", "2026"),
        ("2026-02-28 24:00:00", "2026"),
        ("20260228T2400", "2026"),
        ("2026-02-28T24", "2026"),
        ("2026-02-28T24:00-05:00", "2026"),
        ("2026-02-27T24:00", "2012"),
    ],
)
def test_the_beijing_day_of_a_row_picks_the_edition(
    assess: Assess, time: str, edition: str
) -> None:
    for period in ("hour", "day"):
        _, (row,) = assess(f"site,time,pm2_5\na,{time},75\n", period=period)
        assert row["edition"] == f"HJ 633—{edition}"
        assert row["iaqi_pm2_5"] == {"2012": "100", "2026": "114"}[edition]
        assert row["time"] == time


def test_an_edition_may_be_asked_for(assess: Assess) -> None:
    content = "site,time,pm2_5\na,2020-04-04,75\nb,2026-04-04,75\nc,1999-01-01,75\nd,when?,75\n"
    for edition, index in (("2012", "100"), ("2026", "114")):
        _, rows = assess(content, period="day", on=edition)
        assert [row["iaqi_pm2_5"] for row in rows] == [index] * 4
    _, rows = assess(content, period="day")
    assert [row["edition"] for row in rows] == ["HJ 633—2012", "HJ 633—2026", "", ""]
    assert [row["site"] for row in rows] == ["a", "b", "c", "d"]


def test_columns_in_any_order_with_others_among_them(assess: Assess) -> None:
    content = "wind,PM2_5, o3_8h,time,o3,SITE\n3,75,100,2020-04-04,999,007\n"
    _, (row,) = assess(content, period="day")
    assert (row["site"], row["iaqi_pm2_5"], row["iaqi_o3"], row["iaqi_co"]) == (
        "007",
        "100",
        "50",
        "",
    )


def test_the_highest_hour_stands_in_for_best_eight_hours_beyond_the_table(assess: Assess) -> None:
    content = "site,time,o3_8h,o3\na,2020-04-04,850,900\nb,2026-04-04,850,900\n"
    _, rows = assess(content, period="day")
    assert [(row["aqi"], row["primary"]) for row in rows] == [("350", "o3"), ("300", "o3")]


def test_cells_that_are_no_concentration_count_as_missing_and_are_reported(assess: Assess) -> None:
    content = (
        f"{HEAD}a,2020-04-04T11:00,-99,NA,—,abc,1e2, 47 \n"
        "\n"
        'a,2020-04-04T12:00,,nan,"1,234",inf,1_000,0x10\n'
        "a,whenever,1,2,0.3,4,5,6\n"
    )
    summary, rows = assess(content)
    assert [row["iaqi_pm10"] for row in rows] == ["75", "", ""]
    assert [row["aqi"] for row in rows] == ["75", "", ""]
    assert summary.bad_cells == 7
    assert summary.examples == (
        BadCell(2, "so2", "-99"),
        BadCell(2, "o3", "abc"),
        BadCell(4, "co", "1,234"),
        BadCell(4, "o3", "inf"),
        BadCell(4, "pm10", "1_000"),
        BadCell(4, "pm2_5", "0x10"),
        BadCell(5, "time", "whenever"),
    )


@pytest.mark.parametrize("time", ["2026-02-28T24:01", "20260228T2430", "2026-02-28T25:00"])
def test_after_the_last_hour_of_a_day_there_is_no_time(assess: Assess, time: str) -> None:
    summary, (row,) = assess(f"site,time,pm2_5\na,{time},75\n")
    assert (row["edition"], row["aqi"]) == ("", "")
    assert summary.examples == (BadCell(2, "time", time),)


SLIPS = {
    "first-cell": '"b,2020-04-04,1,x',
    "value": 'b,2020-04-04,"1,x',
    "last-cell": 'b,2020-04-04,1,"x',
    "closed-amid-a-cell": '"b"c,2020-04-04,1,x',
}


@pytest.mark.parametrize("line", SLIPS.values(), ids=SLIPS)
@pytest.mark.parametrize("others", ["plain", "quoted", "slips-too"])
@pytest.mark.parametrize("kind", ["in.csv", "in.csv.gz", "gb18030"])
def test_a_quote_never_closed_costs_its_own_row_and_is_named_with_its_line(
    assess: Assess, line: str, others: str, kind: str
) -> None:
    good = {"quoted": '"长春","2020-04-04","150","雪, ""大"""'}.get(
        others, "长春,2020-04-04,150,雪"
    )
    given_lines = [good, line, good, "", good] + [line, good] * (others == "slips-too")
    content = "site,time,pm10,note\r\n" + "".join(f"{one}\r\n" for one in given_lines)
    given = content.encode("gb18030" if kind == "gb18030" else "utf-8")
    if kind.endswith("gz"):
        given = gzip.compress(given)
    summary, rows = assess(given, name=kind if "." in kind else "in.csv", period="day")
    numbers = [number for number, one in enumerate(given_lines, 2) if one == line]
    assert summary.bad_rows == len(numbers)
    assert summary.bad_cells == 0
    assert summary.examples == tuple(BadCell(number, "", line) for number in numbers)
    whole = [one for one in given_lines if one]
    assert [row["aqi"] for row in rows] == ["" if one == line else "100" for one in whole]
    assert [row["site"] for row in rows] == ["" if one == line else "长春" for one in whole]


def test_a_cell_of_several_lines_is_one_row_and_lines_go_on_counting(assess: Assess) -> None:
    content = 'site,time,note,pm10\na,2020-04-04,"rain,\nthen\nsnow",150\nb,2020-04-04,,5"\n'
    summary, rows = assess(content, period="day")
    assert [(row["site"], row["aqi"]) for row in rows] == [("a", "100"), ("b", "")]
    assert summary.examples == (BadCell(5, "pm10", '5"'),)


def test_many_bad_rows_are_counted_and_the_first_listed(
    assess: Assess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_BLOCK", 1000)
    summary, rows = assess("site,time,pm10\n" + 'a,2020-04-04,150\n"b,2020-04-04,1\n' * 300)
    assert (summary.bad_rows, len(rows), summary.with_aqi) == (300, 600, 300)
    assert [cell.line for cell in summary.examples] == list(range(3, 43, 2))


def test_only_the_first_bad_cells_are_listed(assess: Assess) -> None:
    content = "site,time,pm10\n" + "a,2020-04-04,x\n" * 1000
    summary, _ = assess(content, period="day")
    assert summary.bad_cells == 1000
    assert [cell.line for cell in summary.examples] == list(range(2, 22))


@pytest.mark.parametrize(
    ("year", "quantity", "text", "index"),
    [
        (2012, "co", "2.2", 55),  # by hand: exactly 55; with floats 56
        (2012, "co", "2.20000000000000000001", 56),
        (2012, "pm2_5", "35.000001", 51),
        (2012, "pm2_5", "35.0000000000000000001", 51),
        (2012, "pm2_5", "34.9999999999999999999", 50),
        (2012, "pm2_5", "35.00000000000000000000", 50),
        (2026, "pm2_5", "60.5", 100),
        (2026, "pm2_5", "60.5000000000000000001", 101),
        (2026, "co", "2.0500000000000000000", 50),
        (2026, "co", "2.0500000000000000001", 53),  # 2.1: 50 + 50 × 0.1/2 up
    ],
)
def test_decimals_of_any_length_are_read_exactly(
    assess: Assess, year: int, quantity: str, text: str, index: int
) -> None:
    content = f"site,time,{quantity}\na,2020-04-04,{text}\n"
    _, (row,) = assess(content, period="day", on=str(year))
    assert row[f"iaqi_{quantity}"] == str(index)
    assert daily_index({quantity: Decimal(text)}, aqi_rule_of(year)).iaqi[quantity] == index


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}长春,2020-04-04,{DUSTY}\n".encode(),
        f"\ufeff{HEAD}长春,2020-04-04,{DUSTY}\n".encode(),
        f"{HEAD}长春,2020-04-04,{DUSTY}\n".encode("gb18030"),
        f"{HEAD}长春,2020-04-04,{DUSTY}\n".replace("\n", "\r\n").encode(),
        '"site",time,so2,no2,co,o3,pm10,pm2_5\n"长春","2020-04-04","4",17,0.6,92,273,47'.encode(),
        gzip.compress(f"{HEAD}长春,2020-04-04,{DUSTY}\n".encode()),
    ],
    ids=["utf8", "bom", "gb18030", "crlf", "quoted", "gzip"],
)
def test_files_as_people_make_them(assess: Assess, content: bytes) -> None:
    _, (row,) = assess(content)
    assert (row["site"], row["aqi"], row["primary"]) == ("长春", "162", "pm10")


def test_a_short_row_lacks_values_and_a_long_one_has_too_many(assess: Assess) -> None:
    content = f"{HEAD}a,2020-04-04T01:00,4\nb,2020-04-04T01:00,{DUSTY},88,99\n"
    _, rows = assess(content)
    assert [row["aqi"] for row in rows] == ["2", "162"]


def test_rows_keep_their_order_over_many_batches(
    assess: Assess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 1000)
    content = "site,time,pm10\n" + "".join(
        f"s{number},2020-04-04T01:00,{number % 600}\n" for number in range(20_000)
    )
    for name, given in (
        ("in.csv", content.encode()),
        ("in.csv.gz", gzip.compress(content.encode())),
    ):
        summary, rows = assess(given, name=name)
        assert summary.rows == len(rows) == 20_000
        assert [row["site"] for row in rows] == [f"s{number}" for number in range(20_000)]
        assert rows[12_250]["aqi"] == "150"  # 250 µg/m³


WHOLE = gzip.compress((HEAD + f"a,2020-04-04T01:00,{DUSTY}\n" * 5000).encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"site,pm10\na,1\n", "time"),
        (b"time,pm10\n2020-01-01,1\n", "site"),
        (b"site;time;pm10\na;2020-01-01;1\n", "site, time"),
        (b"site,time,wind\na,2020-01-01,1\n", "pollutant"),
        (b"site,time,pm10,PM10\na,2020-01-01,1,2\n", "duplicate"),
        (b'"site,time,pm10\na,2020-01-01,1\n', ""),
        (bytes(range(256)) * 20, "site"),
        (WHOLE[: len(WHOLE) // 2], "end of file"),
        (b"\x1f\x8bnot gzip at all", ""),
    ],
    ids=[
        "empty",
        "no-time",
        "no-site",
        "semicolons",
        "no-pollutant",
        "twice",
        "open-quote-in-the-header",
        "binary",
        "torn-gzip",
        "false-gzip",
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_leaves_the_last_result(
    tmp_path: Path, content: bytes, says: str
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(content)
    out.write_text("what was there", encoding="utf-8")
    with pytest.raises(BadInput) as fault:
        assess_csv(source, out, period="hour")
    assert says in fault.value.en
    assert len(fault.value.en) < 300
    assert out.read_text(encoding="utf-8") == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_no_such_file_no_such_place_no_such_period(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    with pytest.raises(BadInput, match="No such file"):
        assess_csv(source, tmp_path / "out.csv", period="hour")
    source.write_text(f"{HEAD}a,2020-04-04,{DUSTY}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="Cannot read or write"):
        assess_csv(source, tmp_path / "no" / "out.csv", period="hour")
    with pytest.raises(BadInput, match="hour or day"):
        assess_csv(source, tmp_path / "out.csv", period="month")
    with pytest.raises(BadInput, match="no edition"):
        assess_csv(source, tmp_path / "out.csv", period="hour", on_edition="2020")


def test_a_file_may_be_assessed_in_place(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(HEAD + f"a,2020-04-04,{DUSTY}\n" * 3, encoding="utf-8")
    assert assess_csv(source, source, period="hour").with_aqi == 3
    assert pl.read_csv(source)["aqi"].to_list() == [162] * 3


def test_what_stands_for_another_file_goes_on_standing_for_it(tmp_path: Path) -> None:
    """``--out /dev/stdout`` is such a link."""
    source, link, target = (tmp_path / name for name in ("in.csv", "link", "target"))
    source.write_text(f"{HEAD}a,2020-04-04,{DUSTY}\n", encoding="utf-8")
    link.symlink_to(target)
    assess_csv(source, link, period="hour")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8").startswith(OUT_HEAD)
