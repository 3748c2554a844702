"""How much of what was expected came and counts, for pages, files and other systems."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from songhua.api.v1.sheet import sheet
from songhua.api.v1.subject import region_named, site_named
from songhua.assess.capture import (
    Explained,
    counted,
    expected,
    explained_hours,
    hours_of,
    league,
)
from songhua.model import BEIJING, BadInput, Period, UnknownName
from songhua.standards import PROVINCE
from songhua.standards.capture_losses import losses
from songhua.store import shelf
from songhua.store.registry.models import Gap
from songhua.store.registry.rights import covers
from songhua.store.registry.sites import sites
from songhua.store.tables import POLLUTANTS

router = Router(tags=["capture"])

BY: Mapping[str, tuple[str, ...]] = {
    "city": ("city",),
    "site": ("site",),
    "operator": ("operator",),
    "quantity": ("quantity",),
    "month": ("month",),
}
"""What rates are told by → the columns of a group."""
MOST_MONTHS = 120
_HOUR = timedelta(hours=1)
_ARCHIVED = timedelta(days=31)
_GRACE = timedelta(hours=1)
"""The mean of an hour is on its way for a while."""


@dataclass(frozen=True, slots=True)
class Months:
    """The months that a question names, from the first to the last."""

    first: str
    last: str

    @property
    def span(self) -> Period:
        """Whole months of Beijing, from the first hour the platform holds to the present one.

        Where nothing at all came for a month, what is held is an archive: it is expected to its
        last hour.
        """
        start = _begin(self.first)
        end = (_begin(self.last) + timedelta(days=32)).replace(day=1)
        now = (datetime.now(BEIJING) - _GRACE).replace(minute=0, second=0, microsecond=0)
        held = shelf().observed("hour")
        if held is not None:
            start = max(start, held.start.astimezone(BEIJING))
            last = held.end.astimezone(BEIJING).replace(minute=0, second=0, microsecond=0) + _HOUR
            now = last if now - last > _ARCHIVED else now
        end = max(start + _HOUR, min(end, now))
        return Period(start.astimezone(UTC), end.astimezone(UTC))

    def before(self) -> "Months | None":
        """Return the month before the first; None where the platform held nothing yet."""
        held = shelf().observed("hour")
        if held is None or held.start >= _begin(self.first):
            return None
        name = f"{_begin(self.first) - timedelta(days=1):%Y-%m}"
        return Months(name, name)


def months(first: str, last: str = "") -> Months:
    """Return the months named, or the last that has hours where none is named.

    Raises
    ------
    BadInput
        If one cannot be read, or there are too many.
    """
    if not first:
        held = shelf().observed("hour")
        at = datetime.now(UTC) if held is None else held.end
        first = f"{at.astimezone(BEIJING) - _HOUR:%Y-%m}"
    last = last or first
    for one in (first, last):
        _begin(one)
    if not first <= last:
        raise BadInput("终止月份不能早于起始月份。", "The span must not end before it starts.")
    count = (int(last[:4]) - int(first[:4])) * 12 + int(last[5:]) - int(first[5:]) + 1
    if count > MOST_MONTHS:
        raise BadInput(f"一次最多 {MOST_MONTHS} 个月。", f"At most {MOST_MONTHS} months at once.")
    if _begin(first) > datetime.now(BEIJING):
        raise BadInput("这个月还没有到。", "This month lies in the future.")
    return Months(first, last)


def rated(which: Months, *, by: str, region: str = PROVINCE, site: str = "") -> pl.DataFrame:
    """Return the league of the province's own sites of a region, as `league` has it.

    Parameters
    ----------
    by
        One of `BY`; with ``site`` and ``city`` come name_zh and name_en.
    site
        Of this one site only.
    """
    if by not in BY:
        raise UnknownName("分组", "grouping", by[:20])
    table = _table(which, region)
    if site:
        table = table.filter(pl.col("site") == site)
    names = _register(region)
    told = table.join(names, on="site", how="left")
    found = league(told, BY[by])
    if by == "site":
        named = names.select("site", "name_zh", "name_en", "city_short", "city_en")
        return found.join(named, on="site", how="left", maintain_order="left")
    if by == "city":
        cities = names.select(
            "city", pl.col("city_short").alias("name_zh"), pl.col("city_en").alias("name_en")
        )
        return found.join(cities.unique("city"), on="city", how="left", maintain_order="left")
    return found.sort("month") if by == "month" else found


def course(site: str, which: Months) -> dict[str, dict[datetime, str]]:
    """Return what became of every hour of a site: by quantity, ``valid`` or a reason of loss."""
    span = which.span
    rows = shelf().observations(period="hour", span=span, sites=[site])
    gaps = _gaps([site], span)
    hours = []
    at = span.start
    periods = sites().filter(pl.col("site") == site).select("valid_from", "valid_until").rows()
    while at < span.end:
        day = at.astimezone(BEIJING).date()
        if any(first <= day and (last is None or day <= last) for first, last in periods):
            hours.append(at)
        at += _HOUR
    return {
        quantity: hours_of(
            rows.filter(pl.col("quantity") == quantity),
            hours,
            [gap for gap in gaps if not gap.quantities or quantity in gap.quantities],
        )
        for quantity in POLLUTANTS
    }


@router.get("/capture")
def capture(
    request: HttpRequest,
    month: str = "",
    to: str = "",
    by: str = "city",
    region: str = PROVINCE,
    site: str = "",
    format: str = "json",
) -> Any:
    """Return transmission, validity and capture rates, with the hours lost by reason.

    `month` and `to` as ``2020-04``; the last month with data where none is given. `by` is city,
    site, operator, quantity or month; `format` json, csv or xlsx.
    """
    del request
    which = months(month, to)
    if site:
        site = site_named(site).key
    found = rated(which, by=by, region=region_named(region).key, site=site)
    if format != "json":
        return written(found, which, by, format)
    return {"from": which.first, "to": which.last, "by": by, "rows": found.to_dicts()}


def written(found: pl.DataFrame, which: Months, by: str, kind: str) -> HttpResponseBase:
    """Return a league as a file."""
    head = [
        f"数据捕获率 data capture，{which.first} – {which.last}，by {by}",
        "传输率 transmission = 收到/应有，有效率 validity = 有效/收到 [%]",
        "捕获率 capture = 有效/应有 [%]",
        "各原因 reasons：" + "；".join(f"{key} {one.zh} {one.en}" for key, one in losses().items()),
    ]
    name = f"capture_{by}_{which.first}_{which.last}"
    return sheet(kind, name, head, found.columns, found.iter_rows())


def _table(which: Months, region: str) -> pl.DataFrame:
    """Return the hours of every series by month and state; kept while nothing changes."""
    known = Gap.objects.filter(state="explained").count()
    return _counted(which, region, which.span, shelf().last_revision(), known, shelf().url)


@lru_cache(maxsize=64)
def _counted(
    which: Months, region: str, span: Period, revision: int, gaps: int, url: str
) -> pl.DataFrame:
    del which, revision, gaps, url  # they say whether what was counted still holds
    register = _register(region)
    keys = register["site"].to_list()
    periods = sites().filter(pl.col("site").is_in(keys))
    wanted = expected(periods, POLLUTANTS, span)
    came = shelf().hour_states(span=span, sites=keys)
    said = _gaps(keys, span)
    places = sorted({gap.site for gap in said})
    received = shelf().received(period="hour", span=span, sites=places)
    return counted(wanted, came, explained_hours(said, POLLUTANTS, received, span))


def _register(region: str) -> pl.DataFrame:
    """Return the province's own air sites of a region, as they were last called."""
    own = sites().filter("own").unique("site", keep="last", maintain_order=True)
    inside = [
        covers(region, county or city) for county, city in own.select("county", "city").rows()
    ]
    return own.filter(pl.Series(inside, dtype=pl.Boolean))


def _gaps(keys: list[str], span: Period) -> list[Explained]:
    rows = Gap.objects.filter(
        state="explained", site__in=keys, last__gte=span.start, first__lt=span.end
    ).order_by("pk")
    return [
        Explained(
            gap.site_id,
            tuple(gap.quantities.split()),
            gap.first.astimezone(UTC),
            gap.last.astimezone(UTC),
            gap.reason,
        )
        for gap in rows
    ]


def _begin(month: str) -> datetime:
    try:
        at = datetime.strptime(month, "%Y-%m").replace(tzinfo=BEIJING)
    except ValueError:
        at = datetime.min.replace(tzinfo=BEIJING)
    if at.year < 2000 or len(month) != len("2020-04"):
        raise BadInput(
            f"月份应写成 2020-04：“{month[:20]}”。", f"Write a month as 2020-04: “{month[:20]}”."
        )
    return at
