"""What a request asks for, read once and said clearly when it cannot be used."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from songhua.model import BEIJING, BadInput, Period

INDEX = "aqi"
"""The one series that is not a concentration."""
POLLUTANTS = ("pm2_5", "pm10", "o3", "o3_8h", "no2", "so2", "co")
"""Concentrations that the shelf keeps, in the order pages list them."""
_EARLIEST = datetime(2000, 1, 1, tzinfo=BEIJING)
_LATEST = datetime(2100, 1, 1, tzinfo=BEIJING)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}(:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:\d{2})?)?"
)
_MOST_DAYS = {"hour": 366 * 12, "day": 366 * 60}
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """The span, the quantities and the state of knowledge that a request names.

    Parameters
    ----------
    period
        ``hour`` or ``day``.
    span
        Whole hours or whole days.
    as_of
        The instant whose state is asked for; None for now.
    """

    period: str
    span: Period
    as_of: datetime | None


def asked(*, period: str, start: str, end: str, as_of: str) -> Asked:
    """Return what a request asks for.

    Raises
    ------
    BadInput
        If the period is unknown, a time cannot be read, or the span is empty or too long.
    """
    if period not in _MOST_DAYS:
        raise BadInput(
            f"period 只能是 hour 或 day，不能是“{period[:20]}”。",
            f"period must be hour or day, not “{period[:20]}”.",
        )
    if not start or not end:
        raise BadInput("请给出起止时间 from 和 to。", "Give the span: from and to.")
    first, last = moment(start, name="from"), moment(end, name="to", closes=True)
    if period == "hour":
        first = first.replace(minute=0, second=0, microsecond=0)
        last = -(-(last - first) // _HOUR) * _HOUR + first
    else:
        first, last = _midnight(first), _midnight(last + timedelta(days=1, microseconds=-1))
    if last <= first:
        raise BadInput("终止时间必须晚于起始时间。", "The span must end after it starts.")
    most = _MOST_DAYS[period]
    if (last - first).days > most:
        years = most // 366
        raise BadInput(
            f"一次最多查询 {years} 年，请缩短时段。",
            f"At most {years} years at once; ask for a shorter span.",
        )
    return Asked(period, Period(first, last), known_at(as_of))


def moment(text: str, *, name: str, closes: bool = False) -> datetime:
    """Return the instant that a date or time names, in Beijing time unless it says otherwise.

    Parameters
    ----------
    text
        ``2020-04-04`` or ``2020-04-04T11:00``, with or without a zone.
    name
        The parameter it came in, for the message.
    closes
        True where the text ends a span: a bare date then means the end of that day.

    Examples
    --------
    >>> moment("2020-04-04", name="to", closes=True).isoformat()
    '2020-04-05T00:00:00+08:00'
    """
    at = _read(text)
    if at is None or not _EARLIEST <= at <= _LATEST:
        raise BadInput(
            f"{name} 不是 2000 年以后的日期或时间：“{text[:40]}”。"
            "请写成 2020-04-04 或 2020-04-04T11:00。",
            f"{name} is not a date or time after 2000: “{text[:40]}”. "
            "Write 2020-04-04 or 2020-04-04T11:00.",
        )
    return at + timedelta(days=1) if closes and len(text) == len("2020-04-04") else at


def known_at(text: str) -> datetime | None:
    """Return the instant of “as known on …”, None for now; a bare date means its end."""
    return moment(text, name="as_of", closes=True).astimezone(UTC) if text else None


def series_named(text: str) -> tuple[str, ...]:
    """Return the series that a comma-separated list names, each once, in the order asked.

    Raises
    ------
    BadInput
        If a name is not ``aqi`` or a pollutant.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    known = (INDEX, *POLLUTANTS)
    for name in names:
        if name not in known:
            raise BadInput(
                f"没有这个指标：“{name[:20]}”。可选：{'、'.join(known)}。",
                f"Unknown quantity “{name[:20]}”. Choose from {', '.join(known)}.",
            )
    return names or (INDEX,)


def _read(text: str) -> datetime | None:
    if not _TIME.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text)
        return (read if read.tzinfo else read.replace(tzinfo=BEIJING)).astimezone(BEIJING)
    except (ValueError, OverflowError):
        return None


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.date(), time(), tzinfo=BEIJING)
