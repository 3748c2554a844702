"""A progress bar with rows a second and time left."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from songhua.quality.fraud.lead import KINDS

_PHASES = {
    "journal": "入日志 journal",
    "read": "读取 read",
    "hours": "评价小时 hours",
    "area_hours": "评价区域小时 area hours",
    "days": "评价日 days",
    "area_days": "评价区域日 area days",
    "deducted": "扣除后日值 deducted days",
    "checks": "质控检查 checks",
    "periods": "月季年与排名 months, ranks",
    **{kind: f"{zh} {en}" for kind, (zh, en) in KINDS.items()},
    "keep": "存为线索 keep",
}


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Show what is reported: ``phase``, ``done``, ``total``, and ``rows`` and ``seconds``."""
    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, rate="")

        def report(step: Mapping[str, Any]) -> None:
            seconds = float(step.get("seconds", 0))
            rate = f"{step['rows'] / seconds:,.0f} 行/s" if seconds and "rows" in step else ""
            bar.update(
                task,
                description=_PHASES.get(str(step.get("phase", "")), ""),
                completed=step.get("done", 0),
                total=step.get("total") or None,
                rate=rate,
            )

        yield report
