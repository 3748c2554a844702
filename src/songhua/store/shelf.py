"""The shelf: observations and results on ClickHouse, in our process (chDB) or on a cluster.

Every SQL statement about them is here. Nothing is overwritten: rows are added with a revision,
the greatest of which is current, and any past state can be asked for (`as_of`).
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import clickhouse_connect
import polars as pl
from clickhouse_connect.driver.exceptions import Error as ClickHouseFault

from songhua.model import BadInput, Period

POLLUTANTS = ("so2", "no2", "co", "o3", "pm10", "pm2_5")
INDEX_VALUES = (*POLLUTANTS, "o3_8h", *(f"iaqi_{key}" for key in POLLUTANTS), "aqi", "level")
INDEX_VALUES = (*INDEX_VALUES, "primary", "reason", "edition", "n")
SUMMARY_VALUES = (
    *("so2", "no2", "pm2_5", "pm10", "co_p95", "o3_p90", "so2_p98", "no2_p98"),
    *("pm10_p95", "pm2_5_p95", "days", "valid_days", "good_days", "exceed_days"),
    *(f"level_{number}" for number in range(1, 7)),
    *(f"index_{key}" for key in POLLUTANTS),
    *("composite", "largest", "rank", "reason", "edition"),
)
PROVENANCE = ("revision", "cause", "code", "computed_at")
_KEY = ("period", "scope", "subject", "time")
_UTC = pl.Datetime("us", "UTC")
_TABLES = ("observations", "air_index", "air_summary")

_U16 = ("aqi", "n", "rank", "days", "valid_days", "good_days", "exceed_days")


@dataclass(frozen=True, slots=True)
class TableSize:
    """How full a table is. `size` in bytes on disk."""

    table: str
    rows: int
    size: int
    first: datetime | None
    last: datetime | None


class Shelf:
    """One opened store of observations and results. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self._options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self._embedded = parts.scheme == "chdb"
        self._local = threading.local()
        self._database = self._options.get("database") or (
            "songhua" if self._embedded else parts.path.strip("/") or "default"
        )
        self._open: Mapping[str, Any]
        if self._embedded:
            self._open = {"dsn": f"chdb://{parts.path}"}
        elif parts.scheme in {"clickhouse", "clickhouses"}:
            secure = parts.scheme == "clickhouses"
            self._open = {
                "host": parts.hostname or "localhost",
                "port": parts.port or (8443 if secure else 8123),
                "username": parts.username or "default",
                "password": parts.password or "",
                "secure": secure,
                "connect_timeout": 5,
                "send_receive_timeout": 120,
                "autogenerate_session_id": False,
            }
        else:
            raise BadInput(
                f"SONGHUA_OBSERVATIONS 应为 chdb:///… 或 clickhouse://…，不是 {parts.scheme}://。",
                f"SONGHUA_OBSERVATIONS must be chdb:///… or clickhouse://…, not {parts.scheme}://.",
            )
        self._clients: list[Any] = []
        self._clients_lock = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a shelf; raise `BadInput` when its server cannot be reached."""
        shelf = cls(url)
        try:
            shelf._client.command("SELECT 1")
        except (ClickHouseFault, OSError) as fault:
            raise BadInput(
                f"观测库连接失败（{url.split('@')[-1]}）：{fault}",
                f"The store of observations cannot be reached ({url.split('@')[-1]}): {fault}",
            ) from fault
        return shelf

    @property
    def _client(self) -> Any:
        """The client of this thread."""
        client = getattr(self._local, "client", None)
        if client is None:
            client = clickhouse_connect.get_client(**self._open)
            self._local.client = client
            with self._clients_lock:
                self._clients.append(client)
        return client

    def close(self) -> None:
        """Close every client of this shelf."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._local = threading.local()

    def migrate(self) -> list[str]:
        """Bring the tables to this version's shape; return the migrations that ran."""
        command = self._client.command
        command(f"CREATE DATABASE IF NOT EXISTS {self._database}")
        command(
            f"CREATE TABLE IF NOT EXISTS {self._database}.migrations"
            " (name String, at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY name"
        )
        known = {row[0] for row in self._rows("SELECT name FROM {db:Identifier}.migrations")}
        ran = []
        folder = files("songhua.store").joinpath("migrations")
        for item in sorted(folder.iterdir(), key=lambda item: item.name):
            if not item.name.endswith(".sql") or item.name in known:
                continue
            sql = item.read_text(encoding="utf-8").replace("{replacing}", self._engine)
            command(sql.replace("EXISTS ", f"EXISTS {self._database}.", 1))
            self._client.insert(
                "migrations", [[item.name]], column_names=["name"], database=self._database
            )
            ran.append(item.name)
        return ran

    @property
    def _engine(self) -> str:
        return (
            "ReplicatedReplacingMergeTree" if "cluster" in self._options else ("ReplacingMergeTree")
        )

    # Observations

    def save_observations(self, frame: pl.DataFrame) -> None:
        """Add rows: site, quantity, period, time, revision, value, mark, reason, author, line,
        recorded_at. The same row twice is one row.
        """  # noqa: D205 - the list of columns is the summary
        columns = (
            *("site", "quantity", "period", "time", "revision", "value", "mark", "reason"),
            *("author", "line", "recorded_at"),
        )
        self._insert(
            "observations",
            frame.select(
                *(pl.col(c) for c in columns if c not in {"line", "revision", "value"}),
                pl.col("revision").cast(pl.UInt64),
                pl.col("value").cast(pl.Float64),
                pl.col("line").cast(pl.UInt64) if "line" in frame.columns else _zero("line"),
            ),
        )

    def observations(
        self,
        *,
        period: str,
        span: Period,
        sites: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Return current values, or those current at an instant.

        Returns
        -------
        DataFrame
            site, quantity, time (UTC start), value (null: delivered as missing), mark, revision,
            recorded_at, reason, author, line, changed (more than one distinct value), sorted by
            site, quantity, time.
        """
        where = self._where(sites=sites, quantities=quantities, as_of=as_of)
        latest = ", ".join(
            f"argMax(o.{name}, (o.decided, o.revision)) AS {name}"
            for name in ("mark", "revision", "recorded_at", "reason", "author", "line")
        )
        sql = f"""
            SELECT site, quantity, time,
                   argMax(tuple(o.value), (o.decided, o.revision)).1 AS value, {latest},
                   uniqExact(tuple(o.value)) > 1 AS changed
            FROM observations AS o
            WHERE {where}
            GROUP BY site, quantity, time
            ORDER BY site, quantity, time
        """  # noqa: S608 - names and operators are ours, values are bound
        found = self._frame(
            sql, _asked(period, span, sites=sites, quantities=quantities, as_of=as_of)
        )
        return found.with_columns(pl.col("changed").cast(pl.Boolean))

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        """Return what sources last delivered, whatever people decided since.

        Returns
        -------
        DataFrame
            site, quantity, time, value, mark.
        """
        sql = f"""
            SELECT site, quantity, time,
                   argMax(tuple(o.value), o.revision).1 AS value,
                   argMax(o.mark, o.revision) AS mark
            FROM observations AS o
            WHERE {self._where(sites=sites, quantities=quantities)} AND decided = 0
            GROUP BY site, quantity, time
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._frame(sql, _asked(period, span, sites=sites, quantities=quantities))

    def observation_history(
        self, *, site: str, quantity: str, period: str, time: datetime
    ) -> pl.DataFrame:
        """Return every revision of one value, oldest first.

        Returns
        -------
        DataFrame
            revision, value, mark, reason, author, line, recorded_at.
        """
        sql = """
            SELECT DISTINCT revision, value, mark, reason, author, line, recorded_at
            FROM observations
            WHERE period = {period:String} AND site = {site:String}
              AND quantity = {quantity:String} AND time = {time:DateTime('UTC')}
            ORDER BY revision
        """
        asked = {"period": period, "site": site, "quantity": quantity, "time": _sql_time(time)}
        return self._frame(sql, asked)

    def last_revision(self) -> int:
        """Return the greatest revision of any observation; 0 when there is none."""
        return int(self._rows("SELECT max(revision) FROM observations")[0][0] or 0)

    def times(self, period: str, *, scope: str = "site") -> tuple[datetime, datetime] | None:
        """Return the first and last time that has results, or None when there are none."""
        sql = """
            SELECT min(time), max(time), count() FROM air_index
            WHERE period = {period:String} AND scope = {scope:String}
        """
        first, last, count = self._rows(sql, {"period": period, "scope": scope})[0]
        return (_aware(first), _aware(last)) if count else None

    # Results

    def save_air_index(self, frame: pl.DataFrame) -> int:
        """Add index rows that differ from the current ones; return how many."""
        return self._save_new("air_index", frame, INDEX_VALUES)

    def save_air_summary(self, frame: pl.DataFrame) -> int:
        """Add summary rows that differ from the current ones; return how many."""
        return self._save_new("air_summary", frame, SUMMARY_VALUES)

    def air_index(
        self,
        *,
        period: str,
        scope: str,
        span: Period,
        subjects: Sequence[str] | None = None,
        as_of: datetime | None = None,
        columns: Sequence[str] = INDEX_VALUES,
    ) -> pl.DataFrame:
        """Return current index rows, or those current at an instant, by subject and time.

        Parameters
        ----------
        columns
            Which of the values; fewer are faster.
        """
        return self._results(
            "air_index", columns, period, scope, span, subjects=subjects, as_of=as_of
        )

    def air_summary(
        self,
        *,
        period: str,
        scope: str,
        span: Period,
        subjects: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Return current summary rows, or those current at an instant, by subject and time."""
        return self._results(
            "air_summary", SUMMARY_VALUES, period, scope, span, subjects=subjects, as_of=as_of
        )

    def air_index_history(
        self, *, period: str, scope: str, subject: str, time: datetime
    ) -> pl.DataFrame:
        """Return every revision of one index row, oldest first."""
        return self._history("air_index", INDEX_VALUES, period, scope, subject, time)

    def air_summary_history(
        self, *, period: str, scope: str, subject: str, time: datetime
    ) -> pl.DataFrame:
        """Return every revision of one summary row, oldest first."""
        return self._history("air_summary", SUMMARY_VALUES, period, scope, subject, time)

    def changes(self, *, since: datetime, most: int = 200) -> pl.DataFrame:
        """Return results that were changed since an instant: what they were and became.

        Returns
        -------
        DataFrame
            table, period, scope, subject, time, former, value (AQI or composite index; null where
            none), former_rank, rank, cause, computed_at; newest first.
        """
        return pl.concat(
            [
                self._changes("air_index", "aqi", "CAST(NULL, 'Nullable(UInt16)')", since, most),
                self._changes("air_summary", "composite", "rank", since, most),
            ]
        ).sort("computed_at", descending=True)[:most]

    def sizes(self) -> list[TableSize]:
        """Return how full every table is."""
        sql = """
            SELECT table, sum(rows), sum(bytes_on_disk) FROM system.parts
            WHERE active AND database = {db:String} GROUP BY table
        """
        sizes = {row[0]: row[1:] for row in self._rows(sql)}
        found = []
        for table in _TABLES:
            rows, size = sizes.get(table, (0, 0))
            first = last = None
            if rows:
                sql = "SELECT min(time), max(time) FROM {table:Identifier}"
                first, last = map(_aware, self._rows(sql, {"table": table})[0])
            found.append(TableSize(table, int(rows), int(size), first, last))
        return found

    # How

    def _changes(
        self, table: str, value: str, rank: str, since: datetime, most: int
    ) -> pl.DataFrame:
        sql = f"""
            SELECT '{table}' AS table, period, scope, subject, time,
                   CAST(former, 'Nullable(Float64)') AS former,
                   CAST(now, 'Nullable(Float64)') AS value,
                   CAST(former_rank, 'Nullable(Int32)') AS former_rank,
                   CAST(now_rank, 'Nullable(Int32)') AS rank,
                   cause, computed_at
            FROM (
                SELECT period, scope, subject, time, cause, computed_at, revision,
                       {value} AS now, {rank} AS now_rank,
                       lagInFrame({value}) OVER w AS former,
                       lagInFrame({rank}) OVER w AS former_rank,
                       row_number() OVER w AS number
                FROM {table} FINAL
                WHERE (period, scope, subject, time) IN (
                    SELECT period, scope, subject, time FROM {table}
                    WHERE computed_at >= {{since:DateTime64(3, 'UTC')}}
                )
                WINDOW w AS (PARTITION BY period, scope, subject, time ORDER BY revision
                             ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
            )
            WHERE number > 1 AND computed_at >= {{since:DateTime64(3, 'UTC')}}
            ORDER BY computed_at DESC, period, subject LIMIT {{most:UInt32}}
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._frame(sql, {"since": _sql_time(since, "milliseconds"), "most": most})

    def _results(
        self,
        table: str,
        columns: Sequence[str],
        period: str,
        scope: str,
        span: Period,
        *,
        subjects: Sequence[str] | None,
        as_of: datetime | None,
    ) -> pl.DataFrame:
        wanted = (*columns, *PROVENANCE)
        unknown = set(columns) - {*INDEX_VALUES, *SUMMARY_VALUES}
        if unknown:
            raise ValueError(f"no such columns: {sorted(unknown)}")
        where = (
            "period = {period:String} AND scope = {scope:String}"
            " AND time >= {start:DateTime('UTC')} AND time < {end:DateTime('UTC')}"
        )
        asked: dict[str, Any] = {
            "period": period,
            "scope": scope,
            "start": _sql_time(span.start),
            "end": _sql_time(span.end),
        }
        if subjects is not None:
            where += " AND subject IN {subjects:Array(String)}"
            asked["subjects"] = list(subjects)
        if as_of is not None:
            where += " AND computed_at <= {as_of:DateTime64(3, 'UTC')}"
            asked["as_of"] = _sql_time(as_of, "milliseconds")
        sql = f"""
            SELECT subject, time, {", ".join(wanted)} FROM {table}
            WHERE {where}
            ORDER BY subject, time, revision DESC, computed_at DESC
            LIMIT 1 BY subject, time
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._frame(sql, asked)

    def _history(
        self,
        table: str,
        columns: Sequence[str],
        period: str,
        scope: str,
        subject: str,
        time: datetime,
    ) -> pl.DataFrame:
        sql = f"""
            SELECT {", ".join((*columns, *PROVENANCE))} FROM {table} FINAL
            WHERE period = {{period:String}} AND scope = {{scope:String}}
              AND subject = {{subject:String}} AND time = {{time:DateTime('UTC')}}
            ORDER BY revision
        """  # noqa: S608 - names and operators are ours, values are bound
        asked = {"period": period, "scope": scope, "subject": subject, "time": _sql_time(time)}
        return self._frame(sql, asked)

    def _save_new(self, table: str, frame: pl.DataFrame, values: Sequence[str]) -> int:
        if frame.is_empty():
            return 0
        rows = _shaped(frame, (*_KEY, *values, *PROVENANCE))
        fresh = []
        for (period, scope), part in rows.group_by("period", "scope"):
            first, last = part["time"].min(), part["time"].max()
            span = Period(_instant(first), _instant(last) + _SECOND)
            kept = self._results(
                table,
                values,
                str(period),
                str(scope),
                span,
                subjects=part["subject"].unique().to_list(),
                as_of=None,
            ).select("subject", "time", *values)
            fresh.append(
                part.join(
                    _shaped(kept, ("subject", "time", *values)),
                    on=["subject", "time", *values],
                    how="anti",
                    nulls_equal=True,
                )
            )
        new = pl.concat(fresh)
        if not new.is_empty():
            self._insert(table, new)
        return new.height

    def _where(
        self,
        *,
        sites: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
        as_of: datetime | None = None,
    ) -> str:
        clauses = [
            "period = {period:String}",
            "time >= {start:DateTime('UTC')}",
            "time < {end:DateTime('UTC')}",
        ]
        if sites is not None:
            clauses.append("site IN {sites:Array(String)}")
        if quantities is not None:
            clauses.append("quantity IN {quantities:Array(String)}")
        if as_of is not None:
            clauses.append("o.recorded_at <= {as_of:DateTime64(3, 'UTC')}")
        return " AND ".join(clauses)

    def _insert(self, table: str, frame: pl.DataFrame) -> None:
        self._client.insert_arrow(table, frame.to_arrow(), database=self._database)

    def _frame(self, sql: str, asked: Mapping[str, Any] | None = None) -> pl.DataFrame:
        table = self._client.query_arrow(
            self._in_database(sql), parameters={**(asked or {}), "db": self._database}
        )
        found = pl.DataFrame(table)
        return found.with_columns(
            pl.col(name).cast(pl.Int64).mul(1_000_000).cast(_UTC)
            if dtype == pl.UInt32 and name == "time"
            else pl.col(name).cast(_UTC)
            for name, dtype in found.schema.items()
            if name in {"time", "recorded_at", "computed_at"}
        )

    def _rows(self, sql: str, asked: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        found = self._client.query(
            self._in_database(sql), parameters={**(asked or {}), "db": self._database}
        )
        rows: list[tuple[Any, ...]] = found.result_rows
        return rows

    def _in_database(self, sql: str) -> str:
        for table in _TABLES:
            sql = sql.replace(f"FROM {table}", f"FROM {self._database}.{table}")
        return sql.replace("FROM {table:", f"FROM {self._database}.{{table:")


_SECOND = datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)


def open_shelf(url: str) -> Shelf:
    """Open the store of observations that a URL names."""
    return Shelf.open(url)


def _asked(
    period: str,
    span: Period,
    *,
    sites: Sequence[str] | None = None,
    quantities: Sequence[str] | None = None,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "period": period,
        "start": _sql_time(span.start),
        "end": _sql_time(span.end),
    }
    if sites is not None:
        asked["sites"] = list(sites)
    if quantities is not None:
        asked["quantities"] = list(quantities)
    if as_of is not None:
        asked["as_of"] = _sql_time(as_of, "milliseconds")
    return asked


def _shaped(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Return the columns in the types of the tables; a value that is NaN is none."""
    return frame.select(
        pl.col(name).cast(_type(name)).fill_nan(None)
        if _type(name) == pl.Float64
        else pl.col(name).cast(_type(name)).fill_null(_nothing(name))
        if _nothing(name) is not None
        else pl.col(name).cast(_type(name))
        for name in columns
    )


def _type(name: str) -> Any:
    if name in {"time", "computed_at"}:
        return _UTC
    if name in {"revision", "cause"}:
        return pl.UInt64
    if name == "level":
        return pl.UInt8
    if name in _U16 or name.startswith(("iaqi_", "level_")):
        return pl.UInt16
    if name in {*_KEY, "primary", "reason", "edition", "code", "largest"}:
        return pl.String
    return pl.Float64


def _nothing(name: str) -> Any:
    """Return what stands for none where the table has no nulls."""
    if name in {"level", "n", "days", "valid_days", "good_days", "exceed_days"}:
        return 0
    if name.startswith("level_"):
        return 0
    return "" if name in {"primary", "reason", "edition", "largest"} else None


def _zero(name: str) -> pl.Expr:
    return pl.lit(0, dtype=pl.UInt64).alias(name)


def _sql_time(moment: datetime, timespec: str = "seconds") -> str:
    at = moment.astimezone(UTC).replace(tzinfo=None)
    return at.isoformat(" ", timespec=timespec)


def _aware(moment: Any) -> datetime:
    at: datetime = moment
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _instant(moment: Any) -> datetime:
    at: datetime = moment
    return at
