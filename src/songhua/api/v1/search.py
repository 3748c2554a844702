"""The search box: stations, cities and counties by name, code or English name."""

from typing import Any

import polars as pl
from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from songhua.standards import Region, regions
from songhua.store.registry.sites import sites

router = Router(tags=["search"])

MOST = 20
_WORDS = Query("", max_length=40)
_LEVEL = {"province": ("省", "Province"), "city": ("城市", "City"), "county": ("区县", "County")}


@router.get("/search")
def search(request: HttpRequest, q: str = _WORDS) -> dict[str, Any]:
    """Return what the words fit, best first: whole names before beginnings before parts."""
    words = q.strip().casefold()
    if not words:
        return {"found": []}
    ranked = [
        (rank, order, one)
        for order, (names, one) in enumerate([*_regions(), *_sites()])
        if (rank := _rank(words, names)) is not None
    ]
    return {"found": [one for _, _, one in sorted(ranked, key=lambda row: row[:2])[:MOST]]}


def _rank(words: str, names: list[str]) -> int | None:
    ranks = [
        0 if name == words else 1 if name.startswith(words) else 2
        for name in (name.casefold() for name in names)
        if words in name
    ]
    return min(ranks, default=None)


def _regions() -> list[tuple[list[str], dict[str, Any]]]:
    return [
        (
            [one.code, one.name_zh, one.short_zh, one.name_en],
            {
                "kind": one.level,
                "key": one.code,
                "zh": one.name_zh,
                "en": one.name_en,
                "where_zh": _within(one)[0],
                "where_en": _within(one)[1],
                "url": f"/regions/{one.code}/",
            },
        )
        for one in regions().values()
        if one.level != "province"
    ]


def _within(one: Region) -> tuple[str, str]:
    kind_zh, kind_en = _LEVEL[one.level]
    parent = regions().get(one.parent)
    if parent is None or parent.level == "province":
        return kind_zh, kind_en
    return f"{kind_zh} · {parent.short_zh}", f"{kind_en} · {parent.name_en}"


def _sites() -> list[tuple[list[str], dict[str, Any]]]:
    register = sites().unique("site", keep="last").filter("own").sort("site")
    rows = register.select(
        "site", "name_zh", "name_en", "city_short", "city_en", pl.col("county_name").fill_null("")
    )
    return [
        (
            [key, zh, en, f"{city}{zh}"],
            {
                "kind": "site",
                "key": key,
                "zh": zh,
                "en": en or zh,
                "where_zh": " · ".join(filter(None, ("站点", city, county))),
                "where_en": f"Station · {city_en}",
                "url": f"/stations/{key}/",
            },
        )
        for key, zh, en, city, city_en, county in rows.iter_rows()
    ]
