"""Which hours are missing: what a series should have against what it has. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import polars as pl

from songhua.model import MissingHours, Period

_TIME = pl.Datetime("us", "UTC")


def missing_hours(
    received: pl.DataFrame, series: pl.DataFrame, since: Mapping[str, datetime], span: Period
) -> list[MissingHours]:
    """Return what is missing, by site and time.

    Parameters
    ----------
    received
        site, quantity, time of what came in the span.
    series
        site, quantity: what each site usually delivers; what it never did is not missed.
    since
        Site → when it began to deliver; hours before are not missed.
    span
        Whole hours.
    """
    wanted = _wanted(series, since, span)
    lacking = wanted.join(received, on=["site", "quantity", "time"], how="anti")
    whole = wanted.group_by("site", "time").agg(all=pl.len())
    by_hour = (
        lacking.group_by("site", "time")
        .agg(pl.col("quantity").sort(), lacks=pl.len())
        .join(whole, on=["site", "time"])
        .with_columns(
            what=pl.when(pl.col("lacks") < pl.col("all"))
            .then(pl.col("quantity").list.join(" "))
            .otherwise(pl.lit(""))
        )
        .sort("site", "time")
    )
    follows = (
        (pl.col("site") == pl.col("site").shift())
        & (pl.col("what") == pl.col("what").shift())
        & (pl.col("time") == pl.col("time").shift() + timedelta(hours=1))
    ).fill_null(value=False)
    runs = (
        by_hour.with_columns(run=(~follows).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("site", "what").first(),
            first=pl.col("time").first(),
            last=pl.col("time").last(),
        )
    )
    return [
        MissingHours(site, tuple(what.split()), first, last)
        for site, what, first, last in runs.select("site", "what", "first", "last").iter_rows()
    ]


def delivered_by_day(
    received: pl.DataFrame,
    series: pl.DataFrame,
    since: Mapping[str, datetime],
    span: Period,
    *,
    zone: str = "Asia/Shanghai",
) -> pl.DataFrame:
    """Return site, day, wanted, got: how many hourly values a day should have and has.

    Parameters
    ----------
    received, series, since, span
        As for `missing_hours`.
    zone
        Whose days.
    """
    wanted = _wanted(series, since, span)
    came = received.select("site", "quantity", "time").unique().with_columns(came=pl.lit(1))
    return (
        wanted.join(came, on=["site", "quantity", "time"], how="left")
        .with_columns(day=pl.col("time").dt.convert_time_zone(zone).dt.date())
        .group_by("site", "day")
        .agg(wanted=pl.len(), got=pl.col("came").count())
        .sort("site", "day")
    )


def _wanted(series: pl.DataFrame, since: Mapping[str, datetime], span: Period) -> pl.DataFrame:
    """Return site, quantity, time of what should have come."""
    hours = pl.datetime_range(
        span.start, span.end - timedelta(hours=1), "1h", time_zone="UTC", eager=True
    )
    begun = pl.DataFrame(
        {"site": list(since), "since": list(since.values())},
        schema={"site": pl.String, "since": _TIME},
    )
    return (
        begun.join(hours.cast(_TIME).alias("time").to_frame(), how="cross")
        .filter(pl.col("time") >= pl.col("since"))
        .join(series.select("site", "quantity").unique(), on="site")
    )
