"""`songhua capture`: transmission, validity and capture rates of the platform, as a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("capture")(capture)


def capture(
    first: Annotated[str, typer.Option("--from", help="起始月份 First month: 2020-04.")],
    *,
    out: Annotated[Path, typer.Option(metavar="F.csv", help="写到哪里 Where to write.")],
    last: Annotated[str, typer.Option("--to", help="终止月份 Last month.")] = "",
    by: Annotated[str, typer.Option(help="city | site | operator | quantity | month")] = "city",
    region: Annotated[str, typer.Option(help="地区代码 Region code.")] = "220000",
) -> None:
    """传输率、有效率、捕获率与损失原因。 Data capture with the reasons of every loss."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    asked = {"first": first, "last": last, "by": by, "region": region}
    found = ask("capture", asked)
    out.write_text(found["csv"], encoding="utf-8")
    console.print(f"{found['rows']} 行 rows → {out}")
