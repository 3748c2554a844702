"""What changed since when, for those who keep a copy of the data."""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1 import notices
from songhua.api.v1.asked import moment
from songhua.api.v1.security import NotAllowed
from songhua.api.v1.subject import region_named, site_named
from songhua.model import BEIJING, BadInput
from songhua.store import shelf
from songhua.store.followed import FOLLOWED, Place
from songhua.store.registry.models import Region, User
from songhua.store.registry.rights import Action, covers
from songhua.store.registry.sites import sites

router = Router(tags=["changes"])

MOST = 5_000
_USUAL = 1_000
_MARK = "c."
"""What a cursor begins with; anything else is an instant."""
_FROM = Query("", alias="from")
_USUAL_SPAN, _LONGEST_SPAN = timedelta(days=90), timedelta(days=3660)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@router.get("/changes")
def changes(
    request: HttpRequest,
    since: str = "",
    of: str = "observations",
    site: str = "",
    region: str = "",
    limit: int = _USUAL,
) -> dict[str, Any]:
    """Return what was stored since an instant or a cursor, in the order it was stored.

    Ask with an instant first, then always with `next`: nothing is missed, and after a replay some
    rows come again. Each row is a whole revision with `former`, what counted before it, and
    `current`, whether it is what counts now. `until` is the instant up to which the answer knows
    everything; `more` says whether there is more at once. Verdicts are for those who work with
    the data.
    """
    if of not in FOLLOWED:
        raise BadInput(
            f"of 只能是 {'、'.join(FOLLOWED)}，不能是“{of[:20]}”。",
            f"of must be one of {', '.join(FOLLOWED)}, not “{of[:20]}”.",
        )
    if not 1 <= limit <= MOST:
        raise BadInput(f"limit 须在 1 与 {MOST} 之间。", f"limit must lie between 1 and {MOST}.")
    subjects = _subjects(request.user if of == "verdicts" else None, of, site, region)
    after = _place(since)
    rows, until = shelf().followed(of, after, most=limit + 1, subjects=subjects)
    page = rows.head(limit)
    told = page.to_dicts()
    more = rows.height > limit
    last = place_of(told[-1]) if told else after
    if not more:  # all up to the horizon has been seen: go on from there
        last = max(last, Place(until, chr(0x10FFFF)))
    return {
        "of": of,
        "until": until.astimezone(BEIJING).isoformat(),
        "next": cursor(last),
        "more": more,
        "changes": [_row(row) for row in told],
    }


@router.get("/notices")
def listed(
    request: HttpRequest, start: str = _FROM, to: str = "", region: str = ""
) -> dict[str, Any]:
    """Return the notices of correction of a span of days: published figures that changed, and why.

    Without a span, the last 90 days. Hours are provisional and have no notices. `complete` is
    false where so many figures changed that only those changed last are told: ask for less.
    """
    del request
    since, until = span_of(start, to)
    named = region_named(region).key if region else ""
    found, whole = notices.notices(shelf(), since=since, until=until, region=named)
    return {
        "from": since.astimezone(BEIJING).isoformat(),
        "to": until.astimezone(BEIJING).isoformat(),
        "complete": whole,
        "notices": [
            {
                "number": one.number,
                "at": one.at.astimezone(BEIJING).isoformat(),
                "cause": {name: one.cause[name] for name in ("kind", "zh", "en")},
                "figures": [
                    {**line, "time": line["time"].astimezone(BEIJING).isoformat()}
                    for line in one.lines
                ],
            }
            for one in found
        ],
    }


def span_of(start: str, to: str) -> tuple[datetime, datetime]:
    """Return the span that two dates name, the last 90 days where they do not.

    Raises
    ------
    BadInput
        If it is empty or longer than ten years.
    """
    until = moment(to, name="to", closes=True) if to else datetime.now(BEIJING)
    since = moment(start, name="from") if start else until - _USUAL_SPAN
    if since >= until:
        raise BadInput("终止时间必须晚于起始时间。", "The span must end after it starts.")
    if until - since > _LONGEST_SPAN:
        raise BadInput("一次最多查询 10 年。", "At most ten years at once.")
    return since.astimezone(UTC), until.astimezone(UTC)


def place_of(row: Mapping[str, Any]) -> Place:
    """Return where a follower stands after a row of `Shelf.followed`."""
    group, subject = ("quantity", "site") if "quantity" in row else ("scope", "subject")
    key = (row["period"], row[group], row[subject], row["time"], row["revision"])
    return Place(row["stored_at"], *key)


def cursor(place: Place) -> str:
    """Return a place as text that a follower keeps as it is."""
    told = [
        _micro(place.stored_at),
        *(place.period, place.group, place.subject),
        int(place.time.timestamp()),
        place.revision,
    ]
    raw = json.dumps(told, separators=(",", ":")).encode()
    return _MARK + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str) -> Place:
    """Return the place of a cursor; raise `BadInput` when it is none of ours."""
    raw = text.removeprefix(_MARK)
    wrong = BadInput("since 不是本平台给出的游标。", "since is no cursor that this platform gave.")
    try:
        told = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
        at, period, group, subject, time, revision = told
        names = (str(period), str(group), str(subject))
        place = Place(_of_micro(int(at)), *names, _of_micro(int(time) * 1_000_000), int(revision))
        "".join(names).encode()  # half a surrogate pair is no text the engine can be asked for
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as fault:
        raise wrong from fault
    if not 0 <= place.revision < 2**63:
        raise wrong
    return place


def _place(since: str) -> Place:
    if not since:
        raise BadInput(
            "请给出 since：一个时间（如 2020-04-04T11:00），或上次回答中的 next。",
            "Give since: an instant (2020-04-04T11:00), or next of the last answer.",
        )
    if since.startswith(_MARK):
        return read_cursor(since[:2_000])
    return Place(moment(since, name="since").astimezone(UTC))


def _subjects(user: object, of: str, site: str, region: str) -> list[str] | None:
    """Return the sites and regions to tell of; None for all.

    Parameters
    ----------
    user
        Of whom role and region limit what is told; None where everybody may read.
    """
    if user is not None and not (isinstance(user, User) and user.may(Action.SEE_IMPORTS)):
        raise NotAllowed(
            "检查结论只对运维、审核人员开放。", "Verdicts are for those who work with the data."
        )
    if site and region:
        raise BadInput("site 与 region 只能给一个。", "Name a site or a region, not both.")
    if site:
        keys: Iterable[tuple[str, str]] = [(site_named(site).key, site_named(site).region)]
    elif region or isinstance(user, User):
        keys = _within(region_named(region).key if region else "", results=of.startswith("air"))
    else:
        return None
    return sorted({key for key, at in keys if not isinstance(user, User) or user.covers(at)})


def _within(region: str, *, results: bool) -> Iterable[tuple[str, str]]:
    """Yield the sites of a region (of all, if none), for results also its regions."""
    table = sites().with_columns(pl.coalesce("county", "city").alias("at"))
    for key, at in table.select("site", "at").unique().iter_rows():
        if not region or covers(region, at):
            yield key, at
    if results:
        for code in Region.objects.values_list("code", flat=True):
            if not region or covers(region, code):
                yield code, code


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {}
    for name, value in row.items():
        if name == "former_rank" and "rank" not in row:
            continue
        told[name] = value.astimezone(BEIJING).isoformat() if isinstance(value, datetime) else value
    told["decided"] = bool(row["decided"])
    return told


def _micro(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _of_micro(number: int) -> datetime:
    at = datetime.fromtimestamp(number // 1_000_000, UTC)
    return at.replace(microsecond=number % 1_000_000)
