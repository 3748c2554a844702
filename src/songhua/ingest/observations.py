"""Observations that programs say in JSON: read columnwise, judged row by row with a reason.

One way for HTTP, MQTT and polled instruments. Pure: what a source may speak of is handed in, and
so is the instant, so that a replay of the journal judges as the first reading did.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from songhua.ingest.files.faults import WORDS as FILE_WORDS
from songhua.ingest.files.faults import Fault
from songhua.ingest.files.values import converted, judged
from songhua.model import BEIJING, BadInput
from songhua.standards import QUANTITIES

KIND = "observations"
MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 100_000
PERIODS = ("realtime", "minute", "hour", "day")

WORDS: Mapping[str, tuple[str, str]] = {
    **{fault.value: words for fault, words in FILE_WORDS.items()},
    Fault.CONFLICT.value: ("同一时刻另有数值", "another value for the same instant"),
    "outside_scope": ("点位不在该来源的范围内", "the site is outside the scope of the source"),
    "unknown_period": ("未知的时段", "unknown period"),
    "stale_value": ("读数长时间不变", "the reading has not changed for too long"),
    "unreadable": ("报文无法读出", "the message could not be read"),
}
"""Why a row is set aside: Chinese, English."""

_SKEW = timedelta(minutes=5)
"""A source's clock may be ahead by so much."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=BEIJING)
_MOST_RAW = 500
_MOST_TEXT = 64
_TEXTS = ("site", "quantity", "period", "time", "unit", "mark", "aside")
_KEY = ("site", "quantity", "period", "time")
_UTC = pl.Datetime("us", "UTC")

_CODES = {code: key for key, one in QUANTITIES.items() for code in (key, *one.codes)}
"""Our keys, and the codes of HJ 212 → our keys."""

ROWS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "row": pl.UInt32,
    "site": pl.String,
    "quantity": pl.String,
    "period": pl.String,
    "time": _UTC,
    "value": pl.Float64,
    "mark": pl.String,
}


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that is set aside. `row` counts from 1; 0 is the whole message."""

    row: int
    reason: str
    detail_zh: str
    detail_en: str
    raw: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says.

    Parameters
    ----------
    rows
        row, site, quantity, period, time, value, mark: no value twice.
    aside
        The rows that cannot be used.
    repeated
        How many rows said the same once more.
    """

    rows: pl.DataFrame
    aside: tuple[Aside, ...] = ()
    repeated: int = 0


