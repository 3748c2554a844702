"""A good guess of what a file's columns mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from songhua.ingest.files.cells import HEADER_WITHIN, Readable, any_cells
from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.names import named_quantity, plain
from songhua.ingest.files.source import first_rows, kind_of, text_start
from songhua.ingest.files.units import unit_factor
from songhua.model import BadInput
from songhua.standards import QUANTITIES

_SNIFFED = 1 << 20
_LOOKED_AT = 200
_SHOWN = 20
_DELIMITERS = (",", "\t", ";", "|")
# Headers as `plain` writes them.
_TIMES = (
    *("time", "datetime", "timepoint", "时间", "监测时间", "数据时间", "日期时间", "监测日期"),
    *("发布时间", "采样时间", "timestamp", "date", "日期", "监测日"),
)
_HOURS = ("hour", "小时", "时", "时刻", "监测小时")
_SITES = (
    *("site", "sitecode", "station", "stationcode", "siteid", "stationid", "code", "站点编码"),
    *("点位编码", "站点编号", "点位编号", "站点代码", "点位代码", "编码", "站点", "点位", "监测点"),
    *("监测点编码", "监测点位编码", "region", "regioncode", "行政区划代码", "区划代码"),
)
_CITIES = ("city", "area", "城市", "cityname", "城市名称", "地市", "市州")
_NAMES = (
    *("stationname", "sitename", "positionname", "name", "点位名称", "站点名称", "站名", "点位"),
    *("监测点名称", "监测点位", "监测点位名称", "名称", "站点", "监测点"),
)
_QUANTITIES = (
    *("quantity", "item", "pollutant", "factor", "parameter", "指标", "监测项目", "项目", "因子"),
    *("监测指标", "监测因子", "污染物", "指标名称", "因子名称", "因子编码"),
)
_VALUES = ("value", "concentration", "数值", "浓度", "监测值", "值", "监测数值", "小时值")
_UNITS = ("unit", "units", "单位", "计量单位")
_MARKS = ("mark", "flag", "标识", "数据标识", "标记", "标识符")
_TIME_WORDS = re.compile(
    "(监测|数据|采样|观测|开始|起始|结束|截止)?(时间|日期)|(start|end|begin)(time|datetime|date)$"
)
_STARTS = re.compile("start|begin|开始|起始|起", re.IGNORECASE)
_ENDS = re.compile("end|结束|截止|止", re.IGNORECASE)
_NO_LABEL = (
    "文件未说明小时的时间标签是开始还是结束，按开始处理；全国发布的实时数据为结束。",
    "The file does not say whether times name the start or the end of the hour; start is "
    "assumed. The national real-time release names the end.",
)


@dataclass(frozen=True, slots=True)
class Detected:
    """A guessed mapping, what is doubtful about it, and the first rows."""

    mapping: FileMapping
    notes_zh: tuple[str, ...]
    notes_en: tuple[str, ...]
    sample: pl.DataFrame
    kind: str


def detect(source: Readable) -> Detected:
    """Return a guess of what a file's columns mean.

    Raises
    ------
    BadInput
        If the file is empty, or lacks what no guess can replace; the message names it.
    """
    kind = kind_of(source)
    encoding, delimiter = "utf-8", ","
    if kind in {"csv", "csv.gz"}:
        start = text_start(source, _SNIFFED)
        encoding = _encoding(start)
        delimiter = _delimiter(start.decode(encoding, "replace"))
    sample = first_rows(
        source, encoding=encoding, delimiter=delimiter, most=_LOOKED_AT, is_header=_has_time
    )
    columns = _columns(sample.columns)
    period = _period(sample, columns)
    label, is_said = _label(columns["time"])
    mapping = FileMapping(
        **columns, encoding=encoding, delimiter=delimiter, period=period, hour_label=label
    )
    notes = [_NO_LABEL] if period == "hour" and not is_said else []
    notes += _left_out(sample.columns, mapping)
    zh, en = tuple(note[0] for note in notes), tuple(note[1] for note in notes)
    return Detected(mapping, zh, en, sample.head(_SHOWN), kind)


def _has_time(cells: Sequence[str]) -> bool:
    return any_cells(cells) and any(_is_time(cell) for cell in cells)


def _is_time(header: str) -> bool:
    """Return whether a header is that of a time, perhaps with more words about it."""
    tidy = plain(header)
    return tidy in _TIMES or bool(_TIME_WORDS.match(tidy))


def _encoding(start: bytes) -> str:
    whole = start[: start.rfind(b"\n") + 1] or start
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Return the sign that the first lines have most of."""
    lines = text.split("\n")[:HEADER_WITHIN]
    return max(_DELIMITERS, key=lambda sign: max(line.count(sign) for line in lines))


