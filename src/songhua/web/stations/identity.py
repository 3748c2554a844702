"""Who a station or region is: names, chain of regions, place, validity, moves."""

from dataclasses import dataclass
from datetime import date

import polars as pl
from django.utils.translation import gettext as _

from songhua.model import UnknownName
from songhua.store.registry.models import Region
from songhua.store.registry.sites import sites
from songhua.web.templatetags.say import DASH, both, day, is_english


@dataclass(frozen=True, slots=True)
class Identity:
    """What the page says of its subject.

    Parameters
    ----------
    scope
        ``site``, or the level of a region.
    region
        Code of the region that holds it.
    line
        The short identity under the name.
    rows
        Label and words of every further particular.
    """

    scope: str
    key: str
    zh: str
    en: str
    region: str
    line: str
    rows: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, str]:
        """The reader's name first, the other after it."""
        return (self.en, self.zh) if is_english() else (self.zh, self.en)


def site_identity(key: str) -> Identity:
    """Return a site as it was last registered; raise `UnknownName` when there is none."""
    periods = sites().filter(pl.col("site") == key).sort("valid_from")
    if periods.is_empty():
        raise UnknownName("站点", "site", key[:40])
    now = periods.row(-1, named=True)
    region = now["county"] or now["city"]
    chain = _chain(region)
    city = both((now["city_name"], now["city_en"]))
    return Identity(
        scope="site",
        key=key,
        zh=now["name_zh"],
        en=now["name_en"] or now["name_zh"],
        region=region,
        line=" · ".join([city, _(now["level"]), key, _place(now["lon"], now["lat"])]),
        rows=(
            (_("所在地区"), chain),
            (_("编码"), key),
            (_("控制级别"), _(now["level"])),
            (_("坐标"), _place(now["lon"], now["lat"])),
            (_("有效期"), _validity(periods.row(0, named=True)["valid_from"], now["valid_until"])),
            (_("沿革"), _moves(periods)),
        ),
    )


def region_identity(key: str) -> Identity:
    """Return a region of the register; raise `UnknownName` when there is none."""
    region = Region.objects.filter(code=key).first()
    if region is None:
        raise UnknownName("地区", "region", key[:40])
    level = str(region.get_level_display())
    return Identity(
        scope=region.level,
        key=key,
        zh=region.name_zh,
        en=region.name_en,
        region=key,
        line=" · ".join([_(level), key, _place(region.lon, region.lat)]),
        rows=(
            (_("所在地区"), _chain(key)),
            (_("代码"), key),
            (_("级别"), _(level)),
            (_("坐标"), _place(region.lon, region.lat)),
        ),
    )


def _chain(code: str) -> str:
    names = []
    region = Region.objects.filter(code=code).first()
    while region is not None:
        names.append(both((region.name_zh, region.name_en)))
        region = region.parent
    return " › ".join(reversed(names)) or DASH


def _place(lon: float | None, lat: float | None) -> str:
    return DASH if lon is None or lat is None else f"{lon:.3f}°E {lat:.3f}°N"


def _validity(first: date, last: date | None) -> str:
    since = _("%(day)s 起") % {"day": day(first)}
    return since if last is None else f"{since}，{_('%(day)s 止') % {'day': day(last)}}"


def _moves(periods: pl.DataFrame) -> str:
    """Say every change of name or place; a station that never moved says so."""
    if periods.height == 1:
        return _("登记以来没有迁移或更名")
    return "；".join(
        f"{day(row['valid_from'])} {both((row['name_zh'], row['name_en'] or row['name_zh']))} "
        f"{_place(row['lon'], row['lat'])}"
        for row in periods.iter_rows(named=True)
    )
