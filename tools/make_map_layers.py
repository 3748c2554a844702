"""Make the map layers of the pages from boundary and river files, light enough for a browser.

Usage: ``python tools/make_map_layers.py FOLDER``, where FOLDER holds the GeoJSON files named below.
Shared borders are cut into arcs and simplified once, so that neighbours still touch afterwards;
cities and the province are the counties put together.
"""

import itertools
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from songhua.standards import PROVINCE, regions

OUT = Path(__file__).parents[1] / "src/songhua/web/static/map"
TOLERANCE = 0.0010  # degrees, about 100 m: less than a pixel at the scale of a county
COARSE = 0.004  # for what only frames the province
PLACES = 4
SLIVER = 0.0004  # square degrees, about 3 km²: gaps between sources, never a division
SAME_RIVER = 0.06  # degrees within which two sources show the same river

RIVERS_EN = {
    "西辽河": "Xiliao River",
    "辽河": "Liao River",
    "第二松花江": "Second Songhua River",
    "二道松花江": "Erdao Songhua River",
    "松花江干流": "Songhua River",
    "鸭绿江": "Yalu River",
    "图们江": "Tumen River",
    "浑河": "Hun River",
    "辉发河": "Huifa River",
    "饮马河": "Yinma River",
    "牡丹江": "Mudan River",
    "洮儿河": "Tao'er River",
    "大凌河": "Daling River",
    "嫩江": "Nen River",
}
LAKES_EN = {
    "月亮泡": "Yueliang Lake",
    "查干湖": "Chagan Lake",
    "兴凯湖": "Khanka Lake",
    "二龙山水库": "Erlongshan Reservoir",
    "石头口门水库": "Shitoukoumen Reservoir",
    "松花湖": "Songhua Lake",
    "松花湖(上段)": "Songhua Lake (upper)",
    "镜泊湖": "Jingpo Lake",
    "大伙房水库": "Dahuofang Reservoir",
    "水丰水库": "Shuifeng Reservoir",
}
NEIGHBOURS = {
    "150000": ("内蒙古自治区", "Inner Mongolia"),
    "210000": ("辽宁省", "Liaoning"),
    "230000": ("黑龙江省", "Heilongjiang"),
}
LABELS: dict[str, tuple[float, float]] = {}  # where the name of a division is best written

Point = tuple[float, float]
Line = list[Point]
Feature = dict[str, Any]


def main(folder: Path) -> None:
    """Write every layer."""
    for name in ("jilin_province", "jilin_cities", "jilin_counties", "northeast_provinces"):
        for feature in _features(folder / f"{name}.geojson"):
            given = feature["properties"]
            LABELS.setdefault(given["adcode"], (given["label_lon"], given["label_lat"]))
    counties = {
        feature["properties"]["adcode"]: _rings(feature)
        for feature in _features(folder / "jilin_counties.geojson")
    }
    counties = simplified_together(counties, TOLERANCE)
    cities: dict[str, list[Line]] = defaultdict(list)
    for code, rings in counties.items():
        cities[regions()[code].parent].extend(rings)
    _write("counties", [_region(code, rings) for code, rings in counties.items()])
    _write("cities", [_region(code, dissolved(rings)) for code, rings in sorted(cities.items())])
    everything = [ring for rings in counties.values() for ring in rings]
    _write("province", [_region(PROVINCE, dissolved(everything))])
    _write("neighbours", neighbours(folder / "northeast_provinces.geojson"))
    _write("rivers", rivers(folder))
    _write("lakes", lakes(folder / "lakes_gshhg_ne_china.geojson"))


def simplified_together(areas: Mapping[str, list[Line]], tolerance: float) -> dict[str, list[Line]]:
    """Simplify areas so that a border shared by two of them stays one line."""
    owners: dict[frozenset[Point], set[str]] = defaultdict(set)
    beside: dict[Point, set[Point]] = defaultdict(set)
    for key, rings in areas.items():
        for ring in rings:
            for a, b in itertools.pairwise(ring):
                owners[frozenset((a, b))].add(key)
                beside[a].add(b)
                beside[b].add(a)

    def is_node(point: Point) -> bool:
        if len(beside[point]) != 2:
            return True
        one, other = beside[point]
        return owners[frozenset((point, one))] != owners[frozenset((point, other))]

    nodes = {point for point in beside if is_node(point)}
    return {
        key: [
            ring
            for ring in (_simplified_ring(ring, nodes, tolerance) for ring in rings)
            if len(ring) >= 4
        ]
        for key, rings in areas.items()
    }


