"""Why a result is what it is: one line for each thing that was judged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing judged: what it is, its value, the limit, where the limit stands.

    Parameters
    ----------
    value, limit
        As a reader sees them; empty where there is none.
    meets
        Whether the value meets the limit; None where there is nothing to meet.
    clause, edition
        Where the rule stands.
    """

    item_zh: str
    item_en: str
    value: str
    limit: str
    meets: bool | None
    clause: str
    edition: str
