"""`songhua fraud`: leads to tampering in a file; no store, no server."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(stderr=True, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command("fraud")(fraud)


def fraud(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV 或 Parquet：site,time 与指标")],
    *,
    out: Annotated[Path, typer.Option(help="线索文件 .csv，或带证据的 .json Where to write.")],
    medium: Annotated[str, typer.Option(help="air、stack、water：用哪一种的误报率")] = "air",
    score: Annotated[float, typer.Option(help="最低分 The least score.")] = 0.5,
    places: Annotated[
        Path | None, typer.Option(help="site,lon,lat 或 site,upstream For neighbours.")
    ] = None,
    limits: Annotated[Path | None, typer.Option(help="quantity,limit 限值 Limits.")] = None,
    events: Annotated[
        Path | None, typer.Option(help="site,what,start,end：setting、inspection")
    ] = None,
) -> None:
    """造假线索：给出证据与已检验的正当解释，不下结论。 Leads to tampering, with evidence."""
    from songhua.quality.fraud.lead import KINDS
    from songhua.quality.fraud.standalone import fraud_file

    leads = fraud_file(
        data, out, medium=medium, least=score, places=places, limits=limits, events=events
    )
    counts: dict[str, int] = {}
    for lead in leads:
        counts[lead.kind] = counts.get(lead.kind, 0) + 1
    told = "，".join(f"{KINDS[kind][0]} {KINDS[kind][1]} {n}" for kind, n in counts.items())
    excused = sum(lead.excused for lead in leads)
    console.print(
        f"{len(leads)} 条线索 leads → {out}" + (f"：{told}" if told else "") + "；"
        f"{excused} 条有成立的正当解释 with an innocent explanation that holds"
    )
