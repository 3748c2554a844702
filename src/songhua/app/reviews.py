"""Reviews: checked against what the reviewer saw, on record, then a new revision of every value."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from django.db import transaction

from songhua.api.reviews import KIND, MOST, MOST_DAYS, ReviewOrder, ReviewStale, site_days, states
from songhua.app.drift import corrected, drift_body, drift_words
from songhua.app.imports import Applied
from songhua.assess.job import Affected
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import REVIEW_LEVELS, REVIEW_MARKS, review_reasons
from songhua.store import Entry, Journal, Shelf
from songhua.store.registry.models import ReviewAct, ReviewDay, ReviewTouch

_KEY = ["site", "quantity", "time"]
_LENGTH = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
_WORDS = {"valid": "有效", "questionable": "存疑", "invalid": "无效"}
_LONGEST = 500
_SHORTEST = 2


def receive(journal: Journal, shelf: Shelf, order: ReviewOrder) -> Entry:
    """Check an act against the present and keep it in the journal.

    Called by who holds the work, so that nothing changes between check and record.

    Raises
    ------
    ReviewStale
        If a value is no longer what the reviewer saw.
    BadInput
        If the act cannot be.
    """
    _check(order)
    body: dict[str, Any] = {
        "act": order.act,
        "level": order.level,
        "verdict": order.verdict,
        "reason": order.reason,
        "words": _plain(order.words),
        "author": order.author,
        "period": order.period,
    }
    if order.act in ("confirm", "return"):
        _check_days(order)
        body |= {"days": [[site, day.isoformat()] for site, day in order.days], "to": order.to}
    else:
        rows = changed_rows(journal, shelf, order)
        _check_level(rows, order.level)
        body |= {"values": _written(rows), "of": order.of, "said": _said(body, order)}
        if order.drift is not None:
            body["drift"] = drift_body(order.drift)
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    meta = {"author": order.author, "act": order.act, "level": order.level}
    return journal.append(KIND, raw, meta)


def apply_review(
    journal: Journal, shelf: Shelf, entry: Entry, report: Callable[[Mapping[str, Any]], None]
) -> Applied:
    """Bring an act onto the shelf and into the register; safe to repeat."""
    del report
    body = json.loads(journal.read(entry.seq))
    if body["act"] in ("confirm", "return"):
        days = [(site, date.fromisoformat(day), 0) for site, day in body["days"]]
        _note(entry, body, days, 0)
        return Applied({"revision": entry.seq, "days": len(days)}, None)
    rows = _read(body["values"])
    told = rows.select(
        *_KEY,
        "value",
        "mark",
        pl.lit(body["period"]).alias("period"),
        pl.lit(entry.seq).alias("revision"),
        pl.lit(body["said"]).alias("reason"),
        pl.lit(body["author"]).alias("author"),
        pl.lit(entry.time).alias("recorded_at"),
    )
    shelf.save_observations(told)
    _note(entry, body, site_days(rows), rows.height)
    first, last = rows.select(pl.col("time").min(), pl.col("time").max().alias("last")).row(0)
    span = Period(first, last + _LENGTH[body["period"]])
    sites = tuple(rows["site"].unique().sort())
    return Applied({"revision": entry.seq, "values": rows.height}, Affected(sites, span, entry.seq))


def changed_rows(journal: Journal, shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    """Return what a mark, restore or undo would make of its values, for a preview.

    Returns
    -------
    DataFrame
        site, quantity, time, value, mark: as they would be; was_value, was_mark, was: the value,
        mark and revision now.
    """
    if order.act not in _DO:
        raise BadInput("没有可预览的。", "There is nothing to preview.")
    if order.act == "undo":
        order = replace(order, values=_values_of(journal, order.of))
    return _DO[order.act](shelf, order)


# What the acts do


def _mark(shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    if order.verdict not in REVIEW_MARKS:
        raise BadInput("请选择有效、存疑或无效。", "Choose valid, questionable or invalid.")
    now = _now(shelf, order)
    mark = REVIEW_MARKS[order.verdict]
    if order.verdict == "valid" and now["value"].null_count():
        raise BadInput("没有值的不能标为有效。", "What has no value cannot be marked valid.")
    left = now.filter(pl.col("was_mark") != mark)
    if left.is_empty():
        raise BadInput("这些值已经这样标记。", "These values already carry this mark.")
    return left.with_columns(mark=pl.lit(mark))


def _correct(shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    return corrected(_now(shelf, order), order.drift)


def _restore(shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    now = _now(shelf, order)
    return _turned_back(now, _before(shelf, now, order.period, None))


def _undo(shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    now = _now(shelf, order)
    return _turned_back(now, _before(shelf, now, order.period, [order.of]))


def _values_of(journal: Journal, seq: int) -> pl.DataFrame:
    """Return the values of an act as it left them: another's later change is told, not undone."""
    if not ReviewAct.objects.filter(
        journal_seq=seq, act__in=("mark", "correct", "restore")
    ).exists():
        raise BadInput("没有这个可撤销的动作。", "There is no such act to undo.")
    rows = _read(json.loads(journal.read(seq))["values"])
    return rows.select(*_KEY, revision=pl.lit(seq, pl.UInt64))


