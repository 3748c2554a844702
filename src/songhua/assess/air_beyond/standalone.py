"""Files of VOC, rain and particles in, files of results out; columns at once."""

from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path

import polars as pl

from songhua.assess.air.standalone import times_of, whole_or_not_at_all
from songhua.assess.air_beyond.rules import rain_grade
from songhua.assess.tables_in import Asked, numbers, whole
from songhua.model import BadInput
from songhua.standards.air_beyond import (
    RainRule,
    closure_factors,
    ion_charges,
    molar_volume,
    rain_rule,
    voc_species,
)

_KEYS = ("line", "site", "time")
_HIGHEST_PH = 14
_LARGEST = 5


@dataclass(frozen=True, slots=True)
class AssessedAir:
    """What came of a file: rows written, cells that need a look, columns that no rule knows."""

    rows: int
    asked: Asked
    unknown: tuple[str, ...] = ()


def assess_voc_csv(source: Path, out: Path, *, ppb: bool = False) -> AssessedAir:
    """Write totals, ozone-formation potential, its shares by group and its five largest compounds.

    Parameters
    ----------
    source
        site, time and a column for each compound by name, Chinese name or CAS number.
    ppb
        The values are ppb; else µg/m³.
    """
    asked, on = Asked(), date.max
    known, volume = voc_species(on=on), molar_volume(on=on)
    table = whole(source, ("site", "time"), asked)
    names = {name: known[name] for name in table.columns if name in known}
    if not names:
        raise BadInput("没有任何物种的列。", "No column of a compound.")
    unknown = tuple(name for name in table.columns if name not in known and name not in _KEYS)
    values = table.select(numbers(table, name, asked, lowest=0) for name in names)
    values = values.rename({name: one.name for name, one in names.items()})
    species = list(names.values())
    mass = values.select(pl.col(one.name) * (one.mw / volume if ppb else 1.0) for one in species)
    potential = mass.select(pl.col(one.name) * one.mir for one in species)
    every = [one.name for one in species]
    found = potential.select(ofp=pl.sum_horizontal(every)).with_columns(
        total=mass.select(pl.sum_horizontal(every)).to_series(),
        compounds=mass.select(pl.sum_horizontal(pl.all().is_not_null())).to_series(),
    )
    for group in dict.fromkeys(one.group for one in known.values()):
        own = [one.name for one in species if one.group == group]
        part = potential.select(pl.sum_horizontal(own) if own else pl.lit(0.0)).to_series()
        found = found.with_columns((100 * part / pl.col("ofp")).round(1).alias(f"share_{group}"))
    order = potential.select(pl.concat_list(every).alias("all"))["all"].to_list()
    largest = ["+".join(_largest(every, row)) for row in order]
    found = (
        table.select("site", "time")
        .hstack(found)
        .with_columns(pl.col("ofp", "total").round(4), largest=pl.Series(largest, dtype=pl.String))
    )
    return _written(found, out, asked, unknown)


def _largest(names: list[str], values: list[float | None]) -> list[str]:
    """Return the names of the five largest values above nought, largest first."""
    known = [(value, name) for value, name in zip(values, names, strict=True) if value]
    return [name for _, name in sorted(known, key=lambda one: -one[0])[:_LARGEST]]


def rain_columns(rows: pl.DataFrame, rule: RainRule) -> pl.DataFrame:
    """Return samples, acid samples, frequency and mean pH of each site and span.

    Parameters
    ----------
    rows
        site, span, ph, volume; a sample without a volume counts in the frequency alone.
    """
    acid = pl.col("ph") < rule.acid_below
    weighed = pl.when(pl.col("ph").is_not_null() & (pl.col("volume") > 0)).then("volume")
    return rows.group_by("site", "span", maintain_order=True).agg(
        samples=pl.col("ph").count(),
        acid_samples=acid.sum(),
        frequency=(100 * acid.sum() / pl.col("ph").count()).round(1),
        volume=weighed.sum(),
        ph=-((weighed * (10.0 ** -pl.col("ph"))).sum() / weighed.sum()).log10(),
    )


