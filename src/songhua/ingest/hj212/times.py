"""The instants that devices write, as the UTC start of their interval."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from songhua.model import BEIJING

_EARLIEST_YEAR = 2000
_HOUR = timedelta(hours=1)


@lru_cache(maxsize=4096)
def start_of(text: str, period: str, *, label_end: bool) -> datetime | None:
    """Return the UTC start that a label names; None when it names none."""
    digits = text.strip()[:14]  # some devices add milliseconds
    if len(digits) not in (12, 14) or not (digits.isascii() and digits.isdigit()):
        return None
    later = timedelta(0)
    if label_end and digits[8:10] == "24":
        digits, later = f"{digits[:8]}00{digits[10:]}", timedelta(days=1)
    try:
        # Written as digits, fields in their own range: faster than a format and stricter.
        local = datetime(
            int(digits[:4]),
            int(digits[4:6]),
            int(digits[6:8]),
            int(digits[8:10]),
            int(digits[10:12]),
            int(digits[12:] or 0),
            tzinfo=BEIJING,
        )
    except ValueError:
        return None
    local += later
    if period == "minute":
        local = local.replace(second=0)
    elif period == "hour" and label_end:
        local -= _HOUR
    begins = {"hour": (local.minute, local.second), "day": (local.hour, local.minute, local.second)}
    if any(begins.get(period, ())) or local.year < _EARLIEST_YEAR:
        return None
    return local.astimezone(UTC)
