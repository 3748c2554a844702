"""`songhua law`: the standards as the platform holds them."""

from datetime import date
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from songhua.model import BadInput
from songhua.standards import Edition, LawCell, law_diff, law_list, law_show

app = typer.Typer(no_args_is_help=True, help="法规标准。 The standards, dated.")
console = Console(highlight=False)

_CONFIDENCE = {
    "verified": "已核实 verified",
    "single": "单一来源 single",
    "derived": "推算 derived",
    "memory": "凭记忆 memory",
    "unconfirmed": "未确认 unconfirmed",
}


@app.command("list")
def list_editions(
    *,
    on: Annotated[str | None, typer.Option(help="某日生效的版本 In force on a day.")] = None,
) -> None:
    """列出标准及其生效日期。 List the standards and when they hold."""
    day = _day(on) if on else None
    table = Table(
        "family", "年 year", "标准 standard", "名称 title", "生效 from", "至 to", "可信度"
    )
    for edition in law_list(on=day):
        table.add_row(
            edition.family,
            str(edition.year),
            edition.code,
            edition.title_zh,
            edition.in_force.isoformat(),
            edition.until.isoformat() if edition.until else "",
            _CONFIDENCE[edition.confidence],
        )
    console.print(table)


@app.command("show")
def show_edition(
    family: Annotated[str, typer.Argument(help="如 such as: hj_633, gb_3095, hj_663")],
    year: Annotated[int, typer.Argument(help="如 such as: 2026")],
) -> None:
    """一个版本的全部数字、条款与疑问。 Every number of an edition, with clause and doubt."""
    shown = law_show(family, year)
    _head(shown.edition)
    title = ""
    table: Table | None = None
    for cell in shown.cells:
        if cell.table_zh != title:
            if table is not None:
                console.print(table)
            title = cell.table_zh
            table = Table(
                "项目 item", "列 column", "值 value", "单位", "条款", "可信度",
                title=f"{cell.table_zh} {cell.table_en}", title_justify="left",
            )  # fmt: skip
        if table is not None:
            table.add_row(*_cells(cell))
    if table is not None:
        console.print(table)


@app.command("diff")
def diff_editions(
    family: Annotated[str, typer.Argument(help="如 such as: hj_633")],
    before: Annotated[int, typer.Argument(metavar="YEAR", help="如 such as: 2012")],
    after: Annotated[int, typer.Argument(metavar="YEAR", help="如 such as: 2026")],
) -> None:
    """两个版本之间改了什么。 What changed between two editions."""
    changes = law_diff(family, before, after)
    table = Table("表 table", "项目 item", "列 column", str(before), str(after), "条款 clause")
    for change in changes:
        cell = change.where
        table.add_row(
            cell.table_zh,
            _both(cell.row_zh, cell.row_en),
            _both(cell.column_zh, cell.column_en),
            change.before.value_zh if change.before else "—",
            change.after.value_zh if change.after else "—",
            cell.clause,
        )
    console.print(table if changes else "没有变化。 Nothing changed.")


def _head(edition: Edition) -> None:
    until = edition.until.isoformat() if edition.until else "…"
    console.print(f"[bold]{edition.code}[/bold] {edition.title_zh}  {edition.title_en}")
    console.print(f"{edition.in_force.isoformat()} – {until}　{_CONFIDENCE[edition.confidence]}")
    for note in edition.notes:
        mark = _CONFIDENCE[note.confidence]
        console.print(
            f"[yellow]※[/yellow] {note.clause}（{mark}）：{note.zh}\n   [dim]{note.en}[/dim]"
        )


def _cells(cell: LawCell) -> tuple[str, ...]:
    return (
        _both(cell.row_zh, cell.row_en),
        _both(cell.column_zh, cell.column_en),
        cell.value_zh,
        cell.unit,
        cell.clause,
        _CONFIDENCE[cell.confidence],
    )


def _both(zh: str, en: str) -> str:
    return zh if en in zh else f"{zh} {en}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(
            f"日期应写作 2026-03-01：{text}。", f"Write the day as 2026-03-01: {text}."
        ) from fault
