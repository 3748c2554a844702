"""`songhua check`: the quality checks on a file; no store, no server."""

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
    data: Annotated[Path, typer.Argument(metavar="DATA", help="CSV 或 Parquet：site,time 与指标")],
    *,
    out: Annotated[Path, typer.Option(help="结果文件 Where to write (CSV, Parquet).")],
    config: Annotated[
        Path | None, typer.Option(help="检查配置（TOML）；不给则用默认 Checks; else the default.")
    ] = None,
    places: Annotated[
        Path | None, typer.Option(help="坐标 site,lon,lat：邻站检查用 For neighbours.")
    ] = None,
    period: Annotated[str, typer.Option(help="hour、day、minute、realtime")] = "hour",
) -> None:
    """质控检查：每个数值给出结论与依据，不改数值。 Check a file, with the evidence."""
    from songhua.model import BadInput
    from songhua.quality.standalone import check_file, default_rules
    from songhua.quality.verdict import WORDS

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
