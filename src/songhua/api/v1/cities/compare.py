"""The same air judged by HJ 633—2012 and by HJ 633—2026: which good days become polluted ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from songhua.api.v1.cities.ranking import check_choice, named, provincial
from songhua.assess.air import hourly_columns
from songhua.assess.air.compare import EDITIONS, both_editions
from songhua.assess.rounding import half_even_quotient, shifted
from songhua.model import Period
from songhua.standards import POLLUTANTS
from songhua.store import shelf
from songhua.store.registry.sites import sites

UNITS = ("day", "hour")
SUBJECTS = ("city", "county", "site")
_CONCENTRATIONS = (*POLLUTANTS, "o3_8h")
_GOOD = 2
"""Levels 1 and 2 (优 and 良) are good."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One day or hour that is good by the older edition and polluted by the newer."""

    code: str
    zh: str
    en: str
    time: datetime
    pm2_5: float | None
    pm10: float | None
    aqi_old: int
    aqi_new: int
    level_old: int
    level_new: int
    primary: str


@dataclass(frozen=True, slots=True)
class Side:
    """One region or site under both editions.

    Parameters
    ----------
    valid
        Days or hours with an index under both.
    good_old, good_new
        Of these, how many are good.
    share_old, share_new
        The same in per cent of `valid`. [%]
    levels_old, levels_new
        Of these, how many are of each level, 1 to 6.
    withheld
        Days or hours with an index under the older edition and, a pollutant missing, none under
        the newer; they are in no other number.
    """

    code: str
    zh: str
    en: str
    valid: int
    good_old: int
    good_new: int
    share_old: float | None
    share_new: float | None
    levels_old: tuple[int, ...]
    levels_new: tuple[int, ...]
    withheld: int

    @property
    def moved(self) -> int:
        """How many good ones become polluted."""
        return self.good_old - self.good_new


@dataclass(frozen=True, slots=True)
class Comparison:
    """Every subject under both editions, those that lose most first, and their sum."""

    scope: str
    unit: str
    span: Period
    sides: tuple[Side, ...]
    total: Side
    moved: tuple[Moved, ...]


def comparison(*, scope: str, unit: str, span: Period, as_of: datetime | None) -> Comparison:
    """Return what the newer edition makes of the air that the older one judged.

    Raises
    ------
    BadInput
        If scope or unit is unknown.
    """
    check_choice("scope", scope, SUBJECTS)
    check_choice("unit", unit, UNITS)
    names = _names(scope)
    rows = shelf().air_index(
        period=unit,
        scope=scope,
        span=span,
        subjects=list(names),
        as_of=as_of,
        columns=_CONCENTRATIONS,
    )
    judged = _judged(rows.drop("edition", "reason", strict=False), unit)
    sides = [
        _side(str(code), names, frame)
        for (code,), frame in judged.group_by(["subject"], maintain_order=True)
    ]
    sides.sort(key=lambda side: (-side.moved, side.code))
    total = _side("", {"": ("合计", "Total")}, judged)
    return Comparison(scope, unit, span, tuple(sides), total, tuple(_moved(judged, names)))


def _judged(rows: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Return the rows with index, level and primary pollutant under both editions."""
    own = rows.select("subject", "time", *_CONCENTRATIONS)
    if unit == "day":
        both = both_editions(own)
    else:
        both = own.select("subject", "time").hstack(
            [
                column.alias(f"{column.name}_{edition}")
                for edition in EDITIONS
                for column in hourly_columns(own, edition=edition)
                .select("aqi", "level", "primary")
                .get_columns()
            ]
        )
    return own.select("pm2_5", "pm10").hstack(both.get_columns()).sort("subject", "time")


def _side(code: str, names: Mapping[str, tuple[str, str]], judged: pl.DataFrame) -> Side:
    old, new = (f"level_{edition}" for edition in EDITIONS)
    known = judged.filter(pl.col(f"aqi_{EDITIONS[0]}").is_not_null())
    both = known.filter(pl.col(f"aqi_{EDITIONS[1]}").is_not_null())
    good = [both.filter(pl.col(name).is_between(1, _GOOD)).height for name in (old, new)]
    shares = _shares(good, both.height)
    zh, en = names.get(code, (code, code))
    return Side(
        code=code,
        zh=zh,
        en=en,
        valid=both.height,
        good_old=good[0],
        good_new=good[1],
        share_old=shares[0],
        share_new=shares[1],
        levels_old=_levels(both, old),
        levels_new=_levels(both, new),
        withheld=known.height - both.height,
    )


def _shares(good: list[int], valid: int) -> list[float | None]:
    if not valid:
        return [None for _ in good]
    frame = pl.DataFrame({"good": good, "valid": [valid] * len(good)})
    share = half_even_quotient(pl.col("good") * 1000, pl.col("valid"))
    return frame.select(shifted(share, 1)).to_series().to_list()


def _levels(rows: pl.DataFrame, column: str) -> tuple[int, ...]:
    counts = dict(rows.group_by(column).len().iter_rows())
    return tuple(int(counts.get(level, 0)) for level in range(1, 7))


def _moved(judged: pl.DataFrame, names: Mapping[str, tuple[str, str]]) -> list[Moved]:
    old, new = EDITIONS
    rows = judged.filter(
        pl.col(f"level_{old}").is_between(1, _GOOD) & (pl.col(f"level_{new}") > _GOOD)
    )
    found = []
    for row in rows.sort("time", "subject").to_dicts():
        code = row["subject"]
        zh, en = names.get(code, (code, code))
        one = Moved(
            code,
            zh,
            en,
            row["time"],
            row["pm2_5"],
            row["pm10"],
            row[f"aqi_{old}"],
            row[f"aqi_{new}"],
            row[f"level_{old}"],
            row[f"level_{new}"],
            row[f"primary_{new}"] or "",
        )
        found.append(one)
    return found


def _names(scope: str) -> Mapping[str, tuple[str, str]]:
    """Return the names of the province's own regions or sites."""
    if scope != "site":
        return {code: named(code) for code in provincial(scope)}
    own = sites().filter(pl.col("own"))
    rows = own.sort("valid_from").select("site", "name_zh", "name_en")
    return {key: (zh, en or zh) for key, zh, en in rows.iter_rows()}
