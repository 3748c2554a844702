"""What came onto the shelf, in the order it came: for those who keep a copy of it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import polars as pl

from songhua.store import tables
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
_NAMES = {"observations": ("quantity", "site")}
_NAMES_OF_RESULTS = ("scope", "subject")
_OTHERS_STORE_TOO = timedelta(seconds=30)
"""Held back where the store is a server: another process may be in the middle of an insert."""


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
            revision, known_at, the values of `FOLLOWED`, of results also cause, of observations
            decided (a person's decision, which a later delivery does not replace).
        datetime
            The horizon.
        """
        group, subject = _NAMES.get(table, _NAMES_OF_RESULTS)
        results = table != "observations"
        until = self._stamps.horizon()
        more = ["computed_at AS known_at", "cause"] if results else ["recorded_at AS known_at"]
        if not results:
            more.append("decided")
        key = f"stored_at, period, {group}, {subject}, time, revision"
        which = "" if subjects is None else f" AND {subject} IN {{subjects:Array(String)}}"
        sql = f"""
            SELECT {key}, {", ".join((*FOLLOWED[table], *more))} FROM {table}
            WHERE stored_at >= {{at:DateTime64(6, 'UTC')}}
              AND stored_at <= {{until:DateTime64(6, 'UTC')}}
              AND (stored_at > {{at:DateTime64(6, 'UTC')}}
                   OR (period, {group}, {subject}, time, revision)
                    > ({{period:String}}, {{group:String}}, {{subject:String}},
                       {{time:DateTime('UTC')}}, {{revision:UInt64}})){which}
            ORDER BY {key} LIMIT {{most:UInt32}}
        """  # noqa: S608 - names and operators are ours, values are bound
        asked: dict[str, Any] = {
            "at": sql_time(after.stored_at, "microseconds"),
            "until": sql_time(until, "microseconds"),
            **{"period": after.period, "group": after.group, "subject": after.subject},
            "time": sql_time(after.time),
            "revision": after.revision,
            "most": most,
        }
        if subjects is not None:
            asked["subjects"] = list(subjects)
        return self._engine.frame(sql, asked), until

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
