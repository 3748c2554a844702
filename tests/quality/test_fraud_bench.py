"""The fraud benchmark's judge and its measure of what a chart shows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from bench.fraud.judge import judge
from bench.fraud.seen import seen
from bench.fraud.tamper import Case
from songhua.quality.fraud.panel import Panel

HOUR = 3_600_000_000


def test_a_lead_counts_where_it_covers_a_third_of_its_own_case(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    hours = pl.datetime_range(
        pl.datetime(2020, 1, 1), pl.datetime(2020, 12, 30), "1h", time_zone="UTC", eager=True
    )
    pl.DataFrame({"time": hours}).with_columns(
        site=pl.lit("A"), quantity=pl.lit("co"), value=1.0
    ).write_parquet(tmp_path / "clean" / "air_score.parquet")
    (tmp_path / "labels.csv").write_text(
        "file,medium,kind,strength,seen,site,quantity,start,end\n"
        "f,air,calm,strong,strong,A,co,2020-02-01T00:00:00Z,2020-02-04T00:00:00Z\n"
        "f,air,calm,strong,strong,B,co,2020-02-01T00:00:00Z,2020-02-04T00:00:00Z\n",
        encoding="utf-8",
    )
    leads = tmp_path / "leads.csv"
    leads.write_text(
        "file,site,quantity,start,end,kind\n"
        "f,A,co,2020-02-03T00:00:00Z,2020-02-06T00:00:00Z,calm\n"  # a third: found
        "f,B,co,2020-02-03T01:00:00Z,2020-02-06T00:00:00Z,calm\n"  # an hour less
        "f,B,co,2020-02-01T00:00:00Z,2020-02-04T00:00:00Z,clock\n"  # another kind
        "clean/air_score.parquet,A,co,2020-03-01T00:00:00Z,2020-03-02T00:00:00Z,calm\n",
        encoding="utf-8",
    )
    told = judge(tmp_path, leads).splitlines()
    assert told[1] == "air calm strong 2 0.5"
    assert told[2] == "air_score: 1.00 false leads a site-year (1.0)"


def test_what_is_plain_is_strong_and_what_is_nothing_is_faint() -> None:
    chance = np.random.default_rng(5)
    weather = 60 * np.exp(np.cumsum(chance.normal(0, 0.02, 3000)))
    table = np.round(weather * np.exp(chance.normal(0, 0.1, (4, 3000))))
    times = HOUR * np.arange(3000, dtype=np.int64)
    clean = Panel(("A", "B", "C", "D"), times, HOUR, {"co": table})
    cut = table.copy()
    cut[0, 1000:1240] = np.round(cut[0, 1000:1240] * 0.4)
    case = Case("cleaner", "strong", 0, "co", 1000, 1240)
    assert seen(case, clean, replace(clean, values={"co": cut}, _made={})) == "strong"
    assert seen(case, clean, clean) == "faint"
    assert seen(replace(case, kind="digits", strength="clear"), clean, clean) == "evident"
