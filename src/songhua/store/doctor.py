"""What is configured, reachable, and how full: the platform's own health."""

import shutil
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from songhua.store.journal import Journal
from songhua.store.registry.models import ImportFile, Reject, Site, User
from songhua.store.shelf import Shelf

_LOW_BYTES = 5 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ``ok``, ``warn`` or ``fail``."""

    state: str
    zh: str
    en: str


def examine(journal: Journal, shelf: Shelf) -> list[Finding]:
    """Return what was found, the most basic first."""
    return [_home(), _disk(), *_journal(journal), *_shelf(shelf), _registry(), *_people()]


def _home() -> Finding:
    home = settings.SONGHUA_HOME
    return Finding("ok", f"数据目录 {home}", f"Home {home}")


def _disk() -> Finding:
    usage = shutil.disk_usage(settings.SONGHUA_HOME)
    state = "ok" if usage.free > _LOW_BYTES else "warn"
    free, share = _size(usage.free), 100 * usage.free / usage.total
    return Finding(state, f"磁盘剩余 {free}（{share:.0f}%）", f"Disk free: {free} ({share:.0f} %)")


def _journal(journal: Journal) -> list[Finding]:
    size = _size(sum(path.stat().st_size for path in journal.segments))
    last = journal.entry(journal.last_seq).time if journal.last_seq else None
    when = f"{last.astimezone():%Y-%m-%d %H:%M:%S}" if last else "—"
    count, segments = journal.last_seq, len(journal.segments)
    found = [
        Finding(
            "ok",
            f"日志 {count:,} 条，{segments} 段，{size}，最后一条 {when}",
            f"Journal: {count:,} records, {segments} segments, {size}, last {when}",
        )
    ]
    found += [
        Finding(
            "warn",
            f"上次中断留下未完成的字节，已另存 {path.name}（从未确认过）",
            f"An interruption left unfinished bytes, set aside in {path.name} (never acknowledged)",
        )
        for path in journal.torn
    ]
    return found


def _shelf(shelf: Shelf) -> list[Finding]:
    where = _without_password(shelf.url)
    found = [Finding("ok", f"观测库 {where}", f"Observations at {where}")]
    for table in shelf.sizes():
        span = f"{table.first:%Y-%m-%d} – {table.last:%Y-%m-%d}" if table.first else "—"
        rows, size = f"{table.rows:,}", _size(table.size)
        found.append(
            Finding(
                "ok",
                f"　{table.table} {rows} 行，{size}，{span}",
                f"  {table.table}: {rows} rows, {size}, {span}",
            )
        )
    return found


def _registry() -> Finding:
    where = _without_password(settings.SONGHUA_DATABASE)
    vendor = connection.vendor
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding("ok", f"登记簿 {where}（{vendor}）", f"Registry at {where} ({vendor})")


def _people() -> list[Finding]:
    users, sites = User.objects.filter(is_active=True).count(), Site.objects.count()
    files, rows = ImportFile.objects.count(), Reject.objects.count()
    failed = ImportFile.objects.filter(state="failed").count()
    return [
        Finding(
            "ok" if users else "warn",
            f"用户 {users} 人，点位 {sites} 个" + ("" if users else "；请用 songhua user add 新增"),
            f"{users} users, {sites} sites" + ("" if users else "; add one: songhua user add"),
        ),
        Finding(
            "warn" if failed else "ok",
            f"导入 {files} 个文件，失败 {failed}，拒收 {rows:,} 行",
            f"{files} files imported, {failed} failed, {rows:,} rows rejected",
        ),
    ]


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
