"""Who has to review what, until when, and how the units do."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import polars as pl

from songhua.api import reviews
from songhua.api.reviews import levels_of
from songhua.model import BEIJING, BadInput, Period
from songhua.standards import REVIEW_LEVELS, review_levels
from songhua.store import shelf
from songhua.store.registry.models import ReviewDay, ReviewTouch, User
from songhua.store.registry.sites import sites

MOST_DAYS = 92
USUAL_DAYS = 7


def sites_of(user: User, city: str = "") -> pl.DataFrame:
    """Return the sites a person may review, as they were last registered.

    Returns
    -------
    DataFrame
        site, name_zh, name_en, city, city_short, city_en, county, lon, lat.
    """
    known = sites().sort("valid_from").unique("site", keep="last", maintain_order=True)
    if city:
        known = known.filter(pl.col("city") == city)
    region = pl.coalesce("county", "city")
    own = known.select(region.map_elements(user.covers, return_dtype=pl.Boolean)).to_series()
    return known.filter(own).sort("city", "site")


def span_of(first: date, last: date) -> Period:
    """Return the hours of some days.

    Raises
    ------
    BadInput
        If they are none, or too many.
    """
    days = (last - first).days + 1
    if not 0 < days <= MOST_DAYS:
        raise BadInput(f"时段须为 1 至 {MOST_DAYS} 天。", f"One to {MOST_DAYS} days at once.")
    return Period.days(first, last)


def usual_days() -> tuple[date, date]:
    """Return the last days that have hours on the shelf."""
    observed = shelf().observed("hour")
    end = datetime.now(UTC) if observed is None else observed.end - timedelta(seconds=1)
    last = reviews.beijing_day(end)
    return last - timedelta(days=USUAL_DAYS - 1), last


def queue(user: User, first: date, last: date, *, city: str = "") -> list[dict[str, Any]]:
    """Return the site-days of a person's region, those that want a reviewer most first."""
    span, known = span_of(first, last), sites_of(user, city)
    if known.is_empty():
        return []
    counted = shelf().site_days(span=span, sites=known["site"].to_list())
    names = {row["site"]: row for row in known.to_dicts()}
    days = counted.select("site", "day").rows()
    states = reviews.states(days)
    mine, now = levels_of(user), datetime.now(BEIJING)
    rows = [
        _row(row, names[row["site"]], states.get((row["site"], row["day"])), mine, now)
        for row in counted.to_dicts()
    ]
    return sorted(rows, key=_urgency)


def _row(
    counted: Mapping[str, Any],
    name: Mapping[str, Any],
    state: ReviewDay | None,
    mine: Sequence[int],
    now: datetime,
) -> dict[str, Any]:
    level = state.level if state else 0
    following = level + 1 if level < max(REVIEW_LEVELS) else None
    due = _due(counted["day"], following)
    open_count = counted["suspect"] + counted["fail"]
    changed = bool(state and state.confirmed_seq and counted["last"] > state.confirmed_seq)
    return {
        **{key: counted[key] for key in ("site", "day", "values", "suspect", "fail")},
        **{key: counted[key] for key in ("reviewed", "invalid")},
        "zh": name["name_zh"],
        "en": name["name_en"] or name["name_zh"],
        "city": name["city"],
        "city_zh": name["city_short"],
        "city_en": name["city_en"],
        "level": level,
        "next": following,
        "due": due,
        "late": due is not None and now > due,
        "mine": following in mine,
        "returned": bool(state and state.returned_by),
        "returned_by": state.returned_by if state else "",
        "opinion": state.opinion if state else "",
        "changed": changed,
        "open": open_count,
        "by": [getattr(state, f"by_{one}") if state else "" for one in REVIEW_LEVELS],
    }


def _urgency(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        not row["returned"],
        not row["changed"],
        -row["fail"],
        -row["suspect"],
        row["level"],
        -row["day"].toordinal(),
        row["site"],
    )


def _due(day: date, level: int | None) -> datetime | None:
    return next((one.due(day) for one in review_levels(day) if one.level == level), None)


def statistics(user: User, first: date, last: date) -> list[dict[str, Any]]:
    """Return by city how much each level reviewed, how fast, and how much was returned."""
    span, known = span_of(first, last), sites_of(user)
    if known.is_empty():
        return []
    counted = shelf().site_days(span=span, sites=known["site"].to_list())
    city_of = dict(known.select("site", "city").rows())
    names = dict(zip(known["city"], known.select("city_short", "city_en").rows(), strict=True))
    states = reviews.states(counted.select("site", "day").rows())
    back = {
        (site, day)
        for site, day in ReviewTouch.objects.filter(
            act__act="return", day__gte=first, day__lte=last
        ).values_list("site", "day")
    }
    units: dict[str, list[tuple[Mapping[str, Any], ReviewDay | None]]] = {}
    for row in counted.to_dicts():
        state = states.get((row["site"], row["day"]))
        units.setdefault(city_of[row["site"]], []).append((row, state))
    return [_unit(city, names[city], rows, back) for city, rows in sorted(units.items())]


def _unit(
    city: str,
    names: tuple[str, str],
    rows: Sequence[tuple[Mapping[str, Any], ReviewDay | None]],
    back: set[tuple[str, date]],
) -> dict[str, Any]:
    touched = [state for _, state in rows if state is not None]
    returned = sum((state.site, state.day) in back for state in touched)
    return {
        "city": city,
        "zh": names[0],
        "en": names[1],
        "days": len(rows),
        "open": sum(row["suspect"] + row["fail"] for row, _ in rows),
        "invalid": sum(row["invalid"] for row, _ in rows),
        "values": sum(row["values"] for row, _ in rows),
        "returned": returned,
        "returned_percent": _percent(returned, len(touched)),
        "levels": [_level(level, rows) for level in REVIEW_LEVELS],
    }


def _level(
    level: int, rows: Sequence[tuple[Mapping[str, Any], ReviewDay | None]]
) -> dict[str, Any]:
    done = [
        (state.day, getattr(state, f"at_{level}"))
        for _, state in rows
        if state is not None and state.level >= level and getattr(state, f"at_{level}")
    ]
    hours = [(at - Period.day(day).end).total_seconds() / 3600 for day, at in done]
    on_time = sum(at <= due for day, at in done if (due := _due(day, level)) is not None)
    return {
        "level": level,
        "done": len(done),
        "percent": _percent(len(done), len(rows)),
        "on_time_percent": _percent(on_time, len(done)),
        "median_hours": round(median(hours), 1) if hours else None,
    }


def _percent(part: int, whole: int) -> float | None:
    """Return a share in per cent, rounded down: 99.96 is not all."""
    return None if not whole else int(1000 * part / whole) / 10
