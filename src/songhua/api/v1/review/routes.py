"""The paths of the reviewer's door."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import polars as pl
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema
from ninja.params.functions import Query
from pydantic import Field

from songhua.api import ports, reviews
from songhua.api.register import air_register
from songhua.api.reviews import MOST, VALUES, ReviewOrder, may_review
from songhua.api.v1 import whatif
from songhua.api.v1.effects import compared, named, ranks
from songhua.api.v1.review import course, queue
from songhua.api.v1.review.beside import beside
from songhua.api.v1.security import Allowed, NotAllowed, check_region
from songhua.api.v1.subject import site_named
from songhua.model import BEIJING, BadInput
from songhua.standards import POLLUTANTS, quantity, review_levels, review_reasons
from songhua.store import shelf
from songhua.store.registry.models import ReviewAct, User

router = Router(tags=["review"])

_SEE = Allowed("see_imports")
_FROM = Query("", alias="from")
_MOST_FIGURES = 60
_MOST_TURNED = 8
_ORDER = {"year": 0, "quarter": 1, "month": 2, "day": 3, "hour": 4}


class Part(Schema):
    """Values of one site and quantity: when [ms], and the revisions that the person saw.

    Where the act says what it has `seen`, no revisions are needed.
    """

    site: str
    quantity: str
    times: list[Annotated[int, Field(ge=0, lt=4_200_000_000_000)]]
    revisions: tuple[Annotated[int, Field(ge=0, lt=2**63)], ...] = ()


class Day(Schema):
    """A site and a day of Beijing."""

    site: str
    day: date


class Found(Schema):
    """A drift: from one calibration to the next [ms], what the second found."""

    start: Annotated[int, Field(ge=0, lt=4_200_000_000_000)]
    end: Annotated[int, Field(ge=0, lt=4_200_000_000_000)]
    zero: float = 0.0
    span: float = 0.0


class Act(Schema):
    """One act of a reviewer."""

    act: str
    level: int
    period: str = "hour"
    verdict: str = ""
    reason: str = ""
    words: str = ""
    parts: tuple[Part, ...] = ()
    of: int = 0
    days: tuple[Day, ...] = ()
    to: int = 0
    drift: Found | None = None
    seen: Annotated[int, Field(ge=0, lt=2**63)] = 0


@router.get("/review/reasons", auth=_SEE)
def reasons(request: HttpRequest) -> dict[str, Any]:
    """Return the reasons that may be given today, and the levels with their deadlines."""
    today = datetime.now(BEIJING).date()
    return {
        "reasons": [
            {
                "key": one.key,
                "zh": one.zh,
                "en": one.en,
                "verdicts": one.verdicts,
                "words": one.words,
                "source": one.source,
                "confidence": one.confidence,
            }
            for one in review_reasons(today).values()
        ],
        "levels": [
            {
                "level": one.level,
                "zh": one.zh,
                "en": one.en,
                "days_after": one.days_after,
                "hour": one.hour,
                "mine": may_review(request.user, one.level),
            }
            for one in review_levels(today)
        ],
    }


@router.get("/review/queue", auth=_SEE)
def queued(
    request: HttpRequest, start: str = _FROM, to: str = "", city: str = ""
) -> dict[str, Any]:
    """Return the site-days of one's region that wait for review, those that want it most first."""
    first, last = days_asked(start, to)
    return {
        "from": first,
        "to": last,
        "days": queue.queue(request.user, first, last, city=city),  # type: ignore[arg-type]
    }


@router.get("/review/statistics", auth=_SEE)
def statistics(request: HttpRequest, start: str = _FROM, to: str = "") -> dict[str, Any]:
    """Return by city how much was reviewed at each level, how fast, and how much was returned."""
    first, last = days_asked(start, to)
    return {
        "from": first,
        "to": last,
        "units": queue.statistics(request.user, first, last),  # type: ignore[arg-type]
    }


