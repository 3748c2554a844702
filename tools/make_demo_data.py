"""Make `demo/` from a folder of public data: `python tools/make_demo_data.py DATA`.

Only real observations, as published; see `demo/README.md` for every source and caveat.
"""

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

OUT = Path(__file__).parents[1] / "demo"
JILIN = {
    "长春": "220100",
    "吉林": "220200",
    "四平": "220300",
    "辽源": "220400",
    "通化": "220500",
    "白山": "220600",
    "松原": "220700",
    "白城": "220800",
    "延边州": "222400",
}
# Neighbouring cities (GB/T 2260), within the frame of the province's map.
NEIGHBOURS = {
    "沈阳": ("210100", "Shenyang"),
    "鞍山": ("210300", "Anshan"),
    "抚顺": ("210400", "Fushun"),
    "本溪": ("210500", "Benxi"),
    "丹东": ("210600", "Dandong"),
    "阜新": ("210900", "Fuxin"),
    "辽阳": ("211000", "Liaoyang"),
    "铁岭": ("211200", "Tieling"),
    "哈尔滨": ("230100", "Harbin"),
    "齐齐哈尔": ("230200", "Qiqihar"),
    "大庆": ("230600", "Daqing"),
    "牡丹江": ("231000", "Mudanjiang"),
    "绥化": ("231200", "Suihua"),
    "通辽": ("150500", "Tongliao"),
    "兴安盟": ("152200", "Hinggan"),
}
UNNUMBERED = {
    ("吉林", "九站"): ("jl-jiuzhan", "Jiuzhan"),
    ("辽源", "银鹰制药"): ("ly-yinying", "Yinying Pharmaceutical"),
}
SPELLINGS = {("辽源", "银鹰制药(20190903启用)"): ("辽源", "银鹰制药")}
FRAME = (119.0, 38.5, 134.0, 49.5)
HOUR_COLUMNS = ("so2", "no2", "co", "o3", "pm10", "pm25", "o3_8h")


def main(data: Path) -> None:
    """Write every file of the demo."""
    OUT.mkdir(exist_ok=True)
    sites = read_sites(data)
    hours = read_hours(data, sites)
    measured = {row["site"] for row in hours}
    write_csv(
        OUT / "sites.csv",
        [row for row in sites.values() if row["key"] in measured or row["city"].startswith("22")],
    )
    write_csv(OUT / "air_hourly_2020-04.csv.gz", hours)
    write_csv(OUT / "air_city_daily_2013-2015.csv.gz", read_city_days(data))


def read_sites(data: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the sites of the province and its neighbours by city and name."""
    air = data / "air_quality"
    newer = {
        row["stationcode"]: row for row in rows_of(air / "cnemc_api_snapshot_2022-01-02T05.csv")
    }
    counties = json.loads((data / "gis" / "jilin_counties.geojson").read_text(encoding="utf-8"))
    sites = {}
    for row in rows_of(air / "cnemc_stations.csv"):
        city, name = row["city"], row["station_name"].strip()
        lon, lat = float(row["lon"]), float(row["lat"])
        if row["station_code"] in newer:
            seen = newer[row["station_code"]]
            lon, lat = float(seen["longitude"]), float(seen["latitude"])
        if city not in JILIN and city not in NEIGHBOURS:
            continue
        sites[city, name] = {
            **place(city),
            "key": row["station_code"],
            "name_zh": name,
            "name_en": row["station_name_en"],
            "county": county_of(lon, lat, counties) if city in JILIN else "",
            "lon": lon,
            "lat": lat,
            "source": "全国城市空气质量实时发布站点表（约 2018 年）；部分坐标取自 2022-01-02 发布",
            "confidence": "single",
            "note": "",
        }
    for (city, name), (key, english) in UNNUMBERED.items():
        sites[city, name] = {
            **place(city),
            "key": key,
            "name_zh": name,
            "name_en": english,
            "county": "",
            "lon": "",
            "lat": "",
            "source": "全国城市空气质量实时发布（2020-04）",
            "confidence": "single",
            "note": "不在 2018 年站点表中：国家编码与坐标未知",
        }
    return sites


def place(city: str) -> dict[str, Any]:
    """Return the columns that a city gives."""
    if city in JILIN:
        full = "延边朝鲜族自治州" if city == "延边州" else f"{city}市"
        code, english = JILIN[city], ""
    else:
        code, english = NEIGHBOURS[city]
        full = city if city.endswith(("盟", "州")) else f"{city}市"
    return {
        "city": code,
        "city_name": full,
        "city_en": english,
        "valid_from": "",
        "valid_until": "",
        "level": "国控",
        "aliases": "",
    }


def read_hours(
    data: Path, sites: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the published hours of the registered sites; labels name the hour's end."""
    hours: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows_of(data / "air_quality" / "cn_stations_hourly_2020-04.csv.gz"):
        where = (row["city"], row["station_name"].strip())
        where = SPELLINGS.get(where, where)
        if where not in sites:
            continue
        values = {name: plain(row[name]) for name in HOUR_COLUMNS}
        if not any(values.values()):
            continue
        key = (str(sites[where]["key"]), row["time"])
        primary = "+".join(
            part.strip() for part in row["primary_published"].split("\n") if part.strip()
        )
        published = {"aqi_published": plain(row["aqi_published"]), "primary_published": primary}
        hours.setdefault(key, {"site": key[0], "time": key[1], **values, **published})
    return [hours[key] for key in sorted(hours, key=lambda key: (key[1], key[0]))]


def read_city_days(data: Path) -> list[dict[str, Any]]:
    """Return the daily values of the province's cities."""
    days = [
        {
            "region": JILIN[row["city"]],
            "date": row["date"],
            **{name: plain(row[name]) for name in ("pm25", "pm10", "so2", "co", "no2")},
            "o3_as_published": plain(row["o3_as_published"]),
            "aqi_as_published": row["aqi_published"],
        }
        for row in rows_of(data / "air_quality" / "cn_cities_daily_2013-2015.csv.gz")
        if row["city"] in JILIN
    ]
    return sorted(days, key=lambda row: (row["date"], row["region"]))


def county_of(lon: float, lat: float, counties: Mapping[str, Any]) -> str:
    """Return the code of the county that a point lies in, or nothing."""
    for feature in counties["features"]:
        shape = feature["geometry"]
        polygons = (
            shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        )
        if any(inside(lon, lat, polygon[0]) for polygon in polygons):
            return str(feature["properties"]["adcode"])
    return ""


def inside(lon: float, lat: float, ring: Iterable[tuple[float, float]]) -> bool:
    """Return whether a point lies in a ring: a ray eastward crosses it an odd number of times."""
    points = list(ring)
    odd = False
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if (y1 > lat) != (y2 > lat) and lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd


def plain(text: str) -> str:
    """Return a number as it would be written: no trailing zeros."""
    return f"{float(text):g}" if text else ""


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV or CSV.gz file."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows; the same rows make the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    raw = text.getvalue().encode()
    path.write_bytes(gzip.compress(raw, 9, mtime=0) if path.suffix == ".gz" else raw)
    sys.stdout.write(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
