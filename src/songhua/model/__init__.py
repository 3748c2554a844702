"""The nouns of the field. Imports nothing of ours; changes nothing; knows no store."""

from songhua.model.alarm import Raised, Verdict, Watched, judge
from songhua.model.errors import (
    BadInput,
    NoRuleInForce,
    SonghuaError,
    UnknownName,
)
from songhua.model.link import HourCount, KnownDevice, LinkCount, MissingHours
from songhua.model.missing import Missing, MissingReason
from songhua.model.source import KnownSource, SourceKind, check_settings
from songhua.model.time import BEIJING, Period

__all__ = [
    "BEIJING",
    "BadInput",
    "HourCount",
    "KnownDevice",
    "KnownSource",
    "LinkCount",
    "Missing",
    "MissingHours",
    "MissingReason",
    "NoRuleInForce",
    "Period",
    "Raised",
    "SonghuaError",
    "SourceKind",
    "UnknownName",
    "Verdict",
    "Watched",
    "check_settings",
    "judge",
]
