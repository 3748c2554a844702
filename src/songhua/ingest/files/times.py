"""Instants that files write, as the UTC start of their interval."""

import re
import unicodedata
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from songhua.ingest.files.mapping import FileMapping

UTC = pl.Datetime("us", "UTC")
_EARLIEST_YEAR = 1980
_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M%:z",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y%m%d%H%M%S",
)
_DAY_FORMATS = ("%Y-%m-%d", "%Y%m%d")
_PARTED = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?)?"
)
_PACKED = re.compile(r"(\d{4})(\d\d)(\d\d) ?(\d\d?)(?::?(\d\d))?")
_MIDNIGHT = r"[T ]+0?0:00(:00)?$"


def read_times(text: pl.Series, mapping: FileMapping) -> pl.Series:
    """Return the UTC start of the interval that each text names; null where it names none."""
    distinct = text.unique()
    if mapping.time_format:
        instants = pl.repeat(None, distinct.len(), dtype=UTC, eager=True)
    else:
        instants = _read_plain(distinct, mapping)
    if instants.has_nulls():
        zone = ZoneInfo(mapping.time_zone)
        both = zip(distinct, instants, strict=True)
        read = [at if at is not None else _read_odd(t, mapping.time_format, zone) for t, at in both]
        instants = pl.Series(read, dtype=UTC)
    return text.replace_strict(distinct, _starts(instants, mapping), return_dtype=UTC)


def with_hours(dates: pl.Series, hours: pl.Series) -> pl.Series:
    """Return the instants that a column of dates and one of hours name together."""
    days = dates.str.strip_chars().str.replace(_MIDNIGHT, "")
    return days + " " + hours.str.strip_chars().str.replace("时$", "")


def _starts(instants: pl.Series, mapping: FileMapping) -> pl.Series:
    """Return the starts of whole hours or days; null for what is neither."""
    when = pl.col("t")
    start: pl.Expr
    if mapping.period == "hour":
        start = pl.when(when.dt.truncate("1h") == when).then(when)
        start = start.dt.offset_by("-1h") if mapping.hour_label == "end" else start
    else:
        local = when.dt.convert_time_zone(mapping.time_zone)
        start = pl.when(local.dt.truncate("1d") == local).then(when)
    kept = pl.when(start.dt.year() >= _EARLIEST_YEAR).then(start)
    return pl.DataFrame({"t": instants}).select(kept.cast(UTC).alias("t"))["t"]


def _read_plain(text: pl.Series, mapping: FileMapping) -> pl.Series:
    """Return what is written in the usual ways, in bulk."""
    tidy = (
        pl.col("t")
        .str.strip_chars()
        .str.replace_all("/", "-", literal=True)
        .str.replace(r"\s+", "T")
        .str.replace("Z$", "+00:00")
        .str.replace(r"T(\d{1,2})$", "T${1}:00")
    )
    instants = []
    for form in _FORMATS:
        read = tidy.str.to_datetime(form, strict=False, time_unit="us")
        if form.endswith("z"):
            instants.append(read.dt.convert_time_zone("UTC"))
        else:
            instants.append(_in_zone(read, mapping.time_zone))
    for form in _DAY_FORMATS:
        day = tidy.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        instants.append(_in_zone(day, mapping.time_zone))
    frame = pl.DataFrame({"t": text}, schema={"t": pl.String})
    return frame.select(pl.coalesce(instants).cast(UTC).alias("t"))["t"]


def _in_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    return naive.dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ).dt.convert_time_zone("UTC")


def _read_odd(text: str, form: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant of a text in the form given, or as Chinese offices write it.

    >>> _read_odd("2020年4月2日24时", "", ZoneInfo("Asia/Shanghai")).isoformat()
    '2020-04-03T00:00:00+08:00'
    """
    try:
        if form:
            return _aware(datetime.strptime(text.strip(), form), zone)  # noqa: DTZ007 - see _aware
        return _read_parts(text, zone)
    except ValueError:
        return None


def _read_parts(text: str, zone: ZoneInfo) -> datetime | None:
    tidy = unicodedata.normalize("NFKC", text)
    for word, sign in (("年", "-"), ("月", "-"), ("日", " "), ("时", ":"), ("点", ":"), ("分", "")):
        tidy = tidy.replace(word, sign)
    tidy = " ".join(tidy.split()).rstrip(":")
    found = _PARTED.fullmatch(tidy) or _PACKED.fullmatch(tidy)
    if found is None:
        return None
    year, month, day, hour, minute, second, *_ = (*map(int, found.groups(default="0")), 0)
    late = hour == 24 and minute == second == 0  # 24:00 is the end of a day
    at = datetime(year, month, day, 0 if late else hour, minute, second, tzinfo=zone)
    return at + timedelta(days=late)


def _aware(at: datetime, zone: ZoneInfo) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=zone)
