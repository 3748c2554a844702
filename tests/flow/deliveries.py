"""Files as sources send them, and the demo's day as it was published."""

from pathlib import Path
from typing import Any

import polars as pl

from songhua.api.ports import ImportOrder
from songhua.app.platform import Songhua, silent
from tests.conftest import DEMO

HOURS = DEMO / "air_hourly_2020-04.csv.gz"
MAPPING = HOURS.with_name("air_hourly_2020-04.toml").read_text(encoding="utf-8")
WIDE = """
layout = "wide"
time = "time"
site = "site"
[quantities]
so2 = "so2"
no2 = "no2"
co = "co"
o3 = "o3"
pm10 = "pm10"
pm2_5 = "pm2_5"
"""
"""A wide file whose times name the start of the hour."""


def bring(platform: Songhua, path: Path, mapping: str = MAPPING, author: str = "flow") -> Any:
    """Import a file and return what came of it."""
    return platform.run_import(ImportOrder(path, path.name, mapping, author), silent)


def published() -> pl.DataFrame:
    """Return the demo's hours as published; `time` is the start of the hour, in UTC."""
    ended = pl.col("time").str.to_datetime("%Y-%m-%d %H:%M").dt.replace_time_zone("Asia/Shanghai")
    start = ended.dt.convert_time_zone("UTC") - pl.duration(
        hours=1
    )  # the file names the hour's end
    return pl.read_csv(HOURS).with_columns(start.cast(pl.Datetime("us", "UTC")).alias("time"))