def dissolved(rings: Iterable[Line]) -> list[Line]:
    """Return the outline of areas put together, without the slivers between them."""
    count: dict[frozenset[Point], int] = defaultdict(int)
    for ring in rings:
        for a, b in itertools.pairwise(ring):
            count[frozenset((a, b))] += 1
    beside: dict[Point, list[Point]] = defaultdict(list)
    for edge, times in count.items():
        if times == 1:
            a, b = edge
            beside[a].append(b)
            beside[b].append(a)
    found = []
    while any(beside.values()):
        start = next(point for point, others in beside.items() if others)
        found.extend(_loops(_walk(start, beside)))
    return [ring for ring in found if abs(_area(ring)) > SLIVER]


def neighbours(path: Path) -> list[Feature]:
    """Return the provinces around, coarse."""
    areas = {f["properties"]["adcode"]: _rings(f) for f in _features(path)}
    return [
        _feature(
            _polygon([ring for ring in rings if abs(_area(ring)) > SLIVER]),
            code=code,
            name_zh=NEIGHBOURS[code][0],
            name_en=NEIGHBOURS[code][1],
            label=LABELS[code],
        )
        for code, rings in simplified_together(areas, COARSE).items()
        if code != PROVINCE
    ]


def rivers(folder: Path) -> list[Feature]:
    """Return the rivers: the finer source, named by the coarser where it has no name."""
    fine = _features(folder / "rivers_gshhg_ne_china.geojson")
    coarse = _features(folder / "rivers_natural_earth_10m_ne_china.geojson")
    named = [
        (feature["properties"]["name_assigned"], line)
        for feature in coarse
        if feature["properties"]["name_assigned"]
        for line in _lines(feature)
    ]
    found = []
    covered: list[Line] = []
    for feature in fine:
        name = feature["properties"]["name_assigned"]
        for line in _lines(feature):
            covered.append(line)
            river = name or _same_river(line, named)
            rank = feature["properties"]["gshhg_level"]
            found.append(_river(line, river, rank, "GSHHG 2.3.7"))
    for name, line in named:
        if not any(_follows(line, other) for other in covered):
            missing = [point for point in line if _distance(point, covered) > SAME_RIVER]
            if len(missing) > len(line) / 2:
                found.append(_river(line, name, 2, "Natural Earth 10m"))
    return found


def lakes(path: Path) -> list[Feature]:
    """Return the lakes and reservoirs."""
    return [
        _feature(
            _polygon([simplified(ring, TOLERANCE) for ring in _rings(feature)]),
            name_zh=feature["properties"]["name_assigned"] or "",
            name_en=LAKES_EN.get(feature["properties"]["name_assigned"] or "", ""),
            area_km2=feature["properties"]["area_km2_approx"],
        )
        for feature in _features(path)
    ]


def simplified(line: Line, tolerance: float) -> Line:
    """Return the line without the points that lie within the tolerance (Douglas–Peucker)."""
    if len(line) > 3 and line[0] == line[-1]:
        far = max(range(len(line)), key=lambda i: math.dist(line[0], line[i]))
        return simplified(line[: far + 1], tolerance)[:-1] + simplified(line[far:], tolerance)
    keep = {0, len(line) - 1}
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        inner = range(first + 1, last)
        if not inner:
            continue
        far = max(inner, key=lambda i: _off(line[i], line[first], line[last]))
        if _off(line[far], line[first], line[last]) > tolerance:
            keep.add(far)
            spans += [(first, far), (far, last)]
    return [line[i] for i in sorted(keep)]


def _simplified_ring(ring: Line, nodes: set[Point], tolerance: float) -> Line:
    """Simplify a ring arc by arc; an arc gives the same points from either side."""
    body = ring[:-1]
    cuts = [i for i, point in enumerate(body) if point in nodes] or [body.index(min(body))]
    body = body[cuts[0] :] + body[: cuts[0]]
    at = [*(cut - cuts[0] for cut in cuts), len(body)]
    body.append(body[0])
    out: Line = []
    for first, last in itertools.pairwise(at):
        arc = body[first : last + 1]
        turned = arc[::-1] < arc
        arc = simplified(arc[::-1] if turned else arc, tolerance)
        out += (arc[::-1] if turned else arc)[:-1]
    out.append(out[0])
    return out


def _walk(start: Point, beside: dict[Point, list[Point]]) -> Line:
    """Take edges from `beside` until none leads on."""
    line = [start]
    while beside[line[-1]]:
        here = line[-1]
        there = beside[here].pop()
        beside[there].remove(here)
        line.append(there)
    return line


