"""What the columns of a file mean: a small TOML file, or a good guess."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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

_FACTORS = {
    ("µg/m³", "mg/m³"): 0.001,
    ("mg/m³", "µg/m³"): 1000.0,
    ("ng/m³", "µg/m³"): 0.001,
    ("hPa", "kPa"): 0.1,
    ("Pa", "kPa"): 0.001,
}
# One part per billion at 298.15 K and 1013.25 hPa (GB 3095—2012, amendment of 2018; GB 3095—2026,
# 4.3): molar mass / 24.465. [µg/m³; mg/m³ a ppm of CO]
_PER_PPB = {"so2": 2.619, "no2": 1.880, "o3": 1.962, "o3_8h": 1.962, "no": 1.2265, "nox": 1.880}
_CO_PER_PPM = 1.145
_SPELLED = {
    "ug/m3": "µg/m³",
    "μg/m3": "µg/m³",
    "µg/m3": "µg/m³",
    "μg/m³": "µg/m³",
    "ug/m³": "µg/m³",
    "微克/立方米": "µg/m³",
    "mg/m3": "mg/m³",
    "毫克/立方米": "mg/m³",
    "ng/m3": "ng/m³",
    "degC": "°C",
    "℃": "°C",
    "deg": "°",
}


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
    time, site, city, name
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
    note_zh: str = ""
    note_en: str = ""

    def __post_init__(self) -> None:
        _check(self)


def read_mapping(text: str) -> FileMapping:
    """Return the mapping that a TOML text describes.

    Raises
    ------
    BadInput
        If the text is no TOML or names what does not exist; the message says which.
    """
    try:
        fields = tomllib.loads(text)
        if "missing" in fields:
            fields["missing"] = tuple(map(str, fields["missing"]))
        return FileMapping(**fields)
    except tomllib.TOMLDecodeError as fault:
        raise BadInput(
            f"列对照不是 TOML：{fault}。", f"The mapping is no TOML: {fault}."
        ) from fault
    except TypeError as fault:
        raise BadInput(f"列对照有误：{fault}。", f"The mapping is wrong: {fault}.") from fault


def write_mapping(mapping: FileMapping) -> str:
    """Return the TOML text of a mapping; `read_mapping` is its inverse."""
    lines = [
        f"{name} = {_toml(value)}"
        for name in FileMapping.__slots__
        if not isinstance(value := getattr(mapping, name), Mapping)
    ]
    for table in ("quantities", "units"):
        lines.append(f"\n[{table}]")
        pairs: Mapping[str, str] = getattr(mapping, table)
        lines += [f"{_toml(key)} = {_toml(value)}" for key, value in pairs.items()]
    return "\n".join(lines) + "\n"


def known_quantities() -> dict[str, str]:
    """Return every name that files use for a quantity, in lower case → its key."""
    names = {}
    for key, quantity in QUANTITIES.items():
        for name in (key, quantity.symbol, quantity.name_zh, *quantity.codes, *quantity.aliases):
            names[name.lower()] = key
    return names


def unit_factor(quantity: str, unit: str) -> float | None:
    """Return what a value in a unit is multiplied by to be in the quantity's; None: cannot be.

    >>> unit_factor("co", "ppm"), unit_factor("pm2_5", "mg/m3"), unit_factor("pm2_5", "°C")
    (1.145, 1000.0, None)
    """
    ours = QUANTITIES[quantity].unit
    theirs = _SPELLED.get(unit.strip(), unit.strip())
    if theirs in {"", ours}:
        return 1.0
    if theirs == "ppb" and quantity in _PER_PPB:
        return _PER_PPB[quantity]
    if theirs == "ppm" and quantity in _PER_PPB:
        return _PER_PPB[quantity] * 1000
    if theirs in {"ppm", "ppb"} and quantity == "co":
        return _CO_PER_PPM if theirs == "ppm" else _CO_PER_PPM / 1000
    return _FACTORS.get((theirs, ours))


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
    if len(mapping.delimiter) != 1:
        raise BadInput("delimiter 应为一个字符。", "The delimiter must be one character.")
    try:
        ZoneInfo(mapping.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as fault:
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
    for key in (*mapping.quantities.values(), *mapping.units):
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
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + text.replace("\t", "\\t").replace("\r", "\\r") + '"'
