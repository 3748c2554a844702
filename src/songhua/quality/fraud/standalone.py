"""A file in, leads out: no store, no server."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import polars as pl

from songhua.model import BadInput
from songhua.quality.fraud.find import USUAL_SCORE, find
from songhua.quality.fraud.lead import KINDS, Lead
from songhua.quality.fraud.panel import Event, Panel
from songhua.quality.standalone import read_rows, read_table, time_of

_MOST_BYTES = 2_000_000_000


def fraud_file(
    source: Path,
    out: Path,
    *,
    medium: str = "air",
    least: float = USUAL_SCORE,
    places: Path | None = None,
    limits: Path | None = None,
    events: Path | None = None,
) -> list[Lead]:
    """Look for leads in a file and write them.

    Parameters
    ----------
    source
        CSV or Parquet: ``site time quantity value``, or a column for each quantity (names of the
        platform's list, or any with ``quantity value``). Declared state and power go in as the
        quantities ``running`` (1 or 0) and ``power``; oxygen and flow as ``o2`` and ``flow``.
    out
        ``.json`` (with the evidence) or ``.csv``.
    places
        CSV: ``site`` with ``lon lat``, or ``upstream``.
    limits
        CSV: ``quantity limit``.
    events
        CSV: ``site what start end``, of ``setting`` or ``inspection``.

    Raises
    ------
    BadInput
        If a file cannot be read or holds what is impossible.
    """
    if source.exists() and source.stat().st_size > _MOST_BYTES:
        raise BadInput("文件超过 2 GB。", "The file is over 2 GB.")
    if not 0 < least < 1:
        raise BadInput("分数须在 0 与 1 之间。", "The score must lie between 0 and 1.")
    panel = Panel.of_frame(
        read_rows(source),
        places=None if places is None else _places(places),
        limits=None if limits is None else _limits(limits),
    )
    if events is not None:
        panel = replace(panel, events=_events(events))
    leads = find(panel, medium=medium, least=least)
    if out.suffix == ".json":
        told = [_told(lead) | {"evidence": _drawn(lead)} for lead in leads]
        out.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    else:
        _table(leads).write_csv(out)
    return leads


def _told(lead: Lead) -> dict[str, object]:
    zh, en = KINDS[lead.kind]
    return {
        "kind": lead.kind,
        "kind_zh": zh,
        "kind_en": en,
        "also": list(lead.also),
        "sites": list(lead.sites),
        "quantity": lead.quantity,
        "start": _stamp(lead.start),
        "end": _stamp(lead.end),
        "score": round(lead.score, 4),
        "numbers": lead.numbers,
        "excused": lead.excused,
        "innocent": [
            {
                "key": reason.key,
                "zh": reason.zh,
                "en": reason.en,
                "holds": reason.holds,
                "number": None if reason.number != reason.number else round(reason.number, 4),
            }
            for reason in lead.innocent
        ],
    }


def _drawn(lead: Lead) -> dict[str, list[object]]:
    frame = lead.evidence.with_columns(
        pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m-%dT%H:%M:%S%:z"),
        pl.col("value", "reference").fill_nan(None),
    )
    return frame.to_dict(as_series=False)


def _table(leads: Iterable[Lead]) -> pl.DataFrame:
    rows = []
    for lead in leads:
        numbers = " ".join(f"{key}={number:g}" for key, number in lead.numbers.items())
        tested = " ".join(
            f"{reason.key}={'holds' if reason.holds else 'no'}({reason.number:.3g})"
            for reason in lead.innocent
        )
        rows.append(
            (
                lead.kind,
                " ".join(lead.sites),
                lead.quantity,
                _stamp(lead.start),
                _stamp(lead.end),
                round(lead.score, 4),
                lead.excused,
                " ".join(lead.also),
                numbers,
                tested,
            )
        )
    names = ["kind", "sites", "quantity", "start", "end", "score", "excused", "also"]
    names += ["numbers", "innocent"]
    kinds = [pl.String] * 5 + [pl.Float64, pl.Boolean] + [pl.String] * 3
    return pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")


def _stamp(at: int) -> str:
    told = pl.Series([at]).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Asia/Shanghai")
    return str(told.dt.strftime("%Y-%m-%dT%H:%M:%S%:z")[0])


def _needs(table: pl.DataFrame, path: Path, *names: str) -> None:
    missing = [name for name in names if name not in table.columns]
    if missing:
        told = ", ".join(missing)
        raise BadInput(f"{path.name} 缺少列：{told}", f"{path.name} lacks the columns: {told}")


def _places(path: Path) -> pl.DataFrame:
    table = read_table(path)
    _needs(table, path, "site")
    if not {"lon", "lat"} <= set(table.columns) and "upstream" not in table.columns:
        raise BadInput(
            "坐标文件须有 lon、lat 或 upstream 列。", "Places need lon and lat, or upstream."
        )
    return table.with_columns(pl.col("^(lon|lat)$").cast(pl.Float64, strict=False))


def _limits(path: Path) -> dict[str, float]:
    table = read_table(path)
    _needs(table, path, "quantity", "limit")
    found = {}
    for quantity, limit in table.select("quantity", "limit").iter_rows():
        try:
            found[str(quantity)] = float(limit)
        except (TypeError, ValueError):
            found[str(quantity)] = 0.0
        if not 0 < found[str(quantity)] < float("inf"):
            raise BadInput(f"{quantity} 的限值无效：{limit}", f"No limit for {quantity}: {limit}")
    return found


def _events(path: Path) -> tuple[Event, ...]:
    table = read_table(path)
    _needs(table, path, "site", "what", "start")
    if "end" not in table.columns:
        table = table.with_columns(end=pl.col("start"))
    wrong = table.filter(~pl.col("what").is_in(["setting", "inspection"]))
    if wrong.height:
        what = wrong["what"][0]
        raise BadInput(
            f"事件须为 setting 或 inspection：{what}", f"An event is setting or inspection: {what}"
        )
    stamps = {name: _times(table, name) for name in ("start", "end")}
    return tuple(
        Event(site, what, start, end)
        for site, what, start, end in zip(
            table["site"], table["what"], stamps["start"], stamps["end"], strict=True
        )
        if start is not None and end is not None
    )


def _times(table: pl.DataFrame, name: str) -> list[int | None]:
    """Return a column of times as µs since 1970; null where they cannot be read."""
    times = table.select(pl.col(name).alias("time"))
    return times.select(time_of(times.schema["time"]).dt.epoch("us")).to_series().to_list()
