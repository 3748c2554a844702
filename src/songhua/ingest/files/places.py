"""Which site a file means."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TypeVar

import polars as pl

from songhua.ingest.files.names import plain
from songhua.standards import regions

_Name = TypeVar("_Name")


@dataclass(frozen=True, slots=True)
class SiteTable:
    """Which sites a file may name.

    Parameters
    ----------
    keys
        Site keys, and region codes for values that are a city's own.
    spellings
        city_name, name, site: how files call them.
    """

    keys: frozenset[str]
    spellings: pl.DataFrame


class Places:
    """Finds the site that a text or a pair of texts means, however it is spelt."""

    def __init__(self, table: SiteTable, *, period: str) -> None:
        # A city has days of its own, but its hours are always means of its stations.
        usable = {key for key in table.keys if period == "day" or not _is_region(key)}
        self._keys = {plain(key): key for key in usable} | {key: key for key in usable}
        pairs: dict[tuple[str, str], set[str]] = defaultdict(set)
        names: dict[str, set[str]] = defaultdict(set)
        for city, name, site in table.spellings.select("city_name", "name", "site").iter_rows():
            pairs[_city(city), plain(name)].add(site)
            names[plain(name)].add(site)
        self._pairs = _single(pairs)
        self._names = _single(names)
        if period == "day":
            self._names |= {
                plain(name): region.code
                for region in regions().values()
                if region.level == "city" and region.code in usable
                for name in (region.name_zh, region.short_zh)
            }

    def by_key(self, text: str) -> str | None:
        """Return the site of a key, or of a name that only one site has."""
        tidy = plain(text)
        return self._keys.get(text) or self._keys.get(tidy) or self._names.get(tidy)

    def by_name(self, city: str, name: str) -> str | None:
        """Return the site of a name in a city."""
        return self._pairs.get((_city(city), plain(name)))


def _is_region(key: str) -> bool:
    return len(key) == 6 and key.isdigit()


def _city(name: str) -> str:
    """Return a city's name as any file spells it: 延边朝鲜族自治州, 延边州 and 延边 are one."""
    tidy = plain(name)
    for ending in ("朝鲜族自治州", "自治州", "地区", "市", "州", "盟"):
        if tidy.endswith(ending) and len(tidy) > len(ending) + 1:
            return tidy.removesuffix(ending)
    return tidy


def _single(found: dict[_Name, set[str]]) -> dict[_Name, str]:
    return {name: next(iter(sites)) for name, sites in found.items() if len(sites) == 1}
