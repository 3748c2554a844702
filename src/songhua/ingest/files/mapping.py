"""What the columns of a file mean: a small TOML file, or a good guess."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from songhua.ingest.files.units import unit_factor
from songhua.model import BadInput
from songhua.standards import QUANTITIES

MISSING = (
    "",
    "NA",
    "N/A",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "—",
    "-",
    "--",
    "/",
    "-99",
    "-999",
)
"""Cells that say: no value."""

_TABLES = ("quantities", "units")


@dataclass(frozen=True, slots=True)
class FileMapping:
    """What the columns of a file mean.

    Parameters
    ----------
    layout
        ``wide``: a column a quantity; ``long``: a row a value.
    period
        ``hour`` or ``day``.
    hour_label
        ``start`` or ``end``: which end of the hour the file's time names.
    time_zone
        Of times without an offset.
    encoding
        ``utf-8`` or ``gb18030``.
    delimiter
        Between the columns of a CSV file.
    time, hour
        Headers; `hour` where date and hour stand apart.
    time_format
        As `datetime.strptime` has it, for times written in no usual way.
    site, city, name
        Headers. A site is given by its key, or by city and name.
    quantity, value, unit, mark
        Headers of a long file; `unit` and `mark` may be empty.
    quantities
        Of a wide file: header → quantity key. Of a long file: what its names mean, beyond ours.
    units
        Quantity key → unit in the file, where it is not ours.
    missing
        Cells that say: no value.
    zero_is_missing
        Whether 0 means no value.
    note_zh, note_en
        A caveat shown wherever these data are.
    """

    layout: str
    time: str
    site: str = ""
    city: str = ""
    name: str = ""
    period: str = "hour"
    hour_label: str = "start"
    time_zone: str = "Asia/Shanghai"
    encoding: str = "utf-8"
    delimiter: str = ","
    quantity: str = ""
    value: str = ""
    unit: str = ""
    mark: str = ""
    quantities: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = MISSING
    zero_is_missing: bool = False
    hour: str = ""
    time_format: str = ""
    note_zh: str = ""
    note_en: str = ""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def columns(self) -> list[str]:
        """Headers that a file must have."""
        of_site = [self.site] if self.site else [self.city, self.name]
        of_value = (
            [self.quantity, self.value, self.unit, self.mark]
            if self.layout == "long"
            else list(self.quantities)
        )
        named = [self.time, self.hour, *of_site, *of_value]
        return list(dict.fromkeys(name for name in named if name))


def read_mapping(text: str) -> FileMapping:
    """Return the mapping that a TOML text describes.

    Raises
    ------
    BadInput
        If the text is no TOML or names what does not exist; the message says which.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise BadInput(
            f"列对照不是 TOML：{fault}。", f"The mapping is no TOML: {fault}."
        ) from fault
    absent = [name for name in ("layout", "time") if name not in given]
    if absent:
        listed = "、".join(absent)
        raise BadInput(f"列对照缺少 {listed}。", f"The mapping lacks {listed}.")
    for name, value in given.items():
        _check_type(name, value)
    if "missing" in given:
        given["missing"] = tuple(given["missing"])
    return FileMapping(**given)


def write_mapping(mapping: FileMapping) -> str:
    """Return the TOML text of a mapping; `read_mapping` is its inverse."""
    lines = [
        f"{name} = {_toml(value)}"
        for name in FileMapping.__slots__
        if not isinstance(value := getattr(mapping, name), Mapping)
    ]
    for table in _TABLES:
        lines.append(f"\n[{table}]")
        pairs: Mapping[str, str] = getattr(mapping, table)
        lines += [f"{_toml(key)} = {_toml(value)}" for key, value in pairs.items()]
    return "\n".join(lines) + "\n"


def _check_type(name: str, value: object) -> None:
    """Refuse what a mapping does not know, or of another kind than it knows."""
    kinds = {known.name: known.type for known in fields(FileMapping)}
    if name not in kinds:
        raise BadInput(f"列对照中没有 {name} 这一项。", f"A mapping has no {name}.")
    if kinds[name] in (str, bool):
        fits = type(value) is kinds[name]
    elif name in _TABLES:
        fits = isinstance(value, dict) and all(isinstance(part, str) for part in value.values())
    else:
        fits = isinstance(value, list) and all(isinstance(part, str) for part in value)
    if not fits:
        raise BadInput(f"列对照的 {name} 写法不对。", f"{name} in the mapping is of a wrong kind.")


def _check(mapping: FileMapping) -> None:
    choices = (
        ("layout", mapping.layout, ("wide", "long")),
        ("period", mapping.period, ("hour", "day")),
        ("hour_label", mapping.hour_label, ("start", "end")),
        ("encoding", mapping.encoding, ("utf-8", "gb18030")),
    )
    for name, value, allowed in choices:
        if value not in allowed:
            listed = "、".join(allowed)
            raise BadInput(
                f"列对照的 {name} 应为 {listed}，不是“{value}”。",
                f"{name} in the mapping must be one of {listed}, not “{value}”.",
            )
    sign = mapping.delimiter
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in '"\r\n':
        raise BadInput(
            "delimiter 应为一个符号，如逗号。", "The delimiter must be one sign, such as a comma."
        )
    try:
        ZoneInfo(mapping.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise BadInput(
            f"没有这个时区：{mapping.time_zone}。", f"Unknown time zone: {mapping.time_zone}."
        ) from fault
    _check_columns(mapping)


def _check_columns(mapping: FileMapping) -> None:
    if not mapping.site and not (mapping.city and mapping.name):
        raise BadInput(
            "列对照应指明站点列 site，或城市列 city 与名称列 name。",
            "The mapping must name the column site, or the columns city and name.",
        )
    if mapping.layout == "wide" and not mapping.quantities:
        raise BadInput("列对照没有任何指标列。", "The mapping names no column of a quantity.")
    if mapping.layout == "long" and not (mapping.quantity and mapping.value):
        raise BadInput(
            "长表的列对照应指明指标列 quantity 与数值列 value。",
            "The mapping of a long file must name the columns quantity and value.",
        )
    keys = list(mapping.quantities.values())
    twice = "、".join(sorted({key for key in keys if keys.count(key) > 1}))
    if mapping.layout == "wide" and twice:
        raise BadInput(
            f"两列都对应 {twice}，只能选一列。", f"Two columns stand for {twice}; choose one."
        )
    for key in (*keys, *mapping.units):
        if key not in QUANTITIES:
            raise BadInput(f"列对照中没有这个指标：{key}。", f"No such quantity: {key}.")
    for key, unit in mapping.units.items():
        if unit_factor(key, unit) is None:
            raise BadInput(
                f"{QUANTITIES[key].symbol} 的单位不能是 {unit}。",
                f"{QUANTITIES[key].symbol} cannot be in {unit}.",
            )


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
