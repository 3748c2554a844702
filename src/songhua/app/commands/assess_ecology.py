"""`songhua assess ecology`: EI, EQI and indices of species."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from songhua.app.commands.assess_noise import day_of, say_asked


class KindChoice(StrEnum):
    """What a row of the file is."""

    EI = "ei"
    EQI = "eqi"
    SPECIES = "species"


def assess_ecology(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="CSV 或 CSV.gz")],
    *,
    out: Annotated[Path, typer.Option(help="结果文件 Where to write.")],
    kind: Annotated[
        KindChoice, typer.Option(help="EI、EQI 或物种名录 EI, EQI or lists of species.")
    ] = KindChoice.EQI,
    base: Annotated[str, typer.Option(help="H′ 的对数底：2 或 e The base of H′.")] = "2",
    on: Annotated[str | None, typer.Option(help="按哪天的标准 The law of which day.")] = None,
) -> None:
    """生态：EI、EQI 及变化；物种名录的多样性与 BMWP。 Ecology."""
    from songhua.assess.ecology import assess_ecology_csv

    found = assess_ecology_csv(source, out, kind=kind.value, base=base, on=day_of(on))
    console = Console(stderr=True, highlight=False)
    console.print(f"{found.rows} 行 → {out}  {found.rows} rows")
    say_asked(found.asked, console)
