"""What changed, in words: a line a result, with the numbers as they are published."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from songhua.api.v1.why.past import INDEX_FIGURES, SUMMARY_FIGURES
from songhua.model import BEIJING, Period
from songhua.standards import quantity
from songhua.store import Shelf
from songhua.store.registry.sites import region_names, sites

PERIODS = {
    "hour": ("小时", "hour"),
    "day": ("日", "day"),
    "month": ("月", "month"),
    "quarter": ("季", "quarter"),
    "year": ("年", "year"),
}
_INDEX = {"primary": ("首要污染物", "primary"), **INDEX_FIGURES}
_COUNTS = {"aqi", "composite", "rank", "good_days"}


def told(
    shelf: Shelf, changed: pl.DataFrame, *, before: datetime, after: datetime | None = None
) -> list[dict[str, Any]]:
    """Return what one cause changed, a line a result.

    Where AQI, composite index and rank stayed, the line names what changed beneath them; a result
    of which a reader sees no other number has no line.

    Parameters
    ----------
    changed
        Rows of `Shelf.changes`.
    before, after
        Instants of the two states to compare: just before the cause worked, and after it; None
        for now.

    Returns
    -------
    list of dict
        zh and en, and period, scope, subject and time of the result.
    """
    names = dict(region_names().select("code", "short_zh").iter_rows())
    names |= dict(sites().select("site", "name_zh").iter_rows())
    lines = []
    for (table, period, scope), part in changed.group_by(
        "table", "period", "scope", maintain_order=True
    ):
        which = (str(table), str(period), str(scope))
        beneath = _beneath(shelf, part, which, (before, after))
        for row in part.to_dicts():
            said = _headline(row) or beneath.get((row["subject"], row["time"]), [])
            if said:
                lines.append(_line(row, names.get(row["subject"], row["subject"]), said))
    return lines


def _headline(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Return how AQI or composite index and rank changed; nothing where they did not."""
    said = []
    if row["former"] != row["value"]:
        figure = ("AQI", "AQI") if row["table"] == "air_index" else ("综合指数", "composite index")
        said.append(_turned(figure, _shown(row["former"]), _shown(row["value"])))
    if row["former_rank"] != row["rank"]:
        rank = (_shown(row["former_rank"]), _shown(row["rank"]))
        said.append(_turned(("名次", "rank"), *rank))
    return said


def _beneath(
    shelf: Shelf,
    changed: pl.DataFrame,
    which: tuple[str, str, str],
    states: tuple[datetime, datetime | None],
) -> dict[tuple[str, datetime], list[tuple[str, str]]]:
    """Return which published numbers changed, by subject and time, where no headline did."""
    quiet = changed.filter(
        pl.col("former").eq_missing(pl.col("value")),
        pl.col("former_rank").eq_missing(pl.col("rank")),
    )
    if quiet.is_empty():
        return {}
    table, period, scope = which
    load = shelf.air_index if table == "air_index" else shelf.air_summary
    times = quiet["time"].to_list()
    span = Period(min(times), max(times) + timedelta(seconds=1))
    subjects = quiet["subject"].unique().to_list()
    before, after = (
        {
            (row["subject"], row["time"]): row
            for row in load(
                period=period, scope=scope, span=span, subjects=subjects, as_of=as_of
            ).to_dicts()
        }
        for as_of in states
    )
    keys = quiet.select("subject", "time").rows()
    return {key: _numbers(before[key], after[key]) for key in keys if key in before}


def _numbers(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    said = []
    for name, words in (_INDEX if "primary" in before else SUMMARY_FIGURES).items():
        former, value = _published(name, before[name]), _published(name, after[name])
        if former != value:
            said.append(_turned(words, former, value))
    return said


def _published(name: str, value: Any) -> str:
    """Return a number with the decimals it is published with; symbols for pollutants' keys."""
    if name == "primary":
        return "+".join(quantity(key).symbol for key in value.split("+") if key) or "—"
    if value is None or name in _COUNTS:
        return _shown(value)
    key = name.partition("_p9")[0]
    known = quantity("o3_8h" if key == "o3" and key != name else key)
    return f"{value:.{known.places}f}"


def _line(row: dict[str, Any], name: str, said: list[tuple[str, str]]) -> dict[str, Any]:
    zh, en = PERIODS[row["period"]]
    at: datetime = row["time"].astimezone(BEIJING)
    when = f"{at:%Y-%m-%d %H}时" if row["period"] == "hour" else f"{at:%Y-%m-%d}"
    return {
        "zh": f"{name} {when} {zh}" + "，".join(one for one, _ in said),
        "en": f"{row['subject']} {en} " + ", ".join(one for _, one in said),
        **{name: row[name] for name in ("period", "scope", "subject", "time")},
    }


def _turned(words: tuple[str, str], before: str, after: str) -> tuple[str, str]:
    zh, en = words
    return f"{zh} {before} → {after}", f"{en} {before} → {after}"


def _shown(value: float | None) -> str:
    return "—" if value is None else f"{value:g}"
