"""`songhua fraud`: leads to tampering in a file, or in what the platform holds."""

import getpass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from songhua.model import BEIJING, BadInput

console = Console(stderr=True, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command("fraud")(fraud)


def fraud(
    data: Annotated[
        Path | None, typer.Argument(metavar="DATA", help="CSV 或 Parquet：site,time 与指标")
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="线索文件 .csv，或带证据的 .json Where to write.")
    ] = None,
    medium: Annotated[str, typer.Option(help="air、stack、water：用哪一种的误报率")] = "air",
    score: Annotated[float, typer.Option(help="最低分 The least score.")] = 0.5,
    places: Annotated[
        Path | None, typer.Option(help="site,lon,lat 或 site,upstream For neighbours.")
    ] = None,
    limits: Annotated[Path | None, typer.Option(help="quantity,limit 限值 Limits.")] = None,
    events: Annotated[
        Path | None, typer.Option(help="site,what,start,end：setting、inspection")
    ] = None,
    platform: Annotated[
        bool, typer.Option("--platform", help="检测平台里的数据，存为线索 What the platform holds.")
    ] = False,
    region: Annotated[str, typer.Option(help="地区代码 Of the platform: region code.")] = "220000",
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="起始日 Of the platform.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="结束日（含）The last day.")
    ] = None,
) -> None:
    """造假线索：给出证据与已检验的正当解释，不下结论。 Leads to tampering, with evidence."""
    if platform:
        if data is not None or out is not None:
            raise BadInput("--platform 不读写文件。", "--platform reads and writes no file.")
        _platform(region, start, end, score)
        return
    if data is None or out is None:
        raise BadInput(
            "请给出文件与 --out，或 --platform。", "Give a file and --out, or --platform."
        )
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


def _platform(region: str, start: datetime | None, end: datetime | None, score: float) -> None:
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask
    from songhua.app.progress import progress

    first = None if start is None else start.replace(tzinfo=BEIJING)
    last = None if end is None else end.replace(tzinfo=BEIJING) + timedelta(days=1)
    args = {
        "region": region,
        "author": getpass.getuser(),
        "start": None if first is None else first.isoformat(),
        "end": None if last is None else last.isoformat(),
        "least": score,
    }
    with progress(console) as report:
        told = ask("fraud", args, report)
    console.print(
        f"{told['found']} 条线索，其中新线索 {told['new']} 条（{told['sites']} 个点位）。"
        f" {told['found']} leads, {told['new']} of them new."
    )
