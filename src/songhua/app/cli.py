"""`songhua`: the command line. Commands import what they need: the pure half runs alone."""

import getpass
import sys
from typing import Annotated

import typer
from rich.console import Console

from songhua.app.commands import (
    assess,
    audit,
    capture,
    check,
    conformance,
    data,
    fraud,
    hj212,
    lab,
    law,
    platform,
    simulate,
    source,
)
from songhua.model import SonghuaError, acting

app = typer.Typer(
    name="songhua",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="松花：全省生态环境监测平台。 A province's environmental monitoring.",
)
app.add_typer(assess.app, name="assess")
app.add_typer(audit.app, name="audit")
app.add_typer(law.app, name="law")
app.add_typer(hj212.app, name="hj212")
app.add_typer(lab.app, name="lab")
app.add_typer(source.app, name="source")
platform.add_to(app)
data.add_to(app)
simulate.add_to(app)
conformance.add_to(app)
check.add_to(app)
fraud.add_to(app)
capture.add_to(app)


@app.callback(invoke_without_command=True)
def root(
    *,
    version: Annotated[bool, typer.Option("--version", help="版本 Show the version.")] = False,
) -> None:
    """Show the version when asked."""
    if version:
        from songhua.app.version import code_version

        typer.echo(f"songhua {code_version()}")
        raise typer.Exit


def main() -> None:
    """Run the command line; say faults in the reader's words and exit with 2."""
    acting.begin(f"cli:{getpass.getuser()}")
    try:
        app()
    except SonghuaError as fault:
        Console(stderr=True, highlight=False).print(f"[red]✗[/red] {fault}", soft_wrap=True)
        sys.exit(2)
