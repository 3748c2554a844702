"""`songhua assess`: a file in, a file out; no store, no server."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(no_args_is_help=True, help="评价文件。 Assess a file, no server needed.")

_MOST_SHOWN = 10


class PeriodChoice(StrEnum):
    """What a row of the file is."""

    HOUR = "hour"
    DAY = "day"


class EditionChoice(StrEnum):
    """Which edition judges."""

    AUTO = "auto"
    OF_2012 = "2012"
    OF_2026 = "2026"


@app.callback()
def root() -> None:
    """Assess files of one medium."""


@app.command("air")
def assess_air(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="CSV 或 CSV.gz")],
    *,
    period: Annotated[PeriodChoice, typer.Option(help="一行是一小时还是一天 What a row is.")],
    out: Annotated[Path, typer.Option(help="结果文件 Where to write.")],
    on_edition: Annotated[
        EditionChoice, typer.Option(help="标准版本；auto 按监测日 Edition; auto: of the day.")
    ] = EditionChoice.AUTO,
) -> None:
    """空气质量指数：每行给出 AQI、级别、首要污染物、六项分指数。 AQI of every row."""
    from songhua.assess.air import assess_csv

    summary = assess_csv(source, out, period=period.value, on_edition=on_edition.value)
    console = Console(stderr=True, highlight=False)
    console.print(
        f"{summary.rows} 行，{summary.with_aqi} 行有 AQI → {out}  "
        f"{summary.rows} rows, {summary.with_aqi} with an AQI"
    )
    if summary.bad_cells:
        console.print(
            f"[yellow]{summary.bad_cells} 个单元格不是数，按缺失处理。 "
            f"{summary.bad_cells} cells were not numbers and count as missing.[/yellow]"
        )
    if summary.bad_rows:
        console.print(
            f"[yellow]{summary.bad_rows} 行的引号有误，未评价。 "
            f"{summary.bad_rows} rows with misplaced quotes were not assessed.[/yellow]"
        )
    for cell in summary.examples[:_MOST_SHOWN]:
        what = f"{cell.column} = {cell.text!r}" if cell.column else cell.text
        console.print(f"  第 {cell.line} 行 line {cell.line}: {what}", markup=False)
