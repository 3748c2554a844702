"""The registry against the journal: each row of the record, then each row of a protected table."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import DatabaseError, models

from songhua.app.audit.acts import (
    ACT,
    CHANGES,
    INFLUENCE,
    act_row,
    change_line,
    influence_row,
)
from songhua.app.audit.findings import Verdict
from songhua.store.registry import compared
from songhua.store.registry.models import Act, Influence
from songhua.store.registry.protected import Table, tables
from songhua.store.walk import Seen


@dataclass(slots=True)
class Expected:
    """What the journal says that the registry holds."""

    acts: dict[int, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    reports: dict[int, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    changes: dict[int, bytes] = field(default_factory=dict)
    until: int = 0
    """Number of the last record read; rows of later ones came since."""
    whole: bool = True
    """Whether all of the journal could be read."""

    def seen(self) -> dict[bytes, Seen]:
        """Return what is to be done with the journal's records."""
        return {
            ACT.encode(): lambda seq, header, body: self._keep(self.acts, seq, header, body),
            INFLUENCE.encode(): lambda seq, header, body: self._keep(
                self.reports, seq, header, body
            ),
            CHANGES.encode(): self._keep_changes,
        }

    @staticmethod
    def _keep(
        into: dict[int, tuple[datetime, Mapping[str, Any]]], seq: int, header: bytes, body: bytes
    ) -> None:
        into[seq] = datetime.fromisoformat(json.loads(header)["time"]), json.loads(body)

    def _keep_changes(self, _seq: int, _header: bytes, body: bytes) -> None:
        for line in body.split(b"\n"):
            self.changes[int(line[1 : line.index(b",")])] = line


def check_registry(expected: Expected, verdict: Verdict) -> None:
    """Compare the registry with what the journal says."""
    before = len(verdict.found)
    try:
        if expected.whole:
            _check_rows(Act, expected.acts, act_row, expected.until, verdict)
            _check_rows(Influence, expected.reports, influence_row, expected.until, verdict)
            _check_changes(expected, verdict)
        for table in tables():
            _check_table(table, verdict)
        _check_file(verdict)
    except (DatabaseError, ValueError, UnicodeDecodeError, OverflowError) as fault:
        verdict.fail(
            "registry",
            "registry",
            f"登记簿无法读取：{fault}",
            f"The registry cannot be read: {fault}",
        )
    if all(one.state != "fail" for one in verdict.found[before:]):
        count = len(expected.changes)
        verdict.ok(
            "registry",
            f"登记簿 {len(tables())} 个受保护的表与 {count:,} 条变更相符",
            f"{len(tables())} protected tables are what {count:,} changes made of them",
        )


def _check_rows(
    model: type[models.Model],
    expected: Mapping[int, tuple[datetime, Mapping[str, Any]]],
    row_of: Any,
    until: int,
    verdict: Verdict,
) -> None:
    table = model._meta.db_table  # noqa: SLF001 - Django's public name for it
    held = {row["journal_seq"]: row for row in compared.rows(model)}
    newer = [seq for seq in held if seq > until]
    for seq in newer:
        del held[seq]
    if newer:
        verdict.warn(
            "record",
            f"{table} 有 {len(newer)} 条晚于所读的日志",
            f"{table}: {len(newer)} newer rows",
        )
    for seq, (at, body) in expected.items():
        row = held.pop(seq, None)
        where = f"{table} {seq}"
        if row is None:
            return verdict.fail("record", where, f"留痕第 {seq} 条缺失", f"Record {seq} is missing")
        if row != row_of(seq, at, body):
            return verdict.fail(
                "record", where, f"留痕第 {seq} 条被改动", f"Record {seq} was altered"
            )
    for seq in held:
        verdict.fail(
            "record", f"{table} {seq}", f"留痕第 {seq} 条不在日志中", f"Record {seq} was put in"
        )
        return None
    return verdict.ok(
        "record",
        f"{table} {len(expected):,} 条与日志一致",
        f"{table}: {len(expected):,} as journaled",
    )


def _check_changes(expected: Expected, verdict: Verdict) -> None:
    held = 0
    loose: list[int] = []
    for row in compared.changes():
        line = expected.changes.get(row[0])
        if line is None:
            loose.append(row[0])
        elif line != change_line(row):
            where = f"registry_change {row[0]}"
            return verdict.fail(
                "registry", where, f"第 {row[0]} 条变更被改动", f"Change {row[0]} was altered"
            )
        else:
            held += 1
    last = max(expected.changes, default=0)
    between = next((one for one in loose if one < last), None)
    if between is not None:
        where = f"registry_change {between}"
        return verdict.fail(
            "registry", where, f"第 {between} 条变更是插入的", f"Change {between} was put in"
        )
    if held < len(expected.changes):
        return verdict.fail(
            "registry", "registry_change", "有变更的记录被删除", "Changes were removed"
        )
    if loose:
        verdict.warn(
            "registry",
            f"{len(loose)} 条变更尚未进入日志（自第 {loose[0]} 条起），平台下次打开时补入",
            f"{len(loose)} changes (from {loose[0]}) are not in the journal yet; "
            "the platform carries them when it next opens",
        )
    return None


def _check_table(table: Table, verdict: Verdict) -> None:
    """Compare each row with what its last change made of it; the database itself compares."""
    found = compared.wrong_row(table)
    if found is not None:
        zh, en = _WORDS[found[1]]
        where = f"{table.name} {found[0]}"
        verdict.fail("registry", where, f"{where} {zh}", f"{where} {en}")


_WORDS = {
    "put": ("是从旁插入的", "was put in"),
    "altered": ("被改动", "was altered"),
    "missing": ("被删除", "was removed"),
}


def _check_file(verdict: Verdict) -> None:
    """Let SQLite look whether its pages and indexes agree."""
    told = compared.damage()
    if told:
        verdict.fail(
            "registry", "registry", f"登记簿文件损坏：{told}", f"The file is damaged: {told}"
        )
