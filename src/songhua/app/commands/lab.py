"""`songhua lab`: result templates written and checked; no store, no server."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(no_args_is_help=True, help="实验室。 The laboratory.")


@app.command("methods")
def methods() -> None:
    """列出分析方法。 List the methods."""
    from songhua.standards.lab import methods

    for one in methods().values():
        console.print(
            f"{one.code}  {one.item_zh} {one.item_en}  {one.name_zh}  "
            f"检出限 {one.detection_limit:f} {one.unit}（{one.confidence}）"
        )


@app.command("template")
def template(
    method: Annotated[str, typer.Argument(help="分析方法，如 HJ 535-2009")],
    out: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="写到哪里 Where to write.")],
) -> None:
    """写出结果录入模板。 Write the result template of a method."""
    from songhua.ingest.laboratory.template import write_template
    from songhua.standards import lab

    out.write_bytes(write_template(lab.method(method)))
    console.print(f"已写出 {out}。 Written.")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="填好的模板 A filled template.")],
) -> None:
    """检查填好的模板，逐格指出错误。 Check a filled template; name every bad cell."""
    from songhua.ingest.laboratory.template import read_template
    from songhua.model import BadInput

    try:
        raw = file.read_bytes()
    except OSError as fault:
        raise BadInput(f"读不了 {file}。", f"{file} cannot be read.") from fault
    found = read_template(raw, file.name)
    for one in found.faults:
        console.print(f"[red]{one.cell}[/red] {one.zh} · {one.en}")
    console.print(f"{len(found.lines)} 行 rows，{len(found.faults)} 处错误 faults")
    if found.faults:
        raise typer.Exit(2)
