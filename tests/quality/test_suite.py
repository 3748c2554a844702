"""Rules and suites: what is impossible is refused with its place; a run in pieces says the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from songhua.model import BadInput
from songhua.quality.rules import read_rules
from songhua.quality.standalone import check_file, default_rules
from songhua.quality.suite import Running, Suite

HEAD = """
[[check]]
name = "first"
kind = "{kind}"
quantity = "{quantity}"
period = "hour"
since = 2020-01-01
set_by = "王"
why = "试"
"""
DEFAULT = default_rules()
DEMO = Path(__file__).parents[2] / "demo"


def rule(kind: str, body: str, quantity: str = "pm2_5") -> str:
    return HEAD.format(kind=kind, quantity=quantity) + body


@pytest.mark.parametrize(
    ("text", "zh"),
    [
        (rule("range", "fail = [10, 0]"), "fail 不可能是 [10, 0]"),
        (rule("range", "fail = [0, 10]\nsuspect = [0, 20]"), "更宽"),
        (rule("spike", "suspect = 5\nfail = 2"), "更宽"),
        (rule("spike", "suspect = -5"), "suspect 不可能是 -5"),
        (rule("spike", ""), "缺少 suspect"),
        (rule("spike", "suspect = 5\nwidth = 2"), "未知的设置 width"),
        (rule("spike", "suspect = 5", "pm3"), "没有这个指标：pm3"),
        (rule("relation", 'law = "equal"\nof = ["pm3"]\nsuspect = 0'), "没有这个指标：pm3"),
        (rule("guess", ""), "没有这种检查：guess"),
        (rule("gap", "suspect_s = 10\nuntil = 2019-01-01"), "until 早于 since"),
        (rule("gap", "suspect_s = 10") + rule("gap", "suspect_s = 9"), "名称重复"),
        (rule("gap", "suspect_s = 10").replace('set_by = "王"', 'set_by = " "'), "set_by 为空"),
        (rule("gap", "suspect_s = nan"), "suspect_s 不可能是 nan"),
        ("check = 3", "[[check]]"),
        ("][", "不是 TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(text: str, zh: str) -> None:
    with pytest.raises(BadInput) as told:
        read_rules(text)
    assert zh in told.value.zh
    assert told.value.en


def hours(values: list[float | None], site: str = "a", quantity: str = "pm2_5") -> pl.DataFrame:
    start = datetime(2020, 4, 1, tzinfo=UTC)
    times = [start + timedelta(hours=number) for number in range(len(values))]
    return pl.DataFrame(
        {"site": site, "quantity": quantity, "time": times, "value": values},
        schema_overrides={"value": pl.Float64},
    )


def test_a_rule_holds_from_its_day_and_at_its_sites_only() -> None:
    text = rule("range", 'fail = [0, 10]\nuntil = 2020-04-01\nsites = ["a"]')
    both = pl.concat([hours([20.0] * 40), hours([20.0] * 40, site="b")])
    checked = Suite(read_rules(text)).check(both, period="hour")
    # 1 April in Beijing ends at 16 h UTC.
    assert checked.verdicts.select("site", "time").rows() == [
        ("a", datetime(2020, 4, 1, hour, tzinfo=UTC)) for hour in range(16)
    ]
    assert checked.values.group_by("site", "verdict").len().sort("site", "verdict").rows() == [
        ("a", 2, 24),
        ("a", 4, 16),
        ("b", 2, 40),
    ]


def test_a_check_that_fails_itself_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    text = rule("neighbours", "suspect = 5\nfloor = 1\nwithin_km = 50")
    text += rule("range", "fail = [0, 10]").replace("first", "second")
    checked = Suite(read_rules(text)).check(hours([1.0, 20.0, None]), period="hour")
    assert set(checked.errors) == {"first"}
    assert checked.verdicts.select("check", "verdict").rows() == [
        ("first", 2),
        ("first", 2),
        ("second", 4),
    ]
    assert checked.values["verdict"].to_list() == [1, 4, 9]


@pytest.mark.slow
def test_hour_by_hour_says_what_all_at_once_says() -> None:
    names = {"so2": "so2", "no2": "no2", "co": "co", "o3": "o3", "pm10": "pm10", "pm25": "pm2_5"}
    table = pl.read_csv(DEMO / "air_hourly_2020-04.csv.gz", infer_schema=False)
    local = pl.col("time").str.to_datetime(time_unit="us").dt.replace_time_zone("Asia/Shanghai")
    rows = (
        table.select("site", local.dt.convert_time_zone("UTC"), *names)
        .rename(names)
        .unpivot(index=["site", "time"], variable_name="quantity")
        .with_columns(pl.col("value").cast(pl.Float64))
        .select("site", "quantity", "time", "value")
    )
    places = pl.read_csv(DEMO / "sites.csv", infer_schema=False).select(
        pl.col("key").alias("site"), pl.col("lon", "lat").cast(pl.Float64)
    )
    suite = Suite(read_rules(DEFAULT), places)
    whole = suite.check(rows, period="hour")
    assert whole.errors == {}
    running = Running(suite, period="hour")
    told: dict[tuple[object, ...], tuple[object, ...]] = {}
    for hour in sorted(rows["time"].unique()):
        checked = running.feed(rows.filter(pl.col("time") == hour))
        again = checked.values["time"].unique().to_list()
        told = {key: one for key, one in told.items() if key[2] not in again}
        told |= {row[:4]: row[4:] for row in checked.verdicts.rows()}
    assert told == {row[:4]: row[4:] for row in whole.verdicts.rows()}
    judged = whole.values.filter(pl.col("verdict") != 9)
    share = judged.filter(pl.col("verdict").is_in([3, 4])).height / judged.height
    assert share < 0.02


def test_a_file_is_checked_and_its_evidence_written(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(
        "site,time,pm2_5,pm10\na,2020-04-01T08:00,30,10\na,2020-04-01 09:00,31,\n"
        "a,2020-04-01T02:00:00Z,-3,50\n",
        encoding="utf-8",
    )
    text = rule("relation", 'law = "not_above"\nof = ["pm10"]\nsuspect = 0\nfail = 10')
    text += rule("range", "fail = [0, 500]").replace("first", "second")
    done = check_file(source, out, rules=text)
    assert (done.values, done.errors) == (6, {})
    assert out.read_text(encoding="utf-8").splitlines() == [
        "site,quantity,time,value,verdict,evidence",
        "a,pm10,2020-04-01T08:00:00+08:00,10.0,not checked,",
        "a,pm10,2020-04-01T09:00:00+08:00,,missing,",
        "a,pm10,2020-04-01T10:00:00+08:00,50.0,not checked,",
        "a,pm2_5,2020-04-01T08:00:00+08:00,30.0,fail,first=fail(20.0)",
        "a,pm2_5,2020-04-01T09:00:00+08:00,31.0,pass,",
        "a,pm2_5,2020-04-01T10:00:00+08:00,-3.0,fail,second=fail(-3.0)",
    ]
