"""EI and EQI of regions: a readable reference, its columnar twin, and the parts of EI."""

from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from songhua.assess.explained import Reason
from songhua.assess.rounding import NANO, exact, half_even, half_even_quotient, nano, shifted
from songhua.model import UnknownName
from songhua.standards.ecology_rules import BURDENS, EcologyRule, Step

_TOP = 100
_HUNDREDTHS = 100


def index_of(parts: Mapping[str, float], rule: EcologyRule, *, restriction: float = 0) -> Decimal:
    """Return EI or EQI of its parts, each 0–100, at the decimals of the document.

    Parameters
    ----------
    restriction
        What EI loses for environmental incidents (环境限制), 0 or negative.

    References
    ----------
    HJ 192—2015; 环监测〔2021〕99号.
    """
    total = exact(restriction)
    for key, weight in rule.weights.items():
        value = exact(parts[key])
        total += weight * (_TOP - value if key in BURDENS else value)
    return half_even(total, rule.places)


def grade_of(value: float | Decimal, rule: EcologyRule) -> Step:
    """Return the grade of an index; the lower bound belongs to it."""
    given = value if isinstance(value, Decimal) else exact(value)
    at = half_even(given, rule.places)
    return next((one for one in rule.grades if at >= one.start), rule.grades[-1])


def change_of(earlier: float | Decimal, later: float | Decimal, rule: EcologyRule) -> str:
    """Return the verdict on a change in words: 略微变好, 基本稳定."""
    a, b = (one if isinstance(one, Decimal) else exact(one) for one in (earlier, later))
    change = b - a
    step = [one for one in rule.changes if abs(change) >= one.start][-1]
    if step is rule.changes[0]:
        return step.zh
    return f"{step.zh}变{'好' if change > 0 else '差'}"


def index_columns(frame: pl.DataFrame, rule: EcologyRule) -> pl.DataFrame:
    """Return a frame with ``index``, ``grade``; null where a part is missing.

    Parameters
    ----------
    frame
        A column for each part, perhaps ``restriction``; each a number of at most nine decimals.
    """
    total = pl.lit(0, pl.Int64)
    for key, weight in rule.weights.items():
        value = nano(pl.col(key))
        value = _TOP * NANO - value if key in BURDENS else value
        total = total + value * int(weight * _HUNDREDTHS)
    if "restriction" in frame.columns:
        total = total + nano(pl.col("restriction").fill_null(0)) * _HUNDREDTHS
    whole = half_even_quotient(total, _HUNDREDTHS * NANO // 10**rule.places)
    found = frame.with_columns(index=shifted(whole, rule.places))
    grade = pl.lit(rule.grades[-1].zh)
    for one in reversed(rule.grades[:-1]):
        grade = pl.when(pl.col("index") >= float(one.start)).then(pl.lit(one.zh)).otherwise(grade)
    return found.with_columns(grade=pl.when(pl.col("index").is_not_null()).then(grade))


def explain_index(
    parts: Mapping[str, float], rule: EcologyRule, *, restriction: float = 0
) -> tuple[Reason, ...]:
    """Return each part with its weight and what it adds, then the index and its grade."""
    found = []
    for key, weight in rule.weights.items():
        value = exact(parts[key])
        entered = _TOP - value if key in BURDENS else value
        said = f"{value} → {weight} × {entered} = {weight * entered}"
        found.append(Reason(key, key, said, "", None, "", rule.edition))
    value = index_of(parts, rule, restriction=restriction)
    name = rule.index.upper()
    grade = grade_of(value, rule)
    found.append(Reason(f"{name} {grade.zh}", f"{name} {grade.en}", str(value),
                        str(grade.start), None, "", rule.edition))  # fmt: skip
    return tuple(found)


def habitat_quality(areas: Mapping[str, float], *, area_km2: float, rule: EcologyRule) -> float:
    """Return the habitat quality index of kinds of land; raise `UnknownName` for one not listed.

    Parameters
    ----------
    areas, area_km2
        Kind of land → area, and area of the region, both in km².
    """
    total = Decimal(0)
    for name, area in areas.items():
        if name not in rule.habitat:
            raise UnknownName("土地类型", "kind of land", name)
        total += rule.habitat[name] * exact(area)
    return _clamped(float(rule.numbers["a_bio"] * total / exact(area_km2)))


def water_network(
    *, river_km: float, water_km2: float, resource_1e6m3: float, area_km2: float, rule: EcologyRule
) -> float:
    """Return the water network index (水网密度)."""
    n = rule.numbers
    total = (
        float(n["a_riv"]) * river_km
        + float(n["a_lak"]) * water_km2
        + float(n["a_res"]) * resource_1e6m3
    )
    return _clamped(total / area_km2 / 3)


def water_resource_used(this_year: float, mean: float, rule: EcologyRule) -> float:
    """Return the water resource that enters the index: floods count less, in 10⁶ m³."""
    alpha = exact(this_year) / exact(mean)
    if alpha <= rule.numbers["alpha_actual"]:
        return this_year
    return float(max(Decimal(0), exact(mean) * (rule.numbers["alpha_none"] - alpha)))


def land_stress(
    *, heavy: float, moderate: float, built: float, other: float, area_km2: float,
    rule: EcologyRule,
) -> float:  # fmt: skip
    """Return the land stress index; all areas in km²."""
    n = rule.numbers
    given = {"heavy": heavy, "moderate": moderate, "built": built, "other": other}
    total = sum(float(n[f"ls_{key}"]) * area for key, area in given.items())
    return _clamped(float(n["a_ero"]) * total / area_km2)


def pollution_load(
    tonnes: Mapping[str, float], *, precip_mm: float, area_km2: float, rule: EcologyRule
) -> float:
    """Return the pollution load index of ``cod nh3 so2 dust nox solid`` in tonnes a year."""
    n, total = rule.numbers, 0.0
    coefficient = {"dust": "a_yfc", "solid": "a_sol"}
    for key, mass in tonnes.items():
        over = precip_mm if key in {"cod", "nh3"} else area_km2
        total += float(n[f"pl_{key}"]) * float(n[coefficient.get(key, f"a_{key}")]) * mass / over
    return _clamped(total)


def _clamped(value: float) -> float:
    return min(float(_TOP), max(0.0, value))


def ndvi(nir: float, red: float) -> float:
    """Return the vegetation index of two reflectances."""
    return (nir - red) / (nir + red)


def ndwi(green: float, nir: float) -> float:
    """Return the water index of two reflectances."""
    return (green - nir) / (green + nir)


def fvc(index: float, *, soil: float, veg: float) -> float:
    """Return the share of ground under plants, 0–1, of an NDVI between bare soil and full cover."""
    return min(1.0, max(0.0, (index - soil) / (veg - soil)))
