"""The values of one site and quantity: whole for a chart, one by one for a table."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from songhua.api.reviews import MOST
from songhua.api.v1.asked import moment
from songhua.api.v1.review.evidence import in_words, rules_by_name
from songhua.model import BadInput, Period
from songhua.standards import quantity, station_marks
from songhua.store import shelf

STEPS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
CALIBRATIONS = ("PZ", "PS", "AS", "CZ", "CS")
"""Marks of checks and calibrations, as stations send them: what was read is no air."""
MOST_STEPS = 4_000_000
"""Of one chart: seven and a half years of minutes."""


def span_asked(period: str, start: str, to: str) -> Period:
    """Return the span of a chart, in whole steps.

    Raises
    ------
    BadInput
        If the period is unknown, or the span empty or too long.
    """
    if period not in STEPS:
        names = "、".join(STEPS)
        raise BadInput(f"period 只能是 {names}。", f"period is one of {', '.join(STEPS)}.")
    step = STEPS[period]
    first, last = moment(start, name="from"), moment(to, name="to", closes=True)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + (first - midnight) // step * step
    steps = -((first - last) // step)
    if steps <= 0:
        raise BadInput("终止时间必须晚于起始时间。", "The span must end after it starts.")
    if steps > MOST_STEPS:
        raise BadInput(
            f"一次最多 {MOST_STEPS:,} 个时刻，请缩短时段。",
            f"At most {MOST_STEPS:,} steps at once.",
        )
    return Period(first.astimezone(UTC), (first + steps * step).astimezone(UTC))


def course(site: str, name: str, period: str, span: Period) -> bytes:
    """Return a series as bytes: how long the head is, the head (JSON), then three arrays.

    Little-endian. The length is a uint32; the head is padded so that what follows lies at a
    multiple of four: float32 values (NaN where none), uint8 verdicts (3 suspect, 4 fail), uint8
    places in the head's list of marks; one each a step.
    """
    asked = {"period": period, "span": span, "site": site, "quantity": name}
    rows, judged = shelf().course(**asked), shelf().judged(**asked)  # type: ignore[arg-type]
    step = STEPS[period]
    count = (span.end - span.start) // step
    values = np.full(count, np.nan, "<f4")
    places = _places(rows["time"], span.start, step)
    within = (places >= 0) & (places < count)
    values[places[within]] = rows["value"].to_numpy()[within]
    marks = ["", *sorted(set(rows["mark"].unique()) - {""})]
    number = {mark: place for place, mark in enumerate(marks)}
    said = np.zeros(count, np.uint8)
    codes = rows["mark"].replace_strict(number, return_dtype=pl.UInt8).to_numpy()
    said[places[within]] = codes[within]
    verdicts = np.zeros(count, np.uint8)
    at = _places(judged["time"], span.start, step)
    inside = (at >= 0) & (at < count)
    verdicts[at[inside]] = judged["verdict"].to_numpy()[inside]
    told = _head(site, name, span, step, count, marks)
    told["seen"] = rows["revision"].max() or 0
    head = json.dumps(told, ensure_ascii=False).encode()
    head += b" " * (-len(head) % 4)
    length = np.array([len(head)], "<u4")
    return b"".join((length.tobytes(), head, values.tobytes(), verdicts.tobytes(), said.tobytes()))


def _head(
    site: str, name: str, span: Period, step: timedelta, count: int, marks: list[str]
) -> dict[str, Any]:
    one, words = quantity(name), station_marks()
    return {
        "site": site,
        "quantity": name,
        "symbol": one.symbol,
        "zh": one.name_zh,
        "en": one.name_en,
        "unit": one.unit,
        "places": one.places,
        "from": round(span.start.timestamp() * 1000),
        "step": step // timedelta(milliseconds=1),
        "count": count,
        "marks": [_mark(mark, words) for mark in marks],
    }


def _mark(mark: str, words: Mapping[str, Any]) -> dict[str, Any]:
    known = words.get(mark)
    return {
        "mark": mark,
        "zh": (known.name_zh if known else "") or mark,
        "en": known.name_en if known else mark,
        "valid": bool(known and known.valid),
        "check": mark in CALIBRATIONS,
    }


def values(
    site: str, name: str, period: str, span: Period, *, least: int = 0, check: str = ""
) -> dict[str, Any]:
    """Return values one by one, with revision, verdict and evidence.

    Parameters
    ----------
    least
        3 for those that are suspect or worse, 4 for those that fail, 0 for all.
    check
        Only what this check says.

    Raises
    ------
    BadInput
        If there are more than one act may touch.
    """
    rows = shelf().observations(period=period, span=span, sites=[site], quantities=[name])
    judged = shelf().judged(period=period, span=span, site=site, quantity=name)
    found = rows.join(judged, on="time", how="left")
    if least or check:
        found = found.filter(pl.col("verdict").fill_null(0) >= max(least, 3))
    if check:
        found = found.filter(
            pl.col("evidence")
            .str.split(" ")
            .list.eval(pl.element().str.starts_with(f"{check}="))
            .list.any()
        )
    if found.height > MOST:
        raise BadInput(
            f"选中 {found.height:,} 个值，一次最多 {MOST:,} 个，请缩小范围。",
            f"{found.height:,} values are selected; at most {MOST:,} at once.",
        )
    known = rules_by_name()
    told = {text: in_words(text, known) for text in found["evidence"].drop_nulls().unique()}
    return {
        "site": site,
        "quantity": name,
        "period": period,
        "time": found["time"].dt.epoch("ms").to_list(),
        "value": found["value"].to_list(),
        "mark": found["mark"].to_list(),
        "revision": found["revision"].to_list(),
        "reason": found["reason"].to_list(),
        "author": found["author"].to_list(),
        "verdict": found["verdict"].fill_null(0).to_list(),
        "evidence": [told.get(text or "", []) for text in found["evidence"].to_list()],
    }


def _places(times: pl.Series, start: datetime, step: timedelta) -> NDArray[np.int64]:
    since = times.dt.epoch("us").to_numpy() - round(start.timestamp() * 1_000_000)
    found: NDArray[np.int64] = since // (step // timedelta(microseconds=1))
    return found
