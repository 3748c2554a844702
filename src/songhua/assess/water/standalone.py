"""A file of concentrations in, a file of classes out: no store, no server, bounded memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from songhua.assess.air.lines import Slips, one_record_a_line
from songhua.assess.air.standalone import (
    MISSING,
    encoding_of,
    numbers_of,
    times_of,
    whole_or_not_at_all,
)
from songhua.assess.water.columns import RESULTS, items_of, section_columns
from songhua.assess.water.indicators import main_indicators
from songhua.model import BadInput
from songhua.standards import (
    QUANTITIES,
    SurfaceWaterRule,
    WaterBody,
    ask_above,
    editions,
    surface_water_rule,
)

OUT = ("section", "time", *RESULTS)
_BATCH = 250_000
_MOST = 20
_NEEDED = ("section", "time", "water_body")
_BODIES = {
    **dict.fromkeys(("river", "河流", "河", "river-type reservoir", "河流型水库"), "river"),
    **dict.fromkeys(("lake", "reservoir", "湖库", "湖、库", "湖泊", "水库", "湖"), "lake"),
}
_BELOW = r"^(?:[<＜]\s*([0-9.eE-]+)|([0-9.]+)\s*[Ll])$"
"""A result below detection with its limit: ``<0.004`` or ``0.004L``."""
_UNSAID = ("nd", "n.d.", "未检出", "<", "<dl", "<lod", "l", "bdl", "＜dl", "低于检出限")
_WORDS = {
    "negative": ("负浓度，按缺失", "negative, counts as missing"),
    "no_number": ("不是数，按缺失", "no number, counts as missing"),
    "no_limit": (
        "未检出而没有检出限，按缺失",
        "below detection, no limit given: missing",
    ),
    "thousandfold": (
        "是否把 µg/L 当作 mg/L（相差 1000 倍）？值保留并参与评价",
        "µg/L taken for mg/L (a factor of 1000)? Kept and used",
    ),
    "water_body": ("水体类型须为 river 或 lake，未评价", "must be river or lake, not assessed"),
    "time": ("时间读不出，未评价", "no time, not assessed"),
    "quotes": ("引号有误，未评价", "misplaced quotes, not assessed"),
    "impossible": ("不可能的值，按缺失", "impossible, counts as missing"),
}


@dataclass(frozen=True, slots=True)
class WaterQuestion:
    """A cell that somebody must look at: where it stands, what it says, why."""

    line: int
    column: str
    text: str
    why: str

    @property
    def zh(self) -> str:
        """The reason in Chinese."""
        return _WORDS[self.why][0]

    @property
    def en(self) -> str:
        """The reason in English."""
        return _WORDS[self.why][1]


@dataclass(frozen=True, slots=True)
class AssessedWater:
    """What came of a file.

    Parameters
    ----------
    rows, with_class
        How many rows, and how many of them have a class.
    counts
        Why cells need a look → how many of them.
    examples
        The first of them.
    unused
        Columns of the 21 items that do not enter the class in this mode.
    """

    rows: int
    with_class: int
    counts: Mapping[str, int]
    examples: tuple[WaterQuestion, ...]
    unused: tuple[str, ...] = ()


def assess_water_csv(source: Path, out: Path, *, mode: str = "realtime") -> AssessedWater:
    """Write the class of every row of a CSV file.

    Parameters
    ----------
    source
        CSV or CSV.gz with ``section``, ``time`` (without a zone: Beijing; a month is ``2026-08``),
        ``water_body`` (``river`` or ``lake``) and any of the items by key, symbol or Chinese name.
        ``<0.004`` and ``0.004L`` are below that detection limit: half of it is used, at most the
        limit of class I. [mg/L]
    out
        Where to write ``section time edition class wording main_indicators``, a row for a row.
    mode
        ``realtime``: pH, DO, CODMn, NH₃-N, TP, unrounded; ``monthly``: the 21 items, rounded.

    Raises
    ------
    BadInput
        If the file cannot be read or lacks a column. `out` is then left as it was.
    """
    rule = surface_water_rule(on=date.max)
    items = items_of(mode, rule)
    rows = with_class = 0
    counts: dict[str, int] = {}
    examples: list[WaterQuestion] = []
    unused: tuple[str, ...] = ()
    try:
        with whole_or_not_at_all(out) as file:
            for number, (batch, slips) in enumerate(_batches(source, rule)):
                if number == 0:
                    unused = tuple(key for key in rule.assessed if key in batch.columns)
                    unused = tuple(key for key in unused if key not in items)
                    examples += [WaterQuestion(n, "", text, "quotes") for n, text in slips.items()]
                    counts |= {"quotes": len(slips)} if slips else {}
                found, questions = _assessed(batch, rule, mode)
                questions = questions.filter(~pl.col("line").is_in(list(slips)))
                found.write_csv(file, include_header=number == 0)
                rows += found.height
                with_class += found["class"].count()
                for why, count in questions.group_by("why").len().iter_rows():
                    counts[why] = counts.get(why, 0) + count
                examples += [WaterQuestion(*row) for row in questions.head(_MOST).iter_rows()]
                examples = sorted(examples, key=lambda one: one.line)[:_MOST]
    except OSError as fault:
        raise BadInput(f"无法读写文件：{fault}。", f"Cannot read or write: {fault}.") from fault
    return AssessedWater(rows, with_class, counts, tuple(examples), unused)


def _batches(source: Path, rule: SurfaceWaterRule) -> Iterator[tuple[pl.DataFrame, Slips]]:
    encoding = encoding_of(source)
    with one_record_a_line(source, encoding) as (path, slips):
        readable: Path | bytes = path
        if encoding != "utf-8":
            readable = path.read_bytes().decode(encoding, "replace").encode()
        try:
            lazy = pl.scan_csv(
                readable,
                infer_schema=False,
                truncate_ragged_lines=True,
                row_index_name="line",
                row_index_offset=2,
            )
            names = _columns(source, list(lazy.collect_schema())[1:], rule)
            rows = lazy.select("line", *(pl.col(old).alias(new) for new, old in names.items()))
            yield rows.head(0).collect(), slips
            is_row = ~pl.all_horizontal(pl.col(list(names)).is_null())
            is_row |= pl.col("line").is_in(list(slips))
            for batch in rows.collect_batches(chunk_size=_BATCH, maintain_order=True):
                yield batch.filter(is_row), slips
        except PolarsError as fault:
            why = str(fault).partition("\n")[0]
            raise BadInput(
                f"{source.name} 不是可读的 CSV：{why}。",
                f"{source.name} is no readable CSV: {why}.",
            ) from fault


def _columns(source: Path, headers: list[str], rule: SurfaceWaterRule) -> dict[str, str]:
    """Return our name → the header in the file; the first of several wins."""
    names: dict[str, str] = {}
    for header in headers:
        tidy = header.strip().lstrip("\ufeff").casefold()
        key = tidy if tidy in _NEEDED else _aliases().get(tidy)
        if key:
            names.setdefault(key, header)
    absent = [name for name in _NEEDED if name not in names]
    if absent:
        raise BadInput(
            f"{source.name} 缺少列：{'、'.join(absent)}。",
            f"{source.name} has no column: {', '.join(absent)}.",
        )
    if not set(names) & set(rule.assessed):
        raise BadInput(
            f"{source.name} 没有任何评价项目的列（{' '.join(rule.assessed)}）。",
            f"{source.name} has no column of an assessed item ({' '.join(rule.assessed)}).",
        )
    return names


@cache
def _aliases() -> Mapping[str, str]:
    return {
        alias.casefold(): key
        for key, one in QUANTITIES.items()
        if one.medium == "surface_water"
        for alias in (key, one.symbol, one.name_zh, *one.codes, *one.aliases)
    }


def _assessed(
    batch: pl.DataFrame, rule: SurfaceWaterRule, mode: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the results of a batch, and its questions as line, column, text, why."""
    items = [key for key in rule.assessed if key in batch.columns]
    bodies = batch["water_body"].str.strip_chars().str.to_lowercase()
    rows = batch.select("line", "section", "time").with_columns(
        at=times_of(batch["time"].str.replace(r"^(\s*\d{4}-\d{2})\s*$", "${1}-01")),
        water_body=bodies.replace_strict(_BODIES, default=None, return_dtype=pl.String),
    )
    parts = [
        _asked(batch, "time", rows["at"].is_null(), "time"),
        _asked(batch, "water_body", rows["water_body"].is_null(), "water_body"),
    ]
    for key in items:
        values, questions = _values(batch, key, rule)
        rows = rows.with_columns(values.alias(key))
        parts += questions
    first = min(edition.in_force for edition in editions("surface_water", "gb_3838"))
    judged = pl.col("at").dt.date() >= first
    rows = rows.with_columns(pl.when(judged).then("water_body").alias("water_body"))
    found = section_columns(rows, mode=mode, rule=rule).collect()
    found = main_indicators(found, rule, mode=mode)
    return found.select(OUT), pl.concat(parts).sort("line", maintain_order=True)


