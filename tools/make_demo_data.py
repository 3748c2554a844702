"""Make `demo/` from a folder of public data: `python tools/make_demo_data.py DATA`.

Only real observations, as published; see `demo/README.md` for every source and caveat.
"""

import csv
import gzip
import io
import json
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
    "大连": ("210200", "Dalian"),
    "鞍山": ("210300", "Anshan"),
    "抚顺": ("210400", "Fushun"),
    "本溪": ("210500", "Benxi"),
    "丹东": ("210600", "Dandong"),
    "锦州": ("210700", "Jinzhou"),
    "营口": ("210800", "Yingkou"),
    "阜新": ("210900", "Fuxin"),
    "辽阳": ("211000", "Liaoyang"),
    "盘锦": ("211100", "Panjin"),
    "铁岭": ("211200", "Tieling"),
    "朝阳": ("211300", "Chaoyang"),
    "葫芦岛": ("211400", "Huludao"),
    "哈尔滨": ("230100", "Harbin"),
    "齐齐哈尔": ("230200", "Qiqihar"),
    "鸡西": ("230300", "Jixi"),
    "鹤岗": ("230400", "Hegang"),
    "双鸭山": ("230500", "Shuangyashan"),
    "大庆": ("230600", "Daqing"),
    "伊春": ("230700", "Yichun"),
    "佳木斯": ("230800", "Jiamusi"),
    "七台河": ("230900", "Qitaihe"),
    "牡丹江": ("231000", "Mudanjiang"),
    "绥化": ("231200", "Suihua"),
    "赤峰": ("150400", "Chifeng"),
    "通辽": ("150500", "Tongliao"),
    "呼伦贝尔": ("150700", "Hulunbuir"),
    "兴安盟": ("152200", "Hinggan"),
}
# Stations of 2020 that the list of 2018 does not have: our key, English name, first day if known.
UNNUMBERED = {
    ("吉林", "九站"): ("jl-jiuzhan", "Jiuzhan", ""),
    ("辽源", "银鹰制药"): ("ly-yinying", "Yinying Pharmaceutical", "2019-09-03"),
}
# Last days that the release itself gives away: its records say since when the successor runs.
CLOSED = {("辽源", "污水处理厂"): "2019-09-02"}
NOTES = {
    ("辽源", "污水处理厂"): "2020-04 无数据；据发布记录“银鹰制药(20190903启用)”推断已由其代替",
    ("吉林", "农科院"): "2020-04 无数据；可能已由九站代替",
}
FRAME = (119.0, 39.0, 134.0, 49.5)
HOUR_COLUMNS = ("so2", "no2", "co", "o3", "pm10", "pm25", "o3_8h")
LIST = "全国城市空气质量实时发布站点表（约 2018 年）"
NEWER = "2022-01-02 的发布"
FEWEST_TO_JUDGE = 24

Where = tuple[str, str]
Row = dict[str, Any]


def main(data: Path) -> None:
    """Write every file of the demo."""
    OUT.mkdir(exist_ok=True)
    published = list(rows_of(data / "air_quality" / "cn_stations_hourly_2020-04.csv.gz"))
    names = {where_of(row) for row in published}
    sites = read_sites(data, names)
    hours = read_hours(published, sites)
    measured = {row["site"] for row in hours}
    kept = {site["key"]: site for site in sites.values()}
    write_csv(
        OUT / "sites.csv",
        [row for row in kept.values() if row["key"] in measured or row["city"].startswith("22")],
    )
    write_csv(OUT / "air_hourly_2020-04.csv.gz", hours)
    write_csv(OUT / "air_city_daily_2013-2015.csv.gz", read_city_days(data))


