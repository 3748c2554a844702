"""Anyone's leads against the labels of an exported folder."""

from pathlib import Path

import polars as pl

_YEAR = 365.25 * 24  # hours


def judge(folder: Path, leads: Path) -> str:
    """Return recall of each kind and class, and false leads a site-year, as a table.

    Parameters
    ----------
    folder
        As `export` wrote it.
    leads
        CSV: ``file site quantity start end``, and ``kind`` if a lead shall count for its own kind
        only; `file` as in `labels.csv`, or `clean/MEDIUM_score.parquet` for false leads.
    """
    given = _read(leads)
    labels = _read(folder / "labels.csv").with_row_index("case")
    pairs = labels.join(given, on=["file", "site"], suffix="_lead").filter(
        (pl.col("quantity") == pl.col("quantity_lead")) | (pl.col("kind") == "stopped")
    )
    if "kind" in given.columns:
        pairs = pairs.filter(pl.col("kind") == pl.col("kind_lead"))
    shared = pl.min_horizontal("end", "end_lead") - pl.max_horizontal("start", "start_lead")
    met = pairs.filter(
        (shared.dt.total_seconds() >= 0.33 * (pl.col("end") - pl.col("start")).dt.total_seconds())
        & (
            shared.dt.total_seconds()
            >= 0.1 * (pl.col("end_lead") - pl.col("start_lead")).dt.total_seconds()
        )
    )
    told = labels.with_columns(found=pl.col("case").is_in(met["case"].unique().to_list()))
    recall = told.group_by("medium", "kind", "seen").agg(
        cases=pl.len(), recall=pl.col("found").mean().round(2)
    )
    lines = ["medium kind seen cases recall"]
    lines += [" ".join(map(str, row)) for row in recall.sort("medium", "kind", "seen").rows()]
    for path in sorted((folder / "clean").glob("*_score.parquet")):
        rows = pl.read_parquet(path, columns=["site", "time"]).unique()
        years = rows.height / _YEAR
        false = given.filter(pl.col("file") == f"clean/{path.name}").height
        lines.append(f"{path.stem}: {false / years:.2f} false leads a site-year ({years:.1f})")
    return "\n".join(lines)


def _read(path: Path) -> pl.DataFrame:
    table = pl.read_csv(path)
    stamps = [pl.col(name).str.to_datetime(time_zone="UTC") for name in ("start", "end")]
    return table.with_columns(stamps)
