"""Who may do what: one table."""

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """Roles of people who log in; a visitor has none."""

    VIEWER = "viewer", "查看员"
    OPERATOR = "operator", "运维员"
    ANALYST = "analyst", "分析员"
    LEADER = "leader", "省级负责人"
    SIGNATORY = "signatory", "授权签字人"
    ADMINISTRATOR = "administrator", "系统管理员"


class Action(StrEnum):
    """What a door may ask about."""

    READ = "read"
    EXPORT = "export"
    SEE_IMPORTS = "see_imports"
    IMPORT = "import"
    CORRECT = "correct"
    REQUEST = "request"
    REVIEW_1 = "review_1"
    REVIEW_2 = "review_2"
    """Only by people of the province, as `REVIEW_3`."""
    REVIEW_3 = "review_3"
    SAMPLE = "sample"
    """Take samples and hand them on."""
    ANALYSE = "analyse"
    """Enter batches, sign as analyst and as reviewer."""
    ISSUE = "issue"
    """Sign results out of the laboratory."""
    INVESTIGATE = "investigate"
    """See leads to tampering, work on cases; never those who run the sites."""
    DECIDE = "decide"
    """Decide a case."""
    SEE_RECORD = "see_record"
    """See what everybody did within the person's region, and reports of influence."""
    SET_CHECKS = "set_checks"
    """Set and end rules of the automatic checks."""
    MANAGE = "manage"


_DATA = frozenset({Action.READ, Action.EXPORT, Action.SEE_IMPORTS, Action.IMPORT, Action.CORRECT})
_BENCH = frozenset({Action.SAMPLE, Action.ANALYSE})

RIGHTS: dict[str, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.READ, Action.EXPORT}),
    Role.OPERATOR: _DATA | {Action.REQUEST, Action.SAMPLE, Action.REVIEW_1},
    Role.ANALYST: _DATA
    | _BENCH
    | {Action.REVIEW_1, Action.REVIEW_2, Action.INVESTIGATE, Action.SET_CHECKS},
    Role.SIGNATORY: _DATA | _BENCH | {Action.ISSUE},
    Role.LEADER: _DATA - {Action.IMPORT, Action.CORRECT}
    | {
        *(Action.REVIEW_2, Action.REVIEW_3, Action.INVESTIGATE, Action.DECIDE),
        Action.SEE_RECORD,
    },
    Role.ADMINISTRATOR: frozenset(Action),
}
"""What each role may do, within the person's region."""


def stem(region: str) -> str:
    """Return what the codes of all divisions within a region begin with.

    >>> stem("220000"), stem("220100"), stem("220104")
    ('22', '2201', '220104')
    """
    for zeros, length in (("0000", 2), ("00", 4)):
        if region.endswith(zeros):
            return region[:length]
    return region


def covers(region: str, code: str) -> bool:
    """Return whether a region contains another: a province its cities, a city its counties.

    >>> covers("220000", "220104"), covers("220100", "220104"), covers("220100", "220204")
    (True, True, False)
    """
    return bool(region) and code.startswith(stem(region))
