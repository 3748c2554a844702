"""What is configured, reachable, and how full: the platform's own health."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from clickhouse_connect.driver.exceptions import Error as ClickHouseFault
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from songhua.model import BEIJING
from songhua.store.journal import Journal
from songhua.store.registry.models import AppliedEntry, ImportFile, Reject, Site, User
from songhua.store.registry.sites import overlapping
from songhua.store.shelf import Shelf

_LOW_BYTES = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ``ok``, ``warn`` or ``fail``."""

    state: str
    zh: str
    en: str


def examine(journal: Journal, shelf: Shelf) -> list[Finding]:
    """Return what was found, the most basic first. What cannot be reached is a finding too."""
    parts: list[tuple[str, str, Callable[[], Iterator[Finding]]]] = [
        ("数据目录", "Home", _home),
        ("日志", "Journal", lambda: _journal(journal)),
        ("观测库", "Observations", lambda: _shelf(shelf)),
        ("登记簿", "Registry", _registry),
        ("登记内容", "Registered", lambda: _registered(journal)),
    ]
    found = []
    for zh, en, look in parts:
        try:
            found += list(look())
        except (OSError, DatabaseError, ClickHouseFault) as fault:
            found.append(Finding("fail", f"{zh}无法读取：{fault}", f"{en}: {fault}"))
    return found


def _home() -> Iterator[Finding]:
    home = settings.SONGHUA_HOME
    yield Finding("ok", f"数据目录 {home}", f"Home {home}")
    usage = shutil.disk_usage(home)
    state = "ok" if usage.free > _LOW_BYTES else "warn"
    free, share = _size(usage.free), 100 * usage.free / usage.total
    yield Finding(state, f"磁盘剩余 {free}（{share:.0f}%）", f"Disk free: {free} ({share:.0f} %)")


def _journal(journal: Journal) -> Iterator[Finding]:
    size = _size(sum(path.stat().st_size for path in journal.segments))
    lost = {fault.seq for fault in journal.faults}
    count, segments = journal.last_seq, len(journal.segments)
    last = journal.entry(count).time if count and count not in lost else None
    yield Finding(
        "ok",
        f"日志 {count:,} 条，{segments} 段，{size}，最后一条 {_when(last)}",
        f"Journal: {count:,} records, {segments} segments, {size}, last {_when(last)}",
    )
    for path in journal.torn:
        yield Finding(
            "warn",
            f"上次中断留下未完成的字节，已另存 {path.name}（从未确认过）",
            f"An interruption left unfinished bytes, set aside in {path.name} (never acknowledged)",
        )
    for fault in journal.faults:
        where_zh, where_en = f"（{fault.segment}）", f" ({fault.segment})"
        yield Finding("fail", f"日志{fault.zh}{where_zh}", f"Journal: {fault.en}{where_en}")


def _shelf(shelf: Shelf) -> Iterator[Finding]:
    where, version = _without_password(shelf.url), shelf.version
    yield Finding(
        "ok", f"观测库 {where}，结构 {version}", f"Observations at {where}, schema {version}"
    )
    for table in shelf.sizes():
        span = f"{table.first:%Y-%m-%d} – {table.last:%Y-%m-%d}" if table.first else "—"
        rows, size = f"{table.rows:,}", _size(table.size)
        yield Finding(
            "ok",
            f"　{table.table} {rows} 行，{size}，{span}",
            f"  {table.table}: {rows} rows, {size}, {span}",
        )


def _registry() -> Iterator[Finding]:
    where, vendor = _without_password(settings.SONGHUA_DATABASE), connection.vendor
    executor = MigrationExecutor(connection)
    targets = executor.loader.graph.leaf_nodes()
    version = max((name for app, name in targets if app == "registry"), default="—")
    yield Finding(
        "ok",
        f"登记簿 {where}（{vendor}），结构 {version}",
        f"Registry at {where} ({vendor}), schema {version}",
    )
    if waiting := executor.migration_plan(targets):
        yield Finding(
            "fail",
            f"登记簿有 {len(waiting)} 项结构升级未执行：songhua migrate",
            f"{len(waiting)} migrations of the registry have not run: songhua migrate",
        )


def _registered(journal: Journal) -> Iterator[Finding]:
    users, sites = User.objects.filter(is_active=True).count(), Site.objects.count()
    yield Finding(
        "ok" if users else "warn",
        f"用户 {users} 人，点位 {sites} 个" + ("" if users else "；请用 songhua user add 新增"),
        f"{users} users, {sites} sites" + ("" if users else "; add one: songhua user add"),
    )
    if several := overlapping():
        names = "、".join(several[:5])
        yield Finding(
            "warn",
            f"点位沿革有重叠：{names}（共 {len(several)} 个）",
            f"Periods of a site overlap: {names} ({len(several)} in all)",
        )
    files, rows = ImportFile.objects.count(), Reject.objects.count()
    failed = ImportFile.objects.filter(state="failed").count()
    yield Finding(
        "warn" if failed else "ok",
        f"导入 {files} 个文件，失败 {failed}，拒收 {rows:,} 行",
        f"{files} files imported, {failed} failed, {rows:,} rows rejected",
    )
    applied = AppliedEntry.objects.count()
    entries = sum(1 for _ in journal.entries(kinds=("file", "correction", "decision", "review")))
    waiting = max(entries - applied, 0)
    yield Finding(
        "warn" if waiting else "ok",
        f"日志中 {entries:,} 项数据，{waiting} 项尚未入库",
        f"{entries:,} entries of data in the journal, {waiting} not yet applied",
    )


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if at else "—"


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
