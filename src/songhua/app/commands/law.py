"""`songhua law`: the standards as the platform holds them."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from songhua.model import BadInput
from songhua.standards import (
    Edition,
    LawCell,
    clause_en,
    law_diff,
    law_list,
    law_remarks,
    law_show,
    span_words,
)

app = typer.Typer(no_args_is_help=True, help="法规标准。 The standards, dated.")
console = Console(highlight=False)


class Language(StrEnum):
    """In which language to print."""

    ZH = "zh"
    EN = "en"

    def of(self, zh: str, en: str) -> str:
        """Return the words of this language; what has no English stays Chinese."""
        return (en or zh) if self is Language.EN else zh

    def clause(self, clause: str) -> str:
        """Return a clause in this language."""
        return self.of(clause, clause_en(clause))


Lang = Annotated[Language, typer.Option("--lang", help="语言 Language: zh, en.")]

_CONFIDENCE = {
    "verified": ("已核实", "verified"),
    "single": ("单一来源", "single source"),
    "derived": ("推算", "derived"),
    "memory": ("凭记忆", "from memory"),
    "unconfirmed": ("未确认", "unconfirmed"),
}


@app.command("list")
def list_editions(
    *,
    on: Annotated[str | None, typer.Option(help="某日生效的版本 In force on a day.")] = None,
    lang: Lang = Language.ZH,
) -> None:
    """列出标准、实施日期与用于哪些监测日。 List the standards and when they hold."""
    day = _day(on) if on else None
    table = _table(
        lang,
        ("family", "family"),
        ("年", "year"),
        ("标准", "standard"),
        ("名称", "title"),
        ("实施", "in force"),
        ("用于监测日", "used for days"),
        ("可信度", "confidence"),
    )
    for edition in law_list(on=day):
        _row(
            table,
            edition.family,
            str(edition.year),
            edition.code,
            lang.of(edition.title_zh, edition.title_en),
            edition.holds_from.isoformat(),
            _days(edition),
            lang.of(*_CONFIDENCE[edition.confidence]),
        )
    console.print(table)


@app.command("show")
def show_edition(
    family: Annotated[str, typer.Argument(help="如 such as: hj_633, gb_3095, hj_663")],
    year: Annotated[int, typer.Argument(help="如 such as: 2026")],
    *,
    lang: Lang = Language.ZH,
) -> None:
    """一个版本的全部数字、条款与疑问。 Every number of an edition, with clause and doubt."""
    shown = law_show(family, year)
    _head(shown.edition, lang)
    for (zh, en), cells in groupby(shown.cells, lambda cell: (cell.table_zh, cell.table_en)):
        _print_table(lang.of(zh, en), list(cells), lang)


@app.command("diff")
def diff_editions(
    family: Annotated[str, typer.Argument(help="如 such as: hj_633")],
    before: Annotated[int, typer.Argument(metavar="YEAR", help="如 such as: 2012")],
    after: Annotated[int, typer.Argument(metavar="YEAR", help="如 such as: 2026")],
    *,
    lang: Lang = Language.ZH,
) -> None:
    """两个版本之间改了什么。 What changed between two editions."""
    changes = law_diff(family, before, after)
    years = ((str(before), str(before)), (str(after), str(after)))
    table = _table(
        lang,
        ("表", "table"),
        ("项目", "item"),
        ("列", "column"),
        *years,
        ("单位", "unit"),
        ("条款", "clause"),
    )
    for change in changes:
        cell = change.where
        _row(
            table,
            lang.of(cell.table_zh, cell.table_en),
            lang.of(cell.row_zh, cell.row_en),
            lang.of(cell.column_zh, cell.column_en),
            *(
                lang.of(one.value_zh, one.value_en) if one else "—"
                for one in (change.before, change.after)
            ),
            cell.unit,
            lang.clause(cell.clause),
        )
    console.print(table if changes else lang.of("没有变化。", "Nothing changed."))


def _head(edition: Edition, lang: Language) -> None:
    title = lang.of(edition.title_zh, edition.title_en)
    console.print(f"[bold]{edition.code}[/bold] {escape(title)}")
    used = lang.of(*span_words(edition.in_force, edition.until))
    sure = lang.of(*_CONFIDENCE[edition.confidence])
    console.print(
        lang.of(f"用于监测日：{used}（{sure}）", f"Used for days measured: {used} ({sure})")
    )
    for note in edition.notes:
        clause, mark = lang.clause(note.clause), lang.of(*_CONFIDENCE[note.confidence])
        said = lang.of(f"{clause}（{mark}）：{note.zh}", f"{clause} ({mark}): {note.en}")
        console.print(f"[yellow]※[/yellow] {escape(said)}", soft_wrap=True)


def _print_table(title: str, cells: list[LawCell], lang: Language) -> None:
    table = _table(
        lang,
        ("项目", "item"),
        ("列", "column"),
        ("值", "value"),
        ("单位", "unit"),
        ("条款", "clause"),
        ("可信度", "confidence"),
    )
    table.title, table.title_justify = escape(title), "left"
    for cell in cells:
        _row(
            table,
            lang.of(cell.row_zh, cell.row_en),
            lang.of(cell.column_zh, cell.column_en),
            lang.of(cell.value_zh, cell.value_en),
            cell.unit,
            lang.clause(cell.clause),
            lang.of(*_CONFIDENCE[cell.confidence]),
        )
    console.print(table)
    for zh, en in law_remarks(cells):
        console.print(f"[yellow]※[/yellow] {escape(lang.of(zh, en))}", soft_wrap=True)


def _table(lang: Language, *heads: tuple[str, str]) -> Table:
    return Table(*(lang.of(zh, en) for zh, en in heads))


def _row(table: Table, *cells: str) -> None:
    """Add a row of plain text: 苯并[a]芘 is no markup."""
    table.add_row(*_escaped(cells))


def _escaped(cells: Iterable[str]) -> Iterable[str]:
    return (escape(cell) for cell in cells)


def _days(edition: Edition) -> str:
    until = edition.until.isoformat() if edition.until else "…"
    return f"{edition.in_force.isoformat()} – {until}"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(
            f"日期应写作 2026-03-01：{text}。", f"Write the day as 2026-03-01: {text}."
        ) from fault
