"""Files that are held in memory, and the sites they may name."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

import polars as pl

from songhua.ingest.files import Batch, FileMapping, SiteTable, read_batches

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SITES = SiteTable(
    frozenset({"1119A", "1120A", "1121A", "jl-jiuzhan", "220100", "222400"}),
    pl.DataFrame(
        [
            ("长春市", "邮电学院", "1121A"),
            ("长春", "邮电学院", "1121A"),
            ("长春市", "甩湾子(对照点)", "1120A"),
            ("吉林市", "九站", "jl-jiuzhan"),
            ("四平市", "植物园", "1119A"),
            ("通化市", "植物园", "1120A"),
        ],
        schema={"city_name": pl.String, "name": pl.String, "site": pl.String},
        orient="row",
    ),
)
Value = tuple[str, str, datetime, float | None, str]


@dataclass(frozen=True)
class Held:
    """A file in memory."""

    data: bytes

    @classmethod
    def text(cls, *lines: str, encoding: str = "utf-8") -> "Held":
        return cls("".join(f"{line}\n" for line in lines).encode(encoding))

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)

    @property
    def size(self) -> int:
        return len(self.data)


def read(source: Held, mapping: FileMapping, *, now: datetime = NOW) -> list[Batch]:
    return list(read_batches(source, mapping, sites=SITES, now=now))


def values(batches: Iterable[Batch]) -> list[Value]:
    columns = ("site", "quantity", "time", "value", "mark")
    rows = pl.concat(batch.rows for batch in batches)
    return sorted(rows.select(columns).iter_rows(), key=lambda row: (row[2], row[0], row[1]))


def faults(batches: Iterable[Batch]) -> list[tuple[int, str]]:
    rejects = pl.concat(batch.rejects for batch in batches)
    return list(rejects.select("line", "fault").iter_rows())
