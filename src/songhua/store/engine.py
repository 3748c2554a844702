"""A connection to ClickHouse: the engine in our process (chDB), a server, or a cluster."""

import queue
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from string import Template
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import polars as pl
from clickhouse_connect.driver.exceptions import Error as ClickHouseFault

from songhua.model import BadInput
from songhua.store import tables

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2105, 12, 31, tzinfo=UTC)
_TIMES = ("time", "recorded_at", "computed_at", "stored_at", "known_at")
_CLUSTER_ONLY = "-- cluster only"

# What was saved is there for the next question, on whichever replica it is asked.
_READ_YOUR_WRITES = {
    "distributed_foreground_insert": 1,
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "select_sequential_consistency": 1,
}


class Engine:
    """One opened database. Safe to use from several threads: each question borrows a client.

    Parameters
    ----------
    url
        ``chdb:///folder[?database=…]``, ``clickhouse://user:password@host:port/database`` or
        ``clickhouses://…`` for TLS; with ``?cluster=name`` tables are Replicated and Distributed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        embedded = parts.scheme == "chdb"
        if embedded:
            self._address: dict[str, Any] = {"dsn": f"chdb://{parts.path}"}
        elif parts.scheme in {"clickhouse", "clickhouses"}:
            self._address = _server(url)
        else:
            raise BadInput(
                f"SONGHUA_OBSERVATIONS 应为 chdb:///… 或 clickhouse://…，不是 {parts.scheme}://。",
                f"SONGHUA_OBSERVATIONS must be chdb:///… or clickhouse://…, not {parts.scheme}://.",
            )
        database = "songhua" if embedded else parts.path.strip("/") or "default"
        self.database = _name(options.get("database", database))
        self.cluster = _name(options["cluster"]) if "cluster" in options else ""
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._closed = False

    def open(self) -> None:
        """Connect, and make the database when there is none.

        Raises
        ------
        BadInput
            If it cannot be reached.
        """
        try:
            client = clickhouse_connect.get_client(**self._address)
            try:
                known = client.query(
                    "SELECT count() FROM system.databases WHERE name = {name:String}",
                    parameters={"name": self.database},
                )
                if not known.result_rows[0][0]:
                    client.command(f"CREATE DATABASE IF NOT EXISTS {self.database}{self._on}")
            finally:
                client.close()
            self.rows("SELECT 1")
        except (ClickHouseFault, OSError) as fault:
            where = self.url.split("@")[-1]
            raise BadInput(
                f"观测库连接失败（{where}）：{fault}",
                f"The store of observations cannot be reached ({where}): {fault}",
            ) from fault

    def close(self) -> None:
        """Close every client; one that is answering closes after its answer."""
        self._closed = True
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def rows(self, sql: str, asked: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of a small answer. Values go beside the SQL, never into it."""
        with self._client() as client:
            found: list[tuple[Any, ...]] = client.query(
                sql, parameters=dict(asked or {})
            ).result_rows
        return found

    def frame(self, sql: str, asked: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Return an answer as a frame, its instants in UTC."""
        with self._client() as client:
            found = pl.DataFrame(client.query_arrow(sql, parameters=dict(asked or {})))
        return found.with_columns(
            _instant(name, dtype) for name, dtype in found.schema.items() if name in _TIMES
        )

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows; when this returns they are in the table."""
        with self._client() as client:
            client.insert_arrow(table, frame.to_arrow(), database=self.database)

    def migrate(self) -> list[str]:
        """Run the migrations that have not run; return their names.

        Raises
        ------
        BadInput
            If the tables were made by a newer version than this one.
        """
        with self._client() as client:
            client.command(
                f"CREATE TABLE IF NOT EXISTS migrations{self._on}"
                " (name String, at DateTime DEFAULT now())"
                f" ENGINE = {self._log_engine} ORDER BY name"
            )
            known = self.ran()
            ours = migrations()
            if newer := sorted(set(known) - set(ours)):
                raise BadInput(
                    f"观测库由更新的版本建立（{newer[-1]}），请升级本程序。",
                    f"The store was made by a newer version ({newer[-1]}): upgrade this program.",
                )
            missing = [name for name in ours if name not in known]
            for name in missing:
                for statement in self.statements(ours[name]):
                    client.command(statement)
                client.insert("migrations", [[name]], column_names=["name"], database=self.database)
        return missing

    def ran(self) -> list[str]:
        """Return the names of the migrations that have run, the last one last."""
        return [row[0] for row in self.rows("SELECT DISTINCT name FROM migrations ORDER BY name")]

    def statements(self, text: str) -> list[str]:
        """Return the statements of a migration as this engine runs them."""
        engine = "ReplacingMergeTree"
        if self.cluster:
            place = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
            engine = f"ReplicatedReplacingMergeTree({place})"
        filled = Template(text).substitute(
            engine=engine,
            local="_local" if self.cluster else "",
            on_cluster=self._on,
            cluster=self.cluster,
            database=self.database,
        )
        parts = (part.strip() for part in filled.split(";\n"))
        return [
            part for part in parts if part and (self.cluster or not part.startswith(_CLUSTER_ONLY))
        ]

    @property
    def _on(self) -> str:
        return f" ON CLUSTER {self.cluster}" if self.cluster else ""

    @property
    def _log_engine(self) -> str:
        if not self.cluster:
            return "MergeTree"
        return "ReplicatedMergeTree('/clickhouse/tables/{database}/{table}', '{shard}-{replica}')"

    @contextmanager
    def _client(self) -> Iterator[Any]:
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            settings = _READ_YOUR_WRITES if self.cluster else {}
            client = clickhouse_connect.get_client(
                **self._address, database=self.database, settings=settings
            )
        try:
            yield client
        finally:
            if self._closed:
                client.close()
            else:
                self._idle.put(client)


def sql_time(moment: datetime, timespec: str = "seconds") -> str:
    """Return an instant as the engine reads it, in UTC; one it cannot hold becomes its nearest."""
    at = min(max(moment, _FIRST), _LAST).astimezone(UTC)
    return at.replace(tzinfo=None).isoformat(" ", timespec=timespec)


def aware(moment: datetime) -> datetime:
    """Return an instant that the engine gave with its zone."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _server(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    secure = parts.scheme == "clickhouses"
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or (8443 if secure else 8123),
        "username": unquote(parts.username or "default"),
        "password": unquote(parts.password or ""),
        "secure": secure,
        "connect_timeout": 5,
        "send_receive_timeout": 300,
        "autogenerate_session_id": False,  # threads share the server, not a session
    }


def _name(text: str) -> str:
    """Return a database's or cluster's name; it is written into SQL, so only plain ones pass."""
    if not _NAME.fullmatch(text):
        raise BadInput(
            f"库名或集群名只能由字母、数字和下划线组成：{text}。",
            f"A database or cluster is named by letters, digits and underscores only: {text}.",
        )
    return text


def migrations() -> dict[str, str]:
    """Return name and text of every migration, in order."""
    folder = files("songhua.store").joinpath("migrations")
    items = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=_by_name)
    return {item.name: item.read_text(encoding="utf-8") for item in items}


def _by_name(item: Any) -> str:
    return str(item.name)


def _instant(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column of instants; ClickHouse gives a DateTime to Arrow as a count of seconds."""
    column = pl.col(name)
    if dtype == pl.UInt32:
        return column.cast(pl.Int64).mul(1_000_000).cast(tables.UTC)
    return column.cast(tables.UTC)