def _loops(line: Line) -> list[Line]:
    """Cut a walk into loops that touch themselves nowhere."""
    found: list[Line] = []
    path: Line = []
    seen: dict[Point, int] = {}
    for point in line:
        if point in seen:
            at = seen[point]
            found.append([*path[at:], point])
            for gone in path[at + 1 :]:
                del seen[gone]
            del path[at + 1 :]
        else:
            seen[point] = len(path)
            path.append(point)
    return found


def _same_river(line: Line, named: Sequence[tuple[str, Line]]) -> str:
    return next((name for name, other in named if len(line) > 3 and _follows(line, other)), "")


def _follows(line: Line, other: Line) -> bool:
    """Return whether nearly all of a line lies beside another."""
    near = sum(_distance(point, [other]) <= SAME_RIVER for point in line)
    return near >= 0.9 * len(line)


def _distance(point: Point, lines: Iterable[Line]) -> float:
    return min(_off(point, a, b) for line in lines for a, b in itertools.pairwise(line))


def _off(point: Point, a: Point, b: Point) -> float:
    """Return how far a point lies from a stretch, in degrees of latitude."""
    wide = math.cos(math.radians(point[1]))
    px, py = (point[0] - a[0]) * wide, point[1] - a[1]
    dx, dy = (b[0] - a[0]) * wide, b[1] - a[1]
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else min(1.0, max(0.0, (px * dx + py * dy) / length))
    return math.hypot(px - along * dx, py - along * dy)


def _area(ring: Line) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


def _region(code: str, rings: list[Line]) -> Feature:
    region = regions()[code]
    return _feature(
        _polygon(rings),
        code=code,
        name_zh=region.name_zh,
        name_en=region.name_en,
        short_zh=region.short_zh,
        level=region.level,
        parent=region.parent,
        label=LABELS[code],
    )


def _river(line: Line, name: str, rank: int, source: str) -> Feature:
    shape = {"type": "LineString", "coordinates": _rounded(simplified(line, TOLERANCE))}
    english = RIVERS_EN.get(name, "")
    return _feature(shape, name_zh=name, name_en=english, rank=rank, source=source)


def _polygon(rings: list[Line]) -> dict[str, Any]:
    """Return rings that do not lie in one another as polygons, holes under what they pierce."""
    outer = sorted(rings, key=lambda ring: -abs(_area(ring)))
    polygons: list[list[Line]] = []
    for ring in outer:
        home = next((p for p in polygons if inside(_middle(ring), p[0])), None)
        if home is None:
            polygons.append([ring])
        else:
            home.append(ring)
    shaped = [[_rounded(_wound(r, outer=i == 0)) for i, r in enumerate(p)] for p in polygons]
    if len(shaped) == 1:
        return {"type": "Polygon", "coordinates": shaped[0]}
    return {"type": "MultiPolygon", "coordinates": shaped}


def inside(point: Point, ring: Sequence[Point]) -> bool:
    """Return whether a point lies in a ring, by the crossings of a ray to the east."""
    x, y = point
    crossed = False
    for (x1, y1), (x2, y2) in itertools.pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            crossed = not crossed
    return crossed


def _middle(ring: Line) -> Point:
    """Return a point just inside a ring's first long edge."""
    a, b = max(itertools.pairwise(ring), key=lambda edge: math.dist(*edge))
    side = 1e-6 if _area(ring) > 0 else -1e-6
    return ((a[0] + b[0]) / 2 - (b[1] - a[1]) * side, (a[1] + b[1]) / 2 + (b[0] - a[0]) * side)


def _wound(ring: Line, *, outer: bool) -> Line:
    return ring if (_area(ring) > 0) == outer else ring[::-1]


def _rounded(line: Line) -> list[list[float]]:
    """Round, and drop points that fall together."""
    out: list[list[float]] = []
    for x, y in line:
        point = [round(x, PLACES), round(y, PLACES)]
        if not out or out[-1] != point:
            out.append(point)
    return out


def _features(path: Path) -> list[Feature]:
    found: list[Feature] = json.loads(path.read_text(encoding="utf-8"))["features"]
    return found


def _rings(feature: Feature) -> list[Line]:
    shape = feature["geometry"]
    parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return [[(x, y) for x, y in ring] for part in parts for ring in part]


def _lines(feature: Feature) -> list[Line]:
    shape = feature["geometry"]
    parts = [shape["coordinates"]] if shape["type"] == "LineString" else shape["coordinates"]
    return [[(p[0], p[1]) for p in part] for part in parts]


def _feature(geometry: dict[str, Any], **properties: object) -> Feature:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _write(name: str, features: list[Feature]) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    body = {"type": "FeatureCollection", "features": features}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{name}: {len(features)} features, {len(text.encode()) / 1e3:.0f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
