"""What a laboratory determined: a value, or "not detected" below a detection limit.

Value, flag and detection limit are kept apart; ``0.025L`` is only how a record spells them.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from songhua.model.errors import BadInput

_SPELT = re.compile(
    r"(?P<less>[<＜]?)\s*(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?P<l>[LＬ]?)"
)
_NOT_DETECTED = frozenset({"ND", "N.D.", "未检出"})
_LONGEST = 40
_LARGEST = Decimal("1e12")


@dataclass(frozen=True, slots=True)
class Determined:
    """A determined concentration.

    Parameters
    ----------
    value
        The concentration, or None where it was not detected.
    detection_limit
        Of the method as used; always kept. [unit of the value]
    """

    value: Decimal | None
    detection_limit: Decimal

    @property
    def detected(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    @property
    def for_means(self) -> Decimal:
        """What enters a mean, an index or a rank: half the detection limit where not detected."""
        return self.detection_limit / 2 if self.value is None else self.value

    @property
    def for_totals(self) -> Decimal:
        """What enters a load: zero where not detected (HJ 91.1—2019)."""
        return Decimal(0) if self.value is None else self.value

    def __str__(self) -> str:
        return f"{self.detection_limit:f}L" if self.value is None else f"{self.value:f}"


def read_determined(text: str, detection_limit: Decimal) -> Determined:
    """Read what a record says: ``0.52``, ``0.025L``, ``<0.025``, ``ND`` or ``未检出``.

    A number below the detection limit was not detected. The limit of ``0.050L`` is the one that is
    written: the sample may have been diluted.

    Raises
    ------
    BadInput
        If it is none of these.

    Examples
    --------
    >>> limit = Decimal("0.025")
    >>> str(read_determined("0.010", limit)), str(read_determined("0.52", limit))
    ('0.025L', '0.52')
    >>> read_determined("0.050L", limit).for_means
    Decimal('0.025')
    """
    told = text.strip()
    if told.upper() in _NOT_DETECTED:
        return Determined(None, detection_limit)
    found = _SPELT.fullmatch(told) if len(told) <= _LONGEST else None
    if found is None or (found["less"] and found["l"]):
        raise BadInput(
            f"“{told[:_LONGEST]}”不是数值，也不是未检出的写法（0.025L、<0.025、ND、未检出）。",
            f"“{told[:_LONGEST]}” is neither a number nor a spelling of not detected "
            "(0.025L, <0.025, ND).",
        )
    number = Decimal(found["number"])
    if number > _LARGEST:
        raise BadInput(f"{number} 过大。", f"{number} is too large.")
    if found["less"] or found["l"]:
        if number <= 0:
            raise BadInput("检出限必须大于零。", "A detection limit is above zero.")
        return Determined(None, number)
    return Determined(None if number < detection_limit else number, detection_limit)
