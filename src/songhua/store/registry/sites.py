"""Sites and regions as frames, valid on a day."""

from datetime import date

import polars as pl
from django.db.models import Q

from songhua.store.registry.models import Region, SiteAlias, SitePeriod

_SITES = {
    "site": pl.String,
    "name_zh": pl.String,
    "name_en": pl.String,
    "city": pl.String,
    "city_name": pl.String,
    "city_short": pl.String,
    "city_en": pl.String,
    "county": pl.String,
    "county_name": pl.String,
    "own": pl.Boolean,
    "level": pl.String,
    "lon": pl.Float64,
    "lat": pl.Float64,
    "valid_from": pl.Date,
    "valid_until": pl.Date,
    "operator": pl.String,
}


def sites(*, on: date | None = None, medium: str = "air") -> pl.DataFrame:
    """Return the sites that stood on a day, or every period of every site.

    Returns
    -------
    DataFrame
        site, name_zh, name_en, city, city_name, city_short, city_en, county, county_name,
        own (of the province), level, lon, lat [degrees; null where unknown], valid_from,
        valid_until (last day; null while it stands), operator (empty where unknown).
    """
    periods = SitePeriod.objects.filter(site__medium=medium)
    if on is not None:
        still = Q(valid_until__isnull=True) | Q(valid_until__gte=on)
        periods = periods.filter(still, valid_from__lte=on)
    rows = periods.order_by("site_id", "valid_from").values_list(
        "site_id",
        "name_zh",
        "name_en",
        "city_id",
        "city__name_zh",
        "city__short_zh",
        "city__name_en",
        "county_id",
        "county__name_zh",
        "city__own",
        "site__level",
        "lon",
        "lat",
        "valid_from",
        "valid_until",
        "site__operator",
    )
    return pl.DataFrame(list(rows), schema=_SITES, orient="row")


def name_on(site: str, day: date) -> str:
    """Return what a site was called on a day, after its city; empty when none is registered."""
    begun = SitePeriod.objects.filter(site=site, valid_from__lte=day).select_related("city")
    found = begun.order_by("-valid_from").first()
    if found is None:
        return ""
    return f"{found.city.name_zh}{found.name_zh} {found.name_en}".strip()


def members(on: date) -> pl.DataFrame:
    """Return site, county, city of every air site that stood on a day."""
    return sites(on=on).select("site", "county", "city")


def overlapping() -> list[str]:
    """Return the sites that have two answers for some day."""
    order = ("site", "valid_from")
    former_end = pl.col("valid_until").fill_null(date.max).shift().over("site")
    found = sites().sort(order).filter(pl.col("valid_from") <= former_end)
    return found["site"].unique(maintain_order=True).to_list()


def spellings() -> pl.DataFrame:
    """Return every name by which files call a site: city_name, name, site."""
    own = sites()
    rows = [
        *own.select(pl.col("city_name"), pl.col("name_zh").alias("name"), "site").iter_rows(),
        *own.select(pl.col("city_short"), pl.col("name_zh").alias("name"), "site").iter_rows(),
        *SiteAlias.objects.values_list("city_name", "name", "site_id"),
    ]
    schema = {"city_name": pl.String, "name": pl.String, "site": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(["city_name", "name"])


def region_names() -> pl.DataFrame:
    """Return code, name_zh, short_zh, name_en, level, parent, own, lon, lat of every region."""
    rows = Region.objects.order_by("code").values_list(
        "code", "name_zh", "short_zh", "name_en", "level", "parent_id", "own", "lon", "lat"
    )
    schema = {
        "code": pl.String,
        "name_zh": pl.String,
        "short_zh": pl.String,
        "name_en": pl.String,
        "level": pl.String,
        "parent": pl.String,
        "own": pl.Boolean,
        "lon": pl.Float64,
        "lat": pl.Float64,
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row")
