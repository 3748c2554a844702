"""A file of counties or of species in, a file of indices out: no store, no server."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from songhua.assess.air.standalone import whole_or_not_at_all
from songhua.assess.ecology.regions import change_of, index_columns
from songhua.assess.ecology.species import (
    band,
    biotic_index,
    bmwp,
    ept,
    margalef,
    pielou,
    shannon,
    simpson,
)
from songhua.assess.tables_in import Asked, numbers, whole
from songhua.model import BadInput
from songhua.standards.ecology_rules import PARTS, HydroRule, ecology_rule, hydro_rule

KINDS = ("ei", "eqi", "species")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AssessedEcology:
    """What came of a file: rows written, and cells that need a look."""

    rows: int
    asked: Asked


def assess_ecology_csv(
    source: Path, out: Path, *, kind: str = "eqi", base: str = "2", on: date | None = None
) -> AssessedEcology:
    """Write the indices of regions or of samples of species.

    Parameters
    ----------
    source
        ``ei``: region, year, br, vc, wn, ls, pl and perhaps restriction; ``eqi``: region, year,
        pattern, function, biodiversity, stress; each part 0–100. ``species``: sample, taxon,
        count and perhaps family, order, tolerance.
    base
        Of the logarithm of H′: ``2`` or ``e``.

    Raises
    ------
    BadInput
        If the file cannot be read or lacks a column.
    """
    asked = Asked()
    if kind in PARTS:
        found = _regions(source, kind, on or date.max, asked)
    elif kind == "species":
        if base not in {"2", "e"}:
            raise BadInput("base 只能是 2 或 e。", "base must be 2 or e.")
        found = _species(source, base, hydro_rule(on=on or date.max), asked)
    else:
        raise BadInput(f"kind 只能是 {' '.join(KINDS)}。", f"kind must be {' '.join(KINDS)}.")
    try:
        with whole_or_not_at_all(out) as file:
            found.write_csv(file)
    except OSError as fault:
        raise BadInput(f"无法写文件：{fault}。", f"Cannot write: {fault}.") from fault
    return AssessedEcology(found.height, asked)


def _regions(source: Path, kind: str, on: date, asked: Asked) -> pl.DataFrame:
    rule, parts = ecology_rule(kind, on=on), PARTS[kind]
    table = whole(source, ("region", "year", *parts), asked)
    columns = [numbers(table, key, asked, lowest=0, highest=100) for key in parts]
    if "restriction" in table.columns:
        columns.append(numbers(table, "restriction", asked, lowest=-100, highest=0))
    year = numbers(table, "year", asked).cast(pl.Int64, strict=False)
    table = index_columns(table.with_columns(*columns, year), rule)
    rows = table.with_columns(
        earlier=pl.col("index").shift(1).over("region", order_by="year"),
        earlier_year=pl.col("year").shift(1).over("region", order_by="year"),
    )
    verdicts = [
        None if None in (a, b) else change_of(a, b, rule)
        for a, b in rows.select("earlier", "index").iter_rows()
    ]
    return rows.select(
        "region", "year", *parts, pl.col("index").alias(kind), "grade", "earlier_year",
        change=(pl.col("index") - pl.col("earlier")).round(rule.places),
        verdict=pl.Series(verdicts, dtype=pl.String), edition=pl.lit(rule.edition),
    )  # fmt: skip


def _species(source: Path, base: str, rule: HydroRule, asked: Asked) -> pl.DataFrame:
    table = whole(source, ("sample", "taxon", "count"), asked)
    columns = [numbers(table, "count", asked, lowest=0)]
    if "tolerance" in table.columns:
        columns.append(numbers(table, "tolerance", asked, lowest=0, highest=10))
    table = table.with_columns(columns)
    found = []
    for (sample,), own in table.group_by("sample", maintain_order=True):
        rows = own.filter(pl.col("count") > 0).to_dicts()
        found.append({"sample": sample} | _sample(rows, base, rule, asked))
    return pl.DataFrame(found, infer_schema_length=None)


def _sample(rows: Sequence[Row], base: str, rule: HydroRule, asked: Asked) -> Row:
    by_taxon: dict[str, float] = {}
    for row in rows:
        name = (row["taxon"] or "").strip()
        by_taxon[name] = by_taxon.get(name, 0.0) + row["count"]
    counts = list(by_taxon.values())
    if not counts:
        return {"taxa": 0, "individuals": 0.0, "edition": rule.edition}
    scored = bmwp([row.get("family") or "" for row in rows], rule)
    for name in scored.unknown:
        line = next(row["line"] for row in rows if (row.get("family") or "").strip() == name)
        asked.add(line, "family", name, "unknown")
    h = shannon(counts, 2 if base == "2" else math.e)
    even, rich = pielou(counts), margalef(len(counts), sum(counts))
    known = [row for row in rows if row.get("tolerance") is not None]
    with_order = any((row.get("order") or "").strip() for row in rows)
    with_family = any((row.get("family") or "").strip() for row in rows)
    return {
        "taxa": len(counts),
        "individuals": sum(counts),
        "shannon": _shown(h),
        "base": base,
        "shannon_band": band("shannon", h, rule).zh,
        "margalef": _shown(rich),
        "pielou": _shown(even),
        "simpson": _shown(simpson(counts)),
        "bmwp": scored.score if with_family else None,
        "aspt": _shown(scored.aspt),
        "ept": ept([(row["taxon"] or "", row.get("order") or "") for row in rows])
        if with_order
        else None,
        "bi": _shown(biotic_index([r["count"] for r in known], [r["tolerance"] for r in known]))
        if known
        else None,
        "not_in_list": "+".join(scored.unknown),
        "edition": rule.edition,
    }


def _shown(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
