"""Which figure an explanation is asked for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

from songhua.api.v1.asked import known_at, moment
from songhua.api.v1.cities.when import PERIODS, When
from songhua.api.v1.subject import Subject, region_named, site_named
from songhua.model import BEIJING, BadInput, Period

SCOPES = ("site", "county", "city")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """One figure: of whom, over which hour, day, month, quarter or year, as known when.

    Parameters
    ----------
    scope
        ``site``, ``county`` or ``city``.
    span
        The hour or days that the figure stands for.
    as_of
        The instant whose state is asked for; None for now.
    """

    period: str
    scope: str
    who: Subject
    span: Period
    as_of: datetime | None

    @classmethod
    def read(cls, *, period: str, scope: str, subject: str, time: str, as_of: str) -> Self:
        """Return what a request asks.

        Raises
        ------
        BadInput
            If a part is missing, unknown, or does not fit the others.
        """
        if period not in {"hour", "day", *PERIODS}:
            raise BadInput(
                "period 只能是 hour、day、month、quarter 或 year。",
                "period must be hour, day, month, quarter or year.",
            )
        if scope not in SCOPES:
            raise BadInput(
                "scope 只能是 site、county 或 city。", "scope must be site, county or city."
            )
        if not subject or not time:
            raise BadInput(
                "请给出 subject（站点或地区）和时间 time。",
                "Give a subject (station or region) and a time.",
            )
        who = site_named(subject) if scope == "site" else region_named(subject)
        if who.scope != scope:
            raise BadInput(
                f"{who.zh}（{subject}）不是 scope={scope} 的地区。",
                f"{who.en} ({subject}) is not a region of scope {scope}.",
            )
        at = moment(time, name="time")
        return cls(period, scope, who, _span(period, at), known_at(as_of))

    @property
    def start(self) -> datetime:
        """The time under which the shelf keeps the figure."""
        return self.span.start.astimezone(UTC)

    @property
    def first(self) -> date:
        """The first natural day of the figure."""
        return self.span.start.astimezone(BEIJING).date()

    @property
    def last(self) -> date:
        """The last natural day of the figure."""
        return (self.span.end - timedelta(microseconds=1)).astimezone(BEIJING).date()


def _span(period: str, at: datetime) -> Period:
    if period == "hour":
        hour = at.replace(minute=0, second=0, microsecond=0)
        return Period(hour, hour + _HOUR)
    if period == "day":
        return Period.day(at.date())
    return When.holding(period, at.date()).span
