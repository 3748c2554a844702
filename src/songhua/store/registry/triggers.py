"""Triggers: each change of a protected table is written down, the record itself only grows.

They are set after every migration: SQLite drops a table's triggers when Django remakes it.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from songhua.model import acting
from songhua.store.registry.protected import (
    Table,
    digest,
    growing,
    row_text,
    salt,
    stamp,
    tables,
)

_CHANGE = "registry_change"
_COLUMNS = f'INSERT INTO {_CHANGE} (at, token, "table", key, op, before, after)'
_NOW = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
    "postgresql": (
        "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
    ),
}
_TOKEN = {
    "sqlite": "songhua_act()",
    "postgresql": "coalesce(current_setting('songhua.act', true), '')",
}


def prepare(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Give a new connection what the triggers ask for."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("songhua_act", 0, acting.token)
        connection.connection.create_function("songhua_digest", 1, digest)
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('songhua.salt', %s, false), "
                "set_config('songhua.act', %s, false)",
                [salt(), acting.token()],
            )


def tell_postgres(token: str) -> None:
    """Tell PostgreSQL on whose behalf this connection writes from now on."""
    connection = connections["default"]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('songhua.act', %s, false)", [token])


def install(*, using: str = "default", **_: Any) -> None:
    """Set the triggers, and write down the rows of a table that are not on record yet."""
    connection = connections[using]
    present = set(connection.introspection.table_names())
    if _CHANGE not in present or connection.vendor not in _NOW:
        return
    vendor = connection.vendor
    with connection.cursor() as cursor:
        for table in tables():
            if table.name in present and not _stands(cursor, table, vendor):
                _protect(cursor, table, vendor)
        for name in growing():
            for statement in _only_grows(name, vendor):
                cursor.execute(statement)


def _stands(cursor: CursorWrapper, table: Table, vendor: str) -> bool:
    """Return whether a table's triggers are there and write down what this version asks for."""
    cursor.execute(
        f"SELECT after FROM {_CHANGE} WHERE \"table\" = %s AND op = 'schema' "  # noqa: S608
        "ORDER BY id DESC LIMIT 1",
        [table.name],
    )
    last = cursor.fetchone()
    catalog = "sqlite_master" if vendor == "sqlite" else "pg_trigger"
    column = "name" if vendor == "sqlite" else "tgname"
    cursor.execute(
        f"SELECT count(*) FROM {catalog} WHERE {column} LIKE %s",  # noqa: S608 - names are ours
        [f"songhua_{table.name}_note%"],
    )
    found = cursor.fetchone()[0]
    return bool(
        last and last[0] == stamp(table, vendor) and found == (3 if vendor == "sqlite" else 1)
    )


def _protect(cursor: CursorWrapper, table: Table, vendor: str) -> None:
    for statement in (_sqlite if vendor == "sqlite" else _postgres)(table):
        cursor.execute(statement)
    cursor.execute(
        f"SELECT count(*) FROM {_CHANGE} WHERE \"table\" = %s AND op = 'schema' AND after = %s",  # noqa: S608
        [table.name, stamp(table, vendor)],
    )
    if cursor.fetchone()[0] == 0:  # rows are on record once; missing triggers make no new ones
        cursor.execute(
            f"{_COLUMNS} SELECT {_NOW[vendor]}, {_TOKEN[vendor]}, '{table.name}', "  # noqa: S608
            f"CAST(x.\"{table.key}\" AS TEXT), 'found', NULL, {row_text(table, 'x', vendor)} "
            f'FROM "{table.name}" x ORDER BY x."{table.key}"'
        )
    cursor.execute(
        f"{_COLUMNS} VALUES ({_NOW[vendor]}, {_TOKEN[vendor]}, %s, '', 'schema', NULL, %s)",
        [table.name, stamp(table, vendor)],
    )


def _noted(table: Table, op: str, vendor: str) -> str:
    """Return the statement of a trigger that writes a change down."""
    row = "OLD" if op == "delete" else "NEW"
    before = "NULL" if op == "insert" else row_text(table, "OLD", vendor)
    after = "NULL" if op == "delete" else row_text(table, "NEW", vendor)
    return (
        f"{_COLUMNS} VALUES ({_NOW[vendor]}, {_TOKEN[vendor]}, '{table.name}', "
        f"CAST({row}.\"{table.key}\" AS TEXT), '{op}', {before}, {after});"
    )


def _differs(table: Table, vendor: str) -> str:
    word = "IS NOT" if vendor == "sqlite" else "IS DISTINCT FROM"
    return f"{row_text(table, 'OLD', vendor)} {word} {row_text(table, 'NEW', vendor)}"


def _sqlite(table: Table) -> list[str]:
    made = []
    for op in ("insert", "update", "delete"):
        name = f"songhua_{table.name}_note_{op}"
        when = f" WHEN {_differs(table, 'sqlite')}" if op == "update" else ""
        made += [
            f"DROP TRIGGER IF EXISTS {name}",
            f'CREATE TRIGGER {name} AFTER {op.upper()} ON "{table.name}"{when} '
            f"BEGIN {_noted(table, op, 'sqlite')} END",
        ]
    return made


def _postgres(table: Table) -> list[str]:
    name = f"songhua_{table.name}_note"
    insert, update, delete = (
        _noted(table, op, "postgresql") for op in ("insert", "update", "delete")
    )
    body = (
        f"BEGIN IF TG_OP = 'INSERT' THEN {insert} "
        f"ELSIF TG_OP = 'DELETE' THEN {delete} "
        f"ELSIF {_differs(table, 'postgresql')} THEN {update} END IF; RETURN NULL; END"
    )
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $note${body}$note$",
        f'DROP TRIGGER IF EXISTS {name} ON "{table.name}"',
        f'CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON "{table.name}" '
        f"FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def _only_grows(name: str, vendor: str) -> list[str]:
    words = "the record only grows"
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS songhua_{name}_keep_{op} BEFORE {op.upper()} "
            f"ON \"{name}\" BEGIN SELECT RAISE(ABORT, '{words}'); END"
            for op in ("update", "delete")
        ]
    keep = f"songhua_{name}_keep"
    return [
        "CREATE OR REPLACE FUNCTION songhua_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$keep$BEGIN RAISE EXCEPTION '{words}'; END$keep$",
        f'DROP TRIGGER IF EXISTS {keep} ON "{name}"',
        f'CREATE TRIGGER {keep} BEFORE UPDATE OR DELETE OR TRUNCATE ON "{name}" '
        "FOR EACH STATEMENT EXECUTE FUNCTION songhua_keep()",
    ]
