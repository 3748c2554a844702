"""`songhua assess voc|rain|particles|track`: air beyond the six."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from songhua.app.commands.assess_noise import say_asked
from songhua.model import BadInput

if TYPE_CHECKING:
    from songhua.assess.air_beyond import AssessedAir

Source = Annotated[Path, typer.Argument(metavar="IN.csv", help="CSV 或 CSV.gz")]
Out = Annotated[Path, typer.Option(help="结果文件 Where to write.")]


def assess_voc(
    source: Source,
    *,
    out: Out,
    ppb: Annotated[bool, typer.Option(help="数值为 ppb Values are ppb.")] = False,
) -> None:
    """VOCs：总量、臭氧生成潜势、各类占比、前五物种。 Ozone-formation potential."""
    from songhua.assess.air_beyond import assess_voc_csv

    _say(assess_voc_csv(source, out, ppb=ppb), out)


def assess_rain(
    source: Source,
    *,
    out: Out,
    by: Annotated[str, typer.Option(help="year 或 month")] = "year",
) -> None:
    """酸雨：降水量加权 pH、酸雨频率、等级、离子平衡。 Acid rain."""
    from songhua.assess.air_beyond import assess_rain_csv

    _say(assess_rain_csv(source, out, by=by), out)


def assess_particles(source: Source, *, out: Out) -> None:
    """颗粒物组分：质量重构与离子平衡。 Mass closure and ion balance."""
    from songhua.assess.air_beyond import assess_particles_csv

    _say(assess_particles_csv(source, out), out)


def assess_track(
    source: Source,
    *,
    out: Out,
    breaks: Annotated[
        str, typer.Option(help="分级界限，逗号分隔 Bounds of classes, with commas.")
    ] = "",
) -> None:
    """走航：lon,lat,time,value 变成分段着色的 GeoJSON。 A mobile survey as a track."""
    from songhua.assess.air_beyond import write_track

    try:
        bounds = [float(one) for one in breaks.split(",") if one.strip()]
    except ValueError:
        raise BadInput(f"不是数：{breaks}。", f"No numbers: {breaks}.") from None
    found = write_track(source, out, breaks=bounds)
    console = Console(stderr=True, highlight=False)
    parts = len(found.geojson["features"])
    console.print(f"{parts} 段，{found.km:.1f} km → {out}  {parts} segments")
    say_asked(found.asked, console)


def _say(found: "AssessedAir", out: Path) -> None:
    console = Console(stderr=True, highlight=False)
    console.print(f"{found.rows} 行 → {out}  {found.rows} rows")
    if found.unknown:
        listed = " ".join(found.unknown)
        console.print(f"[yellow]表中没有、未用的列：{listed}  not used[/yellow]", soft_wrap=True)
    say_asked(found.asked, console)
