"""What a review is asked with, and what the register says of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl

from songhua.model import BEIJING, BadInput
from songhua.standards import PROVINCE, REVIEW_LEVELS, review_reasons
from songhua.store.registry.models import ReviewAct, ReviewDay, User
from songhua.store.registry.rights import Action

KIND = "review"
"""Kind of the journal entries."""
ACTS = ("mark", "correct", "restore", "undo", "confirm", "return")
MOST = 20_000
"""Values marked by one act."""
MOST_DAYS = 1000
"""Site-days confirmed or returned by one act."""
_ACTIONS = {1: Action.REVIEW_1, 2: Action.REVIEW_2, 3: Action.REVIEW_3}

VALUES: Mapping[str, Any] = {
    "site": pl.String,
    "quantity": pl.String,
    "time": pl.Datetime("us", "UTC"),
    "revision": pl.UInt64,
}
"""Columns of the values that an order names; `revision` is what the reviewer saw, 0 for any."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What two calibrations say of the values between them.

    The instrument was right at `start`; at `end` it was found to read `zero` too much without
    the substance and `span` per cent too much with it. In between both grow evenly:
    ``true = (read - zero * f) / (1 + span / 100 * f)``, f from 0 to 1.
    """

    start: datetime
    end: datetime
    zero: float = 0.0
    span: float = 0.0


@dataclass(frozen=True, slots=True)
class ReviewOrder:
    """One act of a reviewer.

    Parameters
    ----------
    act
        ``mark``, ``correct`` (for drift), ``restore`` (as it was before any review), ``undo``
        (what one act did), ``confirm``, ``return``.
    verdict
        Of ``mark``: ``valid``, ``questionable``, ``invalid``.
    reason, words
        Why: a key of `review_reasons`, and the reviewer's own words (an opinion, of a return).
    values
        Of ``mark``, ``correct`` and ``restore``: `VALUES`.
    drift
        Of ``correct``.
    seen
        The greatest revision of the series when it was loaded: a value with a greater one was
        changed since. 0 where `values` say what was seen.
    of
        Of ``undo``: the journal number of the act.
    days
        Of ``confirm`` and ``return``: sites and days of Beijing.
    to
        Of ``return``: the level that shall look again.
    """

    act: str
    level: int
    author: str
    verdict: str = ""
    reason: str = ""
    words: str = ""
    values: pl.DataFrame | None = None
    of: int = 0
    days: tuple[tuple[str, date], ...] = ()
    to: int = 0
    period: str = "hour"
    drift: Drift | None = None
    seen: int = 0


class ReviewStale(BadInput):
    """Values were changed since the reviewer saw them; nothing was done.

    Parameters
    ----------
    changed
        site, quantity, time, value, mark, revision, author, reason, recorded_at of each.
    """

    def __init__(self, changed: pl.DataFrame) -> None:
        super().__init__(
            f"有 {changed.height} 个值在您打开之后被改过，本次没有执行。请看过变化后再定。",
            f"{changed.height} values were changed after you loaded them; nothing was done. "
            "See what changed, then decide.",
        )
        self.changed = changed

    def told(self, most: int = 200) -> list[dict[str, Any]]:
        """Return what changed, a line a value, for a reader."""
        return [
            {
                **{name: row[name] for name in ("site", "quantity", "value", "mark")},
                **{name: row[name] for name in ("author", "reason")},
                "time": round(row["time"].timestamp() * 1000),
                "revision": row["was"],
                "at": round(row["recorded_at"].timestamp() * 1000),
            }
            for row in self.changed.head(most).to_dicts()
        ]


def may_review(user: object, level: int) -> bool:
    """Return whether a person reviews at a level; the upper two are the province's."""
    if level not in REVIEW_LEVELS or not isinstance(user, User):
        return False
    return user.may(_ACTIONS[level]) and (level == 1 or user.covers(PROVINCE))


def levels_of(user: object) -> list[int]:
    """Return the levels at which a person reviews."""
    return [level for level in REVIEW_LEVELS if may_review(user, level)]


def site_days(values: pl.DataFrame) -> list[tuple[str, date, int]]:
    """Return the site-days of values, and how many each has."""
    day = pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.date().alias("day")
    return values.group_by("site", day).len().sort("day", "site").rows()


def states(days: Iterable[tuple[str, date]]) -> dict[tuple[str, date], ReviewDay]:
    """Return how site-days stand; those nobody has touched are left out."""
    wanted = set(days)
    if not wanted:
        return {}
    every = ReviewDay.objects.filter(
        day__gte=min(day for _, day in wanted), day__lte=max(day for _, day in wanted)
    )
    sites = {site for site, _ in wanted}
    if len(sites) <= MOST_DAYS:
        every = every.filter(site__in=sites)
    return {(one.site, one.day): one for one in every if (one.site, one.day) in wanted}


def acts_on(site: str, first: date, last: date) -> Sequence[ReviewAct]:
    """Return the acts that touched a site in some days, newest first."""
    return list(
        ReviewAct.objects.filter(
            touches__site=site, touches__day__gte=first, touches__day__lte=last
        )
        .distinct()
        .order_by("-journal_seq")[:200]
    )


def undone(numbers: Iterable[int]) -> dict[int, int]:
    """Return which acts were undone, by which act."""
    rows = ReviewAct.objects.filter(act="undo", of__in=list(numbers))
    return {of: seq for of, seq in rows.values_list("of", "journal_seq") if of is not None}


def words(act: ReviewAct) -> tuple[str, str]:
    """Return what an act did and why, Chinese and English."""
    zh, en = _ACTS[act.verdict or act.act]
    reason = review_reasons(beijing_day(act.at)).get(act.reason)
    of = f"（{act.of}）" if act.of else ""
    zh += f"·{reason.zh}" if reason else of
    en += f" · {reason.en}" if reason else (f" ({act.of})" if act.of else "")
    return (f"{zh}：{act.words}", f"{en}: {act.words}") if act.words else (zh, en)


_ACTS = {
    "valid": ("审核有效", "found valid by review"),
    "questionable": ("审核存疑", "found questionable by review"),
    "invalid": ("审核无效", "found invalid by review"),
    "correct": ("审核订正", "corrected by review"),
    "restore": ("审核恢复", "restored by review"),
    "undo": ("撤销审核", "a review undone"),
    "confirm": ("确认", "confirmed"),
    "return": ("退回", "returned"),
}


def beijing_day(at: datetime) -> date:
    """Return the day of an instant in Beijing."""
    return at.astimezone(BEIJING).date()
