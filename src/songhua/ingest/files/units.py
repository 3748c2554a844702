"""Units that files use, and what a value in them is in ours."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import cache

from songhua.standards import QUANTITIES, editions

_FACTORS = {
    ("µg/m³", "mg/m³"): 0.001,
    ("mg/m³", "µg/m³"): 1000.0,
    ("ng/m³", "µg/m³"): 0.001,
    ("hPa", "kPa"): 0.1,
    ("Pa", "kPa"): 0.001,
    ("µg/L", "mg/L"): 0.001,
}
# One part per billion at 298.15 K and 1013.25 hPa (GB 3095—2012, amendment of 2018; GB 3095—2026,
# 4.3): molar mass / 24.465. [µg/m³; mg/m³ a ppm of CO]
_PER_PPB = {"so2": 2.619, "no2": 1.880, "o3": 1.962, "o3_8h": 1.962, "no": 1.2265, "nox": 1.880}
_CO_PER_PPM = 1.145
_VOLUMES = ("ppb", "ppm")
_FACTORS_AT = 298.15
_SPELLED = {
    "ug/m3": "µg/m³",
    "μg/m3": "µg/m³",
    "微克/立方米": "µg/m³",
    "微克每立方米": "µg/m³",
    "mg/m3": "mg/m³",
    "毫克/立方米": "mg/m³",
    "毫克每立方米": "mg/m³",
    "ng/m3": "ng/m³",
    "ppb": "ppb",
    "ppm": "ppm",
    "degc": "°C",
    "°c": "°C",
    "摄氏度": "°C",
    "deg": "°",
    "°": "°",
    "%": "%",
    "m/s": "m/s",
    "米/秒": "m/s",
    "pa": "Pa",
    "hpa": "hPa",
    "百帕": "hPa",
    "kpa": "kPa",
    "千帕": "kPa",
    "mm": "mm",
    "毫米": "mm",
    "mg/l": "mg/L",
    "毫克/升": "mg/L",
    "ug/l": "µg/L",
    "μg/l": "µg/L",
    "微克/升": "µg/L",
    "us/cm": "µS/cm",
    "μs/cm": "µS/cm",
    "ntu": "NTU",
    "mv": "mV",
    "m": "m",
    "cells/l": "cells/L",
    "个/l": "L⁻¹",
    "l−1": "L⁻¹",
}


def unit_of(text: str) -> str | None:
    """Return the unit that a text spells; None when it spells none.

    >>> unit_of("μg/m3"), unit_of("毫克/立方米"), unit_of("24h")
    ('µg/m³', 'mg/m³', None)
    """
    return _SPELLED.get(unicodedata.normalize("NFKC", text).strip().lower())


def unit_factor(quantity: str, unit: str) -> float | None:
    """Return what a value in a unit is multiplied by to be in the quantity's; None: cannot be.

    Volume fractions are turned at 298.15 K; see `state_factors` for earlier days.

    >>> unit_factor("co", "ppm"), unit_factor("pm2_5", "mg/m3"), unit_factor("pm2_5", "°C")
    (1.145, 1000.0, None)
    """
    ours = QUANTITIES[quantity].unit
    theirs = unit_of(unit) or unit.strip()
    if theirs in {"", ours}:
        return 1.0
    if theirs in _VOLUMES and quantity in _PER_PPB:
        return _PER_PPB[quantity] * (1000 if theirs == "ppm" else 1)
    if theirs in _VOLUMES and quantity == "co":
        return _CO_PER_PPM if theirs == "ppm" else _CO_PER_PPM / 1000
    return _FACTORS.get((theirs, ours))


def is_volume(unit: str) -> bool:
    """Return whether a unit is a volume fraction, so that its mass depends on the temperature."""
    return unit_of(unit) in _VOLUMES


@cache
def state_factors() -> tuple[tuple[date, float], ...]:
    """Return from when which factor on `unit_factor` holds, the oldest first.

    GB 3095—2012 counted gases at 273 K until its amendment took force on 2018-09-01.

    >>> [(day.isoformat(), round(factor, 4)) for day, factor in state_factors()][:2]
    [('2012-02-29', 1.0921), ('2018-09-01', 1.0)]
    """
    return tuple(sorted(_states()))


def _states() -> Iterator[tuple[date, float]]:
    for edition in editions("air", "gb_3095"):
        for state in edition.tables["reference_state"]:
            yield state["from"], _FACTORS_AT / float(state["gases_k"])
