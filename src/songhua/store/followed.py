"""What came onto the shelf, in the order it came: for those who keep a copy of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from songhua.store import revisions, tables
from songhua.store.engine import Engine, aware, sql_time
from songhua.store.stamps import Stamps
from songhua.store.tables import INDEX_VALUES, SUMMARY_VALUES, VERDICT_VALUES

FOLLOWED: Mapping[str, tuple[str, ...]] = {
    "observations": ("value", "mark", "reason"),
    "air_index": INDEX_VALUES,
    "air_summary": SUMMARY_VALUES,
    "verdicts": VERDICT_VALUES,
}
"""Tables that can be followed, and what is told of a row."""
_HEADLINES = {
    **{"observations": "value", "air_index": "aqi", "air_summary": "composite"},
    "verdicts": "verdict",
}
_OTHERS_STORE_TOO = timedelta(seconds=30)
"""Held back where the store is a server: another process may be in the middle of an insert."""


def _names(table: str) -> tuple[str, str, str, str]:
    """Return the columns that name what a row is about."""
    if table == "observations":
        return ("period", "quantity", "site", "time")
    return ("period", "scope", "subject", "time")


class Place(NamedTuple):
    """Where a follower stands: after this row."""

    stored_at: datetime
    period: str = ""
    group: str = ""
    subject: str = ""
    time: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    revision: int = 0


class Followed:
    """The part of the shelf that is followed."""

    _engine: Engine
    _stamps: Stamps

    def followed(
        self,
        table: str,
        after: Place,
        *,
        most: int,
        subjects: Sequence[str] | None = None,
    ) -> tuple[pl.DataFrame, datetime]:
        """Return the rows that came after a place, in the order they came, and up to when.

        Nothing that is stored later lies at or before the instant returned: who goes on from
        there, or from the last row, misses nothing. A replay stores, and tells, rows anew.

        Parameters
        ----------
        table
            One of `FOLLOWED`.
        most
            How many at most.
        subjects
            Sites, of results also regions; None for all.

        Returns
        -------
        DataFrame
            stored_at, period, quantity and site (of observations) or scope and subject, time,
            revision, the values of `FOLLOWED`, known_at, decided (a person's decision, which a
            later delivery does not replace), of results also cause (the journal entry); former:
            value, AQI, composite index or verdict that was current before this row came (null
            where none was), former_rank; current: whether this row is what counts now.
        datetime
            The horizon.
        """
        until = self._stamps.horizon()
        names = _names(table)
        key = ", ".join(("stored_at", *names, "revision"))
        more = ["recorded_at AS known_at", "decided"]
        if table != "observations":
            more = ["computed_at AS known_at", "cause", "0 AS decided"]
        page, asked = _page(table, after, until, most, subjects)
        sql = f"SELECT {key}, {', '.join((*FOLLOWED[table], *more))} FROM {page}"  # noqa: S608 - ours
        rows = self._engine.frame(sql, asked)
        if rows.is_empty():
            return rows, until
        rank = "rank" if table == "air_summary" else "NULL"
        sql = f"""
            SELECT DISTINCT {", ".join(names)}, revision,
                   CAST({_HEADLINES[table]}, 'Nullable(Float64)') AS former,
                   CAST({rank}, 'Nullable(Int32)') AS former_rank,
                   {"decided" if table == "observations" else "0 AS decided"}
            FROM {table} WHERE ({", ".join(names)}) GLOBAL IN (
                SELECT {", ".join(names)} FROM {page}
            )
        """  # noqa: S608 - names and operators are ours, values are bound
        history = revisions.formers(self._engine.frame(sql, asked), names)
        joined = rows.join(history, on=[*names, "revision"], how="left", maintain_order="left")
        return joined, until

    def _insert(self, table: str, frame: pl.DataFrame) -> None:
        """Add rows, stamped with when they came."""
        with self._stamps.stamp() as at:
            stamped = frame.with_columns(pl.lit(at).cast(tables.UTC).alias("stored_at"))
            self._engine.insert(table, stamped)

    def _made_stamps(self) -> Stamps:
        is_ours = self._engine.url.startswith("chdb:")
        return Stamps(self._newest, timedelta() if is_ours else _OTHERS_STORE_TOO)

    def _newest(self) -> datetime:
        asked = (f"SELECT max(stored_at) FROM {table}" for table in FOLLOWED)  # noqa: S608 - ours
        return max(aware(self._engine.rows(sql)[0][0]) for sql in asked)


def _page(
    table: str, after: Place, until: datetime, most: int, subjects: Sequence[str] | None
) -> tuple[str, dict[str, Any]]:
    """Return the end of a question for the rows after a place, and the values of the question."""
    names = ", ".join((*_names(table), "revision"))
    which = f" AND {_names(table)[2]} IN {{subjects:Array(String)}}"
    sql = f"""{table}
        WHERE stored_at >= {{at:DateTime64(6, 'UTC')}}
          AND stored_at <= {{until:DateTime64(6, 'UTC')}}
          AND (stored_at > {{at:DateTime64(6, 'UTC')}}
               OR ({names}) > ({{period:String}}, {{group:String}}, {{subject:String}},
                               {{time:DateTime('UTC')}}, {{revision:UInt64}}))
          {"" if subjects is None else which}
        ORDER BY stored_at, {names} LIMIT {{most:UInt32}}
    """
    asked: dict[str, Any] = {
        "at": sql_time(after.stored_at, "microseconds"),
        "until": sql_time(until, "microseconds"),
        **{"period": after.period, "group": after.group, "subject": after.subject},
        **{"time": sql_time(after.time), "revision": after.revision, "most": most},
    }
    return sql, asked if subjects is None else {**asked, "subjects": list(subjects)}