def parse(body: bytes) -> list[Any]:
    """Return the rows of a message as they were sent.

    Raises
    ------
    BadInput
        If it is no such message, or too large.
    """
    if len(body) > MOST_BYTES:
        most = MOST_BYTES // 2**20
        raise BadInput(f"报文超过 {most} MiB。", f"The message is larger than {most} MiB.")
    try:
        whole = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise BadInput("不是 UTF-8 的 JSON。", "This is not JSON in UTF-8.") from fault
    rows = whole.get("observations") if isinstance(whole, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadInput(
            '应为 {"observations": [ … ]}，至少一行。',
            'Send {"observations": [ … ]} with at least one row.',
        )
    if len(rows) > MOST_ROWS:
        raise BadInput(f"一次最多 {MOST_ROWS} 行。", f"At most {MOST_ROWS} rows at once.")
    return rows


def read(
    body: bytes,
    *,
    may_speak: Callable[[str], bool],
    known: frozenset[str],
    now: datetime,
    site: str = "",
    polled: bool = False,
) -> Said:
    """Return what a message says; one that cannot be read is set aside as a whole.

    Parameters
    ----------
    may_speak
        Whether the source may speak for a registered site.
    known
        Every registered site.
    now
        When it came.
    site
        The site of rows that name none.
    polled
        True where the platform itself read the instrument: a row may then name its own fault.
    """
    try:
        sent = parse(body)
    except BadInput as fault:
        zh, en = WORDS["unreadable"]
        raw = shown(body[: 4 * _MOST_RAW].decode("utf-8", "backslashreplace"))
        whole = Aside(0, "unreadable", f"{zh}：{fault.zh}", f"{en}: {fault.en}", raw)
        return Said(pl.DataFrame(schema=ROWS), (whole,))
    cells = _cells(sent, site)
    spoken = {one for one in cells["site"].unique() if one in known and may_speak(one)}
    marked = _judged(cells, known, spoken, now, polled=polled)
    good = marked.filter(pl.col("reason").is_null()).select(list(ROWS))
    rows, repeated = _once(good)
    conflicts = repeated.filter(pl.col("differs"))
    bad = pl.concat(
        [
            marked.filter(pl.col("reason").is_not_null()).select("row", "reason", "what"),
            conflicts.select("row", reason=pl.lit(Fault.CONFLICT.value), what=pl.lit("")),
        ]
    ).sort("row")
    aside = tuple(_aside(sent, *one) for one in bad.iter_rows())
    return Said(rows, aside, repeated.height - conflicts.height)


def shown(text: str) -> str:
    """Return a text as the register keeps it: short, and without what databases refuse."""
    return text.replace("\x00", "\\x00")[:_MOST_RAW].encode("utf-8", "backslashreplace").decode()


def _cells(sent: Sequence[Any], site: str) -> pl.DataFrame:
    """Return one column a field; what is of a wrong type is empty, or no number."""
    rows = [one if isinstance(one, dict) else {} for one in sent]
    columns: dict[str, Any] = {name: [_text(one.get(name)) for one in rows] for name in _TEXTS}
    values = [one.get("value") for one in rows]
    numbers = [_number(value) for value in values]
    frame = pl.DataFrame(
        {
            "row": range(1, len(rows) + 1),
            **columns,
            "value": numbers,
            "missing": [
                value is None and "value" in one for value, one in zip(values, rows, strict=True)
            ],
            "text": [str(value)[:_MOST_TEXT] for value in values],
        },
        schema_overrides={
            "row": pl.UInt32,
            "value": pl.Float64,
            **dict.fromkeys(_TEXTS, pl.String),
        },
    )
    named = pl.when(pl.col("site") == "").then(pl.lit(site)).otherwise("site")
    period = pl.when(pl.col("period") == "").then(pl.lit("hour")).otherwise("period")
    mark = pl.when(pl.col("mark") == "N").then(pl.lit("")).otherwise("mark")
    return frame.with_columns(site=named, period=period, mark=mark)


def _judged(
    cells: pl.DataFrame, known: frozenset[str], spoken: set[str], now: datetime, *, polled: bool
) -> pl.DataFrame:
    """Return the cells with `reason`, null where a row is good, and `what`, the text at fault."""
    instants = {
        (text, period): _instant(text, period)
        for text, period in cells.select("time", "period").unique().iter_rows()
    }
    times = [instants[pair] for pair in cells.select("time", "period").iter_rows()]
    is_known = pl.col("site").is_in(list(known))
    asked = cells.select(
        "row",
        site=pl.when(is_known).then("site"),
        quantity=pl.col("quantity").replace_strict(_CODES, default=None, return_dtype=pl.String),
        time=pl.Series(times, dtype=_UTC),
        value="value",
        mark="mark",
        unit="unit",
        text="text",
        missing="missing",
    )
    found = judged(converted(asked), now=now + _SKEW)
    period = cells["period"]
    named = cells["aside"] if polled else pl.Series([""] * cells.height, dtype=pl.String)
    first = found.with_columns(
        period=period,
        reason=pl.when(~period.is_in(PERIODS))
        .then(pl.lit("unknown_period"))
        .when(pl.col("fault") == Fault.UNKNOWN_SITE.value)
        .then("fault")
        .when(~pl.col("site").is_in(list(spoken)))
        .then(pl.lit("outside_scope"))
        .when(named.is_in(list(WORDS)))
        .then(named)
        .otherwise("fault"),
    )
    reason = pl.col("reason")
    what = (
        pl.when(reason == "unknown_period")
        .then(period)
        .when(reason.is_in([Fault.UNKNOWN_SITE.value, "outside_scope"]))
        .then(cells["site"])
        .when(reason == Fault.UNKNOWN_QUANTITY.value)
        .then(cells["quantity"])
        .when(reason.is_in([Fault.BAD_TIME.value, Fault.FUTURE_TIME.value]))
        .then(cells["time"])
        .when(reason == Fault.WRONG_UNIT.value)
        .then(cells["unit"])
        .otherwise("what")
    )
    return first.with_columns(what=what)


def _once(good: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return each value once, and the rows that said it again with whether they `differs`."""
    first = good.unique(_KEY, keep="first", maintain_order=True)
    again = good.join(first.select("row"), on="row", how="anti")
    was = first.select(*_KEY, was=pl.col("value"), was_mark=pl.col("mark"))
    told = again.join(was, on=_KEY, how="left")
    same = pl.col("value").eq_missing(pl.col("was")) & (pl.col("mark") == pl.col("was_mark"))
    return first, told.with_columns(differs=~same)


def _aside(sent: Sequence[Any], row: int, reason: str, what: str | None) -> Aside:
    zh, en = WORDS[reason]
    raw = json.dumps(sent[row - 1], ensure_ascii=False, default=str)
    text = shown(what or "")
    return Aside(
        row,
        reason,
        f"{zh}：{text}" if text else zh,
        f"{en}: {text}" if text else en,
        shown(raw),
    )


def _instant(text: str, period: str) -> datetime | None:
    """Return the start of an interval in UTC, None where a text names none."""
    try:
        at = datetime.fromisoformat(text) if len(text) >= len("2026-01-01") else None
    except ValueError:
        return None
    if at is None:
        return None
    try:
        local = (at if at.tzinfo else at.replace(tzinfo=BEIJING)).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None
    if local < _EARLIEST or not _is_start(local, period):
        return None
    return local.replace(microsecond=0).astimezone(UTC)


def _is_start(at: datetime, period: str) -> bool:
    if period == "realtime":
        return True
    whole = at.second == 0 and at.microsecond == 0
    if period in {"hour", "day"}:
        whole = whole and at.minute == 0
    return whole and (period != "day" or at.hour == 0)


def _text(value: Any) -> str:
    return value.strip()[:_MOST_TEXT] if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return number


def _no_constant(name: str) -> float:
    raise ValueError(name)