def assess_rain_csv(source: Path, out: Path, *, by: str = "year") -> AssessedAir:
    """Write volume-weighted pH, acid-rain frequency and grade of each site and year or month.

    Parameters
    ----------
    source
        site, time, ph, volume (mm or any unit) and perhaps ions in mg/L: so4 no3 f cl nh4 ca …
    """
    asked, rule = Asked(), rain_rule(on=date.max)
    if by not in {"year", "month"}:
        raise BadInput("by 只能是 year 或 month。", "by must be year or month.")
    table = whole(source, ("site", "time", "ph", "volume"), asked)
    at = times_of(table["time"])
    asked.rows(table, "time", at.is_null(), "time")
    rows = table.select(
        "site",
        at.dt.strftime("%Y" if by == "year" else "%Y-%m").alias("span"),
        numbers(table, "ph", asked, lowest=0, highest=_HIGHEST_PH),
        numbers(table, "volume", asked, lowest=0),
        *(numbers(table, name, asked, lowest=0) for name in rule.ions if name in table.columns),
    ).drop_nulls("span")
    found = rain_columns(rows, rule)
    grades = [None if ph is None or ph != ph else rain_grade(ph, rule) for ph in found["ph"]]
    ions = [name for name in rule.ions if name in rows.columns]
    if ions:
        weight = pl.col("volume")
        means = rows.group_by("site", "span", maintain_order=True).agg(
            ((pl.col(name) * weight).sum() / weight.filter(pl.col(name).is_not_null()).sum())
            for name in ions
        )
        found = found.join(_balanced(means, ions), on=["site", "span"], how="left")
    found = found.with_columns(
        pl.col("ph").fill_nan(None).round(rule.places),
        grade=pl.Series(grades, dtype=pl.String),
        edition=pl.lit(rule.edition),
    )
    return _written(found, out, asked, ())


def _balanced(rows: pl.DataFrame, ions: list[str]) -> pl.DataFrame:
    """Return rows with the equivalents of cations and anions and their ratio."""
    charges = ion_charges()
    sums = {
        name: reduce(
            lambda total, ion: total + pl.col(ion).fill_null(0) / charges[ion][0],
            [ion for ion in ions if charges[ion][1] == sign],
            pl.lit(0.0),
        )
        for name, sign in (("cations", 1), ("anions", -1))
    }
    found = rows.with_columns(**sums)
    ratio = pl.when(pl.col("anions") > 0).then(pl.col("cations") / pl.col("anions"))
    return found.with_columns(cation_anion=ratio.round(3))


def assess_particles_csv(source: Path, out: Path) -> AssessedAir:
    """Write the parts of the mass of particles, their sum beside the weighed mass, and ion balance.

    Parameters
    ----------
    source
        site, time, pm2_5 and components: oc ec so4 no3 nh4 cl na k ca mg al si fe ti, in µg/m³.
    """
    asked, factors = Asked(), closure_factors(on=date.max)
    table = whole(source, ("site", "time", "pm2_5"), asked)
    known = dict.fromkeys([*factors, *ion_charges()])
    own = [name for name in known if name in table.columns]
    if not own:
        raise BadInput("没有任何组分的列。", "No column of a component.")
    unknown = tuple(
        name for name in table.columns if name not in own and name not in (*_KEYS, "pm2_5")
    )
    rows = table.select(
        "site", "time", *(numbers(table, name, asked, lowest=0) for name in ("pm2_5", *own))
    )
    parts: dict[str, pl.Expr] = {}
    for name in own:
        if name in factors:
            part, factor = factors[name]
            parts[part] = parts.get(part, pl.lit(0.0)) + factor * pl.col(name).fill_null(0)
    found = rows.with_columns(**parts)
    total = pl.sum_horizontal(list(parts))
    weighed = pl.when(pl.col("pm2_5") > 0).then("pm2_5")
    found = found.with_columns(reconstructed=total).with_columns(
        closure=(100 * pl.col("reconstructed") / weighed).round(1),
        unexplained=(pl.col("pm2_5") - pl.col("reconstructed")).round(3),
    )
    found = _balanced(found, [name for name in own if name in ion_charges()])
    return _written(
        found.with_columns(pl.col(*parts, "reconstructed").round(3)), out, asked, unknown
    )


def _written(found: pl.DataFrame, out: Path, asked: Asked, unknown: tuple[str, ...]) -> AssessedAir:
    try:
        with whole_or_not_at_all(out) as file:
            found.write_csv(file)
    except OSError as fault:
        raise BadInput(f"无法写文件：{fault}。", f"Cannot write: {fault}.") from fault
    return AssessedAir(found.height, asked, unknown)
