"""`songhua assess`: a file in, a file out; no store, no server."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from songhua.app.commands import assess_air_beyond, assess_ecology, assess_noise

app = typer.Typer(no_args_is_help=True, help="评价文件。 Assess a file, no server needed.")
app.command("ecology")(assess_ecology.assess_ecology)
app.command("voc")(assess_air_beyond.assess_voc)
app.command("rain")(assess_air_beyond.assess_rain)
app.command("particles")(assess_air_beyond.assess_particles)
app.command("track")(assess_air_beyond.assess_track)
app.command("noise")(assess_noise.assess_noise)

_MOST_SHOWN = 10


class PeriodChoice(StrEnum):
    """What a row of the file is."""

    HOUR = "hour"
    DAY = "day"


class ModeChoice(StrEnum):
    """Which path of surface water: automatic values as they are, or monthly ones rounded."""

    REALTIME = "realtime"
    MONTHLY = "monthly"


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


@app.command("water")
def assess_water(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", help="CSV 或 CSV.gz")],
    *,
    out: Annotated[Path, typer.Option(help="结果文件 Where to write.")],
    mode: Annotated[
        ModeChoice,
        typer.Option(help="实时：五项，不修约；月：21 项，先修约 Five items, or 21 rounded."),
    ] = ModeChoice.REALTIME,
) -> None:
    """地表水：每行给出类别、状况、主要污染指标。 Class of surface water of every row."""
    from songhua.assess.water import assess_water_csv

    summary = assess_water_csv(source, out, mode=mode.value)
    console = Console(stderr=True, highlight=False)
    console.print(
        f"{summary.rows} 行，{summary.with_class} 行有类别 → {out}  "
        f"{summary.rows} rows, {summary.with_class} with a class"
    )
    if summary.unused:
        listed = " ".join(summary.unused)
        console.print(
            f"[yellow]实时类别只用五项，未用的列：{listed}。 "
            f"Only five items enter the real-time class; not used: {listed}.[/yellow]"
        )
    if summary.counts:
        total = sum(summary.counts.values())
        console.print(f"[yellow]{total} 个单元格需要看一看。 {total} cells need a look.[/yellow]")
    for cell in summary.examples[:_MOST_SHOWN]:
        what = f"{cell.column} = {cell.text!r}" if cell.column else cell.text
        console.print(
            f"  第 {cell.line} 行 line {cell.line}: {what} {cell.zh} {cell.en}", markup=False
        )
