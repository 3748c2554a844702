"""The nouns of the field. Imports nothing of ours; changes nothing; knows no store."""

from songhua.model.errors import (
    BadInput,
    NoRuleInForce,
    SonghuaError,
    UnknownName,
)
from songhua.model.link import KnownDevice, LinkCount, MissingHours
from songhua.model.missing import Missing, MissingReason
from songhua.model.source import KnownSource, SourceKind, check_settings
from songhua.model.time import BEIJING, Period

__all__ = [
    "BEIJING",
    "BadInput",
    "KnownDevice",
    "KnownSource",
    "LinkCount",
    "Missing",
    "MissingHours",
    "MissingReason",
    "NoRuleInForce",
    "Period",
    "SonghuaError",
    "SourceKind",
    "UnknownName",
    "check_settings",
]
