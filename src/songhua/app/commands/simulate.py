"""`songhua simulate`: virtual loggers that speak to a gateway; no store, no server of ours."""

import asyncio
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from songhua.app.addresses import read_address
from songhua.model import BadInput

if TYPE_CHECKING:
    from songhua.app.simulate import Message, Report, Tally

_QUANTITIES = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
_EDITIONS = (2005, 2017, 2025)
console = Console(stderr=True, highlight=False)


def add_to(app: typer.Typer) -> None:
    """Hang the command on the root."""
    app.command("simulate")(simulate)


def simulate(
    gateway: Annotated[str, typer.Argument(metavar="HOST:PORT", help="网关地址 The gateway.")],
    *,
    stations: Annotated[int, typer.Option(min=1, max=20_000, help="数采仪台数 Loggers.")] = 10,
    rate: Annotated[float, typer.Option(min=0.001, help="每秒帧数，合计 Frames a second.")] = 10.0,
    seconds: Annotated[float, typer.Option(min=0.1, help="运行多久 How long.")] = 60.0,
    replay: Annotated[
        Path | None,
        typer.Option(help="回放的小时值：site,time 与六项 Hours to replay (CSV, Parquet)."),
    ] = None,
    edition: Annotated[int, typer.Option(help="2005、2017 或 2025")] = 2017,
    faults: Annotated[str, typer.Option(help="故障与比例，如 crc=0.01,cut=0.005；或 all")] = "",
    seed: Annotated[int, typer.Option(help="同一种子，同样的故障 Same seed, same faults.")] = 0,
    acknowledged: Annotated[
        Path | None, typer.Option(help="把已应答的帧逐行写入 Write acknowledged frames here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="只打印 JSON")] = False,
) -> None:
    """虚拟数采仪：把真实或编造的数据经 TCP 发给网关，可带故障。 Virtual loggers, with faults.

    编造的数据只用于加压，点位为 L00000 等，不得当作观测。
    """
    if edition not in _EDITIONS:
        raise BadInput("版本为 2005、2017 或 2025。", "The edition is 2005, 2017 or 2025.")
    host, port = read_address(gateway)
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from songhua.app.simulate import load_messages, mn_of, read_faults, run_fleet

    messages = load_messages(stations, seed=seed) if replay is None else _of_file(replay)
    with ExitStack() as stack:
        bar = stack.enter_context(
            Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console)
        )
        task = bar.add_task("")
        kept = stack.enter_context(acknowledged.open("a", buffering=1)) if acknowledged else None

        def step(tally: "Tally") -> None:
            bar.update(
                task,
                description=f"已发 sent {tally.sent:,} · 已应答 acknowledged "
                f"{tally.acknowledged:,} · 重发 again {tally.sent_again:,}",
            )

        def told(qn: str, message: "Message") -> None:
            if kept is not None:
                kept.write(f"{message.mn} {qn} {message.cn} {message.at:%Y%m%d%H%M%S}\n")

        report = asyncio.run(
            run_fleet(
                host,
                port,
                messages,
                rate=rate,
                seconds=None if replay else seconds,
                stations=() if replay else [mn_of(f"L{n:05d}") for n in range(stations)],
                edition=edition,
                faults=read_faults(faults, seed=seed),
                step=step,
                told=told,
            )
        )
    typer.echo(json.dumps(asdict(report)) if as_json else _said(report))


def _of_file(path: Path) -> "list[Message]":
    if not path.is_file():
        raise BadInput(f"没有这个文件：{path}。", f"No such file: {path}.")
    import polars as pl

    from songhua.app.simulate import replay_messages

    rows = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    names = [name for name in _QUANTITIES if name in rows.columns]
    if not {"site", "time"} <= set(rows.columns) or not names:
        raise BadInput(
            "文件须有 site、time 与六项之一的列。",
            "The file needs the columns site, time and a pollutant.",
        )
    if rows.schema["time"] == pl.String:
        local = pl.col("time").str.to_datetime(time_unit="us", strict=True)
        rows = rows.with_columns(
            local.dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC")
        )
    return replay_messages(rows.with_columns(pl.col(names).cast(pl.Float64)), names)


def _said(report: "Report") -> str:
    return (
        f"数采仪 loggers {report.loggers:,} · 连接 connects {report.connects:,} · "
        f"已发 sent {report.sent:,} · 重发 again {report.sent_again:,} · "
        f"已应答 acknowledged {report.acknowledged:,} · 未应答 unanswered {report.unanswered:,}\n"
        f"{report.rate:,.0f} 帧/s frames/s · 应答 answer p50 {report.p50 * 1000:.1f} ms, "
        f"p99 {report.p99 * 1000:.1f} ms"
    )
