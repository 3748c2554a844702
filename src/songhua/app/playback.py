"""The last day of the demo's hours, sent by virtual loggers through the gateway: the map moves."""

import asyncio
import gzip
import threading
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import polars as pl
import structlog

from songhua.api.ports import Playback
from songhua.app.platform import Songhua
from songhua.app.simulate import Message, play_back, replay_messages

log = structlog.get_logger()

_COLUMNS = {name: name for name in ("so2", "no2", "co", "o3", "pm10")} | {"pm25": "pm2_5"}
_HOUR = timedelta(hours=1)


def without_last_day(source: Path, folder: Path) -> Path:
    """Write a file without its last day, and return its path; the same bytes every time.

    The file is that of the demo: ``site,time,…``, with the end of the hour in Beijing time.
    """
    with gzip.open(source, "rt", encoding="utf-8") as file:
        head, *lines = file.read().splitlines(keepends=True)
    last = _before_last_day(line.split(",", 2)[1] for line in lines)
    kept = [line for line in lines if line.split(",", 2)[1] <= last]
    path = folder / f"{source.name.removesuffix('.csv.gz')}_to_{last[:10]}.csv.gz"
    with path.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file:
        file.write("".join([head, *kept]).encode())
    return path


def play(platform: Songhua, source: Path, *, host: str, port: int, seconds: float) -> None:
    """Send the hours that are not on the shelf yet, in the background, `seconds` for each."""
    messages = _left(platform, source)
    if not messages:
        return
    platform.playback = Playback(f"{messages[0].at:%Y-%m-%d}", seconds)

    def run() -> None:
        try:
            asyncio.run(play_back(host, port, messages, every=seconds))
        except Exception:
            log.exception("the playback ended")
        finally:
            platform.playback = None

    threading.Thread(target=run, name="playback", daemon=True).start()


def _left(platform: Songhua, source: Path) -> list[Message]:
    """Return what is newer than anything on the shelf."""
    ends = platform.shelf.times("hour")
    local = pl.col("time").str.to_datetime(time_unit="us").dt.replace_time_zone("Asia/Shanghai")
    rows = (
        pl.read_csv(source, infer_schema=False)
        .select(
            "site",
            (local - _HOUR).dt.convert_time_zone("UTC").alias("time"),
            *(pl.col(theirs).cast(pl.Float64).alias(ours) for theirs, ours in _COLUMNS.items()),
        )
        .filter(pl.col("time") > ends[1] if ends else pl.lit(value=True))
    )
    return replay_messages(rows, list(_COLUMNS.values()))


def _before_last_day(labels: Iterable[str]) -> str:
    """Return the label of the last hour before the last day begins: its midnight."""
    return f"{max(labels)[:10]} 00:00"
