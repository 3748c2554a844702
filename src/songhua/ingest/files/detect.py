"""A good guess of what a file's columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from songhua.ingest.files.mapping import FileMapping, known_quantities
from songhua.ingest.files.source import Readable, first_rows, kind_of, text_start
from songhua.model import BadInput

_SNIFFED = 1 << 20
_DELIMITERS = (",", "\t", ";", "|")
_TIMES = ("time", "datetime", "timepoint", "date_time", "时间", "监测时间", "date", "日期")
_SITES = (
    "site",
    "site_code",
    "station_code",
    "stationcode",
    "code",
    "站点",
    "站点编码",
    "点位编码",
    "编码",
)
_CITIES = ("city", "area", "城市", "city_name")
_NAMES = ("station_name", "positionname", "name", "点位", "点位名称", "站点名称", "站名")
_QUANTITIES = ("quantity", "item", "pollutant", "factor", "指标", "监测项目", "项目", "因子")
_VALUES = ("value", "concentration", "数值", "浓度", "监测值")
_UNITS = ("unit", "单位")
_MARKS = ("mark", "flag", "标识", "数据标识")


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
    sample = first_rows(source, encoding=encoding, delimiter=delimiter, most=20)
    headers = {name.strip().lower(): name for name in sample.columns}
    mapping = FileMapping(
        **_columns(headers), encoding=encoding, delimiter=delimiter, period=_period(sample, headers)
    )
    zh, en = [], []
    if mapping.period == "hour":
        zh.append("文件未说明小时的时间标签是开始还是结束，按开始处理；全国发布的实时数据为结束。")
        en.append(
            "The file does not say whether times name the start or the end of the hour; start is "
            "assumed. The national real-time release names the end."
        )
    return Detected(mapping, tuple(zh), tuple(en), sample, kind)


def _encoding(start: bytes) -> str:
    whole = start[: start.rfind(b"\n") + 1] or start
    try:
        whole.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _columns(headers: Mapping[str, str]) -> dict[str, Any]:
    known = known_quantities()
    found: dict[str, Any] = {
        "time": _first(headers, _TIMES, "时间 time"),
        "site": _maybe(headers, _SITES),
    }
    if not found["site"]:
        found |= {"city": _maybe(headers, _CITIES), "name": _maybe(headers, _NAMES)}
    quantity, value = _maybe(headers, _QUANTITIES), _maybe(headers, _VALUES)
    if quantity and value:
        return found | {
            "layout": "long",
            "quantity": quantity,
            "value": value,
            "unit": _maybe(headers, _UNITS),
            "mark": _maybe(headers, _MARKS),
        }
    columns = {name: known[low] for low, name in headers.items() if low in known}
    if not columns:
        raise BadInput(
            f"没有认出任何指标列。表头：{'、'.join(headers.values())}。请提供列对照文件。",
            f"No column of a quantity was recognised in: {', '.join(headers.values())}. "
            "Give a mapping file.",
        )
    return found | {"layout": "wide", "quantities": columns}


def _period(sample: pl.DataFrame, headers: Mapping[str, str]) -> str:
    times = sample[_first(headers, _TIMES, "时间 time")]
    dates = times.str.strip_chars().str.contains(r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}$")
    return "day" if times.len() and dates.all() else "hour"


def _maybe(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name] for name in names if name in headers), "")


def _first(headers: Mapping[str, str], names: tuple[str, ...], what: str) -> str:
    found = _maybe(headers, names)
    if not found:
        raise BadInput(
            f"没有认出{what}列。表头：{'、'.join(headers.values())}。请提供列对照文件。",
            f"No column {what} was recognised in: {', '.join(headers.values())}. "
            "Give a mapping file.",
        )
    return found
