"""What came of work, in a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

_MOST_SHOWN = 20


def show_import(console: Console, name: str, result: Mapping[str, Any]) -> None:
    """Print what an import did, or would do."""
    if result.get("already"):
        console.print(
            f"{name}：此前已导入（{result['already']}），没有变化。 "
            "Imported before; nothing changed."
        )
        return
    verb = "将会 would" if result.get("dry_run") else ""
    seconds = float(result.get("seconds") or 0)
    rate = f"，{result['lines'] / seconds:,.0f} 行/s rows/s" if seconds else ""
    console.print(
        f"{name}：{result['lines']:,} 行 rows{rate}\n"
        f"  {verb} 新增 new {result['new']:,} · 修订 changed {result['changed']:,} · "
        f"未变 same {result['same']:,} · 拒收 rejected {result['rejected']:,}"
    )
    for fault, count in result.get("faults", {}).items():
        console.print(f"    [yellow]{fault}[/yellow] {count:,}")
    for reject in result.get("examples", [])[:_MOST_SHOWN]:
        console.print(
            f"    第 {reject['line']} 行 line: {reject['detail_zh']} {reject['detail_en']}"
            f"  {reject['raw'][:80]}"
        )
