"""`songhua assess noise`: levels in, days, compliance and grades out."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from songhua.model import BadInput

if TYPE_CHECKING:
    from songhua.assess.tables_in import Asked

_MOST_SHOWN = 10


class KindChoice(StrEnum):
    """What a row of the file is."""

    SERIES = "series"
    ZONES = "zones"
    REGION = "region"
    ROAD = "road"
    BOUNDARY = "boundary"


def assess_noise(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="CSV 或 CSV.gz")],
    *,
    out: Annotated[Path, typer.Option(help="结果文件 Where to write.")],
    kind: Annotated[
        KindChoice, typer.Option(help="时间序列、功能区、区域、道路、边界 What a row is.")
    ] = KindChoice.SERIES,
    step: Annotated[float, typer.Option(help="序列的采样间隔 s Seconds between samples.")] = 1,
    hours_day: Annotated[
        int | None, typer.Option(help="Ld 所需有效小时 Valid hours that make an Ld.")
    ] = None,
    hours_night: Annotated[
        int | None, typer.Option(help="Ln 所需有效小时 Valid hours that make an Ln.")
    ] = None,
    on: Annotated[str | None, typer.Option(help="按哪天的标准 The law of which day.")] = None,
) -> None:
    """噪声：Leq、L10/L50/L90、Ld、Ln、Ldn；功能区与边界达标，区域与道路等级。 Noise."""
    from songhua.assess.noise import assess_noise_csv

    found = assess_noise_csv(
        source, out, kind=kind.value, step=step, hours_day=hours_day, hours_night=hours_night,
        on=day_of(on),
    )  # fmt: skip
    console = Console(stderr=True, highlight=False)
    console.print(f"{found.rows} 行 → {out}  {found.rows} rows")
    for zh, en in found.said:
        console.print(f"{zh}  {en}")
    say_asked(found.asked, console)


def day_of(text: str | None) -> date | None:
    """Return the day named; raise `BadInput` when it is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadInput(f"不是日期：{text}。", f"Not a day: {text}.") from None


def say_asked(asked: "Asked", console: Console) -> None:
    """Print which cells need a look."""
    if asked.count:
        console.print(
            f"[yellow]{asked.count} 个单元格需要看一看。 {asked.count} cells need a look.[/yellow]"
        )
    for cell in asked.examples[:_MOST_SHOWN]:
        what = f"{cell.column} = {cell.text!r}" if cell.column else cell.text
        console.print(
            f"  第 {cell.line} 行 line {cell.line}: {what} {cell.zh} {cell.en}", markup=False
        )
