"""`songhua law`: the standards as the platform holds them."""

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from songhua.model import BEIJING, BadInput
from songhua.standards import law_diff, law_list, law_show

app = typer.Typer(no_args_is_help=True, help="法规标准。 The standards, dated.")


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(BEIJING).date()
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise BadInput(
            f"日期应写作 2026-03-01：{text}。", f"Write the day as 2026-03-01: {text}."
        ) from fault
