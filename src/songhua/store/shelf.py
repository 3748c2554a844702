"""The shelf: observations and results on ClickHouse, in our process (chDB) or on a cluster.

Nothing is overwritten: rows are added with a revision, the greatest of which is current, and any
past state can be asked for (`as_of`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import polars as pl

from songhua.model import Period
from songhua.store import revisions, tables
from songhua.store.asking import asked as asked_of
from songhua.store.asking import where
from songhua.store.changed import Changed
from songhua.store.counted import Counted
from songhua.store.engine import Engine, aware, sql_time
from songhua.store.followed import Followed
from songhua.store.sealed import Sealed
from songhua.store.tables import (
    INDEX_VALUES,
    PROVENANCE,
    RESULT_KEY,
    SUMMARY_VALUES,
    VERDICT_VALUES,
)

_AT_LEAST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TableSize:
    """How full a table is. `size` in bytes on disk."""

    table: str
    rows: int
    size: int
    first: datetime | None
    last: datetime | None


class Shelf(Changed, Counted, Followed, Sealed):
    """One opened store of observations and results. Safe to use from several threads."""

    def __init__(self, url: str) -> None:
        self._engine = Engine(url)
        self._stamps = self._made_stamps()

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a shelf; raise `BadInput` when its server cannot be reached."""
        shelf = cls(url)
        shelf._engine.open()
        return shelf

    @property
    def url(self) -> str:
        """The address it was opened by."""
        return self._engine.url

    def close(self) -> None:
        """Let go of the engine or server."""
        self._engine.close()

    def migrate(self) -> list[str]:
        """Bring the tables to this version's shape; return the migrations that ran."""
        return self._engine.migrate()

    @property
    def version(self) -> str:
        """The last migration that has run; empty when none has."""
        return max(self._engine.ran(), default="")

    # Observations

    def save_observations(self, frame: pl.DataFrame) -> None:
        """Add rows; the same row twice is one row.

        Parameters
        ----------
        frame
            site, quantity, period, time, revision (the journal entry that brought it), value,
            mark, reason (empty unless a person decided), author, recorded_at, and optionally line.
        """
        if "line" not in frame.columns:
            frame = frame.with_columns(pl.lit(0).alias("line"))
        columns = (*tables.OBSERVATION_KEY, *tables.OBSERVATION_VALUES)
        self._insert("observations", tables.shaped(frame, columns))

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
        return revisions.current(self._revisions(period, span, sites, quantities, as_of))

    def before(
        self,
        without: Collection[int],
        *,
        period: str,
        span: Period,
        sites: Sequence[str],
        quantities: Sequence[str],
    ) -> pl.DataFrame:
        """Return what would be current had some journal entries never been.

        Returns
        -------
        DataFrame
            As `observations`; a value that only they brought is not there.
        """
        found = self._revisions(period, span, sites, quantities, None)
        left = found.filter(~pl.col("revision").is_in(list(without)))
        return revisions.current(left)

    def delivered(
        self, *, period: str, span: Period, sites: Sequence[str], quantities: Sequence[str]
    ) -> pl.DataFrame:
        """Return what sources last delivered, whatever people decided since.

        Returns
        -------
        DataFrame
            site, quantity, time, value, mark.
        """
        found = self._revisions(period, span, sites, quantities, None)
        kept = revisions.current(found.filter(pl.col("decided") == 0))
        return kept.select("site", "quantity", "time", "value", "mark")

    def received(self, *, period: str, span: Period, sites: Sequence[str]) -> pl.DataFrame:
        """Return site, quantity, time of every value that was ever delivered in a span."""
        asked = asked_of(period, span, sites=sites)
        sql = f"""
            SELECT DISTINCT site, quantity, time FROM observations
            WHERE {where(asked, known="recorded_at")}
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

    def series(self, *, period: str, span: Period, sites: Sequence[str]) -> pl.DataFrame:
        """Return site, quantity of which a span has any value."""
        asked = asked_of(period, span, sites=sites)
        sql = f"""
            SELECT DISTINCT site, quantity FROM observations
            WHERE {where(asked, known="recorded_at")}
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

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
        asked = {"period": period, "site": site, "quantity": quantity, "time": sql_time(time)}
        return self._engine.frame(sql, asked)

    def last_revision(self) -> int:
        """Return the greatest revision of any observation; 0 when there is none."""
        return int(self._engine.rows("SELECT max(revision) FROM observations")[0][0] or 0)

    def observed(self, period: str) -> Period | None:
        """Return the span that has observations, or None when there are none."""
        sql = """
            SELECT min(time), max(time), count() FROM observations
            WHERE period = {period:String}
        """
        first, last, count = self._engine.rows(sql, {"period": period})[0]
        return Period(aware(first), aware(last) + timedelta(seconds=1)) if count else None

    def times(self, period: str, *, scope: str = "site") -> tuple[datetime, datetime] | None:
        """Return the first and last time that has results, or None when there are none."""
        sql = """
            SELECT min(time), max(time), count() FROM air_index
            WHERE period = {period:String} AND scope = {scope:String}
        """
        first, last, count = self._engine.rows(sql, {"period": period, "scope": scope})[0]
        return (aware(first), aware(last)) if count else None

    # Results

    def save_air_index(self, frame: pl.DataFrame) -> int:
        """Add index rows that differ from the current ones; return how many.

        Parameters
        ----------
        frame
            period, scope, subject, time, `INDEX_VALUES`, cause, code, and optionally computed_at:
            when the result became known, now if left out.
        """
        return self._save_new("air_index", frame, INDEX_VALUES)

    def save_air_summary(self, frame: pl.DataFrame) -> int:
        """Add summary rows that differ from the current ones, like `save_air_index`."""
        return self._save_new("air_summary", frame, SUMMARY_VALUES)

    def save_verdicts(self, frame: pl.DataFrame) -> int:
        """Add verdicts that differ from the current ones; return how many.

        Parameters
        ----------
        frame
            period, scope (the quantity), subject (the site), time, verdict, evidence, cause, code.
        """
        return self._save_new("verdicts", frame, VERDICT_VALUES)

    def verdicts(
        self,
        *,
        period: str,
        span: Period,
        sites: Sequence[str] | None = None,
        quantities: Sequence[str] | None = None,
        least: int = 3,
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Return current verdicts of `least` (suspect) or worse, or those current at an instant.

        Returns
        -------
        DataFrame
            quantity, site, time, verdict, evidence, revision, cause, code, computed_at.
        """
        asked = asked_of(period, span, scopes=quantities, subjects=sites, as_of=as_of)
        sql = f"""
            SELECT * FROM (
                SELECT scope AS quantity, subject AS site, time,
                       {", ".join((*VERDICT_VALUES, *PROVENANCE))}
                FROM verdicts
                WHERE {where(asked, known="computed_at")}
                ORDER BY quantity, site, time, revision DESC
                LIMIT 1 BY quantity, site, time
            ) WHERE verdict >= {{least:UInt8}}
            ORDER BY quantity, site, time
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, {**asked, "least": least})

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
        if unknown := set(columns) - set(INDEX_VALUES):
            raise ValueError(f"no such columns: {sorted(unknown)}")
        asked = asked_of(period, span, scope=scope, subjects=subjects, as_of=as_of)
        return self._results("air_index", columns, asked)

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
        asked = asked_of(period, span, scope=scope, subjects=subjects, as_of=as_of)
        return self._results("air_summary", SUMMARY_VALUES, asked)

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

    def sizes(self) -> list[TableSize]:
        """Return how full every table is."""
        return [self._size(table) for table in tables.TABLES]

    def is_merging(self) -> bool:
        """Return whether the engine is still putting what was saved in order."""
        return bool(self._engine.rows("SELECT count() FROM system.merges")[0][0])

    # How

    def _revisions(
        self,
        period: str,
        span: Period,
        sites: Sequence[str] | None,
        quantities: Sequence[str] | None,
        as_of: datetime | None,
    ) -> pl.DataFrame:
        """Return every revision, in the order of the table."""
        asked = asked_of(period, span, sites=sites, quantities=quantities, as_of=as_of)
        sql = f"""
            SELECT site, quantity, time, value, mark, revision, recorded_at, reason, author, line,
                   decided
            FROM observations
            WHERE {where(asked, known="recorded_at")}
            ORDER BY site, quantity, time, revision
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

    def _results(
        self, table: str, columns: Sequence[str], asked: Mapping[str, Any]
    ) -> pl.DataFrame:
        # Reading in the table's order would keep the engine from the projection by subject.
        sql = f"""
            SELECT subject, time, {", ".join((*columns, *PROVENANCE))} FROM {table}
            WHERE {where(asked, known="computed_at")}
            ORDER BY subject, time, revision DESC
            LIMIT 1 BY subject, time
            SETTINGS optimize_read_in_order = 0
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

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
            SELECT {", ".join((*columns, *PROVENANCE))} FROM {table}
            WHERE period = {{period:String}} AND scope = {{scope:String}}
              AND subject = {{subject:String}} AND time = {{time:DateTime('UTC')}}
            ORDER BY revision LIMIT 1 BY revision
        """  # noqa: S608 - names and operators are ours, values are bound
        asked = {"period": period, "scope": scope, "subject": subject, "time": sql_time(time)}
        return self._engine.frame(sql, asked)

    def _size(self, table: str) -> TableSize:
        sql = """
            SELECT sum(rows), sum(bytes_on_disk) FROM system.parts
            WHERE active AND database = {database:String}
              AND table IN ({table:String}, {local:String})
        """
        asked = {"database": self._engine.database, "table": table, "local": f"{table}_local"}
        rows, size = self._engine.rows(sql, asked)[0]
        first = last = None
        if rows:
            sql = "SELECT min(time), max(time) FROM {table:Identifier}"
            first, last = map(aware, self._engine.rows(sql, {"table": table})[0])
        return TableSize(table, int(rows), int(size), first, last)

    def _save_new(self, table: str, frame: pl.DataFrame, values: Sequence[str]) -> int:
        if frame.is_empty():
            return 0
        given = frame.with_columns(pl.lit(0).alias("revision"))
        if "computed_at" not in frame.columns:
            given = given.with_columns(pl.lit(datetime.now(UTC)).alias("computed_at"))
        rows = tables.shaped(given, (*RESULT_KEY, *values, *PROVENANCE))
        parts = rows.partition_by("period", "scope")
        new = pl.concat([self._new(table, part, values) for part in parts])
        if not new.is_empty():
            self._insert(table, new)
        return new.height

    def _new(self, table: str, rows: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
        """Return the rows of one period and scope that differ from the current, numbered after."""
        period, scope = rows.select("period", "scope").row(0)
        first, last = rows.select(pl.col("time").min(), pl.col("time").max().alias("last")).row(0)
        subjects = rows["subject"].unique().to_list()
        asked = asked_of(period, Period(first, last + _AT_LEAST), scope=scope, subjects=subjects)
        found = self._results(table, values, asked)
        if found.is_empty():
            return rows.with_columns(pl.lit(1, dtype=pl.UInt64).alias("revision"))
        kept = tables.shaped(found, ("subject", "time", *values, "revision"))
        same = ["subject", "time", *values]
        new = rows.join(kept, on=same, how="anti", nulls_equal=True)
        former = kept.select("subject", "time", pl.col("revision").alias("former"))
        return (
            new.join(former, on=["subject", "time"], how="left", maintain_order="left")
            .with_columns((pl.col("former").fill_null(0) + 1).alias("revision"))
            .select(rows.columns)
        )


def open_shelf(url: str) -> Shelf:
    """Open the store of observations that a URL names."""
    return Shelf.open(url)
