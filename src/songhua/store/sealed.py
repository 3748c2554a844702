"""What the shelf holds, told by digests: the same rows, the same digest, whatever merges did."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from clickhouse_connect.driver.exceptions import Error as ClickHouseFault

from songhua.store import tables
from songhua.store.engine import Engine, sql_time
from songhua.store.tables import (
    INDEX_VALUES,
    PROVENANCE,
    RESULT_KEY,
    SUMMARY_VALUES,
    VERDICT_VALUES,
)

_COLUMNS = {
    "observations": (*tables.OBSERVATION_KEY, *tables.OBSERVATION_VALUES),
    "air_index": (*RESULT_KEY, *INDEX_VALUES, *PROVENANCE),
    "air_summary": (*RESULT_KEY, *SUMMARY_VALUES, *PROVENANCE),
    "verdicts": (*RESULT_KEY, *VERDICT_VALUES, *PROVENANCE),
}
_ORDER = {
    "observations": "site, quantity, time, revision",
    "air_index": "scope, time, subject, revision",
    "air_summary": "scope, time, subject, revision",
    "verdicts": "scope, time, subject, revision",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of the shelf a checkpoint covers.

    Parameters
    ----------
    revision
        Observations up to this journal number …
    at
        … recorded by this instant, and results computed by it.
    """

    revision: int
    at: datetime


NOTHING = Cut(0, datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of a month that came between two checkpoints."""

    table: str
    period: str
    month: int
    rows: int
    digest: str


class Sealed:
    """The part of the shelf that tells digests."""

    _engine: Engine

    def groups(self, since: Cut, until: Cut) -> Iterator[Group]:
        """Yield a digest for each month of each table, over the rows between two cuts."""
        for table, columns in _COLUMNS.items():
            which = _between(table, since, until)
            months = self._engine.rows(
                f"SELECT period, toYYYYMM(time) AS month FROM {table} "  # noqa: S608 - ours
                f"WHERE {which} GROUP BY period, month ORDER BY period, month"
            )
            for period, month in months:
                rows = self._engine.frame(
                    f"SELECT {', '.join(columns)} FROM {table} FINAL "  # noqa: S608 - ours
                    "WHERE period = {period:String} AND toYYYYMM(time) = {month:UInt32} "
                    f"AND {which} ORDER BY {_ORDER[table]}",
                    {"period": period, "month": month},
                )
                yield Group(table, str(period), int(month), rows.height, digest_of(rows))

    def unreadable(self) -> Iterator[tuple[str, str]]:
        """Yield table and words for each part on the disk that is not what its checksums say."""
        for table in _COLUMNS:
            name = f"{table}_local" if self._engine.cluster else table
            try:
                found = self._engine.frame(
                    f"CHECK TABLE {name} SETTINGS check_query_single_value_result = 0"
                )
            except (ClickHouseFault, OSError) as fault:
                yield table, str(fault)[:300]
                continue
            for part in found.filter(pl.col("is_passed") == 0).to_dicts():
                yield table, f"{part['part_path']}: {part['message']}"[:300]


def digest_of(rows: pl.DataFrame) -> str:
    """Return the digest of rows in their order, every bit of every column."""
    whole = hashlib.sha256(f"{rows.height}".encode())
    for name in rows.columns:
        column = rows[name]
        if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum):
            text = column.cast(pl.String).fill_null("\0")
            whole.update(f"|{name}:text|".encode())
            whole.update(text.str.len_bytes().cast(pl.UInt32).to_numpy().tobytes())
            whole.update("".join(text.to_list()).encode())
            continue
        whole.update(f"|{name}:{column.dtype}|".encode())
        whole.update(column.is_null().cast(pl.UInt8).to_numpy().tobytes())
        whole.update(_bits(column).to_numpy().tobytes())
    return whole.hexdigest()


def _bits(column: pl.Series) -> pl.Series:
    if column.dtype.is_temporal():
        return column.to_physical().fill_null(0)
    return column.fill_null(0.0 if column.dtype.is_float() else 0)


def _between(table: str, since: Cut, until: Cut) -> str:
    return f"{_by(table, until)} AND NOT ({_by(table, since)})"


def _by(table: str, cut: Cut) -> str:
    at = f"toDateTime64('{sql_time(cut.at, 'microseconds')}', 6, 'UTC')"
    if table == "observations":
        return f"revision <= {cut.revision} AND recorded_at <= {at}"
    return f"computed_at <= {at}"
