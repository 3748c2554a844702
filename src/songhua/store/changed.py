"""Results that changed: what they were and what they became."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from songhua.store import revisions
from songhua.store.engine import Engine, sql_time
from songhua.store.tables import RESULT_KEY

_LATEST = datetime(2105, 12, 31, tzinfo=UTC)
_CHANGED = """revision > 1
    AND computed_at >= {since:DateTime64(6, 'UTC')}
    AND computed_at < {until:DateTime64(6, 'UTC')}"""
# Asked of the engine, not of what it returns: in a running network nearly all changes are those
# of hours and of months not over yet, and would crowd out the others.
_SETTLED = """
    AND period != 'hour'
    AND computed_at >= addSeconds(
        addMonths(
            addDays(toTimeZone(time, 'Asia/Shanghai'), period = 'day' ? 1 : 0),
            multiIf(period = 'month', 1, period = 'quarter', 3, period = 'year', 12, 0)
        ), {settled:UInt32})"""


class Changed:
    """The part of the shelf that tells changes of results."""

    _engine: Engine

    def changes(
        self,
        *,
        since: datetime,
        until: datetime = _LATEST,
        settled: timedelta | None = None,
        most: int = 200,
    ) -> pl.DataFrame:
        """Return results that were changed between two instants: what they were and became.

        What one cause changed in several steps is one change.

        Parameters
        ----------
        settled
            Only results of days and longer, changed when their period had been over for as long.
        most
            How many at most, those changed last; see `count_changed`.

        Returns
        -------
        DataFrame
            table, period, scope, subject, time, former, value (AQI or composite index; null where
            none), former_rank, rank, cause, computed_at; newest first.
        """
        which, asked = _which(since, until, settled)
        found = pl.concat(
            [
                self._changes(table, value, rank, which, {**asked, "most": most})
                for table, value, rank in (
                    ("air_index", "aqi", "NULL"),
                    ("air_summary", "composite", "rank"),
                )
            ]
        )
        newest = found.sort("computed_at", "period", "subject", descending=[True, False, False])
        return newest.head(most)

    def count_changed(
        self, *, since: datetime, until: datetime, settled: timedelta | None = None
    ) -> int:
        """Return how many results of one table, the fuller, `changes` has to look at."""
        which, asked = _which(since, until, settled)
        count = "SELECT uniqExact(period, scope, time, subject) FROM"
        questions = (f"{count} {table} WHERE {which}" for table in ("air_index", "air_summary"))
        return max(int(self._engine.rows(sql, asked)[0][0]) for sql in questions)

    def _changes(
        self, table: str, value: str, rank: str, which: str, asked: dict[str, Any]
    ) -> pl.DataFrame:
        sql = f"""
            SELECT '{table}' AS table, period, scope, subject, time, revision,
                   CAST({value}, 'Nullable(Float64)') AS value,
                   CAST({rank}, 'Nullable(Int32)') AS rank,
                   cause, computed_at, ({which}) AS asked
            FROM {table}
            WHERE (period, scope, time, subject) GLOBAL IN (
                SELECT period, scope, time, subject FROM {table}
                WHERE {which}
                GROUP BY period, scope, time, subject
                ORDER BY max(computed_at) DESC, period, subject LIMIT {{most:UInt32}}
            )
        """  # noqa: S608 - names and operators are ours, values are bound
        found = revisions.changes(self._engine.frame(sql, asked))
        return found.filter(pl.col("asked") == 1).select(
            *("table", *RESULT_KEY, "former", "value", "former_rank", "rank"),
            *("cause", "computed_at"),
        )


def _which(
    since: datetime, until: datetime, settled: timedelta | None
) -> tuple[str, dict[str, Any]]:
    """Return the conditions on a revision, and their values."""
    asked: dict[str, Any] = {
        "since": sql_time(since, "microseconds"),
        "until": sql_time(until, "microseconds"),
    }
    if settled is None:
        return _CHANGED, asked
    return _CHANGED + _SETTLED, {**asked, "settled": int(settled.total_seconds())}