@router.get("/review/course", auth=_SEE)
def whole(
    request: HttpRequest,
    site: str,
    name: str = Query(alias="quantity"),
    period: str = "hour",
    start: str = _FROM,
    to: str = "",
) -> HttpResponse:
    """Return a series as bytes, for charts of up to millions of points (`course.course`)."""
    who, one = site_named(site), quantity(name)
    span = course.span_asked(period, start, to)
    body = course.course(who.key, one.key, period, span)
    return HttpResponse(body, content_type="application/octet-stream")


@router.get("/review/values", auth=_SEE)
def values(
    request: HttpRequest,
    site: str,
    name: str = Query(alias="quantity"),
    period: str = "hour",
    start: str = _FROM,
    to: str = "",
    least: int = 0,
    check: str = "",
) -> dict[str, Any]:
    """Return values one by one with their verdicts and the evidence in words."""
    who, one = site_named(site), quantity(name)
    span = course.span_asked(period, start, to)
    return course.values(who.key, one.key, period, span, least=least, check=check[:80])


@router.get("/review/beside", auth=_SEE)
def around(
    request: HttpRequest, site: str, period: str = "hour", start: str = _FROM, to: str = ""
) -> dict[str, Any]:
    """Return what stands beside a site's values; its log only to those of its region."""
    who = site_named(site)
    own = isinstance(request.user, User) and request.user.covers(who.region)
    return beside(who.key, period, course.span_asked(period, start, to), with_log=own)


@router.get("/review/history", auth=_SEE)
def history(request: HttpRequest, site: str, start: str = _FROM, to: str = "") -> dict[str, Any]:
    """Return the acts that touched a site in some days, newest first."""
    who = site_named(site)
    first, last = days_asked(start, to)
    acts = reviews.acts_on(who.key, first, last)
    gone = reviews.undone(one.journal_seq for one in acts)
    states = reviews.states((who.key, day) for day in _days(first, last))
    return {
        "acts": [_told(one, gone) for one in acts],
        "days": [
            {
                "day": one.day,
                "level": one.level,
                "by": [one.by_1, one.by_2, one.by_3],
                "returned_by": one.returned_by,
                "opinion": one.opinion,
            }
            for one in sorted(states.values(), key=lambda one: one.day)
        ],
    }


@router.post("/review/preview", auth=_SEE)
def preview(request: HttpRequest, act: Act) -> dict[str, Any]:
    """Return what an act would change downstream, worked out by the same jobs; nothing is kept."""
    order = _order(request, act)
    rows = ports.platform().would_review(order)
    told = {
        "values": rows.height,
        "sites": rows["site"].n_unique(),
        "first": _ms(rows["time"].min()),
        "last": _ms(rows["time"].max()),
        "from_marks": _counts(rows["was_mark"]),
        "to_marks": _counts(rows["mark"]),
        "turned": _turned(rows),
    }
    rows = rows.filter(pl.col("quantity").is_in(POLLUTANTS))
    if order.period != "hour" or rows.is_empty():
        return {**told, "counts": {}, "figures": [], "ranks": []}
    changes = rows.select("site", "quantity", "time", "value", "mark")
    trial = whatif.after(shelf(), air_register(), changes)
    figures, ranked = compared(trial), ranks(trial)
    figures.sort(key=lambda one: (_ORDER.get(one["period"], 9), one["time"], one["subject"]))
    counts: dict[str, int] = {}
    for one in (*figures, *ranked):
        counts[one["period"]] = counts.get(one["period"], 0) + 1
    return {
        **told,
        "counts": counts,
        "figures": named(figures[:_MOST_FIGURES]),
        "ranks": named(ranked[:_MOST_FIGURES]),
    }


@router.post("/review/acts", auth=_SEE)
def act(request: HttpRequest, act: Act) -> dict[str, Any]:
    """Mark, restore, undo, confirm or return; on record with one's name, then recomputed."""
    return dict(ports.platform().review(_order(request, act)))


