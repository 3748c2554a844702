"""A mobile survey (走航) as a track: segments with a colour each, for any map."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from songhua.assess.air.standalone import times_of, whole_or_not_at_all
from songhua.assess.tables_in import Asked, numbers, whole
from songhua.model import BadInput

COLOURS = ("#00b050", "#92d050", "#ffff00", "#ff9900", "#ff0000", "#99004c")
_EARTH_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Track:
    """A track as GeoJSON, its bounds of classes, its length in km, and cells that need a look."""

    geojson: dict[str, Any]
    breaks: tuple[float, ...]
    km: float
    asked: Asked


def track_of(
    source: Path,
    *,
    breaks: Sequence[float] = (),
    gap_s: float = 60,
    gap_m: float = 500,
) -> Track:
    """Return a CSV of ``lon,lat,time,value`` as segments, each coloured by the mean of its ends.

    Parameters
    ----------
    breaks
        Rising bounds of classes, at most five; without any: the fifths of the values.
    gap_s, gap_m
        Beyond these seconds or metres from one point to the next there is no segment.
    """
    if len(breaks) >= len(COLOURS) or list(breaks) != sorted(set(breaks)):
        raise BadInput("界限须递增，至多五个。", "Bounds must rise, at most five.")
    asked = Asked()
    table = whole(source, ("lon", "lat", "time", "value"), asked)
    at = times_of(table["time"])
    asked.rows(table, "time", at.is_null(), "time")
    rows = pl.DataFrame(
        {
            "at": at,
            "lon": numbers(table, "lon", asked, lowest=-180, highest=180),
            "lat": numbers(table, "lat", asked, lowest=-90, highest=90),
            "value": numbers(table, "value", asked),
        }
    ).drop_nulls()
    points = rows.sort("at", maintain_order=True).rows()
    if not breaks and points:
        fifths = [rows["value"].quantile(share / 5, "linear") for share in range(1, 5)]
        breaks = sorted({one for one in fifths if one is not None})
    features, length = [], 0.0
    for (t0, lon0, lat0, v0), (t1, lon1, lat1, v1) in pairwise(points):
        metres = _metres(lon0, lat0, lon1, lat1)
        if (t1 - t0).total_seconds() > gap_s or metres > gap_m:
            continue
        length += metres
        value = (v0 + v1) / 2
        colour = COLOURS[sum(value > bound for bound in breaks)]
        features.append(
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": [[lon0, lat0], [lon1, lat1]]},
                "properties": {"from": t0.isoformat(), "to": t1.isoformat(), "value": value,
                               "colour": colour},
            }
        )  # fmt: skip
    geojson = {"type": "FeatureCollection", "features": features}
    return Track(geojson, tuple(breaks), length / 1000, asked)


def write_track(source: Path, out: Path, *, breaks: Sequence[float] = ()) -> Track:
    """Write the track of a CSV as GeoJSON, see `track_of`."""
    found = track_of(source, breaks=breaks)
    try:
        with whole_or_not_at_all(out) as file:
            file.write(json.dumps(found.geojson, ensure_ascii=False).encode())
    except OSError as fault:
        raise BadInput(f"无法写文件：{fault}。", f"Cannot write: {fault}.") from fault
    return found


def _metres(lon0: float, lat0: float, lon1: float, lat1: float) -> float:
    x = math.radians(lon1 - lon0) * math.cos(math.radians((lat0 + lat1) / 2))
    return _EARTH_M * math.hypot(x, math.radians(lat1 - lat0))
