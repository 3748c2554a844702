"""`songhua source`: sources registered from the command line."""

import getpass
import json
from typing import Annotated

import typer
from rich.console import Console

from songhua.model import BadInput

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(no_args_is_help=True, help="接入来源。 Sources beside loggers.")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="名称 Name.")],
    *,
    kind: Annotated[str, typer.Option(help="http | drop | sftp | mqtt | modbus")] = "http",
    region: Annotated[str, typer.Option(help="可发言的区域 Region it may speak for.")] = "",
    site: Annotated[list[str] | None, typer.Option(help="另加的点位 Sites beside it.")] = None,
    settings: Annotated[str, typer.Option(help="设置（JSON）Settings, as JSON.")] = "{}",
) -> None:
    """登记一个来源；HTTP 来源的令牌只显示一次。 Register a source; its token is shown once."""
    try:
        given = json.loads(settings)
    except ValueError as fault:
        raise BadInput("settings 不是 JSON。", "The settings are not JSON.") from fault
    _set_up()
    from songhua.app.ask import ask

    asked = {"name": name, "source_kind": kind, "settings": given, "region": region}
    made = ask("source", {**asked, "sites": site or [], "author": getpass.getuser()})
    console.print(f"已登记 {made['name']}（{made['kind']}）。 Registered.")
    _show(made["token"])


@app.command("token")
def token(name: Annotated[str, typer.Argument(help="名称 Name.")]) -> None:
    """换发令牌，旧的立即作废。 Give a new token; the former one is void at once."""
    _set_up()
    from songhua.app.ask import ask

    _show(ask("source_token", {"name": name})["token"])


@app.command("list")
def listed() -> None:
    """各来源及其状态。 Every source and how it stands."""
    _set_up()
    from songhua.store.registry.models import Source, SourceState

    for one in Source.objects.select_related("state"):
        state = getattr(one, "state", None) or SourceState()
        mark = "[green]●[/green]" if one.active else "[dim]○[/dim]"
        seen = f"{state.last_seen:%Y-%m-%d %H:%M}" if state.last_seen else "—"
        console.print(f"{mark} {one.name}  {one.kind}  {state.state or '—'}  {seen}")
        if state.error_en:
            console.print(f"  [red]{state.error_zh}[/red] [dim]{state.error_en}[/dim]")


def _set_up() -> None:
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.server import migrate_stores

    migrate_stores()


def _show(token: str) -> None:
    if token:
        console.print(f"令牌（只显示这一次）Token, shown only now:\n{token}")
