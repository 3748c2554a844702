"""The demo's last day, sent by virtual loggers: the shelf ends where the whole file ends."""

import gzip
import time
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from songhua.api import ports
from songhua.app.platform import Songhua
from songhua.app.playback import play, without_last_day
from songhua.app.simulate.messages import PASSWORD, mn_of
from songhua.model import Period
from songhua.store.registry import links, records
from tests.app.gateway.speaking import SITE

HEAD = "site,time,so2,no2,co,o3,pm10,pm25,o3_8h,aqi_published,primary_published\n"


@pytest.fixture
def hours(tmp_path: Path) -> Path:
    path = tmp_path / "hours.csv.gz"
    lines = [
        f"{SITE},2020-04-04 23:00,1,2,0.3,4,5,6,,,\n",
        f"{SITE},2020-04-05 00:00,1,2,0.3,4,5,7,,,\n",
        f"{SITE},2020-04-05 01:00,1,2,0.3,4,5,8,,,\n",
        f"{SITE},2020-04-05 02:00,1,2,0.3,4,,9,,,\n",
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines([HEAD, *lines])
    return path


def test_the_file_ends_with_the_day_before(hours: Path, tmp_path: Path) -> None:
    kept = without_last_day(hours, tmp_path)
    with gzip.open(kept, "rt", encoding="utf-8") as file:
        times = [line.split(",")[1] for line in file][1:]
    assert times == ["2020-04-04 23:00", "2020-04-05 00:00"]  # the end of hour 23 of the 4th
    assert without_last_day(hours, tmp_path).read_bytes() == kept.read_bytes()


def test_the_day_comes_through_the_gateway_and_is_said_to_be_a_playback(
    platform: Songhua, hours: Path
) -> None:
    mn = mn_of(SITE)
    links.register_devices([{"mn": mn, "name": SITE, "site_id": SITE, "password": PASSWORD}])
    port = platform.listen("127.0.0.1", 0)
    before = records.progress()
    play(platform, hours, host="127.0.0.1", port=port, seconds=0.01)
    assert platform.playback == ports.Playback("2020-04-04", 0.01)
    until = time.monotonic() + 20
    while platform.playback is not None and time.monotonic() < until:
        time.sleep(0.05)
    assert platform.playback is None
    assert platform.gateway is not None
    assert platform.gateway.keeper.wait(20)
    first = pl.datetime(2020, 4, 4, 14, time_zone="UTC")  # hour 22 in Beijing: the label is its end
    start = pl.select(first).item()
    rows = platform.shelf.observations(
        period="hour",
        span=Period(start, start + timedelta(hours=5)),
        sites=[SITE],
        quantities=["pm2_5", "pm10"],
    ).sort("quantity", "time")
    told = rows.select("quantity", (pl.col("time") - start).dt.total_hours(), "value").rows()
    assert told == [
        ("pm10", 0, 5.0),
        ("pm10", 1, 5.0),
        ("pm10", 2, 5.0),
        ("pm2_5", 0, 6.0),
        ("pm2_5", 1, 7.0),
        ("pm2_5", 2, 8.0),
        ("pm2_5", 3, 9.0),
    ]
    assert records.progress() > before
