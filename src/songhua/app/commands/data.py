"""`songhua import`, `rejects`, `correct`: data on their way in."""

import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from songhua.app.commands.platform import need_file
from songhua.app.shown import show_import
from songhua.model import BEIJING, BadInput

console = Console(highlight=False, soft_wrap=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("import")(import_files)
    app.command("rejects")(rejects)
    # A value may begin with a minus and is no option then.
    app.command("correct", context_settings={"ignore_unknown_options": True})(correct)


def import_files(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="CSV、CSV.gz、XLSX、Parquet")
    ],
    *,
    mapping: Annotated[Path | None, typer.Option(help="列对照文件 Mapping file (TOML).")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只看会发生什么 Change nothing.")
    ] = False,
    author: Annotated[str, typer.Option(help="经手人 Who imports.")] = "",
) -> None:
    """导入文件：先入日志，再入库；坏行留存并说明。 Import files; bad rows are kept and named."""
    paths = [need_file(path) for path in files]
    text = need_file(mapping).read_text(encoding="utf-8") if mapping else ""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask
    from songhua.app.progress import progress

    for path in paths:
        args = {
            "path": str(path),
            "name": path.name,
            "mapping": text,
            "author": author or getpass.getuser(),
            "dry_run": dry_run,
        }
        with progress(console) as report:
            result = ask("import", args, report)
        show_import(console, path.name, result)


def rejects(
    import_id: Annotated[
        int, typer.Argument(metavar="[IMPORT]", help="导入编号；缺省为最近一次")
    ] = 0,
) -> None:
    """拒收清单：行号、原文、原因。 The rows an import could not take, and why."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.server import migrate_stores
    from songhua.store.registry import records

    migrate_stores()
    found = records.rejects(import_id or None)
    table = Table("导入 import", "行 line", "原因 fault", "说明 detail", "原文 raw")
    for row in found:
        table.add_row(
            str(row.file_id),
            str(row.line),
            row.fault,
            f"{row.detail_zh} {row.detail_en}",
            row.raw[:100],
        )
    console.print(table if found else "没有拒收的行。 No rejected rows.")


def correct(
    site: Annotated[str, typer.Argument(help="站点编码 Site key, such as 1121A.")],
    quantity: Annotated[str, typer.Argument(help="指标 Quantity key, such as pm2_5.")],
    time: Annotated[str, typer.Argument(help="小时的开始，北京时间 Start: 2020-04-04T11:00")],
    value: Annotated[str, typer.Argument(help="正确的数值，或 none 表示无效 The value, or none.")],
    *,
    reason: Annotated[str, typer.Option(help="原因，必填 Why; required.")],
    author: Annotated[str, typer.Option(help="经手人 Who corrects.")] = "",
) -> None:
    """更正一个小时值：新的修订，旧值保留；日、市、月、排名随之重算。 Correct one hour's value."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    args = {
        "site": site,
        "quantity": quantity,
        "time": _hour(time).isoformat(),
        "value": None if value.lower() == "none" else _number(value),
        "reason": reason,
        "author": author or getpass.getuser(),
    }
    result = ask("correct", args)
    console.print(
        f"{site} {quantity} {time}：{_shown(result['former'])} → {_shown(result['value'])}"
        f"（修订 revision {result['revision']}）"
    )
    for change in result["changes"]:
        console.print(f"  {change['zh']}\n    [dim]{change['en']}[/dim]")


def _hour(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(
            f"时间应写作 2020-04-04T11:00：{text}。", f"Write the hour as 2020-04-04T11:00: {text}."
        ) from fault
    return read if read.tzinfo else read.replace(tzinfo=BEIJING)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as fault:
        raise BadInput(f"不是数：{text}。", f"Not a number: {text}.") from fault


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
