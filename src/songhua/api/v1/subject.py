"""Whose air a request asks about: a site, or a region that has its own figures."""

from dataclasses import dataclass

import polars as pl

from songhua.model import BadInput, UnknownName
from songhua.store.registry.models import Region
from songhua.store.registry.sites import sites


@dataclass(frozen=True, slots=True)
class Subject:
    """A site or a region.

    Parameters
    ----------
    scope
        ``site``, ``county``, ``city`` or ``province``, as the shelf says it.
    key
        National code of a site, GB/T 2260 code of a region.
    region
        The region that a site lies in, or the region itself.
    """

    scope: str
    key: str
    zh: str
    en: str
    region: str


def subject(site: str, region: str) -> Subject:
    """Return the one that a request names.

    Raises
    ------
    BadInput
        If it names none or both.
    UnknownName
        If the register does not hold it.
    """
    if bool(site) == bool(region):
        raise BadInput("请给出一个站点 site 或一个地区 region。", "Name one site or one region.")
    return site_named(site) if site else region_named(region)


def site_named(key: str) -> Subject:
    """Return a site of the register, as it was last called."""
    rows = sites().filter(pl.col("site") == key)
    if rows.is_empty():
        raise UnknownName("站点", "site", key[:40])
    row = rows.row(-1, named=True)
    region = row["county"] or row["city"]
    return Subject("site", key, row["name_zh"], row["name_en"] or row["name_zh"], region)


def region_named(key: str) -> Subject:
    """Return a region of the register."""
    region = Region.objects.filter(code=key).first()
    if region is None:
        raise UnknownName("地区", "region", key[:40])
    return Subject(region.level, key, region.name_zh, region.name_en, key)
