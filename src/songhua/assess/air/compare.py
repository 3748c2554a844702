"""The same days judged by HJ 633—2012 and by HJ 633—2026: what would have been, side by side."""

import polars as pl

from songhua.assess.air.columns import daily_columns
from songhua.assess.air.doors import any_frame
from songhua.assess.air.statistics_columns import subject_column

EDITIONS = ("2012", "2026")
_GOOD = 2  # 优 and 良: an index of 100 or less


@any_frame
def both_editions(days: pl.DataFrame) -> pl.DataFrame:
    """Return each day's index under both editions.

    Parameters
    ----------
    days
        The subject column, ``time`` (Beijing midnight) and the daily figures ``so2 no2 co o3_8h
        pm10 pm2_5``. [µg/m³; mg/m³ for CO]

    Returns
    -------
    DataFrame
        The subject column, ``time``, ``aqi_2012 level_2012 primary_2012``, the same of 2026,
        and ``moved``: good under 2012 and polluted under 2026.
    """
    key = subject_column(days)
    judged = [
        daily_columns(days, edition=edition).select(
            pl.col("aqi", "level", "primary").name.suffix(f"_{edition}")
        )
        for edition in EDITIONS
    ]
    moved = (pl.col("level_2012") <= _GOOD) & (pl.col("level_2026") > _GOOD)
    return pl.concat([days.select(key, "time"), *judged], how="horizontal").with_columns(
        moved=moved.fill_null(value=False)
    )


@any_frame
def compare_editions(days: pl.DataFrame) -> pl.DataFrame:
    """Return how many days of each subject are good under both editions, on the same data.

    Parameters
    ----------
    days
        As for `both_editions`, of any span.

    Returns
    -------
    DataFrame
        The subject column, ``valid_2012 good_2012 valid_2026 good_2026`` days, ``moved`` (good
        under 2012, polluted under 2026) and ``withheld`` (an index under 2012 and, with a
        pollutant missing, none under 2026); by subject.

    Notes
    -----
    Both editions hold an index of 100 to be good; what differs are the limits of PM10 (150, now
    120) and PM2.5 (75, now 60) behind it, and that 2026 publishes no good index while a
    pollutant is missing.
    """
    key = subject_column(days)
    known = {edition: pl.col(f"aqi_{edition}").is_not_null() for edition in EDITIONS}
    return (
        both_editions(days)
        .group_by(key)
        .agg(
            *(known[edition].sum().alias(f"valid_{edition}") for edition in EDITIONS),
            *((pl.col(f"level_{e}") <= _GOOD).sum().alias(f"good_{e}") for e in EDITIONS),
            pl.col("moved").sum(),
            (known["2012"] & ~known["2026"]).sum().alias("withheld"),
        )
        .sort(key)
    )