def _values(
    batch: pl.DataFrame, key: str, rule: SurfaceWaterRule
) -> tuple[pl.Series, list[pl.DataFrame]]:
    texts = batch[key].str.strip_chars()
    said = texts.fill_null("").str.to_lowercase()
    missing = said.is_in(MISSING)
    values = numbers_of(texts)
    unsaid = said.is_in(_UNSAID)
    if rule.limits[key, WaterBody.RIVER].kind == "max":
        parts = texts.str.extract_groups(_BELOW).struct.unnest()
        limit = parts.select(pl.coalesce(pl.all()).cast(pl.Float64, strict=False)).to_series()
        best = min(float(rule.limits[key, body].limits[0]) for body in WaterBody)
        values = values.fill_null((limit / 2).clip(upper_bound=best))
    negative = (values < 0).fill_null(value=False)
    beyond = (values > QUANTITIES[key].highest).fill_null(value=False)
    no_number = ~values.is_finite().fill_null(value=False) & ~missing & ~unsaid
    high = ask_above().get(key)
    many = (values > float(high)).fill_null(value=False) if high is not None else beyond
    asked = [
        _asked(batch, key, negative, "negative"),
        _asked(batch, key, unsaid, "no_limit"),
        _asked(batch, key, no_number, "no_number"),
        _asked(batch, key, beyond & ~no_number, "impossible"),
        _asked(batch, key, many & ~beyond & ~no_number, "thousandfold"),
    ]
    gone = negative | no_number | beyond
    return values.to_frame("v").select(pl.when(~gone).then("v")).to_series(), asked


def _asked(batch: pl.DataFrame, name: str, rows: pl.Series, why: str) -> pl.DataFrame:
    text = pl.col(name).str.strip_chars().fill_null("").alias("text")
    return batch.filter(rows).select("line", pl.lit(name).alias("column"), text, why=pl.lit(why))
