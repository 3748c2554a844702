"""`songhua check`: the quality checks on a file, or anew on what the platform holds."""

import getpass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

console = Console(stderr=True, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command("check")(check)


def check(
    data: Annotated[
        Path | None, typer.Argument(metavar="[DATA]", help="CSV 或 Parquet：site,time 与指标")
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option(help="结果文件 Where to write (CSV, Parquet).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="检查配置（TOML）；不给则用默认 Checks; else the default.")
    ] = None,
    places: Annotated[
        Path | None, typer.Option(help="坐标 site,lon,lat：邻站检查用 For neighbours.")
    ] = None,
    period: Annotated[str, typer.Option(help="hour、day、minute、realtime")] = "hour",
    again: Annotated[
        bool, typer.Option("--again", help="按现在的规则重查平台的小时值 What the platform holds.")
    ] = False,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="起始日 First day.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="结束日（含）Last day.")
    ] = None,
    site: Annotated[str, typer.Option(help="只存这个点位的结论 Of this site only.")] = "",
) -> None:
    """质控检查：每个数值给出结论与依据，不改数值。 Check a file or the platform."""
    if again:
        _again(first, last, site)
        return
    from songhua.model import BadInput
    from songhua.quality.standalone import check_file, default_rules
    from songhua.quality.verdict import WORDS

    if data is None or out is None:
        raise BadInput("请给出文件与 --out，或 --again。", "Give a file and --out, or --again.")
    try:
        rules = default_rules() if config is None else config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadInput(f"读不了 {config}。", f"{config} cannot be read.") from fault
    with Progress(console=console) as bar:
        task = bar.add_task("检查 checking", total=None)
        checked = check_file(
            data,
            out,
            rules=rules,
            places=places,
            period=period,
            report=lambda done, every: bar.update(task, completed=done, total=every),
        )
    told = "，".join(
        f"{WORDS[verdict][0]} {WORDS[verdict][1]} {count:,}"
        for verdict, count in checked.by_verdict.items()
        if count
    )
    console.print(f"{checked.values:,} 个数值 values → {out}：{told}")
    for name, error in checked.errors.items():
        console.print(f"[yellow]检查 {name} 自身出错，相关数值记为未检查：{error}[/yellow]")


def _again(first: datetime | None, last: datetime | None, site: str) -> None:
    from songhua.model import BEIJING, BadInput

    if first is None or last is None or last < first:
        raise BadInput("请给出 --from 与 --to。", "Give --from and --to.")
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask
    from songhua.app.progress import progress

    span = {
        "start": first.replace(tzinfo=BEIJING).isoformat(),
        "end": (last + timedelta(days=1)).replace(tzinfo=BEIJING).isoformat(),
    }
    with progress(console) as report:
        told = ask("check", {**span, "site": site, "author": getpass.getuser()}, report)
    console.print(f"{told['changed']} 个结论改变。 Verdicts changed.")
