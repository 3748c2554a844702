"""The protected tables against the changes that made them; the database itself compares."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models

from songhua.store.registry.protected import Table, row_text

_CHANGE = ("id", "at", "token", "table", "key", "op", "before", "after")


def rows(model: type[models.Model]) -> list[dict[str, Any]]:
    """Return every row of a table."""
    found = model._default_manager.values()  # noqa: SLF001 - Django's public name for it
    return list(found)


def changes() -> Iterator[tuple[Any, ...]]:
    """Yield every change of a table, oldest first."""
    names = ", ".join(f'"{name}"' for name in _CHANGE)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM registry_change ORDER BY id")  # noqa: S608 - ours
        yield from cursor


def wrong_row(table: Table) -> tuple[str, str] | None:
    """Return key and fault (``put``, ``altered``, ``missing``) of a row; None where none is."""
    differs = "IS NOT" if connection.vendor == "sqlite" else "IS DISTINCT FROM"
    sql = f"""
        WITH last AS (
            SELECT c.key, c.after FROM registry_change c JOIN (
                SELECT max(id) AS id FROM registry_change
                WHERE "table" = %s AND op != 'schema' GROUP BY key
            ) newest ON newest.id = c.id
        )
        SELECT CAST(x."{table.key}" AS TEXT),
               CASE WHEN last.key IS NULL THEN 'put' ELSE 'altered' END
        FROM "{table.name}" x LEFT JOIN last ON last.key = CAST(x."{table.key}" AS TEXT)
        WHERE last.after {differs} {row_text(table, "x", connection.vendor)}
        UNION ALL
        SELECT last.key, 'missing' FROM last
        WHERE last.after IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM "{table.name}" x WHERE CAST(x."{table.key}" AS TEXT) = last.key
        )
        LIMIT 1
    """  # noqa: S608 - names are ours
    with connection.cursor() as cursor:
        cursor.execute(sql, [table.name])
        found = cursor.fetchone()
    return None if found is None else (str(found[0]), str(found[1]))


def damage() -> str:
    """Return what SQLite finds wrong with its pages and indexes; empty where nothing is."""
    if connection.vendor != "sqlite":
        return ""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(1)")
        told = str(cursor.fetchone()[0])
    return "" if told == "ok" else told
