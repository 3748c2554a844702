"""Where values came from, and what a figure was before, since when, because of what."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import polars as pl

from songhua.api import reviews
from songhua.api.v1.why.asking import Question
from songhua.api.v1.why.words import ms
from songhua.standards import quantity
from songhua.store import shelf
from songhua.store.registry import records
from songhua.store.registry.models import Correction, ImportFile, ReviewAct
from songhua.store.registry.sites import sites

INDEX_FIGURES = {
    "aqi": ("AQI", "AQI"),
    **{
        name: (quantity(name).symbol, quantity(name).symbol)
        for name in ("pm2_5", "pm10", "o3", "o3_8h", "no2", "so2", "co")
    },
}
SUMMARY_FIGURES = {
    "composite": ("综合指数", "composite index"),
    "rank": ("排名", "rank"),
    "good_days": ("优良天数", "good days"),
    **{
        name: (quantity(name).symbol, quantity(name).symbol)
        for name in ("pm2_5", "pm10", "no2", "so2")
    },
    "o3_p90": ("O₃-8h 第 90 百分位数", "O₃-8h 90th percentile"),
    "co_p95": ("CO 第 95 百分位数", "CO 95th percentile"),
}


def sources(rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return, for every revision among observations, which file or person brought it.

    Parameters
    ----------
    rows
        Columns revision, author, recorded_at.
    """
    brought = rows.select("revision", "author", "recorded_at").unique("revision").sort("revision")
    seqs = brought["revision"].to_list()
    files, corrections = records.files_by_seq(seqs), records.corrections_by_seq(seqs)
    acts = records.reviews_by_seq(seqs)
    return {
        str(seq): {
            "revision": seq,
            "author": author,
            "at": ms(at),
            **_brought(files.get(seq), corrections.get(seq), acts.get(seq)),
        }
        for seq, author, at in brought.rows()
    }


def _brought(
    file: ImportFile | None, correction: Correction | None, act: ReviewAct | None
) -> dict[str, Any]:
    if act is not None:
        return {"kind": "review", "file": "", "reason": reviews.words(act)[0]}
    if correction is not None:
        return {"kind": "correction", "file": "", "reason": correction.reason}
    return {"kind": "file", "file": file.name if file else "", "reason": ""}


def index_changes(ask: Question) -> list[dict[str, Any]]:
    """Return every change of an hour's or day's figures, newest first."""
    rows = shelf().air_index_history(
        period=ask.period, scope=ask.scope, subject=ask.who.key, time=ask.start
    )
    return _changes(rows, ask.as_of, INDEX_FIGURES)


def summary_changes(ask: Question) -> list[dict[str, Any]]:
    """Return every change of a month's, quarter's or year's figures, newest first."""
    rows = shelf().air_summary_history(
        period=ask.period, scope=ask.scope, subject=ask.who.key, time=ask.start
    )
    return _changes(rows, ask.as_of, SUMMARY_FIGURES)


def _changes(
    rows: pl.DataFrame, as_of: datetime | None, figures: Mapping[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    known = rows if as_of is None else rows.filter(pl.col("computed_at") <= as_of)
    # What one cause changed in several steps is one change: its last row counts.
    kept = known.unique("cause", keep="last", maintain_order=True).to_dicts()
    found_causes = causes(row["cause"] for row in kept)
    found = [
        {"at": ms(after["computed_at"]), "figures": turned, **found_causes[after["cause"]]}
        for before, after in pairwise(kept)
        if (turned := _turned(before, after, figures))
    ]
    return found[::-1]


def _turned(
    before: Mapping[str, Any], after: Mapping[str, Any], figures: Mapping[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    return [
        {"name": name, "zh": zh, "en": en, "from": before[name], "to": after[name]}
        for name, (zh, en) in figures.items()
        if before[name] != after[name]
    ]


def causes(seqs: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return for every journal entry what it was that changed figures, in words."""
    asked = sorted(set(seqs))
    files, corrections = records.files_by_seq(asked), records.corrections_by_seq(asked)
    acts = records.reviews_by_seq(asked)
    names = _site_names([row.site for row in corrections.values()])
    return {
        seq: (
            _reviewed(acts[seq])
            if seq in acts
            else _cause(files.get(seq), corrections.get(seq), names)
        )
        | {"revision": seq}
        for seq in asked
    }


def _reviewed(act: ReviewAct) -> dict[str, Any]:
    zh, en = reviews.words(act)
    before = ms(act.at) - 1
    return {"kind": "review", "zh": zh, "en": en, "author": act.author, "before": before}


def _cause(
    file: ImportFile | None, correction: Correction | None, names: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """Return because of what a figure changed; `before` is the last instant of the former state."""
    if correction is not None:
        zh, en = names.get(correction.site, (correction.site, correction.site))
        return {
            "kind": "correction",
            "zh": correction.reason,
            "en": correction.reason,
            "author": correction.author,
            "before": ms(correction.at) - 1,
            "site": {"key": correction.site, "zh": zh, "en": en},
            "quantity": quantity(correction.quantity).symbol,
            "period": correction.period,
            "time": ms(correction.time),
            "former": correction.former,
            "value": correction.value,
        }
    if file is not None:
        words = (f"导入 {file.name}", f"{file.name} was imported")
        return {
            "kind": "file",
            "zh": words[0],
            "en": words[1],
            "author": file.author,
            "before": ms(file.received_at) - 1,
        }
    return {
        "kind": "code",
        "zh": "重新计算",
        "en": "it was computed anew",
        "author": "",
        "before": None,
    }


def _site_names(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    if not keys:
        return {}
    rows = sites().filter(pl.col("site").is_in(keys)).select("site", "name_zh", "name_en")
    return {key: (zh, en or zh) for key, zh, en in rows.rows()}