def read_sites(data: Path, names: Collection[Where]) -> dict[Where, Row]:
    """Return the sites of the province and its neighbours, by city and each of their names.

    Parameters
    ----------
    names
        Cities and names of the hours, which tell what a renamed station was called then.
    """
    air = data / "air_quality"
    newer = {
        row["stationcode"]: row for row in rows_of(air / "cnemc_api_snapshot_2022-01-02T05.csv")
    }
    counties = json.loads((data / "gis" / "jilin_counties.geojson").read_text(encoding="utf-8"))
    sites: dict[Where, Row] = {}
    for row in rows_of(air / "cnemc_stations.csv"):
        city, code = row["city"], row["station_code"]
        if city not in JILIN and city not in NEIGHBOURS:
            continue
        seen = newer.get(code)
        lon, lat = float(row["lon"]), float(row["lat"])
        called = [tidy(row["station_name"])]
        if seen is not None:
            lon, lat = float(seen["longitude"]), float(seen["latitude"])
            called.insert(0, tidy(seen["positionname"]))
        if city not in JILIN and not is_framed(lon, lat):
            continue
        called = list(dict.fromkeys(called))
        name = next((name for name in called if (city, name) in names), called[-1])
        site = {
            **place(city),
            "key": code,
            "name_zh": name,
            "name_en": row["station_name_en"] if name == called[-1] else "",
            "county": county_of(lon, lat, counties) if city in JILIN else "",
            "lon": lon,
            "lat": lat,
            "valid_until": CLOSED.get((city, name), ""),
            "source": f"{LIST}；坐标取自{NEWER}" if seen else LIST,
            "confidence": "single",
            "aliases": "|".join(other for other in called if other != name),
            "note": NOTES.get((city, name), ""),
        }
        sites |= {(city, other): site for other in called}
    for (city, name), (key, english, since) in UNNUMBERED.items():
        sites[city, name] = {
            **place(city),
            "key": key,
            "name_zh": name,
            "name_en": english,
            "county": "",
            "lon": "",
            "lat": "",
            "valid_from": since,
            "source": "全国城市空气质量实时发布（2020-04）",
            "confidence": "single",
            "note": "不在 2018 年站点表中：国家编码与坐标未知",
        }
    return sites


def where_of(row: Mapping[str, str]) -> Where:
    """Return city and tidy name of a published row."""
    return row["city"], tidy(row["station_name"])


def tidy(name: str) -> str:
    """Return a name without the stray blanks that the release puts into some."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def is_framed(lon: float, lat: float) -> bool:
    """Return whether a point is on the province's map."""
    west, south, east, north = FRAME
    return west <= lon <= east and south <= lat <= north


def place(city: str) -> dict[str, Any]:
    """Return the columns that a city gives."""
    if city in JILIN:
        full = "延边朝鲜族自治州" if city == "延边州" else f"{city}市"
        code, english = JILIN[city], ""
    else:
        code, english = NEIGHBOURS[city]
        full = city if city.endswith("盟") else f"{city}市"
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
    published: Iterable[Mapping[str, str]], sites: Mapping[Where, Mapping[str, Any]]
) -> list[Row]:
    """Return the published hours of the registered sites; labels name the hour's end."""
    records: dict[Where, list[Mapping[str, str]]] = defaultdict(list)
    for row in published:
        records[row["city"], row["station_name"]].append(row)
    hours: dict[tuple[str, str], Row] = {}
    for (city, name), rows in sorted(records.items()):
        where = city, tidy(name)
        full = [row for row in rows if any(row[column] for column in HOUR_COLUMNS)]
        if where not in sites or is_frozen(city, name, full):
            continue
        for row in full:
            key = (str(sites[where]["key"]), row["time"])
            if key in hours:
                raise ValueError(f"two records of one site and hour: {where} {key}")
            hours[key] = {"site": key[0], "time": key[1], **published_values(row)}
    return [hours[key] for key in sorted(hours, key=lambda key: (key[1], key[0]))]


def published_values(row: Mapping[str, str]) -> Row:
    """Return what was published of one hour, as published."""
    primary = [part.strip() for part in row["primary_published"].split("\n")]
    return {
        **{name: plain(row[name]) for name in HOUR_COLUMNS},
        "aqi_published": plain(row["aqi_published"]),
        "primary_published": "+".join(filter(None, primary)),
    }


def is_frozen(city: str, name: str, rows: Sequence[Mapping[str, str]]) -> bool:
    """Return whether a record never changes: the relay repeats the last hour of a closed station.

    Of the 1,808 names in these four days 142 are such; their values are those of some earlier day.
    """
    said = {tuple(row[column] for column in HOUR_COLUMNS) for row in rows}
    frozen = len(rows) >= FEWEST_TO_JUDGE and len(said) == 1
    if frozen:
        sys.stdout.write(f"left out, the same in all {len(rows)} hours: {city} {name}\n")
    return frozen


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
