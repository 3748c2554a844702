"""A small table as text, its cells as numbers; what cannot be used is named and counted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from songhua.assess.air.lines import one_record_a_line
from songhua.assess.air.standalone import MISSING, encoding_of, numbers_of
from songhua.model import BadInput

_MOST = 20
BATCH = 500_000
WHY = {
    "no_number": ("不是数，按缺失", "no number, counts as missing"),
    "low": ("低于可能的最小值，按缺失", "below what is possible, counts as missing"),
    "high": ("高于可能的最大值，按缺失", "above what is possible, counts as missing"),
    "time": ("时间读不出，未用", "no time, not used"),
    "unknown": ("表中没有这个名称，保留未评价", "a name that the table lacks: kept, not assessed"),
    "quotes": ("引号有误，未用", "misplaced quotes, not used"),
    "rule": ("当日没有适用的标准，未评价", "no standard was in force, not assessed"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """A cell that somebody must look at."""

    line: int
    column: str
    text: str
    zh: str
    en: str


@dataclass(slots=True)
class Asked:
    """How many cells need a look, and the first of them."""

    count: int = 0
    examples: list[Question] = field(default_factory=list)

    def add(self, line: int, column: str, text: str, why: str) -> None:
        """Name one cell."""
        self.count += 1
        if len(self.examples) < _MOST:
            self.examples.append(Question(line, column, text, *WHY[why]))

    def rows(self, batch: pl.DataFrame, column: str, bad: pl.Series, why: str) -> None:
        """Name the cells of a column in the rows that are bad."""
        found = batch.filter(bad.fill_null(value=False)).select("line", column)
        self.count += found.height
        for line, text in found.head(max(0, _MOST - len(self.examples))).iter_rows():
            self.examples.append(Question(line, column, (text or "").strip(), *WHY[why]))


def batches(source: Path, needed: Sequence[str], asked: Asked) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV as text with the line of each; headers small, without blanks.

    Raises
    ------
    BadInput
        If it cannot be read or lacks a column.
    """
    encoding = encoding_of(source)
    with one_record_a_line(source, encoding) as (path, slips):
        readable: Path | bytes = path
        if encoding != "utf-8":
            readable = path.read_bytes().decode(encoding, "replace").encode()
        for line, text in slips.items():
            asked.add(line, "", text, "quotes")
        try:
            lazy = pl.scan_csv(
                readable,
                infer_schema=False,
                truncate_ragged_lines=True,
                row_index_name="line",
                row_index_offset=2,
            )
            names = {name: name.strip().lstrip("\ufeff").lower() for name in lazy.collect_schema()}
            lazy = lazy.rename(names)
            absent = [name for name in needed if name not in names.values()]
            if absent:
                raise BadInput(
                    f"{source.name} 缺少列：{'、'.join(absent)}。",
                    f"{source.name} has no column: {', '.join(absent)}.",
                )
            columns = [name for name in names.values() if name != "line"]
            for batch in lazy.collect_batches(chunk_size=BATCH, maintain_order=True):
                empty = pl.all_horizontal(pl.col(columns).is_null())
                yield batch.filter(~empty)
        except PolarsError as fault:
            why = str(fault).partition("\n")[0]
            raise BadInput(
                f"{source.name} 不是可读的 CSV：{why}。",
                f"{source.name} is no readable CSV: {why}.",
            ) from fault


def whole(source: Path, needed: Sequence[str], asked: Asked) -> pl.DataFrame:
    """Return all rows of a CSV as text, see `batches`."""
    found = list(batches(source, needed, asked))
    if not found or not sum(one.height for one in found):
        raise BadInput(f"{source.name} 没有数据行。", f"{source.name} has no rows.")
    return pl.concat(found)


def numbers(
    batch: pl.DataFrame,
    column: str,
    asked: Asked,
    *,
    lowest: float | None = None,
    highest: float | None = None,
) -> pl.Series:
    """Return a column as numbers; what is none, or is impossible, is named and null."""
    text = batch[column].str.strip_chars()
    missing = text.fill_null("").str.to_lowercase().is_in(MISSING)
    values = numbers_of(text)
    sound = values.is_finite().fill_null(value=False)
    asked.rows(batch, column, ~sound & ~missing, "no_number")
    keep = sound
    for bound, bad, why in (
        (lowest, values < lowest if lowest is not None else None, "low"),
        (highest, values > highest if highest is not None else None, "high"),
    ):
        if bound is not None and bad is not None:
            asked.rows(batch, column, bad & sound, why)
            keep &= ~bad.fill_null(value=True)
    return values.to_frame("v").select(pl.when(keep).then("v")).to_series().alias(column)
