"""Setting and ending rules of the checks, and what a new one would have flagged."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import polars as pl
from django.db import transaction
from django.utils import timezone

from songhua.api.rules import rule_of, rules
from songhua.model import BEIJING, BadInput, Period
from songhua.quality.rules import KINDS, Rule
from songhua.quality.suite import Suite
from songhua.quality.verdict import Verdict
from songhua.standards import PROVINCE, station_marks
from songhua.store import shelf
from songhua.store.registry.models import CheckRule, Region, User
from songhua.store.registry.sites import sites

PERIODS = ("hour",)
"""Of what the platform checks on arrival."""
DAYS = 30
_MOST_SITES = 200
_MOST_TOLD = 10
_MOST_SETTINGS = 4_000
_COLUMNS = ("site", "quantity", "time")


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule as a form has it.

    Parameters
    ----------
    settings
        Limits as TOML lines: ``fail = [0, 1000]``.
    sites
        Keys, apart by spaces or commas; empty for the region, or all.
    region
        Code; empty for all.
    """

    kind: str
    quantity: str
    settings: str
    since: str
    until: str = ""
    sites: str = ""
    region: str = ""
    why: str = ""
    period: str = "hour"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have flagged in the last days that have values.

    Parameters
    ----------
    values
        Values of the quantity at the places of the rule.
    would, does
        Suspect and failed values by the new rule, and by those that held.
    by_site
        Site, what the new one flags, what the old one flagged; the most first.
    """

    first: date
    last: date
    values: int
    would: tuple[int, int]
    does: tuple[int, int]
    by_site: list[tuple[str, int, int]]


def today() -> date:
    """Return the day it is in Beijing."""
    return timezone.now().astimezone(BEIJING).date()


def drafted(draft: Draft, who: User) -> CheckRule:
    """Return the row that a form asks for, not yet kept.

    Raises
    ------
    BadInput
        If it cannot be: unknown check, quantity or place, an impossible limit, no reason, or a
        row that says the same of the same place and time.
    """
    if draft.kind not in KINDS:
        name = draft.kind[:30]
        raise BadInput(f"检查：没有这种检查“{name}”。", f"Check: there is no check “{name}”.")
    if draft.period not in PERIODS:
        raise BadInput("周期：现在只检查小时值。", "Period: only hours are checked now.")
    if not draft.why.strip():
        raise BadInput("理由：请写明为什么。", "Reason: say why.")
    row = CheckRule(
        kind=draft.kind,
        quantity=draft.quantity.strip(),
        period=draft.period,
        settings=_settings(draft.settings),
        sites=_sites(draft.sites),
        region=_region(draft.region),
        since=_day(draft.since, "起始日", "From"),
        until=_day(draft.until, "最后一日", "Last day") if draft.until else None,
        why=draft.why.strip()[:1000],
        set_by=who.get_username(),
        set_at=timezone.now(),
    )
    if row.sites and row.region is not None:
        raise BadInput(
            "适用范围：点位与地区只能给一个。", "Where: name sites or a region, not both."
        )
    _check_places(row, who)
    rule_of(row, _places())  # refuses what is impossible
    _check_overlap(row)
    return row


def add(draft: Draft, who: User) -> CheckRule:
    """Keep a new rule.

    Raises
    ------
    BadInput
        As `drafted`.
    """
    with transaction.atomic():
        row = drafted(draft, who)
        row.save()
    return row


def end(key: int, last: str, why: str, who: User) -> CheckRule:
    """End a rule after a day that is not past; one that has not begun never holds.

    Raises
    ------
    BadInput
        If it is unknown, has ended, lies outside the person's region, or the day is past.
    """
    with transaction.atomic():
        row = CheckRule.objects.select_for_update().filter(pk=key).first()
        if row is None:
            raise BadInput("没有这条规则。", "There is no such rule.")
        _check_places(row, who)
        now = today()
        if row.ended_at is not None or (row.until is not None and row.until < now):
            raise BadInput("这条规则已经终止。", "This rule has ended.")
        if not why.strip():
            raise BadInput("理由：请写明为什么终止。", "Reason: say why it ends.")
        if row.since > now:
            row.until = row.since - timedelta(days=1)
        else:
            row.until = _day(last, "最后一日", "Last day")
            if row.until < now:
                raise BadInput(
                    "最后一日：不能早于今天；过去的规则不改。",
                    "Last day: not before today; what held in the past stays.",
                )
        row.ended_by, row.ended_at = who.get_username(), timezone.now()
        row.ended_why = why.strip()[:1000]
        row.save()
    return row


def preview(row: CheckRule) -> Preview:
    """Return what a row would have flagged in the last days, had it held."""
    places = _places()
    rule = rule_of(row, places)
    held = shelf().observed("hour")
    last = (held.end.astimezone(BEIJING) - timedelta(hours=1)).date() if held else today()
    first = last - timedelta(days=DAYS - 1)
    whole = Rule(
        **{name: getattr(rule, name) for name in ("name", "kind", "quantity", "period")},
        **{name: getattr(rule, name) for name in ("set_by", "why", "settings", "sites")},
        since=first,
    )
    same = (whole.kind, whole.quantity, whole.period)
    now = [one for one in rules() if (one.kind, one.quantity, one.period) == same]
    located = sites().select("site", "lon", "lat").unique("site").drop_nulls()
    suites = [Suite([whole], located), Suite(now, located)]
    days = Period.days(first, last)
    span = Period(days.start.astimezone(UTC), days.end.astimezone(UTC))
    back = max(one.look_back for one in suites)
    names = sorted({whole.quantity, *(name for one in (whole, *now) for name in _others(one))})
    observed = shelf().observations(
        period="hour", span=Period(span.start - back, span.end), quantities=names
    )
    good = ["", *(mark.mark for mark in station_marks().values() if mark.valid)]
    value = pl.when(pl.col("mark").is_in(good)).then("value").alias("value")
    frame = observed.select(*_COLUMNS, value)
    counted = [_flagged(one, frame, span, whole) for one in suites]
    here = frame.filter(
        (pl.col("quantity") == whole.quantity)
        & pl.col("value").is_not_null()
        & (pl.col("time") >= span.start)
    )
    if whole.sites:
        here = here.filter(pl.col("site").is_in(list(whole.sites)))
    by_site = [dict(one.group_by("site").len().iter_rows()) for one in counted]
    touched = sorted(by_site[0].keys() | by_site[1].keys(), key=lambda key: -by_site[0].get(key, 0))
    return Preview(
        first,
        last,
        here.height,
        _numbers(counted[0]),
        _numbers(counted[1]),
        [(key, by_site[0].get(key, 0), by_site[1].get(key, 0)) for key in touched[:_MOST_TOLD]],
    )


def _flagged(suite: Suite, frame: pl.DataFrame, span: Period, rule: Rule) -> pl.DataFrame:
    found = suite.check(frame, period=rule.period).verdicts.filter(
        pl.col("time") >= span.start, pl.col("verdict") != int(Verdict.NOT_CHECKED)
    )
    return found.filter(pl.col("site").is_in(list(rule.sites))) if rule.sites else found


def _numbers(found: pl.DataFrame) -> tuple[int, int]:
    fails = found.filter(pl.col("verdict") == int(Verdict.FAIL)).height
    return found.height - fails, fails


def _others(rule: Rule) -> Sequence[str]:
    others: Sequence[str] = rule.settings.get("of", ())
    return others


def _settings(text: str) -> Mapping[str, Any]:
    if len(text) > _MOST_SETTINGS:
        raise BadInput("设置：太长。", "Settings: too long.")
    try:
        return tomllib.loads(text.replace("\r", ""))
    except tomllib.TOMLDecodeError as fault:
        raise BadInput(
            f"设置：请写成 fail = [0, 1000] 这样的行（{fault}）。",
            f"Settings: write lines like fail = [0, 1000] ({fault}).",
        ) from fault


def _sites(text: str) -> list[str]:
    keys = sorted(set(text.replace(",", " ").replace("，", " ").replace("、", " ").split()))
    if len(keys) > _MOST_SITES:
        raise BadInput(f"点位：最多 {_MOST_SITES} 个。", f"Sites: at most {_MOST_SITES}.")
    return keys


def _region(code: str) -> Region | None:
    if not code:
        return None
    found = Region.objects.filter(code=code).first()
    if found is None:
        raise BadInput(f"地区：没有 {code[:12]}。", f"Region: there is no {code[:12]}.")
    return None if code == PROVINCE else found


def _day(text: str, zh: str, en: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            f"{zh}：日期应写作 2026-11-05。", f"{en}: write the date as 2026-11-05."
        ) from None


def _places() -> dict[str, str]:
    table = sites().select("site", pl.coalesce("county", "city").alias("at")).unique("site")
    return dict(table.rows())


def _check_places(row: CheckRule, who: User) -> None:
    places = _places()
    unknown = [key for key in row.sites if key not in places]
    if unknown:
        raise BadInput(
            f"点位：没有 {'、'.join(unknown[:5])}。",
            f"Sites: there is no {', '.join(unknown[:5])}.",
        )
    touched = [places[key] for key in row.sites] or [row.region_id or PROVINCE]
    if not all(who.covers(code) for code in touched):
        raise BadInput("适用范围：不在您的管辖范围内。", "Where: this lies outside your region.")


def _check_overlap(row: CheckRule) -> None:
    """Refuse a second row of the same reach for the same check and days."""
    for other in CheckRule.objects.filter(
        kind=row.kind, quantity=row.quantity, period=row.period, region=row.region
    ):
        same = set(row.sites) & set(other.sites) if row.sites else not other.sites
        last, other_last = row.until or date.max, other.until or date.max
        if same and other.since <= last and row.since <= other_last:
            until = other.until.isoformat() if other.until else ""
            held = f"{other.name}（{other.since} 至 {until or '今'}）"
            raise BadInput(
                f"起始日：与规则 {held}重叠，请先终止它。",
                f"From: overlaps the rule {other.name} ({other.since} to {until or 'now'}); "
                "end that one first.",
            )
