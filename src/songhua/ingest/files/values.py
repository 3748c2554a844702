"""Cells as numbers: marks split off, units turned, what cannot be is named."""

from datetime import datetime
from math import isfinite, nan
from zoneinfo import ZoneInfo

import polars as pl

from songhua.ingest.files.faults import Fault
from songhua.ingest.files.mapping import FileMapping
from songhua.ingest.files.units import is_volume, state_factors, unit_factor
from songhua.model import BEIJING
from songhua.standards import QUANTITIES, station_marks

_GLUED = r"^(.*?)\s*[(（]\s*([A-Za-z]{1,4})\s*[)）]$"
_MISSING = "missing"


def read_values(cells: pl.DataFrame, mapping: FileMapping) -> tuple[pl.DataFrame, int]:
    """Return the cells that say something, with value and mark; and how many said nothing.

    A cell that says "no value" in so many words (``—``, ``-99``) stays, with a null value; an
    empty one stays only where a mark says why it is empty.

    Parameters
    ----------
    cells
        quantity, text (stripped), mark, unit, time, and whatever else stands beside them.
    """
    empty = (pl.col("text") == "") & (pl.col("mark") == "")
    full = cells.filter(~empty)
    read = _with_numbers(full, mapping)
    if (read["value"].is_null() & ~read[_MISSING]).any():
        read = _unglued(read, mapping)
    return converted(read), cells.height - full.height


def judged(cells: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Return the cells with `fault` (null when good) and `what`, the text that was at fault."""
    lowest = {key: quantity.lowest for key, quantity in QUANTITIES.items()}
    highest = {key: quantity.highest for key, quantity in QUANTITIES.items()}
    valid = [mark.mark for mark in station_marks().values() if mark.valid]
    is_invalid = ~pl.col("mark").is_in(valid)
    key, value = pl.col("quantity"), pl.col("value")
    beyond = (
        (value < key.replace_strict(lowest, default=None))
        | (value > key.replace_strict(highest, default=None))
        | ~value.is_finite()
    )
    faults = (
        (Fault.UNKNOWN_SITE, pl.col("site").is_null()),
        (Fault.UNKNOWN_QUANTITY, key.is_null()),
        (Fault.BAD_TIME, pl.col("time").is_null()),
        (Fault.FUTURE_TIME, pl.col("time") > now),
        (Fault.WRONG_UNIT, pl.col("factor").is_null()),
        (Fault.NOT_A_NUMBER, value.is_null() & ~pl.col(_MISSING)),
        (Fault.IMPOSSIBLE_VALUE, beyond & ~is_invalid),
    )
    fault = pl.coalesce(pl.when(wrong).then(pl.lit(name.value)) for name, wrong in faults)
    # A place-holder such as -99 beside an invalid mark is no measurement: the mark says it all.
    shown = pl.when(beyond & is_invalid).then(None).otherwise("value")
    return cells.with_columns(fault=fault, value=shown, what=pl.col("text")).select(
        "row", "site", "quantity", "time", "value", "mark", "fault", "what", "unit"
    )


def _with_numbers(cells: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """Return value (null where the text is no number) and whether the text says there is none."""
    text = pl.col("text")
    number = text.cast(pl.Float64, strict=False)
    none = text.is_in([word for word in mapping.missing if word])
    numbers = [found for word in mapping.missing if isfinite(found := _number(word))]
    if mapping.zero_is_missing:
        numbers.append(0.0)
    none = (none | number.is_in(numbers)).fill_null(value=False)
    none = none | ((text == "") & (pl.col("mark") != ""))
    return cells.with_columns(pl.when(~none).then(number).alias("value"), none.alias(_MISSING))


def _unglued(cells: pl.DataFrame, mapping: FileMapping) -> pl.DataFrame:
    """Return the cells with marks split off their values: ``31(B)``, ``-99(H)``, ``H``."""
    text, alone = pl.col("text"), [mark for mark in station_marks() if mark]
    odd = pl.col("value").is_null() & ~pl.col(_MISSING)
    glued, lone = odd & text.str.contains(_GLUED), odd & text.is_in(alone)
    numbered = cells.with_row_index("at")
    marked = numbered.filter(glued | lone).with_columns(
        whole=text,
        mark=pl.when(lone).then(text).otherwise(text.str.extract(_GLUED, 2)),
        text=pl.when(lone).then(pl.lit("")).otherwise(text.str.extract(_GLUED, 1)),
    )
    if marked.is_empty():
        return cells
    read = _with_numbers(marked, mapping).with_columns(text=pl.col("whole"))
    others = numbered.filter(~(glued | lone))
    return pl.concat([others, read.select(others.columns)]).sort("at").drop("at")


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return nan


def converted(cells: pl.DataFrame) -> pl.DataFrame:
    """Return values in the quantity's unit, and `factor`: null where the unit is wrong."""
    pairs = cells.select("quantity", "unit").unique()
    factors = [
        unit_factor(quantity, unit) if quantity is not None else 1.0
        for quantity, unit in pairs.iter_rows()
    ]
    if all(factor == 1.0 for factor in factors):
        return cells.with_columns(factor=pl.lit(1.0))
    pairs = pairs.with_columns(
        factor=pl.Series(factors, dtype=pl.Float64),
        volume=pl.Series([is_volume(unit) for unit in pairs["unit"]], dtype=pl.Boolean),
    )
    cells = cells.join(
        pairs, on=["quantity", "unit"], how="left", nulls_equal=True, maintain_order="left"
    )
    factor = pl.when(pl.col("volume")).then(pl.col("factor") * _state()).otherwise("factor")
    # Rounded to what the factor can carry, so that 0.35 mg/m³ is 350 and not 349.99999999999994.
    changed = (pl.col("value") * factor).round(6)
    value = pl.when(pl.col("factor") == 1.0).then("value").otherwise(changed)
    return cells.with_columns(value=value).drop("volume")


def _state() -> pl.Expr:
    """Return what the state of reference of each day makes of a factor at 298.15 K."""
    states = state_factors()
    found: pl.Expr = pl.lit(states[0][1])
    for day, factor in states[1:]:
        start = datetime(day.year, day.month, day.day, tzinfo=BEIJING).astimezone(ZoneInfo("UTC"))
        found = pl.when(pl.col("time") >= start).then(pl.lit(factor)).otherwise(found)
    return found