_DO = {"mark": _mark, "correct": _correct, "restore": _restore, "undo": _undo}


def _now(shelf: Shelf, order: ReviewOrder) -> pl.DataFrame:
    """Return the present state of an order's values; raise when one is not what was seen."""
    values = order.values
    if values is None or values.is_empty():
        raise BadInput("请先选中数值。", "Select values first.")
    if values.height > MOST:
        raise BadInput(f"一次最多 {MOST:,} 个值，请缩小范围。", f"At most {MOST:,} values at once.")
    found = shelf.observations(
        period=order.period,
        span=_span(values),
        sites=values["site"].unique().to_list(),
        quantities=values["quantity"].unique().to_list(),
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
    now = values.unique(_KEY).join(found, on=_KEY, how="left", suffix="_now")
    if gone := now["revision_now"].null_count():
        raise BadInput(
            f"有 {gone} 个时刻没有数据，不能标记。", f"{gone} of these times have no data."
        )
    named = now.select(
        *_KEY,
        "value",
        "mark",
        was_value=pl.col("value"),
        was_mark=pl.col("mark"),
        was=pl.col("revision_now"),
        seen=pl.col("revision"),
        author="author",
        reason="reason",
        recorded_at="recorded_at",
    ).sort(_KEY)
    moved = named.filter((pl.col("seen") > 0) & (pl.col("was") != pl.col("seen")))
    if order.seen:
        moved = named.filter(pl.col("was") > order.seen)
    if not moved.is_empty():
        raise ReviewStale(moved)
    return named


def _before(
    shelf: Shelf, now: pl.DataFrame, period: str, without: list[int] | None
) -> pl.DataFrame:
    """Return the values as they would be without some acts, or without any review."""
    if without is None:
        first, last = now.select(pl.col("time").min(), pl.col("time").max().alias("last")).row(0)
        touching = ReviewTouch.objects.filter(
            site__in=now["site"].unique().to_list(),
            day__gte=first.astimezone(BEIJING).date(),
            day__lte=last.astimezone(BEIJING).date(),
        )
        without = list(touching.values_list("act_id", flat=True).distinct())
    return shelf.before(
        without,
        period=period,
        span=_span(now),
        sites=now["site"].unique().to_list(),
        quantities=now["quantity"].unique().to_list(),
    ).select(pl.col("time").cast(pl.Datetime("us", "UTC")), "site", "quantity", "value", "mark")


def _turned_back(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    found = now.drop("value", "mark").join(before, on=_KEY, how="inner")
    left = found.filter(
        pl.col("mark").ne_missing(pl.col("was_mark"))
        | pl.col("value").ne_missing(pl.col("was_value"))
    )
    if left.is_empty():
        raise BadInput("这些值没有可恢复的。", "There is nothing to bring back.")
    return left.sort(_KEY)


# What must hold


def _check(order: ReviewOrder) -> None:
    if order.level not in REVIEW_LEVELS:
        raise BadInput("审核级别只能是 1、2、3。", "The level of review is 1, 2 or 3.")
    if order.period not in _LENGTH:
        raise BadInput("时段只能是 day、hour、minute。", "The period is day, hour or minute.")
    if order.act not in (*_DO, "confirm", "return"):
        raise BadInput("没有这个动作。", "There is no such act.")
    words = _plain(order.words)
    if len(words) > _LONGEST:
        raise BadInput(f"说明最多 {_LONGEST} 字。", f"At most {_LONGEST} characters.")
    if order.act == "mark":
        _check_reason(order, words)
    elif order.act != "confirm" and len(words) < _SHORTEST:
        raise BadInput("请写明缘由或意见。", "Say why, or give the opinion.")


def _check_reason(order: ReviewOrder, words: str) -> None:
    known = review_reasons(datetime.now(BEIJING).date())
    reason = known.get(order.reason)
    if reason is None:
        raise BadInput("请从列表中选一个原因。", "Choose a reason from the list.")
    if order.verdict in REVIEW_MARKS and order.verdict not in reason.verdicts:
        raise BadInput(
            f"“{reason.zh}”不能作为标为{_WORDS[order.verdict]}的原因。",
            f"“{reason.en}” is no reason to mark a value {order.verdict}.",
        )
    if len(words) < reason.words:
        raise BadInput(
            f"“{reason.zh}”需要至少 {reason.words} 字的说明。",
            f"“{reason.en}” needs at least {reason.words} characters of explanation.",
        )


def _check_level(rows: pl.DataFrame, level: int) -> None:
    """Raise where a higher level has confirmed already: it must return the day first."""
    for (site, day), state in states((s, d) for s, d, _ in site_days(rows)).items():
        if state.level > level:
            raise BadInput(
                f"{site} {day} 已由第 {state.level} 级确认，须先退回。",
                f"{site} {day} was confirmed at level {state.level}: it must be returned first.",
            )


def _check_days(order: ReviewOrder) -> None:
    if not 0 < len(order.days) <= MOST_DAYS:
        raise BadInput(
            f"一次 1 至 {MOST_DAYS} 个点位日。", f"One to {MOST_DAYS} site-days at once."
        )
    known = states(order.days)
    for site, day in order.days:
        state = known.get((site, day)) or ReviewDay(site=site, day=day)
        if order.act == "confirm":
            _check_confirm(state, order)
        else:
            _check_return(state, order)


def _check_confirm(state: ReviewDay, order: ReviewOrder) -> None:
    name = f"{state.site} {state.day}"
    if state.level != order.level - 1:
        raise BadInput(
            f"{name} 已审至第 {state.level} 级，不能作第 {order.level} 级确认。",
            f"{name} stands at level {state.level}: level {order.level} cannot confirm it.",
        )
    former = [getattr(state, f"by_{level}") for level in range(1, order.level)]
    if order.author in former:
        raise BadInput(
            f"{name} 的前一级是您本人确认的，各级须由不同的人审核。",
            f"You confirmed {name} at a lower level: levels are reviewed by different people.",
        )
    if state.day >= datetime.now(BEIJING).date():
        raise BadInput(f"{name} 还没有结束。", f"{name} is not over yet.")


def _check_return(state: ReviewDay, order: ReviewOrder) -> None:
    if not 0 < order.to <= state.level or order.to >= order.level or state.level > order.level:
        raise BadInput(
            f"{state.site} {state.day} 审至第 {state.level} 级，"
            f"第 {order.level} 级不能退回给第 {order.to} 级。",
            f"{state.site} {state.day} stands at level {state.level}: "
            f"level {order.level} cannot return it to level {order.to}.",
        )


# The register


@transaction.atomic
def _note(
    entry: Entry, body: Mapping[str, Any], days: list[tuple[str, date, int]], values: int
) -> None:
    act, _ = ReviewAct.objects.update_or_create(
        journal_seq=entry.seq,
        defaults={
            **{name: body[name] for name in ("act", "level", "verdict", "reason", "words")},
            "author": body["author"],
            "at": entry.time,
            "values": values,
            "of": body.get("of") or None,
        },
    )
    touches = [ReviewTouch(act=act, site=site, day=day, values=n) for site, day, n in days]
    ReviewTouch.objects.bulk_create(touches, batch_size=500, ignore_conflicts=True)
    known = states((site, day) for site, day, _ in days)
    for site, day, _ in days:
        state = known.get((site, day)) or ReviewDay(site=site, day=day)
        if entry.seq > state.last_seq:
            _turn(state, entry, body)
            state.save()


def _turn(state: ReviewDay, entry: Entry, body: Mapping[str, Any]) -> None:
    """Make of a site-day what an act makes of it."""
    state.last_seq, level = entry.seq, body["level"]
    if body["act"] == "confirm":
        state.level, state.confirmed_seq = level, entry.seq
        state.returned_by = state.opinion = ""
        setattr(state, f"by_{level}", body["author"])
        setattr(state, f"at_{level}", entry.time)
        return
    left = body["to"] - 1 if body["act"] == "return" else min(state.level, level - 1)
    if body["act"] == "return":
        state.returned_by, state.opinion = body["author"], body["words"]
    for upper in range(left + 1, state.level + 1):
        setattr(state, f"by_{upper}", "")
        setattr(state, f"at_{upper}", None)
    state.level = left


# As written


def _written(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows by site and quantity: times [s], what they become, and what they were."""
    parts = []
    for (site, quantity), part in rows.group_by(["site", "quantity"], maintain_order=True):
        parts.append(
            {
                "site": site,
                "quantity": quantity,
                "time": part["time"].dt.epoch("s").to_list(),
                **{
                    name: part[name].to_list()
                    for name in ("value", "mark", "was_value", "was_mark", "was")
                },
            }
        )
    return parts


def _read(parts: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"value": pl.Float64, "mark": pl.String, "was": pl.UInt64}
    return pl.concat(
        pl.DataFrame({name: part[name] for name in schema}, schema=schema).with_columns(
            site=pl.lit(part["site"]),
            quantity=pl.lit(part["quantity"]),
            time=pl.from_epoch(pl.Series(part["time"], dtype=pl.Int64), "s")
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC"),
        )
        for part in parts
    )


def _said(body: Mapping[str, Any], order: ReviewOrder) -> str:
    """Return the reason beside the value: never empty, for then it would be no person's."""
    if body["act"] == "undo":
        return f"撤销审核（{order.of}）：{body['words']}"
    if order.drift is not None and body["act"] == "correct":
        return f"审核订正·{drift_words(order.drift)}：{body['words']}"
    if body["act"] == "restore":
        return f"审核恢复：{body['words']}"
    reason = review_reasons(datetime.now(BEIJING).date())[body["reason"]]
    return f"审核{_WORDS[body['verdict']]}·{reason.zh}：{body['words']}"


def _plain(words: str) -> str:
    return " ".join(words.split())


def _span(values: pl.DataFrame) -> Period:
    first, last = values.select(pl.col("time").min(), pl.col("time").max().alias("last")).row(0)
    return Period(first.astimezone(UTC), last.astimezone(UTC) + timedelta(seconds=1))