def _columns(headers: Sequence[str]) -> dict[str, Any]:
    """Return what the columns are, as `FileMapping` names them."""
    tidy: dict[str, str] = {}
    for header in headers:
        tidy.setdefault(plain(header), header)
    time = _maybe(tidy, _TIMES) or next(filter(_is_time, headers), "")
    if not time:
        raise _unrecognised("时间", "time", headers)
    found: dict[str, Any] = {"time": time, "hour": _maybe(tidy, _HOURS), **_subject(tidy)}
    quantity, value = _maybe(tidy, _QUANTITIES), _maybe(tidy, _VALUES)
    if quantity and value:
        unit, mark = _maybe(tidy, _UNITS), _maybe(tidy, _MARKS)
        long = {"layout": "long", "quantity": quantity, "value": value, "unit": unit, "mark": mark}
        return found | long
    return found | _wide(headers)


def _subject(tidy: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that say whose values they are."""
    site, city, name = _maybe(tidy, _SITES), _maybe(tidy, _CITIES), _maybe(tidy, _NAMES)
    if city and name and site in {"", name}:
        return {"city": city, "name": name}
    if not (site or city or name):
        raise _unrecognised("站点", "site", list(tidy.values()))
    # Days of cities name no station: the city is the subject.
    return {"site": site or name or city}


def _wide(headers: Sequence[str]) -> dict[str, Any]:
    quantities: dict[str, str] = {}
    units: dict[str, str] = {}
    for header in headers:
        named = named_quantity(header)
        if named is None or named.key in quantities.values():
            continue
        quantities[header] = named.key
        if named.unit != QUANTITIES[named.key].unit and unit_factor(named.key, named.unit):
            units[named.key] = named.unit
    if not quantities:
        raise _unrecognised("指标", "a quantity", headers)
    return {
        "layout": "wide",
        "quantities": quantities,
        "units": {key: unit for key, unit in units.items() if unit},
    }


def _left_out(headers: Sequence[str], mapping: FileMapping) -> list[tuple[str, str]]:
    """Return the word on columns of a quantity that another column already stands for."""
    left = [
        header
        for header in headers
        if mapping.layout == "wide"
        and named_quantity(header) is not None
        and header not in mapping.quantities
    ]
    if not left:
        return []
    zh, en = "、".join(left), ", ".join(left)
    return [
        (f"这些列未采用，同一指标已有一列：{zh}。", f"Not used, as another column has it: {en}.")
    ]


def _period(sample: pl.DataFrame, columns: Mapping[str, Any]) -> str:
    """Return ``day`` for dates without hours, or for more than one day of midnights."""
    if columns["hour"] or sample.is_empty():
        return "hour"
    times = sample[columns["time"]].str.strip_chars()
    if times.str.contains(r"^\d{4}[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?$").all():
        return "day" if not times.str.contains(r"^\d{10}$").any() else "hour"
    midnights = times.str.contains(r"^\d{4}\D\d{1,2}\D\d{1,2}日?[T ]+0?0:00(:00)?$").all()
    days = times.str.extract(r"^(\d{4}\D\d{1,2}\D\d{1,2})").n_unique()
    return "day" if midnights and days > 1 else "hour"


def _label(header: str) -> tuple[str, bool]:
    """Return which end of the hour a header names, and whether it says so."""
    starts, ends = bool(_STARTS.search(header)), bool(_ENDS.search(header))
    return ("end" if ends and not starts else "start"), starts != ends


def _maybe(headers: Mapping[str, str], names: Sequence[str]) -> str:
    return next((headers[name] for name in names if name in headers), "")


def _unrecognised(zh: str, en: str, headers: Sequence[str]) -> BadInput:
    return BadInput(
        f"没有认出{zh}列。表头：{'、'.join(headers)}。请提供列对照文件。",
        f"No column of {en} was recognised in: {', '.join(headers)}. Give a mapping file.",
    )
