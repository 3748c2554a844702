"""A value that is absent, and why."""

from dataclasses import dataclass
from enum import StrEnum


class MissingReason(StrEnum):
    """Why there is no value. The words for readers are in the pages' catalogue."""

    NOT_RECEIVED = "not_received"
    MARKED_INVALID = "marked_invalid"
    TOO_FEW_HOURS = "too_few_hours"
    TOO_FEW_WINDOWS = "too_few_windows"
    TOO_FEW_DAYS = "too_few_days"
    TOO_FEW_DAYS_IN_MONTH = "too_few_days_in_month"
    TOO_FEW_SITES = "too_few_sites"
    ABOVE_SCALE = "above_scale"
    POLLUTANT_MISSING = "pollutant_missing"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Missing:
    """An absent value that can say why it is absent.

    GB 3095—2026, 6.3 asks that the reason for every missing or deleted value
    be stated and the original record kept.
    """

    reason: MissingReason
    detail: str = ""
