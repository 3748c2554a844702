"""`songhua conformance`: whether a platform, or a logger, keeps to HJ 212."""

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from songhua.model import BadInput

if TYPE_CHECKING:
    from songhua.app.conformance import Finding

console = Console(highlight=False)
_MARKS = {"kept": "[green]✓ 符合[/green]", "broken": "[red]✗ 不符[/red]", "not_seen": "○ 未见"}


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command("conformance")(conformance)


def conformance(
    address: Annotated[
        str, typer.Argument(metavar="HOST:PORT", help="被测平台；--listen 时为本机监听地址")
    ],
    *,
    listen: Annotated[
        bool, typer.Option("--listen", help="测数采仪：等它连上来 Test a logger: wait for it.")
    ] = False,
    mn: Annotated[
        str, typer.Option(help="平台已登记的试验用 MN An identity the platform knows.")
    ] = "",
    pw: Annotated[str, typer.Option(help="访问密码 Password.")] = "123456",
    st: Annotated[str, typer.Option(help="系统编码 System.")] = "22",
    code: Annotated[str, typer.Option(help="因子编码 Factor.")] = "a34004",
    edition: Annotated[int, typer.Option(help="2005、2017 或 2025")] = 2017,
    seconds: Annotated[float, typer.Option(help="看数采仪多久 How long to watch.")] = 120.0,
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False,
) -> None:
    """逐条检验平台或数采仪是否符合 HJ 212。 Try a platform or a logger, clause by clause.

    有一条不符，退出码为 1。被测平台会收到两小时前的值 35：请用专供试验的 MN。
    """
    from songhua.app.addresses import read_address
    from songhua.app.conformance import try_logger, try_platform
    from songhua.app.conformance.platform_trial import Identity

    host, port = read_address(address)
    if listen:
        said = Console(stderr=True, highlight=False)
        found = asyncio.run(
            try_logger(
                host,
                port,
                seconds=seconds,
                ready=lambda at: said.print(f"等数采仪连接 waiting for a logger at {host}:{at} …"),
            )
        )
    else:
        if not mn:
            raise BadInput("请用 --mn 给出已登记的 MN。", "Name a registered identity by --mn.")
        who = Identity(mn=mn, pw=pw, st=st, code=code, edition=edition)
        found = asyncio.run(try_platform(host, port, who))
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        _show(found)
    if any(one.verdict == "broken" for one in found):
        raise typer.Exit(1)


def _show(found: "list[Finding]") -> None:
    table = Table(box=None, header_style="dim")
    for title in ("条款 clause", "内容", "what", "", "所见 evidence"):
        table.add_column(title, overflow="fold")
    for one in found:
        table.add_row(one.clause or "—", one.zh, one.en, _MARKS[one.verdict], one.evidence)
    console.print(table)
    kept = sum(one.verdict == "kept" for one in found)
    console.print(f"{kept}/{len(found)} 符合 kept")