def days_asked(start: str, to: str) -> tuple[date, date]:
    """Return the first and last day that a request names; the latest week where it names none."""
    usual = queue.usual_days() if not (start and to) else (date.min, date.min)
    found = []
    for text, other in ((start, usual[0]), (to, usual[1])):
        try:
            found.append(date.fromisoformat(text[:10]) if text else other)
        except ValueError:
            raise BadInput(
                f"不是日期：“{text[:20]}”。请写成 2020-04-04。",
                f"“{text[:20]}” is no date. Write 2020-04-04.",
            ) from None
    return found[0], found[1]


def _order(request: HttpRequest, act: Act) -> ReviewOrder:
    """Return what a person asks for, if they may."""
    if not may_review(request.user, act.level):
        raise NotAllowed(
            f"您不能作第 {act.level} 级审核。", f"You do not review at level {act.level}."
        )
    named_sites = {one.site for one in act.parts} | {one.site for one in act.days}
    if act.act == "undo":
        named_sites |= _sites_of(act.of)
    for site in named_sites:
        check_region(request, site_named(site).region)
    return ReviewOrder(
        act=act.act,
        level=act.level,
        author=request.user.get_username(),
        verdict=act.verdict,
        reason=act.reason,
        words=act.words,
        values=_values(act.parts, seen=act.seen),
        of=act.of,
        days=tuple((one.site, one.day) for one in act.days),
        to=act.to,
        period=act.period,
        seen=act.seen,
        drift=None if act.drift is None else _drift(act.drift),
    )


def _drift(found: Found) -> reviews.Drift:
    start, end = (datetime.fromtimestamp(at / 1000, BEIJING) for at in (found.start, found.end))
    return reviews.Drift(start, end, found.zero, found.span)


def _values(parts: Sequence[Part], *, seen: int) -> pl.DataFrame:
    total = sum(len(one.times) for one in parts)
    if total > MOST:
        raise BadInput(f"一次最多 {MOST:,} 个值。", f"At most {MOST:,} values at once.")
    rows = []
    for one in parts:
        quantity(one.quantity)
        revisions = one.revisions or (0,) * (len(one.times) if seen else 0)
        if len(one.times) != len(revisions):
            raise BadInput("每个时刻须有它的版本号。", "Every time needs its revision.")
        rows += [
            (one.site, one.quantity, at * 1000, revision)
            for at, revision in zip(one.times, revisions, strict=True)
        ]
    found = pl.DataFrame(rows, schema={**VALUES, "time": pl.Int64}, orient="row")
    return found.with_columns(
        pl.col("time").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    ).sort("site", "quantity", "time")


def _sites_of(seq: int) -> set[str]:
    found = ReviewAct.objects.filter(journal_seq=seq).first()
    return set() if found is None else set(found.touches.values_list("site", flat=True))


def _told(one: ReviewAct, gone: dict[int, int]) -> dict[str, Any]:
    reason = review_reasons(reviews.beijing_day(one.at)).get(one.reason)
    return {
        "revision": one.journal_seq,
        "act": one.act,
        "level": one.level,
        "verdict": one.verdict,
        "reason": None if reason is None else {"zh": reason.zh, "en": reason.en},
        "words": one.words,
        "author": one.author,
        "at": _ms(one.at),
        "values": one.values,
        "of": one.of,
        "undone_by": gone.get(one.journal_seq),
    }


def _days(first: date, last: date) -> list[date]:
    queue.span_of(first, last)
    return [date.fromordinal(one) for one in range(first.toordinal(), last.toordinal() + 1)]


def _turned(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return values that would be others, evenly chosen."""
    other = rows.filter(pl.col("value").ne_missing(pl.col("was_value")))
    each = max(1, -(-other.height // _MOST_TURNED))
    return [
        {"time": _ms(row["time"]), "before": row["was_value"], "after": row["value"]}
        for row in other.gather_every(each).iter_rows(named=True)
    ]


def _counts(marks: pl.Series) -> dict[str, int]:
    return {str(mark): int(n) for mark, n in marks.value_counts().rows()}


def _ms(at: Any) -> int:
    return int(at.timestamp() * 1000)
